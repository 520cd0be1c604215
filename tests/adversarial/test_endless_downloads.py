"""Downloads of files whose size is unknown have an end."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from roop.errors import ModelError
from roop.models.catalogue import Model, load_catalogue
from roop.models.files.download import RetryPolicy, download
from support.misbehaving import Server

RESERVE = 64 << 20
RETRY = RetryPolicy(attempts=2, pause_s=0.01)


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def flood(monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.model("flood", size=False)
        server.closing.set()
        server.shutdown()
        thread.join()


def test_a_download_ends_at_its_limit(flood: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="more than 5000000 bytes"):
        download(replace(flood, max_size=5_000_000), tmp_path / "x.bin", retry=RETRY)
    assert list(tmp_path.iterdir()) == []


def test_a_download_leaves_the_disks_reserve(
    flood: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk has room for 10 MB beside the reserve."""

    def disk_usage(folder: Path) -> Usage:
        used = sum(path.stat().st_size for path in tmp_path.iterdir())
        return Usage(1 << 30, used, RESERVE + 10_000_000 - used)

    monkeypatch.setattr(shutil, "disk_usage", disk_usage)
    with pytest.raises(ModelError, match="no room for the model"):
        download(flood, tmp_path / "x.bin", retry=RETRY)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 13_000_000


def test_every_download_of_the_catalogue_has_a_size_or_a_limit() -> None:
    for model in load_catalogue():
        assert model.most_bytes <= 2_000_000_000, model.name
