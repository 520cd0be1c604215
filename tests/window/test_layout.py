"""What is shown lies inside the window, whatever its size."""

import time
import tkinter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # it loads tkinter
    from roop.window.main_window import MainWindow

from roop.terms import remember_terms
from roop.window.preferences import Preferences
from roop.window.session import Session

pytestmark = pytest.mark.slow

CAMERA = 1


@pytest.fixture(params=[(860, 500), (1240, 680), (2400, 1300)])
def window(
    session: Session,
    own_display: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator["MainWindow"]:
    pytest.importorskip("tkinter", reason="the window's tests need tkinter")
    from roop.window.main_window import MainWindow

    monkeypatch.setenv("DISPLAY", own_display)
    remember_terms()
    width, height = request.param
    window = MainWindow(session, Preferences(width=width, height=height, scale=1), None)
    yield window
    window.root.destroy()


def settle(window: "MainWindow", until: Callable[[], object]) -> None:
    """Do what the window does until something is true and everything has its place."""
    deadline, quiet = time.monotonic() + 100, 0
    while quiet < 10:
        assert time.monotonic() < deadline
        window.session.tasks.mailbox.run_due()
        window.root.update()
        time.sleep(0.01)
        quiet = quiet + 1 if until() else 0


def cut_off(widget: tkinter.Misc) -> list[str]:
    """Return the widgets that reach beyond their parents' right edges."""
    found = []
    for child in widget.winfo_children():
        if child.winfo_ismapped():
            right = child.winfo_x() + child.winfo_width()
            if right > widget.winfo_width():
                found.append(f"{child}: {right} of {widget.winfo_width()}")
            found += cut_off(child)
    return found


def test_the_camera_card_fits(window: "MainWindow") -> None:
    window._show_mode(CAMERA)
    card = window._live
    assert card is not None

    def offered() -> bool:
        window.session.live.virtual_cameras.value = ("/dev/video8",)
        return window.root.winfo_width() >= 860 and card._others.winfo_ismapped()

    settle(window, offered)
    assert not cut_off(card.frame)


def test_the_preview_card_fits(window: "MainWindow", portraits: dict[str, Path]) -> None:
    window.session.source.add([portraits["astronaut"]])
    window.session.target.choose([portraits["hopper"]])
    shown = window.session.preview.shown
    settle(window, lambda: shown.value is not None and shown.value.after is not None)
    assert not cut_off(window._stage_card)


def test_the_line_runs_through_a_replaced_face_until_it_is_moved(
    window: "MainWindow", portraits: dict[str, Path], duo: Path
) -> None:
    session, wipe = window.session, window.preview.wipe
    session.source.add([portraits["astronaut"]])
    session.target.choose([duo])
    settle(window, lambda: session.preview.face_at(wipe.share, 0.45) is not None)
    assert wipe.share != 0.5
    wipe._move_to(0.9)
    session.preview.scrub(0.5)
    settle(window, lambda: not session.preview.busy.value)
    assert wipe.share == 0.9
