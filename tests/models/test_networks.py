import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.data import astronaut

import roop
from roop.errors import ModelError
from roop.models.catalogue import load_catalogue
from roop.models.networks import Network, attention_mesh, face_detector, face_mesh
from roop.models.onnx_network import OnnxNetwork
from roop.models.runtimes.litert import LiteRtNetwork
from roop.options import Settings
from support.stand_ins import write_network

SETTINGS = Settings(offline=True)
UNIFACE = {  # output shapes in order, as its code reads them, without the batch dimension
    "blazeface_onnx": (128, [(896, 16), (896, 1)]),
    "face_mesh_onnx": (192, [(468, 3), (1,)]),
}


def planes(pixels: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)


@pytest.fixture
def mesh() -> Network:
    return face_mesh(SETTINGS)


def test_the_detector_agrees_with_the_reference_runtime() -> None:
    """The figures are LiteRT 2.3's (XNNPACK) for the same file and image."""
    image = astronaut().reshape(128, 4, 128, 4, 3).mean((1, 3)) / 127.5 - 1
    boxes, logits = face_detector(SETTINGS).run(planes(image))
    assert (boxes.shape, logits.shape) == ((896, 16), (896,))
    assert logits.argmax() == 141
    assert logits[141] == pytest.approx(2.4756, abs=1e-3)
    assert boxes[141, :6] == pytest.approx(
        [4.786, -3.66, 23.518, 23.518, -0.885, -10.347], abs=0.01
    )


def test_the_mesh_agrees_with_the_reference_runtime(mesh: Network) -> None:
    """The figures are LiteRT 2.3's (XNNPACK): nose tip, outer eye corners, inner upper lip."""
    points, score = mesh.run(planes(astronaut()[20:212, 128:320] / 255))
    assert (points.shape, score.shape) == ((468, 3), ())
    expected = [
        [96.25, 110.73, -23.49],
        [65.71, 80.11, 3.12],
        [130.62, 82.92, 3.80],
        [95.72, 122.62, -5.61],
    ]
    assert points[[1, 33, 263, 13]] == pytest.approx(np.array(expected), abs=0.02)
    assert score == pytest.approx(28.25, abs=0.05)


def test_the_mesh_with_attention_agrees_with_the_reference() -> None:
    """The figures are those of MediaPipe's operators, written in plain loops, on LiteRT 2.3.

    Nose tip, outer eye corners, inner upper lip; right and left iris.
    """
    network = attention_mesh(SETTINGS)
    assert network is not None
    points, score = network.run(planes(astronaut()[20:212, 128:320] / 255))
    assert (points.shape, score.shape) == ((478, 3), ())
    expected = [
        [96.86, 110.32, -23.49],
        [66.52, 80.73, 3.88],
        [127.81, 84.75, 3.68],
        [95.42, 123.78, -5.48],
        [75.66, 81.08, 0.0],
        [118.56, 83.62, 0.0],
    ]
    assert points[[1, 33, 263, 13, 468, 473]] == pytest.approx(np.array(expected), abs=0.02)
    assert score == pytest.approx(20.83, abs=0.05)


def test_threads_share_a_network_and_get_their_own_outputs(mesh: Network) -> None:
    batches = np.random.default_rng(3).random((8, 1, 3, 192, 192), np.float32)
    alone = [mesh.run(batch)[0] for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda batch: mesh.run(batch)[0], [*batches, *batches]))
    for points, expected in zip(found, [*alone, *alone], strict=True):
        assert np.array_equal(points, expected)


def test_outputs_are_not_overwritten_by_the_next_run(mesh: Network) -> None:
    first, _ = mesh.run(planes(astronaut()[20:212, 128:320] / 255))
    copy = first.copy()
    mesh.run(planes(np.zeros((192, 192, 3))))
    assert np.array_equal(first, copy)


@pytest.mark.parametrize("name", UNIFACE)
def test_the_downloaded_twin_has_the_same_outputs_in_the_same_order(
    tmp_path: Path, name: str
) -> None:
    side, shapes = UNIFACE[name]
    write_network(tmp_path / "network.onnx", side, shapes)
    image = np.random.default_rng(3).random((1, 3, side, side), np.float32)
    model = load_catalogue()[name]
    many, few = OnnxNetwork(tmp_path / "network.onnx", model).run(image)
    count = int(np.prod(shapes[0]))
    assert np.array_equal(many, image.ravel()[:count].reshape(shapes[0]))
    assert np.array_equal(few.ravel(), image.ravel()[count : count + few.size])
    twin = load_catalogue()[name.removesuffix("_onnx")]
    assert (many.shape, few.shape) == tuple(output.shape for output in twin.outputs)
    assert [tensor.pixels for tensor in model.inputs] == [tensor.pixels for tensor in twin.inputs]


def test_a_build_without_the_networks_says_how_to_get_them(tmp_path: Path) -> None:
    """As in a clone that was never built: its modules are there, the networks are not."""
    root = Path(roop.__file__).parent
    bare = shutil.copytree(root, tmp_path / "roop", ignore=shutil.ignore_patterns("embedded"))
    program = (
        "from roop.models.networks import face_mesh; from roop.options import Settings\n"
        "try: face_mesh(Settings(offline=True))\n"
        "except Exception as error: print(type(error).__name__, error, '|', error.hint)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", program],
        cwd=bare.parent,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output.startswith("ModelError the model face_mesh_onnx is missing")
    assert "uv sync --reinstall-package roop" in output
    assert "https://" in output


@pytest.mark.parametrize("content", [b"", b"not a network" * 100], ids=["empty", "text"])
@pytest.mark.parametrize("kind", [OnnxNetwork, LiteRtNetwork])
def test_a_file_that_is_not_a_network_is_named_in_one_line(
    tmp_path: Path, kind: type[OnnxNetwork | LiteRtNetwork], content: bytes
) -> None:
    path = tmp_path / "network.bin"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"network\.bin") as caught:
        kind(path, load_catalogue()["face_mesh"])
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_another_network_under_the_same_name_is_rejected(tmp_path: Path) -> None:
    write_network(tmp_path / "network.onnx", 192, [(106, 2)])
    with pytest.raises(ModelError, match="cannot run"):
        OnnxNetwork(tmp_path / "network.onnx", load_catalogue()["face_mesh_onnx"])
