"""What is in front of a face: where it suddenly looks unlike itself, or unlike any skin."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.appearance.reflectance import (
    Light,
    LightFitter,
    Reflectance,
    brightness_of,
    middle,
    reflectance_of,
)
from roop.processors.mesh.surface.unrolled import UnwrappedFace, Unwrapper
from roop.types import Pixels

Field = NDArray[np.float32]
"""``(H, W)`` in the layout of the unrolled face."""

_DARKER, _RESTLESS = 22.0, 1.5
"""Change of brightness that is not the face's own, beside its usual unrest times the second."""

_TINT, _LEAST_TINT, _BRIGHT = 6.0, 2.5, 130.0
"""Change of colour that is not the face's own in a face of that brightness; darker ones: less."""

_SURE, _LIKELY, _STILL_LIKELY, _STRIKING = 1.0, 0.55, 0.45, 1.6
"""Oddness at which a covered region begins, to which it spreads, to which one spreads that was
there a frame before, and at which it is believed at first sight."""

_SOFTLY = 0.3
"""Oddness at which a pixel beside a covered region begins to belong to it."""

_SMALLEST = 14
"""Bits of plain skin that must be covered for sure."""

_MOST = 0.6
"""Share of the face above which it is not covered but changed: a flash, a mesh that slipped."""

_RATE, _SLOW = 0.06, 0.002
"""Share of a frame in what is known of the face; the same where it seems covered."""

_BRIGHTER = 1.8
"""What light, leaving a shadow, makes stronger colours at most."""

_SHADOW, _SAME_HUE, _COLOURED = 4.0, 0.25, 2.0
"""How much more a shadow may darken; how much, as a share, it changes colours; grey levels of
colour that tell a shadow from a thing."""

_SHOWN = 0.3
"""How well a frame must show a bit of skin to tell anything about it."""

_SHADE, _GLOW, _HUE = 110.0, 60.0, 10.0
"""How much darker, lighter, or otherwise coloured than the rest a bit of any skin may be."""

_BETTER = 0.7
"""How much nearer to plain skin what comes to light must be than what was known of that place."""

_UNEVEN = np.array([30, 6, 6], np.float32)
"""How uneven skin looks: brightness in hundredths of its logarithm, colours in grey levels."""

_ALIEN, _SMALLEST_ALIEN = 0.75, 20
"""How unlike skin a bit must look that may be covered; bits of a region that surely are."""

_CLOSED = np.ones((7, 7), np.uint8)
_NEAR = np.ones((3, 3), np.uint8)


@dataclass(slots=True)
class OwnReflectance:
    """What is known of the look of one face with nothing in front of it."""

    usual: Reflectance
    unrest: Field
    """How much its brightness changes from frame to frame."""
    frames: Field
    """For how many frames each bit was seen, 0 for never."""
    light: Light
    """What the light of the last frame adds."""
    covered: Field
    """1 where something was in front of it in the last frame, 0 elsewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """What is in front of the face in one frame."""

    covered: Field
    """1 behind it, 0 elsewhere."""
    expected: Reflectance
    """What the face would look like without it."""
    spread: Reflectance
    """How far the face may stray from that."""
    unknown: Field
    """1 where it is not known what it would look like, 0 elsewhere."""


class OcclusionFinder:
    """Compares faces with what is known of them, light aside."""

    def __init__(self, unroller: Unwrapper) -> None:
        self._lights = LightFitter(unroller.size)
        self._skin = unroller.skin
        self._beyond = 1 - (unroller.inside > 0).astype(np.float32)

    def find(
        self, own: OwnReflectance | None, face: UnwrappedFace
    ) -> tuple[OwnReflectance, Cover | None]:
        """Return what is now known of a face, and what is in front of it, if anything.

        Args:
            own: What was known of it; None if it was never seen.
            face: The next frame's face.
        """
        look = reflectance_of(face.pixels)
        if own is None:
            return self._first(look, face.seen)
        weight = face.seen * self._skin * (own.frames > 0)
        own.light = self._lights.follow(own.light, look - own.usual, weight)
        light = self._lights.field(own.light)
        expected = own.usual + light
        spread = _spread(own, expected, self._skin)
        known = (face.seen > _SHOWN) & (own.frames > 0)
        most = _most_oddness(look, expected, spread)
        striking = (most > _STRIKING) & known & (self._skin > 0)
        if np.count_nonzero(striking) < _SMALLEST and not own.covered.any():
            _learn(own, look - light, face.seen, own.covered, most * self._skin)
            return own, None
        odd = _oddness(look, expected, spread) * known
        covered = self._regions(odd, own.covered)
        if covered.any():
            self._disbelieve(own, covered, look - light, face.seen)
        if (own.covered * (own.frames == 0)).any():
            covered = np.maximum(covered, self._unlike_skin(look, face.seen) * (own.frames == 0))
        if (covered * self._skin).sum() > _MOST * ((face.seen > _SHOWN) * self._skin).sum():
            own.covered = np.zeros_like(covered)
            return own, None
        _learn(own, look - light, face.seen, covered, odd)
        own.covered = covered
        return own, _cover(own, expected, spread)

    def show(self, cover: Cover, picture: Pixels, places: NDArray[np.float32]) -> Field:
        """Return how much each pixel of a picture shows what is in front: ``(h, w)``, 0..1.

        Args:
            cover: What is in front of the face.
            picture: ``(h, w, 3)`` RGB.
            places: ``(2, h, w)``: where each of its pixels lies in the layout.
        """
        wide = cv2.dilate(cover.covered, _NEAR)
        wide = np.maximum(wide, cv2.dilate(wide, _CLOSED) * self._beyond)
        rough, core = (_moved(field, places) for field in (wide, cv2.erode(wide, _CLOSED)))
        expected, spread = (_moved(field, places) for field in (cover.expected, cover.spread))
        odd = _oddness(reflectance_of(picture), expected, spread)
        sharp = np.clip((odd - _SOFTLY) / (_LIKELY - _SOFTLY), 0, 1)
        sharp = np.maximum(sharp, _moved(np.maximum(self._beyond, cover.unknown), places))
        shown: Field = np.maximum(rough * sharp, core)
        return shown

    def _first(self, look: Reflectance, seen: Field) -> tuple[OwnReflectance, Cover | None]:
        """Begin with a face: what cannot be skin is in front of it."""
        covered = self._unlike_skin(look, seen)
        own = OwnReflectance(
            look.copy(),
            np.full(seen.shape, 4, np.float32),
            ((seen > _SHOWN) & (covered == 0)).astype(np.float32),
            np.zeros((6, 3), np.float32),
            covered,
        )
        return own, _cover(own, own.usual, _spread(own, own.usual, self._skin))

    def _unlike_skin(self, look: Reflectance, seen: Field) -> Field:
        """Return where there cannot be skin: too dark, too light or of another hue.

        Shadows darken colours with the brightness, gloss pales them: neither makes another hue. A
        beard is dark on both sides.
        """
        plain = self._lights.plain(look, seen * self._skin)
        off = look - plain
        bright = off[..., 0] > 0
        faint = np.where(bright, 0, 0.5 * np.exp(np.minimum(off[..., 0], 0) / 100))[..., None]
        ends = plain[..., 1:] * faint, plain[..., 1:] * np.float32(1.7)
        hue = np.maximum(look[..., 1:] - np.maximum(*ends), np.minimum(*ends) - look[..., 1:])
        hue = np.maximum(hue, 0) / max(_HUE * _level(plain, self._skin), 4.0)
        tinted = np.hypot(hue[..., 0], hue[..., 1])
        grey = off[..., 0] / np.where(bright, _GLOW, -_SHADE)
        odd = cv2.blur(np.hypot(tinted, grey) * (seen > _SHOWN), (3, 3))
        beard = ~bright & (cv2.blur(tinted, (3, 3)) < 1)
        sure = odd - beard * np.minimum(odd, odd[:, ::-1])
        skin = self._skin > 0
        likely = odd > np.where(skin, _ALIEN, 2 * _ALIEN)  # eyes and lips are no plain skin either
        return _grown(likely, (sure > 1) & skin, _SMALLEST_ALIEN)

    def _regions(self, odd: Field, before: Field) -> Field:
        """Return the connected regions that are covered."""
        was = cv2.dilate(before, _NEAR) > 0
        likely = (odd > np.where(was, _STILL_LIKELY, _LIKELY)) & (odd > 0)
        sure = (odd > np.where(was, _SURE, _STRIKING)) & (self._skin > 0)
        return _grown(likely, sure, _SMALLEST)

    def _disbelieve(
        self, own: OwnReflectance, covered: Field, look: Reflectance, seen: Field
    ) -> None:
        """Take back what was covered from the start and comes to light now.

        Of the two looks that a region had the one that fits the rest of the face is its own.
        """
        plain = self._lights.plain(look, seen * self._skin * (1 - covered))
        skin = covered * self._skin * seen
        now, then = (
            cv2.blur(skin * np.abs((x - plain) / _UNEVEN).sum(axis=2), (9, 9))
            for x in (look, own.usual)
        )
        shown = (now < _BETTER * then) & (covered > 0)
        own.usual[shown] = look[shown]
        own.frames[shown] = 1
        covered[shown] = 0


def _moved(field: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    border = cv2.BORDER_REPLICATE
    moved = cv2.remap(field, places[0], places[1], cv2.INTER_LINEAR, borderMode=border)
    result: NDArray[np.float32] = moved
    return result


def _level(look: Reflectance, skin: Field) -> float:
    """Return how bright a face is, 1 for one in good light."""
    return math.exp(middle(look[::3, ::3, 0][skin[::3, ::3] > 0]) / 100) / _BRIGHT


def _spread(own: OwnReflectance, expected: Reflectance, skin: Field) -> Reflectance:
    tint = max(_TINT * _level(expected, skin), _LEAST_TINT)
    spread = np.full(expected.shape, tint, np.float32)
    spread[..., 0] = _DARKER + _RESTLESS * own.unrest
    return spread


def _oddness(look: Reflectance, expected: Reflectance, spread: Reflectance) -> Field:
    """Return how unlike it should look a face looks, 1 for surely unlike.

    Each bit may look like any of its neighbours, as the mesh is not exact, and as in a shadow.
    """
    low, high = cv2.erode(expected, _NEAR), cv2.dilate(expected, _NEAR)
    shade = np.minimum(brightness_of(look) / brightness_of(expected), _BRIGHTER)
    shaded = expected[..., 1:] * shade[..., None]
    low[..., 1:], high[..., 1:] = (
        np.minimum(low[..., 1:], shaded),
        np.maximum(high[..., 1:], shaded),
    )
    off = np.maximum(np.maximum(look - high, low - look), 0) / spread
    off[..., 0] /= 1 + _SHADOW * _shadowed(look, shaded)
    odd: Field = cv2.blur(cv2.sqrt(cv2.transform(off * off, np.ones((1, 3)))), (3, 3))
    return odd


def _most_oddness(look: Reflectance, expected: Reflectance, spread: Reflectance) -> Field:
    """Return no less than ``_oddness``, in a fifth of the time."""
    off = (look - expected) / spread
    most: Field = cv2.blur(cv2.sqrt(cv2.transform(off * off, np.ones((1, 3)))), (3, 3))
    return most


def _shadowed(look: Reflectance, shaded: Reflectance) -> Field:
    """Return how much the colours look as in a shadow, 0..1; without colours nobody can tell."""
    off, strength = (
        cv2.sqrt(cv2.transform(tint * tint, np.ones((1, 2))))
        for tint in (look[..., 1:] - shaded, shaded)
    )
    alike = 2 - off / np.maximum(_SAME_HUE * strength, 0.5)
    shadowed: Field = np.clip(alike, 0, 1) * (strength > _COLOURED)
    return shadowed


def _grown(likely: NDArray[np.bool_], sure: NDArray[np.bool_], least: int) -> Field:
    """Return the connected regions of ``likely`` with ``least`` pixels of ``sure``, closed."""
    if not sure.any():
        return np.zeros(likely.shape, np.float32)
    count, number = cv2.connectedComponents(likely.astype(np.uint8), connectivity=4)
    kept = np.bincount(number[sure], minlength=count) >= least
    kept[0] = False
    closed = cv2.morphologyEx(kept[number].astype(np.uint8), cv2.MORPH_CLOSE, _CLOSED)
    regions: Field = closed.astype(np.float32)
    return regions


def _learn(own: OwnReflectance, look: Reflectance, seen: Field, covered: Field, odd: Field) -> None:
    """Let what is known of a face follow its look where it is seen."""
    rate = np.maximum(_RATE, 1 / (own.frames + 1)) * np.where(odd < 0.8, 1, 0.3)
    near = cv2.dilate(covered, np.ones((5, 5), np.uint8)) > 0
    rate = (seen * np.where(near, np.where(own.frames > 0, _SLOW, 0), rate)).astype(np.float32)
    off = look - own.usual
    own.usual += rate[..., None] * off
    own.unrest += np.minimum(rate, _RATE) * (np.abs(off[..., 0]) - own.unrest)
    own.frames += (seen > _SHOWN) & ~near


def _cover(own: OwnReflectance, expected: Reflectance, spread: Reflectance) -> Cover | None:
    if not own.covered.any():
        return None
    return Cover(own.covered, expected, spread, (own.frames == 0).astype(np.float32))
