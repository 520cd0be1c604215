"""The track of one face: its position, its motion, and for how long it has been lost."""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.mesher import FittedMesh, face_square
from roop.faces.mesh.smoothing import GreyCrop, smooth_mesh
from roop.geometry import Square
from roop.types import Gaze, Mesh

HOLD = 8
"""Frames for which a lost face is held at full opacity, its last motion continued."""

FADE = 4
"""Frames over which it fades out after that."""

_COMPARED_SIZE = (24, 24)
"""Size at which two crops are compared, pixels."""

SAME_APPEARANCE = 0.5
"""Correlation of two crops below which a face is no longer there."""

_SURELY_SAME = 0.8
"""Correlation of two crops below which the face may be another person's."""


@dataclass(slots=True)
class Track:
    """One face of a stream."""

    number: int
    mesh: Mesh
    crop: GreyCrop
    score: float
    gaze: Gaze | None = None
    """Where its eyes look; None if the network does not tell."""
    motion: np.ndarray = field(default_factory=lambda: np.zeros(2, np.float32))
    """``(2,)``: of the whole face, pixels per frame."""
    lost: int = 0
    """Frames since the face was last found; 0 while it is in sight."""
    fresh: bool = True
    """True on its first frame, and when it comes back after it has faded."""
    uncertain: bool = True
    """True if another person may have taken its place since the previous frame."""
    reappeared: bool = False
    """True on the first frame after a short loss: the face may still be half hidden."""
    occluded: bool = False
    """True while it is lost and another face is in its place."""

    @property
    def opacity(self) -> float:
        """How much of a swap to show, 0..1."""
        if self.occluded:
            return 0.0
        return min(max(1 - (self.lost - HOLD) / (FADE + 1), 0.0), 1.0)

    @property
    def gone(self) -> bool:
        """True once it has been lost for too long to be resumed."""
        return self.lost > HOLD + FADE

    @property
    def height(self) -> float:
        """Height of the face, pixels."""
        return float(np.ptp(self.mesh[:, 1]))

    def square(self, frames: int) -> Square:
        """Return where to expect the face ``frames`` frames later."""
        square = face_square(self.mesh)
        dx, dy = self.motion * frames
        return Square(square.cx + float(dx), square.cy + float(dy), square.side, square.angle)

    def similarity(self, crop: GreyCrop) -> float:
        """Return the correlation of ``crop`` with the last one of this face, -1..1."""
        current, last = (
            cv2.resize(c.pixels, _COMPARED_SIZE, interpolation=cv2.INTER_AREA)
            for c in (crop, self.crop)
        )
        return correlation(current, last)

    def update(
        self, fitted: FittedMesh, crop: GreyCrop, *, similarity: float, cut: bool, frames: int
    ) -> None:
        """Move to where the face was found in the current frame.

        Args:
            fitted: The mesh there.
            crop: What the mesh was fitted to.
            similarity: Of ``crop``, as returned by ``similarity``.
            cut: Whether there may be a cut just before the frame.
            frames: Frames since the last update, this one included.
        """
        previous = self.mesh
        self.reappeared = 0 < self.lost <= HOLD
        self.uncertain = self.lost > 0 or similarity < _SURELY_SAME
        self.fresh = self.lost > HOLD or (cut and similarity < SAME_APPEARANCE)
        if self.lost or similarity < SAME_APPEARANCE:
            self.mesh = fitted.mesh
        else:
            self.mesh = smooth_mesh(previous, fitted.mesh, self.crop, crop)
        motion = (self.mesh - previous)[:, :2].mean(axis=0) / np.float32(frames)
        self.motion = np.zeros(2, np.float32) if self.lost else motion
        self.crop, self.score, self.gaze = crop, fitted.score, fitted.gaze
        self.lost, self.occluded = 0, False

    def hold(self, frames: int) -> None:
        """Continue for ``frames`` frames in which the face was not found."""
        self.occluded = False
        for _ in range(frames):
            self.mesh = self.mesh + np.append(self.motion, 0).astype(np.float32)
            self.motion = self.motion * 0.7
        self.lost += frames
        self.fresh = False

    def end(self) -> None:
        """End the track at once, without a fade."""
        self.lost = HOLD + FADE + 1


def correlation(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the correlation of two grey images of the same size, -1..1."""
    return float(cv2.matchTemplate(one, other, cv2.TM_CCOEFF_NORMED)[0, 0])
