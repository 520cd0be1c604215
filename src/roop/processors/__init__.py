"""Processors: each folder is one; ``BUILTIN`` is the whole built-in set."""

from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import Any

from roop.errors import UsageError
from roop.options import Step
from roop.processors.base import ProcessorSpec, Registry
from roop.processors.enhance import ENHANCE
from roop.processors.mesh import MESH
from roop.processors.neural import ENGINES
from roop.processors.upscale import UPSCALE

BUILTIN: tuple[ProcessorSpec[Any], ...] = (MESH, *ENGINES, ENHANCE, UPSCALE)
"""Every processor shipped with the package, in the order shown to users."""

ENTRY_POINTS = "roop.processors"
"""The entry-point group under which an installed plug-in names its ``ProcessorSpec``."""


def installed() -> Registry:
    """Return the built-in processors and those of installed plug-ins.

    Raises:
        UsageError: A plug-in cannot be loaded.
    """
    specs: list[ProcessorSpec[Any]] = [*BUILTIN]
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            spec = entry.load()
        except Exception as error:  # somebody else's code: anything may happen
            raise UsageError(
                f"the plug-in {entry.value} cannot be loaded: {error}",
                hint="update it, or uninstall it",
            ) from error
        specs.append(spec)
    return Registry(specs)


def private(registry: Registry, steps: Iterable[Step]) -> list[str]:
    """Return the processors of ``steps`` that only this process knows: no worker can find them."""
    found = {spec.name: spec for spec in installed()}
    names = [step.processor for step in steps]
    return [name for name in names if found.get(name) is not registry[name]]
