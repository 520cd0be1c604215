"""The output appears whole under its name, or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from roop.errors import DiskFullError, MediaError, UsageError
from roop.media.files.disk import writing
from roop.media.files.output_file import OutputFile
from roop.media.target_file import TargetFile


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_name_comes_last(tmp_path: Path) -> None:
    with OutputFile(tmp_path / "film.mp4", force=False) as output:
        output.part.write_bytes(b"whole")
        assert output.part.parent == tmp_path
        assert output.part.suffix == ".mp4"
        assert output.part.name.startswith(".")
        assert not (tmp_path / "film.mp4").exists()
    assert names(tmp_path) == ["film.mp4"]
    assert (tmp_path / "film.mp4").read_bytes() == b"whole"


def test_the_file_has_ordinary_rights(tmp_path: Path) -> None:
    with OutputFile(tmp_path / "film.mp4", force=False) as output:
        output.part.write_bytes(b"whole")
    plain = tmp_path / "plain"
    plain.touch()
    assert stat.S_IMODE((tmp_path / "film.mp4").stat().st_mode) == stat.S_IMODE(
        plain.stat().st_mode
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_removes_everything(tmp_path: Path, error: type[BaseException]) -> None:
    def write() -> None:
        with OutputFile(tmp_path / "film.mp4", force=False) as output:
            output.part.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        write()
    assert names(tmp_path) == []


def test_an_existing_file_stays_without_force(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(b"old")
    with pytest.raises(UsageError, match="exists"):
        OutputFile(film, force=False)
    with OutputFile(film, force=True) as output:
        output.part.write_bytes(b"new")
        assert film.read_bytes() == b"old"
    assert film.read_bytes() == b"new"
    assert names(tmp_path) == ["film.mp4"]


def test_a_file_that_appears_meanwhile_stays(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"

    def write() -> None:
        with OutputFile(film, force=False) as output:
            output.part.write_bytes(b"late")
            film.write_bytes(b"first")

    with pytest.raises(UsageError, match="exists"):
        write()
    assert film.read_bytes() == b"first"
    assert names(tmp_path) == ["film.mp4"]


def test_file_systems_without_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    film = tmp_path / "film.mp4"
    with OutputFile(film, force=False) as output:
        output.part.write_bytes(b"whole")
    assert film.read_bytes() == b"whole"
    assert names(tmp_path) == ["film.mp4"]
    other = OutputFile(tmp_path / "other.mp4", force=False)
    (tmp_path / "other.mp4").write_bytes(b"first")
    with pytest.raises(UsageError, match="exists"):
        other.commit()
    other.discard()
    assert (tmp_path / "other.mp4").read_bytes() == b"first"


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    real, link = tmp_path / "store" / "real.mp4", tmp_path / "link.mp4"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with OutputFile(link, force=True) as output:
        output.part.write_bytes(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_the_target_is_not_overwritten_by_another_name(tmp_path: Path) -> None:
    target, alias = tmp_path / "target.mp4", tmp_path / "alias.mp4"
    target.write_bytes(b"target")
    os.link(target, alias)
    with pytest.raises(UsageError, match="is the target itself"):
        OutputFile(alias, force=False, target=TargetFile.of(target))


def test_folders_and_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        OutputFile(tmp_path, force=True)
    with pytest.raises(UsageError, match="not a regular file"):
        OutputFile(Path(os.devnull), force=True)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"folder of .* does not exist"):
        OutputFile(tmp_path / "nowhere" / "film.mp4", force=False)


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, DiskFullError, r"no room for .*1\.0 MiB written, .* MiB free"),
        (errno.EACCES, MediaError, "no permission to write"),
        (errno.EROFS, MediaError, "no permission to write"),
        (errno.EIO, MediaError, "cannot be written: input/output error"),
    ],
)
def test_the_systems_errors_are_translated(
    tmp_path: Path, number: int, kind: type[MediaError], words: str
) -> None:
    part = tmp_path / "part"
    part.write_bytes(bytes(1 << 20))
    with pytest.raises(kind, match=words), writing(tmp_path / "film.mp4", part):
        raise OSError(number, os.strerror(number))
