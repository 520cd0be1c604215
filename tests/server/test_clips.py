"""A few seconds of a preview: short, screened, marked, and not made for nobody."""

from pathlib import Path

import av

from support.page import verdict
from support.server import Server, problem


def test_a_few_seconds_are_swapped_and_marked(
    server: Server, sent: dict[str, str], tmp_path: Path
) -> None:
    draft = {"target": sent["pair"], "sources": [sent["hopper"]]}
    made = server.client.post("/previews/clips", json={"draft": draft, "start_s": 0.2})
    assert made.status_code == 200, made.text
    assert made.headers["Content-Type"] == "video/mp4"
    (tmp_path / "clip.mp4").write_bytes(made.content)
    with av.open(str(tmp_path / "clip.mp4")) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 14  # of 20, without the first 0.2 s
    assert verdict(tmp_path / "clip.mp4") == "intact"


def test_what_is_refused_has_no_clip(server: Server, sent: dict[str, str]) -> None:
    draft = {"target": sent["pair"], "sources": [sent["drawing"]]}
    answer = server.client.post("/previews/clips", json={"draft": draft})
    assert problem(answer, 422)["code"] == "refused"
    photo = {"target": sent["hopper"], "sources": [sent["astronaut"]]}
    answer = server.client.post("/previews/clips", json={"draft": photo})
    assert problem(answer, 422)["detail"] == "only a video has clips"
    long = {"draft": draft, "seconds": 60}
    assert problem(server.client.post("/previews/clips", json=long), 422)["code"] == "usage"
