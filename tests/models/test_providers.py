import pytest

from roop.models.providers import PROVIDERS, runtime_options, wanted
from roop.options import Provider, Settings


@pytest.mark.parametrize(
    ("asked", "present", "order"),
    [
        ((), {"cpu"}, ("cpu",)),
        ((), {"cpu", "cuda", "tensorrt"}, ("cuda", "cpu")),
        ((), {"cpu", "openvino"}, ("openvino", "cpu")),
        (("cpu",), {"cpu", "cuda"}, ("cpu",)),
        (("tensorrt", "cuda"), {"cpu"}, ("tensorrt", "cuda", "cpu")),
        (("CUDA", "dml", "CPU"), {"cpu"}, ("cuda", "directml", "cpu")),
    ],
)
def test_the_fastest_that_is_installed_comes_first_unless_others_are_asked_for(
    asked: tuple[str, ...], present: set[Provider], order: tuple[str, ...]
) -> None:
    settings = Settings.model_validate({"execution_provider": asked})
    assert wanted(settings, present) == order


@pytest.mark.parametrize(
    ("asked", "order"), [((), ("cuda",)), (("rocm", "cuda"), ("rocm", "cuda"))]
)
def test_strict_leaves_out_what_was_not_asked_for(
    asked: tuple[Provider, ...], order: tuple[str, ...]
) -> None:
    settings = Settings(execution_provider=asked, strict_provider=True)
    assert wanted(settings, {"cpu", "cuda"}) == order


def test_device_memory_and_precision_reach_onnx_runtime_by_its_own_names() -> None:
    settings = Settings(execution_device_id=1, max_memory=4, execution_precision="bf16")
    assert runtime_options("cuda", settings) == {"device_id": "1", "gpu_mem_limit": "3000000000"}
    assert runtime_options("cpu", settings) == {}
    tensorrt = runtime_options("tensorrt", settings)
    assert (tensorrt["device_id"], tensorrt["trt_bf16_enable"]) == ("1", "1")
    assert "trt_fp16_enable" not in tensorrt


def test_every_provider_says_what_it_needs() -> None:
    assert len({entry.name for entry in PROVIDERS}) == len(PROVIDERS) == 8
    assert all(entry.need and entry.systems for entry in PROVIDERS)
