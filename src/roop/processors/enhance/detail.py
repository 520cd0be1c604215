"""The enhancer without a network: it gives faces as much detail as the source photo has."""

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
"""``(4, S, S)``: the brightness split by scale, finest first."""

Levels = NDArray[np.float32]
"""``(4,)``: the strength of each band inside a face, as a share of its brightness."""

_TEMPLATE = "ffhq_512"
_MAX_SIDE = 512
_MIN_SIDE = 128
"""Sides of the crops, pixels: powers of two, so that bands of different crops correspond."""

_MIN_ZOOM = 0.75
"""Fewest pixels of the frame per pixel of the crop: a finer crop shows no more."""

_BAND_COUNT = 4
"""Number of bands; each is twice as coarse as the one before, from a Gaussian of one pixel at 512.
"""

_TYPICAL = np.array([0.021, 0.024, 0.037, 0.055], np.float32)
"""Levels of a sharp portrait, for a face without a source photo."""

_MAX_GAIN = 3.0
"""Largest factor on a band: in a band without detail there is nothing to amplify."""

_WHITE_NOISE = (1.0, 0.237, 0.1, 0.048)
"""Strength of white noise in each band, finest first, relative to the finest."""

_NOISE_MARGIN = 1.5
"""Multiple of the noise at which a pixel of a band is as likely detail as noise."""

_DENOISING = 0.7
"""Share of the noise that is removed."""

_MASK_SOFTNESS = 0.05
"""Width of the soft border, as a share of the crop."""

_AVERAGED_FRAMES = 8
"""Frames over which levels are averaged, against flicker. As many frames are processed before each
segment of a video, so that the seam between two segments is invisible."""


class DetailEnhancer(Processor):
    """Amplifies the fine detail of a face, band by band, and reduces its noise."""

    def __init__(self, options: EnhanceOptions, context: Context) -> None:
        self._blend = options.enhance_blend
        self._target_levels = [_source_levels(identity) for identity in context.identities]
        self._recent: dict[int, deque[Levels]] = {}

    @override
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        for analysed in analysed_frames:
            for face in analysed.faces:
                self._enhance(analysed.frame, face)
        return analysed_frames

    @override
    def reset(self) -> None:
        self._recent.clear()

    def _enhance(self, frame: Frame, face: Face) -> None:
        cutout = _best_cutout(face.mesh, frame.size)
        if cutout is None:
            return
        bands, mask, brightness = _split_bands(frame, cutout, face.mesh)
        levels = self._mean_levels(face, _measure_levels(bands, mask, brightness))
        target = self._target_levels[face.identity] if self._target_levels else _TYPICAL
        noise = _noise(bands, mask)
        clean = np.clip(1 - (noise / np.maximum(levels * brightness, 1e-6)) ** 2, 0, 1)
        gain = (np.clip(target / np.maximum(levels, 1e-6), 1, _MAX_GAIN) - 1) * clean
        added = np.zeros_like(bands[0])
        for band, boost, grain in zip(bands, gain, noise * _NOISE_MARGIN, strict=True):
            power = band * band
            real = power / (power + grain * grain)
            added += band * (boost * real - _DENOISING * (1 - real))
        cutout.shade(frame, added * mask * (self._blend * face.opacity))

    def _mean_levels(self, face: Face, levels: Levels) -> Levels:
        """Return the mean of this face's levels over the last frames."""
        if face.fresh:
            self._recent.pop(face.track, None)
        recent = self._recent.setdefault(face.track, deque(maxlen=_AVERAGED_FRAMES))
        recent.append(levels)
        mean: Levels = np.mean(recent, axis=0)
        return mean


def _best_cutout(mesh: Mesh, size: tuple[int, int]) -> Cutout | None:
    """Return the largest cutout that is not much finer than the face itself."""
    side = _MAX_SIDE
    cutout = make_cutout(mesh, size, template=_TEMPLATE, side=side)
    while cutout and side > _MIN_SIDE and cutout.zoom < _MIN_ZOOM:
        side //= 2
        cutout = make_cutout(mesh, size, template=_TEMPLATE, side=side)
    return cutout


def _source_levels(identity: Identity) -> Levels:
    """Return the levels of the sharpest photo."""
    found = []
    for portrait in identity.portraits:
        frame = StoredFrame(portrait.pixels)
        cutout = _best_cutout(portrait.mesh, frame.size)
        if cutout:
            bands, mask, brightness = _split_bands(frame, cutout, portrait.mesh)
            found.append(_measure_levels(bands, mask, brightness))
    return np.max(found, axis=0) if found else _TYPICAL


def _split_bands(frame: Frame, cutout: Cutout, mesh: Mesh) -> tuple[Bands, Mask, float]:
    """Return the face's bands, its mask and its brightness."""
    mask = soften(outline_mask(cutout.side, cutout.points(mesh)), _MASK_SOFTNESS * cutout.side)
    grey = cv2.cvtColor(cutout.cut(frame), cv2.COLOR_RGB2GRAY).astype(np.float32)
    brightness = float(grey[mask > 0.9].mean()) if (mask > 0.9).any() else 1.0
    bands = np.zeros((_BAND_COUNT, *grey.shape), np.float32)
    skipped = (_MAX_SIDE // cutout.side).bit_length() - 1  # too fine for this crop
    for index in range(skipped, _BAND_COUNT):
        coarser = cv2.GaussianBlur(grey, (0, 0), 2.0 ** (index - skipped))
        bands[index] = grey - coarser
        grey = coarser
    return bands, mask, max(brightness, 1.0)


def _measure_levels(bands: Bands, mask: Mask, brightness: float) -> Levels:
    inside = mask > 0.9
    if not inside.any():
        return _TYPICAL
    strength: Levels = np.sqrt((bands[:, inside] ** 2).mean(axis=1)) / brightness
    return strength


def _noise(bands: Bands, mask: Mask) -> NDArray[np.float32]:
    """Return the strength of the noise in each band, from the median of the finest one.

    Skin has little detail of its own there, and white noise extends into the coarser bands.
    """
    finest = next((i for i, band in enumerate(bands) if band.any()), 0)
    inside = np.abs(bands[finest, mask > 0.9])
    strength = 1.4826 * float(np.median(inside)) if inside.size else 0.0
    falling = [0.0] * finest + [strength * share for share in _WHITE_NOISE]
    return np.maximum(np.array(falling[:_BAND_COUNT], np.float32), 0.3)
