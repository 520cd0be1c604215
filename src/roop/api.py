"""The calls most people need."""

import threading
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

from roop.errors import UsageError
from roop.options import (
    FaceOptions,
    Job,
    LabelOptions,
    Settings,
    Step,
    VideoOptions,
)
from roop.pipeline.job import JobResult, run_job
from roop.pipeline.progress import Progress, Watch
from roop.processors import installed
from roop.processors.base import OptionsT, Registry
from roop.validation import Spelling, checked, nearest

__all__ = ["JobResult", "Progress", "SwapOptions", "make_job", "swap"]

AnyPath = str | PathLike[str]


class SwapOptions(TypedDict, total=False):
    """The options of ``roop swap``, under the names they have there."""

    engine: str
    face_shape: float
    swap_model: str | None
    pixel_boost: int | None
    mask: str | Sequence[str]
    mask_padding: Sequence[float]
    mask_blur: float
    mask_region: str | Sequence[str]
    face_weight: float
    colour_match: float
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
) -> JobResult:
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
    *,
    spelling: Spelling = str,
) -> Job:
    """Sort flat ``options``, named as in ``roop swap --help``, into a job.

    Args:
        sources: Photos of the new face, at least one.
        target: What is changed.
        output: A file, or an existing folder.
        options: By their names in Python, e.g. ``many_faces``.
        registry: The engines to choose from.
        spelling: How the person wrote an option's name, for what is said of it.

    Raises:
        UsageError: An option is unknown (the nearest name is offered) or out of range.
    """
    if not sources:
        raise UsageError("there is no source photo", hint="name at least one")
    rest = dict(options)
    engine = registry[rest.pop("engine", "mesh")]
    faces = _taken(rest, FaceOptions, spelling)
    video = _taken(rest, VideoOptions, spelling)
    label = _taken(rest, LabelOptions, spelling)
    step = Step(
        processor=engine.name,
        options={name: rest.pop(name) for name in engine.options.model_fields if name in rest},
    )
    engine.parse(step.options, spelling=spelling)
    for name in rest.keys() - _OF_THE_JOB:
        models = (FaceOptions, VideoOptions, LabelOptions, engine.options)
        known = {key: key for model in models for key in model.model_fields}
        raise UsageError(
            f"engine {engine.name!r} has no option {spelling(name)}",
            hint=nearest(name, known, spelling=spelling) or "see `roop swap --help`",
        )
    files = {"sources": tuple(sources), "target": target, "output": output, "steps": (step,)}
    return checked(
        Job, {**files, "faces": faces, "video": video, "label": label, **rest}, spelling=spelling
    )


_OF_THE_JOB = frozenset({"force", "record"})
"""Options that belong to no group."""


def _taken(rest: dict[str, Any], options: type[OptionsT], spelling: Spelling) -> OptionsT:
    """Remove from ``rest`` what belongs to ``options``, and make them."""
    values = {name: rest.pop(name) for name in options.model_fields if name in rest}
    return checked(options, values, spelling=spelling)
