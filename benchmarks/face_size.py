"""Measures what one frame costs as the face grows: finding, drawing and blending, one thread.

    uv run --group dev python benchmarks/face_size.py

The frame is a film's (4:2:0) of 1920x1080 with a still face of each size.
"""

import statistics
import time
from fractions import Fraction

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from roop.faces.analyser import Analyser
from roop.faces.tracking.selection import LargestFace
from roop.media.frames.planar_frame import PlanarFrame
from roop.options import Settings
from roop.processors import installed
from roop.processors.base import Context
from roop.types import AnalysedFrame, Identity

SIZE = (1920, 1080)
WIDTHS = (150, 300, 600, 900)
"""Of the face, pixels from ear to ear."""

FRAMES = 40


def picture(width: int, found: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return a frame whose face is ``width`` wide and in the middle."""
    zoom = width / float(np.ptp(found[:, 0]))
    x, y = found[:, :2].mean(axis=0) * zoom
    to_frame = np.array([[zoom, 0, SIZE[0] / 2 - x], [0, zoom, SIZE[1] / 2 - y]], np.float32)
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(data.astronaut(), to_frame, SIZE, borderMode=border), np.uint8)


def cost_ms(pixels: NDArray[np.uint8], analyser: Analyser, identity: Identity) -> float:
    """Return the median CPU time of a frame after the first."""
    (engine,) = [spec for spec in installed() if spec.name == "mesh"]
    processor = engine.create({}, Context(Settings(), (identity,)))
    tracker = analyser.tracker(LargestFace())
    spent = []
    for _ in range(FRAMES):
        raw = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        frame = PlanarFrame(raw, pts=0, time_base=Fraction(1, 25))
        began = time.thread_time()
        processor.process([AnalysedFrame(frame, tracker.update(frame))])
        spent.append(time.thread_time() - began)
    return 1e3 * statistics.median(spent[1:])


def main() -> None:
    """Print a row for each size."""
    cv2.setNumThreads(1)
    analyser = Analyser(Settings())
    portrait = analyser.portrait(data.astronaut(), None, name="astronaut")
    identity = Identity((portrait,))
    print(f"{'face px':>8}{'CPU ms':>9}{'of 150':>8}")
    first = 0.0
    for width in WIDTHS:
        ms = cost_ms(picture(width, portrait.mesh), analyser, identity)
        first = first or ms
        print(f"{width:8}{ms:9.2f}{ms / first:8.2f}")


if __name__ == "__main__":
    main()
