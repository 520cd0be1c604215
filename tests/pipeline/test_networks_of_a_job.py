"""What a job says of its networks: which they are, what they run on, what memory they may take."""

import hashlib
import json
from pathlib import Path

import pytest
from PIL import Image

from roop.api import make_job
from roop.errors import ModelError
from roop.models.catalogue import load_catalogue
from roop.models.files.custom import register
from roop.models.files.folder import ModelFolder
from roop.options import Settings
from roop.pipeline.job import JobResult, run_job
from roop.pipeline.progress import Progress
from roop.pipeline.workers.pool import workers_for
from roop.processors import installed
from support.heads import hopper
from support.networks import upscaler


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that knows a stand-in of an upscaler as ``linear``, and a photo."""
    folder = tmp_path_factory.mktemp("models")
    Image.fromarray(hopper()).save(folder / "officer.png")
    upscaler(folder / "linear.onnx", load_catalogue()["realesr_general_x4v3"])
    known = ModelFolder(Settings(models=folder))
    register(known, folder / "linear.onnx", like="realesr_general_x4v3")
    return folder


def upscale(
    folder: Path, output: Path, settings: dict[str, object], **options: object
) -> tuple[JobResult, list[Progress]]:
    registry, seen = installed(), list[Progress]()
    photo = folder / "officer.png"
    upscaling: dict[str, object] = {"upscale": "2", "upscale_model": "linear", **options}
    job = make_job([photo], photo, output, upscaling, registry)
    machine = Settings.model_validate({"models": folder, "offline": True, **settings})
    return run_job(job, machine, registry, watch=seen.append), seen


def test_result_and_record_name_the_models_and_what_they_ran_on(
    folder: Path, tmp_path: Path
) -> None:
    record = tmp_path / "record.json"
    cpu = {"execution_provider": ["cpu"], "max_memory": 4}
    result, seen = upscale(folder, tmp_path / "o.png", cpu, record=record)
    assert result.models == ("blazeface", "face_mesh", "linear")
    assert result.providers == ("cpu",)
    assert result.warnings == ()
    assert "linear on cpu" in [progress.note for progress in seen]
    content = json.loads(record.read_text("utf-8"))
    digest = hashlib.sha256((folder / "linear.onnx").read_bytes()).hexdigest()
    assert content["models"]["linear"] == digest
    assert content["result"]["providers"] == ["cpu"]


def test_another_provider_than_the_wanted_one_is_said_at_the_start_and_in_the_result(
    folder: Path, tmp_path: Path
) -> None:
    result, seen = upscale(folder, tmp_path / "o.png", {"execution_provider": ["rocm"]})
    (warning,) = result.warnings
    assert "linear runs on cpu" in warning
    assert "rocm" in warning
    early = [progress.note for progress in seen if progress.frames == 0]
    assert f"warning: {warning}" in early


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"execution_provider": ["rocm"], "strict_provider": True}, "rocm"),
        ({"execution_provider": ["cpu"], "max_memory": 0.001}, "memory is too small"),
        ({"licence": "permissive"}, "commercially"),
    ],
)
def test_what_a_machine_does_not_allow_leaves_no_output(
    folder: Path, tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(ModelError, match=said):
        upscale(folder, tmp_path / "o.png", settings)
    assert list(tmp_path.iterdir()) == []


def test_fewer_workers_share_less_memory() -> None:
    """A worker takes half a gigabyte and 60 frames of 3 MB."""
    assert workers_for((1920, 1080), 100, Settings(max_memory=0.9)) == 1
    free = workers_for((1920, 1080), 100, Settings())
    assert workers_for((1920, 1080), 100, Settings(max_memory=10_000)) == free
    assert workers_for((1920, 1080), 100, Settings(max_memory=1.5)) == min(free, 2)
