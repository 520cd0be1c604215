"""Print the result of a job, for people or for scripts."""

import dataclasses
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from roop.processors import installed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from roop.pipeline.job import JobResult


def counts(result: "JobResult") -> str:
    """Return how many faces or frames were changed, in words."""
    verb = "swapped" if installed()[result.engine].engine else "changed"
    damaged = f", {result.damaged} damaged left out" if result.damaged else ""
    if result.frames == 1:
        of = f"{result.faces} of " if result.faces != result.seen else ""
        return f"{of}{result.seen} face{'s' if result.seen != 1 else ''} {verb}{damaged}"
    earlier = f" ({result.resumed} in an earlier run)" if result.resumed else ""
    return f"{result.frames} frames, {result.swapped} {verb}{earlier}{damaged}"


def print_json(result: "DataclassInstance", more: Mapping[str, object] | None = None) -> None:
    """Print ``result`` and the fields in ``more`` on stdout as one JSON object."""
    body = json.dumps(
        {**dataclasses.asdict(result), **(more or {})}, default=str
    )  # paths as strings
    sys.stdout.write(f"{body}\n")
