"""Give the target's mesh the shape of the source's face and leave it its own expression."""

import math

import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.topology import (
    LEFT_BROW,
    LEFT_CREASE,
    LEFT_EYE,
    OVAL,
    RIGHT_BROW,
    RIGHT_CREASE,
    RIGHT_EYE,
    Topology,
)
from roop.geometry import Similarity, fit_similarity
from roop.processors.mesh.expression.eyes import Eyes
from roop.types import Mesh

Shape = NDArray[np.float64]
"""``(468, 3)``: a mesh without its pose, in the units of ``Topology.mean``."""

Opening = NDArray[np.float64]
"""``(2,)``: how far the right and the left eye are open, in eye distances."""

Matrix468 = NDArray[np.float64]
"""``(468, 468)``: turns the difference of two shapes into what each point moves by."""

_EDGE = 0.035
"""Distance from the outline over which the change of shape fades in, eye distances."""

_ROUNDS = 1
"""Rounds of averaging over neighbours, so that no triangle folds over."""

_MEMORY = 90
"""Frames over which the target's own shape is averaged."""

_INTO_LIPS = 0.2
"""Share of a lip's thickness by which its inner border is drawn in."""

_SHUT = 0.45
"""The mesh never shuts an eye quite: what is left of its usual opening when it really is shut."""

_USUALLY_OPEN = 0.085
"""Opening of an eye, in eye distances, of which nothing is known yet: a photo may show it shut."""

_DOUBTFUL, _OPEN = 0.78, 0.88
"""Openings, as shares of the usual one, below which an eye may be shut and above which it is not:
under glasses the mesh leaves a shut eye two thirds open."""

_USUAL_CONTRAST, _TELLING = 0.3, 0.2
"""Contrast of an iris of which nothing is known yet; one that is usually lower tells nothing."""

_COVERED, _SHOWN = 0.1, 0.4
"""Shares of its usual contrast below which an iris is covered, above which it shows."""

_CLEARLY_SHOWN, _NARROW = 0.6, 0.35
"""Share of its usual contrast from which on it certainly shows, and how far the eye is open then
at least: one that laughs is as narrow on the mesh as one that is shut."""

_LIGHT, _DARK = 0.11, 0.15
"""Darknesses between the lids below which there is no iris, above which there is one."""

_CONTRAST_GAIN = 0.1
"""Share of an open eye's contrast in what is usual."""

_LEAST = 1e-3
"""Opening, in eye distances, that is not divided by less of."""

_WIDEST = 1.25
"""Most that an eye opens beyond its usual opening."""

_TOUCHING, _PARTED = 0.015, 0.05
"""Gaps between the lips, in eye distances, that the mesh sees in a closed / a parted mouth."""

_UPPER_LIP = (
    (191, 80, 81, 82, 13, 312, 311, 310, 415),
    (183, 42, 41, 38, 12, 268, 271, 272, 407),
    (184, 74, 73, 72, 11, 302, 303, 304, 408),
    (185, 40, 39, 37, 0, 267, 269, 270, 409),
)
_LOWER_LIP = (
    (95, 88, 178, 87, 14, 317, 402, 318, 324),
    (96, 89, 179, 86, 15, 316, 403, 319, 325),
    (77, 90, 180, 85, 16, 315, 404, 320, 307),
    (146, 91, 181, 84, 17, 314, 405, 321, 375),
)
"""Rows of points from corner to corner: the inner border of a lip first, the outer one last."""

_CORNERS = (61, 78, 291, 308)
"""Outer and inner corners of the mouth."""

_MOUTH_AS_ONE = 0.6
"""How far the mouth moves as a whole: a smile of the source must not stay on pursed lips."""

_UPPER_LID = np.array([RIGHT_EYE[1:8], LEFT_EYE[7:0:-1]], np.intp)
_LOWER_LID = np.array([RIGHT_EYE[:8:-1], LEFT_EYE[9:]], np.intp)
"""Facing points of the lids, of the person's right and left eye."""

_UPPER_SHARE, _CREASE_SHARE = 0.7, 0.4
"""Share of an eye's opening and shutting that the upper lid does, and of its way the crease's."""

_CREASE = np.array([RIGHT_CREASE, LEFT_CREASE[::-1]], np.intp)
"""Points above the upper lid, each pulled along by the lid's point of the same place."""


class ShapeSpace:
    """Knows which points are bone, which express something, and which must stay."""

    def __init__(self, topology: Topology) -> None:
        self._mean = topology.mean.astype(np.float64)
        weights = _rigid_weights(self._mean)
        self._bone = np.flatnonzero(weights)
        self._rigid = weights[self._bone]
        operator = _difference_operator(topology).astype(np.float32)
        # A larger product would wake the threads of BLAS, which go on spinning for the next frame.
        self._operators = np.array_split(operator, 4)

    def pose(self, mesh: Mesh) -> Similarity:
        """Return what moves the mean face onto ``mesh``."""
        return fit_similarity(self._mean[self._bone], mesh[self._bone], self._rigid)

    def frontality(self, mesh: Mesh) -> float:
        """Return 1 for a face that looks at the camera, falling to 0 for one in profile."""
        return float(self.pose(mesh).rotation[2, 2])

    def shape(self, mesh: Mesh) -> Shape:
        """Return ``mesh`` without its pose."""
        return self.pose(mesh).invert(mesh)

    def difference(self, source: Shape, target: Shape) -> Shape:
        """Return what to move the target's points by to give it the source's shape.

        Nothing moves at the outline, and neither the mouth nor an eye opens or shuts by it.
        """
        difference = (source - target).astype(np.float32)
        moved: Shape = np.concatenate([rows @ difference for rows in self._operators])
        return moved


def without_teeth(mesh: Mesh) -> Mesh:
    """Return a source's mesh with the inner border of the lips drawn a little into the lips.

    The mesh is not exact enough to tell lip from teeth, and teeth must not stick to the lips.
    """
    drawn_in = mesh.copy()
    for inner, *_, outer in (_UPPER_LIP, _LOWER_LIP):
        drawn_in[list(inner)] += _INTO_LIPS * (mesh[list(outer)] - mesh[list(inner)])
    return drawn_in


class TargetShape:
    """What one target face looks like when it expresses nothing, learnt while it is watched."""

    def __init__(self) -> None:
        self._count = 0
        self._shape: Shape = np.zeros((468, 3))
        self._open = np.zeros(2)
        self._contrast = np.full(2, _USUAL_CONTRAST)

    def update(self, shape: Shape, eyes: Eyes, frames: int = 1) -> Shape:
        """Take a frame into account that stands for so many, and return the usual shape."""
        first = not self._count
        self._count = min(self._count + frames, _MEMORY)
        self._shape = self._shape + (shape - self._shape) * min(frames / self._count, 1)
        opening = eye_opening(shape)
        # The open eye is the usual one.
        gain = 1 - np.where(opening > self._open, 0.7, 0.99) ** frames
        if first:
            self._open = np.maximum(opening, _USUALLY_OPEN)
        self._open = self._open + gain * (opening - self._open)
        learnt = _CONTRAST_GAIN * (opening > _OPEN * self._open)
        self._contrast = self._contrast + learnt * (eyes.contrast - self._contrast)
        return self._shape

    def lids(self, shape: Shape, eyes: Eyes) -> Opening:
        """Return how far the eyes are open now, as shares of their usual opening, 0..1.25.

        Args:
            shape: The target's shape in this frame.
            eyes: What shows between its lids.
        """
        share = eye_opening(shape) / np.maximum(self._open, _LEAST)
        state = np.minimum(np.maximum((share - _SHUT) / (1 - _SHUT), 0), _WIDEST)
        telling = self._contrast > _TELLING
        if not telling.any():
            return state
        # Eyes mostly shut together: the one that shows its iris better counts for both.
        contrast = (eyes.contrast[telling] / self._contrast[telling]).max(keepdims=True)
        darkness = eyes.darkness.max(keepdims=True)
        shown = np.maximum(_ramp(contrast, _COVERED, _SHOWN), _ramp(darkness, _LIGHT, _DARK))
        state *= np.maximum(_ramp(share, _DOUBTFUL, _OPEN), shown)
        opening: Opening = np.maximum(state, _NARROW * _ramp(contrast, _SHOWN, _CLEARLY_SHOWN))
        return opening

    def openings(self, shape: Shape, lids: Opening, source: Opening, strength: float) -> Shape:
        """Return what to move lids and lips by.

        An eye opens as wide as the source's where the target's is as open as it usually is, and it
        shuts when the target's does. Lips that nearly touch are closed.

        Args:
            shape: The target's shape in this frame.
            lids: How far its eyes are open in it.
            source: How far the source's eyes are open.
            strength: 0 keeps the target's usual opening, 1 takes the source's.
        """
        wanted = lids * ((1 - strength) * self._open + strength * source)
        moved = _closed_lips(shape)
        wider = wanted / np.maximum(eye_opening(shape), _LEAST) - 1
        gap = (shape[_UPPER_LID] - shape[_LOWER_LID]) * wider[:, None, None]
        lifted = _UPPER_SHARE * gap
        moved[_UPPER_LID] += lifted
        moved[_LOWER_LID] -= gap - lifted
        moved[_CREASE] += _CREASE_SHARE * lifted
        return moved


def _ramp(value: Opening, low: float, high: float) -> Opening:
    """Return 0 up to ``low``, 1 from ``high`` on."""
    ramp: Opening = np.minimum(np.maximum((value - low) / (high - low), 0), 1)
    return ramp


def _closed_lips(shape: Shape) -> Shape:
    """Return what closes lips whose gap is no more than the mesh's own inaccuracy."""
    moved = np.zeros_like(shape)
    upper, lower = list(_UPPER_LIP[0]), list(_LOWER_LIP[0])
    gap = shape[upper] - shape[lower]
    width = sum(math.hypot(*between) for between in gap[2:7].tolist()) / 5
    shut = 1 - min(max((width - _TOUCHING) / (_PARTED - _TOUCHING), 0.0), 1.0)
    half = (0.5 * shut) * gap
    moved[upper] -= half
    moved[lower] += half
    return moved


def eye_opening(shape: Shape) -> Opening:
    """Return how far the eyes are open."""
    gaps = shape[_UPPER_LID[:, 2:5]] - shape[_LOWER_LID[:, 2:5]]
    opening: Opening = np.sqrt(np.einsum("ijk,ijk->ij", gaps, gaps)).sum(axis=1) / 3
    return opening


def _rigid_weights(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh the points that no expression moves: forehead, temples, bridge of the nose."""
    weights = (mean[:, 1] < 0.3).astype(np.float64)
    weights[[*RIGHT_BROW, *LEFT_BROW, *RIGHT_EYE, *LEFT_EYE]] = 0.0
    weights[[33, 133, 263, 362]] = 2.0
    return weights


def _difference_operator(topology: Topology) -> Matrix468:
    """Return the matrix of ``ShapeSpace.difference``."""
    count = len(topology.mean)
    operator = np.eye(count)
    for upper, lower in zip(_UPPER_LIP[0], _LOWER_LIP[0], strict=True):
        _move_as_one(operator, upper, lower)
    for inner, *others in (_UPPER_LIP, _LOWER_LIP):
        for row in others:  # beside the border's displacement only the lip's own shape counts
            operator[list(row)] += operator[list(inner)] - np.eye(count)[list(inner)]
    for upper, lower in zip(_UPPER_LID.ravel().tolist(), _LOWER_LID.ravel().tolist(), strict=True):
        _move_as_one(operator, upper, lower)
    fixed = np.zeros(count, bool)
    fixed[np.array([*_UPPER_LIP, *_LOWER_LIP]).ravel()] = True
    fixed[[*_UPPER_LID.ravel(), *_LOWER_LID.ravel()]] = True
    operator = _smoothed(operator, topology, fixed)
    lips = [*np.array([*_UPPER_LIP, *_LOWER_LIP]).ravel(), *_CORNERS]
    operator[lips] += _MOUTH_AS_ONE * (operator[lips].mean(axis=0) - operator[lips])
    return _edge_weights(topology.mean)[:, None] * operator


def _move_as_one(operator: Matrix468, a: int, b: int) -> None:
    """Give two points the mean of their displacements, so that their distance stays."""
    operator[[a, b]] = (operator[a] + operator[b]) / 2


def _smoothed(operator: Matrix468, topology: Topology, fixed: NDArray[np.bool_]) -> Matrix468:
    neighbours = np.eye(len(operator))
    for triangle in topology.triangles:
        neighbours[np.ix_(triangle, triangle)] = 1.0
    neighbours /= neighbours.sum(axis=1, keepdims=True)
    smoothed = operator
    for _ in range(_ROUNDS):
        smoothed = np.where(fixed[:, None], operator, neighbours @ smoothed)
    return smoothed


def _edge_weights(mean: NDArray[np.float32]) -> NDArray[np.float64]:
    outline = mean[list(OVAL), :2]
    distance = np.linalg.norm(mean[:, None, :2] - outline[None], axis=2).min(axis=1)
    t = np.clip(distance / _EDGE, 0, 1).astype(np.float64)
    weights: NDArray[np.float64] = t * t * (3 - 2 * t)
    return weights
