"""The table of encoders against FFmpeg itself."""

from __future__ import annotations

import subprocess
import sys

import av
import pytest

from roop.media.video.encoder_specs import TABLE, crf, is_usable, options_of
from roop.options import VideoOptions

SOFTWARE = ("libx264", "libx265", "libvpx-vp9", "libsvtav1")


def test_the_quality_scale_is_the_original_tools() -> None:
    assert [crf(quality) for quality in (0, 35, 100)] == [0, 18, 51]


@pytest.mark.parametrize("encoder", TABLE, ids=lambda row: row.name)
def test_better_quality_never_asks_for_less(encoder: object) -> None:
    row = next(known for known in TABLE if known is encoder)
    numbers = [
        [float(value) for value in row.quality(quality).values() if value.isdigit()]
        for quality in range(101)
    ]
    assert numbers in (sorted(numbers), sorted(numbers, reverse=True))
    assert numbers[0] != numbers[100]


@pytest.mark.parametrize("name", SOFTWARE)
def test_software_encoders_work_everywhere(name: str) -> None:
    assert is_usable(name)


@pytest.mark.parametrize("name", [row.name for row in TABLE])
def test_options_are_ffmpegs(name: str) -> None:
    if name not in av.codecs_available:
        assert not is_usable(name)  # Apple's, elsewhere
        return
    row = next(known for known in TABLE if known.name == name)
    context = av.CodecContext.create(name, "w")
    options = context.supported_options
    known = {option.name for option in (*options.generic, *options.private)}
    assert set(options_of(row, VideoOptions())) <= known
    assert row.hdr is None or row.hdr.option in known
    assert context.codec.canonical_name == row.codec


def test_an_unknown_encoder_is_not_usable() -> None:
    assert not is_usable("libfoo")


def test_trying_encoders_is_silent() -> None:
    code = (
        "from roop.media.video.encoder_specs import TABLE, is_usable; "
        "[is_usable(row.name) for row in TABLE]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert (done.stdout, done.stderr) == ("", "")
