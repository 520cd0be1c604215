"""The visible label in a corner of the frames."""

from fractions import Fraction

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from roop.errors import UsageError
from roop.options import LabelOptions
from roop.types import Alpha, Box, Frame, Pixels

HEIGHT = 0.05
"""Height of the letters, as a share of the frame's shorter side; required by GB 45438-2025."""

_MARGIN = 0.6
"""Margin around the letters, as a share of their height."""

_PLATE_OPACITY = 150
"""Opacity of the dark background behind the letters, of 255."""


class Label:
    """The label of one output.

    Args:
        options: Text, corner and duration.
        start: Time in seconds at which the output starts; that of the first frame by default.
    """

    def __init__(self, options: LabelOptions, *, start: Fraction | None = None) -> None:
        self._options = options
        self._rendered: tuple[Box, Pixels, Alpha] | None = None
        self._start = start

    def stamp(self, frame: Frame) -> None:
        """Draw the label into a frame; needs every frame, in order.

        Raises:
            UsageError: The text is too long for the frame.
        """
        time = frame.pts * frame.time_base
        if self._start is None:
            self._start = time
        if self._rendered is None:
            self._rendered = self._render(frame.size)
        seconds = self._options.label_seconds
        if seconds is not None and time - self._start >= seconds:
            return
        frame.paste(*self._rendered)

    def _render(self, size: tuple[int, int]) -> tuple[Box, Pixels, Alpha]:
        """Return the label's box, its pixels and their opacity."""
        letters = _render_text(self._options.label_text, max(4, round(HEIGHT * min(size))))
        margin = round(letters.shape[0] * _MARGIN)
        alpha = np.full([side + 2 * margin for side in letters.shape], _PLATE_OPACITY, np.uint8)
        inside = alpha[margin : margin + letters.shape[0], margin : margin + letters.shape[1]]
        np.maximum(inside, letters, out=inside)
        pixels = np.zeros_like(alpha)
        pixels[margin : margin + letters.shape[0], margin : margin + letters.shape[1]] = letters
        height, width = alpha.shape
        if width > size[0] or height > size[1]:
            raise UsageError(
                f"the label {self._options.label_text!r} is too long for a frame of "
                f"{size[0]} x {size[1]} pixels",
                hint="shorten [[label_text]]",
            )
        corner = self._options.label_corner
        left = 0 if corner.endswith("left") else size[0] - width
        top = 0 if corner.startswith("top") else size[1] - height
        box = Box(left, top, left + width, top + height)
        return box, np.repeat(pixels[..., np.newaxis], 3, axis=2), alpha


def _render_text(text: str, height: int) -> Alpha:
    """Render the text with capitals at least ``height`` pixels high, 255 on 0."""
    size = height
    while True:
        font = ImageFont.load_default(size)
        left, top, right, bottom = (round(side) for side in font.getbbox(text))
        capital = font.getbbox("A")
        if capital[3] - capital[1] >= height:
            break
        size += 1
    image = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font)
    return np.array(image)
