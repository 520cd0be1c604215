"""The face mesh with attention, run by LiteRT, which has no such operators.

The file is cut into a trunk, which fits the mesh, and heads, which look closer at the lips and the
eyes. Between them stands what the missing operators do: the trunk's features are sampled in a
rotated box around each part.

Source: Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", CVPR
workshop 2020; operators and point numbers as in google-ai-edge/mediapipe,
mediapipe/util/tflite/operations and mediapipe/modules/face_landmark.
"""

import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from roop.errors import ModelError
from roop.models.catalogue import Model
from roop.models.formats.tflite import cut_out
from roop.models.runtimes.litert import silent_stderr

_FEATURES = "p_re_lu_3"
_TRUNK = (("input_1",), ("output_mesh_identity", "conv_faceflag", _FEATURES))
_CROPS = tuple(f"transform_tensor_bilinear_v2{end}" for end in ("", "_1", "_2"))
_HEADS = (_CROPS, ("reshape_1", "reshape_3", "reshape_6", "reshape_4", "reshape_7"))
"""Tensors where the parts begin and end."""

_SIDE, _SCALE = 16, 1.5
"""Side of a crop of features; size of its box, in boxes of the part."""

_ZOOM = 4
"""Pixels of the image to one of the features."""

_LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409,
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415,
    76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408,
    62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407,
)  # fmt: skip
_RIGHT_EYE = (
    33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173, 130, 25, 110, 24,
    23, 22, 26, 112, 243, 247, 30, 29, 27, 28, 56, 190, 226, 31, 228, 229, 230, 231, 232, 233, 244,
    113, 225, 224, 223, 222, 221, 189, 35, 124, 46, 53, 52, 65, 143, 111, 117, 118, 119, 120, 121,
    128, 245, 156, 70, 63, 105, 66, 107, 55, 193,
)  # fmt: skip
_LEFT_EYE = (
    263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398, 359, 255, 339,
    254, 253, 252, 256, 341, 463, 467, 260, 259, 257, 258, 286, 414, 446, 261, 448, 449, 450, 451,
    452, 453, 464, 342, 445, 444, 443, 442, 441, 413, 265, 353, 276, 283, 282, 295, 372, 340, 346,
    347, 348, 349, 350, 357, 465, 383, 300, 293, 334, 296, 336, 285, 417,
)  # fmt: skip
"""Points that the heads find, in their order; the person's own right and left."""


class _Part(NamedTuple):
    """A part of the face that a head looks at."""

    points: NDArray[np.intp]
    left: int
    right: int
    """The points that show its rotation."""


_PARTS = (
    _Part(np.array(_LIPS), 61, 291),
    _Part(np.array(_RIGHT_EYE), 33, 133),
    _Part(np.array(_LEFT_EYE), 362, 263),
)

_Y, _X = np.mgrid[:_SIDE, :_SIDE]
_CENTRES = np.stack([_X.ravel() + 0.5, _Y.ravel() + 0.5, np.ones(_SIDE * _SIDE)])


class AttentionMeshNetwork:
    """Finds 468 points of a face and ten of its irises. Safe for threads, one at a time."""

    any_size = False

    any_size = False

    def __init__(self, path: Path, model: Model) -> None:
        self._lock = threading.Lock()
        self._count = model.outputs[0].shape[0]
        try:
            content = path.read_bytes()
            self._trunk, self._heads = (_Cut(content, *ends) for ends in (_TRUNK, _HEADS))
            self.run(np.zeros((1, *model.inputs[0].shape), np.float32))
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise ModelError(
                f"LiteRT cannot run the model {path}", hint="reinstall ai-edge-litert"
            ) from error

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return the points, ``(478, 3)``, those of the irises last, and the logit, ``()``.

        The irises have no depth; it is 0.
        """
        pixels = np.ascontiguousarray(batch.transpose(0, 2, 3, 1))
        with self._lock:
            mesh, logit, features = self._trunk.run(pixels)
            points = np.zeros((self._count, 3), np.float32)
            points[:468] = mesh.reshape(468, 3)
            boxes = [_box(points, part) for part in _PARTS]
            found = self._heads.run(*_sample(features[0], boxes))
        for part, box, raw in zip(_PARTS, boxes, found[:3], strict=True):
            points[part.points, :2] = _to_image(raw[0], box)
        points[468:473, :2] = _to_image(found[3][0], boxes[1])
        points[473:478, :2] = _to_image(found[4][0], boxes[2])
        return points, logit.reshape(())


class _Cut:
    """A part of the network."""

    def __init__(self, content: bytes, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> None:
        with silent_stderr():
            self._interpreter = Interpreter(
                model_content=cut_out(content, inputs, outputs), num_threads=1
            )
            self._interpreter.allocate_tensors()
        details = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self._inputs, self._outputs = (
            [{d["name"]: d["index"] for d in found}[name] for name in names]
            for found, names in zip(details, (inputs, outputs), strict=True)
        )

    def run(self, *tensors: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        for index, tensor in zip(self._inputs, tensors, strict=True):
            self._interpreter.set_tensor(index, tensor)
        self._interpreter.invoke()
        return tuple(self._interpreter.get_tensor(index) for index in self._outputs)


def _box(points: NDArray[np.float32], part: _Part) -> NDArray[np.float64]:
    """Return the ``(2, 3)`` map from the pixels of a part's crop to those of the features."""
    x, y = (points[part.right, :2] - points[part.left, :2]).tolist()
    length = max(float(np.hypot(x, y)), 1e-6)
    upright = np.array([[x, y], [-y, x]]) / length
    rotated = points[part.points, :2] @ upright.T / _ZOOM
    low, high = rotated.min(axis=0), rotated.max(axis=0)
    linear = upright.T * (_SCALE / _SIDE * (high - low))
    start = upright.T @ ((low + high) / 2) - linear @ np.full(2, _SIDE / 2)
    return np.column_stack([linear, start])


def _to_image(raw: NDArray[np.float32], box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where the points of a head lie in the image; heads speak in quarters of a pixel."""
    found: NDArray[np.float64] = raw @ box[:, :2].T + _ZOOM * box[:, 2]
    return found


def _sample(
    features: NDArray[np.float32], boxes: list[NDArray[np.float64]]
) -> list[NDArray[np.float32]]:
    """Return the features in each box, ``(1, 16, 16, C)``: bilinear, 0 outside the image."""
    height, width, channels = features.shape
    positions = np.concatenate([box @ _CENTRES for box in boxes], axis=1) - 0.5
    floor = np.floor(positions)
    (ax, ay), (x, y) = positions - floor, floor.astype(np.intp)
    inside = (positions >= 0).all(axis=0)
    inside &= (positions[0] <= width - 1) & (positions[1] <= height - 1)
    x0, x1 = np.clip(x, 0, width - 1), np.clip(x + 1, 0, width - 1)
    y0, y1 = np.clip(y, 0, height - 1) * width, np.clip(y + 1, 0, height - 1) * width
    corners = np.stack([y0 + x0, y0 + x1, y1 + x0, y1 + x1])
    shares = np.stack([(1 - ay) * (1 - ax), (1 - ay) * ax, ay * (1 - ax), ay * ax]) * inside
    near = features.reshape(-1, channels).take(corners, axis=0)
    sampled = np.einsum("kn,knc->nc", shares.astype(np.float32), near)
    return list(sampled.reshape(len(boxes), 1, _SIDE, _SIDE, channels))
