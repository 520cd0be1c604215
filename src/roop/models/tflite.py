"""TensorFlow Lite files, run by OpenCV."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.catalogue import Model


class TfliteNetwork:
    """A network of one input, loaded and tried once.

    OpenCV's number of threads belongs to the whole process, so it is left to the program's edge.
    """

    def __init__(self, path: Path, model: Model) -> None:
        self._shapes = [output.shape for output in model.outputs]
        self._names = [output.name or "" for output in model.outputs]
        try:
            self._net = cv2.dnn.readNetFromTFLite(str(path))
            self.run(np.zeros((1, *model.inputs[0].shape), np.float32))
        except (cv2.error, ValueError) as error:
            raise ModelError(
                f"OpenCV {cv2.__version__} cannot run the model {path}",
                hint="install opencv-python-headless 4.12 to 4.14",
            ) from error

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return copies of the outputs for ``batch``, in the catalogue row's order and shapes."""
        self._net.setInput(batch)
        blobs = self._net.forward(self._names)
        return tuple(
            np.array(blob, np.float32).reshape(shape)
            for blob, shape in zip(blobs, self._shapes, strict=True)
        )
