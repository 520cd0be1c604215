"""The order in which the faces of a frame are numbered, and which of them are in front."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from roop.options import FaceOrder
from roop.types import Mesh

_FAR_BEHIND = 0.25
"""Height of a face against the largest one's below which it belongs to the background of a
portrait."""

_SORT_KEYS: dict[FaceOrder, Callable[[Mesh], float]] = {
    "left-right": lambda mesh: float(mesh[:, 0].mean()),
    "right-left": lambda mesh: -float(mesh[:, 0].mean()),
    "top-bottom": lambda mesh: float(mesh[:, 1].mean()),
    "bottom-top": lambda mesh: -float(mesh[:, 1].mean()),
    "large-small": lambda mesh: -float(np.ptp(mesh[:, 1])),
}


def sort_faces(meshes: Iterable[Mesh], order: FaceOrder) -> list[Mesh]:
    """Return the meshes of a frame's faces in ``order``: their positions count from 0."""
    return sorted(meshes, key=_SORT_KEYS[order])


def faces_in_front(meshes: Sequence[Mesh]) -> list[int]:
    """Return the numbers of the faces of a portrait, without people far behind."""
    heights = [float(np.ptp(mesh[:, 1])) for mesh in meshes]
    least = _FAR_BEHIND * max(heights, default=0.0)
    return [number for number, height in enumerate(heights) if height >= least]
