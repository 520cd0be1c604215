"""What a live swap cannot do, because a camera has neither an end nor a frame to point at."""

from roop.errors import UsageError
from roop.live_options import FILES_ONLY
from roop.options import FaceOptions, FrameOptions, Job, LabelOptions, VideoOptions
from roop.pipeline.people.mapping_file import assignments_of


def refuse_options_for_files(job: Job) -> None:
    """Refuse options that a camera has no use for.

    Raises:
        UsageError: There is one.
    """
    values = {**dict(job.faces), **dict(job.video), **dict(job.label), **dict(job.frames)}
    defaults = {
        name: field.default
        for options in (FaceOptions, VideoOptions, LabelOptions, FrameOptions)
        for name, field in options.model_fields.items()
    }
    given = [name for name in sorted(FILES_ONLY) if values[name] != defaults[name]]
    given += ["record"] if job.record else []
    if given:
        raise UsageError(f"[[{given[0]}]] has no effect on a camera", hint="leave it out")
    pointed = any(person.position is not None for person in assignments_of(job.faces))
    if job.faces.by_position or pointed:
        raise UsageError(
            "a camera has no frame in which to point at a person",
            hint="[[reference=PHOTO]] or [[map=SOURCE=PHOTO]] says who is replaced",
        )
