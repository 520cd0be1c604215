"""The rows of a batch: every source with every target, or a list from a file."""

import csv
import glob
import io
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from roop.errors import UsageError
from roop.media.files.extensions import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from roop.media.pictures.identity_file import resolve_identity
from roop.validation import parse_bool

_SEPARATOR = ";"
"""Between several values in one cell of a CSV file."""


@dataclass(frozen=True, slots=True)
class Row:
    """One job as a person wrote it down."""

    sources: tuple[Path, ...]
    target: Path
    output: Path | None = None
    """None: named by the pattern."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """By their names in Python."""
    location: str = ""
    """The file and the line or the table it was read from, for error messages."""


def combined(sources: Iterable[Path], targets: Iterable[Path]) -> list[Row]:
    """Return every source with every target."""
    every_target = list(targets)
    return [Row((source,), target) for source in sources for target in every_target]


def images(patterns: Iterable[str]) -> list[Path]:
    """Return the images that files, folders and patterns such as ``*.jpg`` name, each once.

    Raises:
        UsageError: A pattern or a folder has none.
    """
    return _found(patterns, IMAGE_SUFFIXES, "images")


def media(patterns: Iterable[str]) -> list[Path]:
    """Return the images and videos that files, folders and patterns name, each once.

    Raises:
        UsageError: A pattern or a folder has none.
    """
    return _found(patterns, IMAGE_SUFFIXES | VIDEO_SUFFIXES, "images and no videos")


def media_in(folder: Path) -> list[Path]:
    """Return the images and videos in ``folder`` itself, not hidden, sorted."""
    return _listed(folder, IMAGE_SUFFIXES | VIDEO_SUFFIXES)


def read_list(path: Path) -> list[Row]:
    """Read a list of jobs: CSV with a heading, JSONL, or TOML with ``[[job]]`` tables.

    Each row has ``source`` (a list for several photos of one person; in CSV separated by ``;``),
    ``target``, perhaps ``output``, and any options. Relative paths start from the list's folder.

    Raises:
        UsageError: The list cannot be read, or a row lacks something.
    """
    readers = {".csv": _csv, ".jsonl": _jsonl, ".toml": _toml}
    if path.suffix.lower() not in readers:
        raise UsageError(f"{path} is not a list of jobs", hint="use .csv, .jsonl or .toml")
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = list(readers[path.suffix.lower()](text))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except (csv.Error, ValueError) as error:
        raise UsageError(f"{path} is not what its extension says: {error}") from error
    if not rows:
        raise UsageError(f"there are no jobs in {path}")
    return [_row(location, values, path) for location, values in rows]


def _found(patterns: Iterable[str], suffixes: frozenset[str], what: str) -> list[Path]:
    found: dict[Path, None] = {}  # a set that keeps its order
    for pattern in patterns:
        path = Path(pattern).expanduser()
        if path.is_dir():
            paths = _listed(path, suffixes)
        elif path.exists() or not glob.has_magic(pattern):
            paths = [path]  # a missing file is the failure of its own jobs
        else:
            paths = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207 - "**"
        if not paths:
            raise UsageError(f"there are no {what} in {pattern}", hint="check the name")
        found |= dict.fromkeys(paths)
    return list(found)


def _listed(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file()
    )


Rows = Iterator[tuple[str, Mapping[str, Any]]]
"""The location of each row, and its values."""


def _csv(text: str) -> Rows:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    for values in reader:
        if None in values:
            raise ValueError(f"line {reader.line_num} has more cells than the heading")
        cells = {name: _cell(cell) for name, cell in values.items() if cell}
        yield f"line {reader.line_num}", cells


def _cell(text: str) -> Any:  # noqa: ANN401 - what an option takes
    parts = [part.strip() for part in text.split(_SEPARATOR)]
    return parts if len(parts) > 1 else parse_bool(text.strip())


def _jsonl(text: str) -> Rows:
    for number, row in enumerate(text.splitlines(), 1):
        if row.strip():
            values = json.loads(row)
            if not isinstance(values, dict):
                raise ValueError(f"line {number} is not an object")
            yield f"line {number}", values


def _toml(text: str) -> Rows:
    table = tomllib.loads(text)
    jobs = table.pop("job", [])
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        raise ValueError("jobs are written as [[job]]")
    for number, job in enumerate(jobs, 1):
        yield f"job {number}", table | job  # values before the jobs apply to all


def _row(location: str, values: Mapping[str, Any], path: Path) -> Row:
    where = f"{path}, {location}"
    rest = {name.strip().lstrip("-").replace("-", "_"): value for name, value in values.items()}
    source, target = rest.pop("source", None), rest.pop("target", None)
    output = rest.pop("output", None)
    if not source or not isinstance(target, str):
        raise UsageError(f"{where} has no {'target' if source else 'source'}")
    names: Sequence[object] = source if isinstance(source, list) else [source]
    if not all(isinstance(name, str) for name in (*names, output or "")):
        raise UsageError(f"{where}: source and output need file names")
    return Row(
        tuple(resolve_identity(Path(str(name)).expanduser(), path.parent) for name in names),
        _absolute(target, path),
        _absolute(str(output), path) if output else None,
        rest,
        where,
    )


def _absolute(name: str, path: Path) -> Path:
    return path.parent / Path(name).expanduser()
