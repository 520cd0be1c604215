"""What a user does in the window, without the window: from two files to a result."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from roop.media.pictures.identity_file import (
    identity_path,
    make_identities_folder,
    save_identity,
)
from roop.window.selection import Line
from roop.window.session import Session
from support.figures import drawing

Until = Callable[[Callable[[], object]], None]


def ready(session: Session) -> bool:
    photos = session.source.photos.value
    return bool(photos) and all(photo.state == "ready" for photo in photos)


def previewed(session: Session) -> bool:
    shown = session.preview.shown.value
    return not session.preview.busy.value and shown is not None and shown.after is not None


def test_two_files_and_one_click(
    session: Session, until: Until, portraits: dict[str, Path], home: Path
) -> None:
    session.starter.start()
    assert session.starter.note.value is not None  # it says what is missing
    session.source.add([portraits["astronaut"]])
    session.target.choose([portraits["hopper"]])
    until(lambda: previewed(session))
    shown = session.preview.shown.value
    assert shown is not None
    assert shown.after is not None
    assert shown.faces == 1
    changed = np.abs(np.asarray(shown.after, int) - np.asarray(shown.before, int))
    assert changed.max() > 50
    assert session.starter.ready.value
    session.starter.start()
    until(lambda: session.jobs.rows.value and session.jobs.rows.value[0].state == "succeeded")
    (row,) = session.jobs.rows.value
    assert row.output == home / "Pictures" / "Outputs" / "astronaut-hopper.png"
    assert row.output.exists()
    assert row.actions == ("open", "folder", "delete")  # no place to share is configured
    row.output.unlink()
    session.jobs.act(row, "open")
    until(lambda: session.jobs.problem.value)
    assert session.jobs.problem.value == Line(f"{row.name} is not there any more.")


def test_a_second_start_overwrites_nothing(
    session: Session, until: Until, portraits: dict[str, Path], tmp_path: Path
) -> None:
    session.starter.folder.value = tmp_path / "mine"
    session.source.add([portraits["astronaut"]])
    session.target.choose([portraits["hopper"], portraits["both"]])
    until(lambda: session.starter.ready.value)
    session.starter.start()
    until(lambda: [row.state for row in session.jobs.rows.value] == ["succeeded"] * 2)
    session.starter.start()
    until(lambda: len(session.jobs.rows.value) == 4)
    names = {row.name for row in session.jobs.rows.value}
    once = {"astronaut-hopper.png", "astronaut-both.png"}
    assert names == once | {"astronaut-hopper (2).png", "astronaut-both (2).png"}


def test_a_double_click_starts_once(
    session: Session, until: Until, portraits: dict[str, Path], long: Path
) -> None:
    session.source.add([portraits["astronaut"]])
    session.target.choose([long])
    until(lambda: session.starter.ready.value)
    session.starter.start()
    session.starter.start()
    until(lambda: session.jobs.rows.value)
    session.starter.start()
    until(lambda: session.starter.note.value)
    session.settings.set("many_faces", True)
    session.starter.start()
    until(lambda: len(session.jobs.rows.value) > 1)
    names = {row.name for row in session.jobs.rows.value}
    assert names == {f"astronaut-{long.name}", f"astronaut-{long.stem} (2){long.suffix}"}


def test_one_face_of_several_is_chosen(
    session: Session, until: Until, portraits: dict[str, Path]
) -> None:
    session.source.add([portraits["both"]])
    until(lambda: session.source.photos.value[0].state == "several")
    assert session.selection.draft() is None
    session.source.choose_face(session.source.photos.value[0], 1)
    until(lambda: ready(session))
    (photo,) = session.source.photos.value
    assert photo.path.name == "both.png"
    assert len(photo.faces) == 1


def test_files_that_give_no_face(
    session: Session, until: Until, portraits: dict[str, Path], duo: Path, tmp_path: Path
) -> None:
    files = [portraits["nobody"], duo, tmp_path / "missing.png"]
    session.source.add(files)
    until(lambda: all(photo.state == "wrong" for photo in session.source.photos.value))
    notes = [photo.note for photo in session.source.photos.value]
    assert notes[0].text.startswith("No face found in nobody.png")
    assert notes[1].text == "duo.mp4 is a video. Faces are taken from photos."
    assert notes[2].text.endswith("missing.png does not exist")
    assert notes[2].hint == "check the path"
    session.target.choose([tmp_path / "missing.mp4"])
    until(lambda: session.target.problem.value)
    session.source.add([portraits["astronaut"]])  # makes room
    until(lambda: ready(session))
    assert len(session.source.photos.value) == 1


def test_people_get_faces_of_their_own(
    session: Session, until: Until, portraits: dict[str, Path], duo: Path, home: Path
) -> None:
    session.target.choose([duo])
    until(lambda: session.selection.people.value.state == "done")
    assert len(session.selection.people.value.people) == 2
    assert session.selection.draft() is None
    session.target.give(0, portraits["hopper"])
    session.target.give(1, portraits["astronaut"])
    until(lambda: len(session.selection.choice.value.faces) == 2)
    draft = session.selection.draft()
    assert draft is not None
    assert [each.source for each in draft.assignments] == [
        (portraits["hopper"],),
        (portraits["astronaut"],),
    ]
    session.preview.scrub(0.2)
    until(lambda: previewed(session))
    shown = session.preview.shown.value
    assert shown is not None
    assert shown.faces == 2
    until(lambda: session.preview.face_at(0.28, 0.45) is not None)
    assert session.preview.face_at(0.28, 0.45) == 0
    assert session.preview.face_at(0.5, 0.98) is None
    session.starter.start()
    until(lambda: session.jobs.rows.value and session.jobs.rows.value[0].state == "succeeded")
    assert session.jobs.rows.value[0].details.startswith("12 of 12 frames changed")
    assert (home / "Videos" / "Outputs" / "hopper-duo.mp4").exists()


def test_a_refusal_is_a_line(
    session: Session, until: Until, portraits: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "drawing.png"
    Image.fromarray(drawing()).save(path)
    session.source.add([path])
    until(lambda: session.source.photos.value[0].state == "wrong")
    assert "nudity" in session.source.photos.value[0].note.hint
    assert not session.source.photos.value[0].picture
    session.source.add([portraits["astronaut"]])
    session.target.choose([path])
    until(lambda: session.preview.problem.value)
    assert session.preview.shown.value is None


def test_a_job_is_paused_resumed_and_cancelled(
    session: Session, until: Until, portraits: dict[str, Path], long: Path
) -> None:
    session.source.add([portraits["astronaut"]])
    session.target.choose([long])
    until(lambda: session.starter.ready.value)
    session.starter.start()
    until(lambda: session.jobs.rows.value)
    session.jobs.act(session.jobs.rows.value[0], "pause")
    until(lambda: session.jobs.rows.value[0].state == "paused")
    assert session.jobs.rows.value[0].actions == ("resume", "cancel")
    session.jobs.act(session.jobs.rows.value[0], "resume")
    until(lambda: session.jobs.rows.value[0].state in ("waiting", "running"))
    session.jobs.act(session.jobs.rows.value[0], "cancel")
    until(lambda: session.jobs.rows.value[0].state == "cancelled")
    session.jobs.act(session.jobs.rows.value[0], "delete")
    until(lambda: not session.jobs.rows.value)


def test_a_stretch_is_played(
    session: Session, until: Until, portraits: dict[str, Path], duo: Path
) -> None:
    session.source.add([portraits["astronaut"]])
    session.target.choose([duo])
    until(lambda: previewed(session) and session.selection.people.value.state == "done")
    first = session.preview.shown.value
    session.preview.play()
    until(lambda: session.preview.playing.value and session.preview.shown.value is not first)
    until(lambda: previewed(session))
    second = session.preview.shown.value
    until(lambda: session.preview.shown.value is not second)
    session.preview.scrub(0.1)
    assert session.preview.playing.value is None


def test_a_saved_face_is_shown_and_used(
    session: Session, until: Until, portraits: dict[str, Path]
) -> None:
    make_identities_folder()
    with Image.open(portraits["astronaut"]) as photo:
        save_identity(identity_path("alice"), [np.asarray(photo.convert("RGB"))], force=False)
    identity_path("broken").write_bytes(b"no photos")
    found: list[tuple[str, ...]] = []
    session.source.saved(found.append)
    until(lambda: found)
    assert found == [("alice", "broken")]
    session.source.add_saved("alice")
    until(lambda: ready(session))
    (photo_of,) = session.source.photos.value
    with Image.open(io.BytesIO(photo_of.picture)) as picture:
        assert picture.size == photo_of.size
    session.source.add_saved("broken")
    until(lambda: session.source.photos.value[-1].state == "wrong")
    assert "damaged" in session.source.photos.value[-1].note.text
