"""The enhancer that needs no network: as much fine detail as the source photo has."""

from collections import deque
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from roop.faces.cutout import Cutout, Mask, make_cutout
from roop.media.frames.stored_frame import StoredFrame
from roop.processors.base import Context, Processor
from roop.processors.enhance import EnhanceOptions
from roop.processors.masks import outline_mask, soften
from roop.types import AnalysedFrame, Face, Frame, Identity, Mesh

Bands = NDArray[np.float32]
"""``(4, S, S)``: brightness taken apart, finest first."""

Levels = NDArray[np.float32]
"""``(4,)``: how strong each band is inside a face, as a share of its brightness."""

_TEMPLATE = "ffhq_512"
_LARGEST = 512
_SMALLEST = 128
"""Sides of the crops, pixels: powers of two, so that their bands mean the same."""

_FINEST = 0.75
"""Pixels of the frame per pixel of the crop, at least: there is nothing to see in finer ones."""

_COUNT = 4
"""Bands; each is twice as coarse as the one before, from a Gaussian of one pixel at 512."""

_TYPICAL = np.array([0.021, 0.024, 0.037, 0.055], np.float32)
"""Levels of a sharp portrait, for a face without a source photo."""

_MOST = 3.0
"""How many times stronger a band may get: there is nothing to show in a blank."""

_WHITE = (1.0, 0.237, 0.1, 0.048)
"""Strength of white noise in a band, finest first, as shares of that in the finest."""

_DOUBT = 1.5
"""Strengths of noise at which a pixel of a band is as likely detail."""

_QUIET = 0.7
"""How much of what is only noise to take away."""

_SOFT = 0.05
"""Width of the border, as a share of the crop."""

_FRAMES = 8
"""Frames whose levels are averaged: one alone flickers. As many are worked on before each segment
of a film begins, so that nothing shows where two segments meet."""


class DetailEnhancer(Processor):
    """Strengthens what is fine in a face, band by band, and quiets its noise."""

    def __init__(self, options: EnhanceOptions, context: Context) -> None:
        self._blend = options.enhance_blend
        self._wanted = [_levels_of(identity) for identity in context.identities]
        self._seen: dict[int, deque[Levels]] = {}

    @override
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        for analysed in analysed_frames:
            for face in analysed.faces:
                self._enhance(analysed.frame, face)
        return analysed_frames

    @override
    def reset(self) -> None:
        self._seen.clear()

    def _enhance(self, frame: Frame, face: Face) -> None:
        place = _place(face.mesh, frame.size)
        if place is None:
            return
        bands, mask, brightness = _taken_apart(frame, place, face.mesh)
        levels = self._remembered(face, _measured(bands, mask, brightness))
        wanted = self._wanted[face.identity] if self._wanted else _TYPICAL
        noise = _noise(bands, mask)
        clean = np.clip(1 - (noise / np.maximum(levels * brightness, 1e-6)) ** 2, 0, 1)
        gain = (np.clip(wanted / np.maximum(levels, 1e-6), 1, _MOST) - 1) * clean
        added = np.zeros_like(bands[0])
        for band, more, grain in zip(bands, gain, noise * _DOUBT, strict=True):
            power = band * band
            real = power / (power + grain * grain)
            added += band * (more * real - _QUIET * (1 - real))
        place.shade(frame, added * mask * (self._blend * face.opacity))

    def _remembered(self, face: Face, levels: Levels) -> Levels:
        """Return the mean of the levels of this face in the last frames."""
        if face.fresh:
            self._seen.pop(face.track, None)
        seen = self._seen.setdefault(face.track, deque(maxlen=_FRAMES))
        seen.append(levels)
        mean: Levels = np.mean(seen, axis=0)
        return mean


def _place(mesh: Mesh, size: tuple[int, int]) -> Cutout | None:
    """Return the largest cutout that is hardly larger than the face itself."""
    side = _LARGEST
    place = make_cutout(mesh, size, template=_TEMPLATE, side=side)
    while place and side > _SMALLEST and place.zoom < _FINEST:
        side //= 2
        place = make_cutout(mesh, size, template=_TEMPLATE, side=side)
    return place


def _levels_of(identity: Identity) -> Levels:
    """Return the levels of the sharpest photo."""
    found = []
    for portrait in identity.portraits:
        frame = StoredFrame(portrait.pixels)
        place = _place(portrait.mesh, frame.size)
        if place:
            bands, mask, brightness = _taken_apart(frame, place, portrait.mesh)
            found.append(_measured(bands, mask, brightness))
    return np.max(found, axis=0) if found else _TYPICAL


def _taken_apart(frame: Frame, place: Cutout, mesh: Mesh) -> tuple[Bands, Mask, float]:
    """Return the face's bands, where it is, and how bright it is."""
    mask = soften(outline_mask(place.side, place.points(mesh)), _SOFT * place.side)
    grey = cv2.cvtColor(place.cut(frame), cv2.COLOR_RGB2GRAY).astype(np.float32)
    brightness = float(grey[mask > 0.9].mean()) if (mask > 0.9).any() else 1.0
    bands = np.zeros((_COUNT, *grey.shape), np.float32)
    skipped = (_LARGEST // place.side).bit_length() - 1  # finer than this crop can show
    for index in range(skipped, _COUNT):
        coarser = cv2.GaussianBlur(grey, (0, 0), 2.0 ** (index - skipped))
        bands[index] = grey - coarser
        grey = coarser
    return bands, mask, max(brightness, 1.0)


def _measured(bands: Bands, mask: Mask, brightness: float) -> Levels:
    inside = mask > 0.9
    if not inside.any():
        return _TYPICAL
    strength: Levels = np.sqrt((bands[:, inside] ** 2).mean(axis=1)) / brightness
    return strength


def _noise(bands: Bands, mask: Mask) -> NDArray[np.float32]:
    """Return how strong the noise of each band is: what half of the finest one stays below.

    Skin has little detail of its own there; white noise goes on into the others.
    """
    finest = next((i for i, band in enumerate(bands) if band.any()), 0)
    inside = np.abs(bands[finest, mask > 0.9])
    strength = 1.4826 * float(np.median(inside)) if inside.size else 0.0
    falling = [0.0] * finest + [strength * share for share in _WHITE]
    return np.maximum(np.array(falling[:_COUNT], np.float32), 0.3)
