"""One job from its sources and its target to its output."""

import dataclasses
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from roop.errors import UsageError
from roop.faces.analyser import Analyser
from roop.faces.tracker import FaceTracker
from roop.media.base import Reader, Warn, Writer
from roop.media.disk import writing
from roop.media.open import natural_suffix, open_reader, open_writer
from roop.media.output import OutputFile
from roop.models.loader import Models
from roop.models.networks import embedded_models
from roop.options import Job, Settings, WithoutFace
from roop.pipeline.channel import Channel, Stages
from roop.pipeline.people import nobody_in, nobody_replaced, read_cast, source_paths
from roop.pipeline.progress import Meter, Watch
from roop.pipeline.record import inputs_of, write_record
from roop.processors.base import Context, Processor, Registry, applied
from roop.provenance.label import Label
from roop.provenance.marks import marks_for
from roop.provenance.watermark import Watermark
from roop.safety.screen import Screen
from roop.types import Frame, Scene

T = TypeVar("T")
"""What is pumped from one stage to the next."""

_DEPTH = 2
"""Frames that may wait between two stages."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a finished job made."""

    output: Path
    frames: int
    swapped: int
    """Frames in which at least one face was replaced."""
    faces: int
    """Faces that were replaced, in all frames together."""
    damaged: int
    """Frames of the target that could not be decoded and are left out."""
    screened: int
    """Source photos and frames that were looked at for nudity, all without a finding."""
    elapsed_s: float
    engine: str
    warnings: tuple[str, ...]
    """Plain sentences, each said once."""
    kept_frames: Path | None = None
    """The folder of the output's frames as pictures, if they were asked for."""


def run_job(
    job: Job,
    settings: Settings,
    registry: Registry,
    *,
    watch: Watch | None = None,
    cancel: threading.Event | None = None,
) -> JobResult:
    """Do one job; the output appears under its name only when it is whole.

    Args:
        job: What to do.
        settings: What this machine has.
        registry: The processors that ``job.steps`` may name.
        watch: Told of the progress a few times a second.
        cancel: Set it from another thread or a signal handler to stop the job.

    Raises:
        RoopError: The job could not be done; nothing is left behind.
    """
    cancel = cancel or threading.Event()
    if job.record is None:
        return _run(job, settings, registry, watch, cancel)
    if job.record.absolute() == output_path(job).absolute():
        raise UsageError(f"{job.record} is the output", hint="name another file for the record")
    with OutputFile(job.record, force=job.force) as file:
        inputs = inputs_of(job)
        result = _run(job, settings, registry, watch, cancel)
        with writing(job.record, file.part):
            results = dataclasses.asdict(result)
            write_record(file.part, job, settings, inputs=inputs, results=results)
    return result


def _run(
    job: Job,
    settings: Settings,
    registry: Registry,
    watch: Watch | None,
    cancel: threading.Event,
) -> JobResult:
    started = time.monotonic()
    warnings: dict[str, None] = {}  # a set that keeps its order
    warn: Warn = warnings.setdefault
    output = output_path(job)
    engine, models = job.steps[0].processor, Models(settings, warn=warn)
    used = (*embedded_models(models.folder), *registry.models(job.steps, settings))
    marks = marks_for(engine, used, settings, warn)
    with Screen(settings, cancel) as screen:
        analyser = Analyser(settings)
        cast = read_cast(job, analyser, screen, warn=warn, cancel=cancel)
        processors = registry.build(job.steps, Context(settings, cast.identities, models))
        with (
            open_reader(
                job.target, job.video, warn, output=output, scale=registry.scale(job.steps)
            ) as reader,
            open_writer(
                output, reader, job.video, force=job.force, warn=warn, marks=marks
            ) as writer,
        ):
            meter = Meter(reader.info.frames, watch)
            choice = cast.choice(job.faces, analyser)
            tracker = analyser.tracker(choice)
            label = Label(job.label) if job.label.label else None
            line = _Line(
                reader,
                screen,
                tracker,
                processors,
                Watermark(),
                label,
                writer,
                at_once=registry.batch(job.steps, settings),
                without_face=job.faces.if_no_face,
            )
            _stream(line, meter, cancel)
            if not meter.swapped:
                raise nobody_replaced(job, choice)
    meter.tell()
    elapsed_s = time.monotonic() - started
    return JobResult(
        output=output,
        frames=meter.frames,
        swapped=meter.swapped,
        faces=meter.faces,
        damaged=reader.damaged,
        screened=screen.passed,
        elapsed_s=elapsed_s,
        engine=engine,
        warnings=tuple(warnings),
    )


def output_path(job: Job) -> Path:
    """Return the file to write: ``job.output``, or a name of its own inside that folder.

    Raises:
        UsageError: That is a source photo.
        MediaError: The name depends on the target, which cannot be read.
    """
    path, sources = job.output, source_paths(job)
    if path.is_dir():
        suffix = natural_suffix(job.target, job.video)
        path = path / f"{sources[0].stem}-{job.target.stem}{suffix}"
    for source in sources:
        if path.exists() and source.exists() and path.samefile(source):
            raise UsageError(f"the output {path} is a source photo", hint="choose another name")
    return path


@dataclass(frozen=True, slots=True)
class _Line:
    """The parts that a frame passes, in order."""

    reader: Reader
    screen: Screen
    tracker: FaceTracker
    processors: Sequence[Processor]
    watermark: Watermark
    label: Label | None
    writer: Writer
    at_once: int
    """Frames that the processors are given together, if there are so many."""
    without_face: WithoutFace

    def scenes(self, frames: Iterable[Frame]) -> Iterator[Scene]:
        """Yield what becomes of ``frames``, in order."""
        rest = iter(frames)
        while some := list(islice(rest, self.at_once)):
            yield from self._changed(some)

    def _changed(self, frames: Sequence[Frame]) -> Sequence[Scene]:
        target = self.reader.info
        for frame in frames:
            self.screen.show(frame, str(target.path), still=target.kind == "image")
        scenes: Sequence[Scene] = [Scene(frame, self.tracker.update(frame)) for frame in frames]
        for processor in self.processors:
            scenes = applied(processor, scenes)
        if self.label is not None:
            for scene in scenes:
                self.label.stamp(scene.frame)
        return scenes

    def keeps(self, frame: Frame) -> bool:
        """Tell whether a frame in which nobody was replaced goes into the output.

        Raises:
            NoFaceError: There may be no such frame.
        """
        if self.without_face == "error":
            raise nobody_in(frame, self.reader.info.path)
        return self.without_face == "copy"


def _stream(line: _Line, meter: Meter, cancel: threading.Event) -> None:
    """Read, change and write at the same time, in bounded memory."""
    stages = Stages(cancel)
    decoded: Channel[Frame] = Channel(_DEPTH, stages)
    changed: Channel[Scene] = Channel(_DEPTH, stages)

    def write(scenes: Iterable[Scene]) -> None:
        for scene in scenes:
            if meter.frames == 0:
                line.screen.settle()  # not one frame is written before the sources have passed
            meter.count(faces=len(scene.faces))
            if scene.faces or line.keeps(scene.frame):
                line.watermark.stamp(scene.frame, scene.faces)
                line.writer.write(scene.frame)

    stages.spawn(lambda: _pump(line.reader, decoded), "roop-reader")
    stages.spawn(lambda: write(changed), "roop-writer")
    stages.guard(lambda: _pump(line.scenes(decoded), changed))
    stages.join()
    line.screen.settle()


def _pump(items: Iterable[T], channel: Channel[T]) -> None:
    for item in items:
        channel.put(item)
    channel.close()
