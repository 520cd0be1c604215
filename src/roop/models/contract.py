"""Specifications of a network's tensors, and their conversion from and to images."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

Level = float | tuple[float, float, float]
"""The network's value for one brightness: one number, or one each for R, G and B."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of a network."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    shape: tuple[int, ...]
    """The shape of one item, without the batch dimension; 0 stands for any size."""
    role: str = "pixels"
    """What it holds, and its key in ``Session.run``: pixels, embedding, mask, fidelity, ... Unique
    among a network's inputs and among its outputs."""
    name: str | None = None
    """The tensor's name in the file; None to go by position."""
    pixels: tuple[Level, Level] | None = None
    """The values of black and white; None if the tensor is not an image."""
    channels: Literal["RGB", "BGR"] = "RGB"
    layout: Literal["CHW", "HWC"] = "CHW"
    batched: bool = True
    """False if it has no batch dimension, such as one setting for all items."""

    def encode(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Convert images to the network's input.

        Args:
            crops: ``(N, H, W, 3)`` RGB uint8 of the input's size.

        Returns:
            ``(N, 3, H, W)`` or ``(N, H, W, 3)`` float32, depending on ``layout``.
        """
        black, white = self._levels()
        values = crops * ((white - black) / np.float32(255)) + black
        if self.channels == "BGR":
            values = values[..., ::-1]
        if self.layout == "CHW":
            values = values.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(values)

    def decode(self, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Convert the network's output to images: the inverse of ``encode``, clipped.

        Args:
            values: ``(N, 3, H, W)`` or ``(N, H, W, 3)``, depending on ``layout``.

        Returns:
            ``(N, H, W, 3)`` RGB uint8.
        """
        if self.layout == "CHW":
            values = values.transpose(0, 2, 3, 1)
        if self.channels == "BGR":
            values = values[..., ::-1]
        black, white = self._levels()
        scale = np.float32(255) / (white - black)
        levels = np.rint((values - black) * scale).clip(0, 255)
        return np.ascontiguousarray(levels.astype(np.uint8))

    def _levels(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the values of black and white, each a number or in the order R, G, B."""
        if self.pixels is None:
            raise ValueError(f"{self.role} is not an image")
        black, white = (np.asarray(value, np.float32) for value in self.pixels)
        return black, white
