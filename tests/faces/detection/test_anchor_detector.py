"""SCRFD and YuNet on stand-in networks, held against the code of their makers."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from insightface.model_zoo.scrfd import SCRFD
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, save

from roop.errors import ModelError
from roop.faces.analyser import Analyser
from roop.faces.detection.anchor_detector import AnchorDetector
from roop.faces.detection.base import intersection_over_union
from roop.faces.detection.search import is_same_face
from roop.models.catalogue import Model, load_catalogue
from roop.models.files.custom import register
from roop.models.files.folder import ModelFolder
from roop.models.loader import Models
from roop.models.opening import open_session
from roop.options import FaceOptions, Settings
from roop.types import Pixels
from support.heads import astronaut, backdrop, frame, hopper, placed

CPU = Settings(execution_provider=("cpu",), execution_threads=1)

Their = NDArray[np.float32]
"""``(N, 15)``: box, points and score of every face, best first."""


THEIR_NAMES = {"classes": "cls_{}", "objects": "obj_{}", "boxes": "bbox_{}", "points": "kps_{}"}
"""What OpenCV expects YuNet's outputs to be called."""


def write_detector(path: Path, model: Model) -> None:
    """Write a network that sees faces at a few places, where exactly the picture's colours say."""
    random, scrfd = np.random.default_rng(4), model.family == "scrfd"
    mood = np.array([[0.5], [-0.3], [0.2]], np.float32) / (1 if scrfd else 128)
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["colour"]),
        helper.make_node("MatMul", ["colour", "weights"], ["number"]),
        helper.make_node("Reshape", ["number", "ones"], ["mood"]),
    ]
    ones = np.array([1, 1] if scrfd else [1, 1, 1], np.int64)
    values, outputs = (
        [numpy_helper.from_array(v, n) for v, n in ((mood, "weights"), (ones, "ones"))],
        [],
    )
    for tensor in model.outputs:
        kind, stride = tensor.role.split("_")
        count = (640 // int(stride)) ** 2 * (2 if scrfd else 1)
        said = random.normal(size=(count, *tensor.shape[1:]))
        if kind == "boxes":
            said += 4 if scrfd else 1.5  # distances, or the logarithm of a size
        elif kind != "points":
            chosen = np.random.default_rng(int(stride)).choice(count, 7, replace=False)
            said[chosen] = np.abs(said[chosen]) + 10
            said -= 8
        shape = said.shape if scrfd else (1, *said.shape)
        name = tensor.role if scrfd else THEIR_NAMES[kind].format(stride)
        values.append(numpy_helper.from_array(said.reshape(shape).astype(np.float32), kind + name))
        nodes.append(helper.make_node("Add", [kind + name, "mood"], ["raw" + name]))
        plain = kind in ("boxes", "points")
        nodes.append(helper.make_node("Identity" if plain else "Sigmoid", ["raw" + name], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    size = ["height", "width"] if scrfd else [640, 640]
    taken = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, *size])
    graph = helper.make_graph(nodes, "stand-in", [taken], outputs, values)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def by_insightface(path: Path, picture: Pixels) -> Their:
    detector = SCRFD(str(path))
    detector.prepare(-1, input_size=(640, 640), nms_thresh=0.3, det_thresh=0.5)
    boxes, points = detector.detect(np.ascontiguousarray(picture[..., ::-1]))
    return np.concatenate([boxes[:, :4], points.reshape(-1, 10), boxes[:, 4:]], axis=1)


def by_opencv(path: Path, picture: Pixels) -> Their:
    canvas = np.zeros((640, 640, 3), np.uint8)  # it cannot enlarge
    zoom = max(picture.shape[:2]) / 640
    size = int(picture.shape[1] / zoom), int(picture.shape[0] / zoom)
    canvas[: size[1], : size[0]] = cv2.resize(picture, size)[..., ::-1]
    detector = cv2.FaceDetectorYN.create(str(path), "", (640, 640), 0.5, 0.3)
    faces = detector.detect(canvas)[1]
    faces[:, 2:4] += faces[:, :2]
    faces[:, :14] *= zoom
    return faces


def test_people_are_found_by_the_detector_that_is_named(tmp_path: Path, analyser: Analyser) -> None:
    """The stand-in sees a face where there is one, and sees others where there is none."""
    settings = Settings(models=tmp_path, offline=True)
    folder = ModelFolder(settings)
    write_detector(tmp_path / "mine.onnx", folder.catalogue["scrfd_500m"])
    register(folder, tmp_path / "mine.onnx", like="scrfd_500m")
    picture = backdrop((640, 640))
    found = AnchorDetector(Models(settings).session("mine")).detect(picture)
    large = [one.box for one in found if one.box[3] - one.box[1] > 150]
    box = min(large, key=lambda one: np.abs(one.reshape(2, 2).mean(axis=0) - 320).sum())
    middle, scale = box.reshape(2, 2).mean(axis=0).tolist(), float(box[3] - box[1]) / 120
    head = placed(astronaut(), picture, middle, scale=scale)
    named = Analyser(settings, FaceOptions(face_detector="mine"))
    (mesh,) = named.faces(frame(head.pixels), "left-right")
    (expected,) = analyser.faces(frame(head.pixels), "left-right")
    assert is_same_face(mesh, expected)


@pytest.mark.parametrize(("name", "said"), [("nobody", "'nobody'"), ("yunet", "downloads are off")])
def test_a_detector_that_cannot_be_had_is_said_in_one_line(
    name: str, said: str, tmp_path: Path
) -> None:
    settings = Settings(models=tmp_path, offline=True)
    with pytest.raises(ModelError, match=said) as caught:
        Analyser(settings, FaceOptions(face_detector=name))
    assert "yunet" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("name", "their"),
    [("scrfd_500m", by_insightface), ("yunet", by_opencv)],
    ids=["scrfd", "yunet"],
)
@pytest.mark.parametrize("photo", ["astronaut", "officer", "wide", "small"])
def test_faces_are_those_that_the_makers_read(
    name: str, their: Callable[[Path, Pixels], Their], photo: str, tmp_path: Path
) -> None:
    pictures = {
        "astronaut": astronaut(),
        "officer": hopper(),
        "wide": placed(astronaut(), backdrop((640, 360)), (200, 200)).pixels,
        "small": astronaut()[40:180, 150:290],
    }
    picture, model = pictures[photo], load_catalogue()[name]
    path = tmp_path / "network.onnx"
    write_detector(path, model)
    found = AnchorDetector(open_session(path, model, CPU, pytest.fail)).detect(picture)
    expected = their(path, picture)
    assert len(found) == len(expected)
    assert len({f.score for f in found}) > 5
    order = np.argsort(-expected[:, 14], kind="stable")
    for ours, row in zip(found, expected[order], strict=True):
        assert ours.score == pytest.approx(row[14], abs=1e-3)
        assert intersection_over_union(ours.box, row[:4]) > 0.99
        assert np.abs(ours.keypoints.ravel() - row[4:14]).max() < 0.5
