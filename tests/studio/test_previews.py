"""Previews: what is shown of a draft, and that only the newest request is answered."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from roop.errors import CancelledError, RefusedError, UsageError
from roop.options import Settings
from roop.processors import installed
from roop.studio.draft import Draft
from roop.studio.previews import Previews
from roop.studio.target_frames import TargetFrames
from roop.types import Box
from support.films import Film, woman_at


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [woman_at(100 + number) for number in range(60)]
    return Film().write(tmp_path_factory.mktemp("previews") / "film.mp4", frames)


@pytest.fixture(scope="module")
def previews() -> Previews:
    return Previews(Settings(), installed())


def test_a_frame_before_and_after(
    previews: Previews, portraits: dict[str, Path], film: Path
) -> None:
    draft = Draft(sources=(portraits["hopper"],), target=film)
    shown = previews.show(draft, 1.0)
    assert shown.time_s == 1.0
    (face,) = shown.faces
    changed = np.abs(shown.after.astype(int) - shown.before).max(axis=2)
    assert changed[face.rows, face.columns].mean() > 5
    assert changed[: face.y0 // 2].mean() < 1
    assert changed[-20:, :80].mean() > 10  # the label
    photo = previews.show(draft.model_copy(update={"target": portraits["both"]}), 0)
    assert photo.before.shape == (600, 1024, 3)


def test_a_clip_that_nobody_waits_for_is_stopped(
    previews: Previews, portraits: dict[str, Path], film: Path
) -> None:
    draft = Draft(sources=(portraits["hopper"],), target=film)
    with ThreadPoolExecutor(1) as threads:
        made = threads.submit(previews.clip, draft, 0, 5, viewer="one")
        while not made.done():
            previews.cancel("one")
        with pytest.raises(CancelledError):
            made.result()


def test_the_newest_request_of_a_viewer_wins(
    previews: Previews, portraits: dict[str, Path], film: Path
) -> None:
    draft = Draft(sources=(portraits["hopper"],), target=film)
    start = threading.Barrier(6)

    def ask(number: int) -> float | None:
        start.wait()
        try:
            return previews.show(draft, number / 10, viewer="one").time_s
        except CancelledError:
            return None

    with ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(ask, number) for number in range(6)]
        answered = [time for each in asked if (time := each.result()) is not None]
    assert 1 <= len(answered) < 6
    assert previews.show(draft, 0.5, viewer="one").time_s == 0.5


def test_a_refused_frame_is_not_shown(previews: Previews, nude: Path, film: Path) -> None:
    with pytest.raises(RefusedError):
        previews.show(Draft(sources=(nude,), target=film), 0)


def test_frames_by_number(portraits: dict[str, Path], film: Path) -> None:
    frames = TargetFrames()
    for number in (40, 3, 59):
        frame = frames.read(film, number)
        assert frame.pts * frame.time_base == pytest.approx(number / 30)
        pixels = frame.crop(Box(0, 0, *frame.size)).astype(int)
        assert np.abs(pixels - woman_at(100 + number)).mean() < 2
    assert frames.read(portraits["both"], 0).size == (1024, 600)
    for target, number in ((film, 60), (portraits["both"], 1)):
        with pytest.raises(UsageError, match="no frame number"):
            frames.read(target, number)
