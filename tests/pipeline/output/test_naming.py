"""What an output is called for which only a folder is given."""

from pathlib import Path

import pytest

from roop.errors import UsageError
from roop.options import Job, Step
from roop.pipeline.output.naming import check_pattern, named


def test_names(tmp_path: Path) -> None:
    target = tmp_path / "holiday" / "group.photo"
    job = Job(sources=(Path("faces/ann.jpg"),), target=target, output=tmp_path)
    assert named(job, tmp_path, ".png") == tmp_path / "ann-group.png"
    numbered = named(job, tmp_path, ".png", pattern="{folder}/{number:03}{ext}", number=7)
    assert numbered == tmp_path / "holiday" / "007.png"
    with pytest.raises(UsageError, match="is not in"):
        named(job, tmp_path, ".png", pattern="../{target}{ext}")


def test_without_a_source_the_processor_gives_its_name(tmp_path: Path) -> None:
    step = Step(processor="enhance")
    job = Job(sources=(), target=Path("me.jpg"), output=tmp_path, steps=(step,))
    assert named(job, tmp_path, ".jpg") == tmp_path / "enhance-me.jpg"


@pytest.mark.parametrize(
    "pattern", ["{source", "{other}", "{}", "{0}", "{source.__class__.x}", "{number:q}"]
)
def test_a_wrong_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_pattern(pattern)
    assert "{source} {target}" in str(caught.value.hint)
