"""Turn flat options, as on a command line or in a call, into a job."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from roop.errors import UsageError
from roop.live_options import LiveOptions
from roop.options import FaceOptions, FrameOptions, Job, LabelOptions, Options, Step, VideoOptions
from roop.processors.base import OptionsT, Registry
from roop.validation import Spelling, suggest, validate

NO_ENGINE = "none"
"""Instead of an engine's name: nothing is swapped, and no source photo is needed."""

_CAMERA = "camera"
"""The target of a live job: an address could contain a password."""

_OF_THE_JOB = frozenset({"force", "record"})
"""Options that are fields of ``Job`` itself."""


def make_live(
    sources: Sequence[Path],
    options: Mapping[str, Any],
    registry: Registry,
    *,
    spelling: Spelling = str,
) -> tuple[Job, LiveOptions]:
    """Sort flat ``options``, named as in ``roop live --help``; see ``make_job``."""
    rest = dict(options)
    where = _taken(rest, LiveOptions, spelling)
    if rest.setdefault("label", True) is not True:
        raise UsageError(
            "live pictures always carry a label", hint=f"leave {spelling('label')} out"
        )
    output = where.record_video or Path("live")
    return make_job(sources, Path(_CAMERA), output, rest, registry, spelling=spelling), where


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
        sources: Photos of the new face; may be empty with a mapping, or if the engine is "none".
        target: The file to change.
        output: A file, or an existing folder.
        options: By their names in Python, e.g. ``many_faces``.
        registry: The engines to choose from.
        spelling: Writes an option's name in messages as the user did.

    Raises:
        UsageError: An option is unknown (the nearest name is offered) or out of range.
    """
    rest = dict(options)
    steps = _steps(rest, registry, spelling)
    faces = _taken(rest, FaceOptions, spelling)
    video = _taken(rest, VideoOptions, spelling)
    label = _taken(rest, LabelOptions, spelling)
    frames = _taken(rest, FrameOptions, spelling)
    for name in rest.keys() - _OF_THE_JOB:
        raise _unknown(name, steps, registry, spelling)
    if not sources and not faces.mapped and registry[steps[0].processor].engine:
        raise UsageError("there is no source photo", hint="name at least one")
    files = {"sources": tuple(sources), "target": target, "output": output, "steps": steps}
    groups = {"faces": faces, "video": video, "label": label, "frames": frames}
    return validate(Job, {**files, **groups, **rest}, spelling=spelling)


def _steps(rest: dict[str, Any], registry: Registry, spelling: Spelling) -> tuple[Step, ...]:
    """Remove the processors' options from ``rest``, and return steps, the engine's first.

    A processor with an option of its own name, such as ``enhance``, is added by that option.
    """
    engine, named = rest.pop("engine", "mesh"), rest.pop("processor", ())
    if not isinstance(engine, str):
        raise UsageError(f"{spelling('engine')} needs a name, not {engine!r}")
    specs = [] if engine == NO_ENGINE else [registry.engine(engine)]
    for name in _names(named, spelling):
        if registry[name].engine:
            raise UsageError(f"{name} is an engine", hint=f"name it with {spelling('engine')}")
        specs.append(registry[name])
    for spec in [spec for spec in registry if not spec.engine and spec.name in rest]:
        given = rest[spec.name]
        if given is None or isinstance(given, bool):
            del rest[spec.name]
        if given is not None and given is not False:
            specs.append(spec)
    if not specs:
        raise UsageError(
            "there is nothing to do", hint=f"add {spelling('enhance')} or {spelling('upscale')}"
        )
    steps = []
    for spec in dict.fromkeys(specs):
        options = {name: rest.pop(name) for name in spec.options.model_fields if name in rest}
        spec.parse(options, spelling=spelling)
        steps.append(Step(processor=spec.name, options=options))
    return tuple(steps)


def _names(given: object, spelling: Spelling) -> Sequence[str]:
    """Return the names of processors."""
    names = [given] if isinstance(given, str) else given
    if isinstance(names, Sequence) and all(isinstance(name, str) for name in names):
        return names
    raise UsageError(f"{spelling('processor')} needs names, not {given!r}")


def _unknown(
    name: str, steps: Sequence[Step], registry: Registry, spelling: Spelling
) -> UsageError:
    """Return the error for an option that no part of a job has."""
    engine = steps[0].processor
    owners = [spec for spec in registry if name in spec.options.model_fields]
    if owners and not owners[0].engine:
        way = owners[0].name if owners[0].name in owners[0].options.model_fields else "processor"
        return UsageError(
            f"{spelling(name)} has no effect without the processor {owners[0].name}",
            hint=f"add {spelling(way)}" + (f" {owners[0].name}" if way == "processor" else ""),
        )
    models: list[type[Options]] = [FaceOptions, VideoOptions, LabelOptions, FrameOptions]
    models += [registry[step.processor].options for step in steps]
    known = {key: key for model in models for key in model.model_fields}
    near = suggest(name, known, spelling=spelling) or "see `roop swap --help`"
    return UsageError(f"engine {engine!r} has no option {spelling(name)}", hint=near)


def _taken(rest: dict[str, Any], options: type[OptionsT], spelling: Spelling) -> OptionsT:
    """Remove the fields of ``options`` from ``rest``, and return them validated."""
    values = {name: rest.pop(name) for name in options.model_fields if name in rest}
    return validate(options, values, spelling=spelling)
