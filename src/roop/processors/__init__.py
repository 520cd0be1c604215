"""The processors, one folder each, and how to get a registry of them."""

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
"""The processors of this package, in the order of the help."""

ENTRY_POINTS = "roop.processors"
"""Entry-point group in which an installed plug-in names its ``ProcessorSpec``."""


def installed() -> Registry:
    """Return the built-in processors and those of installed plug-ins.

    Raises:
        UsageError: A plug-in cannot be loaded.
    """
    specs: list[ProcessorSpec[Any]] = [*BUILTIN]
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            spec = entry.load()
        except Exception as error:  # a plug-in may raise anything
            raise UsageError(
                f"the plug-in {entry.value} cannot be loaded: {error}",
                hint="update it, or uninstall it",
            ) from error
        specs.append(spec)
    return Registry(specs)


def local_only(registry: Registry, steps: Iterable[Step]) -> list[str]:
    """Return the processors of ``steps`` that are not installed, so that no worker has them."""
    specs = {spec.name: spec for spec in installed()}
    names = [step.processor for step in steps]
    return [name for name in names if specs.get(name) is not registry[name]]
