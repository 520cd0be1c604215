"""Images with heads at chosen positions, and where a person sees the features on the photos."""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from matplotlib.cbook import get_sample_data
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from roop.media.frames.stored_frame import StoredFrame
from roop.types import Frame, Pixels

Matrix = NDArray[np.float64]
"""``(2, 3)``: from pixels of a photo to pixels of a canvas."""

ASTRONAUT = {
    33: (192.5, 100.5),
    133: (212.5, 102.5),
    362: (236.5, 105.0),
    263: (258.0, 103.5),
    2: (224.0, 132.5),
    61: (203.0, 139.5),
    291: (244.0, 141.0),
    13: (222.5, 142.5),
    152: (220.0, 177.0),
}
"""Eye corners, base of the nose, mouth corners, edge of the upper teeth and chin, as a person sees
them on the photo."""

HOPPER = {
    2: (268.0, 251.5),
    61: (227.5, 281.0),
    291: (306.5, 277.0),
    13: (267.0, 278.5),
    152: (267.5, 331.0),
}
"""The same on the other photo, without the eye corners, which the glasses shade."""

HEAD = (222.0, 125.0)
"""The middle of the astronaut's face."""

HOPPER_HEAD = (267.0, 240.0)
"""The middle of the officer's face."""

EYES = 65.5
"""Distance between the astronaut's outer eye corners, pixels."""

HOPPER_EYES = 127.0

EYE_TO_CHIN = 75.0
"""Of the astronaut, pixels."""


def astronaut() -> Pixels:
    """Return the portrait of Eileen Collins, 512 x 512."""
    return np.asarray(data.astronaut())


def hopper() -> Pixels:
    """Return the portrait of Grace Hopper, 512 x 600."""
    with get_sample_data("grace_hopper.jpg") as file, Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def frame(pixels: Pixels) -> Frame:
    """Return a frame that owns a copy of ``pixels``."""
    return StoredFrame(pixels.copy())


def backdrop(size: tuple[int, int]) -> Pixels:
    """Return a wall of ``size`` (width, height) with soft spots: texture, but no face."""
    width, height = size
    random = np.random.default_rng(5)
    spots = random.integers(70, 180, (height // 60 + 2, width // 60 + 2, 3), dtype=np.uint8)
    return cv2.resize(spots, size, interpolation=cv2.INTER_CUBIC)


@dataclass(frozen=True)
class Placed:
    """A photo on a canvas."""

    pixels: Pixels
    matrix: Matrix

    def points(self, marks: dict[int, tuple[float, float]]) -> NDArray[np.float64]:
        """Return the marks of the photo in pixels of the canvas."""
        return moved(np.array(list(marks.values())), self.matrix)


def moved(points: NDArray[np.floating], matrix: Matrix) -> NDArray[np.float64]:
    """Map ``(N, 2)`` points of the photo to the canvas."""
    result: NDArray[np.float64] = points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    return result


def placed(
    photo: Pixels,
    canvas: Pixels,
    at: tuple[float, float],
    *,
    middle: tuple[float, float] = HEAD,
    scale: float = 1.0,
    degrees: float = 0.0,
) -> Placed:
    """Draw a photo on a canvas, its ``middle`` at ``at``, rotated counterclockwise."""
    matrix = cv2.getRotationMatrix2D(middle, degrees, scale)
    matrix[:, 2] += np.array(at) - np.array(middle)
    height, width = canvas.shape[:2]
    soft = photo
    if scale < 1:  # against aliasing, as in a camera
        sigma = 0.4 * np.sqrt(1 / scale**2 - 1)
        soft = cv2.GaussianBlur(photo, (0, 0), sigma)
    warp = partial(cv2.warpAffine, M=matrix, dsize=(width, height), flags=cv2.INTER_LINEAR)
    cover = warp(np.full(photo.shape[:2], 255, np.uint8))[..., None] > 127
    return Placed(np.where(cover, warp(soft), canvas).astype(np.uint8), matrix)
