"""A small target of every kind, for the contract suites of readers and writers."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from roop.media.base import Reader
from roop.media.open import open_reader
from roop.options import VideoOptions
from support.clips import Clip
from support.pictures_made import deep, described, moving, portrait, save_animation


def _photo(suffix: str, orientation: int = 1) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / f"target.{suffix}"
        options = {} if suffix in ("bmp", "gif") else {"exif": described(orientation)}
        Image.fromarray(portrait()).save(path, **options)
        return path

    return make


def _deep_photo(folder: Path) -> Path:
    path = folder / "target.png"
    Image.fromarray(np.ascontiguousarray(deep(portrait())[..., 0])).save(path)
    return path


def _animation(suffix: str) -> Callable[[Path], Path]:
    options: dict[str, object] = {"lossless": True} if suffix == "webp" else {}
    return lambda folder: save_animation(folder / f"target.{suffix}", moving(True), **options)


def _video(suffix: str, clip: Clip) -> Callable[[Path], Path]:
    return lambda folder: clip.write(folder / f"target.{suffix}")


TARGETS: dict[str, Callable[[Path], Path]] = {
    "jpg": _photo("jpg"),
    "jpg-turned": _photo("jpg", 6),
    "png": _photo("png"),
    "png-turned": _photo("png", 7),
    "png-16-bit-grey": _deep_photo,
    "webp": _photo("webp"),
    "bmp": _photo("bmp"),
    "tif": _photo("tif", 8),
    "avif": _photo("avif"),
    "gif-still": _photo("gif"),
    "gif": _animation("gif"),
    "apng": _animation("png"),
    "webp-animated": _animation("webp"),
    "mp4": _video("mp4", Clip(sound=("eng",))),
    "mp4-variable": _video("mp4", Clip(times=(0, 1, 2, 5, 6, 11, 12, 20))),
    "mov-turned": _video("mov", Clip(rotation=90)),
    "mkv-10-bit": _video("mkv", Clip(pixel_format="yuv420p10le")),
    "mp4-odd-4:4:4": _video("mp4", Clip(size=(127, 95), pixel_format="yuv444p")),
}
"""How to create each target; the key says what is special about it."""

LOSSLESS = ("png", "png-turned", "png-16-bit-grey", "bmp", "tif", "apng", "webp-animated")


def refuse_warning(message: str) -> None:
    raise AssertionError(f"unexpected warning: {message}")


def opened(path: Path) -> Reader:
    """Open a target; a warning fails the test."""
    return open_reader(path, VideoOptions(), refuse_warning)


def times(path: Path) -> Sequence[float]:
    """Return the time of each frame in seconds."""
    with opened(path) as reader:
        return [float(frame.pts * frame.time_base) for frame in reader]
