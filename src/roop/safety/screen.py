"""The screen: a thread that checks the photos and frames of a job for nudity."""

import queue
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import Self

from roop.errors import CancelledError, ModelError, RefusedError, RoopError
from roop.media.frames.stored_frame import StoredFrame
from roop.safety.classifiers import Classifiers
from roop.safety.nudity import Finding
from roop.safety.samples import EDITED, Sampler, SmallCopy
from roop.safety.views import View, closer_views, views_of
from roop.types import Face, Frame, Pixels

_QUEUE_SIZE = 4
"""Images that may wait for the classifiers."""

_POLL_S = 0.05
"""Interval at which waiting calls check for errors and cancellation."""

_EXIT_TIMEOUT_S = 1.0
"""How long to wait for the thread to end after an error; it is abandoned if it hangs."""

_CLOSER_EVERY = 6
"""One in so many screened frames is judged in a closer view: it costs as much again."""

_LEAST_OF_OTHERS = 0.65
"""Score from which a view refuses an image that no viewer shows so: more views make more mistakes,
and most of these score low."""

VERDICT_TIMEOUT_S = 60.0
"""How long a verdict may take; a busy machine needs a while to load the network."""


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """An image to classify."""

    views: tuple[View, ...]
    name: str
    """Name of its file, for messages."""
    time: Fraction | None
    """Seconds from the start of the target; None for a photo."""


@dataclass(frozen=True, slots=True, eq=False)
class SubmittedFrame:
    """What the screen remembers of a frame until the processors have changed it."""

    copy: SmallCopy
    closer: bool
    """True if it is to be judged in a closer view, too."""
    name: str
    """Name of the target, for messages."""
    time: Fraction | None
    """Seconds from the start of the target; None for a photo."""


class Screen:
    """The screen of one job. A context manager; fails closed.

    Submitted images are classified in a thread. If one is refused, or the thread fails, the next
    call of any method raises the error.

    Args:
        classifiers: The networks that classify the images.
        cancel: The job's cancel event; ends every wait.
    """

    def __init__(self, classifiers: Classifiers, cancel: threading.Event) -> None:
        self._classifiers = classifiers
        self._cancel = cancel
        self._samples: queue.Queue[_Sample | None] = queue.Queue(_QUEUE_SIZE)
        self._sampler, self._changed_sampler = Sampler(), Sampler()
        self._submitted = 0
        self._passed = 0
        self._condition = threading.Condition()
        self._error: RoopError | None = None
        self._done = threading.Event()
        # A daemon: a classifier that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="roop-screen", daemon=True)

    @property
    def submitted(self) -> int:
        """Number of images submitted to the classifiers."""
        return self._submitted

    @property
    def passed(self) -> bool:
        """True if every image submitted so far has passed."""
        return self._error is None and self._passed == self._submitted

    def new_sampler(self) -> Sampler:
        """Start a new range of frames, the first of which is screened in any case.

        Returns:
            The new range's sampler, which counts its screened frames.
        """
        self._sampler, self._changed_sampler = Sampler(), Sampler()
        return self._sampler

    def submit_photo(self, pixels: Pixels, name: str) -> None:
        """Submit an upright RGB photo; ``name`` is used in messages."""
        self.submit_picture(StoredFrame(pixels), name)

    def submit_picture(self, frame: Frame, name: str) -> None:
        """Submit any one frame, as viewers show it; ``name`` is used in messages."""
        self._enqueue(_Sample(tuple(views_of(frame)), name, None))

    def submit_frame(self, frame: Frame, name: str, *, still: bool) -> SubmittedFrame:
        """Submit the next frame of the target, before it is changed; sampled frames are screened.

        Args:
            frame: A frame of the job's target; frames must come in order and without gaps since
                the start or the last ``new_sampler``.
            name: The target's name, for messages.
            still: True if the target is a single image.

        Returns:
            What ``submit_closer`` and ``submit_changed`` need to know of the frame.

        Raises:
            RefusedError: An image submitted so far is refused.
            ModelError: The screen cannot run.
            CancelledError: The job was cancelled.
        """
        self._check()
        copy, time = SmallCopy.of(frame), frame.pts * frame.time_base
        shown = None if still else time
        selected = self._sampler.selects_copy(copy, time)
        if selected:
            self._enqueue(_Sample(tuple(views_of(frame)), name, shown))
        closer = selected and self._sampler.selected % _CLOSER_EVERY == 1
        return SubmittedFrame(copy, closer, name, shown)

    def submit_closer(self, known: SubmittedFrame, frame: Frame, faces: Sequence[Face]) -> None:
        """Submit what is below the faces of a submitted frame, if it is that one's turn."""
        views = tuple(closer_views(frame, faces)) if known.closer else ()
        if views:
            self._enqueue(_Sample(views, known.name, known.time))

    def submit_changed(self, known: SubmittedFrame, frame: Frame) -> None:
        """Submit a frame after the processors, if they made another picture of it.

        Args:
            known: What ``submit_frame`` returned for it.
            frame: The frame as it will be written.
        """
        copy, time = SmallCopy.of(frame), frame.pts * frame.time_base
        if copy.distance(known.copy).exceeds(EDITED) and self._changed_sampler.selects_copy(
            copy, time
        ):
            self._sampler.selected += 1
            self._enqueue(_Sample(tuple(views_of(frame)), known.name, known.time))

    def wait_for_verdicts(self, timeout_s: float = VERDICT_TIMEOUT_S) -> None:
        """Wait until every image submitted so far has passed.

        Args:
            timeout_s: How long a single verdict may take.

        Raises:
            RefusedError: An image is refused.
            ModelError: The screen cannot run, or a verdict took too long.
            CancelledError: The job was cancelled.
        """
        with self._condition:
            passed, since = self._passed, time.monotonic()
            while self._passed < self._submitted or self._error is not None:
                self._check()
                if self._passed > passed:
                    passed, since = self._passed, time.monotonic()
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
        with suppress(queue.Full):
            self._samples.put_nowait(None)  # wakes the thread
        self._thread.join(VERDICT_TIMEOUT_S if self._error is None else _EXIT_TIMEOUT_S)
        if self._error is not None:
            self._error = _screen_stopped()  # the other one refers to what holds this screen

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
        """Run the thread; if it ends for any reason, leave an error for the job."""
        error: RoopError = _screen_stopped()
        try:
            self._classify_samples()
        except RoopError as known:
            error = known
        except BaseException as unknown:
            error.__cause__ = unknown
        with self._condition:
            self._error = self._error or error
            self._condition.notify_all()

    def _classify_samples(self) -> None:
        while not self._done.is_set():
            try:
                sample = self._samples.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            if sample is None:
                return
            for view in sample.views:
                finding = refused_finding(self._classifiers, view)
                if finding is not None:
                    raise _refusal(sample, finding)
            with self._condition:
                self._passed += 1
                self._condition.notify_all()


def refused_finding(classifiers: Classifiers, view: View) -> Finding | None:
    """Return why a view refuses its image, None if it does not."""
    finding = classifiers.detect(view.pixels)
    if finding is None or view.plain or finding.score >= _LEAST_OF_OTHERS:
        return finding
    return None


def _refusal(sample: _Sample, finding: Finding) -> RefusedError:
    return RefusedError(
        f"{sample.name} shows {finding.label}{_timestamp(sample.time)} ({finding.score:.0%} sure)",
        hint="roop does not accept images that show nudity: choose others",
    )


def _screen_stopped() -> ModelError:
    return ModelError(
        "the screen for nudity has stopped, and roop makes nothing without it",
        hint="run `roop doctor`; if it finds no problem, report this with --debug",
    )


def _timestamp(time: Fraction | None) -> str:
    if time is None:
        return ""
    seconds = max(0, int(time))
    return f" in frame {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
