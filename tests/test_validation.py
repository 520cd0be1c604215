"""Messages for invalid values: plain words for every option and every kind of value."""

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
def test_messages_name_the_option_without_jargon(group: type[Options]) -> None:
    refused = 0
    for name in group.model_fields:
        for message in filter(None, (complaint(group, name, value) for value in WRONG)):
            refused += 1
            assert f"--{name}" in message
            assert not JARGON.search(message), message
    assert refused > len(group.model_fields)


def complaint(group: type[Options], name: str, value: object) -> str | None:
    try:
        validate(group, {name: value}, spelling=lambda n: f"--{n}")
    except UsageError as error:
        return str(error)
    return None


def test_for_an_unknown_name_the_hint_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="there is no option --fsp") as caught:
        validate(VideoOptions, {"fsp": 3}, spelling=lambda n: f"--{n}")
    assert caught.value.hint == "did you mean --fps?"
