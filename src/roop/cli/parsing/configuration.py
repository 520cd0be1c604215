"""Options set for every command, in ``roop.toml`` files and ``ROOP_*`` variables.

Later sources win: the option's default, the user's file, the working folder's file, the
environment, the flags of the command.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from roop.cli.parsing.flags import flag_of, pop_options, takes_path, takes_several
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

FILE_NAME = "roop.toml"
"""The name of the files in the user's configuration folder and in the working folder."""

VARIABLE_PREFIX = "ROOP_"
"""The prefix of the environment variables."""

SHARE_PREFIX = "share_"
"""Prefix of the fields of ``ShareOptions``, which are a table ``[share]`` in a file."""

FLAGS_ONLY = frozenset({"source", "target", "output", "force", "record"})
"""Options that only a flag may set: a forgotten file must not choose what is overwritten."""


@dataclass(frozen=True, slots=True)
class ConfiguredValue:
    """The value of one option, and where it was set."""

    value: Any
    origin: str
    """A file and line, or a variable, as shown to the user."""
    spelling: str
    """The option's name as the user wrote it, with the file and line."""


def configured_values(registry: Registry) -> dict[str, ConfiguredValue]:
    """Read the files and variables; return the values by the options' names in Python.

    A variable that is not an option is ignored with a warning.

    Args:
        registry: The processors whose options may be set.

    Raises:
        UsageError: A file cannot be read, or an option in it does not exist.
    """
    fields = {
        name: field
        for group in option_groups(registry)
        for name, field in group.model_fields.items()
    }
    sharing = {SHARE_PREFIX + name: field for name, field in ShareOptions.model_fields.items()}
    known: dict[str, Any] = {"engine": None, **fields, **sharing}
    values: dict[str, ConfiguredValue] = {}
    for path in configuration_files():
        values |= _from_file(path, known)
    values |= _from_environment(known)
    return values


def option_groups(registry: Registry) -> tuple[type[Options], ...]:
    """Return the classes of options that files and variables may set."""
    of_processors = (spec.options for spec in registry)
    return (FaceOptions, VideoOptions, LabelOptions, FrameOptions, *of_processors, Settings)


def configuration_files() -> tuple[Path, ...]:
    """Return the paths of the files, whether they exist or not; the last one wins."""
    return (config_folder() / FILE_NAME, Path.cwd() / FILE_NAME)


@dataclass(frozen=True, slots=True)
class Configuration:
    """The values set in files and variables, read once for a command."""

    values: Mapping[str, ConfiguredValue]
    registry: Registry

    @classmethod
    def read(cls, registry: Registry) -> Self:
        """Read the files and variables; for the errors see ``configured_values``."""
        return cls(configured_values(registry), registry)

    def settings(self, flags: dict[str, Any]) -> Settings:
        """Remove the fields of ``Settings`` from ``flags``; return them with the configured ones.

        Raises:
            UsageError: A value is invalid.
        """
        given = pop_options(flags, Settings)
        fields = Settings.model_fields
        configured = {name: v.value for name, v in self.values.items() if name in fields}
        return validate(Settings, configured | given, spelling=self.spelling(given))

    def job_options(self, flags: Mapping[str, Any], target: Path) -> dict[str, Any]:
        """Return ``flags`` with the configured options that apply to the job.

        Args:
            flags: By the options' names in Python, without those of ``Settings``; they win.
            target: The file that the job changes.
        """
        configured = {
            name: v.value
            for name, v in self.values.items()
            if name not in Settings.model_fields and not name.startswith(SHARE_PREFIX)
        }
        values = configured | dict(flags)
        unused = [
            name
            for name in configured
            if name not in flags and not _applies(name, values, target, self.registry)
        ]
        return {name: value for name, value in values.items() if name not in unused}

    def sharing(self, flags: Mapping[str, Any], *, prefix: str = "") -> ShareOptions:
        """Return the options for sharing, from ``flags`` and the configuration.

        Args:
            flags: By the names of the fields of ``ShareOptions``; they win.
            prefix: Prefix of their flags.

        Raises:
            UsageError: A value is invalid.
        """
        configured = {
            name: self.values[SHARE_PREFIX + name]
            for name in ShareOptions.model_fields
            if SHARE_PREFIX + name in self.values
        }
        values = {name: v.value for name, v in configured.items()} | dict(flags)

        def spelling(name: str) -> str:
            from_flag = name in flags or name not in configured
            return flag_of(prefix + name) if from_flag else configured[name].spelling

        return validate(ShareOptions, values, spelling=spelling)

    def spelling(self, flags: Mapping[str, Any]) -> Spelling:
        """Return a function that names an option as the user wrote it."""
        values = self.values
        return lambda n: values[n].spelling if n in values and n not in flags else flag_of(n)


def _applies(name: str, values: Mapping[str, Any], target: Path, registry: Registry) -> bool:
    """Return False if the job has no use for an option, such as one of another engine."""
    if name in VideoOptions.model_fields:
        return not _is_image(target)
    if name in LabelOptions.model_fields:
        return name == "label" or bool(values.get("label"))
    owners = [spec for spec in registry if name in spec.options.model_fields]
    chosen = {values.get("engine", "mesh"), *values.get("processor", ())}
    chosen |= {spec.name for spec in registry if not spec.engine and values.get(spec.name)}
    return not owners or any(spec.name in chosen for spec in owners)


def _is_image(path: Path) -> bool:
    from roop.media.formats.image_files import image_format

    try:
        return image_format(path) is not None
    except MediaError:  # reported when the job opens the file
        return False


def _from_file(path: Path, known: Mapping[str, Any]) -> Iterator[tuple[str, ConfiguredValue]]:
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{path} is not valid TOML: {error}", hint="write: name = value"
        ) from error
    for key, value in _with_sharing(table):
        name = key.replace("-", "_").replace(".", "_")
        origin = f"{path}, line {_line_of(key.rpartition('.')[2], text)}"
        _refuse_unknown(name, known, f"{key} ({origin})")
        value = _split(value, known[name])
        if takes_path(known[name]) and isinstance(value, str):
            value = path.parent / Path(value).expanduser()
        yield name, ConfiguredValue(value, origin, f"{key} ({origin})")


def _with_sharing(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the names and values of a file, those of its table ``[share]`` as ``share.NAME``.

    The table ``[cameras]`` sets no options: ``roop.cli.parsing.named_cameras`` reads it.
    """
    for key, value in table.items():
        if key == "cameras" and isinstance(value, dict):
            continue
        if key == "share" and isinstance(value, dict):
            yield from ((f"share.{name}", inner) for name, inner in value.items())
        else:
            yield key, value


def _from_environment(known: Mapping[str, Any]) -> Iterator[tuple[str, ConfiguredValue]]:
    for variable, value in sorted(os.environ.items()):
        if not variable.startswith(VARIABLE_PREFIX) or not value:
            continue
        name = variable.removeprefix(VARIABLE_PREFIX).lower()
        if name in known and name not in FLAGS_ONLY:
            yield name, ConfiguredValue(_split(parse_bool(value), known[name]), variable, variable)
        else:  # not an error: a container or a service may have variables of its own
            warn(_ignored(name, known, variable))


def _ignored(name: str, known: Mapping[str, Any], variable: str) -> str:
    """Return the warning for a variable that sets no option."""
    if name in FLAGS_ONLY:
        return f"ignoring {variable}: {name} can only be set by a flag"
    near = suggest(name, known, spelling=lambda near: VARIABLE_PREFIX + near.upper())
    return f"ignoring {variable}, which is not an option: {near or 'see `roop config`'}"


def _split(value: Any, field: Any) -> Any:  # noqa: ANN401 - anything TOML holds; validated later
    """Split comma-separated text where the option takes several values."""
    several = field is not None and takes_several(field) and isinstance(value, str)
    return [part.strip() for part in value.split(",")] if several else value


def _refuse_unknown(name: str, known: Mapping[str, Any], written: str) -> None:
    if name in FLAGS_ONLY:
        raise UsageError(f"{written} can only be set by a flag", hint="remove it")
    if name not in known:
        near = suggest(name, known) or "see `roop config`"
        raise UsageError(f"there is no option {written}", hint=near)


def _line_of(key: str, text: str) -> int:
    """Return the line of a top-level key or table, from 1."""
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[.=\]]")
    lines = text.splitlines()
    return next((number for number, line in enumerate(lines, 1) if pattern.match(line)), 1)
