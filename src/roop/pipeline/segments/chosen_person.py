"""Find the person who was chosen before a segment begins, if the job names nobody."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction

import numpy as np

from roop.errors import CancelledError
from roop.faces.recognition.descriptor import Descriptor
from roop.faces.recognition.texture import TextureRecogniser
from roop.faces.tracking.cuts import CutDetector
from roop.faces.tracking.selection import SAME_PERSON, LargestFace
from roop.media.files.disk import writing
from roop.media.video.reader import VideoReader
from roop.media.video.timeline import TimeRange
from roop.pipeline.segments.work_folder import WorkFolder
from roop.pipeline.stages.frame_pipeline import FramePipeline
from roop.types import Frame


class ChosenPersonFinder:
    """Examines the frame at which the decoding of each segment begins.

    The first frame of a shot that shows a face decides who is chosen in that shot, and it may lie
    many segments back. So every segment passes a descriptor of the chosen person on to the next.
    The frames between two segments' first frames are decoded only if those two do not decide:
    several people are visible, and the shot has changed or nobody matches. The result depends on
    the target and the plan alone, so every process finds the same; the first one stores it.

    Args:
        pipeline: Knows the job, and owns what finds faces.
        seek_times: Where the decoding of each segment begins, in seconds; None for the first frame.
        folder: Where descriptors are stored.
    """

    def __init__(
        self, pipeline: FramePipeline, seek_times: Sequence[Fraction | None], folder: WorkFolder
    ) -> None:
        self._pipeline = pipeline
        self._seek_times = seek_times
        self._folder = folder
        self._recogniser = TextureRecogniser()

    def before(self, number: int, reader: VideoReader) -> Descriptor | None:
        """Return the person who was chosen when segment ``number`` begins, if it matters.

        Args:
            number: Of the segment.
            reader: Open at the segment; nothing has been read from it.

        Raises:
            CancelledError: The job was cancelled.
        """
        faces = self._pipeline.job.faces
        if number == 0 or faces.selective or faces.many_faces:
            return None
        known, chosen = next(
            ((n, saved[0]) for n in range(number, 0, -1) if (saved := self._saved(n))), (0, None)
        )
        for earlier in range(known + 1, number + 1):
            frame = reader.peek() if earlier == number else self._first_frame(earlier)
            chosen = self._chosen_in(earlier, frame, chosen)
            self._save(earlier, chosen)
        return chosen

    def _chosen_in(
        self, number: int, frame: Frame | None, before: Descriptor | None
    ) -> Descriptor | None:
        """Return the person who is chosen where a segment begins.

        Args:
            number: Of the segment.
            frame: The frame at which its decoding begins; None if it is damaged.
            before: The person who was chosen one segment earlier.
        """
        if frame is None:
            return None
        meshes = self._pipeline.analyser.faces(frame, "left-right")
        people = [self._recogniser.describe(frame, mesh) for mesh in meshes]
        if len(people) == 1:
            return people[0]
        if before is not None and not self._is_other_shot(number, frame):
            nearest = min(people, key=before.distance, default=before)
            if before.distance(nearest) < SAME_PERSON:
                return nearest
        return self._tracked(number, before) if people else None

    def _tracked(self, number: int, before: Descriptor | None) -> Descriptor | None:
        """Return the person who is chosen where a segment begins, by tracking the faces before."""
        selector = LargestFace(before)
        tracker = self._pipeline.analyser.tracker(selector)
        end = self._seek_times[number]
        with self._reader(self._seek_times[number - 1]) as reader:
            for frame in reader:
                if self._pipeline.cancel.is_set():
                    raise CancelledError("cancelled")
                tracker.update(frame)
                if end is not None and frame.pts * frame.time_base >= end:
                    break
        return selector.descriptor

    def _is_other_shot(self, number: int, frame: Frame) -> bool:
        cuts, earlier = CutDetector(), self._first_frame(number - 1)
        if earlier is not None:
            cuts.is_cut(earlier)
        return cuts.is_cut(frame)

    def _first_frame(self, number: int) -> Frame | None:
        """Return the frame at which the decoding of a segment begins; None if it is damaged."""
        with self._reader(self._seek_times[number]) as reader:
            return reader.peek()

    def _reader(self, time: Fraction | None) -> VideoReader:
        job = self._pipeline.job
        video = job.video.model_copy(update={"fps": None})
        return VideoReader(job.target, video, _ignore, time_range=TimeRange(time, time, None))

    def _saved(self, number: int) -> tuple[Descriptor | None] | None:
        """Return what is stored for a segment: a descriptor or None; None if nothing is."""
        with suppress(OSError, ValueError, EOFError):
            with self._folder.descriptor(number).open("rb") as file:
                rows = np.load(file)
            return (Descriptor(rows[:, 1:], rows[:, 0]) if len(rows) else None,)
        return None

    def _save(self, number: int, chosen: Descriptor | None) -> None:
        path = self._folder.descriptor(number)
        rows = np.zeros((0, 1), np.float32)
        if chosen is not None:
            rows = np.column_stack([chosen.weights, chosen.features])
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with writing(path, part):
            with part.open("wb") as file:
                np.save(file, rows)
            part.replace(path)


def _ignore(warning: str) -> None:
    """Ignore warnings: the reader that makes the output reports them."""
