"""The interface of the libraries that run networks."""

import re
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from roop.options import Precision, Provider


class ProviderError(Exception):
    """A provider cannot run a network; the message is one line with the reason."""

    @classmethod
    def from_exception(cls, error: Exception) -> Self:
        """Reduce a library's error to its reason, on one line of at most 200 characters.

        ONNX Runtime's messages start with source locations and end with the reason; if one of
        NVIDIA's libraries failed, more locations follow the reason.
        """
        text = " ".join(str(error).split())
        failure = re.search(r"\b(CUDA|CUDNN|CUBLAS|CUFFT) failure [^;]*", text)
        return cls(failure[0].strip()[:200] if failure else text[-200:].lstrip())


class MemoryLimitError(ProviderError):
    """A network does not fit into the memory it may use."""


@dataclass(frozen=True, slots=True)
class Port:
    """An input of a network, as its file defines it."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]
    """None stands for a dynamic size."""


class Runtime(Protocol):
    """A network loaded by one of the libraries, on one provider."""

    provider: Provider
    precision: Precision | None
    """The precision it computes in; None if file and provider decide node by node."""
    warning: str | None
    """Something to tell the user about how it runs."""
    inputs: tuple[Port, ...]
    outputs: tuple[str, ...]
    """Names of the outputs."""

    def run(self, feed: dict[str, NDArray[Any]], outputs: list[str]) -> list[NDArray[Any]]:
        """Run the network on ``feed``, arrays by input name; return the named outputs, in order.

        Raises:
            ProviderError: The network failed.
        """
        ...
