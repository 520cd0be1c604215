"""Write a label that people can see into a corner of the frames."""

from fractions import Fraction

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from roop.errors import UsageError
from roop.options import LabelOptions
from roop.types import Alpha, Box, Frame, Pixels

HEIGHT = 0.05
"""Height of the letters, as a share of the picture's shorter side (GB 45438-2025 asks for it)."""

_MARGIN = 0.6
"""Space around the letters, as a share of their height."""

_PLATE = 150
"""Opacity of the dark plate behind the letters, of 255."""


class Label:
    """The label of one output.

    Args:
        options: Text, corner and how long it stands.
        begins: Seconds at which the output begins; with the first frame by default.
    """

    def __init__(self, options: LabelOptions, *, begins: Fraction | None = None) -> None:
        self._options = options
        self._drawn: tuple[Box, Pixels, Alpha] | None = None
        self._begins = begins

    def stamp(self, frame: Frame) -> None:
        """Write the label into a frame; feed it all frames, in order.

        Raises:
            UsageError: The text is too long for the picture.
        """
        time = frame.pts * frame.time_base
        if self._begins is None:
            self._begins = time
        if self._drawn is None:
            self._drawn = self._draw(frame.size)
        seconds = self._options.label_seconds
        if seconds is not None and time - self._begins >= seconds:
            return
        frame.paste(*self._drawn)

    def _draw(self, size: tuple[int, int]) -> tuple[Box, Pixels, Alpha]:
        """Return where the label goes, its pixels and their opacity."""
        letters = _letters(self._options.label_text, max(4, round(HEIGHT * min(size))))
        margin = round(letters.shape[0] * _MARGIN)
        alpha = np.full([side + 2 * margin for side in letters.shape], _PLATE, np.uint8)
        inside = alpha[margin : margin + letters.shape[0], margin : margin + letters.shape[1]]
        np.maximum(inside, letters, out=inside)
        shade = np.zeros_like(alpha)
        shade[margin : margin + letters.shape[0], margin : margin + letters.shape[1]] = letters
        height, width = alpha.shape
        if width > size[0] or height > size[1]:
            raise UsageError(
                f"the label {self._options.label_text!r} is too long for a picture of "
                f"{size[0]} x {size[1]}",
                hint="shorten [[label_text]]",
            )
        corner = self._options.label_corner
        left = 0 if corner.endswith("left") else size[0] - width
        top = 0 if corner.startswith("top") else size[1] - height
        box = Box(left, top, left + width, top + height)
        return box, np.repeat(shade[..., np.newaxis], 3, axis=2), alpha


def _letters(text: str, height: int) -> Alpha:
    """Return the text with letters at least ``height`` pixels high, 255 where it is white."""
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
