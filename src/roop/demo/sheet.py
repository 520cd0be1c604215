"""The contact sheet: faces before the swap above the same faces after it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from roop.types import Pixels

CELL = 380
"""Side of one image on the sheet, in pixels."""

_GAP = 8
_TITLE_HEIGHT = 34
_BACKGROUND = (24, 24, 24)
_TEXT = (235, 235, 235)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The same crop before and after the swap."""

    title: str
    before: Pixels
    after: Pixels


def contact_sheet(source: Pixels, pairs: Sequence[Pair]) -> Pixels:
    """Return one image: the source, then a column for each pair, before above after.

    Args:
        source: A square image of the source face, of any size.
        pairs: At least one pair of square images, of any size.
    """
    empty = np.full((CELL, CELL, 3), _BACKGROUND, np.uint8)
    columns = [Pair("source", source, empty), *pairs]
    step, below = CELL + _GAP, _TITLE_HEIGHT + CELL + _GAP
    sheet = Image.new("RGB", (step * len(columns) + _GAP, below + CELL + _GAP), _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(20)
    for number, pair in enumerate(columns):
        left = _GAP + number * step
        draw.text((left, 6), pair.title, _TEXT, font)
        sheet.paste(Image.fromarray(_resize(pair.before)), (left, _TITLE_HEIGHT))
        sheet.paste(Image.fromarray(_resize(pair.after)), (left, below))
    draw.multiline_text((_GAP, below), "above: before\nbelow: after", _TEXT, font, spacing=8)
    return np.asarray(sheet)


def _resize(image: Pixels) -> Pixels:
    method = cv2.INTER_AREA if image.shape[0] > CELL else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (CELL, CELL), interpolation=method), np.uint8)
