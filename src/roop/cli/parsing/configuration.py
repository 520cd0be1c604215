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
from typing import Any, Self

from roop.cli.parsing.flags import flag_of, taken, takes_path, takes_several
from roop.cli.terminal.text import warn
from roop.errors import MediaError, UsageError
from roop.home import config_folder
from roop.options import (
    FaceOptions,
    FrameOptions,
    LabelOptions,
    Options,
    Settings,
    ShareOptions,
    VideoOptions,
)
from roop.processors.base import Registry
from roop.validation import Spelling, parse_bool, suggest, validate

FILE = "roop.toml"
"""The name of the file, in the user's configuration folder and in the working folder."""

PREFIX = "ROOP_"
"""How the names of environment variables begin."""

SHARE = "share_"
"""Begins the names of the options of ``ShareOptions``, which are a table ``[share]`` in a file."""

NEVER = frozenset({"source", "target", "output", "force", "record"})
"""What is said with each command: an old file must not choose it, least of all overwriting."""


@dataclass(frozen=True, slots=True)
class ConfiguredValue:
    """One option that was set."""

    value: Any
    origin: str
    """The place, for a person: a file with its line, or a variable."""
    written: str
    """The option's name as it stands there, and where."""


def presets(registry: Registry) -> dict[str, ConfiguredValue]:
    """Read everything that is set, by the options' names in Python.

    A variable that is no option is ignored, with a warning.

    Args:
        registry: The processors whose options there are.

    Raises:
        UsageError: A file cannot be read, or a name in it is no option (the nearest is offered).
    """
    fields = {
        name: field for group in groups(registry) for name, field in group.model_fields.items()
    }
    sharing = {SHARE + name: field for name, field in ShareOptions.model_fields.items()}
    known: dict[str, Any] = {"engine": None, **fields, **sharing}
    found: dict[str, ConfiguredValue] = {}
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


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that is set besides the flags, read once for a command."""

    found: Mapping[str, ConfiguredValue]
    registry: Registry

    @classmethod
    def read(cls, registry: Registry) -> Self:
        """Read them; for the errors see ``presets``."""
        return cls(presets(registry), registry)

    def settings(self, flags: dict[str, Any]) -> Settings:
        """Take what concerns this machine out of ``flags``, and complete it.

        Raises:
            UsageError: A value is not what its option takes.
        """
        given = taken(flags, Settings)
        fields = Settings.model_fields
        values = {name: preset.value for name, preset in self.found.items() if name in fields}
        return validate(Settings, values | given, spelling=self.spelling(given))

    def completed(self, flags: Mapping[str, Any], target: Path) -> dict[str, Any]:
        """Return the flags of a job with what is set elsewhere and applies to it.

        Args:
            flags: By the options' names in Python, without those of ``Settings``; they win.
            target: What the job changes.
        """
        of_jobs = {
            name: preset.value
            for name, preset in self.found.items()
            if name not in Settings.model_fields and not name.startswith(SHARE)
        }
        values = of_jobs | dict(flags)
        idle = [
            name
            for name in of_jobs
            if name not in flags and not _applies(name, values, target, self.registry)
        ]
        return {name: value for name, value in values.items() if name not in idle}

    def sharing(self, flags: Mapping[str, Any], *, prefix: str = "") -> ShareOptions:
        """Return how outputs are shared.

        Args:
            flags: By the names of the fields of ``ShareOptions``; they win.
            prefix: Stands before their names in their flags.

        Raises:
            UsageError: A value is not what its option takes.
        """
        found = {
            name: self.found[SHARE + name]
            for name in ShareOptions.model_fields
            if SHARE + name in self.found
        }
        values = {name: preset.value for name, preset in found.items()} | dict(flags)

        def spelling(name: str) -> str:
            given = name in flags or name not in found
            return flag_of(prefix + name) if given else found[name].written

        return validate(ShareOptions, values, spelling=spelling)

    def spelling(self, flags: Mapping[str, Any]) -> Spelling:
        """Return how each option was written, the ``flags`` as flags."""
        found = self.found
        return lambda n: found[n].written if n in found and n not in flags else flag_of(n)


def _applies(name: str, values: Mapping[str, Any], target: Path, registry: Registry) -> bool:
    """Tell whether a job takes the option: one of another engine, for videos, ... may be idle."""
    if name in VideoOptions.model_fields:
        return not _is_picture(target)
    if name in LabelOptions.model_fields:
        return name == "label" or bool(values.get("label"))
    owners = [spec for spec in registry if name in spec.options.model_fields]
    chosen = {values.get("engine", "mesh"), *values.get("processor", ())}
    chosen |= {spec.name for spec in registry if not spec.engine and values.get(spec.name)}
    return not owners or any(spec.name in chosen for spec in owners)


def _is_picture(path: Path) -> bool:
    from roop.media.formats.image_files import image_format

    try:
        return image_format(path) is not None
    except MediaError:  # said where it is read
        return False


def _in_file(path: Path, known: Mapping[str, Any]) -> Iterator[tuple[str, ConfiguredValue]]:
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is no TOML: {error}", hint="write: name = value") from error
    for key, value in _with_sharing(table):
        name = key.replace("-", "_").replace(".", "_")
        origin = f"{path}, line {_line_of(key.rpartition('.')[2], text)}"
        _refuse_unknown(name, known, f"{key} ({origin})")
        value = _parted(value, known[name])
        if takes_path(known[name]) and isinstance(value, str):
            value = path.parent / Path(value).expanduser()
        yield name, ConfiguredValue(value, origin, f"{key} ({origin})")


def _with_sharing(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of a file, those of its table ``[share]`` as ``share.NAME``."""
    for key, value in table.items():
        if key == "share" and isinstance(value, dict):
            yield from ((f"share.{name}", inner) for name, inner in value.items())
        else:
            yield key, value


def _in_environment(known: Mapping[str, Any]) -> Iterator[tuple[str, ConfiguredValue]]:
    for variable, value in sorted(os.environ.items()):
        if not variable.startswith(PREFIX) or not value:
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name in known and name not in NEVER:
            yield name, ConfiguredValue(_parted(parse_bool(value), known[name]), variable, variable)
        else:  # no error: a container or a service may have variables of its own
            warn(_ignored(name, known, variable))


def _ignored(name: str, known: Mapping[str, Any], variable: str) -> str:
    if name in NEVER:
        return f"ignoring {variable}: {name} is given with each command"
    near = suggest(name, known, spelling=lambda near: PREFIX + near.upper())
    return f"ignoring {variable}, which is not an option: {near or 'see `roop config`'}"


def _parted(value: Any, field: Any) -> Any:  # noqa: ANN401 - whatever stands there; checked later
    several = field is not None and takes_several(field) and isinstance(value, str)
    return [part.strip() for part in value.split(",")] if several else value


def _refuse_unknown(name: str, known: Mapping[str, Any], written: str) -> None:
    if name in NEVER:
        raise UsageError(f"{written} is said with each command", hint="remove it")
    if name not in known:
        near = suggest(name, known) or "see `roop config`"
        raise UsageError(f"there is no option {written}", hint=near)


def _line_of(key: str, text: str) -> int:
    """Return the line of a key or table at the top of a file, from 1."""
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[.=\]]")
    lines = text.splitlines()
    return next((number for number, row in enumerate(lines, 1) if pattern.match(row)), 1)
