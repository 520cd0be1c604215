"""Films that are long for their pace, and a process that does jobs on them until it is killed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from roop.options import Job, Options, Settings, Step
from roop.pipeline.job import JobResult, run_job
from roop.pipeline.progress import Progress, Watch
from roop.pipeline.segments.plan import Pace
from roop.processors import installed
from roop.processors.base import Context, Processor, ProcessorSpec, Registry
from roop.types import AnalysedFrame, Box, Pixels
from support.clips import Clip
from support.films import SIZE, woman_at

PACE = Pace(length=Fraction(1), lead=Fraction(1, 5))

FRAMES = 90

WAIT = (70, 60, 50, 90, 65)
"""Milliseconds between two frames, over and over: 15 frames a second, and none of them alike."""


Packets = tuple[list[str], list[tuple[object, ...]]]


def seen(path: Path) -> Packets:
    """Return every packet of every stream with its times."""
    with av.open(str(path)) as container:
        found = [
            (p.stream_index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p))
            for p in container.demux()
            if p.size
        ]
        return [stream.type for stream in container.streams], found


def work_folders(folder: Path) -> list[Path]:
    return list(folder.glob(".roop-work-*"))


@dataclass(frozen=True)
class FaceClip(Clip):
    """Six seconds of a woman who goes to the right, with sound; a keyframe every second."""

    size: tuple[int, int] = SIZE
    times: Sequence[int] = tuple(sum(WAIT[i % 5] for i in range(n)) for n in range(FRAMES))
    time_base: Fraction = Fraction(1, 1000)
    options: dict[str, str] = field(
        default_factory=lambda: {
            "preset": "veryfast",
            "crf": "12",
            "g": "15",
            "sc_threshold": "0",
        }
    )
    sound: Sequence[str] = ("eng",)
    sound_s: float = 6.0
    begin: float = 110.0

    def pixels(self, number: int) -> Pixels:
        return woman_at(self.begin + number)


class Counter(Processor):
    """Paints how many frames it has seen since it forgot the last, and logs what it paints.

    Whatever leaks from one segment into another shows.
    """

    def __init__(self, log: Path | None) -> None:
        self._log = log
        self._seen = 0

    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        for analysed in analysed_frames:
            self._seen += 1
            square = np.full((40, 40, 3), 40 + self._seen, np.uint8)
            analysed.frame.paste(Box(0, 0, 40, 40), square, np.full((40, 40), 255, np.uint8))
            if self._log is not None:
                with self._log.open("a", encoding="ascii") as log:
                    log.write(f"{analysed.frame.pts}\n")
        return analysed_frames

    def observe(self, analysed: AnalysedFrame, frame_count: int) -> None:
        self._seen += frame_count

    def reset(self) -> None:
        self._seen = 0


def counting(log: Path | None = None) -> Registry:
    def build(options: Options, context: Context) -> Counter:
        return Counter(log)

    return Registry([ProcessorSpec("counter", "", Options, build, engine=True)])


def count(
    source: Path, target: Path, output: Path, *, watch: Watch | None = None, **options: object
) -> JobResult:
    """Do a job at ``PACE`` in this process."""
    files = {"sources": (source,), "target": target, "output": output}
    video = {"output_video_preset": "ultrafast"}
    step = Step(processor="counter")
    job = Job.model_validate({**files, "steps": (step,), "video": video, **options})
    registry = counting(output.with_suffix(".log"))
    return run_job(job, Settings(workers=1), registry, watch=watch, pace=PACE)


def swapping(media: Path, output: Path, engine: str = "mesh") -> Job:
    """Return a job of an installed engine, which workers can do."""
    files = {"sources": (media / "source.png",), "target": media / "film.mp4", "output": output}
    video = {"output_video_preset": "ultrafast", "output_video_quality": 0}
    return Job.model_validate({**files, "steps": ({"processor": engine},), "video": video})


def swap(media: Path, output: Path, *, pace: Pace = PACE, **settings: object) -> JobResult:
    """Do a job with the real engine."""
    job = swapping(media, output)
    return run_job(job, Settings.model_validate(settings), installed(), pace=pace)


def main() -> None:
    """For each line of stdin do the job in a child, and say its number and how it ended."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _work(order)
        _say(pid=child)
        _, status = os.waitpid(child, 0)
        _say(code=os.waitstatus_to_exitcode(status))


def _work(order: dict[str, str]) -> None:
    import resource  # Windows has none

    try:
        limit = int(order.get("limit", resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        def watch(seen: Progress) -> None:
            if not told:
                told.append(seen)
                _say(begun=True)

        told: list[Progress] = []
        count(*(Path(order[name]) for name in ("source", "target", "output")), watch=watch)
        _say(done=True)
    except BaseException as error:
        _say(error=str(error))
        os._exit(1)
    os._exit(0)


def _say(**news: object) -> None:
    os.write(1, (json.dumps(news) + "\n").encode())


if __name__ == "__main__":
    main()
