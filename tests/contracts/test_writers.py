from pathlib import Path

import numpy as np
import pytest

from roop.errors import RoopError, UsageError
from roop.media.base import Reader, Writer
from roop.media.open import open_writer
from roop.options import VideoOptions
from roop.types import Box
from support.pictures_made import repaint
from support.targets import LOSSLESS, TARGETS, opened, refuse_warning, times


@pytest.fixture(params=TARGETS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def target(kind: str, tmp_path: Path) -> Path:
    return TARGETS[kind](tmp_path)


def writer_for(output: Path, reader: Reader, *, force: bool = False) -> Writer:
    return open_writer(output, reader, VideoOptions(), force=force, warn=refuse_warning)


def rewrite(target: Path, output: Path, *, force: bool = False) -> None:
    with opened(target) as reader, writer_for(output, reader, force=force) as writer:
        for frame in reader:
            repaint(frame)
            writer.write(frame)


def test_an_output_has_the_frames_and_times_of_its_target(target: Path) -> None:
    output = target.with_stem("output")
    rewrite(target, output)
    with opened(target) as old, opened(output) as new:
        assert new.info.kind == old.info.kind
        assert new.info.size == old.info.size
        assert new.info.codec == old.info.codec
    assert times(output) == pytest.approx(times(target), abs=1e-6)


def test_an_output_shows_the_new_face(target: Path) -> None:
    output = target.with_stem("output")
    rewrite(target, output)
    with opened(target) as old, opened(output) as new:
        before, after = next(iter(old)), next(iter(new))
        mask = repaint(before)
        wanted = before.crop(Box(0, 0, *before.size)).astype(int)
        shown = after.crop(Box(0, 0, *after.size))
    assert np.abs(wanted - shown)[mask].mean() < 16
    assert np.abs(wanted - shown)[~mask].mean() < 6


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_formats_keep_every_pixel(target: Path) -> None:
    output = target.with_stem("output")
    rewrite(target, output)
    with opened(target) as old, opened(output) as new:
        for before, after in zip(old, new, strict=True):
            repaint(before)
            whole = Box(0, 0, *before.size)
            assert np.array_equal(before.crop(whole), after.crop(whole))


def test_the_output_appears_when_it_is_complete(target: Path) -> None:
    output = target.with_stem("output")
    with opened(target) as reader:
        with writer_for(output, reader) as writer:
            for frame in reader:
                writer.write(frame)
                assert not output.exists()
        assert output.stat().st_size > 0
    assert {path.name for path in target.parent.iterdir()} == {target.name, output.name}


def test_an_error_leaves_nothing_behind(target: Path) -> None:
    with opened(target) as reader:
        writer = writer_for(target.with_stem("output"), reader)
        with pytest.raises(KeyboardInterrupt):
            _write_one_and_stop(reader, writer)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def _write_one_and_stop(reader: Reader, writer: Writer) -> None:
    with writer:
        writer.write(next(iter(reader)))
        raise KeyboardInterrupt


def test_an_existing_output_is_replaced_only_by_force(target: Path) -> None:
    output = target.with_stem("output")
    output.write_bytes(b"precious")
    with pytest.raises(UsageError, match="exists"):
        rewrite(target, output)
    assert output.read_bytes() == b"precious"
    rewrite(target, output, force=True)
    assert output.read_bytes() != b"precious"
    assert times(output) == pytest.approx(times(target), abs=1e-6)


def test_the_target_itself_can_be_replaced_by_force(target: Path) -> None:
    expected = times(target)
    with pytest.raises(UsageError):
        rewrite(target, target)
    rewrite(target, target, force=True)
    assert times(target) == pytest.approx(expected, abs=1e-6)


def test_a_missing_folder_is_one_clear_error(target: Path) -> None:
    with pytest.raises(RoopError, match="folder"):
        rewrite(target, target.parent / "nowhere" / target.name)
