"""Tell what of a face is covered in a photo: by a mask, hair or a hand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.faces.mesh.mesher import face_square
from roop.faces.mesh.topology import LEFT_EYE, OUTER_LIPS, OVAL, RIGHT_EYE
from roop.geometry import transform
from roop.types import Frame, Mesh, Pixels, Points

Part = Literal["mouth", "eyes", "forehead"]

Mask = NDArray[np.bool_]
Field = NDArray[np.float32]

_SIDE = 160
"""Side of the picture that is examined, pixels."""

_USUAL, _DARKEST, _OFFSET = 110.0, 4.0, 8.0
"""Grey level that the face's median is brought to, the least that it may have had, and what is
added to colours before their logarithm is taken, so that noise in the dark does not count."""

_RIGHT_CHEEK = (117, 118, 119, 100, 126, 209, 49, 129, 203, 205, 50)
_LEFT_CHEEK = (346, 347, 348, 329, 355, 429, 279, 358, 423, 425, 280)
_FOREHEAD = (103, 67, 109, 10, 338, 297, 332, 299, 296, 336, 9, 107, 66, 69)
_BETWEEN_BROWS = 9

_LEAST_LIPS = 0.13
"""How much lips differ from the skin around them, in logarithms of brightness and colour. Mouths
have 0.19 and more, a white mask 0.05."""

_LEAST_DARK_LIPS, _DARK_MASK = 0.12, -1.0
"""The same without the spread, where what is around the lips is darker than the skin between the
brows by the second: a dark mask has folds, but no lips as a beard has."""

_GLABELLA = (107, 336, 6)

_LEAST_EYE, _DARKEST_RIM = 0.13, -0.9
"""Range of an eye's brightness, and brightness of the skin around it against the cheek below, in
logarithms. Eyes have 0.25 and -0.5 or more; hair in front 0.03 and -1.5."""

_HAIR, _MOST_HAIR = -0.6, 0.6
"""Brightness of hair against the cheek below, in logarithms; the share of either half of the
forehead that it covers where it is a fringe, not a parting or a shadow."""

_LEAST_HUES = 0.01
"""Deviation of a face's colours, in logarithms, from those that its brightness explains. Black and
white has none, sepia 0.001, skin 0.03 and more."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceView:
    """A face, upright and in usual light."""

    points: Points
    """``(468, 2)``: the mesh, in pixels of the view."""
    brightness: Field
    """``(160, 160)``, as logarithms."""
    colours: tuple[Field, Field]
    """Likewise: red against green, and blue against green."""

    @classmethod
    def of(cls, frame: Frame, mesh: Mesh) -> "FaceView":
        """Return the view of a face in a frame."""
        to_frame = face_square(mesh).to_frame(_SIDE)
        points = transform(cv2.invertAffineTransform(to_frame), mesh[:, :2])
        pixels = frame.warped(to_frame, _SIDE)
        level = max(float(np.median(pixels[_inside(points, OVAL)])), _DARKEST)
        red, green, blue = _logarithms(pixels, _USUAL / level)
        brightness = np.log(0.3 * np.exp(red) + 0.59 * np.exp(green) + 0.11 * np.exp(blue))
        return cls(points, brightness.astype(np.float32), (red - green, blue - green))

    @property
    def has_colours(self) -> bool:
        """False in black and white, in sepia and in any other tone."""
        face = _inside(self.points, OVAL)
        level = self.brightness[face].astype(np.float64)
        terms = np.stack([np.ones_like(level), level, level**2], axis=1)
        for colour in self.colours:
            fitted = np.linalg.lstsq(terms, colour[face], rcond=None)[0]
            if float(np.std(colour[face] - terms @ fitted)) >= _LEAST_HUES:
                return True
        return False


def covered_parts(view: FaceView) -> Sequence[Part]:
    """Return which parts of a face are covered.

    Lips differ from the skin around them, and eyes from light to dark, whatever the colour of what
    is in front of them; skin beside an eye and on the forehead is not much darker than the cheek.
    """
    return list(_covered_parts(view))


def wears_mask(frame: Frame, mesh: Mesh) -> bool:
    """Return whether something covers the mouth of a face, as a mask does."""
    mouth = mesh[list(OUTER_LIPS), :2]
    if (mouth < 0).any() or (mouth >= frame.size).any():
        return False  # it lies outside of the picture, which shows nothing of it
    view = FaceView.of(frame, mesh)
    lips, around, spread = _lips_and_skin(view)
    if lips + spread < _LEAST_LIPS:
        return True
    above = float(np.median(view.brightness[_inside(view.points, _GLABELLA)]))
    return lips < _LEAST_DARK_LIPS and around - above < _DARK_MASK


def _covered_parts(view: FaceView) -> Iterable[Part]:
    if _lips(view) < _LEAST_LIPS:
        yield "mouth"
    cheeks = [
        float(np.median(view.brightness[_inside(view.points, part)]))
        for part in (_RIGHT_CHEEK, _LEFT_CHEEK)
    ]
    eyes = zip((RIGHT_EYE, LEFT_EYE), cheeks, strict=True)
    if any(_is_eye_covered(view, eye, cheek) for eye, cheek in eyes):
        yield "eyes"
    forehead = _inside(view.points, _FOREHEAD)
    right = np.arange(_SIDE)[None] < view.points[_BETWEEN_BROWS, 0]
    halves = zip((forehead & right, forehead & ~right), cheeks, strict=True)
    if all((view.brightness[half] - cheek < _HAIR).mean() > _MOST_HAIR for half, cheek in halves):
        yield "forehead"


def _lips(view: FaceView) -> float:
    """Return how much the lips differ from the skin around them, and within themselves."""
    lips, _, spread = _lips_and_skin(view)
    return lips + spread


def _lips_and_skin(view: FaceView) -> tuple[float, float, float]:
    """Return how much the lips differ from the skin around, its brightness, and its spread."""
    lips = _inside(view.points, OUTER_LIPS)
    corners = view.points[[61, 291]]
    width = int(0.12 * float(np.linalg.norm(corners[0] - corners[1]))) + 2
    around = _grown(lips, width) & ~_grown(lips, 2)
    inner = cv2.erode(lips.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    inner = inner if np.count_nonzero(inner) > 8 else lips
    off = [
        abs(float(field[inner].mean() - field[around].mean()))
        for field in (view.brightness, view.colours[0])
    ]
    brightness = view.brightness
    return max(off), float(brightness[around].mean()), float(brightness[inner | around].std())


def _is_eye_covered(view: FaceView, eye: Sequence[int], cheek: float) -> bool:
    opening = _grown(_inside(view.points, eye), 1)
    rim = _grown(opening, 6) & ~_grown(opening, 1)
    dark, light = np.percentile(view.brightness[opening], (5, 95))
    beside = float(np.median(view.brightness[rim])) - cheek
    return bool(light - dark < _LEAST_EYE or beside < _DARKEST_RIM)


def _logarithms(pixels: Pixels, gain: float) -> Sequence[Field]:
    smooth = cv2.GaussianBlur(pixels.astype(np.float32) * np.float32(gain), (0, 0), 1.2)
    return cv2.split(np.log(smooth + _OFFSET))


def _inside(points: Points, outline: Sequence[int]) -> Mask:
    """Return the pixels inside some points of the mesh: never none."""
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    corners = np.clip(np.rint(points[list(outline)]), 0, _SIDE - 1).astype(np.int32)
    cv2.fillConvexPoly(mask, cv2.convexHull(corners), 1)
    return mask > 0


def _grown(mask: Mask, pixels: int) -> Mask:
    side = 2 * pixels + 1
    grown: Mask = cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    return grown
