"""ONNX files, run by ONNX Runtime."""

import contextlib
import io
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from roop.models.runtimes.base import MemoryLimitError, Port, ProviderError
from roop.models.runtimes.providers import PROVIDERS, provider_row, runtime_options
from roop.options import Precision, Provider, Settings

_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


class OnnxRuntime:
    """A network in ONNX Runtime, on exactly the requested provider."""

    def __init__(
        self,
        source: Path | bytes,
        provider: Provider,
        settings: Settings,
        *,
        few_runs: bool = False,
    ) -> None:
        """Load an ONNX file.

        Args:
            source: The file or its content.
            provider: What to run it on.
            settings: How to run it.
            few_runs: Optimise for loading time: the network runs only once or twice.

        Raises:
            ProviderError: The provider is missing, does not work, or supports none of the network.
        """
        self.provider = provider
        self.precision = _precision(provider, settings)
        if provider not in built_in_providers():
            raise ProviderError(f"not in this ONNX Runtime {onnxruntime.__version__}")
        options = _session_options(settings, few_runs=few_runs and provider == "cpu")
        self._session = _create_session(source, provider, settings, options)
        self.warning = _check_assignment(self._session, provider)
        self.inputs = tuple(
            Port(entry.name, np.dtype(_DTYPES.get(entry.type, np.float32)), _sizes(entry.shape))
            for entry in self._session.get_inputs()
        )
        self.outputs = tuple(entry.name for entry in self._session.get_outputs())

    def run(self, feed: dict[str, NDArray[Any]], outputs: list[str]) -> list[NDArray[Any]]:
        """Run the network on ``feed``, arrays by input name; return the named outputs, in order.

        Raises:
            ProviderError: The network failed.
        """
        try:
            values: list[NDArray[Any]] = self._session.run(outputs, feed)
        except Exception as error:  # onnxruntime's errors share no base class
            raise _translated(error) from error
        return values


def built_in_providers() -> set[Provider]:
    """Return the providers in this build of ONNX Runtime; they may still fail when used."""
    built = onnxruntime.get_available_providers()
    return {entry.name for entry in PROVIDERS if entry.runtime_name in built}


def _create_session(
    source: Path | bytes,
    provider: Provider,
    settings: Settings,
    options: onnxruntime.SessionOptions,
) -> onnxruntime.InferenceSession:
    """Load a network on ``provider``, and make sure that ONNX Runtime uses it."""
    name = provider_row(provider).runtime_name
    with _captured_output() if provider != "cpu" else contextlib.nullcontext(io.BytesIO()) as log:
        try:
            if provider in ("cuda", "tensorrt"):
                onnxruntime.preload_dlls()  # finds NVIDIA's libraries in their Python packages
            session = onnxruntime.InferenceSession(
                source,
                options,
                providers=[(name, runtime_options(provider, settings))],
                enable_fallback=False,
            )
        except Exception as error:  # onnxruntime's errors share no base class
            raise (
                ProviderError(reason) if (reason := _logged_reason(log)) else _translated(error)
            ) from error
        if name not in session.get_providers():  # dropped silently if a library is missing
            raise ProviderError(_logged_reason(log) or "ONNX Runtime could not start it")
    return session


@contextlib.contextmanager
def _captured_output() -> Iterator[BinaryIO]:
    """Capture what the library prints: it gives its reasons nowhere else."""
    stderr_copy = os.dup(2)
    with tempfile.TemporaryFile() as log, contextlib.redirect_stdout(io.StringIO()):
        os.dup2(log.fileno(), 2)
        try:
            yield log
        finally:
            os.dup2(stderr_copy, 2)
            os.close(stderr_copy)


def _logged_reason(log: BinaryIO) -> str | None:
    """Return the reason why a provider did not start from ONNX Runtime's log, None without one."""
    log.seek(0)
    found = re.search(r"with error: ([^\x1b\n]*)", log.read().decode(errors="replace"))
    return found[1].strip()[:200] if found else None


def _check_assignment(session: onnxruntime.InferenceSession, provider: Provider) -> str | None:
    """Return a warning if the CPU runs more nodes of the network than ``provider``.

    Raises:
        ProviderError: The CPU runs all nodes.
    """
    name = provider_row(provider).runtime_name
    if not hasattr(session, "get_provider_graph_assignment_info"):
        return None  # before 1.24, which includes the last release with ROCm
    nodes = Counter[str]()
    for part in session.get_provider_graph_assignment_info():
        nodes[part.ep_name] += len(part.get_nodes())
    total = nodes.total()
    if total and not nodes[name]:
        raise ProviderError(f"it supports none of the network's {total} nodes")
    if nodes[name] * 2 >= total:
        return None
    return f"{provider} runs only {nodes[name]} of its {total} nodes, the CPU runs the others"


def _sizes(shape: list[int | str | None]) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) and size > 0 else None for size in shape)


def _precision(provider: Provider, settings: Settings) -> Precision | None:
    requested = settings.execution_precision
    if provider == "cpu" or (provider == "cuda" and requested == "fp32"):
        return "fp32"
    return requested if provider == "tensorrt" else None


def _session_options(settings: Settings, *, few_runs: bool) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    if few_runs:  # the last level rearranges the weights, which pays off after three runs
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.log_severity_level = 4  # errors are raised; stderr is not ours to write to
    options.intra_op_num_threads = settings.execution_threads or 0
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    if settings.execution_threads == 1:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if settings.network_memory:
        options.add_session_config_entry("session.use_env_allocators", "1")
    return options


def limit_memory(size: int) -> None:
    """Limit the CPU memory of all networks loaded from now on, together, to ``size`` bytes.

    On a graphics card the limit applies to each network by itself.
    """
    memory_info = onnxruntime.OrtMemoryInfo(
        "Cpu",
        onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR,
        0,
        onnxruntime.OrtMemType.DEFAULT,
    )
    # Strategy 1 grows the arena by what is needed; strategy 0 doubles it each time.
    arena = onnxruntime.OrtArenaCfg({"max_mem": size, "arena_extend_strategy": 1})
    onnxruntime.create_and_register_allocator(memory_info, arena)


def _translated(error: Exception) -> ProviderError:
    """Translate an error of ONNX Runtime; only the messages tell its errors apart."""
    out_of_memory = any(
        text in str(error) for text in ("Available memory of", "Failed to allocate memory")
    )
    return (
        MemoryLimitError.from_exception(error)
        if out_of_memory
        else ProviderError.from_exception(error)
    )
