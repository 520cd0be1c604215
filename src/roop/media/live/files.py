"""Save live frames: recordings that begin and end while the camera runs, and snapshots."""

import time
from collections.abc import Callable
from pathlib import Path

from typing_extensions import override

from roop.context_managers import Transaction
from roop.errors import RoopError
from roop.media.live.recorder import LiveRecorder
from roop.types import Frame

_WAITING = 60
"""Frames that may wait: two seconds, for an encoder to open."""

_NAME = Path("roop-live.mp4")
"""Name of files if the person gave none; the time is added."""


class LiveFiles(Transaction):
    """Records frames and takes snapshots, as told before each frame. Implements ``FrameSink``.

    Args:
        first: The recording to begin with; None for none.
        path: The recording's name; later ones get the time added.
        open_recorder: Opens another recording.
        save_image: Writes a snapshot, marks included.
        wanted: Returns whether to record, and how many snapshots were asked for so far.
        note: Receives a line for each file.
    """

    name = "recording"
    period_s: float | None = None
    waiting = _WAITING

    def __init__(
        self,
        first: LiveRecorder | None,
        path: Path | None,
        open_recorder: Callable[[Path], LiveRecorder],
        *,
        save_image: Callable[[Path, Frame], None],
        wanted: Callable[[], tuple[bool, int]],
        note: Callable[[str], None],
    ) -> None:
        self._recorder = first
        self._path = path or _NAME
        self._recording = self._path
        self._open_recorder = open_recorder
        self._save_image = save_image
        self._wanted = wanted
        self._note = note
        self._snapshots = 0
        self._failed = False
        self.saved: list[Path] = []
        """Complete files, in order."""

    def show(self, frame: Frame | None) -> None:
        """Save a frame where it is wanted.

        Raises:
            DiskFullError: The disk is full.
            MediaError: The recording cannot be written.
        """
        recording, snapshots = self._wanted()
        if frame is None:
            return
        if snapshots > self._snapshots:
            self._snapshots = snapshots
            self._save(frame)
        if recording and self._recorder is None and not self._failed:
            self._begin()
        if not recording:
            self._failed = False
            self._end()
        if self._recorder is not None:
            self._recorder.write(frame)

    @override
    def commit(self) -> None:
        """Complete the recording."""
        self._end()

    @override
    def discard(self) -> None:
        """Remove a recording that is not complete."""
        if self._recorder is not None:
            self._recorder.discard()
            self._recorder = None

    def _begin(self) -> None:
        self._recording = _dated(self._path, self._path.suffix)
        try:
            self._recorder = self._open_recorder(self._recording)
        except RoopError as error:
            self._failed = True
            self._note(f"not recording: {error}")
        else:
            self._note(f"recording to {self._recording}")

    def _end(self) -> None:
        if self._recorder is None:
            return
        recorder, self._recorder = self._recorder, None
        with recorder:
            pass
        if self._recording.exists():
            self.saved.append(self._recording)
            self._note(f"recorded {self._recording}")

    def _save(self, frame: Frame) -> None:
        path = _dated(self._path, ".png")
        try:
            self._save_image(path, frame)
        except RoopError as error:
            self._note(f"no snapshot: {error}")
        else:
            self.saved.append(path)
            self._note(f"snapshot {path}")


def _dated(path: Path, suffix: str) -> Path:
    """Return a name that is free, with the time."""
    stem = f"{path.stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    found, number = path.with_name(stem + suffix), 2
    while found.exists():
        found, number = path.with_name(f"{stem}-{number}{suffix}"), number + 1
    return found
