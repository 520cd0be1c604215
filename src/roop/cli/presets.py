"""What a person set for every command: files called ``roop.toml`` and variables ``ROOP_*``.

Later ones win: the option's default, the user's file, the working folder's file, the environment,
the flags of the command.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roop.cli.flags import flag_of, takes_path, takes_several
from roop.errors import MediaError, UsageError
from roop.home import config_folder
from roop.options import FaceOptions, FrameOptions, LabelOptions, Options, Settings, VideoOptions
from roop.processors.base import Registry
from roop.validation import Spelling, checked, nearest

FILE = "roop.toml"
"""The name of the file, in the user's configuration folder and in the working folder."""

PREFIX = "ROOP_"
"""How the names of environment variables begin."""

NEVER = frozenset({"source", "target", "output", "force", "record"})
"""What is said with each command: an old file must not choose it, least of all overwriting."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One option that was set."""

    value: Any
    origin: str
    """The place, for a person: a file with its line, or a variable."""
    written: str
    """The option's name as it stands there, and where."""


def presets(registry: Registry) -> dict[str, Preset]:
    """Read everything that is set, by the options' names in Python.

    Args:
        registry: The processors whose options there are.

    Raises:
        UsageError: A file cannot be read, or a name is no option (the nearest is offered).
    """
    fields = {
        name: field for group in groups(registry) for name, field in group.model_fields.items()
    }
    known: dict[str, Any] = {"engine": None, **fields}
    found: dict[str, Preset] = {}
    for path in files():
        found |= _in_file(path, known)
    found |= _in_environment(known)
    return found


def groups(registry: Registry) -> tuple[type[Options], ...]:
    """Return the options that can be set."""
    own = (spec.options for spec in registry)
    return (FaceOptions, VideoOptions, LabelOptions, FrameOptions, *own, Settings)


def files() -> tuple[Path, ...]:
    """Return where files are looked for, the one that wins last."""
    return (config_folder() / FILE, Path.cwd() / FILE)


def with_presets(flags: Mapping[str, Any], registry: Registry) -> tuple[dict[str, Any], Spelling]:
    """Complete the flags of a job with what is set elsewhere and applies to it.

    Args:
        flags: By the options' names in Python; they win.
        registry: The processors to choose from.

    Returns:
        All values, and how each was written.

    Raises:
        UsageError: As for ``presets``.
    """
    found = presets(registry)
    values = {name: preset.value for name, preset in found.items()} | dict(flags)
    for name in [name for name in found if name not in flags]:
        if not _applies(name, values, registry):
            del values[name]
    return values, _spelling(found, flags)


def settings_with(flags: dict[str, Any], registry: Registry) -> Settings:
    """Take what concerns this machine out of ``flags``, and complete it with what is set elsewhere.

    Raises:
        UsageError: A value is not what its option takes, or as for ``presets``.
    """
    found = presets(registry)
    given = {name: flags.pop(name) for name in Settings.model_fields if name in flags}
    values = {n: preset.value for n, preset in found.items() if n in Settings.model_fields} | given
    return checked(Settings, values, spelling=_spelling(found, given))


def _spelling(found: Mapping[str, Preset], flags: Mapping[str, Any]) -> Spelling:
    return lambda n: found[n].written if n in found and n not in flags else flag_of(n)


def _applies(name: str, values: Mapping[str, Any], registry: Registry) -> bool:
    """Tell whether a job takes the option: one of another engine, for videos, ... may be idle."""
    if name in VideoOptions.model_fields:
        return not _is_picture(Path(values["target"]))
    if name in LabelOptions.model_fields:
        return name == "label" or bool(values.get("label"))
    owners = [spec for spec in registry if name in spec.options.model_fields]
    chosen = {values.get("engine", "mesh"), *values.get("processor", ())}
    chosen |= {spec.name for spec in registry if not spec.engine and values.get(spec.name)}
    return not owners or any(spec.name in chosen for spec in owners)


def _is_picture(path: Path) -> bool:
    from roop.media.picture_files import container

    try:
        return container(path) is not None
    except MediaError:  # said where it is read
        return False


def _in_file(path: Path, known: Mapping[str, Any]) -> Iterator[tuple[str, Preset]]:
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}", hint="write: name = value") from error
    for key, value in table.items():
        name, origin = key.replace("-", "_"), f"{path}, line {_line_of(key, text)}"
        _refuse_unknown(name, known, f"{key} ({origin})", str)
        value = _parted(value, known[name])
        if takes_path(known[name]) and isinstance(value, str):
            value = path.parent / Path(value).expanduser()
        yield name, Preset(value, origin, f"{key} ({origin})")


def _in_environment(known: Mapping[str, Any]) -> Iterator[tuple[str, Preset]]:
    for variable, value in sorted(os.environ.items()):
        if not variable.startswith(PREFIX) or not value:
            continue
        name = variable.removeprefix(PREFIX).lower()
        _refuse_unknown(name, known, variable, lambda near: PREFIX + near.upper())
        yield name, Preset(_parted(value, known[name]), variable, variable)


def _parted(value: Any, field: Any) -> Any:  # noqa: ANN401 - whatever stands there; checked later
    several = field is not None and takes_several(field) and isinstance(value, str)
    return [part.strip() for part in value.split(",")] if several else value


def _refuse_unknown(name: str, known: Mapping[str, Any], written: str, spelling: Spelling) -> None:
    if name in NEVER:
        raise UsageError(f"{written} is said with each command", hint="remove it")
    if name not in known:
        near = nearest(name, known, spelling=spelling) or "see `roop config`"
        raise UsageError(f"there is no option {written}", hint=near)


def _line_of(key: str, text: str) -> int:
    """Return the line of a key or table at the top of a file, from 1."""
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[.=\]]")
    lines = text.splitlines()
    return next((number for number, row in enumerate(lines, 1) if pattern.match(row)), 1)
