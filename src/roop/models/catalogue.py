"""The catalogue of models: the rows of ``catalogue.toml`` and those that the user added."""

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
"""What the licence allows; "unclear" counts as non-commercial."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model file: its source, digest, licence, inputs and outputs.

    The file is downloaded (``url``), part of an installed Python package (``package``), or
    registered by the user (``path``).
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: str
    task: str
    """What it is for: detect, landmarks, recognise, swap, enhance, upscale, occlusion, ..."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    licence: Licence
    terms: str = ""
    """Name of the licence and its owner, for display."""
    size: Annotated[int, Field(gt=0)] | None = None
    """In bytes; None if unknown."""
    max_size: Annotated[int, Field(gt=0)] = 1 << 32
    """Most bytes to download if ``size`` is unknown."""
    url: str | None = None
    mirrors: tuple[str, ...] = ()
    """Other URLs of the same file, tried in order."""
    package: str | None = None
    """The requirement that contains the file, such as ``nudenet==3.4.2``; "roop" for ours."""
    file: str | None = None
    """Its path inside ``package``."""
    path: Path | None = None
    """Its location on this machine; only in the user's rows."""
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    family: str = ""
    """Models of one family are run by the same code."""
    alignment: str | None = None
    """The alignment template of its face crops, in ``roop.geometry``."""
    embedding: str | None = None
    """The name of the recogniser whose embedding of the source face it needs."""
    latent: Literal["raw", "normed", "emap"] | None = None
    """How that embedding is passed: as it is, normalised, or normalised and multiplied by the
    matrix that is the last initializer of the model's own file (``last_initializer``)."""
    scale: Annotated[int, Field(ge=1)] = 1
    """How many times larger its output image is than its input."""

    def __post_init__(self) -> None:
        sources = [source for source in (self.url, self.package, self.path) if source is not None]
        if len(sources) != 1 or bool(self.package) != bool(self.file):
            raise ValueError("a model needs either a url, a package with a file, or a path")
        if (self.embedding is None) != (self.latent is None):
            raise ValueError("embedding and latent must be given together")
        for tensors in (self.inputs, self.outputs):
            if len({tensor.role for tensor in tensors}) < len(tensors):
                raise ValueError("the roles of the inputs, and of the outputs, must be unique")

    def input(self, role: str) -> TensorSpec:
        """Return the input with this role."""
        return next(tensor for tensor in self.inputs if tensor.role == role)

    def output(self, role: str) -> TensorSpec:
        """Return the output with this role."""
        return next(tensor for tensor in self.outputs if tensor.role == role)

    @property
    def most_bytes(self) -> int:
        """The largest number of bytes that its file may have."""
        return self.max_size if self.size is None else self.size

    @property
    def urls(self) -> tuple[str, ...]:
        """All URLs of the file, best first; empty for a file that is not downloaded."""
        return (self.url, *self.mirrors) if self.url else ()

    def matches(self, path: Path) -> bool:
        """Return whether the file ``path`` has this model's digest; reads the whole file."""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256

    @property
    def commercial(self) -> bool:
        """Whether the licence allows commercial use."""
        return self.licence == "permissive"

    @property
    def filename(self) -> str:
        """The name of the downloaded file: the model's name with the suffix of its source."""
        return self.name + PurePosixPath(urlparse(self.url or self.file or "").path).suffix


class Catalogue:
    """The known models by name."""

    def __init__(self, models: dict[str, Model]) -> None:
        self._models = models

    def __iter__(self) -> Iterator[Model]:
        return iter(self._models.values())

    def of_task(self, task: str) -> tuple[Model, ...]:
        """Return the models for ``task``, in catalogue order."""
        return tuple(model for model in self if model.task == task)

    def choose(self, task: str, name: str) -> Model:
        """Return the model called ``name``, or the first of the family ``name``.

        Raises:
            ModelError: No model or family for ``task`` has that name.
        """
        candidates = self.of_task(task)
        for model in sorted(candidates, key=lambda model: model.name != name):
            if name in (model.name, model.family):
                return model
        known = ", ".join(dict.fromkeys([model.family for model in candidates]))
        names = ", ".join(model.name for model in candidates)
        raise ModelError(
            f"there is no {task} model {name!r}", hint=f"choose one of: {known}; or {names}"
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
        custom: A JSON file of the user's rows (``roop.models.files.custom``); it may be missing.

    Raises:
        ModelError: A file is missing or malformed, or a row is incomplete or has unknown fields.
    """
    models = dict(_built_in_models()) if path is None else _read(path, tomllib.loads)
    if custom is not None and custom.exists():
        added = _read(custom, json.loads)
        for name in added.keys() & models.keys():
            if added[name].sha256 != models[name].sha256:  # the screen's network cannot be replaced
                raise ModelError(
                    f"{custom}: {name} is not the file of that name in the catalogue",
                    hint="rename this row or delete it",
                )
        models |= added
    return Catalogue(models)


@cache
def _built_in_models() -> Mapping[str, Model]:
    """Read the package's own catalogue, once: several parts of a job need it."""
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
            f"cannot read the catalogue {path}: {error}", hint="restore or delete the file"
        ) from error
    try:
        return TypeAdapter(dict[str, Model]).validate_python(models_by_name)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(
            f"{path.name}: {where}: {first['msg']}", hint="correct this row"
        ) from error
