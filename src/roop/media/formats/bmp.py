"""Replace the pixels of a BMP file in place, keeping its header."""

import struct

import numpy as np

from roop.media.frames.stored_frame import StoredSamples, depth8, rgb8

_PLAIN, _MASKED = 0, 3
_USUAL_MASKS = (0xFF0000, 0xFF00, 0xFF)
"""Bit masks of red, green and blue, the same as in files without masks."""


def rewrite(data: bytes, samples: StoredSamples) -> bytes | None:
    """Return the BMP file ``data`` with other pixels.

    Args:
        data: The file of the target.
        samples: ``(H, W, 1, 3 or 4)``, of the size of the file.

    Returns:
        The file; None if its pixels have a palette, are packed or compressed, and cannot be
        replaced in place.
    """
    if int.from_bytes(data[14:18], "little") < 40:
        return None
    (start,) = struct.unpack_from("<I", data, 10)
    width, height, _, bits, packing = struct.unpack_from("<iiHHI", data, 18)
    masks = struct.unpack_from("<3I", data, 54)
    plain = packing == _PLAIN or (packing == _MASKED and masks == _USUAL_MASKS)
    if not plain or bits not in (24, 32):
        return None
    used = bits // 8
    stride = -(-width * used // 4) * 4
    patched = bytearray(data)
    if len(patched) < start + stride * abs(height):
        return None
    flat = np.frombuffer(patched, np.uint8, stride * abs(height), start)
    rows = flat.reshape(abs(height), stride)[:, : width * used].reshape(abs(height), width, used)
    if height > 0:  # stored from the bottom row up
        rows = rows[::-1]
    rows[..., :3] = rgb8(samples)[..., ::-1]
    if used == 4 and samples.shape[2] == 4:
        rows[..., 3] = depth8(samples[..., 3:])[..., 0]
    return bytes(patched[: _end(data, start + stride * abs(height))])  # nothing hidden behind it


def _end(data: bytes, pixels_end: int) -> int:
    """Return where the file ends: behind its pixels, or behind a colour profile after them."""
    if int.from_bytes(data[14:18], "little") < 124 or data[70:74] != b"DEBM":
        return pixels_end
    at, length = (int.from_bytes(data[here : here + 4], "little") for here in (126, 130))
    return max(pixels_end, 14 + at + length)
