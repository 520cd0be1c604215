"""The pipelines of a live swap: other faces may be chosen while it runs."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass

from typing_extensions import override

from roop.context_managers import Closing
from roop.errors import CancelledError, RoopError, UsageError, unexpected
from roop.options import Job
from roop.pipeline.live.control import ChoiceRequest, LiveChoice, LiveControl
from roop.pipeline.live.requirements import refuse_options_for_files
from roop.pipeline.stages.channel import StageThreads
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.pipeline.stages.resources import PipelineResources
from roop.validation import validate


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """A pipeline that was loaded for a choice."""

    pipeline: FramePipeline
    resources: PipelineResources
    request: ChoiceRequest

    def close(self) -> None:
        self.pipeline.close()
        self.resources.close()


class LivePipelines(Closing):
    """The pipeline that frames pass; the control may ask for another one.

    It is loaded in a thread of its own, with the networks that are there already, while frames pass
    the one before. It takes over once its photos have passed the screen. If it cannot be loaded,
    the one before stays.

    Args:
        first: An open pipeline; its owner closes it.
        resources: What it was made from.
        control: Asks for others.
        threads: Load them.
        patience_s: How long the screen may take for a verdict.
    """

    def __init__(
        self,
        first: FramePipeline,
        resources: PipelineResources,
        control: LiveControl,
        threads: StageThreads,
        patience_s: float,
    ) -> None:
        self._current = first
        self._resources = resources
        self._control = control
        self._threads = threads
        self.patience_s = patience_s
        """How long the screen may take for a verdict."""
        self._lock = threading.Lock()
        self._opened: list[_Opened] = []
        self._next: _Opened | None = None
        self._loading = False

    def of_next_frame(self) -> FramePipeline:
        """Return the pipeline for the next frame. Called by one thread only."""
        with self._lock:
            taken, self._next = self._next, None
        if taken is not None:
            self._current = taken.pipeline
            self._control.confirm(taken.request.choice)
            taken.request.succeed()
            self._loading = False
        if not self._loading and (request := self._control.take_request()) is not None:
            self._loading = True
            self._threads.spawn(lambda: self._load(request), "roop-choice")
        return self._current

    def retire(self, pipeline: FramePipeline) -> None:
        """Close a pipeline after its last frame."""
        with self._lock:
            found = [opened for opened in self._opened if opened.pipeline is pipeline]
            self._opened = [opened for opened in self._opened if opened.pipeline is not pipeline]
        pipeline.close()
        for opened in found:
            opened.close()

    @override
    def close(self) -> None:
        """Close what was loaded, after the threads have ended."""
        if self._next is not None:
            self._next.request.fail(CancelledError("the live swap has ended"))
        for opened in self._opened:
            opened.close()
        self._next, self._opened = None, []
        self._control.end()

    def _load(self, request: ChoiceRequest) -> None:
        """Open the pipeline for a choice; the next frame takes it."""
        try:
            opened = self._open(request)
        except Exception as error:  # the swap goes on as before
            self._loading = False
            request.fail(error if isinstance(error, RoopError) else unexpected(error))
            return
        with self._lock:
            self._opened.append(opened)
            self._next = opened

    def _open(self, request: ChoiceRequest) -> _Opened:
        job = _job_for(request.choice, self._current.job)
        with ExitStack() as stack:
            resources = self._resources.share()
            stack.callback(resources.close)
            pipeline = FramePipeline(job, resources, cancel=self._current.cancel)
            stack.enter_context(pipeline)
            pipeline.screen.wait_for_verdicts(self.patience_s)
            stack.pop_all()
        return _Opened(pipeline, resources, request)


def _job_for(choice: LiveChoice, before: Job) -> Job:
    """Return the job of a choice, in all else as before.

    Raises:
        UsageError: There is no such job.
    """
    detector = {"face_detector": before.faces.face_detector}
    chosen = {
        "sources": choice.sources,
        "more_sources": choice.more_sources,
        "faces": choice.faces.model_copy(update=detector),
    }
    job = validate(Job, {**dict(before), **chosen})
    if choice.more_sources and job.faces.mapped:
        raise UsageError("other faces to change to have no effect with a mapping")
    if not choice.sources and not job.faces.mapped:
        raise UsageError("there is no source photo", hint="choose at least one")
    refuse_options_for_files(job)
    return job
