"""The contract of every runtime, tested on a network whose outputs numpy computes as well.

OpenVINO needs its extra: ``uv run --extra openvino pytest -m openvino``.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from roop.models.runtimes.base import Port, ProviderError, Runtime
from roop.models.runtimes.loading import load_runtime
from roop.options import Provider, Settings

FP32 = Settings(execution_precision="fp32")
KERNEL = np.random.default_rng(1).normal(size=(4, 3, 3, 3)).astype(np.float32)
BOTH = ["features", "means"]

provider = pytest.mark.parametrize(
    "provider", ["cpu", pytest.param("openvino", marks=pytest.mark.openvino)]
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolution of images of any number and size, and the means of its channels."""
    nodes = [
        helper.make_node("Conv", ["images", "kernel"], ["convolved"], pads=[1] * 4),
        helper.make_node("Relu", ["convolved"], ["positive"]),
        helper.make_node("Cast", ["gain"], ["factor"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["positive", "factor"], ["features"]),
        helper.make_node("ReduceMean", ["features"], ["means"], axes=[2, 3], keepdims=0),
    ]
    inputs = [
        helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 3, "H", "W"]),
        helper.make_tensor_value_info("gain", TensorProto.DOUBLE, [1]),
    ]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in BOTH]
    constants = [numpy_helper.from_array(KERNEL, "kernel")]
    graph = helper.make_graph(nodes, "g", inputs, outputs, constants)
    opset = helper.make_opsetid("", 17)
    path = tmp_path_factory.mktemp("runtimes") / "network.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), path)
    return path


def feed(count: int, seed: int = 2) -> dict[str, NDArray[np.generic]]:
    images = np.random.default_rng(seed).random((count, 3, 10, 14), np.float32)
    return {"images": images, "gain": np.array([0.5])}


def expected(given: dict[str, NDArray[np.generic]]) -> tuple[NDArray[np.float64], ...]:
    """Return features and means as numpy computes them."""
    padded = np.pad(given["images"].astype(float), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = sliding_window_view(padded, (3, 3), axis=(2, 3))
    convolved = np.einsum("nchwij,kcij->nkhw", windows, KERNEL)
    features = np.maximum(convolved, 0) * given["gain"]
    return features, features.mean(axis=(2, 3))


@provider
@pytest.mark.parametrize("count", [1, 5])
def test_the_outputs_are_right_for_any_batch(network: Path, provider: Provider, count: int) -> None:
    given = feed(count)
    features, means = load_runtime(provider, network, FP32).run(given, BOTH)
    for found, right in zip((features, means), expected(given), strict=True):
        assert found.dtype == np.float32
        assert found == pytest.approx(right, abs=1e-5)


@provider
def test_outputs_come_in_the_requested_order(network: Path, provider: Provider) -> None:
    runtime, given = load_runtime(provider, network, FP32), feed(2)
    (alone,) = runtime.run(given, ["means"])
    means, features = runtime.run(given, BOTH[::-1])
    assert np.array_equal(alone, means)
    assert (means.shape, features.shape) == ((2, 4), (2, 4, 10, 14))


@provider
def test_outputs_are_not_overwritten_by_the_next_run(network: Path, provider: Provider) -> None:
    runtime = load_runtime(provider, network, FP32)
    first = runtime.run(feed(2), BOTH)
    copies = [values.copy() for values in first]
    runtime.run(feed(2, seed=3), BOTH)
    assert all(map(np.array_equal, first, copies))


@provider
def test_ports_have_the_names_types_and_sizes_of_the_file(
    network: Path, provider: Provider
) -> None:
    runtime = load_runtime(provider, network, FP32)
    assert runtime.inputs == (
        Port("images", np.dtype(np.float32), (None, 3, None, None)),
        Port("gain", np.dtype(np.float64), (1,)),
    )
    assert runtime.outputs == tuple(BOTH)


@provider
def test_a_runtime_says_what_it_runs_on(network: Path, provider: Provider) -> None:
    runtime = load_runtime(provider, network, FP32)
    assert (runtime.provider, runtime.precision, runtime.warning) == (provider, "fp32", None)


def from_content(provider: Provider, network: Path) -> Runtime:
    return load_runtime(provider, network.read_bytes(), FP32)


def for_few_runs(provider: Provider, network: Path) -> Runtime:
    return load_runtime(provider, network, FP32, few_runs=True)


def on_one_thread(provider: Provider, network: Path) -> Runtime:
    settings = Settings(execution_precision="fp32", execution_threads=1)
    return load_runtime(provider, network, settings)


@provider
@pytest.mark.parametrize("load", [from_content, for_few_runs, on_one_thread])
def test_the_way_of_loading_does_not_change_the_outputs(
    network: Path, provider: Provider, load: Callable[[Provider, Path], Runtime]
) -> None:
    given = feed(2)
    (means,) = load(provider, network).run(given, ["means"])
    assert means == pytest.approx(expected(given)[1], abs=1e-5)


def assert_one_line(error: ProviderError) -> None:
    assert 0 < len(str(error)) <= 200
    assert "\n" not in str(error)


@provider
@pytest.mark.parametrize("content", [b"half a network", b"\x08"], ids=["text", "cut"])
def test_a_damaged_file_is_an_error_of_one_line(
    tmp_path: Path, provider: Provider, content: bytes
) -> None:
    (tmp_path / "damaged.onnx").write_bytes(content)
    for source in (tmp_path / "damaged.onnx", content):
        with pytest.raises(ProviderError) as caught:
            load_runtime(provider, source, FP32)
        assert_one_line(caught.value)


@provider
def test_a_missing_file_is_an_error_of_one_line(tmp_path: Path, provider: Provider) -> None:
    with pytest.raises(ProviderError) as caught:
        load_runtime(provider, tmp_path / "missing.onnx", FP32)
    assert_one_line(caught.value)


@provider
def test_an_input_of_another_size_is_an_error_of_one_line(
    network: Path, provider: Provider
) -> None:
    runtime = load_runtime(provider, network, FP32)
    with pytest.raises(ProviderError) as caught:
        runtime.run(feed(1) | {"images": np.zeros((1, 2, 10, 14), np.float32)}, BOTH)
    assert_one_line(caught.value)
    assert len(runtime.run(feed(1), BOTH)) == 2
