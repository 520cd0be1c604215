"""A job sent to other machines, with its photos; its video is sent only where it is missing."""

import hashlib
import platform
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from roop.errors import MediaError
from roop.media.files.disk import reason
from roop.options import Job, Settings
from roop.pipeline.output.record import versions
from roop.pipeline.people.mapping_file import assignments_of
from roop.pipeline.people.paths import absolute, photos_in, reference_paths, source_paths
from roop.replacement import replacing
from roop.version import VERSION

_SAMPLES, _SAMPLE_BYTES = 32, 65_536
"""How many samples of a file are hashed, and the size of each."""


@dataclass(frozen=True, slots=True)
class SampleDigest:
    """Tells a video from others by samples: hashing all of it everywhere would take too long."""

    size: int
    """Bytes."""
    digest: str
    """SHA-256 of its beginning, its end and samples between."""

    @classmethod
    def of(cls, path: Path) -> "SampleDigest":
        """Return the digest of a file.

        Raises:
            OSError: It cannot be read.
        """
        digest = hashlib.sha256()
        with path.open("rb") as file:
            size = file.seek(0, 2)
            for number in range(_SAMPLES):
                file.seek(max(0, size - _SAMPLE_BYTES) * number // (_SAMPLES - 1))
                digest.update(file.read(_SAMPLE_BYTES))
        return cls(size, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """Everything that a segment needs on a machine that may share no files with this one.

    Two are equal if they belong to one run, so that a machine builds its pipeline once.
    """

    key: str
    """Unique name of this run."""
    job: Job = field(compare=False)
    """With the sender's paths."""
    settings: Settings = field(compare=False)
    output: Path = field(compare=False)
    seek_times: Sequence[Fraction | None] = field(compare=False)
    """Where the decoding of each segment begins, in seconds; None for the first frame."""
    photos: Mapping[Path, Mapping[str, bytes]] = field(compare=False)
    """Files of sources and references by the sender's paths: one each, or those of a folder."""
    target_digest: SampleDigest = field(compare=False)
    """Identifies the target."""
    software_versions: Mapping[str, str] = field(compare=False)
    """Versions that the output depends on."""


def pack(
    job: Job, settings: Settings, output: Path, seek_times: Sequence[Fraction | None]
) -> RemoteJob:
    """Prepare a job for other machines.

    Args:
        job: The job.
        settings: Those that hold on other machines.
        output: The output of the job.
        seek_times: Where the decoding of each segment begins.

    Raises:
        MediaError: A file cannot be read.
    """
    people = {"map": assignments_of(job.faces), "map_file": None}
    job = absolute(job.model_copy(update={"faces": job.faces.model_copy(update=people)}))
    paths = dict.fromkeys((*source_paths(job), *reference_paths(job)))
    try:
        photos = {path: {p.name: p.read_bytes() for p in photos_in([path])} for path in paths}
        digest = SampleDigest.of(job.target)
    except OSError as error:
        raise MediaError(f"{error.filename} cannot be read: {reason(error)}") from error
    return RemoteJob(
        secrets.token_hex(8), job, settings, output, seek_times, photos, digest, software_versions()
    )


def unpack(remote_job: RemoteJob, folder: Path) -> Job:
    """Put the photos of a job into a folder and return its job with their paths.

    Raises:
        OSError: They cannot be written.
    """
    paths = unpacked_paths(remote_job, folder)
    for path, files in remote_job.photos.items():
        new = paths[path]
        inside = new.parent if len(files) == 1 else new
        inside.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            with replacing(inside / name) as part:  # other processes may do the same
                part.write_bytes(content)
    return _moved(remote_job.job, paths)


def unpacked_paths(remote_job: RemoteJob, folder: Path) -> dict[Path, Path]:
    """Return where each photo, or folder of photos, lies once written to ``folder``."""
    paths: dict[Path, Path] = {}
    for number, (path, files) in enumerate(remote_job.photos.items()):
        inside = folder / str(number)
        paths[path] = inside / next(iter(files)) if len(files) == 1 else inside
    return paths


def software_versions() -> dict[str, str]:
    """Return the versions that the output depends on, by name."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"roop": VERSION, "Python": python, **versions()}


def _moved(job: Job, paths: Mapping[Path, Path]) -> Job:
    """Return the job with the new paths of its photos."""
    faces = job.faces
    people = tuple(
        given.model_copy(
            update={
                "source": tuple(paths[path] for path in given.source),
                "reference": given.reference and paths[given.reference],
            }
        )
        for given in faces.map
    )
    changed = {"map": people, "reference": faces.reference and paths[faces.reference]}
    return job.model_copy(
        update={
            "sources": tuple(paths[path] for path in job.sources),
            "faces": faces.model_copy(update=changed),
        }
    )
