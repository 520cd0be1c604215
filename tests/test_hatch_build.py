"""What the build takes out of other wheels, and what a wheel of roop then holds."""

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

import roop

sys.path.append(str(Path(__file__).parents[1]))

from hatch_build import CARRIED, Carried, CarryError, bring, without_local_links

from roop.models.catalogue import load_catalogue

ROOT = Path(__file__).parents[1]
CONTENT = b"a network"
SAMPLE = Carried(
    package="sample",
    version="1.2",
    member="sample/files/network.bin",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    destination="models/embedded/network.bin",
)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place where pip finds wheels: a folder, with that of the sample in it."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    with zipfile.ZipFile(folder / "sample-1.2-cp312-cp312-manylinux_2_28_x86_64.whl", "w") as file:
        file.writestr(SAMPLE.member, CONTENT)
        file.writestr("sample-1.2.dist-info/METADATA", "Name: sample\nVersion: 1.2\n")
        file.writestr("sample-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    return folder


def test_a_file_is_taken_out_of_a_wheel_for_another_python(index: Path, tmp_path: Path) -> None:
    bring([SAMPLE], tmp_path / "roop")
    assert [path for path in (tmp_path / "roop").rglob("*") if path.is_file()] == [
        path := tmp_path / "roop" / SAMPLE.destination
    ]
    assert path.read_bytes() == CONTENT


def test_what_lies_there_is_not_downloaded_again(index: Path, tmp_path: Path) -> None:
    bring([SAMPLE], tmp_path)
    shutil.rmtree(index)
    bring([SAMPLE], tmp_path)
    assert (tmp_path / SAMPLE.destination).read_bytes() == CONTENT


def test_a_damaged_file_is_replaced(index: Path, tmp_path: Path) -> None:
    path = tmp_path / SAMPLE.destination
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    bring([SAMPLE], tmp_path)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (SAMPLE._replace(version="1.3"), "sample==1.3.*PIP_INDEX_URL"),
        (SAMPLE._replace(member="sample/none.bin"), "no readable sample/none.bin"),
        (SAMPLE._replace(sha256="0" * 64), "another file than is expected"),
        (SAMPLE._replace(destination="index/sample/x.bin"), "cannot write"),
    ],
    ids=["no such wheel", "no such file in it", "another digest", "no place for it"],
)
def test_what_cannot_be_had_is_said_in_one_line(
    index: Path, tmp_path: Path, file: Carried, said: str
) -> None:
    (index / "sample").write_text("a file where a folder is wanted")
    with pytest.raises(CarryError, match=said) as caught:
        bring([file], tmp_path)
    assert "\n" not in str(caught.value)


def test_this_installation_holds_all_of_it() -> None:
    package = Path(roop.__file__).parent
    assert [file.destination for file in CARRIED if not file.lies_in(package)] == []


def test_the_catalogue_expects_the_files_that_are_carried() -> None:
    carried = {file.destination: file.sha256 for file in CARRIED}
    ours = [model for model in load_catalogue() if model.package == "roop"]
    assert {model.name for model in ours} == {"blazeface", "face_mesh", "face_mesh_attention"}
    assert all(carried[str(model.file)] == model.sha256 for model in ours)


def test_a_wheel_holds_the_package_alone_with_its_licences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # all of it lies beside the sources
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        info = f"roop-{roop.__version__}.dist-info"
        assert {name.split("/")[0] for name in names} == {"roop", info}
        assert {f"roop/{file.destination}" for file in CARRIED} <= names
        assert b"Apache License" in archive.read("roop/models/embedded/LICENSE")
        assert b"mediapipe" in archive.read(f"{info}/licenses/NOTICE")
        metadata = HeaderParser().parsestr(archive.read(f"{info}/METADATA").decode())
    assert metadata["Version"] == roop.__version__
    assert not re.findall(r"\]\((?!https?://)", metadata.get_payload())


def test_words_of_links_stay_where_the_links_lead_nowhere() -> None:
    text = "![a picture](docs/demo.jpg)\n\nSee [the docs](docs/swap.md) or [Ray](https://ray.io).\n"
    assert without_local_links(text) == "See the docs or [Ray](https://ray.io).\n"


def test_links_of_the_readme_lead_to_files() -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]*)", (ROOT / "README.md").read_text("utf-8"))
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []
