"""Swap a face in a photo, a video or a live camera from one photo."""

from typing import TYPE_CHECKING, Any

from roop.telemetry import switch_off
from roop.version import VERSION

if TYPE_CHECKING:
    from roop.api import JobResult, Swapper, live, swap

switch_off()  # here, for a plug-in may import ONNX Runtime before roop does

__version__ = VERSION

__all__ = ["JobResult", "Swapper", "__version__", "live", "swap"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - PEP 562: importing roop stays instant
    if name in ("JobResult", "Swapper", "live", "swap"):
        from roop import api

        return getattr(api, name)
    raise AttributeError(f"module 'roop' has no attribute {name!r}")
