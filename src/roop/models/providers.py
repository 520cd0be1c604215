"""Execution providers: their names here and in ONNX Runtime, their order, what each needs."""

from collections.abc import Collection
from dataclasses import dataclass

from roop.options import Provider, Settings


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """What is known about a provider before it is tried."""

    name: Provider
    runtime_name: str
    """Its name in ONNX Runtime; empty for what does not run there."""
    need: str
    """What has to be installed."""
    device_option: str | None = "device_id"
    """ONNX Runtime's option that chooses among several devices."""


PROVIDERS = (
    ProviderRow(
        "cuda",
        "CUDAExecutionProvider",
        "an NVIDIA card, its driver and `pip install onnxruntime-gpu[cuda,cudnn]` "
        "in place of onnxruntime",
    ),
    ProviderRow(
        "tensorrt",
        "TensorrtExecutionProvider",
        "what cuda needs, and TensorRT: `pip install tensorrt`",
    ),
    ProviderRow(
        "migraphx",
        "MIGraphXExecutionProvider",
        "an AMD card, ROCm and `pip install onnxruntime-migraphx` in place of onnxruntime",
    ),
    ProviderRow(
        "rocm",
        "ROCMExecutionProvider",
        "an AMD card, ROCm and an onnxruntime-rocm older than 1.23; newer ones have migraphx",
    ),
    ProviderRow(
        "directml",
        "DmlExecutionProvider",
        "Windows and `pip install onnxruntime-directml` in place of onnxruntime",
    ),
    ProviderRow(
        "coreml", "CoreMLExecutionProvider", "macOS, whose onnxruntime has it", device_option=None
    ),
    ProviderRow("openvino", "", "`pip install roop[openvino]`", device_option=None),
    ProviderRow("cpu", "CPUExecutionProvider", "`pip install onnxruntime`", device_option=None),
)
"""All of them, the fastest first. TensorRT builds a plan for minutes before its first frame: it is
used only by those who ask for it."""


def row(name: Provider) -> ProviderRow:
    """Return what is known about ``name``."""
    return next(entry for entry in PROVIDERS if entry.name == name)


def wanted(settings: Settings, present: Collection[Provider]) -> tuple[Provider, ...]:
    """Return the providers to try, in order.

    Args:
        settings: Which ones were asked for, if any.
        present: Those whose software is installed here.
    """
    if settings.execution_provider:
        return settings.execution_provider
    return tuple(
        entry.name for entry in PROVIDERS if entry.name in present and entry.name != "tensorrt"
    )
