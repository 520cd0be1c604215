"""Write the frames of a finished output as images, marked and signed like the output."""

import datetime
import shutil
import threading
from pathlib import Path
from tempfile import mkdtemp

from roop.errors import CancelledError
from roop.leftovers import Note
from roop.media.base import Marks
from roop.media.files.disk import writing
from roop.media.open import open_reader
from roop.media.pictures.frame_file import write_frame
from roop.options import FrameOptions, VideoOptions


def keep_frames(output: Path, options: FrameOptions, marks: Marks, cancel: threading.Event) -> Path:
    """Write every frame of ``output``, which was screened and marked, into a new folder.

    The folder lies beside the output, is named after it and the time, and appears when it is
    complete.

    Returns:
        The folder.

    Raises:
        CancelledError: ``cancel`` was set; there is no folder.
        MediaError: The output cannot be read, or there is no room for its frames.
    """
    time = datetime.datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    folder = output.with_name(f"{output.stem}-frames-{time}")
    with writing(folder):
        scratch = Path(mkdtemp(prefix=".roop-frames-", dir=output.parent))
    note = Note(scratch)
    try:
        with open_reader(output, VideoOptions(), _ignore) as reader:
            for number, frame in enumerate(reader, 1):
                if cancel.is_set():
                    raise CancelledError("cancelled")
                path = scratch / f"{number:06}.{options.temp_frame_format}"
                with writing(folder / path.name, path):
                    write_frame(path, frame, quality=options.temp_frame_quality)
                    marks.write(path)
        with writing(folder):
            scratch.chmod(0o755)  # the scratch folder was private
            scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        note.close()
    return folder


def _ignore(warning: str) -> None:
    """Ignore warnings about our own output: they were reported when it was made."""
