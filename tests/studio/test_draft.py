"""A draft: what is saved of it, and the job that it becomes."""

from pathlib import Path

import pytest

from roop.errors import UsageError
from roop.options import Assignment
from roop.processors import installed
from roop.studio.draft import Draft

OUTPUT = Path("out.mp4")


def person(position: int, source: str = "a.png") -> Assignment:
    return Assignment(source=(Path(source),), position=position, frame=25)


def test_a_draft_becomes_a_job_with_the_options_of_roop_swap() -> None:
    options = {"many_faces": True, "fps": 25, "enhance": "detail"}
    draft = Draft(sources=(Path("me.png"),), target=Path("film.mp4"), options=options)
    job = draft.job(OUTPUT, installed())
    assert (job.sources, job.target, job.output) == (draft.sources, draft.target, OUTPUT)
    assert (job.faces.many_faces, job.video.fps) == (True, 25)
    assert [step.processor for step in job.steps] == ["mesh", "enhance"]


def test_it_survives_being_saved() -> None:
    draft = Draft(target=Path("film.mp4"), assignments=(person(1),), options={"start": "1:05"})
    again = Draft.model_validate_json(draft.model_dump_json())
    assert again == draft
    assert again.job(OUTPUT, installed()) == draft.job(OUTPUT, installed())


def test_a_person_gets_one_face_and_keeps_it_when_others_get_theirs() -> None:
    draft = Draft(sources=(Path("me.png"),), target=Path("film.mp4"))
    draft = draft.assign(person(0)).assign(person(1, "b.png")).assign(person(0, "c.png"))
    job = draft.job(OUTPUT, installed())
    given = {each.position: each.source[0].name for each in job.faces.map}
    assert given == {0: "c.png", 1: "b.png"}
    assert job.sources == ()  # nobody else gets the first photo
    everybody = draft.model_copy(update={"options": {"many_faces": True}})
    assert everybody.job(OUTPUT, installed()).sources == draft.sources


def test_a_wrong_draft_is_one_line() -> None:
    with pytest.raises(UsageError, match="there is no target"):
        Draft(sources=(Path("me.png"),)).job(OUTPUT, installed())
    wrong = Draft(sources=(Path("a"),), target=Path("b"), options={"many_face": True})
    with pytest.raises(UsageError, match="no option many_face") as caught:
        wrong.job(OUTPUT, installed())
    assert caught.value.hint == "did you mean many_faces?"
    with pytest.raises(ValueError, match="needs the `frame`"):
        Draft(assignments=(Assignment(source=(Path("a"),), position=0),))
