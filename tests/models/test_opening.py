import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from roop.errors import ModelError
from roop.models.catalogue import Catalogue, Model, load_catalogue
from roop.models.contract import TensorSpec
from roop.models.formats.initializers import last_initializer
from roop.models.loader import Models, SessionCache
from roop.models.opening import open_session
from roop.models.session import Session
from roop.options import Settings
from support.stand_ins import write_contract

CPU = Settings(execution_provider=("cpu",), execution_threads=1)


def session(path: Path, model: Model, settings: Settings = CPU) -> Session:
    return open_session(path, model, settings, pytest.fail)


def batch_of(model: Model, count: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(5)
    return {
        tensor.role: random.random(
            [count, *[size or 8 for size in tensor.shape]] if tensor.batched else tensor.shape
        )
        for tensor in model.inputs
    }


def sums(model: Model, batch: dict[str, np.ndarray]) -> np.ndarray:
    """The stand-in's outputs, computed by numpy."""
    return sum(
        batch[tensor.role].reshape(len(batch[tensor.role]), -1).sum(1)
        if tensor.batched
        else batch[tensor.role].sum()
        for tensor in model.inputs
    )


@pytest.mark.parametrize("batch", ["N", 1], ids=["any batch", "one at a time"])
@pytest.mark.parametrize("name", ["codeformer", "xseg", "inswapper_128"])
def test_each_item_of_a_batch_gets_its_own_output(
    tmp_path: Path, name: str, batch: int | str
) -> None:
    model = load_catalogue()[name]
    types = {"fidelity": TensorProto.DOUBLE, "embedding": TensorProto.FLOAT16}
    write_contract(tmp_path / "a.onnx", model, batch=batch, types=types)
    given = batch_of(model, 3)
    answers = session(tmp_path / "a.onnx", model).run(given)
    (output,) = model.outputs
    assert answers[output.role].shape == (3, *output.shape)
    assert answers[output.role].dtype == np.float32
    flat = answers[output.role].reshape(3, -1)
    assert np.ptp(flat, axis=1).max() == 0
    assert flat[:, 0] == pytest.approx(sums(model, given), rel=1e-3)


def test_loading_for_few_runs_does_not_change_the_output(tmp_path: Path) -> None:
    random, weights = np.random.default_rng(0), []
    nodes, last = [], "x"
    for number, (given, made) in enumerate(((3, 32), (32, 32), (32, 3))):
        kernel = (random.normal(size=(made, given, 3, 3)) / 10).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"w{number}"))
        nodes.append(helper.make_node("Conv", [last, f"w{number}"], [f"c{number}"], pads=[1] * 4))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"y{number}"]))
        last = f"y{number}"
    shape = ["N", 3, 256, 256]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n in ("x", last))
    graph = helper.make_graph(nodes, "g", [x], [y], weights)
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=9), tmp_path / "a.onnx")
    model = load_catalogue()["gpen_bfr_256"]
    often, once = (
        open_session(tmp_path / "a.onnx", model, CPU, pytest.fail, few_runs=few_runs)
        for few_runs in (False, True)
    )
    given = batch_of(model, 2)
    assert once.run(given)["pixels"] == pytest.approx(often.run(given)["pixels"], abs=1e-4)


def test_tensors_are_matched_by_name_in_any_order(tmp_path: Path) -> None:
    model = load_catalogue()["inswapper_128"]
    reordered = replace(model, inputs=model.inputs[::-1])
    write_contract(tmp_path / "a.onnx", reordered)
    given = batch_of(model, 2)
    answers = session(tmp_path / "a.onnx", model).run(given)
    assert answers["pixels"][:, 0, 0, 0] == pytest.approx(sums(model, given), rel=1e-4)


@pytest.mark.parametrize("made_as", ["ghost_1_256", "gfpgan_1_4", "simswap_512"])
def test_a_file_with_other_inputs_or_outputs_is_rejected(tmp_path: Path, made_as: str) -> None:
    write_contract(tmp_path / "a.onnx", load_catalogue()[made_as])
    with pytest.raises(ModelError, match="another network") as caught:
        session(tmp_path / "a.onnx", load_catalogue()["inswapper_128"])
    assert "[0, 3, 128, 128]" in caught.value.hint or "[0, 512]" in caught.value.hint


def test_a_damaged_file_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"half a network")
    with pytest.raises(ModelError, match=r"a\.onnx") as caught:
        session(tmp_path / "a.onnx", load_catalogue()["inswapper_128"])
    assert "\n" not in str(caught.value)


def test_a_fallback_to_another_provider_is_warned_of(
    tmp_path: Path,
) -> None:
    model = load_catalogue()["inswapper_128"]
    write_contract(tmp_path / "a.onnx", model)
    warnings: list[str] = []
    rocm = Settings(execution_provider=("rocm", "cpu"))
    used = open_session(tmp_path / "a.onnx", model, rocm, warnings.append)
    assert used.provider == "cpu"
    (warning,) = warnings
    assert "inswapper_128 runs on cpu" in warning
    assert "rocm: not in this ONNX Runtime" in warning


def test_a_strict_provider_has_no_fallback(tmp_path: Path) -> None:
    model = load_catalogue()["inswapper_128"]
    write_contract(tmp_path / "a.onnx", model)
    strict = Settings(execution_provider=("rocm",), strict_provider=True)
    with pytest.raises(ModelError, match="rocm") as caught:
        open_session(tmp_path / "a.onnx", model, strict, pytest.fail)
    assert "strict_provider" in caught.value.hint


def test_networks_share_one_memory_limit(tmp_path: Path) -> None:
    """Eight images of 512 x 512 pixels take 25 MB as input, and as much again as output."""
    for name in ("gpen_bfr_512", "gfpgan_1_4"):
        write_contract(tmp_path / f"{name}.onnx", replace(load_catalogue()[name], name=name))
    images = {"pixels": np.zeros((8, 3, 512, 512), np.float32)}

    def models(megabytes: int) -> Models:
        settings = Settings(
            models=tmp_path, execution_provider=("cpu",), max_memory=megabytes / 750
        )
        return Models(settings, catalogue=Catalogue(rows))

    rows = {}
    for name in ("gpen_bfr_512", "gfpgan_1_4"):
        content = (tmp_path / f"{name}.onnx").read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        rows[name] = replace(load_catalogue()[name], sha256=digest, size=len(content))
    assert models(120).session("gpen_bfr_512").run(images)["pixels"].shape == (8, 3, 512, 512)
    with pytest.raises(ModelError, match="memory is too small") as caught:
        models(20).session("gpen_bfr_512").run(images)
    assert "max_memory" in caught.value.hint
    both = models(40)
    first, second = both.session("gpen_bfr_512"), both.session("gfpgan_1_4")
    held = first.run(images)["pixels"]
    with pytest.raises(ModelError, match="memory is too small"):
        second.run(images)
    del held
    assert second.run(images)["pixels"].shape == (8, 3, 512, 512)


def test_weights_count_towards_the_limit(tmp_path: Path) -> None:
    """Two networks with 2 MB of weights each, and a limit of 3 MB."""
    rows = {}
    for name in ("ghost_arcface", "w600k_r50"):
        path = tmp_path / f"{name}.onnx"
        write_contract(path, load_catalogue()[name])
        network = onnx.load(path)
        network.graph.initializer.append(numpy_helper.from_array(np.ones(500_000, np.float32), "w"))
        network.graph.node.append(helper.make_node("Identity", ["w"], ["constant"]))
        constant = helper.make_tensor_value_info("constant", TensorProto.FLOAT, [500_000])
        network.graph.output.append(constant)
        onnx.save(network, path)
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        rows[name] = replace(load_catalogue()[name], sha256=digest, size=len(content))
    settings = Settings(models=tmp_path, execution_provider=("cpu",), max_memory=0.004)
    models = Models(settings, catalogue=Catalogue(rows))
    models.session("ghost_arcface")
    with pytest.raises(ModelError, match="too small for the model w600k_r50"):
        models.session("w600k_r50")
    cache = SessionCache()
    for name in (
        "ghost_arcface",
        "w600k_r50",
        "ghost_arcface",
    ):  # a job each: earlier ones make room
        Models(settings, catalogue=Catalogue(rows), cache=cache).session(name)
        cache.end_job()


def test_jobs_at_the_same_time_share_networks_and_keep_what_others_use(tmp_path: Path) -> None:
    for name in ("codeformer", "xseg"):
        write_contract(tmp_path / f"{name}.onnx", load_catalogue()[name])
    rows = {
        name: replace(
            load_catalogue()[name],
            sha256=hashlib.sha256((tmp_path / f"{name}.onnx").read_bytes()).hexdigest(),
            size=(tmp_path / f"{name}.onnx").stat().st_size,
        )
        for name in ("codeformer", "xseg")
    }
    settings = Settings(models=tmp_path, execution_provider=("cpu",))
    first = SessionCache()
    second = first.share()
    one, other = (Models(settings, catalogue=Catalogue(rows), cache=c) for c in (first, second))
    shared = one.session("xseg")
    assert other.session("xseg") is shared
    one.session("codeformer")
    second.release()
    assert one.session("xseg") is shared
    first.end_job()
    one.session("xseg")
    first.end_job()  # that job did without the other network
    assert first.weight_bytes == rows["xseg"].size


def pixel_tensors() -> list[tuple[str, TensorSpec]]:
    return [
        (model.name, tensor)
        for model in load_catalogue()
        for tensor in (*model.inputs, *model.outputs)
        if tensor.pixels
    ]


@pytest.mark.parametrize(("name", "tensor"), pixel_tensors(), ids=lambda value: str(value)[:20])
def test_images_survive_encoding_and_decoding(name: str, tensor: TensorSpec) -> None:
    crops = np.random.default_rng(1).integers(0, 256, (2, 6, 5, 3), np.uint8)
    values = tensor.encode(crops)
    assert values.dtype == np.float32
    assert values.shape == ((2, 3, 6, 5) if tensor.layout == "CHW" else (2, 6, 5, 3))
    assert np.array_equal(tensor.decode(values), crops)


def test_pixels_are_scaled_as_the_makers_do() -> None:
    crops = np.full((1, 2, 2, 3), (255, 0, 128), np.uint8)
    imagenet = load_catalogue()["bisenet_resnet34"].input("pixels").encode(crops)
    expected = (np.array([1, 0, 128 / 255]) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert imagenet[0, :, 0, 0] == pytest.approx(expected, abs=1e-5)
    scrfd = load_catalogue()["scrfd_10g"].input("pixels").encode(crops)
    assert scrfd[0, :, 1, 1] == pytest.approx((np.array([255, 0, 128]) - 127.5) / 128)
    xseg = load_catalogue()["xseg"].input("pixels").encode(crops)
    assert xseg[0, 1, 0] == pytest.approx(np.array([128, 0, 255]) / 255)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_the_last_initializer_is_read(tmp_path: Path, dtype: type) -> None:
    emap = np.random.default_rng(2).random((512, 512)).astype(dtype)
    constants = [numpy_helper.from_array(np.zeros(9, np.float32), "first")]
    constants.append(numpy_helper.from_array(emap, "last"))
    node = helper.make_node("Identity", ["x"], ["y"])
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([node], "g", [x], [y], constants)
    onnx.save(helper.make_model(graph), tmp_path / "a.onnx")
    assert np.array_equal(last_initializer(tmp_path / "a.onnx"), emap.astype(np.float32))


@pytest.mark.parametrize("content", [b"", b"no network", b"\x3a\xff\xff\xff\xff\x0f"])
def test_a_file_without_initializers_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"initializer of .*a\.onnx"):
        last_initializer(tmp_path / "a.onnx")
