"""The visible label in a corner of the frames."""

import unicodedata
from fractions import Fraction

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from roop.errors import UsageError
from roop.options import LabelOptions
from roop.types import Alpha, Box, Frame, Pixels

HEIGHT = 0.05
"""Height of the letters, as a share of the frame's shorter side; required by GB 45438-2025."""

WORDS = "AI MODIFIED"
"""The words that every label begins with; a person's own text comes beside them."""

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
        box, pixels, alpha = self._rendered
        frame.paste(box, pixels, alpha)
        frame.make_opaque(box, np.full_like(alpha, 255))  # or transparent pixels would hide it

    def _render(self, size: tuple[int, int]) -> tuple[Box, Pixels, Alpha]:
        """Return the label's box, its pixels and their opacity."""
        letters = _render_label(self._options.label_text, max(4, round(HEIGHT * min(size))))
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


def _render_label(text: str, height: int) -> Alpha:
    """Render the fixed words and, right of them, the person's own text, if any of it is visible.

    Each has pixels of its own, so that no character of the text can cover the words.
    """
    font = _font(height)
    words, own = _render_text(WORDS, font), _render_text(_own_text(text), font)
    if not own.any():
        return words
    gap = np.zeros((words.shape[0], height), np.uint8)
    return np.hstack((words, gap, own))


def _own_text(text: str) -> str:
    """Return a text without the fixed words, and without characters that are not seen."""
    seen = "".join(c if c.isprintable() and not unicodedata.combining(c) else " " for c in text)
    return " ".join(seen.split()).removeprefix(WORDS).strip()


def _font(height: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font whose capitals are at least ``height`` pixels high."""
    size = height
    while True:
        font = ImageFont.load_default(size)
        capital = font.getbbox("A")
        if capital[3] - capital[1] >= height:
            return font
        size += 1


def _render_text(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> Alpha:
    """Render one line, as high as the font's own lines, 255 on 0."""
    top, bottom = (round(side) for side in font.getbbox("AMÅgjpqy")[1::2])
    left, _, right, _ = (round(side) for side in font.getbbox(text))
    image = Image.new("L", (max(right - left, 1), bottom - top))
    ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font)
    return np.array(image)
