from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from roop.errors import CancelledError, ModelError
from roop.models.catalogue import Catalogue, load_catalogue
from roop.models.files.custom import register
from roop.models.files.folder import ModelFolder
from roop.models.files.maintenance import (
    find_models,
    list_models,
    pull,
    remove,
    verify,
    with_dependencies,
)
from roop.models.loader import Models
from roop.options import Settings
from support.misbehaving import Server
from support.stand_ins import write_contract


@pytest.fixture
def folder(tmp_path: Path, server: Server) -> ModelFolder:
    catalogue = Catalogue({"sample": server.model("good")})
    return ModelFolder(Settings(models=tmp_path / "models"), catalogue)


def test_pull_verify_remove(folder: ModelFolder, server: Server) -> None:
    (before,) = list_models(folder)
    assert (before.state, before.licence, before.size) == ("missing", "permissive", 300_000)
    model = folder.catalogue["sample"]
    assert pull(folder, model).state == "present"
    assert verify(folder, model).state == "present"
    path = folder.path / model.filename
    path.write_bytes(path.read_bytes()[::-1])
    assert verify(folder, model).state == "damaged: its sha256 differs"
    assert remove(folder, model).state == "missing"
    assert list(folder.path.iterdir()) == []


def test_remove_deletes_an_incomplete_download_too(folder: ModelFolder) -> None:
    folder.path.mkdir()
    (folder.path / "sample.bin.part").write_bytes(b"half")
    remove(folder, folder.catalogue["sample"])
    assert list(folder.path.iterdir()) == []


def test_a_packaged_model_is_not_removed(tmp_path: Path) -> None:
    folder = ModelFolder(Settings(models=tmp_path))
    with pytest.raises(ModelError, match="nudenet==") as caught:
        remove(folder, folder.catalogue["nudenet_320n"])
    assert "only downloaded models" in caught.value.hint


def test_a_swap_model_comes_with_its_recogniser(tmp_path: Path) -> None:
    folder = ModelFolder(Settings(models=tmp_path))
    models = with_dependencies(folder, find_models(folder, ["ghost", "ghost_1_256"]))
    assert [model.name for model in models] == ["ghost_1_256", "ghost_arcface"]


def test_for_an_unknown_task_the_hint_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cook") as caught:
        list_models(ModelFolder(Settings(models=tmp_path)), "cook")
    assert "swap" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [("inswapper_128", "mesh, ghost"), ("gfpgan_1_4", "restoreformer"), ("xseg", "without")],
)
def test_a_restricted_licence_is_rejected_before_the_download(
    tmp_path: Path, name: str, hint: str
) -> None:
    strict = ModelFolder(Settings(models=tmp_path, licence="permissive", offline=True))
    with pytest.raises(ModelError, match="commercially") as caught:
        strict.require(name)
    assert hint in caught.value.hint


def test_a_permissive_licence_is_accepted(folder: ModelFolder) -> None:
    settings = Settings(models=folder.path, licence="permissive")
    assert ModelFolder(settings, folder.catalogue).require("sample").exists()


@pytest.fixture
def custom(tmp_path: Path) -> Path:
    """The user's own network, with inswapper's inputs and outputs."""
    path = tmp_path / "elsewhere" / "mine.onnx"
    path.parent.mkdir()
    write_contract(path, load_catalogue()["inswapper_128"])
    return path


def test_a_custom_model_is_used_in_place(tmp_path: Path, custom: Path) -> None:
    settings = Settings(models=tmp_path / "models", execution_provider=("cpu",))
    model = register(ModelFolder(settings), custom, like="inswapper_128")
    assert (model.name, model.licence, model.family) == ("mine", "unclear", "inswapper")
    models = Models(settings)
    answers = models.session("mine").run(
        {"pixels": np.zeros((2, 3, 128, 128)), "embedding": np.ones((2, 512))}
    )
    assert answers["pixels"].max() == 512
    (used,) = models.used
    assert (used.name, used.sha256, used.provider) == ("mine", model.sha256, "cpu")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["own.json"]


def test_removing_a_custom_model_keeps_its_file(tmp_path: Path, custom: Path) -> None:
    settings = Settings(models=tmp_path / "models")
    register(ModelFolder(settings), custom, like="inswapper_128", name="other")
    folder = ModelFolder(settings)
    assert remove(folder, folder.catalogue["other"]).state == "forgotten"
    assert custom.exists()
    with pytest.raises(ModelError, match="unknown model"):
        ModelFolder(settings).catalogue["other"]


def test_a_custom_model_without_its_file_is_named(tmp_path: Path, custom: Path) -> None:
    settings = Settings(models=tmp_path / "models")
    register(ModelFolder(settings), custom, like="inswapper_128")
    custom.unlink()
    with pytest.raises(ModelError, match="mine is missing") as caught:
        ModelFolder(settings).require("mine")
    assert "roop models remove mine" in caught.value.hint


def test_a_file_of_the_catalogue_is_recognised(tmp_path: Path, server: Server) -> None:
    path = tmp_path / "renamed.bin"
    path.write_bytes(server.content)
    catalogue = Catalogue({"sample": server.model("missing")})
    folder = ModelFolder(Settings(models=tmp_path / "models"), catalogue)
    model = register(folder, path)
    assert (model.name, model.path, model.licence) == ("sample", path, "permissive")


def test_an_unknown_file_needs_a_similar_model(tmp_path: Path, custom: Path) -> None:
    with pytest.raises(ModelError, match="not a model of the catalogue") as caught:
        register(ModelFolder(Settings(models=tmp_path)), custom)
    assert "--like" in caught.value.hint


def test_the_screens_network_cannot_be_replaced(tmp_path: Path, custom: Path) -> None:
    folder = ModelFolder(Settings(models=tmp_path))
    with pytest.raises(ModelError, match="is taken"):
        register(folder, custom, like="nudenet_320n", name="nudenet_320n")
    register(folder, custom, like="nudenet_320n", name="other")
    rows = tmp_path / "own.json"
    rows.write_text(rows.read_text().replace('"other"', '"nudenet_320n"'))
    with pytest.raises(ModelError, match="not the file of that name"):
        ModelFolder(Settings(models=tmp_path))


@pytest.mark.parametrize("text", ["", "[]", '{"x": 3}', '{"x": {"task": "swap"}}', "\x00"])
def test_a_damaged_list_of_custom_models_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.json").write_text(text)
    with pytest.raises(ModelError, match=r"own\.json"):
        ModelFolder(Settings(models=tmp_path))


def test_a_model_has_exactly_one_source(server: Server) -> None:
    with pytest.raises(ValueError, match="either"):
        replace(server.model("good"), path=Path("a.onnx"))


def test_the_first_use_downloads_with_progress_and_can_be_stopped(
    tmp_path: Path, server: Server
) -> None:
    row = load_catalogue()["inswapper_128"]
    write_contract(tmp_path / "made.onnx", row)
    server.content = (tmp_path / "made.onnx").read_bytes()
    served = server.model("good")
    model = replace(row, url=served.url, mirrors=(), sha256=served.sha256, size=served.size)
    settings = Settings(models=tmp_path / "models", execution_provider=("cpu",))
    catalogue = Catalogue({row.name: model})

    def stop(name: str, done: int, total: int | None) -> None:
        raise CancelledError("cancelled")

    with pytest.raises(CancelledError):
        Models(settings, catalogue=catalogue, on_download=stop).session(row.name)
    assert not (tmp_path / "models" / "inswapper_128.bin").exists()
    reports: list[tuple[str, int, int | None]] = []
    models = Models(
        settings, catalogue=catalogue, on_download=lambda *report: reports.append(report)
    )
    assert models.session(row.name).provider == "cpu"
    assert reports[-1] == (row.name, served.size, served.size)
