import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from roop.errors import ModelError
from roop.models.catalogue import Catalogue, Model, load_catalogue
from roop.models.files.bundle import export_bundle, import_bundle
from roop.models.files.folder import ModelFolder
from roop.options import Settings

CONTENTS = {"first": b"weights" * 1000, "second": b"more" * 500}


def model(name: str) -> Model:
    return Model(
        name=name,
        task="test",
        licence="permissive",
        sha256=hashlib.sha256(CONTENTS[name]).hexdigest(),
        size=len(CONTENTS[name]) if name == "first" else None,
        url=f"https://example.org/{name}.onnx",
    )


def folder(path: Path) -> ModelFolder:
    return ModelFolder(Settings(models=path), Catalogue({name: model(name) for name in CONTENTS}))


@pytest.fixture
def full(tmp_path: Path) -> ModelFolder:
    (tmp_path / "full").mkdir()
    for name, content in CONTENTS.items():
        (tmp_path / "full" / f"{name}.onnx").write_bytes(content)
    return folder(tmp_path / "full")


@pytest.fixture
def empty(tmp_path: Path) -> ModelFolder:
    return folder(tmp_path / "empty")


def test_a_bundle_carries_models_to_another_folder(
    tmp_path: Path, full: ModelFolder, empty: ModelFolder
) -> None:
    models = list(full.catalogue)
    assert list(export_bundle(full, models, tmp_path / "b.tar")) == models
    assert list(import_bundle(empty, tmp_path / "b.tar")) == models
    found = {path.name: path.read_bytes() for path in empty.path.iterdir()}
    assert found == {f"{name}.onnx": content for name, content in CONTENTS.items()}


def test_sha256sum_can_verify_a_bundle(tmp_path: Path, full: ModelFolder) -> None:
    list(export_bundle(full, list(full.catalogue), tmp_path / "b.tar"))
    with tarfile.open(tmp_path / "b.tar") as tar:
        tar.extractall(tmp_path / "out", filter="data")
    check = ["sha256sum", "-c", "SHA256SUMS"]
    run = subprocess.run(check, cwd=tmp_path / "out" / "roop-models", capture_output=True)
    assert run.stdout == b"first.onnx: OK\nsecond.onnx: OK\n"


def test_a_packaged_model_is_left_out(tmp_path: Path, full: ModelFolder) -> None:
    packaged = load_catalogue()["face_mesh"]
    first = full.catalogue["first"]
    assert list(export_bundle(full, [packaged, first], tmp_path / "b.tar")) == [first]
    with pytest.raises(ModelError, match="no model to put"):
        list(export_bundle(full, [packaged], tmp_path / "c.tar"))


def test_a_damaged_model_is_not_exported(tmp_path: Path, full: ModelFolder) -> None:
    (full.path / "second.onnx").write_bytes(b"other")
    with pytest.raises(ModelError, match="second is damaged"):
        list(export_bundle(full, list(full.catalogue), tmp_path / "b.tar"))
    assert not list(tmp_path.glob("b.tar*"))


def test_a_bundle_is_not_overwritten(tmp_path: Path, full: ModelFolder) -> None:
    (tmp_path / "b.tar").write_bytes(b"precious")
    with pytest.raises(ModelError, match="exists"):
        list(export_bundle(full, list(full.catalogue), tmp_path / "b.tar"))
    assert (tmp_path / "b.tar").read_bytes() == b"precious"


def entry(name: str, content: bytes = b"") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    return info, content


def link(name: str, target: str, kind: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


HOSTILE: dict[str, Callable[[], tuple[tarfile.TarInfo, bytes]]] = {
    "another file": lambda: entry("roop-models/evil.py", b"x"),
    "own rows": lambda: entry("roop-models/own.json", b"{}"),
    "changed bytes": lambda: entry("first.onnx", b"y" * len(CONTENTS["first"])),
    "another size": lambda: entry("first.onnx", b"y"),
    "changed bytes of unknown size": lambda: entry("second.onnx", b"y"),
    "symbolic link": lambda: link("first.onnx", "/etc/passwd", tarfile.SYMTYPE),
    "hard link": lambda: link("first.onnx", "second.onnx", tarfile.LNKTYPE),
    "device": lambda: link("first.onnx", "", tarfile.CHRTYPE),
    "pipe": lambda: link("first.onnx", "", tarfile.FIFOTYPE),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_bundle_is_refused_and_leaves_nothing(
    tmp_path: Path, empty: ModelFolder, kind: str
) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        info, content = HOSTILE[kind]()
        tar.addfile(info, io.BytesIO(content))
    with pytest.raises(ModelError) as caught:
        list(import_bundle(empty, tmp_path / "b.tar"))
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert list(empty.path.iterdir()) == []


@pytest.mark.parametrize("name", ["../../first.onnx", "/first.onnx", "a/b/c/first.onnx"])
def test_paths_inside_a_bundle_are_ignored(tmp_path: Path, empty: ModelFolder, name: str) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        info, content = entry(name, CONTENTS["first"])
        tar.addfile(info, io.BytesIO(content))
    list(import_bundle(empty, tmp_path / "b.tar"))
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(path.name for path in written) == ["b.tar", "first.onnx"]
    assert (empty.path / "first.onnx").exists()


@pytest.mark.parametrize("content", [b"", b"no tar at all" * 99], ids=["empty", "text"])
def test_a_file_that_is_not_a_bundle_is_rejected(
    tmp_path: Path, empty: ModelFolder, content: bytes
) -> None:
    (tmp_path / "b.tar").write_bytes(content)
    with pytest.raises(ModelError, match="not a bundle"):
        list(import_bundle(empty, tmp_path / "b.tar"))


def test_the_complete_models_of_a_truncated_bundle_are_kept(
    tmp_path: Path, full: ModelFolder, empty: ModelFolder
) -> None:
    list(export_bundle(full, list(full.catalogue), tmp_path / "b.tar"))
    os.truncate(tmp_path / "b.tar", 512 * 3 + 7168 + 512 + 1000)
    with pytest.raises(ModelError):
        list(import_bundle(empty, tmp_path / "b.tar"))
    assert [path.name for path in empty.path.iterdir()] == ["first.onnx"]


def test_a_missing_bundle_is_named(tmp_path: Path, empty: ModelFolder) -> None:
    with pytest.raises(ModelError, match=r"none\.tar"):
        list(import_bundle(empty, tmp_path / "none.tar"))


def test_a_bundle_larger_than_the_disk_is_refused(tmp_path: Path, empty: ModelFolder) -> None:
    huge = replace(model("second"), name="first", size=None, url="https://example.org/first.onnx")
    small = ModelFolder(Settings(models=empty.path), Catalogue({"first": huge}))
    info, _ = entry("first.onnx")
    info.size = 10**16
    (tmp_path / "b.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(ModelError, match="no room"):
        list(import_bundle(small, tmp_path / "b.tar"))
