"""What a reader and a writer are: the contract of every format."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

from roop.types import Frame


@dataclass(frozen=True, slots=True)
class Marks:
    """What an output carries so that it can be told from a recording."""

    note: str
    """A plain sentence for the container's comment, put after the target's own."""
    seal: Callable[[Path], None]
    """Gets the complete file before it has its name, and may change it in place."""


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """What is known about a target before its first frame is read."""

    path: Path
    kind: Literal["image", "animation", "video"]
    size: tuple[int, int]
    """(width, height) of the upright picture."""
    frames: int | None
    """Frames to be read, after trimming; an estimate for some videos, None if unknown."""
    fps: Fraction | None
    """Average frame rate; None for a still image."""
    duration_s: float | None
    """After trimming; None for a still image."""
    codec: str
    """FFmpeg's or Pillow's name of the format, e.g. ``h264`` or ``PNG``."""
    pixel_format: str
    """FFmpeg's or Pillow's name of the pixel layout, e.g. ``yuv420p10le`` or ``RGBA``."""


class Reader(Protocol):
    """Yields the frames of one target in presentation order. A context manager; read once."""

    @property
    def info(self) -> TargetInfo:
        """What is known about the target."""
        ...

    @property
    def damaged(self) -> int:
        """Frames (or packets) skipped so far because they could not be decoded."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Writer(Protocol):
    """Takes the frames of one output in presentation order.

    A context manager: leaving it without an error completes the file and gives it its final name;
    leaving it with one removes whatever was written.
    """

    def write(self, frame: Frame) -> None:
        """Encode ``frame``, which came from the reader this writer was opened for."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
