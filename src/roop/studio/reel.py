"""A stretch of a target before and after, frame by frame, to be played in a window."""

import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from roop.leftovers import Note
from roop.media.open import open_reader
from roop.options import VideoOptions
from roop.types import Pixels


def reel_frames(
    target: Path, clip: bytes, start_s: float, *, step: int, side: int
) -> Iterator[tuple[Pixels, Pixels]]:
    """Yield frames before and after, RGB.

    Args:
        target: The target.
        clip: The swapped stretch as an MP4 file, whose frames have all passed the screen.
        start_s: Where it begins in the target, seconds.
        step: Every how many frames one is taken.
        side: Longest side of a frame, pixels.
    """
    original = VideoOptions(start=start_s or None)
    with tempfile.TemporaryDirectory(prefix="roop-reel-") as folder, Note(Path(folder)):
        path = Path(folder) / "clip.mp4"
        path.write_bytes(clip)
        with (
            open_reader(path, VideoOptions(), _ignore) as after,
            open_reader(target, original, _ignore) as before,
        ):
            # The clip comes first: what is shown of the target never goes beyond it.
            for changed, unchanged in islice(zip(after, before, strict=False), 0, None, step):
                yield unchanged.thumbnail(side), changed.thumbnail(side)


def _ignore(sentence: str) -> None:
    """Ignore a warning."""
