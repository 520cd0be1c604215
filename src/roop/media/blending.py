"""Blends new samples into the stored samples of one component."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.media.pixel_layout import Component, PixelLayout, Samples
from roop.types import Alpha

ROUNDING = 1.5
"""Steps of an 8 bit sample by which a crop may differ from the deeper samples it was made of."""


@dataclass(frozen=True, slots=True)
class Blending:
    """Which component is blended, and what is there now."""

    part: Component
    layout: PixelLayout
    present: NDArray[np.uint16] | None
    """``(H, W)``: the samples as an 8 bit crop sees them. With it the difference between new and
    present is added, so that what the crop could not show (bits beyond 8) stays."""


def blend(view: Samples, wanted: NDArray[np.uint16], alpha: Alpha, blending: Blending) -> None:
    """Change ``view`` in place where ``alpha`` is above 0.

    Args:
        view: Stored samples of the box, one for every pixel or group of pixels.
        wanted: ``(H, W)``: new samples, one for every pixel of the box.
        alpha: ``(H, W)``: 0 keeps, 255 replaces.
        blending: Which component, and what is there now.
    """
    if view.dtype == np.uint8 and not (blending.part.shift_x or blending.part.shift_y):
        _blend_bytes(view, wanted[: view.shape[0], : view.shape[1]], alpha)
    else:
        _blend_exactly(view, wanted, alpha, blending)


def _blend_bytes(view: Samples, wanted: NDArray[np.uint16], alpha: Alpha) -> None:
    """Blend 8 bit samples, one for every pixel; the hot path."""
    old = np.ascontiguousarray(view)
    change = cv2.subtract(np.ascontiguousarray(wanted), old, dtype=cv2.CV_16S)
    alpha = alpha[: old.shape[0], : old.shape[1]]
    cv2.multiply(change, alpha, change, scale=1 / 255, dtype=cv2.CV_16S)
    view[...] = cv2.add(old, change, dtype=cv2.CV_8U)


def _blend_exactly(
    view: Samples, wanted: NDArray[np.uint16], alpha: Alpha, blending: Blending
) -> None:
    """Blend samples that are deep, or shared by several pixels.

    A shared sample moves by the mean of what its pixels ask for, each weighted by its alpha.
    """
    part, layout = blending.part, blending.layout
    stored = (view >> layout.padding).astype(np.float32)
    weight = np.multiply(alpha, np.float32(1 / 255), dtype=np.float32)
    sums = _shared(wanted * weight, part, view)
    weights = _shared(weight, part, view)
    base = stored
    if blending.present is not None:
        limit = ROUNDING * (1 << (layout.depth - 8))
        present = _shared(blending.present.astype(np.float32), part, view)
        base = np.clip(present, stored - limit, stored + limit)
    moved = np.rint(stored + sums - weights * base)
    top = (1 << layout.depth) - 1
    fresh = np.clip(moved, 0, top).astype(view.dtype) << layout.padding
    np.copyto(view, fresh, where=weights > 0)


def _shared(samples: NDArray[np.float32], part: Component, view: Samples) -> NDArray[np.float32]:
    """Return the mean of ``samples`` over the pixels that share each sample of ``view``."""
    if part.shift_x or part.shift_y:
        size = samples.shape[1] >> part.shift_x, samples.shape[0] >> part.shift_y
        samples = cv2.resize(samples, size, interpolation=cv2.INTER_AREA)
    return samples[: view.shape[0], : view.shape[1]]
