"""Find what is in front of a face: where it suddenly differs from itself, or from any skin."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.appearance.face_mask import find_face_mask
from roop.processors.mesh.appearance.mismatch import (
    NEIGHBOURS,
    Field,
    brightness_level,
    measure_mismatch,
    mismatch_bound,
    tolerance_of,
)
from roop.processors.mesh.appearance.reflectance import (
    Light,
    LightFitter,
    Reflectance,
    reflectance_of,
)
from roop.processors.mesh.surface.unwrapping import UnwrappedFace, Unwrapper
from roop.types import Pixels

_SURE, _LIKELY, _STILL_LIKELY, _STRIKING = 1.0, 0.55, 0.45, 1.6
"""Mismatch at which an occluded region starts, to which it spreads, to which it spreads if it was
occluded in the previous frame, and at which a new region is believed at once."""

_EDGE = 0.3
"""Mismatch at which a pixel beside an occluded region starts to belong to it."""

_MIN_PIXELS = 14
"""Pixels of plain skin that a region must surely occlude."""

_MAX_SHARE = 0.6
"""Share of the face above which it is not occluded but has changed: a flash, or a mesh that
slipped."""

_RATE, _OCCLUDED_RATE = 0.06, 0.002
"""Weight of a new frame in the model, and the same where the face seems occluded."""

_VISIBLE = 0.3
"""Visibility that a pixel of the layout needs to count."""

_SHADE, _GLOW, _HUE = 110.0, 60.0, 10.0
"""How much darker, lighter or differently coloured than the rest of the face skin may be."""

_COLOURED = 4.0
"""Grey levels of colour that skin has at least in good light."""

_STRONGER, _RICHER = 1.3, 3.0
"""How much stronger colours may be than the light explains, and at least: flushed skin and the
depth of a fold have the hue of skin, only more of it."""

_IMPROVEMENT = 0.7
"""What is uncovered is skin if its difference from plain skin is below this share of the previous
one."""

_SKIN_VARIATION = np.array([30, 6, 6], np.float32)
"""How much skin varies over a face: brightness in hundredths of its logarithm, colours in grey
levels."""

_UNLIKE_SKIN, _MIN_UNLIKE_SKIN = 0.75, 20
"""How unlike skin a pixel must be to be occluded at first sight, and the sure pixels that a region
needs."""

_CLOSING = np.ones((7, 7), np.uint8)


@dataclass(slots=True)
class AppearanceModel:
    """What one face looks like with nothing in front of it, learnt while it is tracked."""

    mean: Reflectance
    deviation: Field
    """Mean absolute change of the brightness from frame to frame."""
    observations: Field
    """In how many frames each pixel was visible; 0 for never."""
    light: Light
    """The light of the last frame."""
    occluded: Field
    """1 where something was in front in the last frame, 0 elsewhere."""
    masked: bool = False
    """Whether the face wears a mask over its mouth."""


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """What is in front of the face in one frame."""

    occluded: Field
    """1 where the face is occluded, 0 elsewhere."""
    expected: Reflectance
    """What the face would look like without the occlusion."""
    tolerance: Reflectance
    """How far the face may differ from that."""
    unknown: Field
    """1 where it is unknown what the face looks like, 0 elsewhere."""


class OcclusionFinder:
    """Compares faces with their appearance models, corrected for the light."""

    def __init__(self, unwrapper: Unwrapper) -> None:
        self._lights = LightFitter(unwrapper.size)
        self._skin = unwrapper.skin
        self._outside = 1 - (unwrapper.inside > 0).astype(np.float32)
        self._below_eyes, self._mouth = unwrapper.rows_below_eyes, unwrapper.middle_of_mouth

    def find(
        self, model: AppearanceModel | None, face: UnwrappedFace, *, masked: bool = False
    ) -> tuple[AppearanceModel, Occlusion | None]:
        """Return the updated model of a face, and what occludes the face, if anything.

        Args:
            model: The model so far, changed in place; None for a new face.
            face: The face in the next frame.
            masked: Whether a new face wears a mask over its mouth.
        """
        reflectance = reflectance_of(face.pixels)
        if model is None:
            return self._start_model(reflectance, face.visibility, masked)
        weight = face.visibility * self._skin * (model.observations > 0)
        model.light = self._lights.follow(model.light, reflectance - model.mean, weight)
        light = self._lights.field(model.light)
        expected = model.mean + light
        tolerance = tolerance_of(expected, model.deviation, self._skin)
        known = (face.visibility > _VISIBLE) & (model.observations > 0)
        bound = mismatch_bound(reflectance, expected, tolerance)
        striking = (bound > _STRIKING) & known & (self._skin > 0)
        if np.count_nonzero(striking) < _MIN_PIXELS and not model.occluded.any():
            _update_model(
                model, reflectance - light, face.visibility, model.occluded, bound * self._skin
            )
            return model, None
        mismatch = measure_mismatch(reflectance, expected, tolerance) * known
        occluded = self._occluded_regions(mismatch, model.occluded)
        if occluded.any():
            self._accept_uncovered(model, occluded, reflectance - light, face.visibility)
        unobserved = model.observations == 0
        if (model.occluded * unobserved).any():
            unlike = self._at_first_sight(reflectance, face.visibility, model.masked)
            occluded = np.maximum(occluded, unlike * unobserved)
        visible = (face.visibility > _VISIBLE) * self._skin
        if (occluded * self._skin).sum() > _MAX_SHARE * visible.sum():
            model.occluded = np.zeros_like(occluded)
            return model, None
        _update_model(model, reflectance - light, face.visibility, occluded, mismatch)
        model.occluded = occluded
        return model, _make_occlusion(model, expected, tolerance)

    def mask(self, occlusion: Occlusion, image: Pixels, positions: NDArray[np.float32]) -> Field:
        """Return how much of each pixel of an image is occluded: ``(h, w)``, 0..1.

        Args:
            occlusion: What is in front of the face.
            image: ``(h, w, 3)`` RGB.
            positions: ``(2, h, w)``: the position of each of its pixels in the layout.
        """
        wide = cv2.dilate(occlusion.occluded, NEIGHBOURS)
        wide = np.maximum(wide, cv2.dilate(wide, _CLOSING) * self._outside)
        rough, core = (_resample(field, positions) for field in (wide, cv2.erode(wide, _CLOSING)))
        expected, tolerance = (
            _resample(field, positions) for field in (occlusion.expected, occlusion.tolerance)
        )
        mismatch = measure_mismatch(reflectance_of(image), expected, tolerance)
        sharp = np.clip((mismatch - _EDGE) / (_LIKELY - _EDGE), 0, 1)
        sharp = np.maximum(
            sharp, _resample(np.maximum(self._outside, occlusion.unknown), positions)
        )
        mask: Field = np.maximum(rough * sharp, core)
        return mask

    def _start_model(
        self, reflectance: Reflectance, visibility: Field, masked: bool
    ) -> tuple[AppearanceModel, Occlusion | None]:
        """Start a model from the first frame: what cannot be skin is in front of the face."""
        occluded = self._at_first_sight(reflectance, visibility, masked)
        model = AppearanceModel(
            reflectance.copy(),
            np.full(visibility.shape, 4, np.float32),
            ((visibility > _VISIBLE) & (occluded == 0)).astype(np.float32),
            np.zeros((6, 3), np.float32),
            occluded,
            masked,
        )
        return model, _make_occlusion(
            model, model.mean, tolerance_of(model.mean, model.deviation, self._skin)
        )

    def _at_first_sight(self, reflectance: Reflectance, visibility: Field, masked: bool) -> Field:
        """Return what occludes a face that was never seen without it."""
        if masked:
            seen = self._skin * (visibility > _VISIBLE)
            mask = find_face_mask(reflectance, seen, self._below_eyes, self._mouth)
            if mask.any():
                return mask
        return self._unlike_skin(reflectance, visibility)

    def _unlike_skin(self, reflectance: Reflectance, visibility: Field) -> Field:
        """Return where there cannot be skin: too dark, too light or of another hue.

        Shadows darken colours along with the brightness, and gloss pales them; neither changes the
        hue. A lamp at the side brightens half of the face, colours and all. Dark skin that is as
        dark on the other side of the face is a beard.
        """
        plain = self._lights.plain(reflectance, visibility * self._skin)
        off = reflectance - plain
        bright = off[..., 0] > 0
        faint = np.where(bright, 0, 0.5 * np.exp(np.minimum(off[..., 0], 0) / 100))[..., None]
        light = np.exp(np.maximum(off[..., 0], 0) / 100)[..., None]
        limits = plain[..., 1:] * faint, plain[..., 1:] * np.maximum(_STRONGER * light, _RICHER)
        hue = np.maximum(
            reflectance[..., 1:] - np.maximum(*limits),
            np.minimum(*limits) - reflectance[..., 1:],
        )
        hue = np.maximum(hue, 0) / max(_HUE * brightness_level(plain, self._skin), 4.0) / light
        tinted = np.hypot(hue[..., 0], hue[..., 1])
        grey = off[..., 0] / np.where(bright, _GLOW, -_SHADE) * ~_lit(reflectance, plain, tinted)
        mismatch = cv2.blur(np.hypot(tinted, grey) * (visibility > _VISIBLE), (3, 3))
        beard = ~bright & (cv2.blur(tinted, (3, 3)) < 1)
        sure = mismatch - beard * np.minimum(mismatch, mismatch[:, ::-1])
        skin = self._skin > 0
        # eyes and lips are no plain skin either
        likely = mismatch > np.where(skin, _UNLIKE_SKIN, 2 * _UNLIKE_SKIN)
        return _connected_regions(likely, (sure > 1) & skin, _MIN_UNLIKE_SKIN)

    def _occluded_regions(self, mismatch: Field, before: Field) -> Field:
        """Return the connected regions that are occluded."""
        was = cv2.dilate(before, NEIGHBOURS) > 0
        likely = (mismatch > np.where(was, _STILL_LIKELY, _LIKELY)) & (mismatch > 0)
        sure = (mismatch > np.where(was, _SURE, _STRIKING)) & (self._skin > 0)
        return _connected_regions(likely, sure, _MIN_PIXELS)

    def _accept_uncovered(
        self, model: AppearanceModel, occluded: Field, reflectance: Reflectance, visibility: Field
    ) -> None:
        """Correct the model where what occluded the face from the start has gone.

        Of the two appearances of a region, the one that fits the rest of the face is the face's.
        """
        plain = self._lights.plain(reflectance, visibility * self._skin * (1 - occluded))
        skin = occluded * self._skin * visibility
        now, before = (
            cv2.blur(skin * np.abs((x - plain) / _SKIN_VARIATION).sum(axis=2), (9, 9))
            for x in (reflectance, model.mean)
        )
        uncovered = (now < _IMPROVEMENT * before) & (occluded > 0)
        model.mean[uncovered] = reflectance[uncovered]
        model.observations[uncovered] = 1
        occluded[uncovered] = 0


def _lit(reflectance: Reflectance, plain: Reflectance, tinted: Field) -> NDArray[np.bool_]:
    """Return where there is skin in brighter light: of the right hue, in strong colours."""
    strength, usual = (
        cv2.blur(np.hypot(x[..., 1], x[..., 2]), (3, 3)) for x in (reflectance, plain)
    )
    lighter = reflectance[..., 0] > plain[..., 0]
    coloured = strength > np.maximum(usual, _COLOURED)
    lit: NDArray[np.bool_] = lighter & coloured & (cv2.blur(tinted, (3, 3)) < 1)
    return lit


def _resample(field: NDArray[np.float32], positions: NDArray[np.float32]) -> NDArray[np.float32]:
    border = cv2.BORDER_REPLICATE
    resampled = cv2.remap(field, positions[0], positions[1], cv2.INTER_LINEAR, borderMode=border)
    result: NDArray[np.float32] = resampled
    return result


def _connected_regions(likely: NDArray[np.bool_], sure: NDArray[np.bool_], least: int) -> Field:
    """Return the closed regions of ``likely`` that have ``least`` pixels of ``sure`` or more."""
    if not sure.any():
        return np.zeros(likely.shape, np.float32)
    count, number = cv2.connectedComponents(likely.astype(np.uint8), connectivity=4)
    kept = np.bincount(number[sure], minlength=count) >= least
    kept[0] = False
    closed = cv2.morphologyEx(kept[number].astype(np.uint8), cv2.MORPH_CLOSE, _CLOSING)
    regions: Field = closed.astype(np.float32)
    return regions


def _update_model(
    model: AppearanceModel,
    reflectance: Reflectance,
    visibility: Field,
    occluded: Field,
    mismatch: Field,
) -> None:
    """Move the model towards the current appearance where the face is visible."""
    rate = np.maximum(_RATE, 1 / (model.observations + 1)) * np.where(mismatch < 0.8, 1, 0.3)
    near = cv2.dilate(occluded, np.ones((5, 5), np.uint8)) > 0
    rate = (
        visibility * np.where(near, np.where(model.observations > 0, _OCCLUDED_RATE, 0), rate)
    ).astype(np.float32)
    off = reflectance - model.mean
    model.mean += rate[..., None] * off
    model.deviation += np.minimum(rate, _RATE) * (np.abs(off[..., 0]) - model.deviation)
    model.observations += (visibility > _VISIBLE) & ~near


def _make_occlusion(
    model: AppearanceModel, expected: Reflectance, tolerance: Reflectance
) -> Occlusion | None:
    if not model.occluded.any():
        return None
    return Occlusion(
        model.occluded, expected, tolerance, (model.observations == 0).astype(np.float32)
    )
