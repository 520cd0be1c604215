"""The contract of every catalogue row, tested on a network made from that row alone."""

from pathlib import Path

import numpy as np
import pytest

from roop.faces.detection.anchor_detector import DECODERS
from roop.models.catalogue import Model, load_catalogue
from roop.models.contract import TensorSpec
from roop.models.opening import open_session
from roop.options import Settings
from support.stand_ins import write_contract

CPU = Settings(execution_provider=("cpu",), execution_threads=1)
ROWS = [model for model in load_catalogue() if model.filename.endswith(".onnx")]


def given(tensor: TensorSpec, count: int) -> np.ndarray:
    """Return an input as an engine prepares it: encoded images, or ones."""
    shape = [size or 8 for size in tensor.shape]
    if not tensor.pixels:
        return np.ones([count, *shape] if tensor.batched else shape)
    height, width = shape[:2] if tensor.layout == "HWC" else shape[1:]
    return tensor.encode(np.full((count, height, width, 3), 200, np.uint8))


@pytest.mark.parametrize("batch", ["N", 1], ids=["any batch", "one at a time"])
@pytest.mark.parametrize("model", ROWS, ids=lambda model: model.name)
def test_a_network_with_the_rows_contract_runs(
    tmp_path: Path, model: Model, batch: int | str
) -> None:
    write_contract(tmp_path / "network.onnx", model, batch=batch)
    session = open_session(tmp_path / "network.onnx", model, CPU, pytest.fail)
    count = 2 if all(tensor.batched for tensor in model.outputs) else 1
    answers = session.run({tensor.role: given(tensor, count) for tensor in model.inputs})
    assert set(answers) == {tensor.role for tensor in model.outputs}
    for tensor in model.outputs:
        values = answers[tensor.role]
        shape = [size or 4 for size in tensor.shape]
        assert values.shape == ((count, *shape) if tensor.batched else tuple(shape))
        assert values.dtype == np.float32
        if tensor.pixels:
            assert tensor.decode(values).dtype == np.uint8


@pytest.mark.parametrize("model", list(load_catalogue()), ids=lambda model: model.name)
def test_a_row_is_complete(model: Model) -> None:
    assert model.task
    assert model.terms
    assert model.inputs
    assert model.outputs
    assert all(address.startswith("https://") for address in model.urls)
    assert model.package or len(set(model.urls)) == len(model.urls) > 0
    if model.task in ("swap", "enhance", "recognise", "occlusion"):
        assert model.alignment
    if model.task == "detect":
        assert model.family in ("blazeface", *DECODERS)
    if len(model.inputs) > 1:  # exports do not keep their order
        assert all(tensor.name for tensor in model.inputs)
