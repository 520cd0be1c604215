"""A process that runs jobs of the queue one by one: the child's side."""

import dataclasses
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from roop.errors import CancelledError, RoopError, unexpected
from roop.heap import trim_heap, use_one_arena
from roop.jobs.lease import Lease, LeaseKeeper
from roop.jobs.progress_report import ProgressReport
from roop.jobs.queue import Queue
from roop.jobs.queued_job import outcome_of
from roop.options import Job, Settings
from roop.pipeline.job import JobRunner
from roop.pipeline.stages.resources import PipelineResources
from roop.pipeline.workers.child_process import Message, ParentProcess, serve
from roop.processors import installed


def main() -> None:
    """Work until the parent has no more jobs."""
    use_one_arena()
    serve(_work)


def _work(parent: ParentProcess) -> None:
    import cv2

    cv2.setNumThreads(1)  # as in roop swap
    jobs = _Jobs()
    while (order := parent.messages.get()) is not None:
        with Queue(Path(order["queue"])) as queue:
            lease = queue.hand_over(Lease(order["number"], order["owner"]), os.getpid())
            with suppress(OSError):  # the parent is gone: the job stops and waits
                parent.send({"owner": lease.owner})
            jobs.do(order, queue, lease, parent.cancel)
        trim_heap()
        parent.send({"ended": lease.number})


class _Jobs:
    """Runs jobs, and keeps what they have in common."""

    def __init__(self) -> None:
        self._registry = installed()
        self._settings: Settings | None = None
        self._runner: JobRunner | None = None

    def do(self, order: Message, queue: Queue, lease: Lease, stop: threading.Event) -> None:
        """Run one job and record its outcome."""
        watch = ProgressReport(lambda progress: queue.report(lease, progress))
        try:
            job = Job.model_validate(order["job"])
            runner = self._runner_for(Settings.model_validate(order["settings"]))
            job.output.parent.mkdir(parents=True, exist_ok=True)
            with LeaseKeeper(lease, queue.renew, queue.wish_for, stop) as keeper:
                result = runner.run(job, watch=watch, cancel=keeper.cancel)
        except CancelledError:
            wish = queue.wish_for(lease)
            queue.finish(lease, "waiting" if wish is None else outcome_of(wish))
        except Exception as error:  # recorded for whoever submitted the job
            queue.finish(lease, "failed", error=_described(error))
        else:
            queue.finish(lease, "succeeded", result=dataclasses.asdict(result))

    def _runner_for(self, settings: Settings) -> JobRunner:
        if self._runner is None or settings != self._settings:
            shared = PipelineResources(settings, self._registry)
            self._settings, self._runner = (
                settings,
                JobRunner(settings, self._registry, shared=shared),
            )
        return self._runner


def _described(error: Exception) -> Mapping[str, Any]:
    known = error if isinstance(error, RoopError) else unexpected(error)
    return {"code": known.code, "message": str(known), "hint": known.hint}
