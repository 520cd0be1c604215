"""The people who were replaced in turn, where a job names nobody."""

from collections.abc import Sequence
from dataclasses import dataclass

_MOST_NAMED = 5
"""People whose frames the warning counts."""


@dataclass(frozen=True, slots=True)
class ReplacedPerson:
    """One of several people who were replaced in turn, as the job names nobody."""

    frames: int
    """Frames in which this person was replaced."""
    time_s: float
    """Seconds from the beginning of the target to the frame that shows the face best."""
    frame: int | None = None
    """The number of that frame in the whole target, from 0; None if it cannot be told."""
    position: int | None = None
    """Position of the face in that frame, from 0."""

    @property
    def name(self) -> str | None:
        """How a mapping names the person: ``0@250`` is the first face of frame 250."""
        return None if self.position is None else f"{self.position}@{self.frame}"


def in_turn(people: Sequence[ReplacedPerson], *, verb: str = "replaced") -> str:
    """Return the warning that several people were replaced in turn."""
    frames = [str(person.frames) for person in people]
    if len(frames) > _MOST_NAMED:
        frames = [*frames[: _MOST_NAMED - 1], "fewer"]
    listed = f"{', '.join(frames[:-1])} and {frames[-1]}"
    return (
        f"{len(people)} people were {verb} in turn, in {listed} frames, as nobody was chosen: "
        "choose one of them, or several"
    )
