"""A draft: what a user has chosen so far. It becomes a job."""

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
    """Everything chosen for one target. Plain data, which can be saved as JSON."""

    sources: tuple[Path, ...] = ()
    """Photos of the new face; with ``assignments``, only for others if ``many_faces`` is set."""
    target: Path | None = None
    """The file to change; None if it is not chosen yet."""
    assignments: tuple[Assignment, ...] = ()
    """The people of the target and their new faces. A position always comes with its frame, so it
    means the same person whatever frame is shown and wherever the job starts."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    """By their names in Python, as ``roop.swap`` takes them."""

    @model_validator(mode="after")
    def _exact(self) -> Self:
        if any(given.position is not None and given.frame is None for given in self.assignments):
            raise ValueError("a `position` needs the `frame` in which it counts")
        return self

    def assign(self, given: Assignment) -> "Draft":
        """Return a draft in which one person gets another face.

        Args:
            given: Replaces an earlier assignment of the same person.
        """
        others = [each for each in self.assignments if _person(each) != _person(given)]
        return self.model_copy(update={"assignments": (*others, given)})

    def job(self, output: Path, registry: Registry, *, spelling: Spelling = str) -> Job:
        """Return the job of the draft.

        Args:
            output: A file, or an existing folder.
            registry: The available processors.
            spelling: How option names are written in errors.

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
