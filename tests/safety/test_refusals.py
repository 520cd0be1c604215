"""The screen stops jobs at every stage, and nothing switches it off."""

import ctypes
import subprocess
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

import roop as package
from roop.errors import ModelError, RefusedError, UsageError
from roop.media.frames.stored_frame import StoredFrame
from roop.options import Job, Options, Settings, Step
from roop.pipeline.job import run_job
from roop.pipeline.progress import Progress
from roop.processors.base import Context, Processor, ProcessorSpec, Registry
from roop.types import AnalysedFrame, Face
from support.figures import MakeClip, Pixels, Run, drawing


def assert_refused(done: "subprocess.CompletedProcess[str]", name: str, out: Path) -> None:
    assert done.returncode == 6, done.stderr
    line, hint = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert f"{name} shows a bare female breast" in line
    assert hint.startswith("hint: ")
    assert list(out.iterdir()) == []


def test_a_source(roop: Run, photo: Path, nude: Path, out: Path) -> None:
    assert_refused(roop("-s", nude, "-t", photo, "-o", "x.png"), "nude.png", out)


def test_any_of_several_sources(roop: Run, photo: Path, nude: Path, out: Path) -> None:
    assert_refused(roop("-s", photo, nude, "-t", photo, "-o", "x.png"), "nude.png", out)


def test_a_photo(roop: Run, photo: Path, nude: Path, out: Path) -> None:
    assert_refused(roop("-s", photo, "-t", nude, "-o", "x.png"), "nude.png", out)


def test_a_photo_under_another_name(roop: Run, photo: Path, nude: Path, out: Path) -> None:
    nude.rename(nude.with_name("holiday.jpg"))
    done = roop("-s", photo, "-t", nude.with_name("holiday.jpg"), "-o", "x.png")
    assert_refused(done, "holiday.jpg", out)


def test_an_animation(roop: Run, face: Pixels, photo: Path, out: Path, tmp_path: Path) -> None:
    frames = [Image.fromarray(p) for p in (face, face, drawing(), face)]
    target = tmp_path / "animation.gif"
    frames[0].save(target, save_all=True, append_images=frames[1:], duration=100)
    done = roop("-s", photo, "-t", target, "-o", "x.gif")
    assert_refused(done, "animation.gif", out)
    assert "in frame 00:00:00" in done.stderr


@pytest.mark.parametrize(
    ("bad", "when"),
    [
        (range(5), "00:00:00"),  # the first frames
        ([23], "00:00:02"),  # one frame in the middle
        (range(42, 45), "00:00:04"),  # the last frames
    ],
)
def test_a_video(
    roop: Run, clip: MakeClip, photo: Path, out: Path, *, bad: Sequence[int], when: str
) -> None:
    done = roop("-s", photo, "-t", clip(bad), "-o", "x.mp4")
    assert_refused(done, "clip.mp4", out)
    assert f"in frame {when}" in done.stderr


def test_a_refusal_as_json(roop: Run, photo: Path, nude: Path) -> None:
    done = roop("-s", photo, "-t", nude, "-o", "x.png", "--json")
    assert done.returncode == 6
    assert '"code": "refused"' in done.stdout


def test_a_clean_job_passes(roop: Run, clip: MakeClip, photo: Path, out: Path) -> None:
    done = roop("-s", photo, "-t", clip([]), "-o", "x.mp4")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in out.iterdir()] == ["x.mp4"]


@pytest.mark.parametrize(
    "flag", ["--no-screen", "--skip-screen", "--nsfw", "--screen=0", "--unsafe", "--threshold=2"]
)
def test_no_flag_switches_it_off(roop: Run, photo: Path, nude: Path, flag: str, out: Path) -> None:
    done = roop("-s", photo, "-t", nude, "-o", "x.png", flag)
    assert done.returncode == 2
    assert list(out.iterdir()) == []


def test_no_environment_variable_switches_it_off(
    roop: Run, photo: Path, nude: Path, out: Path
) -> None:
    for value in ("0", "off"):
        names = dict.fromkeys(("NUDENET", "SCREEN", "NSFW", "SAFETY"), value)
        assert_refused(roop("-s", photo, "-t", nude, "-o", "x.png", **names), "nude.png", out)


@pytest.mark.parametrize("name", ["ROOP_SCREEN", "ROOP_SAFETY", "ROOP_NSFW", "ROOP_NO_SCREEN"])
def test_there_is_no_such_option_in_the_environment(
    roop: Run, photo: Path, nude: Path, out: Path, name: str
) -> None:
    done = roop("-s", photo, "-t", nude, "-o", "x.png", **{name: "0"})
    warning, done.stderr = done.stderr.split("\n", 1)
    assert warning.startswith(f"warning: ignoring {name}, which is not an option")
    assert_refused(done, "nude.png", out)


def test_no_python_argument_switches_it_off(photo: Path, nude: Path, out: Path) -> None:
    options: dict[str, Any] = {"screen": False}
    with pytest.raises(UsageError, match="no option screen"):
        package.swap(photo, nude, out / "x.png", **options)
    with pytest.raises(ValidationError):
        Settings.model_validate(options)
    with pytest.raises(ValidationError):
        Job.model_validate({"sources": [photo], "target": nude, "output": out, **options})


@pytest.mark.parametrize("returned", ["none", "twice", "another"])
def test_a_plug_in_cannot_return_unscreened_frames(photo: Path, out: Path, returned: str) -> None:
    class Cheating(Processor):
        def process(self, analysed: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
            others = [AnalysedFrame(StoredFrame(drawing()), each.faces) for each in analysed]
            return {"none": [], "twice": [*analysed, *analysed], "another": others}[returned]

    registry = Registry(
        [ProcessorSpec("cheating", "", Options, lambda options, context: Cheating(), engine=True)]
    )
    step = Step(processor="cheating")
    job = Job(sources=(photo,), target=photo, output=out / "x.png", steps=(step,))
    with pytest.raises(UsageError, match="Cheating did not return the frames"):
        run_job(job, Settings(), registry)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_plug_in_that_raises_leaves_no_output(
    clip: MakeClip, photo: Path, out: Path, error: type[BaseException]
) -> None:
    class Raising(Processor):
        frames = 0

        def process(self, analysed: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
            self.frames += 1
            if self.frames == 20:
                raise error
            return analysed

    registry = Registry(
        [ProcessorSpec("raising", "", Options, lambda options, context: Raising(), engine=True)]
    )
    step = Step(processor="raising")
    job = Job(sources=(photo,), target=clip([]), output=out / "x.mp4", steps=(step,))
    with pytest.raises(error):
        run_job(job, Settings(), registry)
    assert list(out.iterdir()) == []


class _Nothing(Processor):
    """A plug-in's processor that changes no frame."""

    def process(self, analysed: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        face = Face(np.zeros((468, 3), np.float32), 1.0)
        return [AnalysedFrame(each.frame, [*each.faces] or [face]) for each in analysed]


def _plug_in() -> Registry:
    def build(options: Options, context: Context) -> _Nothing:
        return _Nothing()

    return Registry([ProcessorSpec("nothing", "", Options, build, engine=True)])


def test_no_plug_in_and_no_unchecked_options_switch_it_off(
    photo: Path, nude: Path, out: Path
) -> None:
    job = Job(
        sources=(photo,), target=nude, output=out / "x.png", steps=(Step(processor="nothing"),)
    )
    edited = job.model_copy(update={"screen": None, "safety": False})
    settings = Settings().model_copy(update={"screen": None, "safety": False})
    unchecked = Job.model_construct(**{**dict(job), "screen": None, "safety": False})
    for each in (job, edited, unchecked):
        with pytest.raises(RefusedError):
            run_job(each, settings, _plug_in())
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("what", ["missing", "another", "altered"])
def test_nothing_is_made_without_the_network(
    roop: Run, photo: Path, out: Path, tmp_path: Path, what: str
) -> None:
    package_of_model = tmp_path / "shadow" / "nudenet"
    package_of_model.mkdir(parents=True)
    (package_of_model / "__init__.py").touch()
    spec = find_spec("nudenet")
    assert spec is not None
    assert spec.origin is not None
    real = bytearray((Path(spec.origin).parent / "320n.onnx").read_bytes())
    if what == "altered":
        real[len(real) // 2] ^= 1
    if what != "missing":
        content = real if what == "altered" else b"\0" * 1000
        (package_of_model / "320n.onnx").write_bytes(content)
    done = roop("-s", photo, "-t", photo, "-o", "x.png", PYTHONPATH=str(tmp_path / "shadow"))
    assert done.returncode == 4, done.stderr
    assert "nudenet_320n" in done.stderr
    assert "pip install" in done.stderr
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"another network"], ids=["empty", "other"])
def test_a_damaged_second_classifier_stops_the_job(
    photo: Path, out: Path, tmp_path: Path, content: bytes
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "open_nsfw.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="open_nsfw is damaged") as caught:
        package.swap(photo, photo, out / "x.png", settings=Settings(models=models, offline=True))
    assert str(models / "open_nsfw.onnx") in (caught.value.hint or "")
    assert list(out.iterdir()) == []


def test_a_killed_screen_stops_the_job(clip: MakeClip, photo: Path, out: Path) -> None:
    killed = []

    def kill(progress: Progress) -> None:
        for thread in threading.enumerate():
            if thread.name == "roop-screen" and not killed:
                number = ctypes.c_ulong(thread.ident or 0)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(SystemExit))
                killed.append(thread)

    with pytest.raises(ModelError, match="the screen for nudity has stopped"):
        package.swap(photo, clip([]), out / "x.mp4", watch=kill)
    assert killed
    assert list(out.iterdir()) == []
