"""The label says AI MODIFIED in legible letters, whatever text and frame it gets."""

from fractions import Fraction

import numpy as np
import pytest
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from roop.media.frames.planar_frame import PlanarFrame
from roop.media.frames.stored_frame import StoredFrame
from roop.options import LabelOptions
from roop.provenance.label import Label

HIDING = [
    " ",
    ".",
    "\u00a0\u2003",
    "\u200b\u200d\u2060",
    "\u202eDEIFIDOM IA",
    "\n\n\n\n",
    "A" + "\u0336" * 70,
    "ai modified",
    "NOT MADE BY A MACHINE",
]


def labelled(pixels: NDArray[np.uint8], text: str = "AI MODIFIED") -> StoredFrame:
    frame = StoredFrame(pixels.copy())
    Label(LabelOptions(label=True, label_text=text)).stamp(frame)
    return frame


@pytest.mark.parametrize("text", HIDING)
def test_the_fixed_words_stay_beside_any_text(text: str) -> None:
    plain = np.full((480, 1200, 3), 128, np.uint8)
    expected = labelled(plain).samples
    words = np.nonzero((expected != 128).any(axis=(0, 2)))[0].max() - 30
    got = labelled(plain, text).samples
    assert (got[:, :words] == expected[:, :words]).all()


def test_own_words_come_beside_the_fixed_ones() -> None:
    plain = np.full((480, 1200, 3), 128, np.uint8)
    changed = [
        np.count_nonzero((labelled(plain, text).samples > 200).all(axis=2))
        for text in ("AI MODIFIED", "AI MODIFIED by Ann")
    ]
    assert changed[1] > 1.3 * changed[0]


@pytest.mark.parametrize("value", [0, 255])
def test_the_label_is_seen_where_the_frame_is_transparent(value: int) -> None:
    pixels = np.full((240, 320, 4), value, np.uint8)
    pixels[..., 3] = 0
    rows, columns = np.nonzero(labelled(pixels).samples[..., 3])
    assert np.ptp(rows) >= 12
    assert np.ptp(columns) >= 80


@pytest.mark.parametrize("form", ["yuva420p", "yuva444p10le", "rgba", "rgba64le"])
def test_the_label_is_seen_in_a_transparent_video(form: str) -> None:
    raw = VideoFrame.from_ndarray(np.zeros((240, 320, 4), np.uint8), format="rgba")
    frame = PlanarFrame(raw.reformat(format=form), pts=0, time_base=Fraction(1))
    Label(LabelOptions(label=True)).stamp(frame)
    seen = frame.raw.reformat(format="rgba").to_ndarray()
    assert np.count_nonzero(seen[..., 3] > 200) > 1000
    assert seen[:100, :, 3].max() == 0
