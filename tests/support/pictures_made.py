"""Images and animations for tests, made from a public-domain portrait."""

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from skimage.data import astronaut

from roop.types import Box, Frame

DURATIONS_MS = (40, 100, 20, 70, 500, 40)
FACE = Box(40, 20, 80, 76)
"""Lies inside every image made here, in any orientation."""


def portrait(width: int = 121, height: int = 101) -> NDArray[np.uint8]:
    return np.ascontiguousarray(astronaut()[20 : 20 + height, 160 : 160 + width])


def deep(pixels: NDArray[np.uint8], seed: int = 1) -> NDArray[np.uint16]:
    """Return ``pixels`` with 16 bits and random low bits."""
    low = np.random.default_rng(seed).integers(0, 256, pixels.shape)
    return (pixels.astype(np.uint16) * 256 + low).astype(np.uint16)


def with_alpha(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    ramp = np.linspace(0, 255, pixels.shape[1]).astype(pixels.dtype)
    if pixels.dtype == np.uint16:
        ramp = ramp * 257
    alpha = np.broadcast_to(ramp, pixels.shape[:2])
    return np.dstack([pixels, alpha])


def described(orientation: int = 1, thumbnail: Image.Image | None = None) -> bytes:
    """Return an EXIF block with a camera, a date and an optional thumbnail."""
    block = Image.Exif()
    block[0x010F] = "Maker"
    block[0x0112] = orientation
    block.get_ifd(0x8769)[0x9003] = "2026:01:02 03:04:05"
    if thumbnail is None:
        return block.tobytes()
    stream = io.BytesIO()
    thumbnail.save(stream, "JPEG", quality=60)
    return _with_thumbnail(block.tobytes(), stream.getvalue())


def _with_thumbnail(exif: bytes, jpeg: bytes) -> bytes:
    """Append a second directory by hand, as Pillow does not write one."""
    tiff = bytearray(exif.removeprefix(b"Exif\0\0"))
    order = "little" if tiff[:2] == b"II" else "big"
    first = int.from_bytes(tiff[4:8], order)
    count = int.from_bytes(tiff[first : first + 2], order)
    link = first + 2 + 12 * count
    tiff[link : link + 4] = len(tiff).to_bytes(4, order)
    data_at = len(tiff) + 2 + 3 * 12 + 4
    entries = ((0x0103, 3, 6), (0x0201, 4, data_at), (0x0202, 4, len(jpeg)))
    tiff += len(entries).to_bytes(2, order)
    for tag, kind, value in entries:
        size = 2 if kind == 3 else 4
        tiff += tag.to_bytes(2, order) + kind.to_bytes(2, order) + (1).to_bytes(4, order)
        tiff += value.to_bytes(size, order).ljust(4, b"\0")
    return b"Exif\0\0" + bytes(tiff) + bytes(4) + jpeg


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def repaint(frame: Frame, box: Box = FACE) -> NDArray[np.bool_]:
    """Paste pixels into an ellipse in ``box``; return the upright mask of what may change."""
    old = frame.crop(box)
    alpha = np.zeros(old.shape[:2], np.uint8)
    centre, axes = (box.width // 2, box.height // 2), (box.width // 2 - 6, box.height // 2 - 6)
    cv2.ellipse(alpha, centre, axes, 0, 0, 360, 255, -1)
    alpha = cv2.GaussianBlur(alpha, (7, 7), 0)
    frame.paste(box, np.ascontiguousarray(old[:, ::-1] // 2 + 60), alpha)
    width, height = frame.size
    mask = np.zeros((height, width), np.bool_)
    mask[box.y0 : box.y1, box.x0 : box.x1] = alpha > 0
    return mask


def moving(transparent: bool) -> list[NDArray[np.uint8]]:
    """Return RGBA frames: a portrait, a moving square, and optionally a hole."""
    frames = []
    for index in range(len(DURATIONS_MS)):
        picture = np.dstack([portrait(), np.full((101, 121), 255, np.uint8)])
        picture[5 + index * 9 : 20 + index * 9, 3:20] = (255, 0, 0, 255)
        if transparent:
            picture[80:, 90 + index :] = 0
        frames.append(picture)
    return frames


def save_animation(
    path: Path, frames: Sequence[NDArray[np.uint8]], loop: int | None = 3, **options: object
) -> Path:
    first, *others = (Image.fromarray(frame) for frame in frames)
    if loop is not None:
        options["loop"] = loop
    durations = list(DURATIONS_MS[: len(frames)])
    first.save(path, save_all=True, append_images=others, duration=durations, **options)
    return path
