"""ONNX files, run by ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.catalogue import Model


class OnnxNetwork:
    """A network of one picture, loaded on the CPU and tried once."""

    def __init__(self, path: Path, model: Model) -> None:
        self._shapes = [output.shape for output in model.outputs]
        try:
            self._session = onnxruntime.InferenceSession(
                path, _options(), providers=["CPUExecutionProvider"]
            )
            self._input = self._session.get_inputs()[0].name
            self.run(np.zeros(model.inputs[0].shape, np.float32))
        except Exception as error:  # onnxruntime's errors share no base class
            raise ModelError(
                f"ONNX Runtime {onnxruntime.__version__} cannot run the model {path}",
                hint="delete the file, so that it is downloaded again",
            ) from error

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs for ``batch``, in the catalogue row's order and shapes."""
        outputs = self._session.run(None, {self._input: batch})
        return tuple(
            np.asarray(output, np.float32).reshape(shape)
            for output, shape in zip(outputs, self._shapes, strict=True)
        )


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # its warnings go to stderr, which is not ours
    # These networks take 2 ms: one thread, so that the cores are the encoder's, and no spinning.
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
