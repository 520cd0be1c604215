"""Command-line flags made from the definitions of the options: names, types and help."""

import argparse
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from roop.cli.terminal.errors import flag_style
from roop.options import Options

MODEL_FILE_SETTINGS = ("models", "offline", "licence")
"""The settings for finding and downloading models."""

NETWORK_SETTINGS = (
    *MODEL_FILE_SETTINGS,
    "execution_provider",
    "strict_provider",
    "execution_device_id",
    "execution_threads",
    "execution_precision",
    "max_memory",
)
"""The settings of commands that run networks but write no signed output."""


def add_flags(
    parser: argparse.ArgumentParser,
    title: str,
    options: type[Options],
    *,
    value_optional: str | None = None,
    only: Collection[str] | None = None,
    prefix: str = "",
) -> None:
    """Add a group of flags, one for each field of ``options``.

    A flag that is not given is missing from the parsed values: its default stays where it is
    defined. A flag that exists already (two engines may share an option) is not added again.

    Args:
        parser: The parser to add the flags to.
        title: Heading of the group in the help.
        options: The model with the names, types, defaults and descriptions.
        value_optional: The option whose flag may be given without a value, to use its default.
        only: The fields to add; all by default.
        prefix: Prefix of each flag.
    """
    group = parser.add_argument_group(title)
    for name, field in options.model_fields.items():
        flag = flag_of(prefix + name)
        wanted = only is None or name in only
        if wanted and flag not in parser._option_string_actions:
            optional = {"nargs": "?", "const": True} if name == value_optional else {}
            group.add_argument(flag, **_argument(name, field) | optional)


def flag_of(name: str) -> str:
    """Return the flag of the option ``name``."""
    return flag_style(name, None)


def _argument(name: str, field: FieldInfo) -> dict[str, Any]:
    """Return the keyword arguments for argparse; values stay text for pydantic to parse."""
    argument: dict[str, Any] = {"default": argparse.SUPPRESS, "help": _help(field)}
    kind = _unwrapped(field.annotation)
    if kind is bool:  # --no-... undoes what a configuration file sets
        return argument | {"action": argparse.BooleanOptionalAction}
    if get_origin(kind) is Literal:
        return argument | {"choices": tuple(map(str, get_args(kind)))}
    if takes_several(field):
        argument |= {"nargs": "+", "action": "extend"}
    word = "path" if takes_path(field) else name.rpartition("_")[2]
    return argument | {"metavar": word.upper()}


def _unwrapped(annotation: Any) -> Any:  # noqa: ANN401 - a type form has no better type
    """Strip ``| None`` and ``Annotated`` from a type."""
    if get_origin(annotation) is Annotated:
        return _unwrapped(get_args(annotation)[0])
    members = [member for member in get_args(annotation) if member is not type(None)]
    optional = len(members) == 1 and type(None) in get_args(annotation)
    return _unwrapped(members[0]) if optional else annotation


def _help(field: FieldInfo) -> str:
    text = field.description or ""
    default = " ".join(map(str, field.default)) if takes_several(field) else field.default
    if default not in (None, "") and not isinstance(default, bool | timedelta):
        text += f" (default: {default})"
    return escape_percent(text)


def takes_several(field: FieldInfo) -> bool:
    """Return True if an option takes several words."""
    return get_origin(_unwrapped(field.annotation)) in (tuple, list)


def takes_path(field: FieldInfo) -> bool:
    """Return True if an option takes the path of a file or folder."""
    return _unwrapped(field.annotation) is Path


def escape_percent(text: str) -> str:
    """Return ``text`` for argparse's help, which takes ``%`` for a placeholder."""
    return text.replace("%", "%%")


def pop_options(values: dict[str, Any], options: type[Options]) -> dict[str, Any]:
    """Remove the fields of ``options`` from parsed ``values``, and return them."""
    return {name: values.pop(name) for name in options.model_fields if name in values}
