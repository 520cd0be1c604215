"""One face on the move: where it is, and for how long it has not been seen."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.mesher import FittedMesh, square_of
from roop.faces.mesh.smoothing import View, smoothed
from roop.geometry import Square
from roop.types import Mesh

HOLD = 8
"""Frames that a lost face is held for, its last motion carried on."""

FADE = 4
"""Frames in which it then fades out."""

_SMALL = (24, 24)
"""Size in which two views are compared, pixels."""

SAME_PLACE = 0.5
"""Correlation of what was seen of a face with what is seen there now, below which it is gone."""

_ALIKE = 0.8
"""Correlation of what was seen with what is seen now, below which it may be somebody else."""


@dataclass(slots=True)
class Track:
    """One person on the move."""

    number: int
    mesh: Mesh
    view: View
    score: float
    motion: np.ndarray = field(default_factory=lambda: np.zeros(2, np.float32))
    """Pixels per frame, of the whole face."""
    lost: int = 0
    """Frames since it was last seen."""
    fresh: bool = True
    """True on its first frame and when it comes back after having faded."""
    doubtful: bool = True
    """True if somebody else may have taken its place since the frame before."""
    back: bool = False
    """True on the first frame after it was lost for a moment: it may still be half hidden."""
    covered: bool = False
    """True while it is lost and another face is where it should be."""

    @property
    def opacity(self) -> float:
        """How much of a swap to show, 0..1."""
        if self.covered:
            return 0.0
        return min(max(1 - (self.lost - HOLD) / (FADE + 1), 0.0), 1.0)

    @property
    def gone(self) -> bool:
        """True if it was lost for too long to be the same person's next time."""
        return self.lost > HOLD + FADE

    @property
    def height(self) -> float:
        """Of the face, pixels."""
        return float(np.ptp(self.mesh[:, 1]))

    def square(self, frames: int) -> Square:
        """Return where to look ``frames`` later."""
        square = square_of(self.mesh)
        dx, dy = self.motion * frames
        return Square(square.cx + float(dx), square.cy + float(dy), square.side, square.angle)

    def likeness(self, view: View) -> float:
        """Return the correlation of what is seen now with what was seen last, -1..1."""
        now, then = (
            cv2.resize(v.grey, _SMALL, interpolation=cv2.INTER_AREA) for v in (view, self.view)
        )
        return correlation(now, then)

    def see(self, laid: FittedMesh, view: View, *, likeness: float, cut: bool, frames: int) -> None:
        """Go on to where the face is now.

        Args:
            laid: The mesh there.
            view: What it was laid on.
            likeness: Of ``view``, as ``likeness`` says.
            cut: The picture may have been cut just before.
            frames: Since the last look, with this one.
        """
        before = self.mesh
        self.back = 0 < self.lost <= HOLD
        self.doubtful = self.lost > 0 or likeness < _ALIKE
        self.fresh = self.lost > HOLD or (cut and likeness < SAME_PLACE)
        anew = self.lost or likeness < SAME_PLACE
        self.mesh = laid.mesh if anew else smoothed(before, laid.mesh, self.view, view)
        moved = (self.mesh - before)[:, :2].mean(axis=0) / np.float32(frames)
        self.motion = np.zeros(2, np.float32) if self.lost else moved
        self.view, self.score, self.lost, self.covered = view, laid.score, 0, False

    def hold(self, frames: int) -> None:
        """Go on for ``frames`` without having been seen."""
        self.covered = False
        for _ in range(frames):
            self.mesh = self.mesh + np.append(self.motion, 0).astype(np.float32)
            self.motion = self.motion * 0.7
        self.lost += frames
        self.fresh = False

    def end(self) -> None:
        """Give up: there is nothing to hold on to."""
        self.lost = HOLD + FADE + 1


def correlation(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the correlation of two grey pictures of one size, -1..1."""
    return float(cv2.matchTemplate(one, other, cv2.TM_CCOEFF_NORMED)[0, 0])
