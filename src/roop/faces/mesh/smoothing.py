"""Remove jitter from a tracked mesh without making it lag behind."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.geometry import Matrix, fit_similarity, transform
from roop.types import Mesh, Pixels

_FLOW_POINTS = [
    33, 133, 362, 263, 168, 6, 197, 4, 98, 327, 61, 291, 0, 17, 70, 105, 107, 336, 334, 300,
    50, 280, 118, 347, 205, 425, 9, 151, 199, 175, 187, 411, 46, 276, 55, 285, 122, 351,
]  # fmt: skip
"""Points of the mesh with enough texture for optical flow."""

_WINDOW = (17, 17)
_MAX_FLOW_ERROR = 12.0
"""Mean difference in grey levels above which optical flow has lost a point."""

_POSE_GAIN = 0.25
"""Weight of the measured pose against the pose by optical flow, while the head is still."""

_STILL, _MOVING = 0.004, 0.02
"""Distance from the expected position, in eye distances, that is noise, and that is motion."""

_POINT_GAIN = 0.2
"""Weight of a point's measured position against the expected one, while it is still."""


@dataclass(frozen=True, slots=True, eq=False)
class GreyCrop:
    """The mesh network's input for one frame, in grey."""

    pixels: NDArray[np.uint8]
    """``(192, 192)``."""
    to_frame: Matrix
    """From pixels of the crop to the frame."""


def make_grey_crop(crop: Pixels, to_frame: Matrix) -> GreyCrop:
    """Return what optical flow needs of a frame."""
    return GreyCrop(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), to_frame)


def smooth_mesh(previous: Mesh, measured: Mesh, previous_crop: GreyCrop, crop: GreyCrop) -> Mesh:
    """Return the mesh of a frame without jitter.

    Optical flow (Lucas and Kanade 1981, pyramids after Bouguet) gives the head's motion from the
    pixels themselves, so even a fast turn causes no lag. The network's mesh counts fully where a
    point is off by more than the network's own noise.

    Args:
        previous: The smoothed mesh of the previous frame.
        measured: The network's mesh of this frame.
        previous_crop: Of the previous frame.
        crop: Of this frame.
    """
    expected = _moved_by_flow(previous, previous_crop, crop)
    if expected is None:
        return measured
    posed = fit_similarity(expected, measured, np.ones(len(measured))).apply(expected)
    eyes = math.dist(measured[263], measured[33])
    shift, local = posed - expected, measured - posed
    pose_gain = _gain(np.abs(shift[:, :2]).mean() / eyes, _POSE_GAIN)
    gain = _gain(np.hypot(local[:, 0], local[:, 1]) / eyes, _POINT_GAIN)
    return (expected + pose_gain * shift + gain[:, None] * local).astype(np.float32)


def _gain(distance: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Return the weight of a measurement: ``least`` if it is off by noise, 1 if by motion."""
    t = np.minimum(np.maximum((distance - _STILL) / (_MOVING - _STILL), 0), 1)
    gain: NDArray[np.float64] = least + (1 - least) * t * t * (3 - 2 * t)
    return gain


def _moved_by_flow(mesh: Mesh, previous_crop: GreyCrop, crop: GreyCrop) -> Mesh | None:
    """Return ``mesh`` moved by the optical flow between two crops; None if that is lost."""
    points = mesh[_FLOW_POINTS, :2]
    start = transform(cv2.invertAffineTransform(previous_crop.to_frame), points)
    guess = transform(cv2.invertAffineTransform(crop.to_frame), points)
    found, status, error = cv2.calcOpticalFlowPyrLK(
        previous_crop.pixels,
        crop.pixels,
        start.astype(np.float32),
        guess.astype(np.float32),
        winSize=_WINDOW,
        maxLevel=2,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 10, 0.03),
    )
    tracked = (status[:, 0] == 1) & (error[:, 0] < _MAX_FLOW_ERROR)
    if tracked.sum() < len(_FLOW_POINTS) // 2:
        return None
    arrived = transform(crop.to_frame, found)
    for _ in range(2):  # the second round leaves out what moves on its own: lips, lids
        motion = fit_similarity(points[tracked], arrived[tracked], np.ones(int(tracked.sum())))
        off = motion.apply(points) - arrived
        distance = np.hypot(off[:, 0], off[:, 1])
        tracked &= distance <= 2.0 * float(np.sort(distance[tracked])[tracked.sum() // 2]) + 0.05
    moved = mesh.copy()
    moved[:, :2] = motion.apply(mesh[:, :2])
    moved[:, 2] *= motion.scale
    return moved
