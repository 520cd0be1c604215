"""The calls most people need."""

import difflib
import threading
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from pydantic import ValidationError

from roop.errors import UsageError
from roop.options import (
    FaceOptions,
    Job,
    LabelOptions,
    Options,
    Settings,
    Step,
    VideoOptions,
    explain,
)
from roop.pipeline.job import JobResult as SwapResult
from roop.pipeline.job import run_job
from roop.pipeline.progress import Progress, Watch
from roop.processors import installed
from roop.processors.base import Registry

__all__ = ["Progress", "SwapOptions", "SwapResult", "make_job", "swap"]

AnyPath = str | PathLike[str]


class SwapOptions(TypedDict, total=False):
    """The options of ``roop swap``, under the names they have there."""

    engine: str
    face_shape: float
    many_faces: bool
    source_face_position: int | None
    output_video_encoder: str
    output_video_preset: str | None
    output_video_quality: int
    fps: float | None
    skip_audio: bool
    start: float | str | None
    end: float | str | None
    label: bool
    label_text: str
    label_corner: Literal["top-left", "top-right", "bottom-left", "bottom-right"]
    label_seconds: float | None
    force: bool
    record: str | PathLike[str] | None


def swap(
    source: AnyPath | Sequence[AnyPath],
    target: AnyPath,
    output: AnyPath,
    *,
    settings: Settings | None = None,
    watch: Watch | None = None,
    cancel: threading.Event | None = None,
    **options: Unpack[SwapOptions],
) -> SwapResult:
    """Put the face of ``source`` into ``target`` and write the result to ``output``.

    Args:
        source: One photo of the new face, or several of the same person, of which the one that
                looks at the camera most is taken.
        target: A photo, an animation or a video.
        output: A file, or an existing folder.
        settings: What this machine has; the defaults suit most.
        watch: Told of the progress a few times a second.
        cancel: Set it from another thread to stop.
        **options: As in ``roop swap --help``.

    Returns:
        What was made.

    Raises:
        RoopError: It could not be done; ``str(error)`` says why, ``error.hint`` what to do, and
            nothing is left behind.
    """
    sources = [source] if isinstance(source, str | PathLike) else source
    registry = installed()
    job = make_job([Path(s) for s in sources], Path(target), Path(output), options, registry)
    return run_job(job, settings or Settings(), registry, watch=watch, cancel=cancel)


def make_job(
    sources: Sequence[Path],
    target: Path,
    output: Path,
    options: Mapping[str, Any],
    registry: Registry,
) -> Job:
    """Sort flat ``options``, named as in ``roop swap --help``, into a job.

    Raises:
        UsageError: An option is unknown (the nearest name is offered) or out of range.
    """
    rest = dict(options)
    engine = registry[rest.pop("engine", "mesh")]
    faces = _take(rest, FaceOptions)
    video = _take(rest, VideoOptions)
    label = _take(rest, LabelOptions)
    step = Step(processor=engine.name, options=_take(rest, engine.options))
    force, record = rest.pop("force", False), rest.pop("record", None)
    for name in rest:
        models = (FaceOptions, VideoOptions, LabelOptions, engine.options)
        near = difflib.get_close_matches(name, [key for m in models for key in m.model_fields], n=1)
        hint = f"did you mean {near[0]!r}?" if near else "see `roop swap --help`"
        raise UsageError(f"engine {engine.name!r} has no option {name!r}", hint=hint)
    engine.parse(step.options)
    try:
        return Job.model_validate(
            {
                "sources": tuple(sources),
                "target": target,
                "output": output,
                "steps": (step,),
                "faces": faces,
                "video": video,
                "label": label,
                "force": force,
                "record": record,
            }
        )
    except ValidationError as error:
        raise UsageError(explain(error)) from error


def _take(rest: dict[str, Any], options: type[Options]) -> dict[str, Any]:
    return {name: rest.pop(name) for name in options.model_fields if name in rest}
