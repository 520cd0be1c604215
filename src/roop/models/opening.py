"""Opening of a network on the best execution provider that works."""

from collections.abc import Mapping
from pathlib import Path

from roop.errors import ModelError
from roop.models.batching import try_batching
from roop.models.catalogue import Model
from roop.models.runtimes.base import MemoryLimitError, ProviderError, Runtime
from roop.models.runtimes.loading import installed_providers, load_runtime
from roop.models.runtimes.probe import provider_fault
from roop.models.runtimes.providers import CPU_PROVIDERS, provider_row, providers_to_try
from roop.models.session import Session, memory_limit_error
from roop.options import Provider, Settings
from roop.types import Warn


def open_session(
    path: Path, model: Model, settings: Settings, warn: Warn, *, few_runs: bool = False
) -> Session:
    """Load a network on the best provider that works.

    Args:
        path: Its file.
        model: Its catalogue row.
        settings: Which providers to use, and how.
        warn: Called with a message if the network runs otherwise than requested.
        few_runs: Optimise for loading time: the network runs only once or twice.

    Raises:
        ModelError: The file is not such a network, or with ``strict_provider`` none of the
            requested providers works.
    """
    order = providers_to_try(settings, installed_providers())
    faults: dict[Provider, str] = {}
    for name in order:
        try:
            runtime = _load_tested(name, path, settings, few_runs=few_runs)
        except MemoryLimitError as error:
            raise memory_limit_error(model) from error
        except ProviderError as error:
            if name == "cpu":  # always works: the file is at fault
                raise ModelError(
                    f"cannot run the model {path}: {error}",
                    hint=f"delete the file to download {model.name} again",
                ) from error
            faults[name] = str(error)
            continue
        _warn_of_differences(model, runtime, faults, settings, warn)
        session = Session(model, runtime)
        return session if few_runs else _batched_where_faster(session, path, settings)
    raise ModelError(
        f"none of the requested execution providers works ({_joined(faults)})",
        hint=f"{order[0]} needs {provider_row(order[0]).need}; or leave [[strict_provider]] out",
    )


def _load_tested(name: Provider, path: Path, settings: Settings, *, few_runs: bool) -> Runtime:
    """Load a network; test the provider with a tiny one first, unless it is the CPU."""
    if name not in CPU_PROVIDERS and (fault := provider_fault(name, settings)):
        raise ProviderError(fault)
    return load_runtime(name, path, settings, few_runs=few_runs)


def _batched_where_faster(session: Session, path: Path, settings: Settings) -> Session:
    """Run whole batches of a fixed-batch file where that is faster: on a graphics card."""
    if not session.fixed_batch or session.provider in CPU_PROVIDERS:
        return session
    return try_batching(session, path, settings)


def _warn_of_differences(
    model: Model, runtime: Runtime, faults: Mapping[Provider, str], settings: Settings, warn: Warn
) -> None:
    """Warn of everything that is not as requested."""
    if faults:
        needs = [f"{name} needs {provider_row(name).need}" for name in faults]
        warn(
            f"{model.name} runs on {runtime.provider}, which may be much slower "
            f"({_joined(faults)}); {'; '.join(needs)}"
        )
    limited = runtime.provider == "cpu" or provider_row(runtime.provider).memory_option
    if settings.max_memory and not limited:
        warn(f"max_memory has no effect on {runtime.provider}")
    if runtime.warning:
        warn(f"{model.name}: {runtime.warning}")
    requested = settings.execution_precision
    if requested and runtime.precision != requested:
        warn(
            f"{model.name} runs in {runtime.precision or 'its own precision'}, not in {requested}: "
            f"{runtime.provider} cannot change it"
        )


def _joined(faults: Mapping[Provider, str]) -> str:
    return "; ".join(f"{name}: {fault}" for name, fault in faults.items())
