"""Pictures as the toolkit shows them, made outside of the window's thread."""

import io

from PIL import Image

Picture = Image.Image
"""An RGB picture, which nobody changes."""

MOST_PIXELS = 1_300_000
"""Pixels on the screen, above which a picture takes too long to put there."""

Box = tuple[float, float, float, float]


def opened(jpeg: bytes, side: int) -> Picture:
    """Return a decoded JPEG, reduced to at most ``side`` pixels."""
    with Image.open(io.BytesIO(jpeg)) as image:
        image.draft("RGB", (side, side))
        picture = image.convert("RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return picture


def square(picture: Picture, side: int, around: Box | None = None) -> Picture:
    """Return a square part of a picture.

    Args:
        picture: The picture.
        side: Of the result, pixels.
        around: What is in the middle of it, in shares of the picture's size; the whole by default.
    """
    width, height = picture.size
    left, top, right, bottom = around or (0.0, 0.0, 1.0, 1.0)
    x, y = (left + right) / 2 * width, (top + bottom) / 2 * height
    wanted = max((right - left) * width, (bottom - top) * height)
    half = min(wanted * (0.75 if around else 0.5), min(width, height) / 2)
    if around is None:
        half = min(width, height) / 2
    x, y = min(max(x, half), width - half), min(max(y, half), height - half)
    box = (x - half, y - half, x + half, y + half)
    return picture.resize((side, side), Image.Resampling.LANCZOS, box, reducing_gap=2.0)


def fitted(picture: Picture, room: tuple[int, int]) -> Picture:
    """Return a picture as large as fits.

    Args:
        picture: The picture.
        room: Width and height, pixels.
    """
    width, height = picture.size
    zoom = min(room[0] / width, room[1] / height, (MOST_PIXELS / (width * height)) ** 0.5)
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    return picture.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
