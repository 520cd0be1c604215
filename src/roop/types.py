"""The values every layer passes around. Frozen; imports nothing else from the package."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""``(H, W, 3)`` RGB, 0..255. Other layouts exist only inside ``media`` and ``models``."""

Alpha = NDArray[np.uint8]
"""``(H, W)``, 0 keeps the target's pixel exactly, 255 replaces it."""

Shades = NDArray[np.float32]
"""``(H, W)``, changes of brightness in steps of 255."""

Points = NDArray[np.float32]
"""``(N, 2)`` x, y in pixels of the frame; (0, 0) is the centre of the top-left pixel."""

Mesh = NDArray[np.float32]
"""``(468, 3)`` x, y, z in pixels of the frame; z grows away from the camera.

The points are those of MediaPipe's face mesh (Kartynnik et al., "Real-time Facial Surface Geometry
from Monocular Video on Mobile GPUs", 2019).
"""


Warn = Callable[[str], object]
"""Takes one plain sentence for the person who runs the job."""


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
        """The box's rows of a picture."""
        return slice(self.y0, self.y1)

    @property
    def columns(self) -> slice:
        """The box's columns of a picture."""
        return slice(self.x0, self.x1)

    def evened(self) -> "Box":
        """Return the box grown to even coordinates, where pixels may share their colour."""
        return Box(self.x0 & ~1, self.y0 & ~1, self.x1 + (self.x1 & 1), self.y1 + (self.y1 & 1))

    def clipped(self, size: tuple[int, int]) -> "Box":
        """Return the part inside a picture of ``size`` (width, height); may be empty."""
        width, height = size
        x0, y0 = min(max(self.x0, 0), width), min(max(self.y0, 0), height)
        return Box(x0, y0, max(x0, min(self.x1, width)), max(y0, min(self.y1, height)))


class Frame(Protocol):
    """One picture and its exact place in time, edited in place and only where the face is.

    Coordinates are those of the upright picture as a viewer shows it (container rotation and EXIF
    orientation applied); the pixels are kept as they were decoded.
    """

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, upright."""
        ...

    @property
    def pts(self) -> int:
        """Presentation time in units of ``time_base``; 0 for a still image."""
        ...

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick, exact."""
        ...

    def thumbnail(self, max_side: int, box: Box | None = None) -> Pixels:
        """Return a small RGB copy of the whole picture or of ``box`` in it.

        Args:
            max_side: Longest that its longer side may be, pixels; it is never enlarged.
            box: Must lie inside the picture; an even one is met exactly in any pixel format.
        """
        ...

    def crop(self, box: Box) -> Pixels:
        """Return an RGB copy of ``box``, which must lie inside the picture."""
        ...

    def warped(self, to_frame: NDArray[np.float32], side: int) -> Pixels:
        """Return ``(side, side, 3)``: what a square that may stand askew shows, about.

        Pixels that the frame has more of than the square are averaged; beyond the frame it is
        black. The cost does not grow with what the square covers.

        Args:
            to_frame: ``(2, 3)``: leads from pixels of the square to the frame.
            side: Of the square, pixels.
        """
        ...

    def lightness(self, box: Box) -> NDArray[np.uint8]:
        """Return ``(box.height, box.width)``: about how light it is, 0..255.

        Luma, or the green of RGB, as it is stored. Costs a tenth of a crop. Only for reading:
        it may be the frame's own memory.

        Args:
            box: Must lie inside the picture.
        """
        ...

    def paste(self, box: Box, pixels: Pixels, alpha: Alpha) -> None:
        """Blend ``pixels`` into ``box``.

        A stored sample changes only if ``alpha`` is above 0 at a pixel that it covers.

        Args:
            box: Where; must lie inside the picture.
            pixels: ``(H, W, 3)`` RGB, at most of the box's size; enlarged to it.
            alpha: ``(box.height, box.width)``.
        """
        ...

    def shade(self, box: Box, steps: Shades) -> None:
        """Make pixels of ``box`` a little lighter or darker, without changing their colour.

        A stored sample changes only where ``steps`` is not 0. Costs a tenth of crop and paste.

        Args:
            box: Where; must lie inside the picture.
            steps: ``(box.height, box.width)``, added to brightness.
        """
        ...

    def enlarge(self, factor: int) -> None:
        """Make the picture ``factor`` times as wide and as high, by interpolation."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of one frame."""

    mesh: Mesh
    score: float
    """Confidence that ``mesh`` lies on a face, 0..1."""
    track: int = 0
    """Which person of the stream this is; the same number in later frames."""
    fresh: bool = True
    """True on the first frame of a track and after a cut: nothing remembered applies."""
    opacity: float = 1.0
    """How much of the swap to show, 0..1; below 1 while a lost track fades out."""
    identity: int = 0
    """Which of the job's identities it is given."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedFrame:
    """A frame and what is known about it: the one value that flows through a pipeline."""

    frame: Frame
    faces: Sequence[Face] = ()
    """Those that are to be replaced."""
    seen: int = 0
    """Faces in sight, whether they are to be replaced or not."""


@dataclass(frozen=True, slots=True, eq=False)
class Portrait:
    """One source photo with its face."""

    pixels: Pixels
    mesh: Mesh


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """Who is put into the target: what was taken from the source photos."""

    portraits: tuple[Portrait, ...]
    """At least one; the first is the main one."""
