"""A job on this machine, and everything that doing it takes."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from roop.media.base import Marks
from roop.options import Job, Settings
from roop.pipeline.progress import Watch
from roop.processors.base import Registry
from roop.types import Warn

if TYPE_CHECKING:  # loads many libraries, which only workers may need
    from roop.pipeline.stages.resources import PipelineResources


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that doing a job takes."""

    job: Job
    settings: Settings
    registry: Registry
    output: Path
    """The file to make."""
    marks: Marks
    """What it carries."""
    warn: Warn
    watch: Watch | None
    cancel: threading.Event
    """Set when the person wants to stop."""
    shared: "PipelineResources | None" = None
    """What earlier jobs have left to use again; None for a job that stands alone."""

    def resources(self) -> "PipelineResources":
        """Return the networks and whatever else takes long to build."""
        from roop.pipeline.stages.resources import PipelineResources  # loads many libraries

        return self.shared or PipelineResources(self.settings, self.registry)
