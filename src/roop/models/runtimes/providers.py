"""Execution providers: their names, order, options and requirements."""

from collections.abc import Collection
from dataclasses import dataclass

from roop.home import user_folder
from roop.options import Provider, Settings


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """The static facts about a provider."""

    name: Provider
    runtime_name: str
    """Its name in ONNX Runtime; empty if it is not one of ONNX Runtime's."""
    need: str
    """What has to be installed."""
    systems: tuple[str, ...] = ("Linux", "Windows", "Darwin")
    """Where it exists, as in ``platform.system()``."""
    device_option: str | None = None
    """ONNX Runtime's option for the device number."""
    memory_option: str | None = None
    """ONNX Runtime's option for the memory limit of one network on the device, in bytes."""


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
    ProviderRow("coreml", "CoreMLExecutionProvider", "onnxruntime for macOS", ("Darwin",)),
    ProviderRow("openvino", "", "`uv sync --extra openvino`, or `pip install openvino`"),
    ProviderRow("cpu", "CPUExecutionProvider", "`pip install onnxruntime`"),
)
"""All providers, the fastest first. TensorRT is used only if requested: it spends minutes on an
engine before the first frame."""


CPU_PROVIDERS: frozenset[Provider] = frozenset({"cpu", "openvino"})
"""Providers that run on the CPU; the others need a device, which may be missing or broken."""


def provider_row(name: Provider) -> ProviderRow:
    """Return the row of the provider ``name``."""
    return next(entry for entry in PROVIDERS if entry.name == name)


def providers_to_try(settings: Settings, installed: Collection[Provider]) -> tuple[Provider, ...]:
    """Return the providers to try, in order; the last is the cpu unless ``strict_provider`` is set.

    Args:
        settings: Which providers are requested, and whether others may replace them.
        installed: Providers whose software is installed.
    """
    fastest = [
        entry.name for entry in PROVIDERS if entry.name in installed and entry.name != "tensorrt"
    ]
    requested = settings.execution_provider
    if settings.strict_provider:
        return requested or tuple(fastest[:1])
    if requested and CPU_PROVIDERS.issuperset(requested):  # then leave the graphics card alone
        fastest = []
    return tuple(dict.fromkeys([*requested, *fastest, "cpu"]))


def runtime_options(name: Provider, settings: Settings) -> dict[str, str]:
    """Return ONNX Runtime's options of a provider for ``settings``.

    Source: onnxruntime.ai/docs/execution-providers, a page for each provider.
    """
    entry, options = provider_row(name), dict[str, str]()
    if entry.device_option:
        options[entry.device_option] = str(settings.execution_device_id)
    if entry.memory_option and settings.network_memory:
        options[entry.memory_option] = str(settings.network_memory)
    if name == "cuda":
        if settings.network_memory:  # the default doubles the arena each time
            options["arena_extend_strategy"] = "kSameAsRequested"
        # The default, an exhaustive search, takes 0.2 s on an H100 whenever the number of faces
        # changes, and finds no faster algorithm (docs/benchmarks.md).
        options["cudnn_conv_algo_search"] = "HEURISTIC"
        if settings.execution_precision == "fp32":  # the default has 10 bits of mantissa, not 23
            options["use_tf32"] = "0"
    if name == "tensorrt":
        folder = user_folder() / "tensorrt"  # building an engine takes minutes: cache it
        options |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": str(folder)}
        if settings.execution_precision in ("fp16", "bf16"):
            options[f"trt_{settings.execution_precision}_enable"] = "1"
    return options
