"""Tell people apart without a download: by the texture of the face seen from the front."""

from importlib.resources import files

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from roop.faces.mesh.frontal import Frontaliser
from roop.faces.mesh.topology import load_topology
from roop.faces.recognition.descriptor import Descriptor
from roop.types import Frame, Mesh

_STEP = 4
"""Pixels between two places where the texture is measured."""

_WAVELENGTHS = (5.0, 8.0, 11.0)
"""Of the waves that the texture is compared with, pixels."""

_REACH = int(max(_WAVELENGTHS))
"""Of the longest wave's kernel to each side, pixels."""

_DIRECTIONS = 6

_FAINT = 1e-3
"""Strength of a texture below which it is noise."""


class TextureRecogniser:
    """Describes a face by the strength of waves of several lengths and directions on its skin.

    Strengths do not mind small errors of the mesh, taken relative to each other they do not mind
    the light, and taken relative to the mean face they say what is this person's own.

    Source: Gabor magnitudes on a frontalised face, after Wiskott et al., "Face Recognition by
    Elastic Bunch Graph Matching", PAMI 1997; measured in docs/people.md.
    """

    name = "texture"

    def __init__(self) -> None:
        self._frontaliser = Frontaliser(load_topology())
        waves = [_wave(length, turn) for length in _WAVELENGTHS for turn in _turns()]
        self._kernels = np.stack(
            [kernel.ravel() for pair in zip(*waves, strict=True) for kernel in pair], axis=1
        )
        with (files("roop.faces.recognition") / "mean_texture.npy").open("rb") as file:
            self._mean = np.load(file).astype(np.float32)

    def describe(self, frame: Frame, mesh: Mesh) -> Descriptor:
        """Describe the face under ``mesh``; takes about 1 ms."""
        features, weights = self.measure(frame, mesh)
        return Descriptor(features - self._mean, weights)

    def measure(self, frame: Frame, mesh: Mesh) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the ``(288, 18)`` strengths, each row of length 1, and the ``(288,)`` weights."""
        view = self._frontaliser.show(frame, mesh)
        # the root makes the grain of bright and of dark skin alike
        grey = np.sqrt(cv2.cvtColor(view.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32))
        even, odd = np.hsplit(cv2.gemm(_patches(grey), self._kernels, 1, None, 0), 2)
        strengths = np.hypot(even, odd)
        norm = np.linalg.norm(strengths, axis=1, keepdims=True)
        return (strengths / (norm + _FAINT)).astype(np.float32), _sampled(view.seen)


Wave = tuple[NDArray[np.float32], NDArray[np.float32]]
"""A kernel and the same a quarter of a wave on."""


def _turns() -> NDArray[np.float64]:
    return np.arange(_DIRECTIONS) * np.pi / _DIRECTIONS


def _wave(length: float, turn: float) -> Wave:
    side, room = 2 * int(length) + 1, _REACH - int(length)
    even, odd = (
        cv2.getGaborKernel((side, side), length / 2, turn, length, 1, phase, cv2.CV_32F)
        for phase in (0, np.pi / 2)
    )
    return np.pad(even - even.mean(), room), np.pad(odd - odd.mean(), room)


def _patches(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what surrounds each place, ``(288, 529)``: only there the waves are needed."""
    padded = np.pad(grey, _REACH, mode="reflect")  # as OpenCV's filters do
    side = 2 * _REACH + 1
    around = sliding_window_view(padded, (side, side))[_STEP // 2 :: _STEP, _STEP // 2 :: _STEP]
    return around.reshape(-1, side * side)


def _sampled(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return picture[_STEP // 2 :: _STEP, _STEP // 2 :: _STEP].ravel()
