"""What a network camera says when it cannot be used, and streams that come in pieces."""

from itertools import islice
from pathlib import Path

import pytest

from roop.errors import MediaError
from roop.media.live.cameras import open_camera
from roop.media.live.pacing import Pacer
from support.certificates import self_signed
from support.clips import Clip
from support.hls_camera import hls_camera
from support.refusing_camera import refusing_camera
from support.targets import refuse_warning


def refusal(address: str) -> str:
    with pytest.raises(MediaError) as caught:
        open_camera(address, refuse_warning)
    assert caught.value.hint
    message = str(caught.value)
    assert "secret" not in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_a_wrong_password_is_one_line(scheme: str) -> None:
    with refusing_camera() as port:
        message = refusal(f"{scheme}://user:secret@127.0.0.1:{port}/video")
    assert message == f"{scheme}://127.0.0.1:{port}/video does not accept this user and password"


@pytest.mark.parametrize("scheme", ["https", "rtsps"])
def test_certificates_are_checked(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, context = self_signed(tmp_path)
    with refusing_camera(context) as port:
        address = f"{scheme}://user:secret@127.0.0.1:{port}/video"
        assert refusal(address).endswith("video is not trusted: self-signed certificate")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert refusal(address).endswith("does not accept this user and password")
    certificate, context = self_signed(tmp_path, "127.0.0.2")
    with refusing_camera(context) as port:
        address = f"{scheme}://user:secret@127.0.0.1:{port}/video"
        assert "is not valid for '127.0.0.1'" in refusal(address)


@pytest.mark.slow
def test_frames_that_come_in_pieces_are_shown_at_their_speed() -> None:
    clip = Clip(times=range(5), size=(128, 96))
    frames = [clip.pixels(number) for number in range(5)]
    with hls_camera(frames) as address, open_camera(address, refuse_warning) as camera:
        found = list(islice(camera.frames(lambda: None), 25))
    times = [float(frame.pts * frame.time_base) for frame in found]
    assert times[-1] - times[0] > 1.5  # ten a second, not the first twenty at once


def test_a_late_piece_delays_those_after_it_up_to_a_limit() -> None:
    pacer = Pacer()
    assert pacer.due(50.0, 1000.0) == 1000.0
    assert pacer.due(50.5, 1000.1) == 1000.5
    assert pacer.due(51.0, 1003.0) == 1003.0  # two seconds late
    assert pacer.due(51.5, 1003.1) == 1003.5
    assert pacer.due(52.0, 1020.0) < 1005  # at once, and so are the next
    assert pacer.due(53.0, 1020.0) < 1006
    assert pacer.due(69.0, 1020.0) == 1021.0
    assert pacer.due(0.0, 1030.0) == 1030.0  # the stream has begun anew
