"""The process that submits segments to a Ray cluster: the only module that imports Ray.

A segment is one Ray task: Ray finds a machine for it, and another one if that machine is lost.
"""

from __future__ import annotations

import base64
import contextlib
import os
import pickle
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from roop.errors import CancelledError, RoopError, UsageError
from roop.media.target_file import TargetFile
from roop.pipeline.workers.child_process import Message, ParentProcess, serve
from roop.pipeline.workers.cluster_node import SegmentResult, TargetNeeded, do_segment, remove_files
from roop.pipeline.workers.pool import TRIES
from roop.pipeline.workers.remote_error import ErrorDict, error_from_dict

if TYPE_CHECKING:
    from roop.options import Settings
    from roop.pipeline.progress import FrameCounts, Progress
    from roop.pipeline.segments.plan import Segment
    from roop.pipeline.segments.work_folder import WorkFolder
    from roop.pipeline.workers.remote_job import RemoteJob

_POLL_S = 0.25
"""Time between two polls of the cluster, and two checks for a cancellation."""

_PATIENCE_S = 5.0
"""How long the cluster's address may take to answer."""
_PIECE_BYTES = 32_000_000
"""Size of the pieces in which a target is sent."""

_GPU = {"cuda", "tensorrt", "rocm", "migraphx"}
"""Providers that need a graphics card."""

Ray = Any
"""The library's module, which has no useful types."""

Ref = Any
"""Ray's reference to a result."""


@dataclass(frozen=True, slots=True)
class DriverTask:
    """The task of a driver: a job's segments."""

    remote_job: RemoteJob
    settings: Settings
    """Settings of this machine; they name the cluster."""
    segments: Sequence[Segment]
    folder: WorkFolder
    """Where finished segments are kept."""
    worker_bytes: int
    """Approximate memory that a segment takes."""

    def to_dict(self) -> Message:
        """Return the task as JSON has it."""
        return {"task": base64.b64encode(pickle.dumps(self)).decode()}

    @staticmethod
    def from_dict(data: Message) -> DriverTask:
        """Return the task that ``to_dict`` wrote; only ever for what our own parent sent."""
        driver_task = pickle.loads(base64.b64decode(data["task"]))
        assert isinstance(driver_task, DriverTask)
        return driver_task


def main() -> None:
    """Submit all segments of one task to the cluster, and report their progress."""
    serve(_run)


def _run(parent: ParentProcess) -> None:
    message = parent.messages.get()
    if message is None:
        return
    driver_task = DriverTask.from_dict(message)
    with _connected(str(driver_task.settings.cluster)) as ray:
        driver = _Driver(_Tasks(ray, driver_task), driver_task, parent)
        try:
            driver.run()
        except ray.exceptions.RayError as error:
            raise _lost_error(error) from error
        finally:
            driver.cancel_all()


class _Driver:
    """Gives segments to the cluster until all are done."""

    def __init__(self, tasks: _Tasks, driver_task: DriverTask, parent: ParentProcess) -> None:
        self._tasks = tasks
        self._job = driver_task
        self._parent = parent
        self._waiting = deque(driver_task.segments)
        self._running: dict[Ref, Segment] = {}
        self._target_pieces: list[Ref] | None = None

    def run(self) -> None:
        """Process all segments."""
        most = self._job.settings.workers or len(self._waiting)
        while self._waiting or self._running:
            while self._waiting and len(self._running) < most:
                segment = self._waiting.popleft()
                self._running[self._tasks.submit(segment, self._target_pieces)] = segment
            for ref, result in self._tasks.results(list(self._running)):
                self._take(self._running.pop(ref), result)
            for number, counts in self._tasks.progress().items():
                if any(segment.number == number for segment in self._running.values()):
                    self._report(number, counts)
            self._check()

    def cancel_all(self) -> None:
        """Stop what still runs, and remove its files from the machines."""
        self._tasks.cancel_all(list(self._running))

    def _report(self, number: int, counts: FrameCounts) -> None:
        self._parent.send({"segment": number, "counts": counts.to_dict()})

    def _take(self, segment: Segment, result: SegmentResult | TargetNeeded | ErrorDict) -> None:
        if isinstance(result, SegmentResult):
            stats = result.stats
            self._job.folder.add_segment(segment.number, result.packets, stats)
            self._report(segment.number, stats.counts)
        elif isinstance(result, TargetNeeded):
            self._target_pieces = self._target_pieces or list(self._sent())
            self._waiting.appendleft(segment)
        else:
            raise error_from_dict(result)

    def _sent(self) -> Iterator[Ref]:
        """Send the target to the cluster in pieces, as some machine cannot read it."""
        target = TargetFile.of(self._job.remote_job.job.target)
        with target.path.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                self._check()
                yield self._tasks.put(piece)
        target.require_unchanged()

    def _check(self) -> None:
        if self._parent.cancel.is_set():
            raise CancelledError("cancelled")


class _Tasks:
    """The tasks on the cluster: submits segments, collects results and removes files."""

    def __init__(self, ray: Ray, driver_task: DriverTask) -> None:
        settings = driver_task.settings
        self._ray = ray
        self._key = driver_task.remote_job.key
        self._remote_job = ray.put(driver_task.remote_job)
        gpu = not _GPU.isdisjoint(settings.execution_provider)
        self._task = ray.remote(_segment).options(
            num_cpus=settings.execution_threads or 1,
            num_gpus=int(gpu),
            memory=driver_task.worker_bytes,
            max_retries=TRIES - 1,
        )
        # On this node: the run cannot go on without it anyway.
        here = ray.get_runtime_context().get_node_id()
        self._board = ray.remote(_ProgressBoard).options(num_cpus=0, **self._on(here)).remote()
        self._asked: Ref | None = None

    def submit(self, segment: Segment, pieces: Sequence[Ref] | None) -> Ref:
        """Give a segment to the next free machine."""
        return self._task.remote(self._remote_job, segment, pieces, self._board)

    def put(self, piece: bytes) -> Ref:
        """Store a piece of the target in the cluster."""
        return self._ray.put(piece)

    def results(
        self, refs: list[Ref]
    ) -> Iterator[tuple[Ref, SegmentResult | TargetNeeded | ErrorDict]]:
        """Yield the finished results; wait a moment for the first."""
        for ref in self._ray.wait(refs, num_returns=1, timeout=_POLL_S)[0]:
            yield ref, self._ray.get(ref)

    def progress(self) -> dict[int, FrameCounts]:
        """Return the progress reported since the last call, by segment, without waiting.

        The board takes a while to start, and results must not wait for it.
        """
        self._asked = self._asked or self._board.take.remote()
        if not self._ray.wait([self._asked], timeout=0)[0]:
            return {}
        reported: dict[int, FrameCounts] = self._ray.get(self._asked)
        self._asked = None
        return reported

    def cancel_all(self, refs: list[Ref]) -> None:
        """Stop what still runs, and remove its files from the machines."""
        ray = self._ray
        with contextlib.suppress(ray.exceptions.RayError, ConnectionError):
            for ref in refs:
                ray.cancel(ref, force=True)
            if refs:  # what still writes would leave something behind
                ray.wait(refs, num_returns=len(refs), timeout=_PATIENCE_S)
            for node in [node["NodeID"] for node in ray.nodes() if node["Alive"]]:
                # Detached: a machine may start it only when this process has ended.
                name = {"name": f"{self._key}-{node}", "namespace": "roop", "lifetime": "detached"}
                options = {"num_cpus": 0, **name, **self._on(node)}
                ray.remote(_FileRemover).options(**options).remote(self._key)

    def _on(self, node: str) -> dict[str, object]:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return {"scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False)}


class _FileRemover:
    """An actor that removes the files of a run from its machine, and ends."""

    def __init__(self, key: str) -> None:
        remove_files(key)
        os._exit(0)


class _ProgressBoard:
    """An actor to which machines report the progress of segments."""

    def __init__(self) -> None:
        self._counts: dict[int, FrameCounts] = {}

    def note(self, number: int, counts: FrameCounts) -> None:
        """Keep the progress of a segment."""
        self._counts[number] = counts

    def take(self) -> dict[int, FrameCounts]:
        """Return what was reported since the last call."""
        counts, self._counts = self._counts, {}
        return counts


def _segment(
    remote_job: RemoteJob,
    segment: Segment,
    pieces: list[Ref] | None,
    board: Any,  # noqa: ANN401 - Ray makes a handle's methods as the program runs
) -> object:
    """Process a segment; runs on the cluster's machines."""
    import ray

    def report(progress: Progress) -> None:
        board.note.remote(segment.number, progress.counts)

    fetched = None if pieces is None else lambda: (ray.get(piece) for piece in pieces)
    return do_segment(remote_job, segment, pieces=fetched, report=report)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Ray]:
    """Connect to a cluster.

    Raises:
        UsageError: Ray is not installed, or there is no such cluster, or it runs other versions.
    """
    # Otherwise Ray runs `uv run` on its machines, in a copy of our working folder.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    import ray

    _check_reachable(address)
    try:
        _init(ray, address)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise _no_cluster_error(address, error) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _init(ray: Ray, address: str) -> None:
    options = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        ray.init(address, **options)
    except (ConnectionError, RuntimeError) as error:
        if "Initialization failure from server" not in str(error):
            raise
        # Now and then the process that Ray's server starts for us ends at once, without an error.
        ray.shutdown()
        ray.init(address, **options)


def _check_reachable(address: str) -> None:
    """Check that the address accepts connections: Ray itself would wait for half a minute."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), _PATIENCE_S).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster_error(address, error) from error


def _no_cluster_error(address: str, error: Exception) -> UsageError:
    said = str(error)
    if "ersion mismatch" in said:
        return UsageError(
            f"the cluster runs other versions: {_on_one_line(said)}",
            hint="install the same Ray and Python on all its machines and this one",
        )
    if address == "auto":
        return UsageError(
            "this machine is not part of a Ray cluster",
            hint="start one with `ray start --head`, or name one: [[cluster=ray://HOST:10001]]",
        )
    return UsageError(
        f"there is no Ray cluster at {address}: {_on_one_line(said)}",
        hint="check the address; the port is that of the Ray Client server, usually 10001",
    )


def _lost_error(error: Exception) -> RoopError:
    """Return our error for one of Ray's, after all retries."""
    said = str(error)
    if "No module named 'roop" in said:
        return UsageError(
            "roop is not installed on a machine of the cluster",
            hint="install the same version on all of them",
        )
    return RoopError(
        f"the cluster has lost a segment {TRIES} times: {_on_one_line(said)}",
        hint="if memory is short, process fewer segments at once with [[workers]]",
    )


def _on_one_line(text: str) -> str:
    """Return the beginning of a library's message on one line."""
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:197]}..."
