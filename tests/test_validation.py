"""What is said of a wrong value: plain words, whatever the option and whatever the value."""

import re

import pytest

from roop.errors import UsageError
from roop.options import FaceOptions, FrameOptions, LabelOptions, Options, Settings, VideoOptions
from roop.processors import installed
from roop.validation import validate

GROUPS = [
    *(FaceOptions, VideoOptions, LabelOptions, FrameOptions, Settings),
    *dict.fromkeys(spec.options for spec in installed()),
]
WRONG = ["nonsense", "", -1e9, 1e9, 1.5, float("nan"), [], ["nonsense"], [[]], {"x": 1}, b"\xff"]
JARGON = re.compile(
    "input should|valid (number|integer|string|boolean|path|tuple|list|dict)|value error|pydantic"
    "|type=|unable to|assertion|instance of",
    re.IGNORECASE,
)


@pytest.mark.parametrize("group", GROUPS)
def test_every_wrong_value_of_every_option_is_named_without_jargon(group: type[Options]) -> None:
    refused = 0
    for name in group.model_fields:
        for said in filter(None, (complaint(group, name, value) for value in WRONG)):
            refused += 1
            assert f"--{name}" in said
            assert not JARGON.search(said), said
    assert refused > len(group.model_fields)


def complaint(group: type[Options], name: str, value: object) -> str | None:
    try:
        validate(group, {name: value}, spelling=lambda n: f"--{n}")
    except UsageError as error:
        return str(error)
    return None


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="there is no option --fsp") as caught:
        validate(VideoOptions, {"fsp": 3}, spelling=lambda n: f"--{n}")
    assert caught.value.hint == "did you mean --fps?"
