"""A job on this machine, with everything needed to run it."""

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
    """Everything needed to run a job."""

    job: Job
    settings: Settings
    registry: Registry
    output: Path
    """The file to make."""
    marks: Marks
    """The marks that the output gets."""
    warn: Warn
    watch: Watch | None
    cancel: threading.Event
    """Set to cancel the job."""
    shared: "PipelineResources | None" = None
    """Resources kept from earlier jobs; None to build them for this job."""

    def resources(self) -> "PipelineResources":
        """Return the shared resources, or new ones."""
        from roop.pipeline.stages.resources import PipelineResources  # loads many libraries

        return self.shared or PipelineResources(self.settings, self.registry)
