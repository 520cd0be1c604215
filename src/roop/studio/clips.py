"""A few seconds of a target, as a job of their own."""

from roop.errors import UsageError
from roop.media.base import TargetInfo
from roop.media.open import open_reader
from roop.options import FrameOptions, Job, VideoOptions

LONGEST_S = 5.0
"""Most seconds of a clip."""

_MOST_PIXELS = 300e6
"""Of all frames together: 145 frames at 1080p, 36 at 2160p."""

_UNKNOWN_FPS = 30.0


def clip_job(job: Job, start_s: float, seconds: float) -> Job:
    """Return the job that makes a clip of the target, labelled, as every browser plays it.

    Args:
        job: The whole job; its output is the clip's.
        start_s: Seconds from the beginning of the target.
        seconds: The length, at most ``LONGEST_S``; shortened where frames are large.

    Raises:
        UsageError: The target is no video.
        MediaError: The target cannot be read.
    """
    with open_reader(job.target, VideoOptions(), lambda sentence: None) as reader:
        info = reader.info
    if info.kind != "video":
        raise UsageError("only a video has clips", hint="ask for a preview of a frame")
    video = VideoOptions(
        start=start_s or None,
        end=start_s + _bounded(seconds, info),
        skip_audio=job.video.skip_audio,
    )
    return job.model_copy(
        update={
            "steps": tuple(step for step in job.steps if step.processor != "upscale"),
            "video": video,
            "label": job.label.model_copy(update={"label": True, "label_seconds": None}),
            "frames": FrameOptions(),
            "record": None,
        }
    )


def _bounded(seconds: float, info: TargetInfo) -> float:
    width, height = info.size
    frames = max(1.0, _MOST_PIXELS / (width * height))
    return min(seconds, LONGEST_S, frames / float(info.fps or _UNKNOWN_FPS))
