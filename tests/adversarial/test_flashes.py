"""Nudity that is shown for a few frames, or in a short time, is refused."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from roop.errors import RefusedError
from roop.media.frames.stored_frame import StoredFrame
from roop.options import Settings
from roop.safety.classifiers import Classifiers
from roop.safety.samples import Sampler
from support.figures import Pixels
from support.outputs import make


def blurred(figure: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(figure, (0, 0), 9), np.uint8)


def lifted_blur(face: Pixels, figure: Pixels) -> list[Pixels]:
    """A blur that hides the figure in 24 of 25 frames."""
    return [figure if n % 25 == 13 else blurred(figure) for n in range(100)]


def dissolve(face: Pixels, figure: Pixels) -> list[Pixels]:
    """The figure fades in and out."""
    shares = [min(1.0, max(0.0, 1.1 - abs(n - 30) / 20)) for n in range(60)]
    return [(face * (1 - s) + figure * s).astype(np.uint8) for s in shares]


def one_frame(face: Pixels, figure: Pixels) -> list[Pixels]:
    return [figure if n == 20 else face for n in range(60)]


def corner(face: Pixels, figure: Pixels) -> list[Pixels]:
    """The figure in a quarter of the picture."""
    frames = [cv2.resize(face, (640, 640)) for _ in range(40)]
    small = cv2.resize(figure, (320, 320))
    frames[20] = frames[20].copy()
    frames[20][300:620, 20:340] = small
    return [np.asarray(frame, np.uint8) for frame in frames]


Make = Callable[[Pixels, Pixels], Sequence[Pixels]]


@pytest.mark.parametrize("frames", [lifted_blur, dissolve, one_frame, corner])
@pytest.mark.parametrize("fps", [25, 1000])
def test_in_frames_of_a_video(face: Pixels, figure: Pixels, frames: Make, fps: int) -> None:
    """What the sampler selects contains a frame that the network refuses."""
    sampler, classifiers = Sampler(), Classifiers(Settings())
    chosen = [
        pixels
        for number, pixels in enumerate(frames(face, figure))
        if sampler.selects(StoredFrame(pixels, pts=number, time_base=Fraction(1, fps)))
    ]
    assert any(classifiers.detect(cv2.resize(pixels, (320, 320))) for pixels in chosen)
    assert len(chosen) < 30


def test_in_a_video_of_1000_frames_per_second(
    photo: Path, face: Pixels, figure: Pixels, out: Path
) -> None:
    target = photo.with_name("fast.mkv")
    with av.open(target, "w") as output:
        stream = output.add_stream("libx264", rate=1000, options={"crf": "12"})
        stream.height, stream.width, stream.pix_fmt = 320, 320, "yuv420p"
        for number, pixels in enumerate(dissolve(face, figure)):
            frame = VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 1000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    with pytest.raises(RefusedError):
        make(photo, target, out / "x.mkv")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_in_a_fast_animation(
    photo: Path, face: Pixels, figure: Pixels, out: Path, suffix: str
) -> None:
    target = photo.with_name(f"fast.{suffix}")
    frames = [Image.fromarray(pixels) for pixels in dissolve(face, figure)[10:50]]
    frames[0].save(target, save_all=True, append_images=frames[1:], duration=20)
    with pytest.raises(RefusedError):
        make(photo, target, out / f"x.{suffix}")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("fps", [25, 1000])
def test_one_frame_in_twelve_of_a_still_picture_which_nobody_can_foresee(
    face: Pixels, fps: int
) -> None:
    runs = []
    for sampler in (Sampler(), Sampler()):
        frames = (StoredFrame(face, pts=n, time_base=Fraction(1, fps)) for n in range(500))
        runs.append([number for number, frame in enumerate(frames) if sampler.selects(frame)])
    assert max(np.diff(runs[0])) <= 12
    assert runs[0] != runs[1]


def test_a_flash_in_a_small_part_of_the_picture(face: Pixels, figure: Pixels) -> None:
    """The mean over the whole picture does not show it."""
    sampler, flash = Sampler(below=lambda most: most - 1), face.copy()
    flash[190:280, 10:100] = cv2.resize(figure, (90, 90))
    frames = [flash if number == 17 else face for number in range(24)]
    selected = [
        number
        for number, pixels in enumerate(frames)
        if sampler.selects(StoredFrame(pixels, pts=number, time_base=Fraction(1, 25)))
    ]
    assert 17 in selected
