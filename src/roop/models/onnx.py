"""ONNX files, run by ONNX Runtime."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.catalogue import Model
from roop.models.providers import PROVIDERS, row
from roop.models.sessions import Port, ProviderError, Session
from roop.options import Provider, Settings

_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


class OnnxRuntime:
    """A network in ONNX Runtime, on exactly the provider that was asked for."""

    def __init__(self, path: Path, provider: Provider, settings: Settings) -> None:
        """Load ``path``.

        Raises:
            ProviderError: The provider is not there, does not work, or runs none of the network.
        """
        self.provider = provider
        runtime_name = row(provider).runtime_name
        if provider not in present():
            raise ProviderError(
                f"not in this ONNX Runtime {onnxruntime.__version__}; needs {row(provider).need}"
            )
        try:
            self._session = onnxruntime.InferenceSession(
                path,
                _options(settings.execution_threads),
                providers=[(runtime_name, _provider_options(provider, settings))],
                enable_fallback=False,
            )
            if runtime_name not in self._session.get_providers():
                raise ProviderError("ONNX Runtime does not start it")
            self.inputs = tuple(
                Port(entry.name, np.dtype(_DTYPES[entry.type]), _sizes(entry.shape))
                for entry in self._session.get_inputs()
            )
        except ProviderError:
            raise
        except Exception as error:  # onnxruntime's errors share no base class
            raise ProviderError(" ".join(str(error).split())[:200]) from error
        self.outputs = tuple(entry.name for entry in self._session.get_outputs())

    def run(self, feed: dict[str, NDArray[Any]], outputs: list[str]) -> list[NDArray[Any]]:
        """Return the outputs of these names for the inputs of those names.

        Raises:
            ProviderError: The network failed.
        """
        try:
            values: list[NDArray[Any]] = self._session.run(outputs, feed)
        except Exception as error:  # onnxruntime's errors share no base class
            raise ProviderError(" ".join(str(error).split())[:200]) from error
        return values


class OnnxNetwork:
    """A small network of one picture, loaded on the CPU and tried once."""

    def __init__(self, path: Path, model: Model) -> None:
        # These networks take 2 ms: one thread, so that the cores are the encoder's.
        settings = Settings(execution_threads=1)
        (tensor,) = model.inputs
        try:
            self._session = Session(model, OnnxRuntime(path, "cpu", settings))
            self.run(np.zeros((1, *tensor.shape), np.float32))
        except (ProviderError, ModelError, ValueError) as error:
            raise ModelError(
                f"ONNX Runtime {onnxruntime.__version__} cannot run the model {path}",
                hint="delete the file, so that it is downloaded again",
            ) from error

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs for ``batch``, in the catalogue row's order and shapes."""
        return tuple(value[0] for value in self._session.run({"pixels": batch}).values())


def present() -> set[Provider]:
    """Return the providers that this ONNX Runtime was built with; not all of them need work."""
    built = onnxruntime.get_available_providers()
    return {entry.name for entry in PROVIDERS if entry.runtime_name in built}


def _sizes(shape: list[int | str | None]) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) and size > 0 else None for size in shape)


def _provider_options(provider: Provider, settings: Settings) -> dict[str, str]:
    device_option = row(provider).device_option
    return {device_option: str(settings.execution_device_id)} if device_option else {}


def _options(threads: int | None) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what matters is raised; stderr is not ours
    options.intra_op_num_threads = threads or 0
    if threads == 1:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def try_providers() -> list[tuple[str, str | None]]:
    """Run a tiny network on each execution provider that this ONNX Runtime was built with.

    Its own list names what it was built with, not what works: a missing driver shows only here.

    Returns:
        Each provider's short name (``cpu``, ``cuda``, ...) and why it does not work, or None.
    """
    return [
        (name.removesuffix("ExecutionProvider").lower(), _fault(name))
        for name in onnxruntime.get_available_providers()
        if name != "AzureExecutionProvider"  # a client of a remote service
    ]


def _fault(provider: str) -> str | None:
    options = _options(1)
    options.log_severity_level = 4  # the reason is returned, not written to stderr
    if provider != "CPUExecutionProvider":
        # Without this a provider that does not work is replaced by the CPU in silence.
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    try:
        session = onnxruntime.InferenceSession(_PROBE, options, providers=[provider])
        (doubled,) = session.run(None, {"x": np.ones((1, 1, 4, 4), np.float32)})
    except Exception as error:  # onnxruntime's errors share no base class
        return " ".join(str(error).split())[:200]
    if session.get_providers()[0] != provider:
        return "onnxruntime chose another one"
    return None if np.allclose(doubled, 2, atol=0.01) else "it computes wrong numbers"


# relu(conv(x, 2)) on (1, 1, 4, 4), opset 13: the smallest network of what every provider must do.
_PROBE = (
    b'\x08\x08:u\n\x0f\n\x01x\n\x01w\x12\x01c"\x04Conv\n\x0c\n\x01c\x12\x01y"\x04Relu\x12\x05probe'
    b'*\x13\x08\x01\x08\x01\x08\x01\x08\x01\x10\x01"\x04\x00\x00\x00@B\x01w'
    b"Z\x1b\n\x01x\x12\x16\n\x14\x08\x01\x12\x10\n\x02\x08\x01\n\x02\x08\x01\n\x02\x08\x04\n\x02\x08\x04"
    b"b\x1b\n\x01y\x12\x16\n\x14\x08\x01\x12\x10\n\x02\x08\x01\n\x02\x08\x01\n\x02\x08\x04\n\x02\x08\x04"
    b"B\x04\n\x00\x10\r"
)
