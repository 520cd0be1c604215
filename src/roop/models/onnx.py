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
    options = _options()
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
