"""The contract of every format: what a reader and a writer do."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

from roop.media.target_file import TargetFile
from roop.types import Frame


@dataclass(frozen=True, slots=True)
class Marks:
    """What an output carries so that nobody takes it for a recording."""

    note: str
    """One sentence, appended to the comment of the target's container."""
    write: Callable[[Path], None]
    """Add the marks to a complete file, in place, before it gets its final name."""


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """What is known about a target before its first frame is read."""

    file: TargetFile
    """The file as it was before it was opened."""
    kind: Literal["image", "animation", "video"]
    size: tuple[int, int]
    """(width, height) of an upright frame, pixels."""
    frames: int | None
    """Number of frames after trimming; an estimate for some videos, None if unknown."""
    fps: Fraction | None
    """Average frame rate; None for a still image."""
    duration_s: float | None
    """After trimming; None for a still image."""
    codec: str
    """FFmpeg's or Pillow's name of the format, e.g. ``h264`` or ``PNG``."""
    pixel_format: str
    """FFmpeg's or Pillow's name of the pixel layout, e.g. ``yuv420p10le`` or ``RGBA``."""

    @property
    def path(self) -> Path:
        """The file's path."""
        return self.file.path


class Reader(AbstractContextManager["Reader", None], Protocol):
    """Yields the frames of one target in presentation order. Can be iterated over once."""

    @property
    def info(self) -> TargetInfo:
        """What is known about the target before its frames are read."""
        ...

    @property
    def damaged(self) -> int:
        """Number of frames or packets skipped so far because they could not be decoded."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...


class Writer(AbstractContextManager["Writer", None], Protocol):
    """Takes the frames of one output in presentation order.

    Leaving the context without an error completes the file and gives it its final name; leaving it
    with an error removes what was written.
    """

    def write(self, frame: Frame) -> None:
        """Encode ``frame``, which comes from the reader that this writer was opened for."""
        ...
