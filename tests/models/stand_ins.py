"""ONNX files with the inputs and outputs of networks that cannot be had here."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save


def write_network(path: Path, side: int, shapes: list[tuple[int, ...]]) -> None:
    """Write a network whose outputs are the input's values in order, cut into ``shapes``.

    Like the real exports it has a dynamic batch dimension, which leads every output too.
    """
    nodes, outputs, values, start = [], [], [], 0
    nodes.append(helper.make_node("Flatten", ["pixels"], ["flat"]))
    for index, shape in enumerate(shapes):
        count = int(np.prod(shape))
        bounds = [f"start{index}", f"end{index}", "axis"]
        for name, value in zip(bounds[:2], (start, start + count), strict=True):
            values.append(numpy_helper.from_array(np.array([value], np.int64), name))
        values.append(numpy_helper.from_array(np.array([-1, *shape], np.int64), f"shape{index}"))
        nodes.append(helper.make_node("Slice", ["flat", *bounds], [f"cut{index}"]))
        nodes.append(helper.make_node("Reshape", [f"cut{index}", f"shape{index}"], [f"out{index}"]))
        outputs.append(helper.make_tensor_value_info(f"out{index}", TensorProto.FLOAT, None))
        start += count
    values.append(numpy_helper.from_array(np.array([1], np.int64), "axis"))
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, side, side])
    graph = helper.make_graph(nodes, "stand-in", [pixels], outputs, values)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
