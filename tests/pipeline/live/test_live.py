"""A camera's pictures on their way to somebody who looks."""

import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import c2pa
import cv2
import numpy as np
import pytest
import skimage.data
from PIL import ImageFont

import roop
from roop.errors import CancelledError, MediaError, RoopError, UsageError
from roop.media.video.clip import write_clip
from roop.pipeline.live.latest_slot import LatestSlot
from roop.pipeline.progress import Progress
from roop.pipeline.stages.channel import StageThreads
from support.ip_camera import Pixels, Viewer, idle_viewer, ip_camera

SIZE = 320


@pytest.fixture(scope="module")
def face() -> Pixels:
    photo = skimage.data.astronaut()[:320, 60:380]
    return np.ascontiguousarray(cv2.resize(photo, (SIZE, SIZE)))


@pytest.fixture
def source(portraits: dict[str, Path]) -> Path:
    return portraits["hopper"]


@pytest.fixture
def film(face: Pixels, tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    write_clip(path, [face] * 20, fps=10)
    return path


@pytest.fixture
def cancel() -> Iterator[threading.Event]:
    """Set by the test, or after a minute so that nothing ever hangs."""
    event = threading.Event()
    timer = threading.Timer(60, event.set)
    timer.start()
    yield event
    timer.cancel()
    timer.join()


class Watcher:
    """Remembers what it is told; looks at the page, and ends the stream when it has seen enough."""

    def __init__(self, cancel: threading.Event, enough: Callable[["Watcher"], bool]) -> None:
        self.notes: list[str] = []
        self.shown = 0
        self.viewer = Viewer()
        self.page = ""
        self._cancel, self._enough = cancel, enough

    def __call__(self, seen: Progress) -> None:
        self.shown = max(self.shown, seen.frames)
        if seen.note is not None:
            self.notes.append(seen.note)
            if seen.note.startswith("look at "):
                self.page = seen.note.removeprefix("look at ")
                self.viewer.look(self.page)
        if self._enough(self):
            self._cancel.set()

    def noted(self, word: str) -> bool:
        return any(word in note for note in self.notes)


def _differs(picture: Pixels, face: Pixels) -> float:
    middle = slice(SIZE // 3, SIZE * 2 // 3)
    return float(np.abs(picture[middle, middle].astype(int) - face[middle, middle]).mean())


def test_a_viewer_sees_the_new_face_and_the_label(
    source: Path, face: Pixels, cancel: threading.Event, tmp_path: Path
) -> None:
    watcher = Watcher(cancel, lambda w: len(w.viewer.pictures) >= 4)
    output = tmp_path / "recorded.mp4"
    with ip_camera([face]) as address:
        result = roop.live(
            source,
            input=address,
            serve="127.0.0.1:0",
            record_video=output,
            watch=watcher,
            cancel=cancel,
        )
    watcher.viewer.join()
    assert result.shown == result.swapped >= 4
    assert result.recorded == output
    seen = watcher.viewer.pixels(3)
    assert seen.shape == face.shape
    assert _differs(seen, face) > 8
    assert np.abs(seen[:60, :60].astype(int) - face[:60, :60]).mean() < 4  # beside the face
    corner, before = seen[-28:, :140], face[-28:, :140]
    assert corner.min(axis=2).max() > 240  # white letters ...
    assert np.median(corner) < np.median(before) * 0.75  # ... on a dark plate
    assert b"compositeWithTrainedAlgorithmicMedia" in watcher.viewer.pictures[0]
    with av.open(output) as film:
        assert "AI MODIFIED" in film.metadata["comment"]
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == result.shown
    assert _differs(frames[-1], face) > 8
    with c2pa.Reader(output) as reader:
        assert reader.get_validation_state() == "Valid"


def test_letters_of_the_label_are_a_twentieth_of_the_short_side_high() -> None:
    from roop.media.frames.stored_frame import StoredFrame
    from roop.options import LabelOptions
    from roop.provenance.label import Label

    black = np.zeros((720, 1280, 3), np.uint8)
    Label(LabelOptions(label=True)).stamp(StoredFrame(black))
    white = np.flatnonzero((black.min(axis=2) > 250).any(axis=1))
    assert white[-1] - white[0] + 1 >= 36
    assert ImageFont.load_default(36).getbbox("A")


def test_a_file_is_played_and_its_end_ends_it(source: Path, film: Path, tmp_path: Path) -> None:
    output = tmp_path / "recorded.mkv"
    result = roop.live(source, input=str(film), serve="none", record_video=output)
    assert result.shown + result.dropped == 20
    with av.open(output) as recorded:
        assert sum(1 for _ in recorded.decode(video=0)) == result.shown
        assert "AI MODIFIED" in "".join(recorded.metadata.values())


def test_a_lost_network_camera_is_found_again_in_another_size(
    source: Path, face: Pixels, cancel: threading.Event, tmp_path: Path
) -> None:
    larger = cv2.resize(face, (480, 480)).astype(np.uint8)
    lost = threading.Event()

    def enough(watcher: Watcher) -> bool:
        pictures = watcher.viewer.pictures
        if pictures:  # what is lost before it is shown is not missed
            lost.set()
        return bool(pictures) and watcher.viewer.pixels(-1).shape == larger.shape

    watcher = Watcher(cancel, enough)
    output = tmp_path / "recorded.mp4"
    with ip_camera([face], [larger], lost=lost) as address:
        result = roop.live(
            source,
            input=address.replace("//", "//user:secret@"),
            serve="127.0.0.1:0",
            record_video=output,
            watch=watcher,
            cancel=cancel,
        )
    watcher.viewer.join()
    assert watcher.noted("is lost")
    assert not watcher.noted("secret")
    assert "secret" not in str(result)
    assert result.swapped == result.shown
    assert watcher.viewer.pixels(-1).shape == (480, 480, 3)
    with av.open(output) as film:
        assert {(f.width, f.height) for f in film.decode(video=0)} == {(SIZE, SIZE)}


@pytest.mark.slow
def test_a_silent_camera_is_reported_to_viewers(
    source: Path, face: Pixels, cancel: threading.Event
) -> None:
    watcher = Watcher(cancel, lambda w: w.noted("sends pictures again"))
    with ip_camera([face] * 20, silence_s=3) as address:
        roop.live(source, input=address, serve="127.0.0.1:0", watch=watcher, cancel=cancel)
    watcher.viewer.join()
    assert watcher.noted("no picture from http://127.0.0.1")
    middle = slice(SIZE // 2 - 12, SIZE // 2 + 12)
    numbers = range(len(watcher.viewer.pictures))
    dark = [np.median(watcher.viewer.pixels(number)[middle]) for number in numbers]
    assert min(dark) < np.median(face[middle]) / 2
    still = watcher.viewer.pixels(int(np.argmin(dark)))
    assert still[-28:, :140].min(axis=2).max() > 240  # the label is still there


def test_measurements_are_offered_to_prometheus(
    source: Path, face: Pixels, cancel: threading.Event
) -> None:
    scraped: list[str] = []

    def enough(watcher: Watcher) -> bool:
        if watcher.shown >= 5 and not scraped:
            with urllib.request.urlopen(watcher.page + "metrics", timeout=10) as answer:
                scraped.append(answer.read().decode())
        return bool(scraped)

    watcher = Watcher(cancel, enough)
    with ip_camera([face]) as address:
        result = roop.live(source, input=address, serve="127.0.0.1:0", watch=watcher, cancel=cancel)
    watcher.viewer.join()
    lines = dict(line.rsplit(" ", 1) for line in scraped[0].splitlines() if line[0] != "#")
    assert int(lines["roop_live_frames_total"]) >= 5
    assert float(lines['roop_live_latency_seconds{quantile="0.99"}']) > 0
    assert int(lines['roop_live_dropped_frames_total{stage="page"}']) >= 0
    measured = result.statistics
    latencies = [measured.latency_ms, measured.latency_p95_ms, measured.latency_p99_ms]
    known = [latency for latency in latencies if latency is not None]
    assert len(known) == 3
    assert 0 < known[0] <= known[1] <= known[2]


def test_somebody_who_takes_nothing_keeps_nobody_waiting(
    source: Path, face: Pixels, cancel: threading.Event
) -> None:
    stuck: list[Any] = []

    def enough(watcher: Watcher) -> bool:
        if watcher.page and not stuck:
            stuck.append(idle_viewer(watcher.page))
        return len(watcher.viewer.pictures) >= 20

    noise = np.random.default_rng(1).integers(0, 256, (700, 700, 3), np.uint8)  # large pictures
    noise[:SIZE, :SIZE] = face
    watcher = Watcher(cancel, enough)
    with ip_camera([noise]) as address:
        roop.live(source, input=address, serve="127.0.0.1:0", watch=watcher, cancel=cancel)
    watcher.viewer.join()
    assert len(watcher.viewer.pictures) >= 20
    stuck[0].close()


def test_ctrl_c_ends_it_and_keeps_the_recording(source: Path, face: Pixels, tmp_path: Path) -> None:
    output = tmp_path / "recorded.mp4"
    environment = {**os.environ, "PYTHONPATH": str(Path(roop.__file__).parents[1])}
    command = [sys.executable, "-m", "roop", "live", "--accept-terms", "-s", str(source)]
    viewer = Viewer()
    with ip_camera([face]) as address:
        where = ["--input", address, "--serve", "127.0.0.1:0", "--record-video", str(output)]
        process = subprocess.Popen(
            [*command, *where],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert process.stderr is not None
        viewer.look(process.stderr.readline().removeprefix("look at ").strip())
        for _ in range(600):
            if len(viewer.pictures) > 3 or viewer.ended.wait(0.1):
                break
        process.send_signal(signal.SIGINT)
        said, complained = process.communicate(timeout=60)
    viewer.join()
    assert process.returncode == 0, complained
    assert "frames shown" in said
    assert len(viewer.pictures) > 3
    with av.open(output) as film:
        assert sum(1 for _ in film.decode(video=0)) > 3


def test_stopped_before_the_first_picture_it_was_cancelled(source: Path, film: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        roop.live(source, input=str(film), serve="127.0.0.1:0", cancel=cancel)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"input": "/dev/video87"}, MediaError, "there is no camera /dev/video87"),
        ({"input": "http://127.0.0.1:1/v"}, MediaError, "cannot be read as a camera"),
        ({"input": "nowhere.mp4"}, MediaError, "does not exist"),
        ({"serve": "none"}, UsageError, "nobody sees anything"),
        ({"serve": "nowhere"}, UsageError, "not HOST:PORT"),
        ({"serve": "127.0.0.1:99999"}, UsageError, "cannot use 127"),
        ({"label": False}, UsageError, "always carry a label"),
        ({"label_seconds": 3}, UsageError, "has no effect on a camera"),
        ({"start": 3}, UsageError, "start has no effect on a camera"),
        ({"keep_frames": True}, UsageError, "keep_frames has no effect"),
        ({"reference_face_position": 0}, UsageError, "no frame in which to point"),
        ({"record_video": "x.avi"}, UsageError, "have a constant frame rate"),
    ],
)
def test_what_cannot_be_is_said(
    source: Path, options: dict[str, Any], error: type[RoopError], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        roop.live(source, **{"input": "nowhere.mp4", "serve": "127.0.0.1:0", **options})
    assert caught.value.hint


def test_the_newest_is_taken_and_the_others_are_counted() -> None:
    dropped: list[int] = []
    newest: LatestSlot[int] = LatestSlot(StageThreads(threading.Event()), lambda: dropped.append(1))
    for number in range(5):
        newest.put(number)
    taken = iter(newest)
    assert next(taken) == 4
    assert len(dropped) == 4
    newest.put(5)
    newest.close()
    assert list(taken) == [5]


def test_what_may_wait_is_taken_in_order() -> None:
    dropped: list[int] = []
    slot: LatestSlot[int] = LatestSlot(
        StageThreads(threading.Event()), lambda: dropped.append(1), size=3
    )
    assert slot.take() is None
    for number in range(5):
        slot.put(number)
    assert slot.take() == 2
    assert slot.rest() == [3, 4]
    assert len(dropped) == 2
    slot.close()
    assert slot.ended
