"""The source's face laid out flat: one texture for every pose, at several sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.light import enlarge, match_light
from roop.processors.mesh.regions import Regions
from roop.processors.mesh.surface import (
    Surface,
    Vertices,
    affines,
    draw,
    lookup,
    paint,
    with_rim,
)
from roop.types import Portrait

_WIDTH = 640
"""Largest width of the atlas, pixels."""

_HIDDEN, _SEEN = 0.25, 0.55
"""Cosine between a triangle's normal and the view at which the photo shows nothing / enough of it."""


_SKIN = np.array([35.0, 8.0, 8.0], np.float32)
"""How far skin strays from its median: brightness, red and blue difference, grey levels."""


_MOUTH_LINE = 0.55
"""Brightness of the line between closed lips, as a share of theirs."""


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The atlas at one size."""

    pixels: NDArray[np.uint8]
    """``(H, W, 4)``: RGB and how far the photo really shows this skin, 0..255."""
    vertices: Vertices
    """``(N, 2)``: where the surface's points lie in ``pixels``."""


def make_atlas(portrait: Portrait, surface: Surface, regions: Regions) -> tuple[Level, ...]:
    """Lay the face of a portrait out flat, largest level first.

    Where the head is turned away the mirrored other side fills in.
    """
    mesh = with_rim(portrait.mesh)
    width = min(_WIDTH, max(int(np.ptp(mesh[:, 0])), 64))
    flat = surface.flat * width
    flat[:, :2] -= flat[:, :2].min(axis=0)
    size = (int(np.ceil(flat[:, 0].max())) + 1, int(np.ceil(flat[:, 1].max())) + 1)
    shown = draw(surface, flat, size)
    own, own_trust = _unrolled(portrait, surface, regions, (shown, flat, mesh))
    other, other_trust = _unrolled(portrait, surface, regions, (shown, flat, mesh[surface.mirror]))
    plain = paint(shown, regions.skin)
    features = paint(shown, regions.inside * (1 - regions.skin))
    own_trust = own_trust * np.maximum(_likeness(own, own_trust * plain), features)
    other_trust = other_trust * np.maximum(_likeness(other, other_trust * plain), features)
    skin = np.minimum(own_trust, other_trust) * plain
    other = _lit(other, enlarge(match_light(other, own, skin, sigma=0.12), size))
    share = ((own_trust + 1e-3) / (own_trust + (1 - own_trust) * other_trust + 1e-3))[..., None]
    mixed = np.rint(own * share + other * (1 - share)).astype(np.uint8)
    _blacken_mouth(mixed, paint(shown, regions.mouth))
    core = cv2.GaussianBlur(paint(shown, regions.core), (0, 0), 0.02 * size[0])
    trust = np.rint(255 * np.maximum.reduce([own_trust, other_trust, core])).astype(np.uint8)
    return _halved(Level(np.dstack([mixed, trust]), flat[:, :2].copy()))


def _unrolled(
    portrait: Portrait,
    surface: Surface,
    regions: Regions,
    drawn: tuple[NDArray[np.int32], Vertices, Vertices],
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Return the photo in the layout of the atlas and how far to trust each pixel, 0..1."""
    shown, flat, mesh = drawn
    found = lookup(shown, affines(surface, flat, mesh))
    pixels = cv2.remap(
        portrait.pixels, found[0], found[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    corners = mesh[surface.triangles].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    cosine = np.abs(normals[:, 2]) / np.maximum(np.linalg.norm(normals, axis=1), 1e-6)
    facing = normals[:, 2] * surface.turn(mesh) > 0
    seen = np.clip((cosine - _HIDDEN) / (_SEEN - _HIDDEN), 0, 1) * facing
    trust = paint(shown, (seen * regions.inside).astype(np.float32))
    return pixels, cv2.GaussianBlur(trust, (0, 0), 0.02 * shown.shape[1])


def _likeness(pixels: NDArray[np.uint8], skin: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much each pixel looks like the face's own skin, 0..1: hair and background do not.

    Args:
        pixels: ``(H, W, 3)`` RGB.
        skin: ``(H, W)``: above 0.5 where there is skin for sure.
    """
    colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    known = colours[skin > 0.5]
    if not known.size:
        return np.ones(skin.shape, np.float32)
    off = np.linalg.norm((colours - np.median(known, axis=0)) / _SKIN, axis=2)
    blurred = cv2.GaussianBlur(off.astype(np.float32), (0, 0), 0.01 * skin.shape[1])
    return np.clip(2 - blurred / 2, 0, 1)


def _blacken_mouth(pixels: NDArray[np.uint8], mouth: NDArray[np.float32]) -> None:
    """Paint the opening of the mouth like a closed mouth's line: the target's own mouth is shown.

    Where the target's lips meet, the line between them would else be drawn of the source's teeth.
    """
    around = cv2.dilate(mouth, np.ones((9, 9), np.uint8)) - mouth
    lips = pixels[around > 0]
    if lips.size:
        pixels[mouth > 0] = np.rint(np.median(lips, axis=0) * _MOUTH_LINE)


def _lit(pixels: NDArray[np.uint8], gain: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(pixels * gain, 0, 255)


def _halved(level: Level) -> tuple[Level, ...]:
    levels = [level]
    while min(levels[-1].pixels.shape[:2]) >= 64:
        height, width = levels[-1].pixels.shape[:2]
        size = (round(width / 2), round(height / 2))
        factor = np.array([size[0] / width, size[1] / height], np.float32)
        pixels = cv2.resize(levels[-1].pixels, size, interpolation=cv2.INTER_AREA)
        levels.append(Level(pixels, (levels[-1].vertices + 0.5) * factor - 0.5))
    return tuple(levels)


def level_for(levels: Sequence[Level], width: float) -> Level:
    """Return the smallest level whose face is at least ``width`` pixels wide, or the largest."""
    for level in reversed(levels):
        if np.ptp(level.vertices[:, 0]) >= width:
            return level
    return levels[0]
