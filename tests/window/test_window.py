"""The window itself, on a screen without a monitor, with real events of mouse and keyboard."""

import shutil
import time
from collections.abc import Iterator
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from roop.jobs.queue import Queue
from roop.provenance.verify import verify_file
from support.figures import drawing
from support.films import elder_at
from support.ip_camera import ip_camera
from support.long_films import FaceClip
from window.desktop import Desktop, roop_window, screen, wait_for

MISSING = [
    *(program for program in ("Xvfb", "xdotool") if shutil.which(program) is None),
    *(name for name in ("_tkinter", "customtkinter") if find_spec(name) is None),
]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"the window's tests need {', '.join(MISSING)}"),
    pytest.mark.slow,
]

SOURCE, STAGE = (160, 140), (640, 330)
FIRST_PERSON, SECOND_PERSON = (495, 560), (655, 560)
CARD = ("#19213a", "#0b5566")
"""Colours of a person who is not chosen, and who is."""
CANCEL, RETRY = (1055, 158), (990, 147)
SOURCE_CARD, STAGE_CARD = (24, 80, 288, 420), (347, 60, 928, 570)
CYAN, GREEN, PINK = "#00f2fe", "#00ff88", "#ff6fb3"
"""Colours of what can be started, of words for what is fine, and for what is wrong."""
CAMERA, START_CAMERA, RECORD = (1190, 23), (365, 624), (570, 622)


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    with screen() as desktop:
        yield desktop


def accepted(home: Path) -> Path:
    """Make the home of a user who has seen the terms."""
    (home / "data" / "roop").mkdir(parents=True)
    (home / "data" / "roop" / "terms").write_text("1\n")
    return home


def states(home: Path) -> list[str]:
    path = home / "data" / "roop" / "jobs.sqlite3"
    if not path.exists():
        return []
    with Queue(path) as queue:
        return [queued.state for queued in queue.jobs()]


def wait_until_succeeded(home: Path) -> None:
    """Wait for the only job."""
    wait_for(lambda: not {"waiting", "running"} & set(states(home)), "the job does not end")
    assert states(home) == ["succeeded"]


def test_consent_two_drops_and_one_click(
    desktop: Desktop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    home, photo = tmp_path / "home", tmp_path / "ä photo.png"
    home.mkdir()
    shutil.copy(portraits["astronaut"], photo)
    with roop_window(desktop, home) as process:
        terms = home / "data" / "roop" / "terms"
        wait_for(lambda: desktop.keys("Return") or terms.exists(), "the terms are not remembered")
        desktop.drop(*SOURCE, photo)
        desktop.drop(*STAGE, portraits["hopper"])
        desktop.click(430, 636)
        output = home / "Pictures" / "Outputs" / "ä photo-hopper.png"
        wait_for(output.exists, "there is no output")
        wait_until_succeeded(home)
        wait_for(lambda: desktop.keys("ctrl+q") or process.poll() is not None, "it does not close")
        assert process.returncode == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert (home / "config" / "roop" / "ui.json").exists()


def test_closing_during_a_job_asks_and_it_goes_on(
    desktop: Desktop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    home, film = accepted(tmp_path / "home"), tmp_path / "film.mp4"
    FaceClip(times=tuple(range(300)), time_base=Fraction(1), sound=(), begin=100.0).write(film)
    with roop_window(desktop, home) as process:
        desktop.drop(*SOURCE, portraits["astronaut"])
        desktop.drop(*STAGE, film)
        wait_for(lambda: states(home) or desktop.keys("ctrl+Return"), "nothing was started")
        wait_for(lambda: "running" in states(home), "the job does not run")
        wait_for(
            lambda: desktop.keys("ctrl+q", "Return") or process.poll() is not None,
            "it does not close",
        )
        assert states(home) != ["succeeded"]
        wait_until_succeeded(home)
    assert (home / "Videos" / "Outputs" / "astronaut-film.mp4").exists()


def test_two_people_get_faces_of_their_own_by_drops(
    desktop: Desktop, portraits: dict[str, Path], duo: Path, tmp_path: Path
) -> None:
    home = accepted(tmp_path / "home")
    with roop_window(desktop, home):
        desktop.drop(*STAGE, duo)
        wait_for(lambda: desktop.colour(*SECOND_PERSON) in CARD, "nobody is found")
        desktop.drop(*FIRST_PERSON, portraits["hopper"])
        desktop.drop(*SECOND_PERSON, portraits["astronaut"])
        wait_for(lambda: states(home) or desktop.keys("ctrl+Return"), "nothing was started")
        wait_until_succeeded(home)
    with Queue(home / "data" / "roop" / "jobs.sqlite3") as queue:
        mapped = queue.jobs()[-1].job.faces.map
    assert [each.source for each in mapped] == [
        (portraits["hopper"],),
        (portraits["astronaut"],),
    ]


def test_a_refused_photo_is_not_shown_and_starts_nothing(
    desktop: Desktop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    home, refused = accepted(tmp_path / "home"), tmp_path / "refused.png"
    Image.fromarray(drawing()).save(refused)
    with roop_window(desktop, home):
        desktop.drop(*SOURCE, refused)
        wait_for(lambda: PINK in desktop.colours(*SOURCE_CARD), "nothing is wrong with it")
        desktop.drop(*SOURCE, portraits["astronaut"])
        wait_for(lambda: GREEN in desktop.colours(*SOURCE_CARD), "the face is not found")
        desktop.drop(*STAGE, refused)
        wait_for(lambda: PINK in desktop.colours(*STAGE_CARD), "the target is not refused")
        assert "#e67f79" not in desktop.colours(*STAGE_CARD)  # of the skin in the drawing
        desktop.keys("ctrl+Return")
        wait_for(lambda: states(home) == ["failed"] or not states(home), "it was not refused")
    assert not list(home.glob("*/Outputs/*"))


def test_a_camera_is_shown_and_recorded(
    desktop: Desktop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    home = accepted(tmp_path / "home")
    recordings = home / "Videos" / "Outputs"
    with ip_camera([elder_at(150 + 4 * number) for number in range(20)]) as address:
        (home / "roop.toml").write_text(f'[cameras.door]\naddress = "{address}"\n')
        with roop_window(desktop, home):
            desktop.drop(*SOURCE, portraits["astronaut"])
            wait_for(lambda: GREEN in desktop.colours(*SOURCE_CARD), "the face is not found")
            desktop.click(*CAMERA)
            wait_for(lambda: desktop.colour(*START_CAMERA) == CYAN, "the camera cannot be started")
            desktop.click(*START_CAMERA)
            wait_for(lambda: len(desktop.colours(*STAGE_CARD)) > 1000, "there is no picture")
            desktop.click(*RECORD)
            wait_for(lambda: list(recordings.glob("*")), "nothing is recorded")
            time.sleep(1)
            desktop.click(*RECORD)
            wait_for(lambda: list(recordings.glob("roop-live-*.mp4")), "it is not completed")
    (recording,) = recordings.glob("roop-live-*.mp4")
    assert verify_file(recording, None).verdict == "intact"


def test_a_job_is_cancelled_and_resumed(
    desktop: Desktop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    home, film = accepted(tmp_path / "home"), tmp_path / "film.mp4"
    FaceClip(times=tuple(range(300)), time_base=Fraction(1), sound=(), begin=100.0).write(film)
    with roop_window(desktop, home):
        desktop.drop(*SOURCE, portraits["astronaut"])
        desktop.drop(*STAGE, film)
        wait_for(lambda: states(home) or desktop.keys("ctrl+Return"), "nothing was started")
        wait_for(lambda: states(home) == ["cancelled"] or desktop.click(*CANCEL), "no cancel")
        wait_for(lambda: states(home) != ["cancelled"] or desktop.click(*RETRY), "no retry")
        wait_until_succeeded(home)
    assert (home / "Videos" / "Outputs" / "astronaut-film.mp4").exists()


def test_a_swap_without_a_mouse(
    desktop: Desktop, portraits: dict[str, Path], tmp_path: Path
) -> None:
    home = accepted(tmp_path / "home")

    def dialog() -> str:
        return desktop.xdotool("search", "--onlyvisible", "--class", "TkFDialog")

    def choose(shortcut: str, file: Path) -> None:
        wait_for(lambda: dialog() or desktop.keys(shortcut), "there is no dialog")
        desktop.xdotool("type", "--delay", 20, str(file))
        wait_for(lambda: desktop.keys("Return") or not dialog(), "the dialog does not close")

    with roop_window(desktop, home):
        choose("ctrl+shift+o", portraits["astronaut"])
        choose("ctrl+o", portraits["hopper"])
        wait_for(lambda: states(home) or desktop.keys("ctrl+Return"), "nothing was started")
        wait_until_succeeded(home)
    assert (home / "Pictures" / "Outputs" / "astronaut-hopper.png").exists()
