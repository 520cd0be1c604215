"""The people of a video whose frames are not all decoded: their names are right nevertheless."""

import threading
from pathlib import Path

from roop.options import FaceOptions, Settings, VideoOptions
from roop.pipeline.people.scan import scan_people
from roop.types import Pixels
from support.clips import Clip
from support.films import SIZE, elder_at, wall, woman_at

CUT = 33
"""The frame with which the second person's shot begins."""


class TwoShots(Clip):
    """A woman, then an elder, with frames in between that no other depends on."""

    def pixels(self, number: int) -> Pixels:
        if number < CUT:
            return woman_at(130 + number)
        return elder_at(190 - number, canvas=255 - wall())


def test_frames_are_counted_where_some_are_left_out(tmp_path: Path) -> None:
    options = {"preset": "veryfast", "crf": "12", "bf": "3"}
    film = TwoShots(size=SIZE, times=range(60), options=options).write(tmp_path / "film.mp4")
    scan = scan_people(
        film, Settings(), faces=FaceOptions(), video=VideoOptions(), cancel=threading.Event()
    )
    woman, elder = scan.people
    assert woman.first_frame == 0
    assert woman.frame < CUT <= elder.frame < 60
    assert CUT <= elder.first_frame <= CUT + 3
    assert abs(elder.first_s - elder.first_frame / 25) < 0.001
