"""A small picture with round corners, decoded outside of the window's thread."""

import io
import tkinter
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageTk

from roop.window import theme
from roop.window.pictures import Box, Picture, square
from roop.window.tasks import Tasks

_SMOOTH = 4
"""How much finer the mask of the corners is drawn."""


def show_square(
    tasks: Tasks,
    jpeg: bytes,
    side: int,
    put: Callable[[ImageTk.PhotoImage], None],
    *,
    around: Box | None = None,
    ground: str = theme.SURFACE,
) -> None:
    """Decode a JPEG to a square with round corners, and put it somewhere.

    Args:
        tasks: Do the work.
        jpeg: The file.
        side: Pixels on the screen.
        put: Receives the picture, in the window's thread.
        around: The middle of it, in shares of the picture's size.
        ground: The colour behind the corners.
    """

    def make() -> Picture:
        with Image.open(io.BytesIO(jpeg)) as image:
            return rounded(square(image.convert("RGB"), side, around), ground)

    def show(picture: Picture) -> None:
        try:
            put(ImageTk.PhotoImage(picture))
        except tkinter.TclError:
            return  # the widget is gone

    tasks.run(make, show, lambda error: None)


def rounded(picture: Picture, ground: str) -> Picture:
    """Return a picture with round corners."""
    width, height = picture.size
    mask = Image.new("L", (width * _SMOOTH, height * _SMOOTH), 0)
    radius = min(width, height) * _SMOOTH // 7
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *mask.size), radius, fill=255)
    result = Image.new("RGB", picture.size, ground)
    result.paste(picture, mask=mask.resize(picture.size, Image.Resampling.LANCZOS))
    return result
