"""Detectors that really find two faces: networks that compare an image with two portraits."""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper, save

from roop.models.catalogue import Model
from support.heads import EYES, HEAD, HOPPER_EYES, HOPPER_HEAD, astronaut, hopper

WINDOW = 2.2
"""Side of the part of a portrait that is compared, in distances between the outer eye corners."""

SEEN_EYES = 80.0
"""Distance between the outer eye corners that is matched best in an image whose longer side is 640
pixels; half and twice as much are matched, too."""

_SIDE, _CELLS = 640, 11
_THRESHOLD = 0.78
"""Correlation at which a portrait is as likely there as not."""

_EDGE = 0.85
"""Half the width of a face's box, in distances between the outer eye corners."""

_POINTS = np.array([[-0.3, -0.36], [0.38, -0.33], [0.02, 0.05], [-0.29, 0.23], [0.34, 0.24]])
"""Eyes, nose and corners of the mouth from the middle of the face, in the same unit."""

OUTPUTS = {"classes": "cls_{}", "objects": "obj_{}", "boxes": "bbox_{}", "points": "kps_{}"}
"""What YuNet's outputs are called."""


def write_face_matcher(path: Path, model: Model) -> None:
    """Write a network with the outputs of SCRFD or YuNet that finds the two portraits' faces."""
    scrfd = model.family == "scrfd"
    white = float(np.max(model.input("pixels").pixels or (0, 1)))
    constants = {
        "templates": _templates(),
        "ones": np.ones((1, 1, _CELLS, _CELLS), np.float32),
        "count": np.array(_CELLS**2, np.float32),
        "floor": np.array(_CELLS * 0.01 * white, np.float32),
        "threshold": np.array(_THRESHOLD, np.float32),
        "steepness": np.array(40, np.float32),
        "column": np.array([-1, 1] if scrfd else [1, -1, 1], np.int64),
        "none": np.array([0.0], np.float32),
    }
    nodes = [helper.make_node("ReduceMean", ["input"], ["grey"], axes=[1], keepdims=1)]
    outputs = []
    for tensor in model.outputs:
        kind, text = tensor.role.split("_")
        stride = int(text)
        name = tensor.role if scrfd else OUTPUTS[kind].format(stride)
        rows = (_SIDE // stride) ** 2 * (2 if scrfd else 1)
        if kind in ("boxes", "points"):
            constants[f"fixed_{name}"] = _fixed(kind, stride, rows, scrfd=scrfd)
            nodes.append(helper.make_node("Identity", [f"fixed_{name}"], [name]))
        else:
            nodes += _scores(f"{kind}{stride}_", stride, name, scrfd=scrfd)
        shape = [rows, tensor.shape[-1]] if scrfd else [1, rows, tensor.shape[-1]]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    taken = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, _SIDE, _SIDE])
    values = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "face matcher", [taken], outputs, values)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def _scores(prefix: str, stride: int, name: str, *, scrfd: bool) -> list[NodeProto]:
    """Correlate each neighbourhood of cells with the portraits."""
    half = _CELLS // 2
    step = {"kernel_shape": [stride, stride], "strides": [stride, stride]}
    nodes = [
        ("AveragePool", ["grey"], "cells", step),
        ("Conv", ["@cells", "templates"], "products", {"pads": [half] * 4}),
        ("ReduceMax", ["@products"], "product", {"axes": [1], "keepdims": 1}),
        ("Conv", ["@cells", "ones"], "sum", {"pads": [half] * 4}),
        ("Mul", ["@cells", "@cells"], "squares", {}),
        ("Conv", ["@squares", "ones"], "power", {"pads": [half] * 4}),
        ("Mul", ["@sum", "@sum"], "sum2", {}),
        ("Div", ["@sum2", "count"], "mean2", {}),
        ("Sub", ["@power", "@mean2"], "variance", {}),
        ("Relu", ["@variance"], "positive", {}),
        ("Sqrt", ["@positive"], "deviation", {}),
        ("Max", ["@deviation", "floor"], "norm", {}),
        ("Div", ["@product", "@norm"], "correlation", {}),
        ("Sub", ["@correlation", "threshold"], "excess", {}),
        ("Mul", ["@excess", "steepness"], "logit", {}),
        ("Sigmoid", ["@logit"], "score", {}),
    ]
    column = f"{prefix}column" if scrfd else name
    made = [
        helper.make_node(kind, [_named(i, prefix) for i in inputs], [prefix + output], **more)
        for kind, inputs, output, more in nodes
    ]
    made.append(helper.make_node("Reshape", [f"{prefix}score", "column"], [column]))
    if scrfd:  # two anchors a cell, of which one is never sure
        never, both = f"{prefix}never", f"{prefix}both"
        made.append(helper.make_node("Mul", [column, "none"], [never]))
        made.append(helper.make_node("Concat", [column, never], [both], axis=1))
        made.append(helper.make_node("Reshape", [both, "column"], [name]))
    return made


def _named(name: str, prefix: str) -> str:
    return prefix + name[1:] if name.startswith("@") else name


def _templates() -> NDArray[np.float32]:
    """Return both faces, ``(2, 1, 11, 11)``, of mean 0 and length 1."""
    found = []
    for photo, (x, y), eyes in ((astronaut(), HEAD, EYES), (hopper(), HOPPER_HEAD, HOPPER_EYES)):
        side = WINDOW * eyes / _CELLS
        matrix = np.array([[side, 0, x - side * 5], [0, side, y - side * 5]], np.float32)
        soft = cv2.blur(photo.mean(axis=2).astype(np.float32), (round(side), round(side)))
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cells = cv2.warpAffine(soft, matrix, (_CELLS, _CELLS), flags=flags)
        cells -= cells.mean()
        found.append(cells / np.linalg.norm(cells))
    return np.stack(found)[:, None].astype(np.float32)


def _fixed(kind: str, stride: int, rows: int, *, scrfd: bool) -> NDArray[np.float32]:
    """Return where a face lies around the anchor of each cell, in strides."""
    unit = _CELLS / WINDOW  # strides between the eye corners
    middle = 0.5 - 0.5 / stride  # of a cell, from its anchor
    edge = _EDGE * unit
    if kind == "points":
        row = (_POINTS * unit + middle).ravel()
    elif scrfd:
        row = np.array([edge - middle, edge - middle, edge + middle, edge + middle])
    else:
        row = np.array([middle, middle, np.log(2 * edge), np.log(2 * edge)])
    table = np.tile(row, (rows, 1)).astype(np.float32)
    return table if scrfd else table[None]
