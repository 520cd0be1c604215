"""Sharing into a folder of this machine."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from roop.errors import ShareError
from roop.options import ShareOptions
from roop.share import delete_shared, list_shared, share


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "for everybody"
    path.mkdir()
    return path


def test_the_address_is_the_file_s(output: Path, folder: Path) -> None:
    shared = share(output, folder.as_uri())
    assert shared.expires_at is None
    path = Path(url2pathname(urlsplit(shared.address).path))
    assert path.parent == folder
    assert path.read_bytes() == output.read_bytes()
    assert [entry.name for entry in list_shared(folder.as_uri())] == [shared.name]
    delete_shared(shared.name)
    assert list(folder.iterdir()) == []
    assert list_shared() == []


def test_a_large_file(large_output: Path, folder: Path) -> None:
    shared = share(large_output, folder.as_uri())
    (path,) = folder.iterdir()
    assert path.name == shared.name
    assert path.read_bytes() == large_output.read_bytes()


def test_a_web_server_may_serve_it(output: Path, folder: Path) -> None:
    options = ShareOptions(public_address="https://example.org/films/{name}")
    shared = share(output, folder.as_uri(), options)
    assert shared.address == f"https://example.org/films/{shared.name}"


def test_a_folder_that_is_not_there(output: Path, tmp_path: Path) -> None:
    with pytest.raises(ShareError, match=r"nothing-here does not exist"):
        share(output, (tmp_path / "nothing-here").as_uri())


def test_within_an_event_loop(tmp_path: Path, output: Path) -> None:
    """As in a notebook, or in a handler of an asynchronous program."""

    async def share_it() -> Path:
        return Path(share(output, f"file://{tmp_path}").address.removeprefix("file://"))

    assert asyncio.run(share_it()).read_bytes() == output.read_bytes()
