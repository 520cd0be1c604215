"""How a result is printed, for a person and for a script."""

import dataclasses
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from roop.pipeline.job import JobResult


def amount(result: "JobResult") -> str:
    """Return how much was swapped, in words."""
    damaged = f", {result.damaged} damaged left out" if result.damaged else ""
    if result.frames == 1:
        return (f"{result.faces} faces" if result.faces != 1 else "1 face") + f" swapped{damaged}"
    earlier = f" ({result.resumed} in an earlier run)" if result.resumed else ""
    return f"{result.frames} frames, {result.swapped} swapped{earlier}{damaged}"


def print_json(result: "DataclassInstance") -> None:
    """Print ``result`` on stdout as one JSON object; paths become strings."""
    body = json.dumps(dataclasses.asdict(result), default=str)
    sys.stdout.write(f"{body}\n")
