"""The order in which the faces of a frame are numbered."""

from collections.abc import Callable, Iterable

import numpy as np

from roop.options import FaceOrder
from roop.types import Mesh

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
