"""Give the target's mesh the shape of the source's face, and keep the target's expression."""

import math
from collections.abc import Sequence

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
"""``(2,)``: how far the right and the left eye are open, in eye distances or as shares of the usual
opening."""

Matrix468 = NDArray[np.float64]
"""``(468, 468)``: maps the difference of two shapes to the offset of each point."""

_FADE_DISTANCE = 0.035
"""Distance from the outline over which the change of shape fades in, in eye distances."""

_BROW_SHARE = 0.5
"""Share of the way to the target's brows at which the new ones are drawn."""

_BROW_REACH = 0.12
"""Distance from the brows over which the change of shape fades in, in eye distances."""

_BELOW_BROWS = (225, 224, 223, 222, 221, 445, 444, 443, 442, 441)
"""Points right below the brows, whose lower half reaches down to them."""

_SMOOTHING_ROUNDS = 1
"""Rounds of averaging over neighbours, so that no triangle folds over."""

_MEMORY = 90
"""Frames over which the target's usual shape is averaged."""

_LIP_INSET = 0.2
"""Share of a lip's thickness by which its inner border is moved into the lip."""

_SHUT_SHARE, _EXACT_SHUT_SHARE = 0.45, 0.28
"""Share of its usual opening that the mesh leaves of an eye that is shut, without and with
attention."""

_TYPICAL_OPENING = 0.085
"""Least usual opening assumed at first, in eye distances: the first frame may show the eye shut."""

_MAYBE_SHUT, _OPEN = 0.78, 0.88
"""Openings, as shares of the usual one, below which an eye may be shut and above which it is not:
under glasses the mesh leaves a shut eye two thirds open."""

_TYPICAL_CONTRAST, _MIN_CONTRAST = 0.3, 0.2
"""Usual contrast of an iris assumed at first; the least usual contrast that can be relied on."""

_HIDDEN, _VISIBLE = 0.1, 0.4
"""Shares of its usual contrast below which an iris is hidden and above which it is visible."""

_CLEARLY_VISIBLE, _NARROW = 0.6, 0.35
"""Share of its usual contrast from which an iris is certainly visible, and the least openness then:
on the mesh a laughing eye is as narrow as a shut one."""

_NO_IRIS, _IRIS = 0.11, 0.15
"""Darknesses between the lids below which there is no iris and above which there is one."""

_CONTRAST_GAIN = 0.1
"""Weight of an open eye's contrast in the usual one."""

_MIN_OPENING = 1e-3
"""Least divisor, in eye distances."""

_MAX_OPENNESS = 1.25
"""Most that an eye opens, as a share of its usual opening."""

_TOUCHING, _PARTED = 0.015, 0.05
"""Gaps between the lips, in eye distances, that the mesh shows of a closed and of a parted mouth.
"""

_WIDE_MOUTH, _RAISED_CORNERS = (0.57, 0.66), (0.03, 0.08)
"""Width of a mouth, and height of its corners above the middle of the lips, of a serious face and
of a broad smile, in eye distances."""

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
"""Rows of points from corner to corner, from the inner border of a lip to the outer one."""

_CORNERS = (61, 78, 291, 308)
"""Outer and inner corners of the mouth."""

_UPPER_LID = np.array([RIGHT_EYE[1:8], LEFT_EYE[7:0:-1]], np.intp)
_LOWER_LID = np.array([RIGHT_EYE[:8:-1], LEFT_EYE[9:]], np.intp)
"""Opposite points of the lids, of the person's right and left eye."""

_UPPER_SHARE, _CREASE_SHARE = 0.7, 0.4
"""Share of an eye's opening and shutting that the upper lid does, and how far the crease follows
it."""

_CREASE = np.array([RIGHT_CREASE, LEFT_CREASE[::-1]], np.intp)
"""Points above the upper lid, each moved with the point of the lid below it."""


class ShapeSpace:
    """Splits meshes into pose and shape, and transfers shapes between faces."""

    def __init__(self, topology: Topology) -> None:
        self._mean = topology.mean.astype(np.float64)
        weights = _rigid_weights(self._mean)
        self._bone = np.flatnonzero(weights)
        self._rigid = weights[self._bone]
        operator = _offset_operator(topology).astype(np.float32)
        # A larger product would wake the threads of BLAS, which then spin until the next frame.
        self._operators = np.array_split(operator, 4)

    def pose(self, mesh: Mesh) -> Similarity:
        """Return the transform of the mean face onto ``mesh``."""
        return fit_similarity(self._mean[self._bone], mesh[self._bone], self._rigid)

    def frontality(self, mesh: Mesh) -> float:
        """Return 1 for a face that looks at the camera, falling to 0 for one in profile."""
        return float(self.pose(mesh).rotation[2, 2])

    def shape(self, mesh: Mesh) -> Shape:
        """Return ``mesh`` without its pose."""
        return self.pose(mesh).invert(mesh)

    def shape_offsets(self, source: Shape, target: Shape) -> Shape:
        """Return the offsets that give the target's shape the source's.

        They are 0 at the outline and half at the brows, and keep the opening of mouth and eyes.
        """
        shape_offsets = (source - target).astype(np.float32)
        moved: Shape = np.concatenate([rows @ shape_offsets for rows in self._operators])
        return moved


def without_teeth(mesh: Mesh) -> Mesh:
    """Return a source's mesh with the inner border of the lips moved a little into the lips.

    The mesh is not exact enough to separate lips from teeth, and no teeth may show on the lips.
    """
    inset = mesh.copy()
    for inner, *_, outer in (_UPPER_LIP, _LOWER_LIP):
        inset[list(inner)] += _LIP_INSET * (mesh[list(outer)] - mesh[list(inner)])
    return inset


class TargetShape:
    """The usual shape of one target face, learnt while it is tracked."""

    def __init__(self) -> None:
        self._count = 0
        self._shape: Shape = np.zeros((468, 3))
        self._open = np.zeros(2)
        self._contrast = np.full(2, _TYPICAL_CONTRAST)

    def update(self, shape: Shape, eyes: Eyes, frames: int = 1) -> Shape:
        """Take a frame into account, which stands for ``frames`` frames; return the usual shape."""
        first = not self._count
        self._count = min(self._count + frames, _MEMORY)
        self._shape = self._shape + (shape - self._shape) * min(frames / self._count, 1)
        opening = eye_opening(shape)
        # The usual eye is the open one: its opening is followed quickly upwards, slowly downwards.
        gain = 1 - np.where(opening > self._open, 0.7, 0.99) ** frames
        if first:
            self._open = np.maximum(opening, _TYPICAL_OPENING)
        self._open = self._open + gain * (opening - self._open)
        learnt = _CONTRAST_GAIN * (opening > _OPEN * self._open)
        self._contrast = self._contrast + learnt * (eyes.contrast - self._contrast)
        return self._shape

    def openness(self, shape: Shape, eyes: Eyes, *, exact: bool = False) -> Opening:
        """Return how far the eyes are open, as shares of their usual opening, 0..1.25.

        Args:
            shape: The target's shape in this frame.
            eyes: The measurements of its eyes.
            exact: Whether the mesh has attention, and needs no help from these.
        """
        share = eye_opening(shape) / np.maximum(self._open, _MIN_OPENING)
        shut = _EXACT_SHUT_SHARE if exact else _SHUT_SHARE
        state = np.minimum(np.maximum((share - shut) / (1 - shut), 0), _MAX_OPENNESS)
        usable = self._contrast > _MIN_CONTRAST
        if exact or not usable.any():
            return state
        # Eyes mostly shut together, so the one with the more visible iris counts for both.
        contrast = (eyes.contrast[usable] / self._contrast[usable]).max(keepdims=True)
        darkness = eyes.darkness.max(keepdims=True)
        visible = np.maximum(_ramp(contrast, _HIDDEN, _VISIBLE), _ramp(darkness, _NO_IRIS, _IRIS))
        state *= np.maximum(_ramp(share, _MAYBE_SHUT, _OPEN), visible)
        opening: Opening = np.maximum(state, _NARROW * _ramp(contrast, _VISIBLE, _CLEARLY_VISIBLE))
        return opening

    def expression_offsets(
        self, shape: Shape, openness: Opening, source: Opening, strength: float
    ) -> Shape:
        """Return the offsets of lids and lips.

        An eye opens as wide as the source's while the target's is at its usual opening, and it
        shuts when the target's does. Lips that nearly touch are closed.

        Args:
            shape: The target's shape in this frame.
            openness: How far its eyes are open, as returned by ``openness``.
            source: How far the source's eyes are open.
            strength: 0 keeps the target's usual opening, 1 takes the source's.
        """
        wanted = openness * ((1 - strength) * self._open + strength * source)
        offsets = _lip_closing_offsets(shape)
        wider = wanted / np.maximum(eye_opening(shape), _MIN_OPENING) - 1
        gap = (shape[_UPPER_LID] - shape[_LOWER_LID]) * wider[:, None, None]
        lifted = _UPPER_SHARE * gap
        offsets[_UPPER_LID] += lifted
        offsets[_LOWER_LID] -= gap - lifted
        offsets[_CREASE] += _CREASE_SHARE * lifted
        return offsets


def _ramp(value: Opening, low: float, high: float) -> Opening:
    """Return 0 up to ``low``, 1 from ``high`` on, linear in between."""
    ramp: Opening = np.minimum(np.maximum((value - low) / (high - low), 0), 1)
    return ramp


def _lip_closing_offsets(shape: Shape) -> Shape:
    """Return the offsets that close lips whose gap is within the mesh's inaccuracy."""
    offsets = np.zeros_like(shape)
    upper, lower = list(_UPPER_LIP[0]), list(_LOWER_LIP[0])
    gap = shape[upper] - shape[lower]
    width = sum(math.hypot(*between) for between in gap[2:7].tolist()) / 5
    shut = 1 - min(max((width - _TOUCHING) / (_PARTED - _TOUCHING), 0.0), 1.0)
    half = (0.5 * shut) * gap
    offsets[upper] -= half
    offsets[lower] += half
    return offsets


def eye_opening(shape: Shape) -> Opening:
    """Return how far the eyes are open, in eye distances."""
    gaps = shape[_UPPER_LID[:, 2:5]] - shape[_LOWER_LID[:, 2:5]]
    opening: Opening = np.sqrt(np.einsum("ijk,ijk->ij", gaps, gaps)).sum(axis=1) / 3
    return opening


def smile_share(shape: Shape) -> float:
    """Return how broadly a face smiles, 0..1: its mouth is wide and the corners are raised."""
    width = float(np.linalg.norm(shape[61] - shape[291]))
    lift = float((shape[13] + shape[14] - shape[61] - shape[291])[1]) / 2
    share = 1.0
    for value, (low, high) in ((width, _WIDE_MOUTH), (lift, _RAISED_CORNERS)):
        share *= min(max((value - low) / (high - low), 0.0), 1.0)
    return share


def _rigid_weights(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weigh the points that no expression moves: forehead, temples, bridge of the nose."""
    weights = (mean[:, 1] < 0.3).astype(np.float64)
    weights[[*RIGHT_BROW, *LEFT_BROW, *RIGHT_EYE, *LEFT_EYE]] = 0.0
    weights[[33, 133, 263, 362]] = 2.0
    return weights


def _offset_operator(topology: Topology) -> Matrix468:
    """Return the matrix of ``ShapeSpace.shape_offsets``."""
    count = len(topology.mean)
    operator = np.eye(count)
    for upper, lower in zip(_UPPER_LIP[0], _LOWER_LIP[0], strict=True):
        _move_as_one(operator, upper, lower)
    for inner, *others in (_UPPER_LIP, _LOWER_LIP):
        for row in others:  # these rows follow the inner border and add the lip's own shape
            operator[list(row)] += operator[list(inner)] - np.eye(count)[list(inner)]
    for upper, lower in zip(_UPPER_LID.ravel().tolist(), _LOWER_LID.ravel().tolist(), strict=True):
        _move_as_one(operator, upper, lower)
    fixed = np.zeros(count, bool)
    fixed[np.array([*_UPPER_LIP, *_LOWER_LIP]).ravel()] = True
    fixed[[*_UPPER_LID.ravel(), *_LOWER_LID.ravel()]] = True
    operator = _smoothed(operator, topology, fixed)
    lips = [*np.array([*_UPPER_LIP, *_LOWER_LIP]).ravel(), *_CORNERS]
    # The mouth moves as one: the source's smile must not widen pursed lips.
    operator[lips] = operator[lips].mean(axis=0)
    # Where a person's brows are is part of the face's shape; how far they are raised is not.
    brows = [*RIGHT_BROW, *LEFT_BROW, *_BELOW_BROWS, *_forehead(topology.mean)]
    kept = 1 - _BROW_SHARE * (1 - _distance_weights(topology.mean, brows, _BROW_REACH))
    return (kept * _distance_weights(topology.mean, OVAL, _FADE_DISTANCE))[:, None] * operator


def _move_as_one(operator: Matrix468, a: int, b: int) -> None:
    """Give two points their mean offset, so that their distance stays."""
    operator[[a, b]] = (operator[a] + operator[b]) / 2


def _smoothed(operator: Matrix468, topology: Topology, fixed: NDArray[np.bool_]) -> Matrix468:
    neighbours = np.eye(len(operator))
    for triangle in topology.triangles:
        neighbours[np.ix_(triangle, triangle)] = 1.0
    neighbours /= neighbours.sum(axis=1, keepdims=True)
    smoothed = operator
    for _ in range(_SMOOTHING_ROUNDS):
        smoothed = np.where(fixed[:, None], operator, neighbours @ smoothed)
    return smoothed


def _forehead(mean: NDArray[np.float32]) -> list[int]:
    """Return the points above the brows."""
    return np.flatnonzero(mean[:, 1] < mean[list(RIGHT_BROW), 1].min()).tolist()


def _distance_weights(
    mean: NDArray[np.float32], points: Sequence[int], reach: float
) -> NDArray[np.float64]:
    """Return 0 at ``points``, rising to 1 at a distance of ``reach``."""
    fixed = mean[list(points), :2]
    distance = np.linalg.norm(mean[:, None, :2] - fixed[None], axis=2).min(axis=1)
    t = np.clip(distance / reach, 0, 1).astype(np.float64)
    weights: NDArray[np.float64] = t * t * (3 - 2 * t)
    return weights
