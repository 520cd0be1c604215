"""The reflectance of a face: its appearance without the light that falls on it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Pixels

Reflectance = NDArray[np.float32]
"""``(H, W, 3)``: brightness in hundredths of its logarithm; red and blue difference in grey levels.
"""

Light = NDArray[np.float32]
"""``(6, 3)``: the coefficients of smooth fields that a light adds to the reflectance."""

Slope = NDArray[np.float64]
"""``(2,)``: increase of the brightness from the middle of the unwrapped face to its right and to
its lower edge, in hundredths of its logarithm."""

_FLOOR = 12
"""Grey levels added before the logarithm, so that black pixels count little."""

_LOGARITHM = (100 * np.log(np.arange(256) + _FLOOR)).astype(np.float32)
"""Logarithm of the brightness: here a light on the whole face adds the same everywhere."""

_SKIN_SPREAD = np.array([10, 3, 3], np.float32)
"""How far skin differs from its usual reflectance in another light; larger differences count
little."""

_STIFFNESS = np.array([1, 8, 8, 20, 20, 20], np.float32)[:, None]
"""Resistance to changes of the light: constant, linear, quadratic."""

_DECAY = np.array([0, 1, 1, 4, 4, 4], np.float32)[:, None]
"""How fast the linear and quadratic parts of the light decay where nothing supports them."""

_EVENNESS = 1e-3
"""Weight of the prior that the light is even, in pixels."""

_MIN_WEIGHT = 0.3
"""Weight above which a pixel counts towards the median of a face."""


def reflectance_of(pixels: Pixels) -> Reflectance:
    """Return the reflectance of ``(H, W, 3)`` RGB pixels."""
    colours = cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb)
    reflectance = np.empty(pixels.shape, np.float32)
    reflectance[..., 0] = cv2.LUT(np.ascontiguousarray(colours[..., 0]), _LOGARITHM)
    reflectance[..., 1:] = colours[..., 1:]
    reflectance[..., 1:] -= 128
    return reflectance


def brightness_of(reflectance: Reflectance) -> NDArray[np.float32]:
    """Return the brightness, ``(H, W)``, in grey levels, at least 1."""
    brightness: NDArray[np.float32] = np.maximum(np.exp(reflectance[..., 0] / 100) - _FLOOR, 1)
    return brightness


def brightness_slope(reflectance: Reflectance, weight: NDArray[np.float32]) -> Slope:
    """Return the slope of the brightness across a face.

    Args:
        reflectance: ``(H, W, 3)``.
        weight: ``(H, W)``: the weight of each pixel; the slope is 0 if all are 0.
    """
    height, width = weight.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y], axis=-1)[::2, ::2].reshape(-1, 3)
    weights = weight[::2, ::2].ravel()
    normal = (terms * weights[:, None]).T
    solved = np.linalg.solve(
        normal @ terms + _EVENNESS * np.eye(3), normal @ reflectance[::2, ::2, 0].ravel()
    )
    slope: Slope = solved[1:]
    return slope


def upper_median(values: NDArray[np.float32]) -> float:
    """Return the median of ``(N,)`` values, the upper one of two, in a fifth of numpy's time."""
    index = len(values) // 2
    return float(np.partition(values, index)[index])


class LightFitter:
    """Fits a smooth light, or a smooth reflectance, to most of a face."""

    def __init__(self, size: tuple[int, int]) -> None:
        x, y = np.meshgrid(*(np.linspace(-1, 1, side) for side in size))
        terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)
        self._terms = terms.astype(np.float32)
        self._samples = np.ascontiguousarray(self._terms[::2, ::2]).reshape(-1, 6)

    def field(self, light: Light) -> Reflectance:
        """Return what a light adds to each pixel."""
        field: Reflectance = cv2.transform(self._terms[..., 1:], light.T[:, [1, 2, 3, 4, 5, 0]])
        return field

    def follow(self, light: Light, change: Reflectance, weight: NDArray[np.float32]) -> Light:
        """Return the light that explains most of a change of reflectance.

        Args:
            light: The light of the previous frame, from which the fit starts.
            change: ``(H, W, 3)``.
            weight: ``(H, W)``, 0..1: the weight of each pixel.
        """
        samples, weights = change[::2, ::2].reshape(-1, 3), weight[::2, ::2].ravel()
        for _ in range(2):
            light = light + self._step(samples, weights, light, power=1)
        return light

    def plain(self, reflectance: Reflectance, weight: NDArray[np.float32]) -> Reflectance:
        """Return the smooth reflectance that fits most of a face.

        Args:
            reflectance: ``(H, W, 3)``.
            weight: ``(H, W)``, 0..1: above 0 on plain skin.
        """
        samples, weights = reflectance[::2, ::2].reshape(-1, 3), weight[::2, ::2].ravel()
        light = np.zeros((6, 3), np.float32)
        known = samples[weights > _MIN_WEIGHT]
        if known.size:
            light[0] = [upper_median(channel) for channel in known.T]
        for _ in range(6):
            light = light + self._step(samples, weights, light, power=2)
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
        left = change - self._samples @ light
        off = (left / _SKIN_SPREAD) ** 2
        weighted = (
            self._samples * (weight / (1 + off[:, 0] + off[:, 1] + off[:, 2]) ** power)[:, None]
        )
        normal = weighted.T @ self._samples
        normal.flat[::7] += _STIFFNESS[:, 0]
        step = cv2.solve(normal, weighted.T @ left - _DECAY * light, flags=cv2.DECOMP_CHOLESKY)[1]
        found: Light = step
        return found
