"""Flags made from the definitions of the options: one source for names, types and help."""

import argparse
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from roop.cli.terminal.errors import flag_style
from roop.options import Options

OF_MODEL_FILES = ("models", "offline", "licence")
"""The settings that say where networks are had and which."""

OF_NETWORKS = (
    *OF_MODEL_FILES,
    "execution_provider",
    "strict_provider",
    "execution_device_id",
    "execution_threads",
    "execution_precision",
    "max_memory",
)
"""Those that matter where faces are looked at and nothing is written that would be signed."""


def add_flags(
    parser: argparse.ArgumentParser,
    title: str,
    options: type[Options],
    *,
    switch: str | None = None,
    only: Collection[str] | None = None,
    prefix: str = "",
) -> None:
    """Add a group of flags, one for each field of ``options``.

    A flag that is not given leaves nothing behind: defaults stay where they are defined. A flag
    that stands already (two engines may share an option) is not added again.

    Args:
        parser: Where to.
        title: Heading of the group in the help.
        options: The model whose names, types, defaults and descriptions are used.
        switch: The option whose flag may stand without a value, for its default.
        only: The fields to add; all by default.
        prefix: Stands before each name in its flag.
    """
    group = parser.add_argument_group(title)
    for name, field in options.model_fields.items():
        flag = flag_of(prefix + name)
        wanted = only is None or name in only
        if wanted and flag not in parser._option_string_actions:
            optional = {"nargs": "?", "const": True} if name == switch else {}
            group.add_argument(flag, **_settings(name, field) | optional)


def flag_of(name: str) -> str:
    """Return how the option ``name`` is written on the command line."""
    return flag_style(name, None)


def _settings(name: str, field: FieldInfo) -> dict[str, Any]:
    """Return what argparse needs to know; values stay text, pydantic reads them."""
    settings: dict[str, Any] = {"default": argparse.SUPPRESS, "help": _help(field)}
    kind = _plain(field.annotation)
    if kind is bool:
        return settings | {"action": argparse.BooleanOptionalAction}  # undoes what is preset
    if get_origin(kind) is Literal:
        return settings | {"choices": tuple(map(str, get_args(kind)))}
    if takes_several(field):
        settings |= {"nargs": "+", "action": "extend"}
    return settings | {"metavar": name.rpartition("_")[2].upper()}


def _plain(annotation: Any) -> Any:  # noqa: ANN401 - a type form has no better type
    """Strip ``| None`` and ``Annotated`` from a type."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    members = [member for member in get_args(annotation) if member is not type(None)]
    optional = len(members) == 1 and type(None) in get_args(annotation)
    return _plain(members[0]) if optional else annotation


def _help(field: FieldInfo) -> str:
    text = field.description or ""
    default = " ".join(map(str, field.default)) if takes_several(field) else field.default
    if default not in (None, "") and not isinstance(default, bool | timedelta):
        text += f" (default: {default})"
    return literal(text)


def takes_several(field: FieldInfo) -> bool:
    """Return True if an option takes several words."""
    return get_origin(_plain(field.annotation)) in (tuple, list)


def takes_path(field: FieldInfo) -> bool:
    """Return True if an option takes the name of a file or a folder."""
    return _plain(field.annotation) is Path


def literal(text: str) -> str:
    """Return ``text`` as argparse's help wants it, which takes ``%`` for a placeholder."""
    return text.replace("%", "%%")


def taken(values: dict[str, Any], options: type[Options]) -> dict[str, Any]:
    """Remove from parsed ``values`` what belongs to ``options``, and return it."""
    return {name: values.pop(name) for name in options.model_fields if name in values}
