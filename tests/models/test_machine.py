import os
from pathlib import Path

import onnx
import psutil
import pytest

from roop.models.machine import Machine, inspect
from roop.models.runtimes.probe import PROBE_NETWORK
from roop.options import Settings


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    folder = tmp_path_factory.mktemp("machine") / "not" / "made"
    return inspect(Settings(models=folder, offline=True))


def test_cores_and_memory_are_within_what_the_machine_has(machine: Machine) -> None:
    assert 1 <= machine.cores <= (os.cpu_count() or 1)
    assert 0 < machine.memory_free <= machine.memory <= psutil.virtual_memory().total


def test_the_embedded_networks_are_ready(machine: Machine) -> None:
    assert (machine.embedded.ready, machine.embedded.need) == (True, None)


def test_only_known_providers_are_listed(machine: Machine) -> None:
    (cpu,) = [check for check in machine.providers if check.name == "cpu"]
    assert cpu.ready
    assert "azure" not in [check.name for check in machine.providers]


def test_every_failed_check_says_what_it_needs(machine: Machine) -> None:
    checks = [*machine.libraries, *machine.providers, *machine.models, machine.embedded]
    assert all(check.need for check in checks if not check.ready)


def test_the_package_for_graphics_cards_replaces_the_plain_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "onnxruntime_gpu-1.31.1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Name: onnxruntime-gpu\nVersion: 1.31.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    checks = inspect(Settings(models=tmp_path, offline=True)).libraries
    assert [(c.name, c.state) for c in checks if c.name.startswith("onnxruntime")] == [
        ("onnxruntime-gpu", "1.31.1")
    ]


def test_an_inspection_creates_no_folder(machine: Machine) -> None:
    assert not machine.models_folder.exists()
    assert machine.disk_free > 0
    assert Path(machine.models_folder).is_absolute()


def test_the_probe_network_is_valid() -> None:
    onnx.checker.check_model(onnx.load_from_string(PROBE_NETWORK), full_check=True)


def test_only_required_and_present_models_are_listed(machine: Machine, tmp_path: Path) -> None:
    names = [check.name for check in machine.models]
    assert names == ["blazeface", "face_mesh", "face_mesh_attention", "nudenet_320n"]
    (tmp_path / "xseg.onnx").write_bytes(b"half")
    found = inspect(Settings(models=tmp_path, offline=True))
    (xseg,) = [check for check in found.models if check.name not in names]
    assert (xseg.name, xseg.ready) == ("xseg", False)
    assert found.models_more == machine.models_more - 1
