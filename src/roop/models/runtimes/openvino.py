"""ONNX files, run by OpenVINO: twice as fast as ONNX Runtime on CPUs with bfloat16."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roop.models.runtimes.base import Port, ProviderError
from roop.options import Precision, Provider, Settings

_HINTS: dict[Precision, str] = {"fp32": "f32", "fp16": "f16", "bf16": "bf16"}
_PRECISIONS: dict[str, Precision] = {"f32": "fp32", "f16": "fp16", "bf16": "bf16"}


class OpenVinoRuntime:
    """A network in OpenVINO, on the CPU."""

    provider: Provider = "openvino"
    warning: str | None = None

    def __init__(self, source: Path | bytes, settings: Settings) -> None:
        """Load an ONNX file or the content of one.

        Raises:
            ProviderError: OpenVINO cannot load it.
        """
        try:
            core = _import_openvino().Core()
            network = core.read_model(source)
            self._compiled = core.compile_model(network, "CPU", _hints(settings))
            precision = self._compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        except RuntimeError as error:  # the only type its bindings raise
            raise ProviderError.from_exception(error) from error
        self.precision: Precision | None = _PRECISIONS.get(precision)
        self.inputs = tuple(
            Port(entry.any_name, entry.element_type.to_dtype(), _sizes(entry.partial_shape))
            for entry in network.inputs
        )
        self._output_indices = {
            name: i for i, out in enumerate(network.outputs) for name in out.names
        }
        self.outputs = tuple(entry.any_name for entry in network.outputs)

    def run(self, feed: dict[str, NDArray[Any]], outputs: list[str]) -> list[NDArray[Any]]:
        """Run the network on ``feed``, arrays by input name; return the named outputs, in order.

        Raises:
            ProviderError: The network failed.
        """
        try:
            values = self._compiled(feed)
        except RuntimeError as error:
            raise ProviderError.from_exception(error) from error
        return [np.array(values[self._output_indices[name]]) for name in outputs]


def _import_openvino() -> ModuleType:
    """Import OpenVINO without its telemetry, which reports every import to Google.

    OpenVINO works without the package openvino_telemetry if it cannot be imported.
    """
    absent: Any = None  # makes the import system refuse to import it
    sys.modules.setdefault("openvino_telemetry", absent)
    import openvino

    module: ModuleType = openvino
    return module


def _hints(settings: Settings) -> dict[str, Any]:
    hints: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY"}
    if settings.execution_threads:
        hints["INFERENCE_NUM_THREADS"] = settings.execution_threads
    if settings.execution_precision:
        hints["INFERENCE_PRECISION_HINT"] = _HINTS[settings.execution_precision]
    return hints


def _sizes(shape: Any) -> tuple[int | None, ...]:  # noqa: ANN401 - openvino ships no usable types
    return tuple(None if size.is_dynamic else size.get_length() for size in shape)
