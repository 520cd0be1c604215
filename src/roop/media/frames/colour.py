"""Convert between RGB and the samples that a video stores."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from roop.media.frames.pixel_layout import PixelLayout, Samples
from roop.types import Pixels

BT709 = 1
"""FFmpeg's number of the matrix of high definition."""

BT601 = 5
"""FFmpeg's number of the matrix of standard definition (BT.470BG)."""

HIGH_DEFINITION = 720
"""Height in pixels from which players assume BT.709 if no matrix is given."""

LUMA_WEIGHTS: dict[int, tuple[float, float]] = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
"""Weights of red and blue in luma by FFmpeg's number of the matrix (ITU-T H.273, table 4)."""

LANES = 64
"""Pixels are converted in multiples of this: OpenCV rounds the last ones of an odd number
differently, but the colour of a pixel must not depend on the size of the crop."""

FULL_RANGE = 2
"""FFmpeg's number of the range 0..255."""

LIMITED_RANGE = 1
"""FFmpeg's number of the range 16..235."""

UNSPECIFIED = 2
"""The number of primaries, transfer and matrix that a file does not specify (ITU-T H.273)."""


@dataclass(frozen=True, slots=True)
class Colour:
    """The meaning of a frame's samples; what the file does not specify is filled in."""

    matrix: int
    """FFmpeg's number of the YCbCr matrix."""
    full_range: bool

    @property
    def range(self) -> int:
        """FFmpeg's number of the range."""
        return FULL_RANGE if self.full_range else LIMITED_RANGE


def colour_of(frame: av.VideoFrame) -> Colour:
    """Return the meaning of the samples of ``frame``, with the defaults that players use."""
    name = frame.format.name
    matrix = int(frame.colorspace)
    if matrix not in LUMA_WEIGHTS:
        matrix = BT709 if frame.height >= HIGH_DEFINITION else BT601
    full_by_default = name.startswith(("yuvj", "gray", "ya"))
    given = int(frame.color_range)
    full = full_by_default if given == 0 else given == FULL_RANGE
    return Colour(matrix, full or name.startswith("yuvj"))


def encode(pixels: Pixels, colour: Colour, layout: PixelLayout) -> list[NDArray[np.uint16]]:
    """Convert RGB to the components of ``layout``, one sample per pixel.

    Returns:
        For each component ``(H, W)`` uint16, rounded, in units of a sample of ``layout.depth``
        bits.
    """
    if layout.rgb and layout.depth == 8:
        return [pixels[..., index].astype(np.uint16) for index in range(3)]
    # OpenCV converts 16-bit samples exactly, but 8-bit ones with coarse coefficients.
    samples: Samples = cv2.transform(pixels.astype(np.uint16), _forward(colour, layout))
    samples = samples.reshape(*pixels.shape[:2], len(layout.components))
    if layout.depth == 8:
        # Splitting bytes is many times faster.
        return [part.astype(np.uint16) for part in cv2.split(samples.astype(np.uint8))]
    return [samples[..., index].astype(np.uint16) for index in range(samples.shape[2])]


def decode(samples: Sequence[Samples], colour: Colour, layout: PixelLayout) -> Pixels:
    """Convert components to RGB; the inverse of ``encode``, exact to half a step.

    swscale is not used: its result is one to two steps darker on average.

    Args:
        samples: For each component ``(H, W)``, in units of a sample of ``layout.depth`` bits.
        colour: Meaning of the samples.
        layout: Order of the components.
    """
    planes: list[Samples] = [np.ascontiguousarray(part) for part in samples]
    if layout.rgb and layout.depth == 8:
        return np.asarray(np.dstack(planes), np.uint8)
    rows, columns = planes[0].shape
    count = rows * columns
    stacked = cv2.merge(planes).reshape(1, count, len(planes)).astype(np.uint16, copy=False)
    if count % LANES:
        stacked = cv2.copyMakeBorder(stacked, 0, 0, 0, -count % LANES, cv2.BORDER_REPLICATE)
    # From 16 to 8 bits, with saturation.
    pixels = cv2.convertScaleAbs(cv2.transform(stacked, _inverse(colour, layout)))
    return np.asarray(pixels[0, :count].reshape(rows, columns, 3), np.uint8)


@cache
def black(colour: Colour, layout: PixelLayout) -> tuple[int, ...]:
    """Return the samples of black, in the order of ``layout.components``."""
    pixel = np.zeros((1, 1, 3), np.uint8)
    return tuple(int(part[0, 0]) for part in encode(pixel, colour, layout))


@cache
def _forward(colour: Colour, layout: PixelLayout) -> NDArray[np.float32]:
    """Return the matrix from RGB to samples."""
    return _matrix(colour, layout).astype(np.float32)


@cache
def _inverse(colour: Colour, layout: PixelLayout) -> NDArray[np.float32]:
    """Return the matrix from samples to RGB, ``(3, components + 1)``."""
    forward = _matrix(colour, layout)
    if len(forward) == 1:
        factor = 1 / forward[0, :3].sum()
        return np.array([[factor, -factor * forward[0, 3]]] * 3, np.float32)
    factors = np.linalg.inv(forward[:, :3])
    return np.column_stack([factors, -factors @ forward[:, 3]]).astype(np.float32)


def _matrix(colour: Colour, layout: PixelLayout) -> NDArray[np.float64]:
    """Return ``(components, 4)``: factors of R, G and B in 0..255, and the offset."""
    if layout.rgb:
        scale = ((1 << layout.depth) - 1) / 255
        return np.hstack([np.eye(3) * scale, np.zeros((3, 1))])
    red, blue = LUMA_WEIGHTS[colour.matrix]
    luma = np.array([red, 1 - red - blue, blue])
    rows = np.stack([luma, ([0, 0, 1] - luma) / (2 - 2 * blue), ([1, 0, 0] - luma) / (2 - 2 * red)])
    step = float(1 << (layout.depth - 8))
    top = (1 << layout.depth) - 1
    spans = [top, top, top] if colour.full_range else [219 * step, 224 * step, 224 * step]
    zeros = [0.0 if colour.full_range else 16 * step, 128 * step, 128 * step]
    matrix = np.column_stack([rows * np.array(spans)[:, None] / 255, zeros])
    return matrix[: len(layout.components)]
