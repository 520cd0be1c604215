"""The Python interface: names, types, and the errors of a wrong request."""

import subprocess
import sys
import threading
import typing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import roop
from roop.api import LiveSwapOptions, SwapOptions, make_job
from roop.errors import CancelledError, UsageError
from roop.live_options import LiveOptions
from roop.options import FaceOptions, FrameOptions, Job, LabelOptions, VideoOptions
from roop.processors import installed

Portraits = dict[str, Path]
HERE = (Path("a.jpg"),), Path("b.mp4"), Path("c.mp4")


def test_public_names() -> None:
    assert roop.__all__ == ["JobResult", "Swapper", "__version__", "live", "swap"]
    assert all(hasattr(roop, name) for name in roop.__all__)
    with pytest.raises(AttributeError, match="no attribute 'swop'"):
        _ = roop.swop


def test_importing_it_imports_nothing_heavy() -> None:
    program = "import sys, roop; print([m for m in ('numpy', 'av', 'cv2') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_keywords_are_the_options() -> None:
    own = (spec.options for spec in installed())
    groups = (FaceOptions, VideoOptions, LabelOptions, FrameOptions, *own)
    fields = {name for group in groups for name in group.model_fields}
    assert set(typing.get_type_hints(SwapOptions)) == fields | {
        "engine",
        "processor",
        "force",
        "record",
    }


def test_keywords_of_live_are_its_options() -> None:
    more = set(typing.get_type_hints(LiveSwapOptions)) - set(typing.get_type_hints(SwapOptions))
    assert more == set(LiveOptions.model_fields)


def test_a_swap_from_python(portraits: Portraits, tmp_path: Path) -> None:
    seen: list[roop.api.Progress] = []
    output = tmp_path / "out.png"
    result = roop.swap(portraits["astronaut"], portraits["hopper"], output, watch=seen.append)
    assert isinstance(result, roop.JobResult)
    assert (result.output, result.frames, result.swapped, result.faces) == (output, 1, 1, 1)
    assert (seen[-1].frames, seen[-1].swapped) == (1, 1)
    with Image.open(output) as after, Image.open(portraits["hopper"]) as before:
        assert np.any(np.asarray(after) != np.asarray(before))


def test_a_swap_that_was_cancelled_leaves_nothing(portraits: Portraits, tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        roop.swap(portraits["astronaut"], portraits["hopper"], tmp_path / "out.png", cancel=cancel)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"many_face": True}, "no option many_face", "did you mean many_faces?"),
        (
            {"engine": "mash"},
            "no engine 'mash'",
            "choose one of: mesh, inswapper, hyperswap, ghost, simswap",
        ),
        ({"engine": {}}, "engine needs a name, not {}", None),
        ({"processor": 4}, "processor needs names, not 4", None),
        ({"processor": [{}]}, r"processor needs names, not \[{}\]", None),
        ({"face_shape": 1.5}, "face_shape must be at most 1, not 1.5", None),
        ({"output_video_quality": -1}, "output_video_quality must be at least 0, not -1", None),
        ({"output_video_quality": 1.5}, "quality needs a whole number, not 1.5", None),
        ({"start": 10, "end": "0:05"}, r"end \(5 s\) must come after start \(10 s\)", None),
        ({"start": "soon"}, "start needs seconds or h:mm:ss, not 'soon'", None),
        ({"end": ""}, "end needs seconds or h:mm:ss$", None),
        ({"fps": float("inf")}, "fps needs a finite number, not inf", None),
        ({"fps": "abc"}, "fps needs a number, not 'abc'", None),
        ({"fps": 0}, "fps must be above 0, not 0", None),
        ({"many_faces": "maybe"}, "many_faces needs true or false, not 'maybe'", None),
        ({"output_video_encoder": 4}, "output_video_encoder needs text, not 4", None),
        ({"record": 4}, "record needs the name of a file or a folder, not 4", None),
        ({"label": True, "label_text": ""}, "label_text may not be empty$", None),
        ({"label": True, "label_text": "x" * 81}, "label_text takes at most 80 chara", None),
        (
            {"label": True, "label_corner": "left"},
            "corner must be 'top-left', .*, not 'left'",
            None,
        ),
        ({"label_text": "AI"}, "label_text has no effect without label$", None),
    ],
)
def test_wrong_options(options: dict[str, object], message: str, hint: str | None) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        make_job(*HERE, options, installed())
    if hint:
        assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("written", "seconds"),
    [(83.5, 83.5), ("83.5", 83.5), ("1:23.5", 83.5), ("1:02:03", 3723), ("0:00:05.25", 5.25)],
)
def test_times(written: float | str, seconds: float) -> None:
    assert make_job(*HERE, {"start": written}, installed()).video.start == seconds


def test_no_source_at_all() -> None:
    with pytest.raises(UsageError, match="no source photo"):
        make_job((), HERE[1], HERE[2], {}, installed())


def test_a_job_survives_json() -> None:
    options = {"face_shape": 0.25, "many_faces": True, "end": "1:00", "force": True}
    job = make_job(*HERE, options, installed())
    assert Job.model_validate_json(job.model_dump_json()) == job


def test_without_an_engine_faces_are_enhanced_alone(portraits: Portraits, tmp_path: Path) -> None:
    target, output = portraits["hopper"], tmp_path / "out.png"
    result = roop.swap([], target, output, engine="none", enhance=True, enhance_blend=1)
    assert (result.engine, result.faces, result.models[-1:]) == ("enhance", 1, ("face_mesh",))
    with pytest.raises(UsageError, match="nothing to do"):
        roop.swap([], target, output, engine="none", enhance=False)
    with pytest.raises(UsageError, match="no effect without the processor enhance"):
        roop.swap(portraits["astronaut"], target, output, enhance_blend=1)
