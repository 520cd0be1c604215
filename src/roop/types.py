"""The values that all layers pass around: frozen, and independent of the rest of the package."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""``(H, W, 3)`` RGB, 0..255. Other layouts exist only inside ``media`` and ``models``."""

Alpha = NDArray[np.uint8]
"""``(H, W)``: 0 keeps the target's pixel exactly, 255 replaces it."""

Shades = NDArray[np.float32]
"""``(H, W)``, changes of brightness in steps of 255."""

Points = NDArray[np.float32]
"""``(N, 2)`` x, y in pixels of the frame; (0, 0) is the centre of the top-left pixel."""

Mesh = NDArray[np.float32]
"""``(468, 3)`` x, y, z in pixels of the frame; z grows away from the camera.

The points are those of MediaPipe's face mesh (Kartynnik et al., "Real-time Facial Surface Geometry
from Monocular Video on Mobile GPUs", 2019).
"""


Gaze = NDArray[np.float32]
"""``(2, 2)``: for the person's right and left eye, the offset of the iris from the middle between
the corners, along the line through the corners and across it, in eye widths."""


Transfer = Literal["sdr", "pq", "hlg"]
"""How stored values become light: as on usual displays, or in one of the two ways of HDR."""

Warn = Callable[[str], object]
"""Takes a one-line warning for the user."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels: ``x0 <= x < x1``, ``y0 <= y < y1``."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self.y1 - self.y0

    @property
    def rows(self) -> slice:
        """The rows of the box, as an index."""
        return slice(self.y0, self.y1)

    @property
    def columns(self) -> slice:
        """The columns of the box, as an index."""
        return slice(self.x0, self.x1)

    def evened(self) -> "Box":
        """Return the box grown to even coordinates, so that no chroma sample is split."""
        return Box(self.x0 & ~1, self.y0 & ~1, self.x1 + (self.x1 & 1), self.y1 + (self.y1 & 1))

    def clipped(self, size: tuple[int, int]) -> "Box":
        """Return the part inside a frame of ``size`` (width, height); may be empty."""
        width, height = size
        x0, y0 = min(max(self.x0, 0), width), min(max(self.y0, 0), height)
        return Box(x0, y0, max(x0, min(self.x1, width)), max(y0, min(self.y1, height)))


class Frame(Protocol):
    """One frame with its exact time. Its pixels are edited in place.

    Coordinates are upright, that is, after container rotation and EXIF orientation; the pixels stay
    as they were decoded.
    """

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, upright."""
        ...

    @property
    def still(self) -> bool:
        """True for a photo: no other frame shows what this one hides."""
        ...

    @property
    def pts(self) -> int:
        """Presentation time in units of ``time_base``; 0 for a still image."""
        ...

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick, exact."""
        ...

    @property
    def pixel_aspect(self) -> float:
        """Width by height of a pixel as it is displayed, upright."""
        ...

    @property
    def transfer(self) -> Transfer:
        """How the stored values become light."""
        ...

    def thumbnail(self, max_side: int, box: Box | None = None) -> Pixels:
        """Return a small RGB copy of the frame or of ``box``.

        Args:
            max_side: Largest width and height in pixels; the copy is never enlarged.
            box: Must lie inside the frame. Exact in any pixel format if its coordinates are even.
        """
        ...

    def managed(self, pixels: Pixels) -> Iterator[Pixels]:
        """Yield ``pixels`` of a thumbnail as viewers with colour management show them, if other."""
        ...

    def fields(self, max_side: int) -> Iterator[Pixels]:
        """Yield a ``thumbnail`` of each half of the rows, if viewers may show them in turn."""
        ...

    def crop(self, box: Box) -> Pixels:
        """Return an RGB copy of ``box``, which must lie inside the frame."""
        ...

    def warped(self, to_frame: NDArray[np.float32], side: int) -> Pixels:
        """Return the approximate ``(side, side, 3)`` pixels of a square, which may be rotated.

        Where it shrinks the frame, pixels are averaged; outside of the frame it is black. The cost
        does not depend on the area that the square covers.

        Args:
            to_frame: ``(2, 3)``, maps coordinates of the square to those of the frame.
            side: Width and height of the square, pixels.
        """
        ...

    def lightness(self, box: Box) -> NDArray[np.uint8]:
        """Return the approximate brightness, ``(box.height, box.width)``, 0..255.

        It is luma, or green in RGB formats, as stored, and takes a tenth of the time of a crop. Do
        not write to it: it may share the memory of the frame.

        Args:
            box: Must lie inside the frame.
        """
        ...

    def paste(self, box: Box, pixels: Pixels, alpha: Alpha) -> None:
        """Blend ``pixels`` into ``box``.

        A stored sample changes only if ``alpha`` is above 0 at a pixel that it covers.

        Args:
            box: Must lie inside the frame.
            pixels: ``(H, W, 3)`` RGB, enlarged if smaller than the box.
            alpha: ``(box.height, box.width)``.
        """
        ...

    def opacity(self, max_side: int) -> Alpha | None:
        """Return the opacity of a ``thumbnail`` of the same ``max_side``; None if it is all opaque.

        A ``thumbnail`` and a ``crop`` show the colours even where nobody can see them.
        """
        ...

    def make_opaque(self, box: Box, alpha: Alpha) -> None:
        """Raise the opacity of ``box`` to ``alpha`` where it is lower.

        Args:
            box: Must lie inside the frame.
            alpha: ``(box.height, box.width)``.
        """
        ...

    def shade(self, box: Box, steps: Shades) -> None:
        """Make pixels of ``box`` lighter or darker without changing their colour.

        A stored sample changes only where ``steps`` is not 0. Takes a tenth of the time of a crop
        and a paste.

        Args:
            box: Must lie inside the frame.
            steps: ``(box.height, box.width)``, added to brightness.
        """
        ...

    def enlarge(self, factor: int) -> None:
        """Enlarge the frame to ``factor`` times its width and height, by interpolation."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of one frame."""

    mesh: Mesh
    score: float
    """Confidence that ``mesh`` is a face, 0..1."""
    track: int = 0
    """Number of the person's track, the same in later frames."""
    fresh: bool = True
    """True on the first frame of a track and after a cut, when earlier frames tell nothing."""
    opacity: float = 1.0
    """Opacity of the swap, 0..1; below 1 while a lost track fades out."""
    identity: int = 0
    """Index of the identity, among those of the job, that replaces it."""
    gaze: Gaze | None = None
    """Where the eyes look; None if the network does not tell."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedFrame:
    """A frame and its faces: the value that flows through the pipeline."""

    frame: Frame
    faces: Sequence[Face] = ()
    """The faces to replace."""
    faces_in_sight: int = 0
    """Number of faces in the frame, whether to be replaced or not."""


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """One source photo with its face."""

    pixels: Pixels
    mesh: Mesh
    gaze: Gaze | None = None
    """Where the eyes look; None if the network does not tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """The person who is put into the target, as shown in the source photos."""

    portraits: tuple[Portrait, ...]
    """One per source photo; the first is the main one."""
