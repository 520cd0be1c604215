"""An error on its way from a worker to whoever runs the job: plain data in between."""

import traceback

from roop.errors import RoopError, unexpected

Told = dict[str, str | None]
"""The code, the message, the hint and the trace of an error, as JSON has them."""


def told(error: Exception) -> Told:
    """Return an error as data; one that is not ours is a fault of the program."""
    known = error if isinstance(error, RoopError) else unexpected(error)
    trace = "".join(traceback.format_exception(error))
    return {"code": known.code, "message": str(known), "hint": known.hint, "trace": trace}


def heard(told: Told) -> RoopError:
    """Return a worker's error as one of this process.

    The worker's traceback is its note: who prints the traceback (``--debug``) prints that, too.
    """
    kinds = [RoopError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    kind = next((kind for kind in kinds if kind.code == told["code"]), RoopError)
    error = kind(told["message"] or "", hint=told["hint"])
    error.add_note(f"in a worker:\n{told['trace']}")
    return error
