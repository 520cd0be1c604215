"""Apply the target's light and colour to the source's face."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.appearance.reflectance import upper_median

Field = NDArray[np.float32]
"""``(H, W, 3)``: a factor for each pixel of the source."""

Image = NDArray[np.uint8] | NDArray[np.float32]
"""``(H, W, 3)`` RGB, 0..255."""

_SIDE = 32
"""Longer side of the images in which light is compared, pixels."""

_WIDE_BLUR = 4.0
"""Sigma of a Gaussian, in pixels, above which half the resolution is enough."""

_FLOOR, _WELL_LIT = 6.0, 60.0
"""Grey levels added before a division, so that black pixels count little; mean brightness of a face
below which they are fewer, as they would make it glow."""

_LEAST_GAIN, _MOST_GAIN = 0.01, 5.0
"""Bounds of the gain."""

_PASSES = 2
"""Rounds of matching: blurred images show only half of a light from the side, so the rest is
matched again."""

_PRIOR = 0.03
"""Weight of the whole face's light against what is measured around one spot."""

_MEAN = np.full((1, 3), 1 / 3, np.float32)

_DARK = 0.6
"""Pixels below this share of the skin's median brightness are hair, lashes or frames."""


def match_light(source: Image, target: Image, skin: NDArray[np.float32], *, sigma: float) -> Field:
    """Return the gain that gives ``source`` the low-frequency light and colour of ``target``.

    Args:
        source: The new face, drawn in the target's position.
        target: The same part of the target.
        skin: ``(H, W)``, 0..1: the weight of each pixel.
        sigma: Of the Gaussian that separates light from features, as a share of the width.

    Returns:
        Gains at low resolution, at most 32 pixels along the longer side; see ``enlarge``.
    """
    height, width = skin.shape
    zoom = min(_SIDE / max(height, width), 1.0)
    size = (max(round(width * zoom), 1), max(round(height * zoom), 1))
    s, t, weight = (_resized(image, size) for image in (source, target, skin))
    weight = (weight * _brightness_weight(s, weight) * _brightness_weight(t, weight))[..., None]
    weighted, weighted_t = s * weight, t * weight
    if sigma * size[0] > _WIDE_BLUR:
        size = ((size[0] + 1) // 2, (size[1] + 1) // 2)
        weighted, weighted_t = _resized(weighted, size), _resized(weighted_t, size)
        weight = _resized(weight, size)[..., None]
    blur = sigma * size[0]
    total = float(weight.sum()) + 1e-4
    floor = _floor(sum(cv2.sumElems(weighted_t)) / 3 / total)
    estimator = _LightEstimator(_blur(weight, blur) + _PRIOR, total, blur, floor)
    light_t = estimator.light(weighted_t)
    gain = light_t / estimator.light(weighted)
    for _ in range(_PASSES - 1):
        gain *= light_t / estimator.light(weighted * gain)
    bounded: Field = np.minimum(np.maximum(gain, _LEAST_GAIN), _MOST_GAIN)
    return bounded


def match_folds(
    source: Image, target: Image, gain: Field, folds: NDArray[np.float32], *, sigma: float
) -> Field:
    """Return ``gain`` with the source's folds of the skin reduced in favour of the target's.

    Otherwise a smile in the source photo would stay on a serious face.

    Args:
        source: The new face, drawn in the target's position.
        target: The same part of the target.
        gain: ``(H, W, 3)``: the gain so far.
        folds: ``(H, W)``, 0..1: how much of the source's folds to remove.
        sigma: Width of the finest fold, pixels.
    """
    height, width = folds.shape
    half = ((width + 1) // 2, (height + 1) // 2)
    s, t, g, f = (_resized(image, half) for image in (source, target, gain, folds))
    floor = _floor(sum(cv2.mean(t, (f > 0).view(np.uint8))) / 3)
    ratio = (_blur(t, sigma / 2) + floor) / (_blur(s * g, sigma / 2) + floor)
    change = 1 + f[..., None] * (np.minimum(np.maximum(ratio, 0.6), 1.6) - 1)
    changed: Field = gain * enlarge(change, (width, height))
    return changed


def _floor(brightness: float) -> float:
    """Return how many grey levels to add for a face of a mean brightness."""
    return max(_FLOOR * min(brightness / _WELL_LIT, 1.0) ** 2, 0.05)


def enlarge(field: Field, size: tuple[int, int]) -> Field:
    """Resize ``field`` to ``size`` (width, height), linearly."""
    large: Field = cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)
    return large


def _resized(image: NDArray[np.generic], size: tuple[int, int]) -> NDArray[np.float32]:
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    result: NDArray[np.float32] = small.astype(np.float32, copy=False)
    return result


def _brightness_weight(
    image: NDArray[np.float32], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return 1 where the image is as bright as skin, falling to 0 where it is dark."""
    brightness = cv2.transform(image, _MEAN)
    skin = brightness[weight > 0.5]
    median = upper_median(skin) if skin.size else 1.0
    share: NDArray[np.float32] = brightness * np.float32(2 / (max(median, 1.0) * _DARK)) - 1
    return np.minimum(np.maximum(share, 0), 1)


@dataclass(frozen=True, slots=True, eq=False)
class _LightEstimator:
    """Estimates the light on a face from weighted pixels."""

    local_weight: NDArray[np.float32]
    """``(H, W, 1)``: total weight around each pixel, plus the prior's."""
    total_weight: float
    """Total weight of all pixels."""
    sigma: float
    """Of the Gaussian that defines "around", pixels."""
    floor: float
    """Grey levels that are added."""

    def light(self, weighted: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the local mean, pulled towards the whole face's mean where weights are low.

        Args:
            weighted: ``(H, W, 3)``: the image times the weights.
        """
        total = np.array(cv2.sumElems(weighted)[:3], np.float32)
        mean = total * np.float32(_PRIOR / self.total_weight)
        light = (_blur(weighted, self.sigma) + mean) / self.local_weight + np.float32(self.floor)
        return np.asarray(light, np.float32)


def _blur(image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    blurred = cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    result: NDArray[np.float32] = blurred.reshape(image.shape)  # OpenCV drops a single channel
    return result
