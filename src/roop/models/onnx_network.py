"""Small networks in ONNX files, run by ONNX Runtime on one thread."""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.catalogue import Model
from roop.models.runtimes.base import ProviderError
from roop.models.runtimes.onnx import OnnxRuntime
from roop.models.session import Session
from roop.options import Settings

_TRIAL_SIDE = 64
"""Stands for any size in a trial run."""


class OnnxNetwork:
    """A small network that takes one image, loaded on the CPU and tested once."""

    any_size = False

    def __init__(self, path: Path, model: Model) -> None:
        # These networks take 2 ms: one thread is enough and leaves the cores to the encoder.
        settings = Settings(execution_threads=1)
        (tensor,) = model.inputs
        try:
            self._session = Session(model, OnnxRuntime(path, "cpu", settings))
            sides = [size or _TRIAL_SIDE for size in tensor.shape]
            self.run(np.zeros((1, *sides), np.float32))
        except (ProviderError, ModelError, ValueError) as error:
            raise ModelError(
                f"ONNX Runtime {onnxruntime.__version__} cannot run the model {path}",
                hint="delete the file, so that it is downloaded again",
            ) from error

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the outputs for ``batch``, in the order and shapes of the catalogue row."""
        return tuple(value[0] for value in self._session.run({"pixels": batch}).values())
