"""ONNX files with the inputs and outputs of networks that tests cannot download."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

from roop.models.catalogue import Model


def write_network(path: Path, side: int, shapes: list[tuple[int, ...]]) -> None:
    """Write a network whose outputs are the input's values in order, split into ``shapes``.

    Like the real exports it has a dynamic batch dimension, in every output too.
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


def write_contract(
    path: Path, model: Model, *, batch: int | str = "N", types: dict[str, int] | None = None
) -> None:
    """Write a network with a model's inputs and outputs that computes sums.

    Every output holds, for each item, the sum of that item's inputs; dynamic sizes are 4.

    Args:
        path: The file to write.
        model: The model's catalogue row.
        batch: The size of the batch dimension.
        types: ONNX types of inputs by role; float32 by default.
    """
    nodes, inputs, outputs, values, sums = [], [], [], [], []
    for index, tensor in enumerate(model.inputs):
        name, kind = tensor.name or f"in{index}", (types or {}).get(tensor.role, TensorProto.FLOAT)
        shape = [size or f"size{index}{axis}" for axis, size in enumerate(tensor.shape)]
        shape = [batch, *shape] if tensor.batched else shape
        inputs.append(helper.make_tensor_value_info(name, kind, shape))
        nodes.append(helper.make_node("Cast", [name], [f"real{index}"], to=TensorProto.FLOAT))
        axes = list(range(1, len(shape))) if tensor.batched else list(range(len(shape)))
        values.append(numpy_helper.from_array(np.array(axes, np.int64), f"axes{index}"))
        nodes.append(
            helper.make_node(
                "ReduceSum", [f"real{index}", f"axes{index}"], [f"sum{index}"], keepdims=0
            )
        )
        sums.append(f"sum{index}")
    nodes.append(helper.make_node("Sum", sums, ["sum"]))
    for index, tensor in enumerate(model.outputs):
        name = tensor.name or f"out{index}"
        shape = [size or 4 for size in tensor.shape]
        lead = [-1] if tensor.batched else []
        ones = np.array([-1, *[1] * len(shape)] if lead else [1] * len(shape), np.int64)
        values.append(numpy_helper.from_array(ones, f"ones{index}"))
        values.append(numpy_helper.from_array(np.array([1, *shape], np.int64), f"shape{index}"))
        if not lead:
            values[-1] = numpy_helper.from_array(np.array(shape, np.int64), f"shape{index}")
        nodes.append(helper.make_node("Reshape", ["sum", f"ones{index}"], [f"thin{index}"]))
        nodes.append(helper.make_node("Expand", [f"thin{index}", f"shape{index}"], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    graph = helper.make_graph(nodes, "stand-in", inputs, outputs, values)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
