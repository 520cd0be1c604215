"""Measure what following a face, and telling people apart, cost: milliseconds a frame.

    uv run --group dev python benchmarks/matching.py FILM               CPU time of one thread
    uv run --group dev python benchmarks/matching.py FILM --at-once 2   time of two processes

With two at once, as a job works with two cores, each frame's share of the time that passes is half
of what it takes.
"""

import argparse
import multiprocessing
import os
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from typing_extensions import override

from roop.faces.analyser import Analyser
from roop.faces.tracking.selection import KnownPeople, LargestFace, Person
from roop.faces.tracking.track import Track
from roop.media.video.reader import VideoReader
from roop.options import Settings, VideoOptions
from roop.types import Frame


class Barrier(Protocol):
    """What processes wait at for each other."""

    def wait(self) -> int:
        """Wait until all are there."""
        ...


class Timed(KnownPeople):
    """Counts what its own work takes."""

    spent_s = 0.0

    @override
    def select(
        self, frame: Frame, tracks: Sequence[Track], *, cut: bool = False
    ) -> Mapping[int, int]:
        begun = time.thread_time()
        chosen = super().select(frame, tracks, cut=cut)
        self.spent_s += time.thread_time() - begun
        return chosen


class FramePipeline:
    """A film in memory, and what follows the face in it."""

    def __init__(self, film: Path, most: int) -> None:
        cv2.setNumThreads(1)
        # As where a job has freed its first frames: until something large was freed, glibc asks
        # the system for every larger piece of memory anew, and waits for its pages.
        np.empty(1 << 24, np.uint8)
        self._analyser = Analyser(Settings())
        with VideoReader(film, VideoOptions(), lambda sentence: None) as reader:
            self.frames = list(islice(reader, most))
        mesh = self._analyser.faces(self.frames[0], "left-right")[0]
        self._recogniser = self._analyser.recogniser
        self._person = Person(self._recogniser.describe(self.frames[0], mesh), 0)

    def largest_s(self) -> float:
        """Return the CPU seconds of following the largest face."""
        tracker = self._analyser.tracker(LargestFace())
        begun = time.thread_time()
        for frame in self.frames:
            tracker.update(frame)
        return time.thread_time() - begun

    def wanted_s(self) -> tuple[float, float]:
        """Return the CPU seconds of following one certain person, and of matching alone."""
        selector = Timed([self._person], self._recogniser, limit=0.85)
        tracker = self._analyser.tracker(selector)
        begun = time.thread_time()
        for frame in self.frames:
            tracker.update(frame)
        return time.thread_time() - begun, selector.spent_s


def together(film: Path, most: int, ready: Barrier, rounds: int) -> None:
    """Be one of several processes that follow one certain person at the same time."""
    pipeline = FramePipeline(film, most)
    pipeline.wanted_s()
    ready.wait()
    for _ in range(rounds):
        pipeline.wanted_s()
    ready.wait()


def main() -> None:
    """Print milliseconds per frame."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("film", type=Path, help="one that shows a face in its first frame")
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--at-once", type=int, default=1, help="processes")
    options = parser.parse_args()
    if options.at_once == 1:
        pipeline = FramePipeline(options.film, options.frames)
        count = len(pipeline.frames)
        spent = [pipeline.largest_s(), *pipeline.wanted_s()]
        each = [1000 * s / count for s in spent]
        print(f"largest {each[0]:.2f} ms, wanted {each[1]:.2f} ms, of it matching {each[2]:.2f} ms")
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does
    rounds = 5
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(options.at_once + 1)
    work = options.film, options.frames, ready, rounds
    others = [context.Process(target=together, args=work) for _ in range(options.at_once)]
    for other in others:
        other.start()
    count = len(FramePipeline(options.film, options.frames).frames) * rounds * options.at_once
    ready.wait()
    begun = time.monotonic()
    ready.wait()
    passed = time.monotonic() - begun
    for other in others:
        other.join()
    print(f"wanted, {options.at_once} at once: {1000 * passed / count:.2f} ms pass for each frame")


if __name__ == "__main__":
    main()
