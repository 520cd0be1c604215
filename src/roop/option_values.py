"""Convert the text of options' values: times, durations, assignments, providers, clusters.

What is not a string is returned unchanged, for pydantic to validate.
"""

from datetime import timedelta

from pydantic_core import PydanticCustomError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_time(value: object) -> object:
    """Convert seconds, ``mm:ss`` or ``h:mm:ss``, with or without a fraction, to seconds.

    Anything but a string is returned unchanged, for pydantic to validate.
    """
    if not isinstance(value, str):
        return value
    *units, last = value.split(":")
    valid = len(units) <= 2 and all(unit.isdecimal() for unit in units)
    if not valid or not last.replace(".", "", 1).isdecimal():
        raise PydanticCustomError("time", "needs seconds or h:mm:ss")
    hours, minutes = [0, 0, *map(int, units)][-2:]
    return hours * 3600 + minutes * 60 + float(last)


def parse_assignment(value: object) -> object:
    """Convert ``SOURCE=PERSON`` to the fields of an ``Assignment``.

    PERSON is a position (``0``), a position in a given frame (``0@250``) or a photo. Anything but
    a string is returned unchanged, for pydantic to validate.
    """
    if not isinstance(value, str):
        return value
    source, equals, person = value.partition("=")
    if not (source and equals and person):
        raise PydanticCustomError("assignment", "needs SOURCE=POSITION or SOURCE=PHOTO")
    position, at, frame = person.partition("@")
    if _is_position(person):
        fields = {"position": position} | ({"frame": frame} if at else {})
        return {"source": (source,), **fields}
    if _is_position(source):
        raise PydanticCustomError(
            "assignment",
            "needs the new face first, as SOURCE=POSITION; "
            "write ./{source} for a file named {source}",
            {"source": source},
        )
    return {"source": (source,), "reference": person}


def _is_position(text: str) -> bool:
    position, at, frame = text.partition("@")
    return position.isdecimal() and frame.isdecimal() == bool(at)


def parse_provider(value: object) -> object:
    """Convert a provider's name to lower case, and the original tool's ``dml`` to ``directml``.

    Anything but a string is returned unchanged, for pydantic to validate.
    """
    if not isinstance(value, str):
        return value
    return "directml" if value.lower() == "dml" else value.lower()


def parse_cluster(value: object) -> object:
    """Reject strings that are not the address of a cluster; leave the rest to pydantic."""
    if not isinstance(value, str) or value == "auto":
        return value
    host, _, port = value.removeprefix("ray://").rpartition(":")
    if not value.startswith("ray://") or not host or not port.isdecimal():
        raise PydanticCustomError("cluster", "needs auto or ray://HOST:PORT")
    return value


def parse_duration(value: object) -> object:
    """Convert ``90s``, ``30m``, ``24h`` or ``7d`` to a ``timedelta`` of a minute to a week.

    A week is the longest that S3 allows. Anything but a string is left to pydantic.
    """
    if isinstance(value, str):
        number, unit = value[:-1], value[-1:]
        if unit not in _UNITS or not (number.isascii() and number.isdecimal()):
            raise PydanticCustomError("duration", "needs a duration such as 30m, 24h or 7d")
        value = timedelta(**{_UNITS[unit]: min(int(number), 10_000_000)})
    if isinstance(value, timedelta) and not timedelta(minutes=1) <= value <= timedelta(days=7):
        raise PydanticCustomError("duration", "must be between 1m and 7d")
    return value
