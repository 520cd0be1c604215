from dataclasses import replace
from pathlib import Path

import pytest

from roop.errors import ModelError
from roop.models.catalogue import Catalogue, load_catalogue
from roop.models.files.folder import ModelFolder
from roop.options import Settings
from support.misbehaving import Server


@pytest.fixture
def folder(tmp_path: Path, server: Server) -> ModelFolder:
    catalogue = Catalogue({"sample": server.model("good")})
    return ModelFolder(Settings(models=tmp_path / "models"), catalogue)


def test_a_missing_model_is_downloaded_once(folder: ModelFolder, server: Server) -> None:
    path = folder.require("sample")
    assert path.read_bytes() == server.content
    assert folder.require("sample") == path
    assert len(server.requests) == 1


@pytest.mark.parametrize("length", [0, 1000, 300_000], ids=["empty", "cut", "changed"])
def test_a_damaged_model_is_downloaded_again(
    folder: ModelFolder, server: Server, length: int
) -> None:
    model = folder.catalogue["sample"]
    folder.path.mkdir()
    (folder.path / model.filename).write_bytes(bytes(length))
    problem = folder.problem(model)
    assert problem is not None
    assert problem.startswith("damaged")
    assert folder.require("sample").read_bytes() == server.content


def test_offline_the_hint_says_where_to_get_the_file_and_where_to_put_it(
    tmp_path: Path, server: Server
) -> None:
    catalogue = Catalogue({"sample": server.model("good")})
    folder = ModelFolder(Settings(models=tmp_path, offline=True), catalogue)
    with pytest.raises(ModelError, match="sample is missing") as caught:
        folder.require("sample")
    assert server.url("good") in caught.value.hint
    assert str(tmp_path / "sample.bin") in caught.value.hint
    assert server.requests == []


def test_offline_uses_present_models(folder: ModelFolder, server: Server) -> None:
    path = folder.require("sample")
    offline = ModelFolder(Settings(models=folder.path, offline=True), folder.catalogue)
    assert offline.require("sample") == path


@pytest.mark.parametrize(
    ("package", "file"), [("no_such_package==1.0", "a.bin"), ("numpy==2.0", "no/such/file.bin")]
)
def test_a_model_without_its_package_names_the_package(
    tmp_path: Path, package: str, file: str
) -> None:
    model = replace(load_catalogue()["face_mesh"], package=package, file=file)
    folder = ModelFolder(Settings(models=tmp_path), Catalogue({"face_mesh": model}))
    with pytest.raises(ModelError, match="face_mesh is missing") as caught:
        folder.require("face_mesh")
    assert package in caught.value.hint


def test_a_changed_file_in_a_package_is_rejected(tmp_path: Path) -> None:
    model = replace(load_catalogue()["face_mesh"], sha256="0" * 64)
    folder = ModelFolder(Settings(models=tmp_path), Catalogue({"face_mesh": model}))
    with pytest.raises(ModelError, match="sha256 differs") as caught:
        folder.require("face_mesh")
    assert "reinstall roop" in caught.value.hint
