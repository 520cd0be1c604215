"""What this machine has for the work, and what each missing thing needs."""

import os
import platform
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import psutil

from roop import __version__
from roop.media import encoders
from roop.models.folder import ModelFolder
from roop.options import Settings
from roop.processors.base import Registry

_HARDWARE = {
    "nvenc": "needs an NVIDIA card and its driver",
    "qsv": "needs Intel graphics and their driver",
    "amf": "needs an AMD card and its driver",
    "videotoolbox": "needs macOS",
}
"""What an encoder of a graphics card needs, by the last word of its name."""

State = Literal["ready", "on demand", "missing"]
"""``on demand`` is fetched when it is first needed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is there or not."""

    name: str
    state: State
    about: str
    remedy: str | None = None
    """What to do about it; None if there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found."""

    version: str
    python: str
    system: str
    cores: int
    """Logical processors that this process may use."""
    memory_mb: int
    memory_free_mb: int
    disk_free_mb: int
    """Where the command was run."""
    sections: Mapping[str, Sequence[Finding]]
    """Engines, models, encoders, libraries."""


def examine(settings: Settings, registry: Registry) -> Report:
    """Look at this machine; really tries what can only be known by trying.

    Args:
        settings: Where models lie and whether they may be downloaded.
        registry: The engines to look at.
    """
    memory = psutil.virtual_memory()
    return Report(
        version=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cores=_cores(),
        memory_mb=memory.total // 1_000_000,
        memory_free_mb=memory.available // 1_000_000,
        disk_free_mb=shutil.disk_usage(Path.cwd()).free // 1_000_000,
        sections={
            "engines": _engines(settings, registry),
            "models": _models(ModelFolder(settings), offline=settings.offline),
            "encoders": _encoders(),
            "libraries": _libraries(),
        },
    )


def _cores() -> int:
    affinity: Callable[[int], set[int]] | None = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _engines(settings: Settings, registry: Registry) -> list[Finding]:
    found = []
    for spec in registry:
        if spec.engine:
            missing = spec.missing(settings)
            state: State = "missing" if missing else "ready"
            found.append(Finding(spec.name, state, spec.summary, missing))
    return found


def _models(folder: ModelFolder, *, offline: bool) -> list[Finding]:
    found = []
    for model in folder.catalogue:
        about = f"{model.task}; {model.terms or model.licence}"
        fault = folder.fault(model)
        if fault is None:
            found.append(Finding(model.name, "ready", about))
            continue
        fetched = fault == "missing" and model.url is not None and not offline
        state: State = "on demand" if fetched else "missing"
        remedy = None if fetched else f"{fault}: {folder.remedy(model)}"
        found.append(Finding(model.name, state, about, remedy))
    return found


def _encoders() -> list[Finding]:
    found = []
    for row in encoders.TABLE:
        if encoders.usable(row.name):
            found.append(Finding(row.name, "ready", row.title))
        else:
            remedy = _HARDWARE.get(row.name.rpartition("_")[2], "needs another build of PyAV")
            found.append(Finding(row.name, "missing", row.title, remedy))
    return found


def _libraries() -> list[Finding]:
    names = ("av", "numpy", "onnxruntime", "opencv-python-headless", "pillow")
    return [Finding(name, "ready", metadata.version(name)) for name in names]
