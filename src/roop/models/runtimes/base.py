"""What a library that runs networks has to offer to sessions."""

import re
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from roop.options import Precision, Provider


class ProviderError(Exception):
    """A provider cannot run a network; the text says why, in one line."""

    @classmethod
    def from_exception(cls, error: Exception) -> Self:
        """Return the reason in a library's own error, on one line of at most 200 letters.

        ONNX Runtime begins with places in its source and ends with the reason; where a library of
        NVIDIA's failed, more such places follow.
        """
        text = " ".join(str(error).split())
        failure = re.search(r"\b(CUDA|CUDNN|CUBLAS|CUFFT) failure [^;]*", text)
        return cls(failure[0].strip()[:200] if failure else text[-200:].lstrip())


class MemoryLimitError(ProviderError):
    """A network needs more memory than it may take."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input of a network as its file has it."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]
    """None stands for a size that may vary."""


class Runtime(Protocol):
    """A network in one of the libraries, on one provider."""

    provider: Provider
    precision: Precision | None
    """What it computes with; None where the file and the provider decide step by step."""
    warning: str | None
    """What the person should know of how it runs."""
    inputs: tuple[Port, ...]
    outputs: tuple[str, ...]

    def run(self, feed: dict[str, NDArray[Any]], outputs: list[str]) -> list[NDArray[Any]]:
        """Return the outputs of these names for the inputs of those names.

        Raises:
            ProviderError: The network failed.
        """
        ...
