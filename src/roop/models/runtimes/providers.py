"""Execution providers: their names here and in ONNX Runtime, their order, what each needs."""

from collections.abc import Collection
from dataclasses import dataclass

from roop.home import user_folder
from roop.options import Provider, Settings


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """What is known about a provider before it is tried."""

    name: Provider
    runtime_name: str
    """Its name in ONNX Runtime; empty for what does not run there."""
    need: str
    """What has to be installed."""
    systems: tuple[str, ...] = ("Linux", "Windows", "Darwin")
    """Where it exists, as ``platform.system()`` calls them."""
    device_option: str | None = None
    """ONNX Runtime's option that chooses among several devices."""
    memory_option: str | None = None
    """ONNX Runtime's option that bounds what one network takes on the device, in bytes."""


PROVIDERS = (
    ProviderRow(
        "cuda",
        "CUDAExecutionProvider",
        "an NVIDIA card, its driver, and onnxruntime-gpu[cuda,cudnn] in place of onnxruntime: "
        "`uv sync --no-group cpu --extra cuda`",
        ("Linux", "Windows"),
        "device_id",
        "gpu_mem_limit",
    ),
    ProviderRow(
        "tensorrt",
        "TensorrtExecutionProvider",
        "what cuda needs, and NVIDIA's package tensorrt",
        ("Linux", "Windows"),
        "device_id",
    ),
    ProviderRow(
        "migraphx",
        "MIGraphXExecutionProvider",
        "an AMD card, ROCm, and AMD's onnxruntime-migraphx in place of onnxruntime",
        ("Linux",),
        "device_id",
        "migraphx_mem_limit",
    ),
    ProviderRow(
        "rocm",
        "ROCMExecutionProvider",
        "an AMD card, ROCm, and AMD's onnxruntime-rocm in place of onnxruntime; since "
        "ONNX Runtime 1.23 that is migraphx",
        ("Linux",),
        "device_id",
        "gpu_mem_limit",
    ),
    ProviderRow(
        "directml",
        "DmlExecutionProvider",
        "onnxruntime-directml in place of onnxruntime",
        ("Windows",),
        "device_id",
    ),
    ProviderRow(
        "coreml", "CoreMLExecutionProvider", "onnxruntime for macOS, which has it", ("Darwin",)
    ),
    ProviderRow("openvino", "", "`uv sync --extra openvino`, or `pip install openvino`"),
    ProviderRow("cpu", "CPUExecutionProvider", "`pip install onnxruntime`"),
)
"""All of them, the fastest first. TensorRT makes a plan for minutes before its first frame: it is
used only by those who ask for it."""


CPU_PROVIDERS: frozenset[Provider] = frozenset({"cpu", "openvino"})
"""Those that run on the processor; the others need a device that may be broken or missing."""


def provider_row(name: Provider) -> ProviderRow:
    """Return what is known about ``name``."""
    return next(entry for entry in PROVIDERS if entry.name == name)


def providers_to_try(settings: Settings, installed: Collection[Provider]) -> tuple[Provider, ...]:
    """Return the providers to try, in order; the last is the cpu unless that is ruled out.

    Args:
        settings: Which ones were asked for, if any, and whether others may take their place.
        installed: Those whose software is installed here.
    """
    fastest = [
        entry.name for entry in PROVIDERS if entry.name in installed and entry.name != "tensorrt"
    ]
    requested = settings.execution_provider
    if settings.strict_provider:
        return requested or tuple(fastest[:1])
    if requested and CPU_PROVIDERS.issuperset(requested):  # the device is wanted for something else
        fastest = []
    return tuple(dict.fromkeys([*requested, *fastest, "cpu"]))


def runtime_options(name: Provider, settings: Settings) -> dict[str, str]:
    """Return what ``settings`` mean in ONNX Runtime's own options of a provider.

    Source: onnxruntime.ai/docs/execution-providers, a page for each.
    """
    entry, options = provider_row(name), dict[str, str]()
    if entry.device_option:
        options[entry.device_option] = str(settings.execution_device_id)
    if entry.memory_option and settings.network_memory:
        options[entry.memory_option] = str(settings.network_memory)
    if name == "cuda":
        if settings.network_memory:  # or it doubles what it has until there is no room to
            options["arena_extend_strategy"] = "kSameAsRequested"
        # Measuring every way of a convolution, as is usual, takes 0.2 s on an H100 whenever the
        # number of faces is another than the last time, and finds no faster one
        # (docs/benchmarks.md).
        options["cudnn_conv_algo_search"] = "HEURISTIC"
        if settings.execution_precision == "fp32":  # left alone it is tf32: 10 bits, not 23
            options["use_tf32"] = "0"
    if name == "tensorrt":
        folder = user_folder() / "tensorrt"  # plans take minutes to make: keep them
        options |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(folder)}
        if settings.execution_precision in ("fp16", "bf16"):
            options[f"trt_{settings.execution_precision}_enable"] = "1"
    return options
