"""The views of a frame that are judged: as viewers show it, brighter if it is dark, and closer."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.safety.nudity import INPUT_SIDE
from roop.types import Alpha, Box, Face, Frame, Pixels, Transfer

_WIDEST = 8.0
"""Largest factor by which pixels are taken to be wider than high, or higher than wide."""

_DARK, _BRIGHT = 110, 235
"""The lightness of the brightest pixels: below the one a frame is dark, and is raised to the
other."""

_BACKGROUNDS = (255, 191, 128, 64, 0)
"""White to black: a pattern in the opacity can hide a picture on all but one of them."""

_CHIN, _FOREHEAD = 152, 10
"""Points of the mesh."""

_BESIDE, _BELOW = 2.0, 5.0
"""What a closer view shows beside the middle of a face and below its top, in heights of it."""

_CLOSER = 0.6
"""A closer view must be smaller than this share of the frame, or it shows nothing new."""

_MOST_FACES = 2
"""Faces that get a closer view, the largest ones."""

_STRIP, _MOST_WINDOWS = 2.5, 40
"""From this aspect on, a picture is judged in windows of two to one, too; how many at most."""

_WHITE_NITS = 203.0
"""Luminance of white in HDR videos, cd/m2 (ITU-R BT.2408)."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Pixels to judge."""

    pixels: Pixels
    plain: bool = True
    """True if viewers show it so; a view made from it must reach a higher score."""


def views_of(frame: Frame) -> Iterator[View]:
    """Yield the views of a whole frame, each at most as large as the network's input."""
    for pixels in _shown(frame):
        yield View(pixels)
        brighter = _brightened(pixels)
        if brighter is not None:
            yield View(brighter, plain=False)
    for box in _windows(frame):
        yield View(_at_aspect(frame.thumbnail(INPUT_SIDE, box), frame.pixel_aspect), plain=False)


def closer_views(frame: Frame, faces: Sequence[Face]) -> Iterator[View]:
    """Yield what is below the largest faces, where the network misses what is small."""
    largest = sorted(faces, key=lambda face: -_height(face))[:_MOST_FACES]
    for face in largest:
        height, (x, top, _) = _height(face), face.mesh[_FOREHEAD].tolist()
        sides = (x - _BESIDE * height, top, x + _BESIDE * height, top + _BELOW * height)
        box = Box(*(round(side) for side in sides)).clipped(frame.size)
        if box.height and 32 <= max(box.width, box.height) < _CLOSER * max(frame.size):
            closer = frame.thumbnail(INPUT_SIDE, box)
            yield View(_at_aspect(closer, frame.pixel_aspect), plain=False)


def _shown(frame: Frame) -> Iterator[Pixels]:
    """Yield the frame as different viewers show it."""
    stored, opacity = frame.thumbnail(INPUT_SIDE), frame.opacity(INPUT_SIDE)
    yield stored
    if frame.transfer != "sdr":
        yield _tone_mapped(stored, frame.transfer)
    yield from frame.managed(stored)
    yield from frame.fields(INPUT_SIDE)
    if opacity is not None:
        for background in _BACKGROUNDS:
            yield _on(stored, opacity, background)
    if abs(frame.pixel_aspect - 1) > 0.02:
        yield _at_aspect(stored, frame.pixel_aspect)


def _windows(frame: Frame) -> Iterator[Box]:
    """Yield overlapping parts of a long strip: as a whole, it shows the network next to nothing."""
    (width, height), aspect = frame.size, frame.pixel_aspect
    side, longer = sorted((width * aspect, height))
    if longer < _STRIP * side:
        return
    count = min(math.ceil(longer / side) - 1, _MOST_WINDOWS)
    length = 2 * longer / (count + 1)
    wide, high = min(width, length / aspect), min(height, length)
    for number in range(count):
        left, top = (width - wide) * number / (count - 1), (height - high) * number / (count - 1)
        corners = left, top, left + wide, top + high
        yield Box(*(round(corner) for corner in corners)).clipped(frame.size)


def _on(pixels: Pixels, opacity: Alpha, background: int) -> Pixels:
    share = opacity[..., np.newaxis].astype(np.uint16)
    return ((pixels * share + background * (255 - share)) // 255).astype(np.uint8)


def _at_aspect(pixels: Pixels, aspect: float) -> Pixels:
    """Return pixels as wide as they are shown, at most as large as the network's input."""
    if abs(aspect - 1) <= 0.02:
        return pixels
    height, width = pixels.shape[:2]
    wide = width * min(max(aspect, 1 / _WIDEST), _WIDEST)
    scale = INPUT_SIDE / max(wide, height)
    size = max(1, round(wide * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _brightened(pixels: Pixels) -> Pixels | None:
    """Return a dark picture with its brightest pixels raised; None if it is bright, or black."""
    brightest = float(np.percentile(pixels.max(axis=2), 98))
    if not 2 <= brightest < _DARK:
        return None
    return np.asarray(np.clip(pixels * (_BRIGHT / brightest), 0, 255), np.uint8)


def _tone_mapped(pixels: Pixels, transfer: Transfer) -> Pixels:
    """Return an HDR picture about as a viewer shows it on a usual display."""
    linear = _linear(transfer)[pixels]
    to_709 = np.array(
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    )
    light = np.clip(linear @ to_709.T, 0, None)
    mapped = np.clip(light / (1 + 0.2 * light) * 1.2, 0, 1)
    return np.asarray(np.rint(255 * mapped ** (1 / 2.2)), np.uint8)


@cache
def _linear(transfer: Transfer) -> NDArray[np.float64]:
    """Return ``(256,)``: the light of each code, 1 for white (ITU-R BT.2100)."""
    code = np.arange(256) / 255
    if transfer == "pq":
        root = code ** (1 / 78.84375)
        light = np.clip(root - 0.8359375, 0, None) / (18.8515625 - 18.6875 * root)
        return np.asarray(10_000 / _WHITE_NITS * light ** (1 / 0.1593017578125), np.float64)
    scene = np.where(
        code <= 0.5, code**2 / 3, (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12
    )
    return np.asarray(1000 / _WHITE_NITS * scene**1.2, np.float64)


def _height(face: Face) -> float:
    return float(np.linalg.norm(face.mesh[_CHIN, :2] - face.mesh[_FOREHEAD, :2]))
