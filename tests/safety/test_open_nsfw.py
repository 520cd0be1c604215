from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, save
from PIL import Image
from skimage.data import astronaut

from roop.models.catalogue import load_catalogue
from roop.models.onnx_network import OnnxNetwork
from roop.safety.open_nsfw import OpenNsfw


class RecordingNetwork:
    """A network that records its input and returns a given probability."""

    def __init__(self, probability: float) -> None:
        self.probability = probability
        self.batch = np.zeros(0, np.float32)

    def run(self, batch: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        self.batch = batch
        return (np.array([1 - self.probability, self.probability], np.float32),)


@pytest.mark.parametrize(
    ("probability", "refused"), [(0.0, False), (0.84, False), (0.86, True), (1.0, True)]
)
def test_images_are_refused_from_85_percent(probability: float, refused: bool) -> None:
    finding = OpenNsfw(RecordingNetwork(probability)).detect(astronaut())
    assert (finding is not None) == refused
    if finding is not None:
        assert finding.score == pytest.approx(probability)
        assert finding.label == "nudity"


@pytest.mark.parametrize("size", [(256, 256), (320, 180), (200, 320)])
def test_the_input_is_prepared_as_in_training(size: tuple[int, int]) -> None:
    """Yahoo's steps, by Pillow: resize to 256, crop the centre 224, subtract the means of BGR."""
    image = Image.fromarray(astronaut()).resize(size)
    network = RecordingNetwork(0.0)
    OpenNsfw(network).detect(np.asarray(image))
    middle = image.resize((256, 256), Image.Resampling.BILINEAR).crop((16, 16, 240, 240))
    expected = np.asarray(middle, np.float32)[..., ::-1] - np.float32([104, 117, 123])
    assert network.batch.shape == (1, 224, 224, 3)
    assert np.abs(network.batch[0] - expected).mean() < 2


def test_a_file_with_the_catalogue_rows_contract_runs(tmp_path: Path) -> None:
    """The stand-in's probabilities are the softmax of the means of two channels."""
    nodes = [
        helper.make_node("ReduceMean", ["pixels"], ["means"], axes=[1, 2], keepdims=0),
        helper.make_node("Gather", ["means", "which"], ["two"], axis=1),
        helper.make_node("Softmax", ["two"], ["probabilities"], axis=1),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 224, 224, 3])
    given = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["N", 2])
    which = numpy_helper.from_array(np.array([2, 0], np.int64), "which")
    graph = helper.make_graph(nodes, "stand-in", [pixels], [given], [which])
    opset = helper.make_opsetid("", 17)
    save(helper.make_model(graph, opset_imports=[opset], ir_version=9), tmp_path / "n.onnx")
    classifier = OpenNsfw(OnnxNetwork(tmp_path / "n.onnx", load_catalogue()["open_nsfw"]))
    red, blue = np.zeros((2, 50, 60, 3), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    assert classifier.detect(red) is None
    assert classifier.detect(blue) is not None
