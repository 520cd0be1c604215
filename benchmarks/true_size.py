"""Networks with the layers and sizes of the field's models and random weights, for benchmarks."""

from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, save
from onnx.helper import make_node

from roop.models.catalogue import Catalogue


class Layers:
    """A network in the making: each call adds a layer after the last."""

    def __init__(self, start: str, channels: int) -> None:
        self.last = start
        self._channels = channels
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._random = np.random.default_rng(0)

    def add(self, kind: str, *inputs: str, **settings: Any) -> str:  # noqa: ANN401 - whatever the kind of node takes
        """Add a node that takes the last layer and ``inputs``."""
        name = f"{kind.lower()}{len(self._nodes)}"
        self._nodes.append(make_node(kind, [self.last, *inputs], [name], **settings))
        self.last = name
        return name

    def constant(self, values: np.ndarray) -> str:
        """Add a constant."""
        name = f"constant{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def conv(self, channels: int, *, size: int = 3, stride: int = 1) -> None:
        """Add a convolution with padding that keeps its output of the order of its input."""
        shape = (channels, self._channels, size, size)
        scale = 1 / np.sqrt(np.prod(shape[1:]))
        weights = self._random.standard_normal(shape, np.float32) * np.float32(scale)
        pads = [size // 2] * 4
        self.add("Conv", self.constant(weights), strides=[stride, stride], pads=pads)
        self._channels = channels

    def style(self, latent: str) -> None:
        """Add instance normalisation whose scale and shift come from ``latent``."""
        count = self._channels
        ones, zeros = (self.constant(np.full(count, v, np.float32)) for v in (1, 0))
        normed = self.add("InstanceNormalization", ones, zeros)
        weights = self._random.standard_normal((512, 2 * count), np.float32) / 32
        self.last = latent
        self.add("MatMul", self.constant(weights))
        self.add("Unsqueeze", self.constant(np.array([2, 3])))
        both = self.last
        sizes = self.constant(np.array([count, count]))
        scale, shift = (f"{both}_{part}" for part in ("scale", "shift"))
        self._nodes.append(make_node("Split", [both, sizes], [scale, shift], axis=1))
        self.last = normed
        self.add("Mul", scale)
        self.add("Add", shift)

    def double(self) -> None:
        """Add an enlargement to twice the size."""
        scales = self.constant(np.array([1, 1, 2, 2], np.float32))
        self.add("Resize", "", scales, mode="linear")

    def model(self, inputs: dict[str, list[int | str]], *outputs: str) -> ModelProto:
        """Return the network from ``inputs`` to the last layer, or to ``outputs``."""
        given = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in inputs.items()]
        made = [
            helper.make_tensor_value_info(n, TensorProto.FLOAT, None)
            for n in outputs or (self.last,)
        ]
        graph = helper.make_graph(self._nodes, "stand-in", given, made, self._constants)
        opset = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opset, ir_version=9)


def inswapper() -> ModelProto:
    """128-256-512-1024 channels, six style blocks of two convolutions of 1024 at 32 x 32."""
    layers = Layers("target", 3)
    for channels, size, stride in ((128, 7, 1), (256, 3, 2), (512, 3, 2), (1024, 3, 1)):
        layers.conv(channels, size=size, stride=stride)
        layers.add("LeakyRelu", alpha=0.2)
    for _ in range(6):
        before = layers.last
        for _ in range(2):
            layers.conv(1024)
            layers.style("source")
            layers.add("Relu")
        layers.add("Add", before)
    for channels, doubled in ((512, True), (256, True), (128, False)):
        layers.conv(channels)
        layers.add("LeakyRelu", alpha=0.2)
        if doubled:
            layers.double()
    layers.conv(3, size=7)
    layers.add("Sigmoid")
    model = layers.model({"target": [1, 3, 128, 128], "source": [1, 512]})
    emap = np.random.default_rng(1).standard_normal((512, 512), np.float32)
    model.graph.initializer.append(numpy_helper.from_array(emap, "emap"))
    return model


def residual(side: int, depths: tuple[int, ...], outputs: int) -> ModelProto:
    """Return a residual network such as ArcFace's: stages of 64, 128, 256, 512 channels."""
    layers = Layers("in", 3)
    layers.conv(64)
    for channels, depth in zip((64, 128, 256, 512), depths, strict=True):
        layers.conv(channels, stride=2)
        for _ in range(depth):
            before = layers.last
            layers.conv(channels)
            layers.add("Relu")
            layers.conv(channels)
            layers.add("Add", before)
    layers.add("Flatten")
    count = 512 * (side // 16) ** 2
    weights = np.random.default_rng(2).standard_normal((count, outputs), np.float32) / 100
    layers.add("MatMul", layers.constant(weights))
    return layers.model({"in": ["N", 3, side, side]})


def plain(side: int, channels: tuple[int, ...], depth: int) -> ModelProto:
    """Return convolutions of stride 2, then ``depth`` more of the last width."""
    layers = Layers("in", 3)
    for count in channels:
        layers.conv(count, stride=2)
        layers.add("Relu")
    for _ in range(depth):
        layers.conv(channels[-1])
        layers.add("Relu")
    return layers.model({"in": ["N", 3, side, side]})


def analysis(folder: Path) -> dict[str, tuple[Path, int]]:
    """Write the five networks that the original ran on every face of every frame.

    Returns:
        The file and the side of the input of each: detector, two sets of landmarks, age, identity.
    """
    made = {
        "det_10g": (plain(640, (32, 64, 128), 5), 640),
        "2d106det": (plain(192, (16, 32, 64), 4), 192),
        "1k3d68": (residual(192, (2, 3, 5, 2), 204), 192),
        "genderage": (plain(96, (16, 32, 64), 2), 96),
        "w600k_r50": (residual(112, (2, 3, 13, 2), 512), 112),
    }
    for name, (model, _) in made.items():
        save(model, folder / f"original_{name}.onnx")
    return {name: (folder / f"original_{name}.onnx", side) for name, (_, side) in made.items()}


def write(model: ModelProto, path: Path, size: int | None = None) -> None:
    """Write a network, filled up to ``size`` bytes as the real file has them."""
    if size is not None:
        model.doc_string = "x"
        missing = size - model.ByteSize()
        model.doc_string += "x" * (missing - 3)
        model.doc_string += "x" * (size - model.ByteSize())
        if model.ByteSize() != size:
            raise ValueError(f"{path.name} is {model.ByteSize()} bytes, not {size}")
    save(model, path)


def fill(folder: Path, catalogue: Catalogue) -> Path:
    """Write the swap network and its recogniser where roop looks for them; return the former."""
    swap, recognise = catalogue["inswapper_128"], catalogue["w600k_r50"]
    write(inswapper(), folder / swap.filename, swap.size)
    write(residual(112, (2, 3, 13, 2), 512), folder / recognise.filename, recognise.size)
    return folder / swap.filename
