"""Who is replaced in scenes with several people: the right ones, always, and nobody else."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import pytest

from roop.faces.analyser import Analyser
from roop.faces.tracking.selection import KnownPeople, Person
from roop.types import Face, Pixels
from support.heads import frame
from support.people import Look, Shot, barred, line, looks, shot

Follow = Callable[..., list[tuple[Face, ...]]]

CLEAR, GONE = 0.05, 0.3
"""How much of a face may be hidden for it to have to be replaced / for it to be allowed."""


@pytest.fixture(scope="session")
def people(analyser: Analyser) -> dict[str, Look]:
    return looks(analyser)


@pytest.fixture
def follow(analyser: Analyser, people: Mapping[str, Look]) -> Follow:
    """Follow those who are wanted through pictures; each gets the identity of its place."""

    def run(pictures: Sequence[Pixels], *wanted: str, beside: Sequence[str] = ()) -> object:
        known = [
            Person(describe(analyser, people, name), None if name in beside else number)
            for number, name in enumerate([*wanted, *beside])
        ]
        tracker = analyser.tracker(KnownPeople(known, analyser.recogniser, limit=0.85))
        return [tracker.update(frame(picture)) for picture in pictures]

    return run


def describe(analyser: Analyser, people: Mapping[str, Look], name: str) -> object:
    alone = frame(shot(people, {name: (320, 240)}).pixels)
    (mesh,) = analyser.faces(alone, "left-right")
    return analyser.recogniser.describe(alone, mesh)


def check(shots: Sequence[Shot], faces: Sequence[tuple[Face, ...]], *wanted: str) -> None:
    """Assert that in every picture exactly those are replaced who are wanted and to be seen."""
    for number, (seen, found) in enumerate(zip(shots, faces, strict=True)):
        replaced = {seen.who(face): face.identity for face in found}
        assert len(replaced) == len(found), f"two on one face in picture {number}"
        for name, identity in replaced.items():
            assert name in wanted, f"{name} replaced in picture {number}"
            assert identity == wanted.index(name), f"wrong face on {name} in picture {number}"
        for name in wanted:
            if name in seen.where and seen.hidden(name) < CLEAR:
                assert name in replaced, f"{name} not replaced in picture {number}"
                face = next(f for f in found if seen.who(f) == name)
                assert face.opacity == 1


def scene(people: Mapping[str, Look], **ways: Sequence[tuple[float, float]]) -> list[Shot]:
    """Return a scene in which everybody goes a way; the first named is at the back."""
    steps = zip(*ways.values(), strict=True)
    return [shot(people, dict(zip(ways, places, strict=True))) for places in steps]


def pixels(shots: Sequence[Shot]) -> list[Pixels]:
    return [seen.pixels for seen in shots]


@pytest.mark.parametrize("wanted", [("astronaut",), ("officer",), ("officer", "astronaut")])
def test_side_by_side(people: Mapping[str, Look], follow: Follow, wanted: Sequence[str]) -> None:
    shots = scene(
        people,
        astronaut=line((170, 230), (220, 250), 20),
        officer=line((470, 240), (430, 230), 20),
    )
    check(shots, follow(pixels(shots), *wanted), *wanted)


def test_three_people_each_with_a_face_of_their_own(
    people: Mapping[str, Look], follow: Follow
) -> None:
    shots = scene(
        people,
        astronaut=line((120, 230), (150, 240), 15),
        third=line((320, 250), (310, 240), 15),
        officer=line((530, 240), (500, 230), 15),
    )
    wanted = ("third", "officer", "astronaut")
    check(shots, follow(pixels(shots), *wanted), *wanted)
    check(shots, follow(pixels(shots), "third"), "third")


@pytest.mark.parametrize("wanted", [("astronaut",), ("officer",), ("officer", "astronaut")])
@pytest.mark.parametrize("step", [8, 18])
def test_crossing(
    people: Mapping[str, Look], follow: Follow, wanted: Sequence[str], step: int
) -> None:
    count = 320 // step
    shots = scene(
        people,
        officer=line((480, 232), (160, 232), count),
        astronaut=line((160, 245), (480, 245), count),
    )
    check(shots, follow(pixels(shots), *wanted), *wanted)


def test_leaving_and_coming_back(people: Mapping[str, Look], follow: Follow) -> None:
    away, at = (900.0, 240.0), (440.0, 240.0)
    way = [*line(at, (740, 240), 12), *[away] * 20, *line((740, 240), at, 12)]
    shots = scene(people, officer=way, astronaut=[(180.0, 240.0)] * len(way))
    faces = follow(pixels(shots), "officer")
    for number, (seen, found) in enumerate(zip(shots, faces, strict=True)):
        x = seen.where["officer"][0]
        assert all(seen.who(face) == "officer" for face in found if face.opacity == 1)
        assert not any(seen.who(face) == "astronaut" for face in found)
        if x < 560:
            assert len(found) == 1, f"not replaced in picture {number}"
    assert not any(faces[25:32])


def test_cuts(people: Mapping[str, Look], follow: Follow) -> None:
    left, right = (180.0, 240.0), (460.0, 235.0)
    shots = [
        *[shot(people, {"astronaut": left, "officer": right})] * 6,
        *[shot(people, {"officer": left, "astronaut": right})] * 6,
        *[shot(people, {"officer": (320, 240)})] * 6,
        *[shot(people, {"astronaut": (320, 240)})] * 6,
        *[shot(people, {"third": (200, 250)}, room=1)] * 6,
        *[shot(people, {"astronaut": (320, 240)}, room=2)] * 3,
    ]
    faces = follow(pixels(shots), "astronaut")
    check(shots, faces, "astronaut")
    assert [found[0].fresh for found in faces[6:12]] == [True] + [False] * 5


@pytest.mark.parametrize(("width", "step"), [(30, 12.0), (60, 25.0)])
def test_a_bar_that_passes(
    people: Mapping[str, Look], follow: Follow, width: int, step: float
) -> None:
    count = round(420 / step)
    shots = scene(people, astronaut=[(200.0, 240.0)] * count, officer=[(450.0, 240.0)] * count)
    faces = follow(barred(pixels(shots), width=width, start=80, step=step), "astronaut")
    check(shots, faces, "astronaut")
    assert not any(found[0].fresh for found in faces[1:])


def test_nobody_who_is_wanted_is_there(people: Mapping[str, Look], follow: Follow) -> None:
    shots = scene(
        people,
        astronaut=line((170, 230), (220, 250), 12),
        third=line((470, 240), (430, 230), 12),
    )
    assert not any(follow(pixels(shots), "officer"))


def test_it_does_not_matter_where_the_following_begins(
    people: Mapping[str, Look], follow: Follow
) -> None:
    shots = scene(
        people,
        officer=line((480, 232), (160, 232), 32),
        astronaut=line((160, 245), (480, 245), 32),
    )
    whole = follow(pixels(shots), "officer", "astronaut")
    for start in (4, 12, 17, 22):
        part = follow(pixels(shots[start:]), "officer", "astronaut")
        for seen, one, two in zip(shots[start + 8 :], whole[start + 8 :], part[8:], strict=True):
            if max(map(seen.hidden, seen.where)) < CLEAR:
                assert given(seen, one) == given(seen, two)


def given(seen: Shot, faces: Sequence[Face]) -> dict[str, int]:
    return {seen.who(face): face.identity for face in faces}


def test_a_person_who_is_covered_fades_and_does_not_flash(
    people: Mapping[str, Look], follow: Follow
) -> None:
    count = 20
    shots = scene(
        people,
        officer=[(320.0, 235.0)] * count,
        astronaut=line((110, 245), (530, 245), count),
    )
    shown = [
        any(seen.who(f) == "officer" for f in found)
        for seen, found in zip(shots, follow(pixels(shots), "officer"), strict=True)
    ]
    changes = sum(one != two for one, two in pairwise(shown))
    assert shown[0]
    assert shown[-1]
    assert changes == 2
