"""The command ``roop config``: every option, its value and where it was set."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from roop.cli.parsing.configuration import (
    SHARE,
    Configuration,
    ConfiguredValue,
    files,
    groups,
    presets,
)
from roop.cli.parsing.parser import Parser, add_report
from roop.cli.terminal.text import line
from roop.options import SECRETS, LabelOptions, ShareOptions
from roop.processors import installed
from roop.validation import validate


def run(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser(
        "roop config",
        "Say what is set for every command, and where: in a file roop.toml or a variable ROOP_*.",
    )
    add_report(parser)
    values = parser.read(arguments)
    registry = installed()
    found = presets(registry)
    options: dict[str, Any] = {"engine": "mesh"}
    for group in groups(registry):
        given = {name: found[name].value for name in group.model_fields if name in found}
        if group is LabelOptions:
            given["label"] = True  # what is set besides waits until a label is asked for
        validate(group, given, spelling=lambda n: found[n].written if n in found else n)
        options |= {name: field.get_default() for name, field in group.model_fields.items()}
    Configuration(found, registry).sharing({})
    options |= {SHARE + n: field.get_default() for n, field in ShareOptions.model_fields.items()}
    if values.json:
        body = {
            "files": [{"path": path, "there": path.is_file()} for path in files()],
            "options": [_row(name, found.get(name), value) for name, value in options.items()],
        }
        sys.stdout.write(json.dumps(body, default=str) + "\n")
    elif not values.quiet:
        _print(options, found)
    return 0


def _row(name: str, preset: ConfiguredValue | None, default: object) -> dict[str, Any]:
    if preset is None:
        return {"name": name, "value": default, "from": "default"}
    secret = name.startswith(SHARE) and name.removeprefix(SHARE) in SECRETS
    return {"name": name, "value": "***" if secret else preset.value, "from": preset.origin}


def _print(options: dict[str, Any], found: dict[str, ConfiguredValue]) -> None:
    for path in files():
        sys.stdout.write(line(f"{path}{'' if path.is_file() else ' (not there)'}") + "\n")
    rows = [_row(name, found.get(name), default) for name, default in options.items()]
    width = max(map(len, options))
    for row in rows:
        value = json.dumps(row["value"], default=str, ensure_ascii=False)
        sys.stdout.write(line(f"{row['name']:{width}}  {value}  ({row['from']})") + "\n")
