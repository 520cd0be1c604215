"""A worker process: process segments of a long job until the parent has no more."""

import gc

from roop.heap import use_one_arena
from roop.pipeline.progress import Meter, Progress
from roop.pipeline.segments.chosen_person import ChosenPersonFinder
from roop.pipeline.segments.plan import Segment
from roop.pipeline.segments.segment_runner import SegmentRunner
from roop.pipeline.segments.work_folder import WorkFolder
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.pipeline.stages.resources import PipelineResources
from roop.pipeline.workers.child_process import ParentProcess, serve
from roop.pipeline.workers.setup import WorkerSetup
from roop.processors import installed


def main() -> None:
    """Work until the parent has no more segments."""
    use_one_arena()
    serve(_work)


def _work(parent: ParentProcess) -> None:
    import cv2

    cv2.setNumThreads(1)  # there are other workers for the other cores
    message = parent.messages.get()
    if message is None:
        return
    setup = WorkerSetup.from_dict(message)

    def report(progress: Progress) -> None:
        parent.send({"counts": progress.counts.to_dict()})

    folder = WorkFolder(setup.folder)
    resources = PipelineResources(setup.settings, installed())
    with FramePipeline(setup.job, resources, cancel=parent.cancel) as pipeline:
        chosen_person = ChosenPersonFinder(pipeline, setup.seek_times, folder)
        gc.freeze()  # what was imported and loaded stays: no need to look through it again
        while (message := parent.messages.get()) is not None:
            segment = Segment.from_dict(message)
            meter = Meter(None, report)
            SegmentRunner(pipeline, chosen_person, setup.output, folder, meter, setup.target).run(
                [segment]
            )
            parent.send({"done": segment.number})


if __name__ == "__main__":
    main()
