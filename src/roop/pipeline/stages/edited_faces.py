"""The faces that the processors changed, found by the difference of the frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from roop.geometry import bounds
from roop.types import Box, Face, Frame, Mesh, Pixels

_SIDE = 32
"""Longest side of the copies that are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceCopies:
    """The faces of a frame before the processors, which may return what they like about them."""

    size: tuple[int, int]
    faces: tuple[Face, ...]
    """With meshes of their own."""
    pixels: tuple[Pixels | None, ...]
    """A small copy of each face, None if it is outside of the frame."""

    @classmethod
    def of(cls, frame: Frame, faces: Sequence[Face]) -> "FaceCopies":
        """Copy the faces of a frame."""
        own = tuple(replace(face, mesh=face.mesh.copy()) for face in faces)
        return cls(frame.size, own, tuple(_small(frame, face.mesh) for face in own))

    def to_mark(self, frame: Frame, claimed: Sequence[Face]) -> list[Face]:
        """Return the faces to mark in the changed frame, in its coordinates.

        Args:
            frame: The same frame, which may have been enlarged.
            claimed: The faces that the last processor returned. They can add to the faces that
                were changed, but take none away.
        """
        enlarged = frame.size != self.size
        scale = np.float32(frame.size[0] / self.size[0])
        own = [replace(f, mesh=f.mesh * scale) if enlarged else f for f in self.faces]
        boxes = [bounds(face.mesh[:, :2]) for face in own]
        centres = [face.mesh[:, :2].mean(axis=0).tolist() for face in claimed]
        marked = [
            face
            for face, box, before in zip(own, boxes, self.pixels, strict=True)
            if any(_inside(centre, box) for centre in centres)
            or (before is not None and (enlarged or _differs(before, _small(frame, face.mesh))))
        ]
        return marked + [
            face
            for face, centre in zip(claimed, centres, strict=True)
            if not any(_inside(centre, box) for box in boxes)
        ]


def _small(frame: Frame, mesh: Mesh) -> Pixels | None:
    box = bounds(mesh[:, :2]).evened().clipped(frame.size)
    return frame.thumbnail(_SIDE, box) if box.width and box.height else None


def _differs(before: Pixels, after: Pixels | None) -> bool:
    return after is None or before.shape != after.shape or bool((before != after).any())


def _inside(point: Sequence[float], box: Box) -> bool:
    return box.x0 <= point[0] < box.x1 and box.y0 <= point[1] < box.y1
