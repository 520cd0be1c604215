"""How a result is printed for a script."""

import dataclasses
import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def print_json(result: "DataclassInstance") -> None:
    """Print ``result`` on stdout as one JSON object; paths become strings."""
    body = json.dumps(dataclasses.asdict(result), default=str)
    sys.stdout.write(f"{body}\n")
