"""The process that shows frames, faces, people and previews, and what is left when it dies."""

import base64
import io
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from roop.errors import RefusedError, RoopError, UsageError
from roop.faces.analyser import Analyser
from roop.media.frames.stored_frame import StoredFrame
from roop.options import Assignment, FaceOptions, Settings
from roop.provenance.xmp import source_type
from roop.studio.draft import Draft
from roop.studio.studio_client import StudioClient
from support.films import Film, elder_at, woman_at

FACES = FaceOptions().model_dump(mode="json")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioClient]:
    with pytest.MonkeyPatch.context() as patch, StudioClient(Settings()) as client:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        client.start()
        yield client


@pytest.fixture(scope="module", autouse=True)
def started(studio: StudioClient, film: Path) -> None:
    """Its thread is there before the first test, and stays after it."""
    studio.request("frame", {"target": str(film), "number": 0, "side": 64}).result(60)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    frames = [elder_at(240, canvas=woman_at(80 + number)) for number in range(30)]
    return Film().write(tmp_path_factory.mktemp("studio") / "film.mp4", frames)


def image(text: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text)))


def test_frames_faces_and_whose_they_are(studio: StudioClient, film: Path) -> None:
    target = {"target": str(film), "faces": FACES}
    shown = studio.request("frame", target | {"number": 12, "side": 160}).result(60)
    assert shown["time_s"] == pytest.approx(0.4)
    assert image(shown["jpeg"]).size == (160, 120)
    found: list[Any] = []
    people = studio.request("people", target, found.append).result(60)
    assert [len(each["people"]) for each in found] == [2, 2]
    assert image(people["pictures"][1]).size[0] > 64
    faces = studio.request("faces", target | {"number": 20}).result(60)["faces"]
    assert [(face["position"], face["person"]) for face in faces] == [(0, 0), (1, 1)]
    left, _, right, _ = faces[0]["box"]
    assert left < 100 < right


def test_a_preview_is_labelled_and_marked(
    studio: StudioClient, film: Path, portraits: dict[str, Path]
) -> None:
    given = Assignment(source=(portraits["hopper"],), position=0, frame=0)
    draft = Draft(target=film, assignments=(given,)).model_dump(mode="json")
    values = {"draft": draft, "time_s": 0.5, "viewer": "me"}
    shown = studio.request("preview", values).result(60)
    before, after = (np.asarray(image(shown[name])).astype(int) for name in ("before", "after"))
    (face,) = shown["faces"]
    assert np.abs(after - before)[face["box"][1] : face["box"][3], : face["box"][2]].mean() > 5
    data = base64.b64decode(shown["after"])
    packet = data[data.index(b"<?xpacket begin") : data.index(b"<?xpacket end")]
    assert "composite" in (source_type(packet) or "")


def test_what_is_refused_is_not_shown(studio: StudioClient, nude: Path) -> None:
    values = {"target": str(nude), "number": 0, "side": 640, "faces": FACES}
    for name in ("frame", "faces"):
        with pytest.raises(RefusedError, match=r"drawing\.png shows"):
            studio.request(name, values).result(60)


def test_when_the_process_dies_the_next_request_starts_another(film: Path) -> None:
    with StudioClient(Settings()) as client:
        values = {"target": str(film), "number": 0, "side": 64}
        client.request("frame", values).result(60)
        before = psutil.Process().children()
        future = client.request("people", {"target": str(film), "faces": FACES})
        client.restart()
        with pytest.raises(RoopError, match="ended unexpectedly"):
            future.result(60)
        assert client.request("frame", values).result(60)["size"] == [320, 240]
    assert all(child in before for child in psutil.Process().children())


def test_live_frames_come_back_changed(portraits: dict[str, Path], tmp_path: Path) -> None:
    picture = Image.fromarray(woman_at(120))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=92)
    jpeg = base64.b64encode(buffer.getvalue()).decode()
    more: queue.Queue[Any] = queue.Queue()
    draft = Draft(sources=(portraits["hopper"],)).model_dump(mode="json")
    with StudioClient(Settings()) as client:
        chosen = {"draft": draft, "swap": "desk", "folder": str(tmp_path)}
        future = client.request("live", chosen, more.put)
        assert more.get(timeout=60) == {"ready": True}
        for _ in range(4):
            client.send("live_frame", {"swap": "desk", "jpeg": jpeg})
        answers = [more.get(timeout=60) for _ in range(4)]
        client.send("live_stop", {"swap": "desk"})
        assert future.result(60) == {}
    shown = [np.asarray(image(each["jpeg"])).astype(int) for each in answers if "jpeg" in each]
    assert shown
    changed = np.abs(shown[-1] - np.asarray(picture)).mean(axis=2)
    assert changed[100:140, 100:140].mean() > 5
    assert changed[-20:, :60].mean() > 10  # the label


@pytest.mark.parametrize(
    ("options", "message"),
    [({"fps": 25}, "fps has no effect on a camera"), ({"fp": 1}, "has no option fp")],
)
def test_a_wrong_live_swap_is_one_line(
    studio: StudioClient,
    portraits: dict[str, Path],
    tmp_path: Path,
    options: dict[str, Any],
    message: str,
) -> None:
    draft = Draft(sources=(portraits["hopper"],), options=options).model_dump(mode="json")
    values = {"draft": draft, "swap": "desk", "folder": str(tmp_path)}
    with pytest.raises(UsageError, match=message):
        studio.request("live", values).result(60)


def test_what_a_target_is(studio: StudioClient, film: Path) -> None:
    info = studio.request("info", {"target": str(film)}).result(60)
    assert (info["kind"], info["size"], info["frames"]) == ("video", [320, 240], 30)
    assert info["duration_s"] == pytest.approx(1, abs=0.05)


def test_a_face_is_cut_out_of_a_photo_of_several(
    studio: StudioClient, portraits: dict[str, Path], analyser: Analyser
) -> None:
    both = {"target": str(portraits["both"]), "number": 0, "faces": FACES}
    boxes = [face["box"] for face in studio.request("faces", both).result(60)["faces"]]
    cut = {"target": str(portraits["both"]), "boxes": boxes, "number": 1}
    path = Path(studio.request("cut_face", cut).result(60)["path"])
    assert path.name == "both.png"
    with Image.open(path) as image:
        pixels = np.asarray(image)
    assert len(analyser.faces(StoredFrame(pixels), "left-right")) == 1
    assert studio.request("cut_face", cut).result(60)["path"] == str(path)
