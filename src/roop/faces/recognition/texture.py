"""Recognise people without a download: by the texture of the frontalised face."""

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
"""Pixels between two points where the texture is measured."""

_WAVELENGTHS = (5.0, 8.0, 11.0)
"""Of the Gabor kernels, pixels."""

_RADIUS = int(max(_WAVELENGTHS))
"""Of the largest kernel, pixels."""

_ORIENTATIONS = 6

_FAINT = 1e-3
"""Response below which a texture is noise."""


class TextureRecogniser:
    """Describes a face by the magnitudes of Gabor filters of several wavelengths and orientations.

    Magnitudes hardly change with small errors of the mesh. Relative to each other they do not
    depend on the light, and relative to those of the mean face they are specific to a person.

    Source: Gabor magnitudes on a frontalised face, after Wiskott et al., "Face Recognition by
    Elastic Bunch Graph Matching", PAMI 1997; measured in docs/people.md.
    """

    name = "texture"

    def __init__(self) -> None:
        self._frontaliser = Frontaliser(load_topology())
        pairs = [
            _gabor_pair(length, orientation)
            for length in _WAVELENGTHS
            for orientation in _orientations()
        ]
        self._kernels = np.stack(
            [kernel.ravel() for pair in zip(*pairs, strict=True) for kernel in pair], axis=1
        )
        with (files("roop.faces.recognition") / "mean_texture.npy").open("rb") as file:
            self._mean = np.load(file).astype(np.float32)

    def describe(self, frame: Frame, mesh: Mesh) -> Descriptor:
        """Describe the face under ``mesh``; takes about 1 ms."""
        features, weights = self.measure(frame, mesh)
        return Descriptor(features - self._mean, weights)

    def measure(self, frame: Frame, mesh: Mesh) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the ``(288, 18)`` magnitudes, each row of length 1, and the ``(288,)`` weights."""
        view = self._frontaliser.frontalise(frame, mesh)
        # the root gives bright and dark skin the same contrast
        grey = np.sqrt(cv2.cvtColor(view.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32))
        even, odd = np.hsplit(cv2.gemm(_patches(grey), self._kernels, 1, None, 0), 2)
        magnitudes = np.hypot(even, odd)
        norm = np.linalg.norm(magnitudes, axis=1, keepdims=True)
        return (magnitudes / (norm + _FAINT)).astype(np.float32), _sample_grid(view.visibility)


GaborPair = tuple[NDArray[np.float32], NDArray[np.float32]]
"""An even kernel and the odd one, a quarter of a wavelength further on."""


def _orientations() -> NDArray[np.float64]:
    return np.arange(_ORIENTATIONS) * np.pi / _ORIENTATIONS


def _gabor_pair(length: float, orientation: float) -> GaborPair:
    side, margin = 2 * int(length) + 1, _RADIUS - int(length)
    even, odd = (
        cv2.getGaborKernel((side, side), length / 2, orientation, length, 1, phase, cv2.CV_32F)
        for phase in (0, np.pi / 2)
    )
    return np.pad(even - even.mean(), margin), np.pad(odd - odd.mean(), margin)


def _patches(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the neighbourhood of each point of the grid, ``(288, 529)``."""
    padded = np.pad(grey, _RADIUS, mode="reflect")  # as OpenCV's filters do
    side = 2 * _RADIUS + 1
    neighbourhoods = sliding_window_view(padded, (side, side))[
        _STEP // 2 :: _STEP, _STEP // 2 :: _STEP
    ]
    return neighbourhoods.reshape(-1, side * side)


def _sample_grid(field: NDArray[np.float32]) -> NDArray[np.float32]:
    return field[_STEP // 2 :: _STEP, _STEP // 2 :: _STEP].ravel()
