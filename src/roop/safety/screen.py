"""Screens the photos and frames of a job in a thread of its own, and stops the job if need be."""

import queue
import threading
import time
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Self

from roop.errors import CancelledError, ModelError, RefusedError, RoopError
from roop.media.frames.stored_frame import StoredFrame
from roop.safety.judges import Judges
from roop.safety.nudity import SIDE, Finding
from roop.safety.samples import Sampler
from roop.types import Frame, Pixels

_WAITING = 4
"""Pictures that may wait for their verdict."""

_POLL_S = 0.05
"""Time between two looks at whether there is still somebody to wait for."""

_ENDING_S = 1.0
"""Time that the thread is given to end after it failed; one that hangs is left behind."""

PATIENCE_S = 60.0
"""How long a verdict may take; a machine at its limit needs a while to load the network."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """A picture to be judged."""

    pixels: Pixels
    name: str
    """Of the file, for the person."""
    time: Fraction | None
    """Seconds from the beginning of the target; None for a photo."""


class Screen:
    """The screen of one job. A context manager; fails closed.

    Pictures are shown to it and judged meanwhile. Whatever keeps it from judging, and any verdict
    against a picture, is raised by the next call of any method.

    Args:
        judges: What judges the pictures.
        cancel: The job's; ends every wait.
    """

    def __init__(self, judges: Judges, cancel: threading.Event) -> None:
        self._judges = judges
        self._cancel = cancel
        self._samples: queue.Queue[_Sample] = queue.Queue(_WAITING)
        self._sampler = Sampler()
        self._shown = 0
        self._judged = 0
        self._news = threading.Condition()
        self._error: RoopError | None = None
        self._leaving = threading.Event()
        # A verdict that never comes must not keep the process from ending.
        self._thread = threading.Thread(target=self._judge_all, name="roop-screen", daemon=True)

    @property
    def shown(self) -> int:
        """How many pictures were taken to be looked at."""
        return self._shown

    @property
    def passed(self) -> bool:
        """True if every picture taken so far was judged and none was refused."""
        return self._error is None and self._judged == self._shown

    def start_afresh(self) -> Sampler:
        """The next frame begins a stretch: it is looked at, whatever came before.

        Returns:
            What counts the frames of the stretch that are looked at.
        """
        self._sampler = Sampler()
        return self._sampler

    def show_photo(self, pixels: Pixels, name: str) -> None:
        """Take an upright RGB photo; ``name`` is what to call it."""
        self._give(_Sample(StoredFrame(pixels).thumbnail(SIDE), name, None))

    def show(self, frame: Frame, name: str, *, still: bool) -> None:
        """Take the next frame of the target, before anything is changed in it.

        Args:
            frame: Of the one target of this job, in order and without a gap since the beginning
                or ``start_afresh``.
            name: What to call the target.
            still: True if it has no times.

        Raises:
            RefusedError: A picture shown so far is refused.
            ModelError: The screen cannot run.
            CancelledError: The person stopped the job.
        """
        self._check()
        if self._sampler.wants(frame):
            time = None if still else frame.pts * frame.time_base
            self._give(_Sample(frame.thumbnail(SIDE), name, time))

    def settle(self, patience_s: float = PATIENCE_S) -> None:
        """Wait until everything shown so far has passed.

        Args:
            patience_s: How long a verdict may take; after that the screen counts as stopped.

        Raises:
            RefusedError: Something has not.
            ModelError: The screen cannot run.
            CancelledError: The person stopped the job.
        """
        with self._news:
            judged, since = self._judged, time.monotonic()
            while self._judged < self._shown or self._error is not None:
                self._check()
                if self._judged > judged:
                    judged, since = self._judged, time.monotonic()
                elif time.monotonic() - since > patience_s:
                    self._error = _stopped()
                self._news.wait(_POLL_S)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving.set()
        self._thread.join(PATIENCE_S if self._error is None else _ENDING_S)

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
        if not self._thread.is_alive():
            raise _stopped()
        if self._cancel.is_set():
            raise CancelledError("cancelled")

    def _give(self, sample: _Sample) -> None:
        self._shown += 1
        since = time.monotonic()
        while True:
            self._check()
            try:
                return self._samples.put(sample, timeout=_POLL_S)
            except queue.Full:
                if time.monotonic() - since > PATIENCE_S:
                    self._error = _stopped()

    def _judge_all(self) -> None:
        """Judge until the job leaves; the thread never ends without a word while it is needed."""
        error: RoopError = _stopped()
        try:
            self._judge()
        except RoopError as known:
            error = known
        except BaseException as unknown:
            error.__cause__ = unknown
        with self._news:
            self._error = self._error or error
            self._news.notify_all()

    def _judge(self) -> None:
        while not self._leaving.is_set():
            try:
                sample = self._samples.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            finding = self._judges.find(sample.pixels)
            if finding is not None:
                raise _refusal(sample, finding)
            with self._news:
                self._judged += 1
                self._news.notify_all()


def _refusal(sample: _Sample, finding: Finding) -> RefusedError:
    return RefusedError(
        f"{sample.name} shows {finding.what}{_when(sample.time)} ({finding.score:.0%} sure)",
        hint="roop does not work on pictures of nudity: choose others",
    )


def _stopped() -> ModelError:
    return ModelError(
        "the screen for nudity has stopped, and nothing is made without it",
        hint="run `roop doctor`; if nothing is missing there, report this with --debug",
    )


def _when(time: Fraction | None) -> str:
    if time is None:
        return ""
    seconds = max(0, int(time))
    return f" in frame {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
