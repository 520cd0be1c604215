"""What to say when there is nobody to replace."""

from pathlib import Path

from roop.errors import NoFaceError
from roop.faces.recognition.descriptor import FARTHEST
from roop.options import Job
from roop.types import Frame


def nobody_replaced_error(job: Job, nearest: float) -> NoFaceError:
    """Return what to say when the whole target went by and no face was replaced.

    Args:
        job: What was asked for.
        nearest: The smallest distance of a face to somebody who is wanted.
    """
    if nearest < FARTHEST:
        limit = job.faces.similar_face_distance
        return NoFaceError(
            f"nobody in {job.target} is the one to replace: the nearest face is at a distance of "
            f"{nearest:.2f}, the limit is {limit:g}",
            hint=f"[[similar_face_distance={nearest + 0.05:.2f}]] would take it; "
            f"`roop faces {job.target}` shows who is there",
        )
    return no_face_error(job.target)


def no_face_error(target: Path) -> NoFaceError:
    """Return what to say when there is nobody in ``target``."""
    return NoFaceError(
        f"no face found in {target}",
        hint="the face must be visible, at least about 40 pixels from eyes to chin",
    )


def nobody_in_frame_error(frame: Frame, target: Path) -> NoFaceError:
    """Return what to say when a frame without anybody to replace is an error."""
    seconds = float(frame.pts * frame.time_base)
    return NoFaceError(
        f"nobody to replace in {target} at {seconds:.2f} s",
        hint="[[if_no_face=copy]] keeps such frames as they are, skip leaves them out",
    )
