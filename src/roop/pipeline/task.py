"""A job on this machine, with who is to be told of it."""

import threading
from dataclasses import dataclass
from pathlib import Path

from roop.media.base import Marks
from roop.options import Job, Settings
from roop.pipeline.progress import Watch
from roop.processors.base import Registry
from roop.types import Warn


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
