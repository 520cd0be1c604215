"""What every processor promises, those of installed plug-ins too."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from roop.errors import UsageError
from roop.faces.analyser import Analyser
from roop.media.frames.stored_frame import StoredFrame
from roop.options import Options, Settings
from roop.processors import installed
from roop.processors.base import Context, Processor, ProcessorSpec
from roop.types import AnalysedFrame, Face, Identity, Mesh, Pixels, Portrait
from support.heads import astronaut, hopper
from support.swapping import pixels_of

SETTINGS = Settings(offline=True)
ALL = list(installed())
READY = [spec for spec in ALL if spec.missing(SETTINGS) is None]

any_of = pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
any_ready = pytest.mark.parametrize("spec", READY, ids=lambda spec: spec.name)

Spec = ProcessorSpec[Any]


@pytest.fixture(scope="module")
def portraits_of() -> tuple[Portrait, Portrait]:
    """The officer, who is put into the astronaut."""
    analyser = Analyser(SETTINGS)
    return (
        analyser.portrait(hopper(), None, name="hopper"),
        analyser.portrait(astronaut(), None, name="astronaut"),
    )


@pytest.fixture
def context(portraits_of: tuple[Portrait, Portrait]) -> Context:
    return Context(SETTINGS, (Identity((portraits_of[0],)),))


@pytest.fixture
def mesh(portraits_of: tuple[Portrait, Portrait]) -> Mesh:
    return portraits_of[1].mesh


def make_frames(mesh: Mesh, *steps: tuple[int, int]) -> list[AnalysedFrame]:
    """Return the astronaut's photo moved by whole pixels, one frame for each step."""
    analysed_frames = []
    for number, (dx, dy) in enumerate(steps):
        pixels = np.roll(astronaut(), (dy, dx), axis=(0, 1))
        moved = mesh + np.array([dx, dy, 0], np.float32)
        analysed_frames.append(
            AnalysedFrame(StoredFrame(pixels), (Face(moved, 1.0, 1, fresh=number == 0),))
        )
    return analysed_frames


STEPS = ((0, 0), (3, 1), (6, 1), (9, 3))


def outputs(processor: Processor, *batches: Sequence[AnalysedFrame]) -> list[Pixels]:
    return [pixels_of(analysed.frame) for batch in batches for analysed in processor.process(batch)]


def test_there_is_an_engine_that_works_without_a_download() -> None:
    assert any(spec.engine for spec in READY)


@any_of
def test_it_has_one_line_of_help(spec: Spec) -> None:
    assert spec.name
    assert spec.name == spec.name.strip().lower()
    assert spec.summary
    assert "\n" not in spec.summary
    assert not spec.summary.endswith(".")


@any_of
def test_every_option_has_a_default_and_a_description(spec: Spec) -> None:
    assert issubclass(spec.options, Options)
    defaults = spec.parse({})
    for name, field in spec.options.model_fields.items():
        assert field.description, f"{spec.name}: {name}"
    assert spec.options.model_validate_json(defaults.model_dump_json()) == defaults


@any_of
def test_an_unknown_option_is_refused_by_name(spec: Spec) -> None:
    with pytest.raises(UsageError, match="no_such_option") as caught:
        spec.parse({"no_such_option": 1})
    assert "\n" not in str(caught.value)


@any_of
def test_what_is_missing_fits_one_line(spec: Spec) -> None:
    missing = spec.missing(SETTINGS)
    assert missing is None or (missing and "\n" not in missing)


@any_ready
def test_frames_come_back_in_order_with_their_faces(
    spec: Spec, context: Context, mesh: Mesh
) -> None:
    analysed_frames = make_frames(mesh, *STEPS)
    result = spec.create({}, context).process(analysed_frames)
    assert [analysed.frame for analysed in result] == [
        analysed.frame for analysed in analysed_frames
    ]
    assert [len(analysed.faces) for analysed in result] == [1] * len(analysed_frames)
    assert [analysed.frame.size for analysed in result] == [(512, 512)] * len(analysed_frames)


@any_ready
def test_without_faces_nothing_happens(spec: Spec, context: Context) -> None:
    processor = spec.create({}, context)
    assert list(processor.process([])) == []
    output = outputs(processor, [AnalysedFrame(StoredFrame(astronaut().copy()))])
    assert np.array_equal(output[0], astronaut())


@any_ready
def test_it_changes_the_face_and_nothing_far_from_it(
    spec: Spec, context: Context, mesh: Mesh
) -> None:
    analysed_frames = make_frames(mesh, *STEPS)
    for (dx, dy), analysed in zip(STEPS, analysed_frames, strict=True):
        before = np.roll(astronaut(), (dy, dx), axis=(0, 1))
        points = analysed.faces[0].mesh[:, :2]
        spec_changed = changed_by(spec, context, analysed) != before
        changed = spec_changed.any(axis=2)
        low, high = points.min(axis=0), points.max(axis=0)
        room = 0.35 * (high - low)
        x0, y0 = np.floor(low - room).astype(int)
        x1, y1 = np.ceil(high + room).astype(int)
        x, y = (int(v) for v in points.mean(axis=0))
        assert changed[y - 20 : y + 20, x - 20 : x + 20].any()
        changed[max(y0, 0) : y1, max(x0, 0) : x1] = False
        assert not changed.any()


def changed_by(spec: Spec, context: Context, analysed: AnalysedFrame) -> Pixels:
    return outputs(spec.create({}, context), [analysed])[0]


@any_ready
def test_it_gives_the_same_bytes_again(spec: Spec, context: Context, mesh: Mesh) -> None:
    once, again = (outputs(spec.create({}, context), make_frames(mesh, *STEPS)) for _ in range(2))
    assert np.array_equal(once, again)


@any_ready
def test_how_frames_are_batched_does_not_matter(spec: Spec, context: Context, mesh: Mesh) -> None:
    together = outputs(spec.create({}, context), make_frames(mesh, *STEPS))
    apart = outputs(
        spec.create({}, context), *([analysed] for analysed in make_frames(mesh, *STEPS))
    )
    assert np.array_equal(together, apart)


@any_ready
def test_one_person_s_past_does_not_show_on_another(
    spec: Spec, context: Context, mesh: Mesh
) -> None:
    processor = spec.create({}, context)
    outputs(processor, make_frames(mesh, *STEPS))
    fresh = make_frames(mesh, (0, 0))
    assert np.array_equal(
        outputs(processor, fresh)[0],
        outputs(spec.create({}, context), make_frames(mesh, (0, 0)))[0],
    )


@any_ready
def test_after_a_reset_nothing_is_remembered(spec: Spec, context: Context, mesh: Mesh) -> None:
    reset, new = (spec.create({}, context) for _ in range(2))
    outputs(reset, make_frames(mesh, *STEPS))
    reset.reset()
    late = make_frames(mesh, *STEPS)[1:]  # none of these begins a track
    assert np.array_equal(outputs(reset, late), outputs(new, make_frames(mesh, *STEPS)[1:]))


@any_ready
@pytest.mark.parametrize("step", [(-222, 0), (290, 0), (0, -125), (0, 387), (5000, 5000)])
def test_a_face_beyond_the_edge_is_no_error(
    spec: Spec, context: Context, mesh: Mesh, step: tuple[int, int]
) -> None:
    moved = mesh + np.array([*step, 0], np.float32)
    analysed = AnalysedFrame(StoredFrame(astronaut().copy()), (Face(moved, 1.0, 1),))
    assert outputs(spec.create({}, context), [analysed])[0].shape == (512, 512, 3)


@any_ready
def test_an_engine_needs_a_source(spec: Spec) -> None:
    if spec.engine:
        with pytest.raises(UsageError, match="source"):
            spec.create({}, Context(SETTINGS))


def test_an_unknown_engine_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="mash") as caught:
        installed().engine("mash")
    assert all((spec.name in (caught.value.hint or "")) == spec.engine for spec in ALL)
