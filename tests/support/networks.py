"""Small stand-in networks with the inputs and outputs of the catalogue's models, as ONNX files."""

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper, save

from roop.models.catalogue import Catalogue, Model, load_catalogue

Constants = dict[str, NDArray[np.generic]]


def make_models(folder: Path) -> Catalogue:
    """Write a stand-in for every model that processors run; return a catalogue of them."""
    makers = {"recognise": recogniser, "swap": swapper, "enhance": enhancer, "upscale": upscaler}
    makers |= {"occlusion": occluder, "region": parser}
    models = {}
    for model in load_catalogue():
        if model.task in makers:
            path = folder / model.filename
            makers[model.task](path, model)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            model = dataclasses.replace(model, sha256=digest, size=None)
        models[model.name] = model
    return Catalogue(models)


def recogniser(path: Path, model: Model) -> None:
    """Tell images apart, whatever their brightness: the mean of random, coarse edges."""
    size = model.output("embedding").shape[0]
    coarse = np.random.default_rng(len(model.name)).normal(size=(size, 3, 4, 4)) / 14
    weights = (coarse - coarse.mean(axis=(2, 3), keepdims=True)).repeat(2, axis=2).repeat(2, axis=3)
    nodes = [
        helper.make_node("Conv", ["in0", "weights"], ["edges"], strides=[8, 8]),
        helper.make_node("Relu", ["edges"], ["positive"]),
        helper.make_node("GlobalAveragePool", ["positive"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["out0"]),
    ]
    write(path, model, nodes, {"weights": weights.astype(np.float32)})


def swapper(path: Path, model: Model) -> None:
    """Mix the target with a colour that depends on the source; the last constant is the emap."""
    random = np.random.default_rng(7)
    black, white = (float(v) for v in model.input("pixels").pixels or (0, 1))
    constants: Constants = {
        "colours": random.normal(size=(512, 3)).astype(np.float32),
        "half": np.array(0.5, np.float32),
        "black": np.array(black, np.float32),
        "white": np.array(white, np.float32),
        "places": np.array([2, 3], np.int64),
        "emap": random.normal(size=(512, 512)).astype(np.float32),
    }
    nodes = [
        helper.make_node("MatMul", ["in1", "colours"], ["tint"]),
        helper.make_node("Unsqueeze", ["tint", "places"], ["tints"]),
        helper.make_node("Add", ["in0", "tints"], ["sum"]),
        helper.make_node("Clip", ["sum", "black", "white"], ["out0"]),
    ]
    if len(model.outputs) > 1:
        nodes.append(helper.make_node("ReduceMean", ["out0"], ["out1"], axes=[1], keepdims=1))
    write(path, model, nodes, constants)


def enhancer(path: Path, model: Model) -> None:
    """Return the negative; with a fidelity, the image times the fidelity."""
    minus = np.array(-1, np.float32)
    nodes = [helper.make_node("Mul", ["in0", "minus"], ["out0"])]
    if len(model.inputs) > 1:
        nodes = [
            helper.make_node("Cast", ["in1"], ["fidelity"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["in0", "fidelity"], ["out0"]),
        ]
    write(path, model, nodes, {"minus": minus})


def upscaler(path: Path, model: Model) -> None:
    """Enlarge with bilinear interpolation."""
    nodes = [helper.make_node("Resize", ["in0", "", "scales"], ["out0"], mode="linear")]
    scales = np.array([1, 1, model.scale, model.scale], np.float32)
    write(path, model, nodes, {"scales": scales})


def occluder(path: Path, model: Model) -> None:
    """Take green pixels for something in front of the face."""
    weights = np.array([0.5, -4.0, 0.5], np.float32)  # blue, green, red
    constants = {"weights": weights.reshape(3, 1), "bias": np.array([1], np.float32)}
    nodes = [
        helper.make_node("MatMul", ["in0", "weights"], ["score"]),
        helper.make_node("Add", ["score", "bias"], ["out0"]),
    ]
    write(path, model, nodes, constants)


def parser(path: Path, model: Model) -> None:
    """Find skin in the upper half and lips in the lower."""
    classes = np.zeros((1, 19, 512, 512), np.float32)
    classes[0, 1, :256], classes[0, 12, 256:] = 1, 1
    constants = {"classes": classes, "zero": np.zeros((1, 3, 1, 1), np.float32)}
    nodes = [
        helper.make_node("Mul", ["in0", "zero"], ["nothing"]),
        helper.make_node("ReduceMean", ["nothing"], ["none"], axes=[1], keepdims=1),
        helper.make_node("Add", ["none", "classes"], ["out0"]),
    ]
    write(path, model, nodes, constants)


def write(path: Path, model: Model, nodes: list[NodeProto], constants: Constants) -> None:
    """Write a network of ``nodes`` from ``in0``, ``in1`` to ``out0``, ``out1``, named as in a row.

    The batch dimension is 1 in swap networks, as in the real ones, and free in others.
    """
    names = {f"in{i}": tensor.name or f"in{i}" for i, tensor in enumerate(model.inputs)}
    names |= {f"out{i}": tensor.name or f"out{i}" for i, tensor in enumerate(model.outputs)}
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    first = 1 if model.task == "swap" else "N"
    inputs = [
        helper.make_tensor_value_info(
            names[f"in{i}"],
            TensorProto.DOUBLE if tensor.role == "fidelity" else TensorProto.FLOAT,
            [*([first] if tensor.batched else []), *(size or None for size in tensor.shape)],
        )
        for i, tensor in enumerate(model.inputs)
    ]
    outputs = [
        helper.make_tensor_value_info(names[f"out{i}"], TensorProto.FLOAT, None)
        for i in range(len(model.outputs))
    ]
    values = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "stand-in", inputs, outputs, values)
    opset = [helper.make_opsetid("", 17)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
