"""What the machine is said to have is what it has."""

import os
import shutil
from pathlib import Path

import psutil
import pytest

from roop.doctor import Finding, examine
from roop.options import Options, Settings
from roop.processors import installed
from roop.processors.base import Context, Processor, ProcessorSpec, Registry


def found(section: str, settings: Settings | None = None) -> dict[str, Finding]:
    report = examine(settings or Settings(), installed())
    return {finding.name: finding for finding in report.sections[section]}


def test_the_embedded_engine_is_ready() -> None:
    assert found("engines")["mesh"].state == "ready"


def test_a_software_encoder_is_ready_and_a_strange_one_says_what_it_needs() -> None:
    encoders = found("encoders")
    assert encoders["libx264"].state == "ready"
    missing = [finding for finding in encoders.values() if finding.state == "missing"]
    assert all(finding.remedy for finding in missing)


def test_an_engine_that_misses_something_says_what() -> None:
    def build(options: Options, context: Context) -> Processor:
        raise AssertionError("only looked at, not built")

    needy = ProcessorSpec(
        "needy", "Needs much", Options, build, engine=True, missing=lambda settings: "buy a card"
    )
    (finding,) = examine(Settings(), Registry([needy])).sections["engines"]
    assert (finding.state, finding.remedy) == ("missing", "buy a card")


def test_a_download_is_on_demand_unless_downloads_are_off(tmp_path: Path) -> None:
    def states(*, offline: bool) -> set[str]:
        settings = Settings(models=tmp_path, offline=offline)
        return {f.state for f in found("models", settings).values() if f.name.endswith("_onnx")}

    assert states(offline=False) == {"on demand"}
    assert states(offline=True) == {"missing"}


def test_the_figures_are_the_systems_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    report = examine(Settings(), Registry([]))
    assert 1 <= report.cores <= (os.cpu_count() or 1)
    assert report.memory_mb == psutil.virtual_memory().total // 1_000_000
    assert report.disk_free_mb == pytest.approx(shutil.disk_usage(tmp_path).free / 1e6, rel=0.1)
