"""Needs the extra openvino: ``uv run --group dev --extra openvino pytest -m openvino``."""

from pathlib import Path

import numpy as np
import pytest

from roop.errors import ModelError
from roop.models.catalogue import load_catalogue
from roop.models.opening import open_session
from roop.models.runtimes.probe import provider_fault
from roop.options import Precision, Settings
from support.stand_ins import write_contract

pytestmark = pytest.mark.openvino


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", ["inswapper_128", "codeformer", "xseg", "scrfd_10g"])
def test_openvino_agrees_with_onnx_runtime(tmp_path: Path, name: str, precision: Precision) -> None:
    model = load_catalogue()[name]
    write_contract(tmp_path / "a.onnx", model, batch=1)
    random = np.random.default_rng(3)
    batch = {
        tensor.role: random.random(
            [2, *[size or 8 for size in tensor.shape]] if tensor.batched else tensor.shape
        )
        for tensor in model.inputs
    }
    if name == "scrfd_10g":  # its outputs have no batch dimension
        batch = {role: values[:1] for role, values in batch.items()}
    answers = {}
    for provider in ("cpu", "openvino"):
        settings = Settings(execution_provider=(provider,), execution_precision=precision)
        session = open_session(tmp_path / "a.onnx", model, settings, lambda text: None)
        assert session.provider == provider
        answers[provider] = session.run(batch)
    for role, expected in answers["cpu"].items():
        assert answers["openvino"][role] == pytest.approx(expected, rel=0.02)


def test_openvino_is_preferred_to_the_cpu(tmp_path: Path) -> None:
    model = load_catalogue()["inswapper_128"]
    write_contract(tmp_path / "a.onnx", model)
    assert open_session(tmp_path / "a.onnx", model, Settings(), pytest.fail).provider == "openvino"


def test_the_probe_network_runs() -> None:
    assert provider_fault("openvino", Settings()) is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"half a network")
    with pytest.raises(ModelError, match=r"a\.onnx"):
        open_session(
            tmp_path / "a.onnx", load_catalogue()["inswapper_128"], Settings(), lambda text: None
        )
