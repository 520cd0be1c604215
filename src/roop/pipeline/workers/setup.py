"""The setup of a worker process, sent before its first segment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from roop.media.target_file import TargetFile
from roop.options import Job, Settings


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """A job, and where its segments are kept."""

    job: Job
    settings: Settings
    output: Path
    """The file that the job is to make."""
    folder: Path
    """Where finished segments are kept."""
    seek_times: Sequence[Fraction | None]
    """Where the decoding of each segment begins, in seconds; None for the first frame."""
    target: TargetFile
    """The target as it was before it was split."""

    def to_dict(self) -> dict[str, Any]:
        """Return the setup as JSON has it."""
        return {
            "job": self.job.model_dump(mode="json"),
            "settings": self.settings.model_dump(mode="json"),
            "output": str(self.output),
            "folder": str(self.folder),
            "seek_times": [None if time is None else str(time) for time in self.seek_times],
            "target": self.target.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "WorkerSetup":
        """Return the setup that ``to_dict`` wrote."""
        return cls(
            Job.model_validate(data["job"]),
            Settings.model_validate(data["settings"]),
            Path(data["output"]),
            Path(data["folder"]),
            [None if time is None else Fraction(time) for time in data["seek_times"]],
            TargetFile.from_dict(data["target"]),
        )
