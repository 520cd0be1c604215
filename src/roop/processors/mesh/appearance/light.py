"""Put the target's light and colour on the source's face."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.processors.mesh.appearance.reflectance import middle

Field = NDArray[np.float32]
"""``(H, W, 3)``: what each pixel of the source is multiplied with."""

Picture = NDArray[np.uint8] | NDArray[np.float32]
"""``(H, W, 3)`` RGB, 0..255."""

_SIDE = 32
"""Longer side of the pictures that the light is compared in, pixels."""

_WIDE = 4.0
"""Sigma of a Gaussian, pixels, above which half as large a picture shows the same."""

_FLOOR = 6.0
"""Grey levels added before dividing, so that black pixels say little."""

_PASSES = 2
"""A blurred picture shows half of a light that falls from the side: what is left is matched again.
"""

_DOUBT = 0.03
"""Weight of the whole face's light against what is known about the light of one spot."""

_MEAN = np.full((1, 3), 1 / 3, np.float32)

_DARK = 0.6
"""Pixels below this share of the skin's median brightness are hair, lashes or frames, not skin."""


def match_light(
    source: Picture, target: Picture, skin: NDArray[np.float32], *, sigma: float
) -> Field:
    """Return the gain that gives ``source`` the low-frequency light and colour of ``target``.

    Args:
        source: The new face, drawn in the target's place.
        target: The same place of the target.
        skin: ``(H, W)``, 0..1: how much each pixel tells about the light.
        sigma: Width of the Gaussian that separates light from features, as a share of the width.

    Returns:
        Gains, their longer side at most 32 pixels, to be enlarged.
    """
    height, width = skin.shape
    zoom = min(_SIDE / max(height, width), 1.0)
    size = (max(round(width * zoom), 1), max(round(height * zoom), 1))
    s, t, weight = (_shrunk(picture, size) for picture in (source, target, skin))
    weight = (weight * _bright(s, weight) * _bright(t, weight))[..., None]
    weighted, weighted_t = s * weight, t * weight
    if sigma * size[0] > _WIDE:
        size = ((size[0] + 1) // 2, (size[1] + 1) // 2)
        weighted, weighted_t = _shrunk(weighted, size), _shrunk(weighted_t, size)
        weight = _shrunk(weight, size)[..., None]
    blur = sigma * size[0]
    known = _Known(_blur(weight, blur) + _DOUBT, float(weight.sum()) + 1e-4, blur)
    light_t = known.light(weighted_t)
    gain = light_t / known.light(weighted)
    for _ in range(_PASSES - 1):
        gain *= light_t / known.light(weighted * gain)
    bounded: Field = np.minimum(np.maximum(gain, 0.2), 5.0)
    return bounded


def match_folds(
    source: Picture, target: Picture, gain: Field, folds: NDArray[np.float32], *, sigma: float
) -> Field:
    """Return ``gain`` changed so that where skin folds, it folds as the target's does.

    A smile in the source photo would otherwise stay on a serious face.

    Args:
        source: The new face, drawn in the target's place.
        target: The same place of the target.
        gain: ``(H, W, 3)``: what the source is multiplied with so far.
        folds: ``(H, W)``, 0..1: how much of the source's folds to take away.
        sigma: Width of the finest fold, pixels.
    """
    height, width = folds.shape
    half = ((width + 1) // 2, (height + 1) // 2)
    s, t, g, f = (_shrunk(picture, half) for picture in (source, target, gain, folds))
    ratio = (_blur(t, sigma / 2) + _FLOOR) / (_blur(s * g, sigma / 2) + _FLOOR)
    change = 1 + f[..., None] * (np.minimum(np.maximum(ratio, 0.6), 1.6) - 1)
    changed: Field = gain * enlarge(change, (width, height))
    return changed


def enlarge(field: Field, size: tuple[int, int]) -> Field:
    """Return ``field`` at ``size`` (width, height)."""
    large: Field = cv2.resize(field, size, interpolation=cv2.INTER_LINEAR)
    return large


def _shrunk(picture: NDArray[np.generic], size: tuple[int, int]) -> NDArray[np.float32]:
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    result: NDArray[np.float32] = small.astype(np.float32, copy=False)
    return result


def _bright(picture: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return 1 where the picture is as bright as skin is, falling to 0 in the dark."""
    brightness = cv2.transform(picture, _MEAN)
    skin = brightness[weight > 0.5]
    median = middle(skin) if skin.size else 1.0
    share: NDArray[np.float32] = brightness * np.float32(2 / (max(median, 1.0) * _DARK)) - 1
    return np.minimum(np.maximum(share, 0), 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What the pixels of one face tell about the light."""

    around: NDArray[np.float32]
    """``(H, W, 1)``: how much is told around each of them, with some doubt."""
    total: float
    """How much is told by all."""
    sigma: float
    """How far around, pixels."""

    def light(self, weighted: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the local mean, drawn to that of the whole face where little is known.

        Args:
            weighted: ``(H, W, 3)``: the picture times how much each pixel tells.
        """
        mean = np.array(cv2.sumElems(weighted)[:3], np.float32) * np.float32(_DOUBT / self.total)
        light = (_blur(weighted, self.sigma) + mean) / self.around + np.float32(_FLOOR)
        return np.asarray(light, np.float32)


def _blur(picture: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    kept: NDArray[np.float32] = blurred.reshape(picture.shape)  # OpenCV drops a single channel
    return kept
