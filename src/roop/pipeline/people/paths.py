"""The files that a job names."""

from collections.abc import Sequence
from pathlib import Path

from roop.errors import MediaError
from roop.media.pictures.decoding import sniff
from roop.media.pictures.identity_file import resolve_identity, unknown_identity
from roop.options import Assignment, Job
from roop.pipeline.people.mapping_file import assignments_of


def source_paths(job: Job) -> list[Path]:
    """Return every source file and folder.

    Raises:
        MediaError: The mapping file cannot be read.
        UsageError: It contradicts itself.
    """
    mapped = (path for a in assignments_of(job.faces) for path in a.source)
    return [*job.sources, *mapped, *job.more_sources]


def reference_paths(job: Job) -> list[Path]:
    """Return every reference file and folder; raises as ``source_paths`` does."""
    named = [job.faces.reference, *(a.reference for a in assignments_of(job.faces))]
    return [path for path in named if path is not None]


def photos_in(paths: Sequence[Path]) -> list[Path]:
    """Return the files that ``paths`` stand for.

    A folder stands for its photos, sorted by name; the name of a saved identity for its file.

    Raises:
        MediaError: A folder has no photos, or a name is no saved identity.
    """
    found: list[Path] = []
    for path in map(resolve_identity, paths):
        if not path.exists() and len(path.parts) == 1 and not path.suffix:
            raise unknown_identity(path)
        if not path.is_dir():
            found.append(path)
            continue
        inside = [file for file in sorted(path.iterdir()) if _is_photo(file)]
        if not inside:
            raise MediaError(f"no photos in {path}", hint="name photos, or a folder of them")
        found += inside
    return found


def absolute(job: Job) -> Job:
    """Return the job with absolute paths."""
    faces = job.faces.model_copy(
        update={
            "reference": _photo(job.faces.reference),
            "map_file": job.faces.map_file and job.faces.map_file.absolute(),
            "map": tuple(map(_assignment, job.faces.map)),
        }
    )
    return job.model_copy(
        update={
            "sources": tuple(resolve_identity(path).absolute() for path in job.sources),
            "target": job.target.absolute(),
            "output": job.output.absolute(),
            "record": job.record and job.record.absolute(),
            "faces": faces,
        }
    )


def _assignment(given: Assignment) -> Assignment:
    sources = tuple(resolve_identity(path).absolute() for path in given.source)
    return given.model_copy(update={"source": sources, "reference": _photo(given.reference)})


def _photo(path: Path | None) -> Path | None:
    return None if path is None else resolve_identity(path).absolute()


def _is_photo(file: Path) -> bool:
    if file.name.startswith(".") or not file.is_file() or not file.stat().st_size:
        return False
    return sniff(file) is not None
