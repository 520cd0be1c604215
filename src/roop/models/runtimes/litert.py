"""TensorFlow Lite files, run by LiteRT: in less than half the time OpenCV takes."""

import contextlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.catalogue import Model

_MOST_SIZES = 6
"""Sizes of input that a network is kept ready for: each takes some 20 ms and 20 MB."""


class LiteRtNetwork:
    """A small network with one input, loaded and tested once. Safe for threads, one at a time."""

    any_size = True

    def __init__(self, path: Path, model: Model) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._ready: OrderedDict[tuple[int, ...], Interpreter] = OrderedDict()
        """By the shape of the input, the last one used at the end."""
        self._shapes = [output.shape for output in model.outputs]
        try:
            with silent_stderr():
                interpreter = self._interpreter(None)
            self._input = interpreter.get_input_details()[0]["index"]
            indices = {o["name"]: o["index"] for o in interpreter.get_output_details()}
            self._outputs = [indices[output.name] for output in model.outputs]
            channels, *size = model.inputs[0].shape
            self._ready[(1, *size, channels)] = interpreter
            self.run(np.zeros((1, channels, *size), np.float32))
        except (ValueError, RuntimeError, KeyError) as error:
            raise ModelError(
                f"LiteRT cannot run the model {path}", hint="reinstall ai-edge-litert"
            ) from error

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs for ``batch``, in the order and shapes of the catalogue row.

        A convolutional network takes larger images, too, and returns as many more rows: it sees
        them in half the time of tiles that overlap.
        """
        pixels = np.ascontiguousarray(batch.transpose(0, 2, 3, 1))
        with self._lock:
            interpreter = self._for_shape(pixels.shape)
            interpreter.set_tensor(self._input, pixels)
            interpreter.invoke()
            return tuple(
                interpreter.get_tensor(index).reshape((-1, *shape[1:]) if shape else ())
                for index, shape in zip(self._outputs, self._shapes, strict=True)
            )

    def _for_shape(self, shape: tuple[int, ...]) -> Interpreter:
        found = self._ready.pop(shape, None) or self._interpreter(shape)
        self._ready[shape] = found
        if len(self._ready) > _MOST_SIZES:
            self._ready.popitem(last=False)
        return found

    def _interpreter(self, shape: tuple[int, ...] | None) -> Interpreter:
        """Return a new interpreter, for an input of another shape than the file's if given."""
        interpreter = Interpreter(str(self._path), num_threads=1)
        if shape is not None:
            interpreter.resize_tensor_input(self._input, shape)
        interpreter.allocate_tensors()
        return interpreter


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
