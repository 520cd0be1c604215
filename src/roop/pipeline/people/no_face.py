"""The errors for targets in which nobody can be replaced."""

from pathlib import Path

from roop.errors import NoFaceError
from roop.faces.recognition.descriptor import FARTHEST
from roop.options import Job
from roop.types import Frame


def nobody_replaced_error(job: Job, nearest: float) -> NoFaceError:
    """Return the error for a target in which no face was replaced.

    Args:
        job: The job that found nobody.
        nearest: The smallest distance of a face to a person who is to be replaced.
    """
    if nearest < FARTHEST:
        limit = job.faces.similar_face_distance
        return NoFaceError(
            f"nobody in {job.target} matches the person to replace: the nearest face has a "
            f"distance of {nearest:.2f}, the limit is {limit:g}",
            hint=f"[[similar_face_distance={nearest + 0.05:.2f}]] would accept it; "
            f"`roop faces {job.target}` lists the people",
        )
    return no_face_error(job.target)


def no_face_error(target: Path) -> NoFaceError:
    """Return the error for a target without a face."""
    return NoFaceError(
        f"no face found in {target}",
        hint="a face must be visible and measure at least 40 pixels from eyes to chin",
    )


def nobody_in_frame_error(frame: Frame, target: Path) -> NoFaceError:
    """Return the error for a frame in which nobody can be replaced."""
    seconds = float(frame.pts * frame.time_base)
    return NoFaceError(
        f"nobody to replace in {target} at {seconds:.2f} s",
        hint="[[if_no_face=copy]] keeps such frames, [[if_no_face=skip]] leaves them out",
    )
