"""Read the file that maps people to faces."""

import json
import tomllib
from pathlib import Path
from typing import Any

from roop.errors import MediaError, UsageError
from roop.media.files.disk import reason
from roop.media.pictures.identity_file import resolve_identity
from roop.options import Assignment, FaceOptions, Options
from roop.validation import validate


class _Mapping(Options):
    """The whole file."""

    person: tuple[Assignment, ...] = ()


def assignments_of(options: FaceOptions) -> tuple[Assignment, ...]:
    """Return which person gets which face, from the options and the file that they name.

    Raises:
        MediaError: The file cannot be read.
        UsageError: It is neither TOML nor JSON, or contradicts itself.
    """
    if options.map_file is None:
        return options.map
    return (*options.map, *read_mapping(options.map_file))


def read_mapping(path: Path) -> tuple[Assignment, ...]:
    """Read a mapping file; the paths in it are relative to its folder.

    Raises:
        MediaError: The file cannot be read.
        UsageError: It is neither TOML nor JSON, or contradicts itself.
    """
    try:
        values = _parsed(path.read_text(encoding="utf-8"), path)
    except OSError as error:
        raise MediaError(
            f"{path} cannot be read: {reason(error)}", hint="check the path"
        ) from error
    except ValueError as error:
        raise UsageError(
            f"{path} is neither TOML nor JSON: {error}",
            hint=f"`roop faces FILE --template {path.name}` writes one to start with",
        ) from error
    people = validate(_Mapping, values, spelling=lambda name: f"{path.name}: {name}").person
    if not people:
        raise UsageError(
            f"{path} names nobody",
            hint="give at least one person a source; lines that begin with # are comments",
        )
    return tuple(_placed(person, path.parent) for person in people)


def _parsed(text: str, path: Path) -> dict[str, Any]:
    values = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    if not isinstance(values, dict):
        raise ValueError("it is not a table")
    return values


def _placed(person: Assignment, folder: Path) -> Assignment:
    reference = person.reference and resolve_identity(person.reference, folder)
    sources = tuple(resolve_identity(source, folder) for source in person.source)
    return person.model_copy(update={"source": sources, "reference": reference})
