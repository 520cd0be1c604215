"""A frame over the samples of an image file, in their stored channels and depth."""

from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.geometry import Matrix
from roop.media.frames.orientation import Orientation
from roop.media.frames.presentation import PLAIN, Display
from roop.media.frames.warping import halvings_of, sampled_box, warp
from roop.types import Alpha, Box, Pixels, Shades, Transfer

StoredSamples = NDArray[np.uint8] | NDArray[np.uint16]
"""``(H, W, C)`` in the depth of the file: C is 1 grey, 2 grey + alpha, 3 RGB, 4 RGB + alpha."""


class StoredFrame:
    """The frame of a photo or an animation. Implements ``roop.types.Frame``.

    Only ``make_opaque`` changes the alpha channel. With more than 8 bits, a paste adds the
    difference to the present pixels, so that fine gradations survive.
    """

    def __init__(
        self,
        samples: StoredSamples,
        *,
        orientation: Orientation | None = None,
        pts: int = 0,
        time_base: Fraction = Fraction(1),
        display: Display = PLAIN,
    ) -> None:
        self.samples = samples
        """``(H, W, C)``, in stored orientation; edited in place."""
        self.orientation = orientation or Orientation()
        self.edited: NDArray[np.bool_] | None = None
        """``(H, W)``, true where a pixel was edited; None before the first edit."""
        self._display = display
        self._pts = pts
        self._time_base = time_base

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, upright."""
        return self.orientation.size(self._stored_size)

    @property
    def still(self) -> bool:
        """True: a photo."""
        return True

    @property
    def pts(self) -> int:
        """Presentation time in units of ``time_base``."""
        return self._pts

    @property
    def time_base(self) -> Fraction:
        """Seconds per tick, exact."""
        return self._time_base

    @property
    def pixel_aspect(self) -> float:
        """Width by height of a pixel: viewers show those of pictures as squares."""
        return 1.0

    @property
    def transfer(self) -> Transfer:
        """How the stored values become light."""
        return self._display.transfer

    def managed(self, pixels: Pixels) -> Iterator[Pixels]:
        """Yield ``pixels`` as viewers with colour management show them."""
        return self._display.managed(pixels)

    def fields(self, max_side: int) -> Iterator[Pixels]:
        """Yield nothing: pictures are not interlaced."""
        yield from ()

    def thumbnail(self, max_side: int, box: Box | None = None) -> Pixels:
        """Return a small RGB copy of the frame or of ``box``; see ``roop.types.Frame``."""
        part = self.samples if box is None else self.samples[self._slices(box)]
        height, width = part.shape[:2]
        scale = min(1.0, max_side / max(width, height))
        if scale == 1:
            return np.array(self.orientation.upright(rgb8(part)))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        resized = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
        small = resized.reshape(size[1], size[0], -1).view(self.samples.dtype)
        return np.array(self.orientation.upright(rgb8(small)))

    def crop(self, box: Box) -> Pixels:
        """Return an RGB copy of ``box``, which must lie inside the frame."""
        return np.array(self.orientation.upright(rgb8(self.samples[self._slices(box)])))

    def warped(self, to_frame: Matrix, side: int) -> Pixels:
        """Return the pixels of a rotated square; see ``roop.types.Frame``."""
        box = sampled_box(to_frame, side).clipped(self.size)
        if box.width < 2 or box.height < 2:
            return np.zeros((side, side, 3), np.uint8)
        most = max(box.width, box.height) >> halvings_of(to_frame)
        return np.asarray(warp(self.thumbnail(most, box), box, to_frame, side), np.uint8)

    def lightness(self, box: Box) -> NDArray[np.uint8]:
        """Return the approximate brightness of ``box``; see ``roop.types.Frame``."""
        part = self.samples[self._slices(box)]
        return np.array(self.orientation.upright(depth8(part[..., int(part.shape[2] > 2)])))

    def paste(self, box: Box, pixels: Pixels, alpha: Alpha) -> None:
        """Blend ``pixels`` into ``box`` where ``alpha`` is above 0; see ``roop.types.Frame``."""
        if pixels.shape[:2] != alpha.shape:
            size = box.width, box.height
            pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), np.uint8)
        where = self._slices(box)
        pixels, alpha = self.orientation.stored(pixels), self.orientation.stored(alpha)
        inside = self.samples[where]
        colours = 1 if inside.shape[2] < 3 else 3
        old = inside[..., :colours]
        blend = _blended8 if old.dtype == np.uint8 else _blended16
        old[:] = blend(old, pixels if colours == 3 else luma(pixels), alpha)
        if self.edited is None:
            self.edited = np.zeros(self.samples.shape[:2], np.bool_)
        self.edited[where] |= alpha > 0

    def opacity(self, max_side: int) -> Alpha | None:
        """Return the opacity of a ``thumbnail``; see ``roop.types.Frame``."""
        if self.samples.shape[2] not in (2, 4):
            return None
        alpha = depth8(self.samples[..., -1])
        if alpha.min() == 255:
            return None
        height, width = alpha.shape
        scale = min(1.0, max_side / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
        return np.array(self.orientation.upright(small.astype(np.uint8)))

    def make_opaque(self, box: Box, alpha: Alpha) -> None:
        """Raise the opacity of ``box`` to ``alpha``; see ``roop.types.Frame``."""
        if self.samples.shape[2] not in (2, 4):
            return
        where, least = self._slices(box), self.orientation.stored(alpha)
        inside = self.samples[where][..., -1]
        factor = 257 if self.samples.dtype == np.uint16 else 1
        inside[:] = np.maximum(inside, least.astype(inside.dtype) * factor)

    def shade(self, box: Box, steps: Shades) -> None:
        """Add ``steps`` to the brightness in ``box``; see ``roop.types.Frame``."""
        where, added = self._slices(box), self.orientation.stored(steps)
        inside = self.samples[where]
        colours = 1 if inside.shape[2] < 3 else 3
        deep = self.samples.dtype == np.uint16
        units = np.rint(added * (257 if deep else 1)).astype(np.int32)[..., np.newaxis]
        inside[..., :colours] = np.clip(inside[..., :colours] + units, 0, 65535 if deep else 255)
        if self.edited is None:
            self.edited = np.zeros(self.samples.shape[:2], np.bool_)
        self.edited[where] |= units[..., 0] != 0

    def enlarge(self, factor: int) -> None:
        """Enlarge the frame, its alpha channel too; see ``roop.types.Frame``."""
        width, height = self._stored_size
        size = width * factor, height * factor
        large = cv2.resize(self.samples, size, interpolation=cv2.INTER_CUBIC)
        self.samples = large.reshape(size[1], size[0], -1).view(self.samples.dtype)
        self.edited = np.ones(self.samples.shape[:2], np.bool_)

    @property
    def _stored_size(self) -> tuple[int, int]:
        return self.samples.shape[1], self.samples.shape[0]

    def _slices(self, box: Box) -> tuple[slice, slice]:
        if box != box.clipped(self.size):
            raise ValueError(f"{box} is not inside a frame of {self.size}")
        inside = self.orientation.stored_box(box, self._stored_size)
        return slice(inside.y0, inside.y1), slice(inside.x0, inside.x1)


def depth8(samples: StoredSamples) -> NDArray[np.uint8]:
    """Return ``samples`` rounded to 8 bits; the same array if they have 8 bits already."""
    if samples.dtype == np.uint8:
        return samples.view(np.uint8)
    # v / 257 rounded, without a division: exact for every 16-bit v.
    return ((samples.astype(np.uint32) * 255 + 32895) >> 16).astype(np.uint8)


def rgb8(samples: StoredSamples) -> Pixels:
    """Return ``(H, W, C)`` samples as ``(H, W, 3)`` RGB uint8, without alpha."""
    if samples.shape[2] < 3:
        return np.repeat(depth8(samples[..., :1]), 3, axis=2)
    return depth8(samples[..., :3])


def luma(pixels: Pixels) -> NDArray[np.uint8]:
    """Return RGB ``pixels`` as grey ``(H, W, 1)``, with the BT.601 weights that Pillow uses."""
    weighted = pixels.astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32)
    return ((weighted + 32768) >> 16).astype(np.uint8)[..., np.newaxis]


def _blended8(old: StoredSamples, new: NDArray[np.uint8], alpha: Alpha) -> StoredSamples:
    share = alpha[..., np.newaxis].astype(np.uint16)
    # At most 255 * 255 + 127, which fits 16 bits; exactly ``old`` where the share is 0.
    return ((old * (255 - share) + new * share + 127) // 255).astype(np.uint8)


def _blended16(old: StoredSamples, new: NDArray[np.uint8], alpha: Alpha) -> StoredSamples:
    share = alpha[..., np.newaxis].astype(np.float32) / 255
    difference = (new.astype(np.int32) - depth8(old)) * 257
    changed = old + np.rint(difference * share).astype(np.int32)
    return np.clip(changed, 0, 65535).astype(np.uint16)
