"""An output is shared from the window, with a QR code, and taken back."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from roop.options import Settings, ShareOptions
from roop.processors import installed
from roop.window.jobs.sharing import SharedOutput
from roop.window.session import Session, WindowSetup, opened

Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    return tmp_path / "store"


@pytest.fixture
def session(home: Path, store: Path) -> Iterator[Session]:
    sharing = ShareOptions(to=f"file://{store}")
    with opened(WindowSetup(Settings(), installed(), sharing, {})) as session:
        yield session


@pytest.mark.slow
def test_an_output_is_shared_and_deleted(
    session: Session, until: Until, portraits: dict[str, Path], store: Path
) -> None:
    session.source.add([portraits["astronaut"]])
    session.target.choose([portraits["hopper"]])
    until(lambda: session.starter.ready.value)
    session.starter.start()
    rows = session.jobs.rows
    until(lambda: rows.value and rows.value[0].state == "succeeded")
    assert "share" in rows.value[0].actions
    session.jobs.act(rows.value[0], "share")
    until(lambda: isinstance(session.sharing.state.value, SharedOutput))
    shared = session.sharing.state.value
    assert isinstance(shared, SharedOutput)
    (file,) = store.iterdir()
    assert shared.address == file.as_uri()
    assert shared.qr.startswith(b"\x89PNG")
    session.sharing.delete(shared)
    until(lambda: not list(store.iterdir()))
    assert session.sharing.problem.value is None
