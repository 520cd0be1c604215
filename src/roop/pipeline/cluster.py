"""Machines that share the segments of a long job: a Ray cluster, and the only place that knows Ray.

A segment is one Ray task: Ray finds a machine for it, and another one if that machine is lost.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from roop.errors import CancelledError, RoopError, UsageError
from roop.pipeline.crew import TRIES
from roop.pipeline.failure import Told, heard
from roop.pipeline.node import Done, FilmWanted, sweep, work
from roop.pipeline.parcel import Parcel, packed

if TYPE_CHECKING:
    from fractions import Fraction

    from roop.options import Settings
    from roop.pipeline.plan import Segment
    from roop.pipeline.progress import Meter, Progress
    from roop.pipeline.task import Task
    from roop.pipeline.work_folder import WorkFolder

_POLL_S = 0.25
"""Time between two looks at the cluster, and at whether the person wants to stop."""

_PATIENCE_S = 5.0
"""How long the cluster's address may take to answer, and machines to clear up."""

_PIECE_BYTES = 32_000_000
"""How much of a target that must be sent is one object."""

_GPU = {"cuda", "tensorrt", "rocm", "migraphx"}
"""Providers whose networks take a graphics card."""

Ray = Any
"""The library's module, which has no types of use."""

Counts = tuple[int, int, int, int]
"""Frames of a segment, those that were swapped, faces replaced and faces seen."""

Ref = Any
"""What Ray knows a result by."""


class ClusterCrew:
    """The machines of a Ray cluster. Implements ``roop.pipeline.crew.Crew``.

    Args:
        task: The job; its settings name the cluster.
        folder: Where finished segments are kept.
        places: Where the decoding of each segment of the plan begins.
        worker_bytes: Memory that a segment takes while it is done, about.
    """

    def __init__(
        self,
        task: Task,
        folder: WorkFolder,
        places: Sequence[Fraction | None],
        worker_bytes: int,
    ) -> None:
        self._task = task
        self._folder = folder
        self._places = places
        self._bytes = worker_bytes
        self._counts: dict[int, Counts] = {}
        self._film: list[Ref] | None = None

    def run(self, segments: Sequence[Segment], meter: Meter) -> None:
        """Do ``segments``."""
        settings = self._task.settings
        parcel = packed(self._task.job, _there(settings), self._task.output, self._places)
        with _connected(str(settings.cluster)) as ray:
            errand = _Errand(ray, parcel, settings, self._bytes)
            flight: dict[Ref, Segment] = {}
            try:
                self._share(errand, deque(segments), flight, meter)
            except ray.exceptions.RayError as error:
                raise _lost(error) from error
            finally:
                errand.recall(list(flight))

    def _share(
        self, errand: _Errand, waiting: deque[Segment], flight: dict[Ref, Segment], meter: Meter
    ) -> None:
        most = self._task.settings.workers or len(waiting)
        while waiting or flight:
            while waiting and len(flight) < most:
                segment = waiting.popleft()
                flight[errand.send(segment, self._film)] = segment
            for ref, result in errand.answers(list(flight)):
                self._take(errand, flight.pop(ref), result, waiting, meter)
            for number, counts in errand.progress().items():
                if any(segment.number == number for segment in flight.values()):
                    self._count(number, counts, meter)
            self._check()

    def _take(
        self,
        errand: _Errand,
        segment: Segment,
        result: Done | FilmWanted | Told,
        waiting: deque[Segment],
        meter: Meter,
    ) -> None:
        if isinstance(result, Done):
            tally = result.tally
            self._folder.take(segment.number, result.packets, tally)
            counts = (tally.frames, tally.swapped, tally.faces, tally.seen)
            self._count(segment.number, counts, meter)
        elif isinstance(result, FilmWanted):
            self._film = self._film or list(self._sent(errand))
            waiting.appendleft(segment)
        else:
            raise heard(result)

    def _sent(self, errand: _Errand) -> Iterator[Ref]:
        """Give the target to the cluster, piece by piece: some machine does not see it."""
        with self._task.job.target.open("rb") as file:
            while piece := file.read(_PIECE_BYTES):
                self._check()
                yield errand.keep(piece)

    def _count(self, number: int, counts: Counts, meter: Meter) -> None:
        before = self._counts.get(number, (0, 0, 0, 0))
        self._counts[number] = counts  # fewer than before if it was begun again elsewhere
        meter.add(*(new - old for new, old in zip(counts, before, strict=True)))

    def _check(self) -> None:
        if self._task.cancel.is_set():
            raise CancelledError("cancelled")


class _Errand:
    """One job on a cluster: sends segments, hears of them, and clears up."""

    def __init__(self, ray: Ray, parcel: Parcel, settings: Settings, worker_bytes: int) -> None:
        self._ray = ray
        self._key = parcel.key
        self._parcel = ray.put(parcel)
        gpu = not _GPU.isdisjoint(settings.execution_provider)
        self._task = ray.remote(_segment).options(
            num_cpus=settings.execution_threads or 1,
            num_gpus=int(gpu),
            memory=worker_bytes,
            max_retries=TRIES - 1,
        )
        # Here, or on the machine that speaks for us: without either all is lost anyway.
        here = ray.get_runtime_context().get_node_id()
        self._board = ray.remote(_Board).options(num_cpus=0, **self._on(here)).remote()

    def send(self, segment: Segment, film: Sequence[Ref] | None) -> Ref:
        """Have a segment done by whoever has time."""
        return self._task.remote(self._parcel, segment, film, self._board)

    def keep(self, piece: bytes) -> Ref:
        """Give the cluster something that its machines can ask for."""
        return self._ray.put(piece)

    def answers(self, refs: list[Ref]) -> Iterator[tuple[Ref, Done | FilmWanted | Told]]:
        """Yield what has come back of ``refs``; waits a moment for the first."""
        for ref in self._ray.wait(refs, num_returns=1, timeout=_POLL_S)[0]:
            yield ref, self._ray.get(ref)

    def progress(self) -> dict[int, Counts]:
        """Return what machines have told since the last time, by segment."""
        told: dict[int, Counts] = self._ray.get(self._board.take.remote())
        return told

    def recall(self, refs: list[Ref]) -> None:
        """Stop what is still done, and leave nothing on the machines."""
        ray = self._ray
        with contextlib.suppress(ray.exceptions.RayError, ConnectionError):
            for ref in refs:
                ray.cancel(ref, force=True)
            nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
            swept = [
                ray.remote(sweep).options(num_cpus=0, **self._on(node)).remote(self._key)
                for node in nodes
            ]
            ray.wait(swept, num_returns=len(swept), timeout=_PATIENCE_S)

    def _on(self, node: str) -> dict[str, object]:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        return {"scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False)}


class _Board:
    """An actor on which machines write how far they are."""

    def __init__(self) -> None:
        self._counts: dict[int, Counts] = {}

    def tell(self, number: int, counts: Counts) -> None:
        """Note what was done of a segment so far."""
        self._counts[number] = counts

    def take(self) -> dict[int, Counts]:
        """Return what was noted since the last time."""
        counts, self._counts = self._counts, {}
        return counts


def _segment(parcel: Parcel, segment: Segment, film: list[Ref] | None, board: Any) -> object:  # noqa: ANN401
    """Do a segment: what runs on the cluster's machines."""
    import ray

    def tell(seen: Progress) -> None:
        board.tell.remote(segment.number, (seen.frames, seen.swapped, seen.faces, seen.seen))

    pieces = None if film is None else lambda: (ray.get(piece) for piece in film)
    return work(parcel, segment, film=pieces, tell=tell)


def _there(settings: Settings) -> Settings:
    """Return what of this machine's settings holds on others, too."""
    ours = dict.fromkeys(("cluster", "workers", "signing_certificate", "signing_key"))
    threads = settings.execution_threads or 1
    return settings.model_copy(update={**ours, "execution_threads": threads})


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Ray]:
    """Connect to a cluster.

    Raises:
        UsageError: Ray is not installed, or there is no such cluster, or it runs other versions.
    """
    # Or Ray would have its machines run `uv run` in a copy of the folder that we are in.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            "a cluster needs Ray, which is not installed", hint="pip install 'roop[ray]'"
        ) from error
    if ray.is_initialized():  # the program that calls us is connected
        yield ray
        return
    _knock(address)
    # Ray prints what it hears of lost machines to stdout, which is for results.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            _init(ray, address)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise _no_cluster(address, error) from error
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
        # Now and then the process that Ray's server starts for us ends at once, without a word.
        ray.shutdown()
        ray.init(address, **options)


def _knock(address: str) -> None:
    """Ask whether somebody listens: Ray itself would wait for half a minute."""
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), _PATIENCE_S).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, error) from error


def _no_cluster(address: str, error: Exception) -> UsageError:
    said = str(error)
    if "ersion mismatch" in said:
        return UsageError(
            f"the cluster runs other versions: {_flat(said)}",
            hint="install the same Ray and Python on all its machines and this one",
        )
    if address == "auto":
        return UsageError(
            "this machine belongs to no Ray cluster",
            hint="`ray start --head` begins one; or name its address: --cluster ray://HOST:10001",
        )
    return UsageError(
        f"there is no Ray cluster at {address}: {_flat(said)}",
        hint="check the address; the port is that of the Ray Client server, usually 10001",
    )


def _lost(error: Exception) -> RoopError:
    """Return what to say of an error of Ray's own, after all retries."""
    said = str(error)
    if "No module named 'roop" in said:
        return UsageError(
            "a machine of the cluster has no roop", hint="install the same version on all of them"
        )
    return RoopError(
        f"the cluster has lost a segment {TRIES} times: {_flat(said)}",
        hint="if memory is short, let a machine do fewer at once: --workers",
    )


def _flat(text: str) -> str:
    """Return the beginning of what a library says as one line."""
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:197]}..."
