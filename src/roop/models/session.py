"""A loaded network, with inputs and outputs by role."""

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.catalogue import Model
from roop.models.contract import TensorSpec
from roop.models.runtimes.base import MemoryLimitError, Port, ProviderError, Runtime
from roop.options import Precision, Provider


class Session:
    """A network, ready to run. Safe for threads: one run at a time."""

    def __init__(self, model: Model, runtime: Runtime) -> None:
        self.model = model
        self._runtime = runtime
        self._lock = threading.Lock()
        self._inputs = [
            (tensor, _find_input(tensor, index, runtime, model))
            for index, tensor in enumerate(model.inputs)
        ]
        self._outputs = [
            _find_output(tensor, index, runtime, model)
            for index, tensor in enumerate(model.outputs)
        ]
        batched_ports = [port for tensor, port in self._inputs if tensor.batched]
        self._batched_inputs = [port.name for port in batched_ports]
        self._fixed_batch = any(port.shape[0] == 1 for port in batched_ports)

    @property
    def fixed_batch(self) -> bool:
        """Whether the file has a batch size of one, so that batches run item by item."""
        return self._fixed_batch

    @property
    def provider(self) -> Provider:
        """The provider it actually runs on."""
        return self._runtime.provider

    @property
    def precision(self) -> Precision | None:
        """The precision it computes in; None if the provider decides node by node."""
        return self._runtime.precision

    def run(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
        """Run the network on a batch of any size.

        A network with a fixed batch size of one runs once per item.

        Args:
            batch: The values of every input by role, ``(N, *shape)``, or ``shape`` for an input
                that is not batched.

        Returns:
            The values of every output by role, ``(N, *shape)`` float32.

        Raises:
            ModelError: The network failed.
        """
        feed = {
            port.name: np.ascontiguousarray(batch[tensor.role], port.dtype)
            for tensor, port in self._inputs
        }
        count = len(feed[self._batched_inputs[0]])
        if not self._fixed_batch or count == 1:
            return self._run(feed, count)
        parts = [
            self._run(
                feed | {name: feed[name][index : index + 1] for name in self._batched_inputs}, 1
            )
            for index in range(count)
        ]
        return {role: np.concatenate([part[role] for part in parts]) for role in parts[0]}

    def _run(self, feed: dict[str, NDArray[Any]], count: int) -> dict[str, NDArray[np.float32]]:
        try:
            with self._lock:
                values = self._runtime.run(feed, self._outputs)
        except MemoryLimitError as error:
            raise memory_limit_error(self.model) from error
        except ProviderError as error:
            raise ModelError(
                f"the model {self.model.name} failed on {self.provider}: {error}",
                hint="try [[execution_provider=cpu]]",
            ) from error
        return {
            tensor.role: _reshape(value, tensor, count)
            for tensor, value in zip(self.model.outputs, values, strict=True)
        }


def memory_limit_error(model: Model) -> ModelError:
    """Return the error for a network that does not fit into the memory it may use."""
    return ModelError(
        f"the memory is too small for the model {model.name}",
        hint="raise [[max_memory]] or use a smaller model",
    )


def _find_input(tensor: TensorSpec, index: int, runtime: Runtime, model: Model) -> Port:
    """Return the file's input for ``tensor``; its shape must be the catalogue's."""
    named = {port.name: port for port in runtime.inputs}
    name = tensor.name or (runtime.inputs[index].name if index < len(named) else "")
    port = named.get(name)
    shape = tensor.shape if not tensor.batched else (0, *tensor.shape)
    if port is None or not _fits(port.shape, shape):
        found = ", ".join(f"{port.name} {list(port.shape)}" for port in runtime.inputs)
        raise ModelError(
            f"the file of {model.name} is another network: its inputs are {found}",
            hint=f"the input {tensor.role} must be {tensor.name or 'of any name'} {list(shape)}",
        )
    return port


def _fits(found: tuple[int | None, ...], expected: tuple[int, ...]) -> bool:
    return len(found) == len(expected) and all(
        not here or not there or here == there for here, there in zip(found, expected, strict=True)
    )


def _find_output(tensor: TensorSpec, index: int, runtime: Runtime, model: Model) -> str:
    name = tensor.name or (runtime.outputs[index] if index < len(runtime.outputs) else "")
    if name not in runtime.outputs:
        raise ModelError(
            f"the file of {model.name} is another network: it has no output for {tensor.role}",
            hint=f"its outputs are {', '.join(runtime.outputs)}",
        )
    return name


def _reshape(value: NDArray[Any], tensor: TensorSpec, count: int) -> NDArray[np.float32]:
    values = np.asarray(value, np.float32)
    if 0 in tensor.shape:
        return values
    return values.reshape((count, *tensor.shape) if tensor.batched else tensor.shape)
