"""One segment of a long target: read, changed, encoded and recorded."""

import gc
import math
from pathlib import Path

from roop.heap import give_back
from roop.media.stretch_writer import StretchWriter
from roop.media.video_reader import VideoReader
from roop.pipeline.bench import Bench
from roop.pipeline.plan import Segment
from roop.pipeline.progress import Meter
from roop.pipeline.scout import Scout
from roop.pipeline.tally import Tally
from roop.pipeline.work_folder import WorkFolder
from roop.provenance.label import Label
from roop.types import Frame


def run_segment(
    bench: Bench, segment: Segment, scout: Scout, *, output: Path, folder: WorkFolder, meter: Meter
) -> Tally:
    """Do one segment; it is recorded as done when it is safe on the disk.

    Args:
        bench: What works on the frames.
        segment: Which part of the job.
        scout: Knows who is in sight where it begins.
        output: The file that the job is to make.
        folder: Where finished segments lie.
        meter: Counts the frames.
    """
    job, path = bench.job, folder.packets(segment.number)
    with VideoReader(
        job.target,
        job.video,
        bench.warn,
        stretch=segment.stretch,
        scale=bench.scale,
        beside_work=True,
    ) as reader:
        looks = scout.looks(segment.number, reader)
        with StretchWriter(path, reader, job.video, output=output, warn=bench.warn) as writer:

            def lead(frame: Frame) -> int:
                left_s = reader.lead(frame)
                if left_s:
                    writer.skip(frame)
                return math.ceil(left_s * segment.lead_fps)

            label = Label(job.label, begins=reader.begins) if job.label.label else None
            tally = bench.run(reader, writer, meter, label=label, lead=lead, looks=looks)
        tally += Tally(left_out=writer.left_out)
    folder.record(segment.number, tally)
    # PyAV's containers and streams hold each other: encoders would pile up, 80 MB each at 720p.
    gc.collect()
    give_back()  # or what is left between the pieces in use grows with every segment
    return tally
