from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from roop.models.batching import try_batching, with_dynamic_batch
from roop.models.catalogue import Model, load_catalogue
from roop.models.opening import open_session
from roop.models.session import Session
from roop.options import Settings
from support.stand_ins import write_contract

CPU = Settings(execution_provider=("cpu",), execution_threads=1)


def opened(path: Path, model: Model) -> Session:
    return open_session(path, model, CPU, pytest.fail)


@pytest.mark.parametrize("name", ["inswapper_128", "hyperswap_1a_256", "w600k_r50"])
def test_a_network_with_a_fixed_batch_runs_whole_batches(tmp_path: Path, name: str) -> None:
    path, model = tmp_path / "a.onnx", load_catalogue()[name]
    write_contract(path, model, batch=1)
    single = opened(path, model)
    many = try_batching(single, path, CPU)
    assert (single.fixed_batch, many.fixed_batch) == (True, False)
    random = np.random.default_rng(3)
    items = {tensor.role: random.random((5, *tensor.shape), np.float32) for tensor in model.inputs}
    for role, values in single.run(items).items():
        assert np.array_equal(many.run(items)[role], values)


def test_only_the_batch_dimension_changes(tmp_path: Path) -> None:
    path, model = tmp_path / "a.onnx", load_catalogue()["inswapper_128"]
    write_contract(path, model, batch=1)
    before, after = onnx.load(path), onnx.load_from_string(with_dynamic_batch(path))
    for given in after.graph.input:
        assert given.type.tensor_type.shape.dim[0].dim_param == "items"
        given.type.tensor_type.shape.dim[0].dim_value = 1
    assert after == before


def write_batch_of_one_only(path: Path, *, fails: bool) -> None:
    """Write a recogniser that fails on a batch of two, or mixes its items."""
    mix = [
        helper.make_node("ReduceMean", ["x", "start"], ["mean"], keepdims=1),
        helper.make_node("Sub", ["x", "mean"], ["rest"]),
        helper.make_node("Flatten", ["rest"], ["flat"]),
    ]
    one = [helper.make_node("Reshape", ["x", "shape"], ["flat"])]
    cut = helper.make_node("Slice", ["flat", "start", "end", "axis"], ["y"])
    numbers = {"shape": [1, 3 * 112 * 112], "start": [0], "end": [512], "axis": [1]}
    constants = [numpy_helper.from_array(np.array(v, np.int64), k) for k, v in numbers.items()]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 112, 112])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([*(one if fails else mix), cut], "g", [x], [y], constants)
    opset = helper.make_opsetid("", 18)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), path)


@pytest.mark.parametrize("fails", [True, False], ids=["fails", "mixes"])
def test_a_network_that_needs_a_batch_of_one_is_left_alone(tmp_path: Path, fails: bool) -> None:
    path, model = tmp_path / "a.onnx", load_catalogue()["w600k_r50"]
    write_batch_of_one_only(path, fails=fails)
    single = opened(path, model)
    assert try_batching(single, path, CPU) is single


def test_a_network_with_an_input_for_all_items_is_left_alone(tmp_path: Path) -> None:
    path, model = tmp_path / "a.onnx", load_catalogue()["codeformer"]
    write_contract(path, model, batch=1)
    single = opened(path, model)
    assert try_batching(single, path, CPU) is single
