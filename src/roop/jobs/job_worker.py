"""A process that does whole jobs, one after the other: the child's side."""

from roop.errors import CancelledError
from roop.heap import trim_heap, use_one_arena
from roop.options import Job, Settings
from roop.pipeline.job import JobRunner
from roop.pipeline.progress import Progress
from roop.pipeline.stages.resources import PipelineResources
from roop.pipeline.workers.child_process import ParentProcess, serve
from roop.pipeline.workers.remote_error import error_to_dict
from roop.processors import installed


def main() -> None:
    """Work until the parent has no more jobs."""
    use_one_arena()
    serve(_work)


def _work(parent: ParentProcess) -> None:
    import cv2

    cv2.setNumThreads(1)  # there are other workers for the other cores
    setup = parent.messages.get()
    if setup is None:
        return
    settings, registry = Settings.model_validate(setup["settings"]), installed()
    runner = JobRunner(settings, registry, shared=PipelineResources(settings, registry))

    def report(progress: Progress) -> None:
        parent.send({"progress": progress.to_dict()})

    while (message := parent.messages.get()) is not None:
        job = Job.model_validate(message["job"])
        try:
            result = runner.run(job, watch=report, cancel=parent.cancel)
        except CancelledError:
            raise  # the parent has closed stdin: this process ends
        except Exception as error:  # the edge of a job: the others are not affected
            parent.send({"error": error_to_dict(error)})
        else:
            parent.send({"result": result.to_dict()})
        trim_heap()


if __name__ == "__main__":
    main()
