"""TensorFlow Lite files, run by LiteRT: in less than half the time OpenCV takes."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.catalogue import Model


class LiteRtNetwork:
    """A small network with one input, loaded and tested once. Safe for threads, one at a time."""

    def __init__(self, path: Path, model: Model) -> None:
        self._lock = threading.Lock()
        self._shapes = [output.shape for output in model.outputs]
        try:
            with silent_stderr():
                self._interpreter = Interpreter(str(path), num_threads=1)
                self._interpreter.allocate_tensors()
            self._input = self._interpreter.get_input_details()[0]["index"]
            indices = {o["name"]: o["index"] for o in self._interpreter.get_output_details()}
            self._outputs = [indices[output.name] for output in model.outputs]
            self.run(np.zeros((1, *model.inputs[0].shape), np.float32))
        except (ValueError, RuntimeError, KeyError) as error:
            raise ModelError(
                f"LiteRT cannot run the model {path}", hint="reinstall ai-edge-litert"
            ) from error

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs for ``batch``, in the order and shapes of the catalogue row."""
        pixels = np.ascontiguousarray(batch.transpose(0, 2, 3, 1))
        with self._lock:
            self._interpreter.set_tensor(self._input, pixels)
            self._interpreter.invoke()
            return tuple(
                self._interpreter.get_tensor(index).reshape(shape)
                for index, shape in zip(self._outputs, self._shapes, strict=True)
            )


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """Suppress the notice that LiteRT prints about its delegate; it has no option for that."""
    stderr_copy = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr_copy, 2)
        os.close(stderr_copy)
