"""Options that the owner of the server has set for jobs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Complete = Callable[[Mapping[str, Any], Path], dict[str, Any]]
"""Adds to the options of a job those that were set for every command and apply to its target."""


def _as_given(options: Mapping[str, Any], target: Path) -> dict[str, Any]:
    return dict(options)


@dataclass(frozen=True, slots=True)
class JobDefaults:
    """What a job does unless its client says otherwise."""

    values: Mapping[str, Any] = field(default_factory=dict)
    """By the options' names in Python."""
    complete: Complete = _as_given
