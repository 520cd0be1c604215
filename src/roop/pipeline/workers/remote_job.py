"""A job packed for another machine: photos travel with it, the film only where it must."""

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

_LOOKS, _LOOK_BYTES = 32, 65_536
"""How many places of a film are compared, and how much at each."""


@dataclass(frozen=True, slots=True)
class SampleDigest:
    """What tells a film from others: all of it would be too much to read on every machine."""

    size: int
    """Bytes."""
    digest: str
    """Of its beginning, its end, and places between."""

    @classmethod
    def of(cls, path: Path) -> "SampleDigest":
        """Read that of a file.

        Raises:
            OSError: It cannot be read.
        """
        digest = hashlib.sha256()
        with path.open("rb") as file:
            size = file.seek(0, 2)
            for look in range(_LOOKS):
                file.seek(max(0, size - _LOOK_BYTES) * look // (_LOOKS - 1))
                digest.update(file.read(_LOOK_BYTES))
        return cls(size, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class RemoteJob:
    """Everything that a segment takes on a machine that may see none of our files.

    Two are equal if they are of one run: what is built for a job is kept by that.
    """

    key: str
    """Names this run; no other has it."""
    job: Job = field(compare=False)
    """With the paths of the machine that sends it."""
    settings: Settings = field(compare=False)
    output: Path = field(compare=False)
    seek_times: Sequence[Fraction | None] = field(compare=False)
    """Where the decoding of each segment begins, in seconds; None for the first frame."""
    photos: Mapping[Path, Mapping[str, bytes]] = field(compare=False)
    """Sources and references by their paths there: of each the files, one or a folder's."""
    target_digest: SampleDigest = field(compare=False)
    """The target's."""
    software_versions: Mapping[str, str] = field(compare=False)
    """Versions that the bytes of the output depend on."""


def pack(
    job: Job, settings: Settings, output: Path, seek_times: Sequence[Fraction | None]
) -> RemoteJob:
    """Pack a job.

    Args:
        job: What to do.
        settings: Of this machine, as far as they hold on others.
        output: The file that the job is to make.
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
    places = unpacked_paths(remote_job, folder)
    for path, files in remote_job.photos.items():
        place = places[path]
        inside = place.parent if len(files) == 1 else place
        inside.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            with replacing(inside / name) as part:  # other processes may do the same
                part.write_bytes(content)
    return _moved(remote_job.job, places)


def unpacked_paths(remote_job: RemoteJob, folder: Path) -> dict[Path, Path]:
    """Return where each photo, or folder of photos, lies after it was unpacked into ``folder``."""
    places: dict[Path, Path] = {}
    for number, (path, files) in enumerate(remote_job.photos.items()):
        inside = folder / str(number)
        places[path] = inside / next(iter(files)) if len(files) == 1 else inside
    return places


def software_versions() -> dict[str, str]:
    """Return the versions that matter, by name."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"roop": VERSION, "Python": python, **versions()}


def _moved(job: Job, places: Mapping[Path, Path]) -> Job:
    """Return a job whose photos lie elsewhere."""
    faces = job.faces
    people = tuple(
        given.model_copy(
            update={
                "source": tuple(places[path] for path in given.source),
                "reference": given.reference and places[given.reference],
            }
        )
        for given in faces.map
    )
    changed = {"map": people, "reference": faces.reference and places[faces.reference]}
    return job.model_copy(
        update={
            "sources": tuple(places[path] for path in job.sources),
            "faces": faces.model_copy(update=changed),
        }
    )
