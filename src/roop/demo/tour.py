"""The demo from start to end: make the samples, swap them, compare before and after."""

import dataclasses
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image

from roop.api import JobResult, swap
from roop.demo.clip import FPS, RATE, SIZE, camera_matrix, soundtrack, video_frames
from roop.demo.portraits import Sample, astronaut, officer
from roop.demo.sheet import Pair, contact_sheet
from roop.errors import CancelledError, UsageError
from roop.leftovers import Note
from roop.media.files.disk import writing
from roop.media.open import open_reader
from roop.media.video.clip import write_clip
from roop.models.files.folder import ModelFolder
from roop.models.networks import embedded_models
from roop.options import Settings, VideoOptions
from roop.pipeline.progress import Watch
from roop.provenance.marks import make_marks
from roop.types import Box, Pixels

SECONDS = 4.0
"""Length of the sample video."""

_SHEET_POSITIONS = (0.0, 0.2, 0.45, 0.7)  # positions in the video to show, 0 to 1
_NAMES = (
    PHOTO_BEFORE := "photo-before.png",
    PHOTO_AFTER := "photo-after.png",
    VIDEO_BEFORE := "video-before.mp4",
    VIDEO_AFTER := "video-after.mp4",
    SHEET := "before-after.png",
)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The outputs of the demo."""

    folder: Path
    photo: JobResult
    video: JobResult
    sheet: Path
    """The contact sheet of before and after."""
    real_time: float
    """Seconds of video per second of work, start included; above 1 is faster than real time."""


def run_demo(
    folder: Path,
    *,
    watch: Watch | None = None,
    cancel: threading.Event | None = None,
) -> DemoResult:
    """Make a swapped photo, a swapped video with audio, and a contact sheet.

    Args:
        folder: The folder for all files, created if necessary. A complete demo in it is replaced.
        watch: Called with the progress of the video.
        cancel: Set it from another thread to stop; then nothing is written.

    Raises:
        RoopError: The demo failed; nothing is written.
    """
    existing = [folder / name for name in _NAMES if (folder / name).exists()]
    if 0 < len(existing) < len(_NAMES):  # not a complete demo: they may be the user's files
        raise UsageError(f"{existing[0]} exists", hint="choose another folder with [[output]]")
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = TemporaryDirectory(prefix=".roop-demo-", dir=folder.parent)
    with scratch as name, Note(Path(name)):
        made = _make(Path(name), watch, cancel or threading.Event())
        with writing(folder):
            folder.mkdir(exist_ok=True)
            for file in _NAMES:
                (Path(name) / file).replace(folder / file)
    return dataclasses.replace(
        made,
        folder=folder,
        photo=dataclasses.replace(made.photo, output=folder / PHOTO_AFTER),
        video=dataclasses.replace(made.video, output=folder / VIDEO_AFTER),
        sheet=folder / SHEET,
    )


def _make(folder: Path, watch: Watch | None, cancel: threading.Event) -> DemoResult:
    source, target = astronaut(), officer()
    pixels = np.asarray(Image.open(target.path).convert("RGB"))
    Image.fromarray(pixels).save(folder / PHOTO_BEFORE)
    frames = _cancellable(video_frames(pixels, target.head, seconds=SECONDS), cancel)
    write_clip(folder / VIDEO_BEFORE, frames, fps=FPS, sound=soundtrack(SECONDS), rate=RATE)
    photo = swap(source.path, folder / PHOTO_BEFORE, folder / PHOTO_AFTER, cancel=cancel)
    video = swap(
        source.path, folder / VIDEO_BEFORE, folder / VIDEO_AFTER, watch=watch, cancel=cancel
    )
    (source_head,) = _crop(source.path, {0: source.head})
    sheet = contact_sheet(source_head, _pairs(folder, target))
    Image.fromarray(sheet).save(folder / SHEET)
    _mark(folder / SHEET, video.engine)
    return DemoResult(folder, photo, video, folder / SHEET, SECONDS / video.elapsed_s)


def _mark(sheet: Path, engine: str) -> None:
    """Mark the sheet like any output, since it shows swapped faces."""
    settings = Settings()
    models = embedded_models(ModelFolder(settings))
    make_marks(engine, models, settings, _ignore_warning).write(sheet)


def _cancellable(frames: Iterable[Pixels], cancel: threading.Event) -> Iterator[Pixels]:
    for frame in frames:
        if cancel.is_set():
            raise CancelledError("cancelled")
        yield frame


def _pairs(folder: Path, target: Sample) -> list[Pair]:
    """Crop the heads from all samples and outputs."""
    count = round(SECONDS * FPS)
    numbers = [round(position * count) for position in _SHEET_POSITIONS]
    heads = {number: _head(target.head, number / count) for number in numbers}
    crops_before, crops_after = (
        _crop(folder / name, heads) for name in (VIDEO_BEFORE, VIDEO_AFTER)
    )
    (photo_before,), (photo_after,) = (
        _crop(folder / name, {0: target.head}) for name in (PHOTO_BEFORE, PHOTO_AFTER)
    )
    titles = [f"video, {number / FPS:.1f} s" for number in numbers]
    return [
        Pair("photo", photo_before, photo_after),
        *map(Pair, titles, crops_before, crops_after),
    ]


def _head(head: Box, position: float) -> Box:
    """Return the square around the head in the video, at ``position`` 0 to 1."""
    matrix = cv2.invertAffineTransform(camera_matrix(2 * np.pi * position, head))
    middle = matrix @ [(head.x0 + head.x1) / 2, (head.y0 + head.y1) / 2, 1]
    half = 0.5 * head.width * float(np.sqrt(np.linalg.det(matrix[:, :2])))
    half = min(half, SIZE[1] / 2 - 1)
    x = float(np.clip(middle[0], half, SIZE[0] - half))
    y = float(np.clip(middle[1], half, SIZE[1] - half))
    return Box(int(x - half), int(y - half), int(x - half) + int(2 * half), int(y + half))


def _crop(path: Path, boxes: dict[int, Box]) -> list[Pixels]:
    """Return crops of frames; ``boxes`` are keyed by frame number."""
    with open_reader(path, VideoOptions(), _ignore_warning) as reader:
        return [frame.crop(boxes[number]) for number, frame in enumerate(reader) if number in boxes]


def _ignore_warning(warning: str) -> None:
    """Ignore warnings about the demo's own files: they were shown during the swap."""
