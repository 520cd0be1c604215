"""How a result is printed, for a person and for a script."""

import dataclasses
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from roop.processors import installed

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from roop.pipeline.job import JobResult


def amount(result: "JobResult") -> str:
    """Return how much was done, in words."""
    deed = "swapped" if installed()[result.engine].engine else "changed"
    damaged = f", {result.damaged} damaged left out" if result.damaged else ""
    if result.frames == 1:
        of = f"{result.faces} of " if result.faces != result.seen else ""
        return f"{of}{result.seen} face{'s' if result.seen != 1 else ''} {deed}{damaged}"
    earlier = f" ({result.resumed} in an earlier run)" if result.resumed else ""
    return f"{result.frames} frames, {result.swapped} {deed}{earlier}{damaged}"


def print_json(result: "DataclassInstance", more: Mapping[str, object] | None = None) -> None:
    """Print ``result``, with what there is ``more``, on stdout as one JSON object.

    Paths become strings.
    """
    body = json.dumps({**dataclasses.asdict(result), **(more or {})}, default=str)
    sys.stdout.write(f"{body}\n")
