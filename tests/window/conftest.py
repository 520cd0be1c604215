"""A session of a window without the window, in folders of its own."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from roop.options import Settings, ShareOptions
from roop.processors import installed
from roop.window.session import Session, WindowSetup, opened
from support.films import Film, elder_at, woman_at
from window.desktop import screen

Until = Callable[[Callable[[], object]], None]


@pytest.fixture(scope="session")
def own_display() -> Iterator[str]:
    """Start a screen for windows of this process, which Tk ends once a screen of its is gone."""
    if shutil.which("Xvfb") is None:
        pytest.skip("the window's tests need Xvfb")
    with screen(2560, 1440) as desktop:
        yield desktop.display


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a home for the user: data, configuration, pictures and videos."""
    folder = tmp_path / "home"
    for name, place in (
        ("XDG_DATA_HOME", "data"),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_PICTURES_DIR", "Pictures"),
        ("XDG_VIDEOS_DIR", "Videos"),
    ):
        monkeypatch.setenv(name, str(folder / place))
        (folder / place).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def session(home: Path) -> Iterator[Session]:
    with opened(WindowSetup(Settings(), installed(), ShareOptions(), {})) as session:
        yield session


@pytest.fixture
def until(session: Session) -> Until:
    """Do what the window's thread does until something is true."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 100
        while not condition():
            assert time.monotonic() < deadline
            session.tasks.mailbox.run_due()
            time.sleep(0.01)

    return wait


@pytest.fixture(scope="session")
def duo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of film with two people: a woman on the left, an elder on the right."""
    frames = [elder_at(240, canvas=woman_at(80 + number)) for number in range(12)]
    return Film().write(tmp_path_factory.mktemp("duo") / "duo.mp4", frames)


@pytest.fixture
def long(tmp_path: Path) -> Path:
    """A film that takes longer to swap than a person, or a busy machine, to stop it."""
    frames = [elder_at(160 + number) for number in range(12)]
    return Film().write(tmp_path / "long.mp4", frames * 150)
