"""The camera's card, without the window."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from roop.options import Settings, ShareOptions
from roop.processors import installed
from roop.window.session import Session, WindowSetup, opened
from support.films import elder_at
from support.ip_camera import ip_camera

Until = Callable[[Callable[[], object]], None]


@pytest.fixture
def session(home: Path) -> Iterator[Session]:
    with ip_camera([elder_at(150 + 4 * number) for number in range(20)]) as address:
        cameras = {"door": {"input": address}}
        setup = WindowSetup(Settings(), installed(), ShareOptions(), cameras)
        with opened(setup) as session:
            yield session


@pytest.mark.slow
def test_a_camera_is_swapped_recorded_and_gets_another_face(
    session: Session, until: Until, portraits: dict[str, Path], home: Path
) -> None:
    live = session.live
    live.find_cameras()
    until(lambda: live.cameras.value)
    live.choose("door")
    live.start()
    assert live.problem.value is not None  # there is no face yet
    session.source.add([portraits["astronaut"]])
    until(lambda: session.selection.sources())
    live.start()
    until(lambda: live.state.value == "live" and live.picture.value and live.figures.value)
    assert "fps" in live.figures.value
    live.record(True)
    until(lambda: live.note.value and live.note.value.text.startswith("recording"))
    live.record(False)
    until(lambda: live.note.value and live.note.value.text.startswith("recorded"))
    assert list((home / "Videos" / "Outputs").glob("roop-live-*.mp4"))
    session.source.add([portraits["hopper"]])
    until(lambda: live.note.value and live.note.value.text == "other faces are chosen")
    assert live.state.value == "live"
    live.stop()
    assert live.picture.value is None


@pytest.mark.slow
def test_a_camera_that_is_not_there(
    session: Session, until: Until, portraits: dict[str, Path]
) -> None:
    session.live.cameras.value = ()
    session.source.add([portraits["astronaut"]])
    until(lambda: session.selection.sources())
    session.live.start()
    assert session.live.problem.value is not None
    assert session.live.problem.value.text == "No camera found"
