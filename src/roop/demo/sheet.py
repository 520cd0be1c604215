"""The contact sheet: faces before above the same faces after."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from roop.types import Pixels

CELL = 400
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


def contact_sheet(pairs: Sequence[Pair]) -> Pixels:
    """Return one picture with a column for each pair, before above after.

    Args:
        pairs: At least one; square pictures of any size.
    """
    columns = [np.vstack([_fitted(pair.before), _gap(), _fitted(pair.after)]) for pair in pairs]
    height, step = columns[0].shape[0], CELL + _GAP
    sheet = Image.new("RGB", (step * len(pairs) + _GAP, height + 2 * _LINE), _PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(20)
    for number, (pair, column) in enumerate(zip(pairs, columns, strict=True)):
        left = _GAP + number * step
        sheet.paste(Image.fromarray(column), (left, _LINE))
        draw.text((left, 6), pair.title, _INK, font)
    draw.text((_GAP, height + _LINE + 6), "above: before    below: after", _INK, font)
    return np.asarray(sheet)


def _fitted(picture: Pixels) -> Pixels:
    shrinks = picture.shape[0] > CELL
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (CELL, CELL), interpolation=way), np.uint8)


def _gap() -> Pixels:
    return np.full((_GAP, CELL, 3), _PAPER, np.uint8)
