"""Custom models: the user's own files, registered in the folder of models."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from roop.errors import ModelError
from roop.models.catalogue import Licence, Model
from roop.models.files.folder import CUSTOM_ROWS, ModelFolder
from roop.replacement import replacing


def register(
    folder: ModelFolder,
    path: Path,
    *,
    like: str | None = None,
    name: str | None = None,
    licence: Licence | None = None,
) -> Model:
    """Register a file as a model, without copying it.

    Args:
        folder: The folder to register it in.
        path: An ONNX file.
        like: A model with the same inputs and outputs; not needed for a file of the catalogue.
        name: The model's name; the file's name by default.
        licence: What the licence allows; "unclear" by default.

    Returns:
        The new model.

    Raises:
        ModelError: The file cannot be read, is unknown and has no ``like``, or the name is taken.
    """
    digest, size = _digest_and_size(path)
    known = next((model for model in folder.catalogue if model.sha256 == digest), None)
    if known is None and like is None:
        raise ModelError(
            f"{path} is not a model of the catalogue",
            hint="name one with the same inputs: `roop models add FILE --like inswapper_128`",
        )
    row = known or folder.catalogue[like or ""]
    model = replace(
        row,
        name=name or (known.name if known else path.stem),
        sha256=digest,
        size=size,
        licence=licence or (known.licence if known else "unclear"),
        terms=known.terms if known else "",
        url=None,
        mirrors=(),
        package=None,
        file=None,
        path=path.absolute(),
    )
    if known is None and _in_catalogue(folder, model.name):
        raise ModelError(f"the name {model.name} is taken", hint="choose another with [[name]]")
    _rewrite_rows(folder, lambda rows: rows | {model.name: model})
    return model


def forget(folder: ModelFolder, name: str) -> None:
    """Remove a custom model from the list; its file stays."""
    _rewrite_rows(folder, lambda rows: {key: row for key, row in rows.items() if key != name})


def _in_catalogue(folder: ModelFolder, name: str) -> bool:
    return any(model.name == name and model.path is None for model in folder.catalogue)


def _digest_and_size(path: Path) -> tuple[str, int]:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        raise ModelError(
            f"cannot read {path}: {error.strerror or error}",
            hint="check the path and its permissions",
        ) from error


def _rewrite_rows(
    folder: ModelFolder, change: Callable[[dict[str, Model]], dict[str, Model]]
) -> None:
    """Replace the list of custom models by a changed one."""
    rows = change({model.name: model for model in folder.catalogue if model.path is not None})
    content = TypeAdapter(dict[str, Model]).dump_json(rows, indent=2, exclude_defaults=True)
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
        with replacing(folder.path / CUSTOM_ROWS) as part:
            part.write_bytes(content + b"\n")
    except OSError as error:
        raise ModelError(
            f"cannot write {folder.path / CUSTOM_ROWS}: {error.strerror or error}",
            hint="choose another folder with [[models]]",
        ) from error
