"""Sessions: loaded networks that take and give named arrays, on the provider that works."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.catalogue import Model
from roop.models.contract import TensorSpec
from roop.models.providers import ON_PROCESSOR, row, wanted
from roop.models.runtime import MemoryLimitError, Port, ProviderError, Runtime
from roop.options import Precision, Provider, Settings
from roop.types import Warn


class Session:
    """A network, ready to run. Not to be run by two threads at once; load one per thread."""

    def __init__(self, model: Model, runtime: Runtime) -> None:
        self.model = model
        self._runtime = runtime
        self._inputs = [
            (tensor, _port(tensor, place, runtime, model))
            for place, tensor in enumerate(model.inputs)
        ]
        self._outputs = [
            _output(tensor, place, runtime, model) for place, tensor in enumerate(model.outputs)
        ]
        counted = [port for tensor, port in self._inputs if tensor.batched]
        self._counted = [port.name for port in counted]
        self._single = any(port.shape[0] == 1 for port in counted)

    @property
    def single(self) -> bool:
        """Whether its file takes one item at a time, so that a batch is run item by item."""
        return self._single

    @property
    def provider(self) -> Provider:
        """The provider that it really runs on."""
        return self._runtime.provider

    @property
    def precision(self) -> Precision | None:
        """The numbers it computes with; None where the provider decides step by step."""
        return self._runtime.precision

    def run(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Run the network over a batch of any size.

        A file that was made for one item at a time is run once per item.

        Args:
            batch: For every input its values by role, ``(N, *shape)``; just ``shape`` for one that
                is not batched.

        Returns:
            For every output its values by role, ``(N, *shape)`` float32.

        Raises:
            ModelError: The network failed.
        """
        feed = {
            port.name: np.ascontiguousarray(batch[tensor.role], port.dtype)
            for tensor, port in self._inputs
        }
        count = len(feed[self._counted[0]])
        if not self._single or count == 1:
            return self._run(feed, count)
        parts = [
            self._run(feed | {name: feed[name][index : index + 1] for name in self._counted}, 1)
            for index in range(count)
        ]
        return {role: np.concatenate([part[role] for part in parts]) for role in parts[0]}

    def _run(self, feed: dict[str, NDArray[Any]], count: int) -> dict[str, NDArray[np.float32]]:
        try:
            values = self._runtime.run(feed, self._outputs)
        except MemoryLimitError as error:
            raise too_large(self.model) from error
        except ProviderError as error:
            raise ModelError(
                f"the model {self.model.name} failed on {self.provider}: {error}",
                hint="try --execution-provider cpu, or less at once",
            ) from error
        return {
            tensor.role: _shaped(value, tensor, count)
            for tensor, value in zip(self.model.outputs, values, strict=True)
        }


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
        hint=f"{order[0]} needs {row(order[0]).need}; or leave --strict-provider out",
    )


def _on_trial(name: Provider, path: Path, settings: Settings, *, brief: bool) -> Runtime:
    """Load a network; on a graphics card only after a tiny one has run there."""
    if name not in ON_PROCESSOR:
        from roop.models.probe import fault_of  # which loads networks itself

        if fault := fault_of(name, settings):
            raise ProviderError(fault)
    return load_runtime(name, path, settings, brief=brief)


def _many_at_once(session: Session, path: Path, settings: Settings) -> Session:
    """Let a file made for one item take many, where that is faster: on a graphics card."""
    if not session.single or session.provider in ON_PROCESSOR:
        return session
    from roop.models.batching import batched  # which makes sessions itself

    return batched(session, path, settings)


def load_runtime(
    name: Provider, source: Path | bytes, settings: Settings, *, brief: bool = False
) -> Runtime:
    """Load an ONNX file, or the bytes of one, on exactly one provider.

    Args:
        name: The provider.
        source: The file, or its content.
        settings: How to load it.
        brief: It is run once or twice, so that loading counts for more than running.

    Raises:
        ProviderError: The provider is not there or does not work, or the file is no network.
    """
    if name == "openvino":
        if find_spec("openvino") is None:
            raise ProviderError("not installed")
        from roop.models.openvino import OpenVinoRuntime  # an extra

        return OpenVinoRuntime(source, settings)
    from roop.models.onnx import OnnxRuntime  # takes half a second to import

    return OnnxRuntime(source, name, settings, brief=brief)


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


def present_providers() -> set[Provider]:
    """Return the providers whose software is installed; whether they work shows when they run."""
    from roop.models import onnx

    extra: set[Provider] = {"openvino"} if find_spec("openvino") else set()
    return onnx.present() | extra


def _said(faults: Mapping[Provider, str]) -> str:
    return "; ".join(f"{name}: {fault}" for name, fault in faults.items())


def too_large(model: Model) -> ModelError:
    """Return what to say when the memory that networks may take does not hold one."""
    return ModelError(
        f"the memory is too small for the model {model.name}",
        hint="allow more with --max-memory, or use a smaller model",
    )


def _port(tensor: TensorSpec, place: int, runtime: Runtime, model: Model) -> Port:
    """Return the file's input for ``tensor``, which must have the shape the catalogue says."""
    named = {port.name: port for port in runtime.inputs}
    name = tensor.name or (runtime.inputs[place].name if place < len(named) else "")
    port = named.get(name)
    shape = tensor.shape if not tensor.batched else (0, *tensor.shape)
    if port is None or not _fits(port.shape, shape):
        found = ", ".join(f"{port.name} {list(port.shape)}" for port in runtime.inputs)
        raise ModelError(
            f"the file of {model.name} is another network: its inputs are {found}",
            hint=f"{tensor.role} should be {tensor.name or 'of any name'} {list(shape)}",
        )
    return port


def _fits(found: tuple[int | None, ...], expected: tuple[int, ...]) -> bool:
    return len(found) == len(expected) and all(
        not here or not there or here == there for here, there in zip(found, expected, strict=True)
    )


def _output(tensor: TensorSpec, place: int, runtime: Runtime, model: Model) -> str:
    name = tensor.name or (runtime.outputs[place] if place < len(runtime.outputs) else "")
    if name not in runtime.outputs:
        raise ModelError(
            f"the file of {model.name} is another network: it has no output for {tensor.role}",
            hint=f"its outputs are {', '.join(runtime.outputs)}",
        )
    return name


def _shaped(value: NDArray[Any], tensor: TensorSpec, count: int) -> NDArray[np.float32]:
    values = np.asarray(value, np.float32)
    if 0 in tensor.shape:
        return values
    return values.reshape((count, *tensor.shape) if tensor.batched else tensor.shape)
