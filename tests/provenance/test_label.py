from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from roop.errors import UsageError
from roop.media.frames.stored_frame import StoredFrame
from roop.options import LabelOptions
from roop.provenance.label import Label
from support.outputs import make


def stamped(size: tuple[int, int], **options: object) -> NDArray[np.uint8]:
    width, height = size
    frame = StoredFrame(np.full((height, width, 3), 128, np.uint8))
    Label(LabelOptions.model_validate({"label": True, **options})).stamp(frame)
    return frame.samples.view(np.uint8)


@pytest.mark.parametrize("size", [(1920, 1080), (480, 640), (300, 2000), (260, 180)])
def test_letters_are_a_twentieth_of_the_short_side_high(size: tuple[int, int]) -> None:
    image = stamped(size)
    rows, columns = np.nonzero((image > 200).all(axis=2))
    assert np.ptp(rows) + 1 >= 0.05 * min(size) - 1
    assert rows.min() > size[1] / 2
    assert columns.max() < size[0] * 0.9


@pytest.mark.parametrize("corner", ["top-left", "top-right", "bottom-left", "bottom-right"])
def test_only_the_chosen_corner_changes(corner: str) -> None:
    image = stamped((640, 480), label_corner=corner)
    rows, columns = np.nonzero((image != 128).any(axis=2))
    box = rows.min(), rows.max(), columns.min(), columns.max()
    assert (box[0] == 0, box[1] == 479) == (corner.startswith("top"), corner.startswith("bottom"))
    assert (box[2] == 0, box[3] == 639) == (corner.endswith("left"), corner.endswith("right"))
    assert len(rows) < 0.1 * 640 * 480


def test_the_label_is_legible_on_white_and_black() -> None:
    for colour in (0, 255):
        frame = StoredFrame(np.full((480, 640, 3), colour, np.uint8))
        Label(LabelOptions(label=True)).stamp(frame)
        corner = frame.samples[-40:, :100]
        assert np.ptp(corner) > 100


def test_a_text_that_is_too_long_is_rejected() -> None:
    with pytest.raises(UsageError, match="too long for a frame of 200 x 200"):
        stamped((200, 200), label_text="made by a machine " * 4)


def test_the_label_disappears_after_some_seconds() -> None:
    label = Label(LabelOptions(label=True, label_seconds=2))
    visible = []
    for tick in range(7):
        frame = StoredFrame(
            np.zeros((240, 320, 3), np.uint8), pts=10 + tick, time_base=Fraction(1, 2)
        )
        label.stamp(frame)
        visible.append(bool(frame.samples.any()))
    assert visible == [True] * 4 + [False] * 3


def test_photos_and_videos_are_labelled(face: Path, video: Path, tmp_path: Path) -> None:
    make(face, face, tmp_path / "plain.png")
    make(face, face, tmp_path / "out.png", label={"label": True})
    difference = _difference(tmp_path / "plain.png", tmp_path / "out.png")
    assert difference[-30:, :90].any()
    assert not difference[:-60].any()
    make(face, video, tmp_path / "out.mp4", label={"label": True})
    with av.open(tmp_path / "out.mp4") as container:
        for frame in container.decode(video=0):
            assert frame.to_ndarray(format="rgb24")[-30:, :90].max() > 200


def _difference(one: Path, other: Path) -> NDArray[np.bool_]:
    images = [np.asarray(Image.open(path).convert("RGB")) for path in (one, other)]
    return (images[0] != images[1]).any(axis=2)
