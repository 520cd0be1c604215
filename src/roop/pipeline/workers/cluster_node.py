"""Process one segment of a job on a machine of a cluster, in a process of its own."""

import dataclasses
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from roop.errors import UsageError
from roop.media.files.disk import writing
from roop.media.target_file import TargetFile
from roop.pipeline.progress import Meter, Progress
from roop.pipeline.segments.chosen_person import ChosenPersonFinder
from roop.pipeline.segments.plan import Segment
from roop.pipeline.segments.segment_runner import SegmentRunner
from roop.pipeline.segments.work_folder import WorkFolder
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.pipeline.stages.resources import PipelineResources
from roop.pipeline.stages.stats import JobStats
from roop.pipeline.workers.remote_error import ErrorDict, error_to_dict
from roop.pipeline.workers.remote_job import (
    RemoteJob,
    SampleDigest,
    software_versions,
    unpack,
    unpacked_paths,
)
from roop.processors import installed

_PREFIX = "roop-cluster-"

_OLD_S = 86_400.0
"""Age from which files are those of a run that has ended: no segment takes that long."""

_PERIOD_S = 0.5
"""Time between two reports of progress."""

TargetPieces = Callable[[], Iterable[bytes]]
"""Returns the target in pieces."""


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """A finished segment on its way to the job."""

    packets: bytes
    """The content of its file of packets."""
    stats: JobStats


@dataclass(frozen=True, slots=True)
class TargetNeeded:
    """This machine cannot read the target at its path: it must be sent."""


def do_segment(
    remote_job: RemoteJob,
    segment: Segment,
    *,
    pieces: TargetPieces | None,
    report: Callable[[Progress], None],
) -> SegmentResult | TargetNeeded | ErrorDict:
    """Process one segment.

    Args:
        remote_job: The job.
        segment: Which part of it.
        pieces: Returns the target, if it was sent.
        report: Receives the progress.

    Returns:
        The segment, or what prevents it: an error is returned as data, because Ray runs a task that
        raises again elsewhere.
    """
    try:
        _check_software(remote_job)
        target = TargetFile.of(remote_job.job.target)
        if not _target(remote_job, pieces):
            return TargetNeeded()
        return _work(remote_job, segment, target, report)
    except Exception as error:  # the edge of this process: the sender shows it
        return _with_senders_paths(error_to_dict(error), remote_job)


def remove_old_files() -> None:
    """Remove the files of runs that have ended without doing so, such as those of lost machines."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _OLD_S:  # every segment makes a folder in it
                shutil.rmtree(folder)


def remove_files(key: str) -> None:
    """Remove the files of a run from this machine."""
    shutil.rmtree(_folder(key), ignore_errors=True)


def _work(
    remote_job: RemoteJob,
    segment: Segment,
    target: TargetFile,
    report: Callable[[Progress], None],
) -> SegmentResult:
    import cv2

    cv2.setNumThreads(1)  # other segments are done on the other cores
    pipeline, chosen_person = _prepared(remote_job)
    if target.path != pipeline.job.target:  # it was sent
        target = TargetFile.of(pipeline.job.target)
    meter = Meter(None, report, period_s=_PERIOD_S)
    with tempfile.TemporaryDirectory(prefix="segment-", dir=_folder(remote_job.key)) as name:
        folder = WorkFolder(Path(name))
        SegmentRunner(pipeline, chosen_person, remote_job.output, folder, meter, target).run(
            [segment]
        )
        stats = folder.stats_of(segment.number) or JobStats()
        stats = _with_senders_photos(stats, remote_job)
        return SegmentResult(folder.packets(segment.number).read_bytes(), stats)


@lru_cache(maxsize=1)  # a process does many segments of one run, and loading networks takes a while
def _prepared(remote_job: RemoteJob) -> tuple[FramePipeline, ChosenPersonFinder]:
    """Return the pipeline of a job, and its finder of the person chosen before a segment."""
    remove_old_files()
    folder = _folder(remote_job.key)
    with writing(folder):
        job = unpack(remote_job, folder)
    sent = _sent(remote_job)
    job = job.model_copy(update={"target": sent if sent.exists() else job.target})
    resources = PipelineResources(remote_job.settings, installed())
    pipeline = FramePipeline(job, resources, cancel=threading.Event())
    pipeline.__enter__()  # until this process ends, or is ended
    return pipeline, ChosenPersonFinder(pipeline, remote_job.seek_times, WorkFolder(folder))


def _target(remote_job: RemoteJob, pieces: TargetPieces | None) -> bool:
    """Return True if the target can be read here, at its path or after it was sent."""
    target, sent = remote_job.job.target, _sent(remote_job)
    try:
        if sent.exists() or (
            target.is_file() and SampleDigest.of(target) == remote_job.target_digest
        ):
            return True
    except OSError:
        pass  # not readable here: it must be sent
    if pieces is None:
        return False
    part = sent.with_name("part")
    with writing(sent, part):
        sent.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(sent.with_name("lock")):  # other processes of this machine need it, too
            if not sent.exists():
                with part.open("wb") as file:
                    file.writelines(pieces())
                part.replace(sent)
    return True


def _folder(key: str) -> Path:
    return Path(tempfile.gettempdir()) / f"{_PREFIX}{key}"


def _sent(remote_job: RemoteJob) -> Path:
    """Return where the target lies on this machine after it was sent."""
    return _folder(remote_job.key) / "target" / remote_job.job.target.name


def _check_software(remote_job: RemoteJob) -> None:
    here = software_versions()
    for name, version in remote_job.software_versions.items():
        if here.get(name) != version:
            raise UsageError(
                f"the cluster's machine {socket.gethostname()} has {name} "
                f"{here.get(name, 'not at all')}, and this one {version}",
                hint="install the same versions everywhere: outputs depend on them",
            )


def _with_senders_photos(stats: JobStats, remote_job: RemoteJob) -> JobStats:
    """Return stats with the sender's paths of photos."""
    paths = unpacked_paths(remote_job, _folder(remote_job.key))

    def named(text: str) -> str:
        for there, here in paths.items():
            text = text.replace(str(here), str(there))
        return text

    sources = tuple(dataclasses.replace(s, photo=named(s.photo)) for s in stats.sources)
    warnings = tuple(named(warning) for warning in stats.warnings)
    return dataclasses.replace(stats, sources=sources, warnings=warnings)


def _with_senders_paths(failure: ErrorDict, remote_job: RemoteJob) -> ErrorDict:
    """Return an error with the sender's paths of photos and target."""
    paths = {_sent(remote_job): remote_job.job.target}
    paths |= {
        here: there for there, here in unpacked_paths(remote_job, _folder(remote_job.key)).items()
    }
    named = dict(failure)
    for what in ("message", "hint"):
        for here, there in paths.items():
            named[what] = (named[what] or "").replace(str(here), str(there)) or None
    return named
