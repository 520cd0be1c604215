"""Open a network on the best execution provider that works."""

from collections.abc import Mapping
from pathlib import Path

from roop.errors import ModelError
from roop.models.batching import batched
from roop.models.catalogue import Model
from roop.models.runtimes.base import MemoryLimitError, ProviderError, Runtime
from roop.models.runtimes.loading import load_runtime, present_providers
from roop.models.runtimes.probe import fault_of
from roop.models.runtimes.providers import ON_PROCESSOR, row, wanted
from roop.models.session import Session, too_large
from roop.options import Provider, Settings
from roop.types import Warn


def open_session(
    path: Path, model: Model, settings: Settings, warn: Warn, *, brief: bool = False
) -> Session:
    """Load a network on the best provider that works.

    Args:
        path: Its file.
        model: Its row of the catalogue.
        settings: Which providers may be used, and how.
        warn: Told when another provider than the wanted one is used.
        brief: It is run once or twice, so that loading counts for more than running.

    Raises:
        ModelError: The file is no such network, or with ``strict_provider`` no provider that was
            asked for works.
    """
    order = wanted(settings, present_providers())
    faults: dict[Provider, str] = {}
    for name in order:
        try:
            runtime = _on_trial(name, path, settings, brief=brief)
        except MemoryLimitError as error:
            raise too_large(model) from error
        except ProviderError as error:
            if name == "cpu":  # then it is the file, not the provider
                raise ModelError(
                    f"the model {path} cannot be run: {error}",
                    hint=f"delete the file, so that {model.name} is downloaded again",
                ) from error
            faults[name] = str(error)
            continue
        _tell(model, runtime, faults, settings, warn)
        session = Session(model, runtime)
        return session if brief else _many_at_once(session, path, settings)
    raise ModelError(
        f"no execution provider that was asked for works ({_said(faults)})",
        hint=f"{order[0]} needs {row(order[0]).need}; or leave [[strict_provider]] out",
    )


def _on_trial(name: Provider, path: Path, settings: Settings, *, brief: bool) -> Runtime:
    """Load a network; on a graphics card only after a tiny one has run there."""
    if name not in ON_PROCESSOR and (fault := fault_of(name, settings)):
        raise ProviderError(fault)
    return load_runtime(name, path, settings, brief=brief)


def _many_at_once(session: Session, path: Path, settings: Settings) -> Session:
    """Let a file made for one item take many, where that is faster: on a graphics card."""
    if not session.single or session.provider in ON_PROCESSOR:
        return session
    return batched(session, path, settings)


def _tell(
    model: Model, runtime: Runtime, faults: Mapping[Provider, str], settings: Settings, warn: Warn
) -> None:
    """Say what is not as it was asked for."""
    if faults:
        needs = [f"{name} needs {row(name).need}" for name in faults]
        warn(
            f"{model.name} runs on {runtime.provider}, which may be much slower "
            f"({_said(faults)}); {'; '.join(needs)}"
        )
    bounded = runtime.provider == "cpu" or row(runtime.provider).memory_option
    if settings.max_memory and not bounded:
        warn(f"{runtime.provider} takes the memory it needs: max_memory does not bind it")
    if runtime.warning:
        warn(f"{model.name}: {runtime.warning}")
    asked = settings.execution_precision
    if asked and runtime.precision != asked:
        warn(
            f"{model.name} computes in {runtime.precision or 'its own numbers'}, not in {asked}: "
            f"{runtime.provider} has no choice"
        )


def _said(faults: Mapping[Provider, str]) -> str:
    return "; ".join(f"{name}: {fault}" for name, fault in faults.items())
