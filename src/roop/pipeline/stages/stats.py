"""What was done to the frames of a job, or of a part of it."""

from dataclasses import dataclass

from roop.faces.recognition.descriptor import FARTHEST


@dataclass(frozen=True, slots=True)
class JobStats:
    """Counts, and what there is to say."""

    frames: int = 0
    swapped: int = 0
    """Frames in which at least one face was replaced."""
    faces: int = 0
    """Faces that were replaced, in all frames together."""
    seen: int = 0
    """Faces that were in sight, replaced or not, in all frames together."""
    damaged: int = 0
    """Frames of the target that could not be decoded."""
    photos: int = 0
    """Source photos that were screened; every part of a job screens them all."""
    screened: int = 0
    """Frames that were."""
    left_out: int = 0
    """Frames that the output's container has no place for."""
    resumed: int = 0
    """Frames that were done in an earlier run."""
    nearest: float = FARTHEST
    """The smallest distance of a face to somebody who is wanted."""
    providers: tuple[str, ...] = ()
    """What the processors' networks ran on."""
    warnings: tuple[str, ...] = ()

    def __add__(self, other: "JobStats") -> "JobStats":
        """Return what was done to two parts of one job."""
        return JobStats(
            frames=self.frames + other.frames,
            swapped=self.swapped + other.swapped,
            faces=self.faces + other.faces,
            seen=self.seen + other.seen,
            damaged=self.damaged + other.damaged,
            photos=max(self.photos, other.photos),
            screened=self.screened + other.screened,
            left_out=self.left_out + other.left_out,
            resumed=self.resumed + other.resumed,
            nearest=min(self.nearest, other.nearest),
            providers=tuple(dict.fromkeys((*self.providers, *other.providers))),
            warnings=tuple(dict.fromkeys((*self.warnings, *other.warnings))),
        )
