"""The command ``roop config``: show every option, its value and where it was set."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from roop.cli.parsing.configuration import (
    SHARE_PREFIX,
    Configuration,
    ConfiguredValue,
    configuration_files,
    configured_values,
    option_groups,
)
from roop.cli.parsing.parser import Parser, add_output_flags
from roop.cli.terminal.text import one_line
from roop.options import SECRETS, LabelOptions, ShareOptions
from roop.processors import installed
from roop.processors.base import Registry
from roop.validation import validate


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser(
        "roop config",
        "Show every option, its value and where it was set: in a file roop.toml, in a\n"
        "variable ROOP_*, or nowhere, which means the default.",
        usage="roop config [options]",
    )
    add_output_flags(parser)
    values = parser.parse(arguments)
    registry = installed()
    configured = configured_values(registry)
    defaults = _checked_defaults(configured, registry)
    if values.json:
        files = configuration_files()
        body = {
            "files": [{"path": path, "there": path.is_file()} for path in files],
            "options": [_row(name, configured.get(name), v) for name, v in defaults.items()],
        }
        sys.stdout.write(json.dumps(body, default=str) + "\n")
    elif not values.quiet:
        _print(defaults, configured)
    return 0


def _checked_defaults(configured: dict[str, ConfiguredValue], registry: Registry) -> dict[str, Any]:
    """Return the default of every option, by name.

    Raises:
        UsageError: A configured value is invalid.
    """
    defaults: dict[str, Any] = {"engine": "mesh"}
    for group in option_groups(registry):
        given = {name: configured[name].value for name in group.model_fields if name in configured}
        if group is LabelOptions:
            given["label"] = True  # the other label options are valid only with a label
        validate(group, given, spelling=lambda n: configured[n].spelling if n in configured else n)
        defaults |= {name: field.get_default() for name, field in group.model_fields.items()}
    Configuration(configured, registry).sharing({})  # check them, too
    fields = ShareOptions.model_fields.items()
    return defaults | {SHARE_PREFIX + name: field.get_default() for name, field in fields}


def _row(name: str, configured: ConfiguredValue | None, default: object) -> dict[str, Any]:
    if configured is None:
        return {"name": name, "value": default, "from": "default"}
    secret = name.startswith(SHARE_PREFIX) and name.removeprefix(SHARE_PREFIX) in SECRETS
    value = "***" if secret else configured.value
    return {"name": name, "value": value, "from": configured.origin}


def _print(defaults: dict[str, Any], configured: dict[str, ConfiguredValue]) -> None:
    for path in configuration_files():
        sys.stdout.write(one_line(f"{path}{'' if path.is_file() else ' (missing)'}") + "\n")
    rows = [_row(name, configured.get(name), default) for name, default in defaults.items()]
    width = max(map(len, defaults))
    for row in rows:
        value = json.dumps(row["value"], default=str, ensure_ascii=False)
        sys.stdout.write(one_line(f"{row['name']:{width}}  {value}  ({row['from']})") + "\n")
