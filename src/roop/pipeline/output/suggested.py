"""Name an output for which neither a file nor a folder is given."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

from roop.media.files.disk import writing
from roop.media.open import same_format_suffix
from roop.options import Job
from roop.pipeline.output.naming import named

FOLDER = "Outputs"
"""Name of the folder in the user's folder of videos or pictures."""


def outputs_folder(suffix: str) -> Path:
    """Return the folder for an output without one; it may not exist yet.

    Args:
        suffix: The output's: photos go to the user's pictures, everything else to the videos.
    """
    from platformdirs import user_pictures_path, user_videos_path

    from roop.media.formats.image_files import FORMAT_BY_SUFFIX

    image = suffix.lower() in FORMAT_BY_SUFFIX
    return (user_pictures_path() if image else user_videos_path()) / FOLDER


def suggest_output(
    job: Job, *, folder: Path | None = None, is_taken: Callable[[Path], bool] = lambda path: False
) -> Path:
    """Return a new file for the output of a job; its folder is made.

    Args:
        job: Its output is not used.
        folder: Where the file goes; the user's own by default.
        is_taken: Returns True for a file that will exist.

    Raises:
        MediaError: The target cannot be read, or the folder cannot be made.
    """
    suffix = same_format_suffix(job.target, job.video)
    folder = folder or outputs_folder(suffix)
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    first = named(job, folder, suffix)
    for number in count(1):
        path = first if number == 1 else first.with_stem(f"{first.stem} ({number})")
        if not path.exists() and not is_taken(path):
            return path
    raise AssertionError("there is always another number")
