"""Blend new samples into the stored samples of a frame."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.media.frames.pixel_layout import Component, PixelLayout, Samples
from roop.types import Alpha

Wide = NDArray[np.uint16]
"""``(H, W)`` samples with room above 8 bits."""

Real = NDArray[np.float32]
"""``(H, W)`` exact values."""

ROUNDING = 1.0
"""Steps of an 8-bit sample by which a crop may differ from the deeper samples behind it."""

FINE = 128
"""Parts per step of alpha in a mean of alphas."""


class Blender:
    """Applies one alpha to the components of one box.

    A sample that several pixels share changes by the mean of their changes, weighted by alpha.
    """

    def __init__(self, alpha: Alpha, layout: PixelLayout) -> None:
        """Prepare for a box with ``alpha``, ``(H, W)``: 0 keeps a pixel, 255 replaces it."""
        self._layout = layout
        self._alpha: Wide = alpha.astype(np.uint16)
        self._means: dict[tuple[int, int], Real] = {}

    def blend(self, view: Samples, part: Component, wanted: Wide, present: Wide | None) -> None:
        """Change ``view`` in place where the alpha is above 0.

        Args:
            view: Stored samples of ``part`` in the box; may be smaller at an odd edge.
            part: The component.
            wanted: ``(H, W)`` new samples, one for every pixel of the box; with 8 bits also one
                for every sample of ``view``.
            present: ``(H, W)`` samples of an 8-bit crop of the box, if the stored samples are
                deeper: their lower bits are kept.
        """
        shared = part.shift_x or part.shift_y
        if present is not None:
            self._blend_deep(view, part, wanted, present)
        elif shared:
            self._blend_shared(view, part, wanted)
        else:
            self._blend_bytes(view, wanted)

    def _blend_bytes(self, view: Samples, wanted: Wide) -> None:
        """Blend 8-bit samples, one for every pixel, in 16-bit integers."""
        rows, columns = view.shape
        alpha = self._alpha[:rows, :columns]
        mixed = wanted[:rows, :columns] * alpha
        mixed += (255 - alpha) * view
        # Division by 255 with rounding, exact for every possible value.
        mixed += 128
        mixed += mixed >> 8
        mixed >>= 8
        view[...] = mixed

    def _blend_shared(self, view: Samples, part: Component, wanted: Wide) -> None:
        """Blend 8-bit samples that several pixels share."""
        alpha = self._mean_alpha(part, view)
        if wanted.shape == view.shape:
            change = alpha * wanted
        else:
            change = _mean(wanted * self._alpha, part, view).astype(np.float32)
            change *= np.float32(1 / 255)
        change -= alpha * view
        change += view
        _store(view, change, self._layout)

    def _blend_deep(self, view: Samples, part: Component, wanted: Wide, present: Wide) -> None:
        """Blend samples of more than 8 bits by adding the difference between new and present."""
        stored = (view >> self._layout.padding).astype(np.float32)
        change: Real = np.asarray(cv2.subtract(wanted, present, dtype=cv2.CV_32F), np.float32)
        change *= self._mean_alpha(Component(0), wanted)
        change = _mean(change, part, view)
        # The crop clips colours outside of RGB; what it lost must not be added back.
        shown = _mean(present, part, view)
        limit = np.float32(ROUNDING * (1 << (self._layout.depth - 8)))
        lost = stored - shown
        lost -= np.clip(lost, -limit, limit)
        lost *= self._mean_alpha(part, view)
        stored += change
        stored -= lost
        _store(view, stored, self._layout)

    def _mean_alpha(self, part: Component, view: NDArray[Any]) -> Real:
        """Return the mean alpha, 0..1, of the pixels behind each sample of ``view``."""
        key = part.shift_x, part.shift_y
        if key not in self._means:
            whole = _mean(self._alpha * np.uint16(FINE), part, None)
            self._means[key] = whole.astype(np.float32) * np.float32(1 / (255 * FINE))
        return self._means[key][: view.shape[0], : view.shape[1]]


def _mean(samples: NDArray[Any], part: Component, view: NDArray[Any] | None) -> NDArray[Any]:
    """Return the mean of ``samples`` over the pixels that share each sample of ``part``."""
    if part.shift_x or part.shift_y:
        size = samples.shape[1] >> part.shift_x, samples.shape[0] >> part.shift_y
        samples = cv2.resize(samples, size, interpolation=cv2.INTER_AREA)
    return samples if view is None else samples[: view.shape[0], : view.shape[1]]


def _store(view: Samples, values: Real, layout: PixelLayout) -> None:
    """Round ``values`` into ``view``."""
    np.rint(values, out=values)
    np.clip(values, 0, (1 << layout.depth) - 1, out=values)
    if not layout.padding:
        view[...] = values
        return
    below = view & ((1 << layout.padding) - 1)
    view[...] = (values.astype(np.uint16) << layout.padding) | below
