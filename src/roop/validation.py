"""Validate options, and explain in plain words which one is wrong and why."""

import difflib
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from roop.errors import UsageError

Model = TypeVar("Model", bound=BaseModel)
"""The class of the options."""

Spelling = Callable[[str], str]
"""Return an option's name as the user wrote it: ``--fps``, ``ROOP_FPS``, or just ``fps``."""

_NEEDED = {
    "float": "needs a number",
    "int": "needs a whole number",
    "bool": "needs true or false",
    "string": "needs text",
    "path": "needs the name of a file or a folder",
    "tuple": "needs a list",
    "list": "needs a list",
    "dict": "needs a table",
    "model": "needs a table",
    "finite": "needs a finite number",
}
"""Messages by the first word of pydantic's error type, e.g. ``float_parsing``."""

_BOUNDS = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "takes at most {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "too_short": "needs at least {min_length} values",
    "too_long": "takes at most {max_length} values",
}
"""Messages by pydantic's error type, with fields from the error's context."""


def validate(options: type[Model], values: Mapping[str, Any], *, spelling: Spelling = str) -> Model:
    """Build frozen options from ``values``.

    Args:
        options: The options' class.
        values: Values by field name.
        spelling: How the user wrote a field's name.

    Raises:
        UsageError: A value is invalid, or an option is unknown.
    """
    try:
        return options.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        hint = None
        if first["type"] == "extra_forbidden" and len(first["loc"]) == 1:
            hint = suggest(str(first["loc"][-1]), options.model_fields, spelling=spelling)
        raise UsageError(explain(_masked(first, options), spelling), hint=hint) from error


def parse_bool(text: str) -> bool | str:
    """Convert "true" and "false" to booleans, where every value is text; leave other text as is."""
    return {"true": True, "false": False}.get(text.lower(), text)


def suggest(name: str, known: Mapping[str, object], *, spelling: Spelling = str) -> str | None:
    """Return "did you mean ...?" for an unknown name, None if no known name is similar."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {spelling(near[0])}?" if near else None


def explain(error: ErrorDetails, spelling: Spelling) -> str:
    """Return one line that names the option, what is wrong with it, and its value."""
    kind, path = error["type"], [part for part in error["loc"] if isinstance(part, str)]
    name = spelling(path[0]) if path else ""
    if len(path) > 1:  # a field in a table
        name = f"{name}: {path[-1]}"
    if kind == "extra_forbidden":
        return f"{name} is unknown" if len(path) > 1 else f"there is no option {name}"
    if kind == "missing":
        return f"{name} is missing"
    if kind == "value_error":  # from our validators; they quote options in backquotes
        text = error["msg"].removeprefix("Value error, ")
        text = re.sub(r"`(\w+)`", lambda match: spelling(match[1]), text)
        return f"{name}: {text}" if name else text
    complaint, value = _complaint(error), error["input"]
    return f"{name} {complaint}" + (f", not {_quote(value)}" if value not in ("", ()) else "")


def _masked(error: ErrorDetails, options: type[BaseModel]) -> ErrorDetails:
    """Remove the value of a secret: errors are printed and logged."""
    field = options.model_fields.get(str(error["loc"][0])) if error["loc"] else None
    kinds = (field.annotation, *get_args(field.annotation)) if field else ()
    return {**error, "input": ""} if SecretStr in kinds else error


def _complaint(error: ErrorDetails) -> str:
    kind = error["type"]
    if kind == "string_too_short" and not error["input"]:
        return "may not be empty"
    if kind in _BOUNDS:
        return _BOUNDS[kind].format_map(error.get("ctx", {}))
    return _NEEDED.get(kind.partition("_")[0], error["msg"])


def _quote(value: object) -> str:
    written = isinstance(value, str) and value.lstrip("-").replace(".", "", 1).isdecimal()
    text = str(value) if written else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
