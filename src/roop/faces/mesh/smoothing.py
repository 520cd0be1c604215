"""Take the tremor out of a tracked mesh without making it lag behind."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.geometry import Matrix, fit_similarity, transform
from roop.types import Mesh, Pixels

_ANCHORS = [
    33, 133, 362, 263, 168, 6, 197, 4, 98, 327, 61, 291, 0, 17, 70, 105, 107, 336, 334, 300,
    50, 280, 118, 347, 205, 425, 9, 151, 199, 175, 187, 411, 46, 276, 55, 285, 122, 351,
]  # fmt: skip
"""Points with texture to follow from frame to frame."""

_WINDOW = (17, 17)
_MAX_FLOW_ERROR = 12.0
"""Mean grey level difference above which a followed point is given up."""

_POSE_GAIN = 0.25
"""Share of a new mesh's pose that is believed against the pose that the pixels moved to."""

_STILL, _MOVING = 0.004, 0.02
"""A point off its place by less (in eye distances) trembles; by more it really moved."""

_POINT_GAIN = 0.2
"""Share of a trembling point's new place that is believed."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What the mesh network saw of one frame."""

    grey: NDArray[np.uint8]
    """``(192, 192)``."""
    to_frame: Matrix
    """From pixels of ``grey`` to the frame."""


def make_view(crop: Pixels, to_frame: Matrix) -> View:
    """Keep what is needed of a crop to follow points into the next frame."""
    return View(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), to_frame)


def smoothed(before: Mesh, seen: Mesh, old: View, new: View) -> Mesh:
    """Return the new frame's mesh, freed from what only trembles.

    The head's motion is read from the pixels themselves (Lucas and Kanade 1981, pyramids after
    Bouguet), so a fast turn is followed at once; what the network adds to it counts fully where a
    point moved by more than the network's own noise.

    Args:
        before: The steadied mesh of the frame before.
        seen: The network's mesh of this frame.
        old: The frame before.
        new: This frame.
    """
    carried = _carried(before, old, new)
    if carried is None:
        return seen
    moved = fit_similarity(carried, seen, np.ones(len(seen))).apply(carried)
    eyes = math.dist(seen[263], seen[33])
    shift, local = moved - carried, seen - moved
    pose_gain = _gain(np.abs(shift[:, :2]).mean() / eyes, _POSE_GAIN)
    gain = _gain(np.hypot(local[:, 0], local[:, 1]) / eyes, _POINT_GAIN)
    return (carried + pose_gain * shift + gain[:, None] * local).astype(np.float32)


def _gain(distance: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Return how much of an innovation to believe: ``least`` if it is noise, 1 if it is motion."""
    t = np.minimum(np.maximum((distance - _STILL) / (_MOVING - _STILL), 0), 1)
    gain: NDArray[np.float64] = least + (1 - least) * t * t * (3 - 2 * t)
    return gain


def _carried(mesh: Mesh, old: View, new: View) -> Mesh | None:
    """Return ``mesh`` moved as the pixels moved, or None if they cannot be followed."""
    anchors = mesh[_ANCHORS, :2]
    start = transform(cv2.invertAffineTransform(old.to_frame), anchors)
    guess = transform(cv2.invertAffineTransform(new.to_frame), anchors)
    found, status, error = cv2.calcOpticalFlowPyrLK(
        old.grey,
        new.grey,
        start.astype(np.float32),
        guess.astype(np.float32),
        winSize=_WINDOW,
        maxLevel=2,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03),
    )
    good = (status[:, 0] == 1) & (error[:, 0] < _MAX_FLOW_ERROR)
    if good.sum() < len(_ANCHORS) // 2:
        return None
    arrived = transform(new.to_frame, found)
    for _ in range(2):  # the second round leaves out what moved against the rest: lips, lids
        motion = fit_similarity(anchors[good], arrived[good], np.ones(int(good.sum())))
        off = motion.apply(anchors) - arrived
        miss = np.hypot(off[:, 0], off[:, 1])
        good &= miss <= 2.0 * float(np.sort(miss[good])[good.sum() // 2]) + 0.05
    carried = mesh.copy()
    carried[:, :2] = motion.apply(mesh[:, :2])
    carried[:, 2] *= motion.scale
    return carried
