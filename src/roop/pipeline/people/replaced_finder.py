"""Find out how a mapping names the people who were replaced in turn."""

import bisect
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from roop.errors import RoopError
from roop.faces.analyser import Analyser
from roop.faces.detection.base import intersection_over_union
from roop.faces.detection.search import mesh_box
from roop.faces.tracking.person_counts import PersonCount
from roop.media.open import open_reader
from roop.media.video.nth_frame import read_nth_frame
from roop.media.video.packet_times import packet_times
from roop.options import Job, VideoOptions
from roop.pipeline.people.replaced import ReplacedPerson
from roop.types import Frame

_SAME_PLACE = 0.3
"""Overlap (intersection over union) above which a face of a frame is the one that was replaced."""


def find_replaced(
    counts: Sequence[PersonCount], job: Job, analyser: Analyser
) -> tuple[ReplacedPerson, ...]:
    """Return the people who were replaced, and how a mapping names them.

    Args:
        counts: As they were counted.
        job: Its target shows them.
        analyser: Finds the faces of a frame.
    """
    try:
        times = _frame_times(job)
        return tuple(_found(count, times, job, analyser) for count in counts)
    except RoopError:  # the output is made: it is enough to count the people
        return tuple(ReplacedPerson(c.frames, round(float(c.time_s), 3)) for c in counts)


def _frame_times(job: Job) -> Sequence[Fraction]:
    """Return the time of every frame of a job's target, in seconds of its clock."""
    with open_reader(job.target, VideoOptions(), _ignore) as reader:
        if reader.info.kind != "video":
            return [frame.pts * frame.time_base for frame in reader]
    times = packet_times(job.target)
    return [pts * times.time_base for pts in times.presented] if times else []


def _found(
    count: PersonCount, times: Sequence[Fraction], job: Job, analyser: Analyser
) -> ReplacedPerson:
    begin = times[0] if times else Fraction(0)
    person = ReplacedPerson(count.frames, round(float(count.time_s - begin), 3))
    number = bisect.bisect_right(times, count.time_s) - 1
    frame = _frame(job, number) if number >= 0 else None
    if frame is None:
        return person
    meshes = analyser.faces(frame, job.faces.face_order)
    box = np.array(count.box, np.float32)
    overlaps = [intersection_over_union(mesh_box(mesh), box) for mesh in meshes]
    if not overlaps or max(overlaps) < _SAME_PLACE:
        return person
    return ReplacedPerson(person.frames, person.time_s, number, int(np.argmax(overlaps)))


def _frame(job: Job, number: int) -> Frame | None:
    """Return a frame of a job's target; None if only decoding everything before it finds it."""
    with open_reader(job.target, VideoOptions(), _ignore) as reader:
        if reader.info.kind != "video":
            return next((frame for n, frame in enumerate(reader) if n == number), None)
    return read_nth_frame(job.target, number, _ignore)


def _ignore(warning: str) -> None:
    """Ignore warnings: the reader that makes the output reports them."""
