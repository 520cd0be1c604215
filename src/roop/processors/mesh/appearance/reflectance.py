"""How a face looks, apart from the light that falls on it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Pixels

Reflectance = NDArray[np.float32]
"""``(H, W, 3)``: brightness in hundredths of its logarithm, red and blue difference in grey levels.
"""

Light = NDArray[np.float32]
"""``(6, 3)``: how much of each smooth field a light adds to the look."""

Slope = NDArray[np.float64]
"""``(2,)``: by how much brightness grows from the middle of the unrolled face to its left and lower
edge, hundredths of its logarithm."""

_FLOOR = 12
"""Grey levels added before the logarithm, so that black pixels say little."""

_LOGARITHM = (100 * np.log(np.arange(256) + _FLOOR)).astype(np.float32)
"""Brightness as it is felt: a light that falls on everything adds the same everywhere."""

_STRAY = np.array([10, 3, 3], np.float32)
"""How far skin strays from its usual look in another light; what strays farther says little."""

_STIFF = np.array([1, 8, 8, 20, 20, 20], np.float32)[:, None]
"""How hard it is to believe in a change of light: even, sloping, bent."""

_FADE = np.array([0, 1, 1, 4, 4, 4], np.float32)[:, None]
"""How fast slopes and bends of the light are forgotten where nothing shows them."""

_EVEN = 1e-3
"""Weight of the belief that light falls evenly, in pixels."""

_SHARE = 0.3
"""Weight above which a pixel tells about the look of a whole face."""


def reflectance_of(pixels: Pixels) -> Reflectance:
    """Return the look of ``(H, W, 3)`` RGB pixels."""
    colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)
    look = np.empty(pixels.shape, np.float32)
    look[..., 0] = cv2.LUT(np.ascontiguousarray(colours[..., 0]), _LOGARITHM)
    look[..., 1:] = colours[..., 1:]
    look[..., 1:] -= 128
    return look


def brightness_of(look: Reflectance) -> NDArray[np.float32]:
    """Return the brightness, ``(H, W)``, in grey levels, at least 1."""
    brightness: NDArray[np.float32] = np.maximum(np.exp(look[..., 0] / 100) - _FLOOR, 1)
    return brightness


def brightness_slope(look: Reflectance, weight: NDArray[np.float32]) -> Slope:
    """Return the slope of the brightness.

    Args:
        look: ``(H, W, 3)``.
        weight: ``(H, W)``: how much each pixel tells; if none does the slope is 0.
    """
    height, width = weight.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y], axis=-1)[::2, ::2].reshape(-1, 3)
    told = weight[::2, ::2].ravel()
    normal = (terms * told[:, None]).T
    solved = np.linalg.solve(normal @ terms + _EVEN * np.eye(3), normal @ look[::2, ::2, 0].ravel())
    slope: Slope = solved[1:]
    return slope


def middle(values: NDArray[np.float32]) -> float:
    """Return the median of ``(N,)`` values, the upper one of two; in a fifth of numpy's time."""
    place = len(values) // 2
    return float(np.partition(values, place)[place])


class LightFitter:
    """Finds the smooth light, or the plain look, that fits most of a face."""

    def __init__(self, size: tuple[int, int]) -> None:
        x, y = np.meshgrid(*(np.linspace(-1, 1, side) for side in size))
        terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)
        self._terms = terms.astype(np.float32)
        self._few = np.ascontiguousarray(self._terms[::2, ::2]).reshape(-1, 6)

    def field(self, light: Light) -> Reflectance:
        """Return what a light adds everywhere."""
        field: Reflectance = cv2.transform(self._terms[..., 1:], light.T[:, [1, 2, 3, 4, 5, 0]])
        return field

    def follow(self, light: Light, change: Reflectance, weight: NDArray[np.float32]) -> Light:
        """Return the light that explains the most of a change of look, beginning with the last one.

        Args:
            light: Of the frame before.
            change: ``(H, W, 3)``.
            weight: ``(H, W)``, 0..1: how much each pixel tells.
        """
        few, told = change[::2, ::2].reshape(-1, 3), weight[::2, ::2].ravel()
        for _ in range(2):
            light = light + self._step(few, told, light, power=1)
        return light

    def plain(self, look: Reflectance, weight: NDArray[np.float32]) -> Reflectance:
        """Return the smooth look that fits most of a face.

        Args:
            look: ``(H, W, 3)``.
            weight: ``(H, W)``, 0..1: above 0 on plain skin.
        """
        few, told = look[::2, ::2].reshape(-1, 3), weight[::2, ::2].ravel()
        light = np.zeros((6, 3), np.float32)
        known = few[told > _SHARE]
        if known.size:
            light[0] = [middle(channel) for channel in known.T]
        for _ in range(6):
            light = light + self._step(few, told, light, power=2)
        return self.field(light)

    def _step(
        self,
        change: NDArray[np.float32],
        weight: NDArray[np.float32],
        light: Light,
        *,
        power: int,
    ) -> Light:
        """Return one round of iteratively reweighted least squares."""
        left = change - self._few @ light
        off = (left / _STRAY) ** 2
        weighted = self._few * (weight / (1 + off[:, 0] + off[:, 1] + off[:, 2]) ** power)[:, None]
        normal = weighted.T @ self._few
        normal.flat[::7] += _STIFF[:, 0]
        step = cv2.solve(normal, weighted.T @ left - _FADE * light, flags=cv2.DECOMP_CHOLESKY)[1]
        found: Light = step
        return found
