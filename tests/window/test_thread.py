"""The window's own thread: nothing on it takes long or waits for files and processes."""

import sys
import threading
import time
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

MOST_S = 0.05
"""Of processor time in one turn: waiting for a busy machine does not count."""

WAITS = {"subprocess.Popen", "sqlite3.connect", "socket.connect"}


@pytest.fixture
def window(
    session: Session, own_display: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator["MainWindow"]:
    pytest.importorskip("tkinter", reason="the window's tests need tkinter")
    from roop.window.main_window import MainWindow

    monkeypatch.setenv("DISPLAY", own_display)
    remember_terms()
    window = MainWindow(session, Preferences(), None)
    window.root.update()
    yield window
    window.root.destroy()


def turns(window: "MainWindow", until: Callable[[], object]) -> list[float]:
    """Do what the window does until something is true; return each turn's processor time."""
    spent, deadline = [], time.monotonic() + 100
    while not until():
        assert time.monotonic() < deadline
        begun = time.thread_time()
        window.session.tasks.mailbox.run_due()
        spent.append(time.thread_time() - begun)
        for _ in range(20):
            begun = time.thread_time()
            more = window.root.tk.dooneevent(2)  # TCL_DONT_WAIT
            spent.append(time.thread_time() - begun)
            if not more:
                break
        time.sleep(0.005)
    return spent


def test_nothing_takes_longer_than_50_ms(
    window: "MainWindow", portraits: dict[str, Path], duo: Path
) -> None:
    session, waited = window.session, list[str]()
    recording = True

    def audit(event: str, arguments: object) -> None:
        in_window = threading.current_thread() is threading.main_thread()
        if recording and in_window and event in WAITS:
            waited.append(event)

    sys.addaudithook(audit)  # there is no way to remove it
    session.source.add([portraits["astronaut"], portraits["both"]])
    session.target.choose([duo])
    shown = session.preview.shown
    spent = turns(window, lambda: shown.value is not None and shown.value.after is not None)
    window.settings._toggle()
    spent += turns(window, lambda: len(window.settings._list.winfo_children()) > 30)
    session.preview.scrub(0.2)
    session.starter.start()
    rows = session.jobs.rows
    spent += turns(window, lambda: rows.value and rows.value[0].state == "succeeded")
    window.preview.wipe._move_to(0.2)
    spent += turns(window, lambda: not session.preview.busy.value)
    recording = False
    assert max(spent) < MOST_S, sorted(spent)[-10:]
    assert not waited
