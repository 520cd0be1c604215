"""Diagnosis of this machine: what works, and how to get what is missing."""

from dataclasses import dataclass
from typing import Any

from roop import __version__
from roop.media.video import encoder_specs
from roop.models.machine import Check, Machine, inspect
from roop.options import Job, Settings
from roop.processors.base import ProcessorSpec, Registry

_HARDWARE = {
    "nvenc": "an NVIDIA card and its driver",
    "qsv": "Intel graphics and their driver",
    "amf": "an AMD card and its driver",
    "videotoolbox": "macOS",
}
"""What a hardware encoder needs, by the last part of its name."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The result of ``diagnose``."""

    version: str
    """The version of this package."""
    machine: Machine
    engines: tuple[Check, ...]
    encoders: tuple[Check, ...]
    """All video encoders that roop offers, each tried out."""


def diagnose(settings: Settings, registry: Registry) -> Diagnosis:
    """Check this machine; takes a second or two.

    Args:
        settings: Where models are stored and whether they may be downloaded.
        registry: The engines to check.
    """
    machine = inspect(settings)
    return Diagnosis(
        version=__version__,
        machine=machine,
        engines=_engines(settings, registry, machine.embedded),
        encoders=_encoders(),
    )


def _engines(settings: Settings, registry: Registry, embedded: Check) -> tuple[Check, ...]:
    default = Job.model_fields["steps"].default[0].processor
    checks = []
    for spec in registry:
        if spec.engine and spec.name == default:
            checks.append(_default_engine(spec, settings, embedded))
        elif spec.engine:
            missing = spec.missing(settings)
            checks.append(Check(spec.name, not missing, spec.summary, missing))
    return tuple(checks)


def _default_engine(spec: ProcessorSpec[Any], settings: Settings, embedded: Check) -> Check:
    """Call the engine ready if its networks load, and "built in" only if it is ready."""
    missing = spec.missing(settings)
    if not missing and not embedded.ready:
        missing = ": ".join(filter(None, (embedded.state, embedded.need)))
    state = "not ready" if missing else spec.summary
    return Check(spec.name, not missing, state, missing, optional=False)


def _encoders() -> tuple[Check, ...]:
    found = ((row, encoder_specs.is_usable(row.name)) for row in encoder_specs.TABLE)
    return tuple(
        Check(row.name, usable, row.title, None if usable else _hardware(row.name))
        for row, usable in found
    )


def _hardware(name: str) -> str:
    return _HARDWARE.get(name.rpartition("_")[2], "another build of PyAV")
