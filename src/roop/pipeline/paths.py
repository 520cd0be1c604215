"""The files that a job names."""

from pathlib import Path

from roop.media.identity_file import located
from roop.options import Assignment, Job
from roop.pipeline.mapping import assignments_of


def source_paths(job: Job) -> list[Path]:
    """Return every file and folder that shows who is given.

    Raises:
        MediaError: The mapping file cannot be read.
        UsageError: It makes no sense.
    """
    return [*job.sources, *(path for a in assignments_of(job.faces) for path in a.source)]


def reference_paths(job: Job) -> list[Path]:
    """Return every file and folder that shows who is replaced; for the errors see above."""
    named = [job.faces.reference, *(a.reference for a in assignments_of(job.faces))]
    return [path for path in named if path is not None]


def absolute(job: Job) -> Job:
    """Return a job that means the same in any working folder."""
    faces = job.faces.model_copy(
        update={
            "reference": _photo(job.faces.reference),
            "map_file": job.faces.map_file and job.faces.map_file.absolute(),
            "map": tuple(map(_assignment, job.faces.map)),
        }
    )
    return job.model_copy(
        update={
            "sources": tuple(located(path).absolute() for path in job.sources),
            "target": job.target.absolute(),
            "output": job.output.absolute(),
            "record": job.record and job.record.absolute(),
            "faces": faces,
        }
    )


def _assignment(given: Assignment) -> Assignment:
    sources = tuple(located(path).absolute() for path in given.source)
    return given.model_copy(update={"source": sources, "reference": _photo(given.reference)})


def _photo(path: Path | None) -> Path | None:
    return None if path is None else located(path).absolute()
