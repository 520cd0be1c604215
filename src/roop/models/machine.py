"""Inspection of this machine: processor, memory, libraries, execution providers, models."""

import os
import platform
import shutil
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile

import psutil

from roop.errors import ModelError
from roop.models.files.folder import ModelFolder
from roop.models.networks import embedded_models, face_detector, face_mesh, screen_models
from roop.models.runtimes.providers import PROVIDERS, provider_row
from roop.options import Settings

_LIBRARIES = ("numpy", "opencv-python-headless", "av", "pillow", "onnxruntime")
_PACKAGES = {
    # the variants install the same module and take the place of the plain package
    "onnxruntime": (
        *("onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-migraphx", "onnxruntime-rocm"),
        "onnxruntime",
    )
}
_PURPOSE = {"onnxruntime": " (the neural engines run on it)"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that works on this machine or does not."""

    name: str
    ready: bool
    state: str
    """In a few words, such as "present" or "not installed"."""
    need: str | None = None
    """How to get it; None if it is ready or unavailable here."""
    optional: bool = True
    """False if roop does not work without it."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What ``roop doctor`` reports, except engines and encoders."""

    system: str
    """Operating system and processor family."""
    python: str
    cores: int
    """Cores that this process may use; a container or an affinity mask may withhold others."""
    memory: int
    """Bytes that this process may use at most, as reported by the system."""
    memory_free: int
    """Bytes available at the moment."""
    libraries: tuple[Check, ...]
    providers: tuple[Check, ...]
    """What networks can run on, each tested with a tiny network."""
    embedded: Check
    """The networks of the built-in engine."""
    models: tuple[Check, ...]
    """Models that are present, intact or not, and those that roop cannot work without."""
    models_more: int
    """Number of other models in the catalogue, downloaded when needed."""
    models_folder: Path
    models_writable: bool
    """Whether downloads can be stored there."""
    disk_free: int
    """Free bytes in that folder."""


def inspect(settings: Settings) -> Machine:
    """Inspect this machine; loads the built-in networks, which takes a second or two."""
    folder = ModelFolder(settings)
    models = _models(settings, folder)
    memory = psutil.virtual_memory()
    limit = _memory_limit()
    return Machine(
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        cores=usable_cores(),
        memory=min(memory.total, limit or memory.total),
        memory_free=min(memory.available, limit or memory.available),
        libraries=tuple(_library(name) for name in _LIBRARIES),
        providers=_providers(settings),
        embedded=_embedded(settings, folder),
        models=models,
        models_more=len(list(folder.catalogue)) - len(models),
        models_folder=folder.path,
        models_writable=_writable(_existing(folder.path)),
        disk_free=shutil.disk_usage(_existing(folder.path)).free,
    )


def usable_cores() -> int:
    """Return the number of processor cores this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    # "max 100000", or the CPU time of all cores per period in microseconds: a container's limit
    quota, _, period = _cgroup("cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal():
        cores = min(cores, -(-int(quota) // int(period)))
    return max(cores, 1)


def _memory_limit() -> int | None:
    limit = _cgroup("memory.max")
    return int(limit) if limit.isdecimal() else None


def _cgroup(name: str) -> str:
    """Return a limit of this container, empty if it has none."""
    try:
        return Path("/sys/fs/cgroup", name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _library(name: str) -> Check:
    for package in _PACKAGES.get(name, (name,)):
        with suppress(PackageNotFoundError):
            return Check(package, True, version(package), optional=False)
    need = f"pip install {name}" + _PURPOSE.get(name, "")
    return Check(name, False, "not installed", need, optional=False)


def _embedded(settings: Settings, folder: ModelFolder) -> Check:
    """Load the built-in networks, unless that would start a download."""
    name = "mesh"
    for model in map(folder.catalogue.__getitem__, embedded_models(folder)):
        if fault := folder.problem(model):
            return Check(name, False, f"{model.name} is {fault}", folder.how_to_fix(model), False)
    try:
        face_detector(settings)
        face_mesh(settings)
    except ModelError as error:
        return Check(name, False, str(error), error.hint, False)
    return Check(name, True, "ready", optional=False)


def _models(settings: Settings, folder: ModelFolder) -> tuple[Check, ...]:
    """Check the models that are present and those that roop cannot work without."""
    needed = {*embedded_models(folder), *screen_models(settings)}
    found = ((model, folder.problem(model)) for model in folder.catalogue)
    return tuple(
        Check(
            model.name,
            not fault,
            fault or "present",
            folder.how_to_fix(model) if fault else None,
            optional=model.name not in needed,
        )
        for model, fault in found
        if model.name in needed or fault != "missing"
    )


def _providers(settings: Settings) -> tuple[Check, ...]:
    """Test every provider of this system with a tiny network."""
    if find_spec("onnxruntime") is None:
        return (Check("cpu", False, "onnxruntime is not installed", provider_row("cpu").need),)
    from roop.models.runtimes.loading import installed_providers
    from roop.models.runtimes.probe import provider_fault  # an import of what may not be installed

    present, checks = installed_providers(), []
    for entry in PROVIDERS:
        if entry.name not in present:
            if platform.system() in entry.systems:
                checks.append(Check(entry.name, False, "not installed", entry.need))
        elif fault := provider_fault(entry.name, settings):
            checks.append(Check(entry.name, False, fault, entry.need))
        else:
            checks.append(Check(entry.name, True, "works"))
    return tuple(checks)


def _writable(folder: Path) -> bool:
    """Return whether files can be created in ``folder``, by trying: permissions are not enough."""
    try:
        with TemporaryFile(dir=folder) as file:
            file.write(b"roop")
    except OSError:
        return False
    return True


def _existing(path: Path) -> Path:
    """Return ``path`` or its nearest parent that exists."""
    # Path.exists raises an error for folders that this user cannot access.
    return next(p for p in (path, *path.absolute().parents) if os.path.exists(p))  # noqa: PTH110
