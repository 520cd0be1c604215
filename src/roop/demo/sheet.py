"""The contact sheet: faces before above the same faces after."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from roop.types import Pixels

CELL = 380
"""Side of one picture on the sheet, pixels."""

_GAP = 8
_LINE = 34
_PAPER = (24, 24, 24)
_INK = (235, 235, 235)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The same cut out of a picture before and after the swap."""

    title: str
    before: Pixels
    after: Pixels


def contact_sheet(source: Pixels, pairs: Sequence[Pair]) -> Pixels:
    """Return one picture: the source, then a column for each pair, before above after.

    Args:
        source: The face that was given.
        pairs: At least one. All pictures are square, of any size.
    """
    empty = np.full((CELL, CELL, 3), _PAPER, np.uint8)
    columns = [Pair("source", source, empty), *pairs]
    step, below = CELL + _GAP, _LINE + CELL + _GAP
    sheet = Image.new("RGB", (step * len(columns) + _GAP, below + CELL + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(20)
    for number, pair in enumerate(columns):
        left = _GAP + number * step
        draw.text((left, 6), pair.title, _INK, font)
        sheet.paste(Image.fromarray(_fitted(pair.before)), (left, _LINE))
        sheet.paste(Image.fromarray(_fitted(pair.after)), (left, below))
    draw.multiline_text((_GAP, below), "above: before\nbelow: after", _INK, font, spacing=8)
    return np.asarray(sheet)


def _fitted(picture: Pixels) -> Pixels:
    shrinks = picture.shape[0] > CELL
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (CELL, CELL), interpolation=way), np.uint8)
