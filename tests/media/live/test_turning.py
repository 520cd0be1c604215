"""Live frames that are rotated or mirrored."""

from pathlib import Path

import numpy as np
import pytest

from roop.media.live.cameras import FileCamera
from roop.media.live.turning import Turning
from roop.types import Box
from support.clips import Clip


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
def test_a_frame_is_turned_clockwise_then_mirrored(
    tmp_path: Path, rotate: int, mirror: bool, rotation: int
) -> None:
    clip = Clip(times=range(2), size=(128, 96), rotation=rotation)
    with FileCamera(clip.write(tmp_path / "camera.mov"), lambda text: None) as camera:
        frame = next(iter(camera.frames(lambda: None)))
        upright = frame.crop(Box(0, 0, *frame.size)).astype(int)
        turned = Turning().turn(frame, rotate, mirror=mirror)
    wanted = np.rot90(upright, -rotate // 90)
    wanted = wanted[:, ::-1] if mirror else wanted
    seen = turned.crop(Box(0, 0, *turned.size)).astype(int)
    assert seen.shape == wanted.shape
    assert np.abs(seen - wanted).mean() < 2
    assert (turned.pts, turned.time_base) == (frame.pts, frame.time_base)
