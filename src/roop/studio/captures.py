"""Recordings and stills of a live swap, marked and signed like every output."""

import time
from collections.abc import Callable
from pathlib import Path

from typing_extensions import override

from roop.context_managers import Transaction
from roop.media.files.output_file import OutputFile
from roop.media.live.files import LiveFiles
from roop.media.live.recorder import LiveRecorder
from roop.media.pictures.frame_file import write_frame
from roop.models.files.folder import ModelFolder
from roop.models.networks import embedded_models
from roop.options import Job
from roop.pipeline.live.control import LiveControl
from roop.pipeline.stages.resources import PipelineResources
from roop.provenance.marks import make_marks
from roop.types import Frame

LONGEST_S = 600.0
"""Most seconds of a recording, which then ends by itself."""

_NAME = "roop-camera.mp4"
"""Name of the files; the time is added."""


def open_captures(
    job: Job, resources: PipelineResources, folder: Path, control: LiveControl
) -> LiveFiles:
    """Return what records and takes stills.

    Args:
        job: The live swap's.
        resources: Processors, and the certificate to sign with.
        folder: Where the files are written.
        control: Says when to record, and counts the stills that were asked for.

    Raises:
        RoopError: Outputs cannot be signed.
    """
    settings, registry = resources.settings, resources.registry
    engine = job.steps[0].processor
    models = (*embedded_models(ModelFolder(settings)), *registry.models(job.steps, settings))
    swaps = registry[engine].engine
    marks = make_marks(engine, models, settings, _ignore, swaps=swaps, labelled=True)

    def open_recorder(path: Path) -> LiveRecorder:
        return LiveRecorder(path, job.video, force=False, marks=marks)

    def save_image(path: Path, frame: Frame) -> None:
        with OutputFile(path, force=False, marks=marks) as file:
            write_frame(file.part, frame, quality=0)

    return LiveFiles(
        None,
        folder / _NAME,
        open_recorder,
        save_image=save_image,
        wanted=lambda: (control.state.recording, control.state.snapshots),
        note=_ignore,
    )


class CaptureSink(Transaction):
    """Saves frames, tells of each complete file, and ends long recordings.

    Implements ``FrameSink``.

    Args:
        files: Saves the frames.
        control: Says when to record.
        on_saved: Receives the name of each complete file.
    """

    name = "captures"
    period_s: float | None = None

    def __init__(
        self, files: LiveFiles, control: LiveControl, on_saved: Callable[[str], None]
    ) -> None:
        self._files = files
        self._control = control
        self._on_saved = on_saved
        self._told = 0
        self._since: float | None = None
        self.waiting = files.waiting
        """Frames that may wait."""

    def show(self, frame: Frame | None) -> None:
        """Save a frame where it is wanted.

        Raises:
            DiskFullError: The disk is full.
            MediaError: The recording cannot be written.
        """
        if not self._control.state.recording:
            self._since = None
        elif self._since is None:
            self._since = time.monotonic()
        elif time.monotonic() - self._since > LONGEST_S:
            self._control.set_recording(False)
        self._files.show(frame)
        self._tell()

    @override
    def commit(self) -> None:
        """Complete the recording."""
        self._files.commit()
        self._tell()

    @override
    def discard(self) -> None:
        """Remove a recording that is not complete."""
        self._files.discard()

    def _tell(self) -> None:
        for path in self._files.saved[self._told :]:
            self._on_saved(path.name)
        self._told = len(self._files.saved)


def _ignore(sentence: str) -> None:
    """Ignore a warning."""
