"""What a network takes and gives: its tensors, and how pictures become them and back."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

Level = float | tuple[float, float, float]
"""What one brightness is for the network: the same in all channels, or one each for R, G, B."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """One input or output of a network."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    shape: tuple[int, ...]
    """Of one item, without the dimension that counts the items; 0 where any size will do."""
    role: str = "pixels"
    """What it holds, and the key it has in ``Session.run``; differs among a network's inputs, and
    among its outputs: pixels, embedding, mask, fidelity, ..."""
    name: str | None = None
    """The tensor's name in the file; None takes it by its position."""
    pixels: tuple[Level, Level] | None = None
    """The values of black and of white; None for what is no picture."""
    channels: Literal["RGB", "BGR"] = "RGB"
    layout: Literal["CHW", "HWC"] = "CHW"
    batched: bool = True
    """False for what has no dimension that counts items, such as one setting for all of them."""

    def encode(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn pictures into what the network takes.

        Args:
            crops: ``(N, H, W, 3)`` RGB uint8 of the input's size.

        Returns:
            ``(N, 3, H, W)`` or ``(N, H, W, 3)`` float32, as ``layout`` says.
        """
        black, white = self._levels()
        values = crops * ((white - black) / np.float32(255)) + black
        if self.channels == "BGR":
            values = values[..., ::-1]
        if self.layout == "CHW":
            values = values.transpose(0, 3, 1, 2)
        return np.ascontiguousarray(values)

    def decode(self, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Turn what the network gave into pictures: the inverse of ``encode``, clipped.

        Args:
            values: ``(N, 3, H, W)`` or ``(N, H, W, 3)``, as ``layout`` says.

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
        """Return the values of black and of white in the order R, G, B."""
        if self.pixels is None:
            raise ValueError(f"{self.role} is no picture")
        black, white = (np.asarray(value, np.float32) for value in self.pixels)
        return black, white
