"""Measure what more photos of one person are worth: a film's own frames are given as its source.

    uv run --group dev python benchmarks/photos.py FILM 246,287,328

Prints the mean difference of the swapped film to the film itself inside the face, grey levels.
"""

import argparse
from pathlib import Path

import av
import cv2
import numpy as np

from roop.faces.analyser import Analyser
from roop.faces.mesh.topology import OVAL
from roop.faces.tracking.selection import LargestFace
from roop.media.video.reader import VideoReader
from roop.options import Settings, Step, VideoOptions
from roop.processors import installed
from roop.processors.base import Context
from roop.types import AnalysedFrame, Box, Identity


def main() -> None:
    """Print the difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("film", type=Path, help="one person, in sight in every frame")
    parser.add_argument("frames", help="numbers of the frames to give as photos, by comma")
    options = parser.parse_args()
    numbers = {int(number) for number in options.frames.split(",")}
    analyser = Analyser(Settings())
    with av.open(options.film) as film:
        photos = [
            analyser.portrait(picture.to_ndarray(format="rgb24"), None, name=str(number))
            for number, picture in enumerate(film.decode(video=0))
            if number in numbers
        ]
    context = Context(Settings(), (Identity(tuple(photos)),))
    (engine,) = installed().build((Step(processor="mesh"),), context)
    tracker = analyser.tracker(LargestFace())
    off = []
    with VideoReader(options.film, VideoOptions(), lambda sentence: None) as reader:
        for frame in reader:
            faces = tracker.update(frame)
            everything = Box(0, 0, *frame.size)
            before = frame.crop(everything).astype(float)
            engine.process([AnalysedFrame(frame, faces)])
            for face in faces:
                hull = cv2.convexHull(face.mesh[list(OVAL), :2].astype(np.int32))
                inside = np.zeros(before.shape[:2], np.uint8)
                cv2.fillConvexPoly(inside, hull, 1)
                inside = cv2.erode(inside, np.ones((9, 9), np.uint8)) > 0
                off.append(np.abs(frame.crop(everything) - before)[inside].mean())
    print(f"{len(photos)} photos: {np.mean(off):.2f} grey levels in {len(off)} frames")


if __name__ == "__main__":
    main()
