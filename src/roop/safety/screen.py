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
from roop.safety.classifiers import Classifiers
from roop.safety.nudity import INPUT_SIDE, Finding
from roop.safety.samples import Sampler
from roop.types import Frame, Pixels

_QUEUE_SIZE = 4
"""Pictures that may wait for their verdict."""

_POLL_S = 0.05
"""Time between two looks at whether there is still somebody to wait for."""

_EXIT_TIMEOUT_S = 1.0
"""Time that the thread is given to end after it failed; one that hangs is left behind."""

VERDICT_TIMEOUT_S = 60.0
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
        classifiers: What judges the pictures.
        cancel: The job's; ends every wait.
    """

    def __init__(self, classifiers: Classifiers, cancel: threading.Event) -> None:
        self._classifiers = classifiers
        self._cancel = cancel
        self._samples: queue.Queue[_Sample] = queue.Queue(_QUEUE_SIZE)
        self._sampler = Sampler()
        self._submitted = 0
        self._judged = 0
        self._condition = threading.Condition()
        self._error: RoopError | None = None
        self._done = threading.Event()
        # A verdict that never comes must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="roop-screen", daemon=True)

    @property
    def submitted(self) -> int:
        """How many pictures were taken to be looked at."""
        return self._submitted

    @property
    def passed(self) -> bool:
        """True if every picture taken so far was judged and none was refused."""
        return self._error is None and self._judged == self._submitted

    def new_sampler(self) -> Sampler:
        """The next frame begins a stretch: it is looked at, whatever came before.

        Returns:
            What counts the frames of the stretch that are looked at.
        """
        self._sampler = Sampler()
        return self._sampler

    def submit_photo(self, pixels: Pixels, name: str) -> None:
        """Take an upright RGB photo; ``name`` is what to call it."""
        self._enqueue(_Sample(StoredFrame(pixels).thumbnail(INPUT_SIDE), name, None))

    def submit_frame(self, frame: Frame, name: str, *, still: bool) -> None:
        """Take the next frame of the target, before anything is changed in it.

        Args:
            frame: Of the one target of this job, in order and without a gap since the beginning
                or ``new_sampler``.
            name: What to call the target.
            still: True if it has no times.

        Raises:
            RefusedError: A picture shown so far is refused.
            ModelError: The screen cannot run.
            CancelledError: The person stopped the job.
        """
        self._check()
        if self._sampler.selects(frame):
            time = None if still else frame.pts * frame.time_base
            self._enqueue(_Sample(frame.thumbnail(INPUT_SIDE), name, time))

    def wait_for_verdicts(self, timeout_s: float = VERDICT_TIMEOUT_S) -> None:
        """Wait until everything shown so far has passed.

        Args:
            timeout_s: How long a verdict may take; after that the screen counts as stopped.

        Raises:
            RefusedError: Something has not.
            ModelError: The screen cannot run.
            CancelledError: The person stopped the job.
        """
        with self._condition:
            judged, since = self._judged, time.monotonic()
            while self._judged < self._submitted or self._error is not None:
                self._check()
                if self._judged > judged:
                    judged, since = self._judged, time.monotonic()
                elif time.monotonic() - since > timeout_s:
                    self._error = _screen_stopped()
                self._condition.wait(_POLL_S)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join(VERDICT_TIMEOUT_S if self._error is None else _EXIT_TIMEOUT_S)

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
        if not self._thread.is_alive():
            raise _screen_stopped()
        if self._cancel.is_set():
            raise CancelledError("cancelled")

    def _enqueue(self, sample: _Sample) -> None:
        self._submitted += 1
        since = time.monotonic()
        while True:
            self._check()
            try:
                return self._samples.put(sample, timeout=_POLL_S)
            except queue.Full:
                if time.monotonic() - since > VERDICT_TIMEOUT_S:
                    self._error = _screen_stopped()

    def _run(self) -> None:
        """Judge until the job leaves; the thread never ends without a word while it is needed."""
        error: RoopError = _screen_stopped()
        try:
            self._judge_samples()
        except RoopError as known:
            error = known
        except BaseException as unknown:
            error.__cause__ = unknown
        with self._condition:
            self._error = self._error or error
            self._condition.notify_all()

    def _judge_samples(self) -> None:
        while not self._done.is_set():
            try:
                sample = self._samples.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            finding = self._classifiers.detect(sample.pixels)
            if finding is not None:
                raise _refusal(sample, finding)
            with self._condition:
                self._judged += 1
                self._condition.notify_all()


def _refusal(sample: _Sample, finding: Finding) -> RefusedError:
    return RefusedError(
        f"{sample.name} shows {finding.what}{_timestamp(sample.time)} ({finding.score:.0%} sure)",
        hint="roop does not work on pictures of nudity: choose others",
    )


def _screen_stopped() -> ModelError:
    return ModelError(
        "the screen for nudity has stopped, and nothing is made without it",
        hint="run `roop doctor`; if nothing is missing there, report this with --debug",
    )


def _timestamp(time: Fraction | None) -> str:
    if time is None:
        return ""
    seconds = max(0, int(time))
    return f" in frame {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
