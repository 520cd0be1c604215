"""A draft: what a person has chosen so far. It becomes a job."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field, model_validator

from roop.api import make_job
from roop.errors import UsageError
from roop.options import Assignment, Job, Options
from roop.processors.base import Registry
from roop.validation import Spelling


class Draft(Options):
    """Everything chosen for one target. Plain data: it can be saved as JSON and opened again."""

    sources: tuple[Path, ...] = ()
    """Photos of the new face, for whoever is not in ``assignments``."""
    target: Path | None = None
    """What is changed; None as long as nothing was chosen."""
    assignments: tuple[Assignment, ...] = ()
    """Which person of the target gets which face. A position counts in one certain frame, so that
    it means the same person wherever the target is shown and wherever the job begins."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    """By their names in Python, as ``roop.swap`` takes them."""

    @model_validator(mode="after")
    def _exact(self) -> Self:
        if any(given.position is not None and given.frame is None for given in self.assignments):
            raise ValueError("a `position` needs the `frame` in which it counts")
        return self

    def assign(self, given: Assignment) -> "Draft":
        """Return a draft in which one person has another face.

        Args:
            given: Takes the place of what the same person was given before.
        """
        others = [each for each in self.assignments if _person(each) != _person(given)]
        return self.model_copy(update={"assignments": (*others, given)})

    def job(self, output: Path, registry: Registry, *, spelling: Spelling = str) -> Job:
        """Return the job that does what was chosen.

        Args:
            output: A file, or an existing folder.
            registry: The processors that there are.
            spelling: How options are written in errors.

        Raises:
            UsageError: Something is missing or wrong.
        """
        if self.target is None:
            raise UsageError("there is no target", hint="choose a photo or a video")
        options = dict(self.options)
        sources = self.sources
        if self.assignments:
            options["map"] = self.assignments
            sources = sources if options.get("many_faces") else ()  # nobody else is replaced
        return make_job(sources, self.target, output, options, registry, spelling=spelling)


def _person(given: Assignment) -> object:
    return (given.position, given.frame, given.reference)
