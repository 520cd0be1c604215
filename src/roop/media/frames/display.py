"""Read the side data of a frame: rotation and HDR metadata."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import av

from roop.media.frames.orientation import Orientation

MATRIX = struct.Struct("=9i")
"""FFmpeg's display matrix, 3 x 3, whose a, b, c, d rotate and flip the frame."""

MASTERING = struct.Struct("=22i")
"""FFmpeg's AVMasteringDisplayMetadata: ten fractions and two flags."""

LIGHT = struct.Struct("=2I")
"""FFmpeg's AVContentLightMetadata."""

ORIENTATIONS = {
    (True, False, False): 1,
    (True, True, False): 2,
    (True, True, True): 3,
    (True, False, True): 4,
    (False, False, False): 5,
    (False, True, False): 6,
    (False, True, True): 7,
    (False, False, True): 8,
}
"""EXIF orientation by (axes not swapped, flipped in x, flipped in y)."""

CHROMATICITY = 50_000
"""Units of H.265's mastering display message per CIE 1931 unit."""

LUMINANCE = 10_000
"""Units of the same message per cd/m2."""


@dataclass(frozen=True, slots=True)
class Mastering:
    """The display that the video was graded on, in the units of H.265 annex D."""

    green: tuple[int, int]
    blue: tuple[int, int]
    red: tuple[int, int]
    white: tuple[int, int]
    luminance: tuple[int, int]
    """(max, min)"""

    def notation(self, chromaticity: float = 1.0, luminance: float = 1.0) -> str:
        """Return it as encoders take it, in multiples of the given units."""
        names = ("G", "B", "R", "WP", "L")
        pairs = (self.green, self.blue, self.red, self.white, self.luminance)
        units = (chromaticity,) * 4 + (luminance,)
        return "".join(
            f"{name}({first / unit:.10g},{second / unit:.10g})"
            for name, (first, second), unit in zip(names, pairs, units, strict=True)
        )


def display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    """Return the nine numbers of the frame's display matrix (16.16), None if it has none."""
    data = _side_data(frame, "DISPLAYMATRIX")
    return None if data is None else MATRIX.unpack_from(data)


def orientation_of(matrix: tuple[int, ...] | None) -> Orientation | None:
    """Return the orientation for ``matrix``; None if it is not a multiple of 90 degrees."""
    if matrix is None:
        return Orientation()
    a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
    if b == c == 0 and a and d:
        return Orientation(ORIENTATIONS[True, a < 0, d < 0])
    if a == d == 0 and b and c:
        return Orientation(ORIENTATIONS[False, c < 0, b < 0])
    return None


def mastering_of(frame: av.VideoFrame) -> Mastering | None:
    """Return the mastering display of an HDR frame; None if it is missing or incomplete."""
    data = _side_data(frame, "MASTERING_DISPLAY_METADATA")
    if data is None or len(data) < MASTERING.size:
        return None
    values = MASTERING.unpack_from(data)
    # FFmpeg flags brightnesses beyond the standard as missing; they are kept as they are.
    if not values[20] or not all(values[1:20:2]):
        return None
    ratio = [top / bottom for top, bottom in zip(values[0:20:2], values[1:20:2], strict=True)]
    points = [
        (round(x * CHROMATICITY), round(y * CHROMATICITY))
        for x, y in zip(ratio[0:8:2], ratio[1:8:2], strict=True)
    ]
    red, green, blue, white = points
    darkest, brightest = (round(value * LUMINANCE) for value in ratio[8:10])
    return Mastering(green, blue, red, white, (brightest, darkest))


def light_of(frame: av.VideoFrame) -> tuple[int, int] | None:
    """Return (brightest pixel, brightest frame average) of an HDR video in cd/m2, or None."""
    data = _side_data(frame, "CONTENT_LIGHT_LEVEL")
    if data is None or len(data) < LIGHT.size:
        return None
    peak, average = LIGHT.unpack_from(data)
    return (peak, average) if peak or average else None


def dynamic_hdr_of(frame: av.VideoFrame) -> tuple[str, ...]:
    """Return the names of HDR metadata of ``frame`` that change by scene; nothing keeps them."""
    kinds = {"DYNAMIC_HDR_PLUS": "HDR10+", "DOVI_METADATA": "Dolby Vision"}
    return tuple(name for kind, name in kinds.items() if _side_data(frame, kind) is not None)


def _side_data(frame: av.VideoFrame, name: str) -> bytes | None:
    try:
        # PyAV types this as a mapping; it iterates over its values.
        entries: Iterable[Any] = frame.side_data
        return next((bytes(entry) for entry in entries if entry.type.name == name), None)
    except ValueError:  # side data of a type that this PyAV does not know
        return None
