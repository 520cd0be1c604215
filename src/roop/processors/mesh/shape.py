"""Give the target's mesh the shape of the source's face and leave it its own expression."""

import numpy as np
from numpy.typing import NDArray

from roop.faces.topology import (
    INNER_LIPS,
    LEFT_BROW,
    LEFT_EYE,
    OUTER_LIPS,
    OVAL,
    RIGHT_BROW,
    RIGHT_EYE,
    Topology,
)
from roop.geometry import Similarity, fit_similarity
from roop.types import Mesh

Shape = NDArray[np.float64]
"""``(468, 3)``: a mesh without its pose, in the units of ``Topology.mean``."""

_EDGE = 0.25
"""Distance from the outline over which the change of shape fades in, eye distances."""

_SMOOTHING = 8
"""Rounds of averaging over neighbours."""

_MEMORY = 60
"""Frames over which the target's own shape is averaged."""


class ShapeSpace:
    """Knows which points are bone, which move as groups and which must stay."""

    def __init__(self, topology: Topology) -> None:
        self._mean = topology.mean.astype(np.float64)
        self._rigid = _rigid_weights(self._mean)
        self._operator = _difference_operator(topology)

    def pose(self, mesh: Mesh) -> Similarity:
        """Return what moves the mean face onto ``mesh``."""
        return fit_similarity(self._mean, mesh, self._rigid)

    def shape(self, mesh: Mesh) -> Shape:
        """Return ``mesh`` without its pose."""
        return self.pose(mesh).invert(mesh)

    def difference(self, source: Shape, target: Shape) -> Shape:
        """Return how to move the target's points towards the source's shape.

        Nothing moves at the outline; lids, brows and lips move and grow as wholes, so that what they
        express stays the target's.
        """
        moved: Shape = self._operator @ (source - target)
        return moved


class TargetShape:
    """The shape of one target face, averaged over the frames in which its expression changes."""

    def __init__(self) -> None:
        self._count = 0
        self.value: Shape = np.zeros((468, 3))

    def update(self, shape: Shape) -> Shape:
        """Take one more frame into account and return the average."""
        self._count = min(self._count + 1, _MEMORY)
        self.value = self.value + (shape - self.value) / self._count
        return self.value


def _rigid_weights(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh the points that no expression moves: forehead, temples, bridge of the nose."""
    weights = (mean[:, 1] < 0.3).astype(np.float64)
    weights[[*RIGHT_BROW, *LEFT_BROW]] = 0.0
    weights[[*RIGHT_EYE, *LEFT_EYE]] = 0.0
    weights[[33, 133, 263, 362]] = 2.0
    return weights


def _difference_operator(topology: Topology) -> NDArray[np.float64]:
    """Return the ``(468, 468)`` matrix of ``ShapeSpace.difference``."""
    mean = topology.mean.astype(np.float64)
    count = len(mean)
    operator = np.eye(count)
    groups = (
        [*RIGHT_EYE, *_lid_neighbours(topology, RIGHT_EYE)],
        [*LEFT_EYE, *_lid_neighbours(topology, LEFT_EYE)],
        list(RIGHT_BROW),
        list(LEFT_BROW),
        [*OUTER_LIPS, *INNER_LIPS],
    )
    fixed = np.zeros(count, bool)
    for group in groups:
        operator[group] = 0.0
        operator[np.ix_(group, group)] = _as_whole(len(group))
        fixed[group] = True
    operator = _smoothed(operator, topology, fixed)
    return _edge_weights(mean)[:, None] * operator


def _as_whole(count: int) -> NDArray[np.float64]:
    """Return the projection of ``count`` displacements onto their common one."""
    return np.full((count, count), 1 / count)


def _lid_neighbours(topology: Topology, eye: tuple[int, ...]) -> list[int]:
    touching = topology.triangles[np.isin(topology.triangles, eye).any(axis=1)]
    return sorted(set(touching.ravel().tolist()) - set(eye))


def _smoothed(
    operator: NDArray[np.float64], topology: Topology, fixed: NDArray[np.bool_]
) -> NDArray[np.float64]:
    neighbours = np.eye(len(operator))
    for triangle in topology.triangles:
        neighbours[np.ix_(triangle, triangle)] = 1.0
    neighbours /= neighbours.sum(axis=1, keepdims=True)
    smoothed = operator
    for _ in range(_SMOOTHING):
        smoothed = np.where(fixed[:, None], operator, neighbours @ smoothed)
    return smoothed


def _edge_weights(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    outline = mean[list(OVAL), :2]
    distance = np.linalg.norm(mean[:, None, :2] - outline[None], axis=2).min(axis=1)
    t = np.clip(distance / _EDGE, 0, 1)
    weights: NDArray[np.float64] = t * t * (3 - 2 * t)
    return weights
