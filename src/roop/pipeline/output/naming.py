"""Name an output whose folder alone is given."""

import string
from pathlib import Path

from roop.errors import UsageError
from roop.options import NAME_PATTERN, Job
from roop.pipeline.people.paths import source_paths

FIELDS = ("source", "target", "ext", "folder", "number")
"""The first source and the target without extensions, the output's extension, the target's folder,
and the number in the batch, from 1."""


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


def named(
    job: Job, folder: Path, ext: str, *, pattern: str = NAME_PATTERN, number: int = 1
) -> Path:
    """Return the output of a job that names only a folder for it.

    Args:
        job: Its first source and its target give their names; without a source its engine or
            processor does.
        folder: Where the output goes.
        ext: The extension of the output.
        pattern: As for ``check_pattern``; it may contain folders.
        number: The number in a batch, from 1.

    Raises:
        UsageError: The pattern leads out of the folder.
    """
    sources = source_paths(job)
    name = pattern.format(
        source=sources[0].stem if sources else job.steps[0].processor,
        target=job.target.stem,
        ext=ext,
        folder=job.target.absolute().parent.name,
        number=number,
    )
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{path} is not in {folder}", hint="leave .. out of the pattern")
    return path
