"""A worker's error as plain data, on its way to the process that runs the job."""

import traceback

from roop.errors import RoopError, unexpected

ErrorDict = dict[str, str | None]
"""The code, the message, the hint and the traceback of an error, as JSON has them."""


def error_to_dict(error: Exception) -> ErrorDict:
    """Return an error as data; one that is not a ``RoopError`` counts as a bug in roop."""
    known = error if isinstance(error, RoopError) else unexpected(error)
    message, hint = known.template
    trace = "".join(traceback.format_exception(error))
    return {"code": known.code, "message": message, "hint": hint, "trace": trace}


def error_from_dict(data: ErrorDict) -> RoopError:
    """Return a worker's error as one of this process.

    The worker's traceback becomes a note, so that ``--debug`` prints both.
    """
    kinds = [RoopError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    kind = next((kind for kind in kinds if kind.code == data["code"]), RoopError)
    error = kind(data["message"] or "", hint=data["hint"])
    error.add_note(f"in a worker:\n{data['trace']}")
    return error
