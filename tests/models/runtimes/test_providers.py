import pytest

from roop.models.runtimes.base import ProviderError
from roop.models.runtimes.providers import PROVIDERS, providers_to_try, runtime_options
from roop.options import Provider, Settings


@pytest.mark.parametrize(
    ("requested", "installed", "order"),
    [
        ((), {"cpu"}, ("cpu",)),
        ((), {"cpu", "cuda", "tensorrt"}, ("cuda", "cpu")),
        ((), {"cpu", "openvino"}, ("openvino", "cpu")),
        (("cpu",), {"cpu", "cuda"}, ("cpu",)),
        (("tensorrt", "cuda"), {"cpu"}, ("tensorrt", "cuda", "cpu")),
        (("CUDA", "dml", "CPU"), {"cpu"}, ("cuda", "directml", "cpu")),
        (("tensorrt",), {"cpu", "cuda"}, ("tensorrt", "cuda", "cpu")),
        (("openvino",), {"cpu", "cuda"}, ("openvino", "cpu")),
    ],
)
def test_the_fastest_installed_provider_comes_first_unless_others_are_requested(
    requested: tuple[str, ...], installed: set[Provider], order: tuple[str, ...]
) -> None:
    settings = Settings.model_validate({"execution_provider": requested})
    assert providers_to_try(settings, installed) == order


@pytest.mark.parametrize(
    ("requested", "order"), [((), ("cuda",)), (("rocm", "cuda"), ("rocm", "cuda"))]
)
def test_a_strict_provider_excludes_those_not_requested(
    requested: tuple[Provider, ...], order: tuple[str, ...]
) -> None:
    settings = Settings(execution_provider=requested, strict_provider=True)
    assert providers_to_try(settings, {"cpu", "cuda"}) == order


def test_device_memory_and_precision_become_options_of_onnx_runtime() -> None:
    settings = Settings(execution_device_id=1, max_memory=4, execution_precision="bf16")
    cuda = runtime_options("cuda", settings)
    assert (cuda["device_id"], cuda["gpu_mem_limit"]) == ("1", "3000000000")
    assert "use_tf32" not in cuda
    exact = runtime_options("cuda", Settings(execution_precision="fp32"))
    assert exact["use_tf32"] == "0"
    assert "gpu_mem_limit" not in exact
    assert runtime_options("cpu", settings) == {}
    tensorrt = runtime_options("tensorrt", settings)
    assert (tensorrt["device_id"], tensorrt["trt_bf16_enable"]) == ("1", "1")
    assert "trt_fp16_enable" not in tensorrt


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "/onnxruntime_src/providers/cuda/info.cc:63 static Info\nInfo::From(const Options&) "
            f"{'x' * 200} Invalid device ID: 7, must be between 0 (inclusive) and 1 (exclusive)",
            "Invalid device ID: 7, must be between 0 (inclusive) and 1 (exclusive)",
        ),
        (
            "/onnxruntime_src/core/providers/cuda/cuda_call.cc:123 std::conditional_t<true, void> "
            "onnxruntime::CudaCall(...) CUDA failure 100: no CUDA-capable device is detected ; "
            f"GPU=-1 ; hostname=here ; file=/{'x' * 200}.cc ; line=66 ; expr=cudaGetDevice(&id);",
            "CUDA failure 100: no CUDA-capable device is detected",
        ),
    ],
)
def test_an_error_of_a_library_is_reduced_to_its_reason(text: str, reason: str) -> None:
    message = str(ProviderError.from_exception(RuntimeError(text)))
    assert message.endswith(reason)
    assert len(message) <= 200


def test_every_provider_has_a_requirement() -> None:
    assert len({entry.name for entry in PROVIDERS}) == len(PROVIDERS) == 8
    assert all(entry.need and entry.systems for entry in PROVIDERS)
