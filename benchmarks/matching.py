"""Measure what telling people apart adds to following them, in CPU time of one thread and run."""

import argparse
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import cv2

from roop.faces.analyser import Analyser
from roop.faces.choice import Largest, Person, Wanted
from roop.faces.track import Track
from roop.media.video_reader import VideoReader
from roop.options import Settings, VideoOptions
from roop.types import Frame


class Timed(Wanted):
    """Counts what its own work takes."""

    spent_s = 0.0

    def choose(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        """Choose as usual."""
        begun = time.thread_time()
        chosen = super().choose(frame, tracks, cut=cut)
        self.spent_s += time.thread_time() - begun
        return chosen


def main() -> None:
    """Print milliseconds per frame for following the largest face, and for matching beside it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", type=Path, help="one that shows a face in its first frame")
    parser.add_argument("--frames", type=int, default=240)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    analyser = Analyser(Settings())
    with VideoReader(options.film, VideoOptions(), lambda sentence: None) as reader:
        frames = list(islice(reader, options.frames))
    mesh = analyser.faces(frames[0], "left-right")[0]
    person = Person(analyser.recogniser.describe(frames[0], mesh), 0)
    choice = Timed([person], analyser.recogniser, limit=0.85)
    trackers = analyser.tracker(Largest()), analyser.tracker(choice)
    spent = [0.0, 0.0]
    for frame in frames:
        for number, tracker in enumerate(trackers):
            begun = time.thread_time()
            tracker.update(frame)
            spent[number] += time.thread_time() - begun
    each = [1000 * s / len(frames) for s in (*spent, choice.spent_s)]
    print(f"largest {each[0]:.2f} ms, wanted {each[1]:.2f} ms, of it matching {each[2]:.2f} ms")


if __name__ == "__main__":
    main()
