"""Name the outputs of a batch by a pattern."""

import string
from collections.abc import Sequence
from pathlib import Path

from roop.errors import MediaError, UsageError
from roop.jobs.rows import Row
from roop.media.open import natural_suffix
from roop.options import VideoOptions

FIELDS = ("source", "target", "ext", "folder", "number")
"""The first source and the target without their extensions, the output's extension, the target's
folder, and the place in the batch, from 1."""


def check_pattern(pattern: str) -> None:
    """Raise if ``pattern`` cannot name files.

    Raises:
        UsageError: A field is unknown, or it is malformed.
    """
    hint = "use " + " ".join(f"{{{name}}}" for name in FIELDS)
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None]
        unknown = [name for name in fields if name not in FIELDS]
        if unknown:
            raise UsageError(f"the pattern has no field {{{unknown[0]}}}", hint=hint)
        pattern.format(source="s", target="t", ext=".x", folder="f", number=1)
    except (ValueError, LookupError, AttributeError) as error:
        raise UsageError(f"the pattern {pattern!r} is malformed: {error}", hint=hint) from error


def named(row: Row, number: int, folder: Path, pattern: str, video: VideoOptions) -> Path:
    """Return the output of a row that names none.

    Args:
        row: Its source and its target give their names.
        number: The place in the batch, from 1.
        folder: Where outputs go.
        pattern: As for ``check_pattern``; it may name folders, too.
        video: The encoder, which not every format takes.
    """
    try:
        ext = natural_suffix(row.target, video)
    except MediaError:  # said when the job is done
        ext = row.target.suffix
    name = pattern.format(
        source=row.sources[0].stem if row.sources else "",
        target=row.target.stem,
        ext=ext,
        folder=row.target.absolute().parent.name,
        number=number,
    )
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{path} is not in {folder}", hint="leave .. out of the pattern")
    return path


def refuse_twins(outputs: Sequence[Path]) -> None:
    """Raise if two jobs of a batch would write the same file.

    Raises:
        UsageError: They would.
    """
    seen: set[Path] = set()
    for output in outputs:
        path = output.absolute()
        if path in seen:
            raise UsageError(
                f"two jobs would write {output}",
                hint="name outputs apart, e.g. with --output-pattern "
                "'{folder}_{source}_{target}{ext}'",
            )
        seen.add(path)
