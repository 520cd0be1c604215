"""The watermark: a faint pattern in swapped faces that survives what removes all other marks.

Spread spectrum, after Cox et al., "Secure Spread Spectrum Watermarking for Multimedia", 1997: a
fixed pattern of band-pass noise is added to the luma of the face and detected by correlation. Both
use coordinates of the face, taken from its mesh, so that scaling, cropping and rotation have little
effect.
"""

import hashlib
import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.types import Box, Face, Frame, Mesh, Pixels

MIN_STRENGTH, MAX_STRENGTH = 0.5, 2.0
"""Standard deviation of the pattern, of 255: a PSNR of 54 dB in large faces, 44 dB in small ones.

In large faces the waves are long enough to be visible, and more pixels carry them.
"""

_STRENGTH, _HEIGHT, _FALLOFF = 1.75, 160, 1.3
"""Strength at a face height of ``_HEIGHT`` pixels; it falls with this power of the height."""

DETECTION_THRESHOLD = 6.2
"""Peak score from which the watermark counts as found."""

_SIDE = 256
"""Side of the square that a face is mapped to, in pixels."""

_BAND = (16, 36)
"""Cycles per side: above the detail of faces, below what scaling and compression remove."""

_HALF = (0.38, 0.45)
"""Half the width and height of a face in the square, as shares of its side."""

_OVAL = (0.40, 0.46)
"""Semi-axes of the ellipse that carries the pattern, as shares of the side."""

_SHIFT = 4
"""Largest shift of the mesh between embedding and detection, in pixels of the square."""

_SCALES = (0.97, 1.0, 1.03)
"""Scales of the mesh to try in detection."""

_RIGHT, _LEFT, _TOP, _CHIN = 234, 454, 10, 152
"""Points of the mesh at the edge of the face."""

Plane = NDArray[np.float32]
"""``(256, 256)``, in the face's coordinates."""

Matrix = NDArray[np.float32]
"""``(2, 3)``: an affine transform of points x, y."""


class Watermark:
    """Embeds the pattern in faces, and detects it."""

    def __init__(self) -> None:
        self._oval = _oval()
        self._pattern = _band_noise() * self._oval
        across = np.fft.rfftfreq(_SIDE, 1 / _SIDE)
        radius = np.hypot(np.fft.fftfreq(_SIDE, 1 / _SIDE)[:, np.newaxis], across)
        near = (radius > _BAND[0] - 2) & (radius < _BAND[1] + 2)  # the ellipse widens the band
        self._spectrum = np.conj(np.fft.rfft2(self._pattern)) * near

    def stamp(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Embed the pattern in the swapped faces of a frame."""
        for face in faces:
            to_square = _to_square(face.mesh)
            if to_square is None:
                continue
            box = _covered_box(to_square).clipped(frame.size)
            if box.width == 0 or box.height == 0:
                continue
            pattern = cv2.warpAffine(
                self._pattern,
                _from_corner(to_square, box),
                (box.width, box.height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            )
            frame.shade(box, pattern * np.float32(_strength(face.mesh) * face.opacity))

    def score(self, frame: Frame, mesh: Mesh) -> float:
        """Return how strongly a face shows the pattern; see ``peak_score``."""
        return peak_score(self.correlations(frame, mesh))

    def correlations(self, frame: Frame, mesh: Mesh) -> NDArray[np.float64]:
        """Correlate a face of a frame with the pattern.

        Returns:
            ``(3, 256, 256)``: by scale and cyclic shift. Those of several frames can be added.
        """
        to_square = _to_square(mesh)
        if to_square is None:
            return _no_correlations()
        box = _covered_box(to_square).clipped(frame.size)
        if box.width < 2 or box.height < 2:
            return _no_correlations()
        grey = cv2.cvtColor(_shrunk(frame.crop(box)), cv2.COLOR_RGB2GRAY).astype(np.float32)
        zoom = np.diag([box.width / grey.shape[1], box.height / grey.shape[0], 1])
        matrix = (_from_corner(to_square, box) @ zoom).astype(np.float32)
        flat = cv2.warpAffine(grey, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE)
        return np.stack([self._correlation(_zoomed(flat, scale)) for scale in _SCALES])

    def _correlation(self, flat: Plane) -> NDArray[np.float64]:
        """Return ``(256, 256)``: the correlation at every cyclic shift."""
        fine = flat - cv2.GaussianBlur(flat, (0, 0), 4)
        local = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), 6)) + 0.7
        even = np.clip(fine / local, -2, 2) * self._oval
        waves = np.fft.rfft2(even)
        waves /= np.abs(waves) + 1e-3  # phase only, so that no frequency of the face dominates
        return np.fft.irfft2(waves * self._spectrum, s=flat.shape)


def peak_score(correlations: NDArray[np.float64]) -> float:
    """Return the best correlation over small shifts and all scales.

    Returns:
        The peak in standard deviations of all correlations: 2 to 5.5 without the watermark.
    """
    near = np.roll(correlations, (_SHIFT, _SHIFT), (1, 2))[:, : 2 * _SHIFT + 1, : 2 * _SHIFT + 1]
    chance = np.maximum(correlations.std(axis=(1, 2)), 1e-9)
    return float((near.max(axis=(1, 2)) / chance).max())


def _no_correlations() -> NDArray[np.float64]:
    return np.zeros((len(_SCALES), _SIDE, _SIDE))


def _strength(mesh: Mesh) -> float:
    height = float(np.ptp(mesh[:, 1]))
    strength = float(_STRENGTH * (_HEIGHT / max(height, 1.0)) ** _FALLOFF)
    return min(max(strength, MIN_STRENGTH), MAX_STRENGTH)


def _band_noise() -> Plane:
    """Return the noise; it comes from a digest, independent of any random number generator."""
    bits = np.frombuffer(
        hashlib.shake_256(b"roop watermark 1").digest(_SIDE * _SIDE // 8), np.uint8
    )
    white = np.unpackbits(bits).reshape(_SIDE, _SIDE) * 2.0 - 1
    waves = np.fft.fftfreq(_SIDE, 1 / _SIDE)
    radius = np.hypot(waves[:, np.newaxis], waves[np.newaxis])
    band = (radius > _BAND[0]) & (radius < _BAND[1])
    noise = np.real(np.fft.ifft2(np.fft.fft2(white) * band))
    return np.asarray(noise / noise.std(), np.float32)


def _oval() -> Plane:
    """Return the ellipse: 1 inside the face, falling to 0 at its edge."""
    y, x = np.mgrid[:_SIDE, :_SIDE] / _SIDE - 0.5
    inside = (1 - (x / _OVAL[0]) ** 2 - (y / _OVAL[1]) ** 2) * 6
    return np.asarray(np.clip(inside, 0, 1), np.float32)


def _to_square(mesh: Mesh) -> Matrix | None:
    """Return the transform from the frame to the square, None for a face seen edge-on."""
    corners = mesh[[_LEFT, _RIGHT, _TOP, _CHIN], :2].astype(np.float64)
    left, right, top, chin = corners.tolist()
    width, height = (2 * half * _SIDE for half in _HALF)
    across_x, across_y = (left[0] - right[0]) / width, (left[1] - right[1]) / width
    down_x, down_y = (chin[0] - top[0]) / height, (chin[1] - top[1]) / height
    area = across_x * down_y - down_x * across_y
    if abs(area) * _SIDE**2 < 64:  # square pixels of the frame
        return None
    linear = np.array([[down_y, -down_x], [-across_y, across_x]]) / area
    to_square: Matrix = np.empty((2, 3), np.float32)
    to_square[:, :2], to_square[:, 2] = linear, _SIDE / 2 - linear @ (corners.sum(axis=0) / 4)
    return to_square


def _from_corner(to_square: Matrix, box: Box) -> Matrix:
    """Return the same transform from coordinates relative to ``box``."""
    moved = to_square.copy()
    moved[:, 2] += moved[:, :2] @ np.array([box.x0, box.y0], np.float32)
    return moved


def _covered_box(to_square: Matrix) -> Box:
    """Return the box of the frame that contains the ellipse."""
    from_square = cv2.invertAffineTransform(to_square.astype(np.float64))
    centre = from_square @ (_SIDE / 2, _SIDE / 2, 1)
    extent = np.abs(from_square[:, :2]) @ (_OVAL[0] * _SIDE, _OVAL[1] * _SIDE)
    (x0, y0), (x1, y1) = (centre - extent).tolist(), (centre + extent).tolist()
    return Box(math.floor(x0), math.floor(y0), math.ceil(x1) + 1, math.ceil(y1) + 1)


def _shrunk(pixels: Pixels) -> Pixels:
    """Halve an image until it is at most three times as large as the square, to avoid aliasing."""
    while min(pixels.shape[:2]) > 3 * _SIDE:
        size = pixels.shape[1] // 2, pixels.shape[0] // 2
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return pixels


def _zoomed(flat: Plane, scale: float) -> Plane:
    if scale == 1:
        return flat
    offset = _SIDE / 2 * (1 - scale)
    matrix = np.array([[scale, 0, offset], [0, scale, offset]], np.float32)
    zoomed: Plane = cv2.warpAffine(
        flat, matrix, (_SIDE, _SIDE), borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    return zoomed
