"""A process that does segments of a long job: the child's side."""

import gc
from fractions import Fraction
from pathlib import Path

from roop.heap import use_one_arena
from roop.options import Job, Settings
from roop.pipeline.progress import Meter, Progress
from roop.pipeline.segments.chosen_person import ChosenPersonFinder
from roop.pipeline.segments.plan import Segment
from roop.pipeline.segments.segment_run import SegmentRun
from roop.pipeline.segments.work_folder import WorkFolder
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.pipeline.workers.child_process import ParentProcess, serve
from roop.processors import installed


def main() -> None:
    """Work until the parent has no more segments."""
    use_one_arena()
    serve(_work)


def _work(parent: ParentProcess) -> None:
    import cv2

    cv2.setNumThreads(1)  # there are other workers for the other cores
    brief = parent.orders.get()
    if brief is None:
        return
    job, settings = Job.model_validate(brief["job"]), Settings.model_validate(brief["settings"])
    output, folder = Path(brief["output"]), WorkFolder(Path(brief["folder"]))

    def tell(seen: Progress) -> None:
        parent.answer({"counts": [seen.frames, seen.swapped, seen.faces, seen.seen]})

    places = [None if place is None else Fraction(place) for place in brief["places"]]
    with FramePipeline(job, settings, installed(), cancel=parent.cancel) as pipeline:
        chosen_person = ChosenPersonFinder(pipeline, places, folder)
        gc.freeze()  # what was imported and loaded stays: no need to look through it again
        while (order := parent.orders.get()) is not None:
            meter = Meter(None, tell)
            segment = Segment.unpacked(order)
            SegmentRun(pipeline, chosen_person, output, folder, meter).do([segment])
            parent.answer({"done": segment.number})


if __name__ == "__main__":
    main()
