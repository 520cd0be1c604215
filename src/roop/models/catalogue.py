"""What is known about every model before it is here: the rows of ``catalogue.toml``."""

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlparse

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from roop.errors import ModelError
from roop.models.contract import TensorSpec
from roop.validation import suggest

Licence = Literal["permissive", "non-commercial", "unclear"]
"""What the makers allow; "unclear" is treated as non-commercial."""


@dataclass(frozen=True, slots=True)
class Model:
    """One file: where it comes from, how it is recognised, what it allows, what it takes and gives.

    It is downloaded (``url``), lies inside an installed Python package (``package``), or is a file
    that the person has registered (``path``).
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    task: str
    """What it does: detect, landmarks, recognise, swap, enhance, upscale, occlusion, region, ..."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    licence: Licence
    terms: str = ""
    """The licence by name and its owner, for people."""
    size: Annotated[int, Field(gt=0)] | None = None
    """Bytes; None where the source does not say."""
    url: str | None = None
    mirrors: tuple[str, ...] = ()
    """Other addresses of the same bytes, tried in order."""
    package: str | None = None
    """The requirement that carries the file, such as ``nudenet==3.4.2``; "roop" for our own."""
    file: str | None = None
    """Its path inside ``package``."""
    path: Path | None = None
    """Where it lies on this machine; only in the person's own catalogue."""
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    family: str = ""
    """Which code runs it, where several models share one contract."""
    alignment: str | None = None
    """The template its face crops are aligned to, in ``roop.geometry``."""
    embedding: str | None = None
    """The row of the recogniser whose embedding of the source face it takes."""
    latent: Literal["raw", "normed", "emap"] | None = None
    """What it takes of that embedding: all of it, its direction, or its direction through the
    matrix that is the last initializer of its own file (see ``last_initializer``)."""
    scale: Annotated[int, Field(ge=1)] = 1
    """How many times larger its picture comes out than it went in."""

    def __post_init__(self) -> None:
        sources = [source for source in (self.url, self.package, self.path) if source is not None]
        if len(sources) != 1 or bool(self.package) != bool(self.file):
            raise ValueError("a model has either a url, a package with a file, or a path")
        if (self.embedding is None) != (self.latent is None):
            raise ValueError("embedding and latent are said together or not at all")
        for tensors in (self.inputs, self.outputs):
            if len({tensor.role for tensor in tensors}) < len(tensors):
                raise ValueError("two inputs or two outputs have the same role")

    def input(self, role: str) -> TensorSpec:
        """Return the input that holds ``role``."""
        return next(tensor for tensor in self.inputs if tensor.role == role)

    def output(self, role: str) -> TensorSpec:
        """Return the output that holds ``role``."""
        return next(tensor for tensor in self.outputs if tensor.role == role)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it can be downloaded, best first; empty for a file that is not downloaded."""
        return (self.url, *self.mirrors) if self.url else ()

    def matches(self, path: Path) -> bool:
        """Tell whether ``path`` holds exactly this model's bytes; reads the whole file."""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256

    @property
    def commercial(self) -> bool:
        """Whether it may be used commercially."""
        return self.licence == "permissive"

    @property
    def filename(self) -> str:
        """Its name in the folder of models: the row's name with the file's own suffix."""
        return self.name + PurePosixPath(urlparse(self.url or self.file or "").path).suffix


class Catalogue:
    """The known models, by name."""

    def __init__(self, models: dict[str, Model]) -> None:
        self._models = models

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def of_task(self, task: str) -> tuple[Model, ...]:
        """Return the models that do ``task``, in the order of the catalogue."""
        return tuple(model for model in self if model.task == task)

    def choose(self, task: str, name: str) -> Model:
        """Return the model called ``name``, or the first of the family of that name.

        Raises:
            ModelError: There is neither among those that do ``task``.
        """
        candidates = self.of_task(task)
        for model in sorted(candidates, key=lambda model: model.name != name):
            if name in (model.name, model.family):
                return model
        known = ", ".join(dict.fromkeys([model.family for model in candidates]))
        names = ", ".join(model.name for model in candidates)
        raise ModelError(
            f"no model for the task {task} is called {name!r}", hint=f"{known}; or {names}"
        )

    def __getitem__(self, name: str) -> Model:
        try:
            return self._models[name]
        except KeyError:
            known = f"choose one of: {', '.join(sorted(self._models))}"
            raise ModelError(
                f"unknown model {name!r}", hint=suggest(name, self._models) or known
            ) from None


def load_catalogue(path: Path | None = None, *, custom: Path | None = None) -> Catalogue:
    """Read and check a catalogue file.

    Args:
        path: A TOML file of one table per model; None for the package's own.
        custom: The person's own rows as JSON (``roop.models.files.custom``); may be missing.

    Raises:
        ModelError: A file is missing or malformed, or a row is incomplete or has unknown fields.
    """
    models = dict(_built_in_models()) if path is None else _read(path, tomllib.loads)
    if custom is not None and custom.exists():
        added = _read(custom, json.loads)
        for name in added.keys() & models.keys():
            if added[name].sha256 != models[name].sha256:  # the screen's network cannot be replaced
                raise ModelError(
                    f"{custom}: {name} is another file than the catalogue's",
                    hint="give it another name, or delete this row",
                )
        models |= added
    return Catalogue(models)


@cache
def _built_in_models() -> Mapping[str, Model]:
    """Read the package's own rows, once: several parts of a job ask for them."""
    return MappingProxyType(_read(Path(__file__).with_name("catalogue.toml"), tomllib.loads))


def _read(path: Path, parse: Callable[[str], Any]) -> dict[str, Model]:
    try:
        rows = parse(path.read_text(encoding="utf-8"))
        models_by_name = {
            name: {**row, "name": name} if isinstance(row, dict) else row
            for name, row in rows.items()
        }
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"the catalogue {path} cannot be read: {error}", hint="restore the file"
        ) from error
    try:
        return TypeAdapter(dict[str, Model]).validate_python(models_by_name)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            f"{path.name}: {where}: {first['msg']}", hint="correct this row of the catalogue"
        ) from error
