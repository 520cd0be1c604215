from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from support.misbehaving import Server


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    """Path of a download, in a folder that does not exist yet."""
    return tmp_path / "models" / "sample.bin"
