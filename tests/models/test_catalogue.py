from pathlib import Path

import pytest

from roop.errors import ModelError
from roop.models.catalogue import Model, load_catalogue
from roop.processors.neural import FAMILIES

ROW = f"""
[sample]
task = "swap"
url = "https://example.org/a/sample.onnx?download=1"
mirrors = ["https://example.com/sample.onnx"]
sha256 = "{"ab" * 32}"
licence = "non-commercial"
"""


def read(tmp_path: Path, text: str) -> Model:
    path = tmp_path / "rows.toml"
    path.write_text(text, encoding="utf-8")
    return load_catalogue(path)["sample"]


@pytest.mark.parametrize("model", load_catalogue().of_task("swap"), ids=lambda model: model.name)
def test_a_swap_model_names_its_recogniser(model: Model) -> None:
    (embedding,) = load_catalogue()[model.embedding or ""].outputs
    assert embedding.shape == model.input("embedding").shape
    assert model.input("pixels").shape == model.output("pixels").shape
    assert model.alignment


@pytest.mark.parametrize("family", FAMILIES)
def test_the_help_of_an_engine_agrees_with_its_catalogue_row(family: str) -> None:
    model, summary = load_catalogue().choose("swap", family), FAMILIES[family]
    assert f"{model.output('pixels').shape[-1]} pixels" in summary
    assert ("non-commercial" in summary) == (not model.commercial)
    assert model.size is None or f"{model.size / 1e6:.0f} MB" in summary


def test_a_row_is_read_from_any_catalogue(tmp_path: Path) -> None:
    model = read(tmp_path, ROW)
    assert model.urls == (
        "https://example.org/a/sample.onnx?download=1",
        "https://example.com/sample.onnx",
    )
    assert model.filename == "sample.onnx"
    assert model.size is None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("sha256", "sha265", "sha256"),
        ('task = "swap"', 'task = "swap"\nwidth = 3', "width"),
        ('licence = "non-commercial"', "", "licence"),
        ('"non-commercial"', '"free"', "licence"),
        ("abab", "XYZ!", "sha256"),
        ("url =", "package =", "sample"),
        ('task = "swap"', "task = 3", "task"),
        ('task = "swap"', "task", "cannot read"),
        ("[sample]", "sample = 1\n[other]", "sample"),
    ],
)
def test_an_invalid_row_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(ModelError, match=named) as caught:
        read(tmp_path, ROW.replace(old, new))
    assert "rows.toml" in str(caught.value)


def test_a_missing_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.toml"):
        load_catalogue(tmp_path / "none.toml")


def test_for_an_unknown_model_the_hint_lists_the_known_ones() -> None:
    with pytest.raises(ModelError, match="nosuch") as caught:
        load_catalogue()["nosuch"]
    assert "face_mesh" in caught.value.hint
    with pytest.raises(ModelError) as caught:
        load_catalogue()["inswaper"]
    assert caught.value.hint == "did you mean inswapper_128?"
