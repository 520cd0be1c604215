"""SCRFD and YuNet on stand-in networks, compared with the code of their authors."""

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

TheirFaces = NDArray[np.float32]
"""``(N, 15)``: box, points and score of every face, best first."""


THEIR_NAMES = {"classes": "cls_{}", "objects": "obj_{}", "boxes": "bbox_{}", "points": "kps_{}"}
"""The names of YuNet's outputs that OpenCV expects."""


def write_detector(path: Path, model: Model) -> None:
    """Write a network that finds faces at a few positions, which the image's colours shift."""
    random, scrfd = np.random.default_rng(4), model.family == "scrfd"
    brightness = np.array([[0.5], [-0.3], [0.2]], np.float32) / (1 if scrfd else 128)
    nodes = [
        helper.make_node("GlobalAveragePool", ["input"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["colour"]),
        helper.make_node("MatMul", ["colour", "weights"], ["number"]),
        helper.make_node("Reshape", ["number", "ones"], ["brightness"]),
    ]
    ones = np.array([1, 1] if scrfd else [1, 1, 1], np.int64)
    values, outputs = (
        [numpy_helper.from_array(v, n) for v, n in ((brightness, "weights"), (ones, "ones"))],
        [],
    )
    for tensor in model.outputs:
        kind, stride = tensor.role.split("_")
        count = (640 // int(stride)) ** 2 * (2 if scrfd else 1)
        values_out = random.normal(size=(count, *tensor.shape[1:]))
        if kind == "boxes":
            values_out += 4 if scrfd else 1.5  # distances, or the logarithm of a size
        elif kind != "points":
            chosen = np.random.default_rng(int(stride)).choice(count, 7, replace=False)
            values_out[chosen] = np.abs(values_out[chosen]) + 10
            values_out -= 8
        shape = values_out.shape if scrfd else (1, *values_out.shape)
        name = tensor.role if scrfd else THEIR_NAMES[kind].format(stride)
        values.append(
            numpy_helper.from_array(values_out.reshape(shape).astype(np.float32), kind + name)
        )
        nodes.append(helper.make_node("Add", [kind + name, "brightness"], ["raw" + name]))
        plain = kind in ("boxes", "points")
        nodes.append(helper.make_node("Identity" if plain else "Sigmoid", ["raw" + name], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    size = ["height", "width"] if scrfd else [640, 640]
    taken = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, *size])
    graph = helper.make_graph(nodes, "stand-in", [taken], outputs, values)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def by_insightface(path: Path, image: Pixels) -> TheirFaces:
    detector = SCRFD(str(path))
    detector.prepare(-1, input_size=(640, 640), nms_thresh=0.3, det_thresh=0.5)
    boxes, points = detector.detect(np.ascontiguousarray(image[..., ::-1]))
    return np.concatenate([boxes[:, :4], points.reshape(-1, 10), boxes[:, 4:]], axis=1)


def by_opencv(path: Path, image: Pixels) -> TheirFaces:
    canvas = np.zeros((640, 640, 3), np.uint8)  # it cannot enlarge
    zoom = max(image.shape[:2]) / 640
    size = int(image.shape[1] / zoom), int(image.shape[0] / zoom)
    canvas[: size[1], : size[0]] = cv2.resize(image, size)[..., ::-1]
    detector = cv2.FaceDetectorYN.create(str(path), "", (640, 640), 0.5, 0.3)
    faces = detector.detect(canvas)[1]
    faces[:, 2:4] += faces[:, :2]
    faces[:, :14] *= zoom
    return faces


def test_people_are_found_by_the_detector_that_is_named(tmp_path: Path, analyser: Analyser) -> None:
    """The stand-in finds the face, and others where there is none."""
    settings = Settings(models=tmp_path, offline=True)
    folder = ModelFolder(settings)
    write_detector(tmp_path / "mine.onnx", folder.catalogue["scrfd_500m"])
    register(folder, tmp_path / "mine.onnx", like="scrfd_500m")
    image = backdrop((640, 640))
    found = AnchorDetector(Models(settings).session("mine")).detect(image)
    large = [one.box for one in found if one.box[3] - one.box[1] > 150]
    box = min(large, key=lambda one: np.abs(one.reshape(2, 2).mean(axis=0) - 320).sum())
    middle, scale = box.reshape(2, 2).mean(axis=0).tolist(), float(box[3] - box[1]) / 120
    head = placed(astronaut(), image, middle, scale=scale)
    named = Analyser(settings, FaceOptions(face_detector="mine"))
    (mesh,) = named.faces(frame(head.pixels), "left-right")
    (expected,) = analyser.faces(frame(head.pixels), "left-right")
    assert is_same_face(mesh, expected)


@pytest.mark.parametrize(
    ("name", "message"), [("nobody", "'nobody'"), ("yunet", "downloads are off")]
)
def test_a_missing_detector_is_one_clear_line(name: str, message: str, tmp_path: Path) -> None:
    settings = Settings(models=tmp_path, offline=True)
    with pytest.raises(ModelError, match=message) as caught:
        Analyser(settings, FaceOptions(face_detector=name))
    assert "yunet" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("name", "theirs"),
    [("scrfd_500m", by_insightface), ("yunet", by_opencv)],
    ids=["scrfd", "yunet"],
)
@pytest.mark.parametrize("photo", ["astronaut", "officer", "wide", "small"])
def test_faces_are_those_of_the_authors_code(
    name: str, theirs: Callable[[Path, Pixels], TheirFaces], photo: str, tmp_path: Path
) -> None:
    images = {
        "astronaut": astronaut(),
        "officer": hopper(),
        "wide": placed(astronaut(), backdrop((640, 360)), (200, 200)).pixels,
        "small": astronaut()[40:180, 150:290],
    }
    image, model = images[photo], load_catalogue()[name]
    path = tmp_path / "network.onnx"
    write_detector(path, model)
    found = AnchorDetector(open_session(path, model, CPU, pytest.fail)).detect(image)
    expected = theirs(path, image)
    assert len(found) == len(expected)
    assert len({f.score for f in found}) > 5
    order = np.argsort(-expected[:, 14], kind="stable")
    for ours, row in zip(found, expected[order], strict=True):
        assert ours.score == pytest.approx(row[14], abs=1e-3)
        assert intersection_over_union(ours.box, row[:4]) > 0.99
        assert np.abs(ours.keypoints.ravel() - row[4:14]).max() < 0.5
