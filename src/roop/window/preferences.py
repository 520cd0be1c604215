"""What the window remembers: its size, folders and options, in ``ui.json``."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roop.home import config_folder
from roop.window.selection import Line
from roop.window.texts import text

_SMALLEST, _LARGEST = 400, 20_000


class Preferences(BaseModel):
    """What the window remembers. Fields of later versions are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    width: int = Field(1240, ge=_SMALLEST, le=_LARGEST)
    """Of the window, without scaling."""
    height: int = Field(680, ge=_SMALLEST, le=_LARGEST)
    scale: float | None = Field(None, ge=0.5, le=4)
    """Chosen with Ctrl+Plus; None as the screen says."""
    source_folder: Path | None = None
    """Where the last photo was chosen."""
    target_folder: Path | None = None
    outputs: Path | None = None
    """Where results go; None for the folder of videos or pictures."""
    options: Mapping[str, Any] = Field(default_factory=dict)
    camera: str = ""
    """The last camera, by its name."""


def preferences_file() -> Path:
    """Return the file; it may not exist yet."""
    return config_folder() / "ui.json"


def load(path: Path) -> tuple[Preferences, Line | None]:
    """Return the saved preferences, and a line if they were damaged and put aside.

    Args:
        path: The file.
    """
    try:
        content = path.read_bytes()
    except OSError:
        return Preferences(), None
    try:
        return Preferences.model_validate_json(content), None
    except ValidationError:
        aside = path.with_name(f"{path.name}.damaged")
        with suppress(OSError):
            path.replace(aside)
        return Preferences(), Line(text("damaged", name=aside.name))


def save(path: Path, preferences: Preferences) -> None:
    """Write the preferences; without permission they are not remembered."""
    part = path.with_name(f"{path.name}.part")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(preferences.model_dump_json(indent=2), encoding="utf-8")
        part.replace(path)
