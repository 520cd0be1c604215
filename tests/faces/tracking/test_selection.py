"""Who is replaced where several people are in view: the right ones, always, and nobody else."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import pytest

from roop.faces.analyser import Analyser
from roop.faces.tracking.selection import KnownPeople, Person
from roop.types import Face, Pixels
from support.heads import frame
from support.people import GroupFrame, Head, group_frame, make_heads, path, with_passing_bar

Follow = Callable[..., list[tuple[Face, ...]]]

CLEAR, GONE = 0.05, 0.3
"""How much of a face may be hidden so that it must be replaced, and so that it may be."""


@pytest.fixture(scope="session")
def heads(analyser: Analyser) -> dict[str, Head]:
    return make_heads(analyser)


@pytest.fixture
def follow(analyser: Analyser, heads: Mapping[str, Head]) -> Follow:
    """Follow the wanted people through images; each gets the index among them as identity."""

    def run(images: Sequence[Pixels], *wanted: str, beside: Sequence[str] = ()) -> object:
        known = [
            Person(describe(analyser, heads, name), None if name in beside else number)
            for number, name in enumerate([*wanted, *beside])
        ]
        tracker = analyser.tracker(KnownPeople(known, analyser.recogniser, limit=0.85))
        return [tracker.update(frame(image)) for image in images]

    return run


def describe(analyser: Analyser, heads: Mapping[str, Head], name: str) -> object:
    alone = frame(group_frame(heads, {name: (320, 240)}).pixels)
    (mesh,) = analyser.faces(alone, "left-right")
    return analyser.recogniser.describe(alone, mesh)


def check(groups: Sequence[GroupFrame], faces: Sequence[tuple[Face, ...]], *wanted: str) -> None:
    """Assert that in every frame exactly the wanted and visible people are replaced."""
    for number, (group, found) in enumerate(zip(groups, faces, strict=True)):
        replaced = {group.person_of(face): face.identity for face in found}
        assert len(replaced) == len(found), f"two on one face in image {number}"
        for name, identity in replaced.items():
            assert name in wanted, f"{name} replaced in image {number}"
            assert identity == wanted.index(name), f"wrong face on {name} in image {number}"
        for name in wanted:
            if name in group.positions and group.hidden_share(name) < CLEAR:
                assert name in replaced, f"{name} not replaced in image {number}"
                face = next(f for f in found if group.person_of(f) == name)
                assert face.opacity == 1


def make_groups(
    heads: Mapping[str, Head], **ways: Sequence[tuple[float, float]]
) -> list[GroupFrame]:
    """Return frames in which everybody moves along a path; the first named is at the back."""
    steps = zip(*ways.values(), strict=True)
    return [group_frame(heads, dict(zip(ways, points, strict=True))) for points in steps]


def pixels(groups: Sequence[GroupFrame]) -> list[Pixels]:
    return [group.pixels for group in groups]


@pytest.mark.parametrize("wanted", [("astronaut",), ("officer",), ("officer", "astronaut")])
def test_side_by_side(heads: Mapping[str, Head], follow: Follow, wanted: Sequence[str]) -> None:
    groups = make_groups(
        heads,
        astronaut=path((170, 230), (220, 250), 20),
        officer=path((470, 240), (430, 230), 20),
    )
    check(groups, follow(pixels(groups), *wanted), *wanted)


def test_three_people_each_with_a_face_of_their_own(
    heads: Mapping[str, Head], follow: Follow
) -> None:
    groups = make_groups(
        heads,
        astronaut=path((120, 230), (150, 240), 15),
        third=path((320, 250), (310, 240), 15),
        officer=path((530, 240), (500, 230), 15),
    )
    wanted = ("third", "officer", "astronaut")
    check(groups, follow(pixels(groups), *wanted), *wanted)
    check(groups, follow(pixels(groups), "third"), "third")


@pytest.mark.parametrize("wanted", [("astronaut",), ("officer",), ("officer", "astronaut")])
@pytest.mark.parametrize("step", [8, 18])
def test_crossing(
    heads: Mapping[str, Head], follow: Follow, wanted: Sequence[str], step: int
) -> None:
    count = 320 // step
    groups = make_groups(
        heads,
        officer=path((480, 232), (160, 232), count),
        astronaut=path((160, 245), (480, 245), count),
    )
    check(groups, follow(pixels(groups), *wanted), *wanted)


def test_leaving_and_coming_back(heads: Mapping[str, Head], follow: Follow) -> None:
    away, at = (900.0, 240.0), (440.0, 240.0)
    way = [*path(at, (740, 240), 12), *[away] * 20, *path((740, 240), at, 12)]
    groups = make_groups(heads, officer=way, astronaut=[(180.0, 240.0)] * len(way))
    faces = follow(pixels(groups), "officer")
    for number, (group, found) in enumerate(zip(groups, faces, strict=True)):
        x = group.positions["officer"][0]
        assert all(group.person_of(face) == "officer" for face in found if face.opacity == 1)
        assert not any(group.person_of(face) == "astronaut" for face in found)
        if x < 560:
            assert len(found) == 1, f"not replaced in image {number}"
    assert not any(faces[25:32])


def test_cuts(heads: Mapping[str, Head], follow: Follow) -> None:
    left, right = (180.0, 240.0), (460.0, 235.0)
    groups = [
        *[group_frame(heads, {"astronaut": left, "officer": right})] * 6,
        *[group_frame(heads, {"officer": left, "astronaut": right})] * 6,
        *[group_frame(heads, {"officer": (320, 240)})] * 6,
        *[group_frame(heads, {"astronaut": (320, 240)})] * 6,
        *[group_frame(heads, {"third": (200, 250)}, wall=1)] * 6,
        *[group_frame(heads, {"astronaut": (320, 240)}, wall=2)] * 3,
    ]
    faces = follow(pixels(groups), "astronaut")
    check(groups, faces, "astronaut")
    assert [found[0].fresh for found in faces[6:12]] == [True] + [False] * 5


@pytest.mark.parametrize(("width", "step"), [(30, 12.0), (60, 25.0)])
def test_a_bar_that_passes(
    heads: Mapping[str, Head], follow: Follow, width: int, step: float
) -> None:
    count = round(420 / step)
    groups = make_groups(
        heads, astronaut=[(200.0, 240.0)] * count, officer=[(450.0, 240.0)] * count
    )
    faces = follow(with_passing_bar(pixels(groups), width=width, start=80, step=step), "astronaut")
    check(groups, faces, "astronaut")
    assert not any(found[0].fresh for found in faces[1:])


def test_nobody_is_replaced_where_the_person_is_absent(
    heads: Mapping[str, Head], follow: Follow
) -> None:
    groups = make_groups(
        heads,
        astronaut=path((170, 230), (220, 250), 12),
        third=path((470, 240), (430, 230), 12),
    )
    assert not any(follow(pixels(groups), "officer"))


def test_it_does_not_matter_where_tracking_starts(
    heads: Mapping[str, Head], follow: Follow
) -> None:
    groups = make_groups(
        heads,
        officer=path((480, 232), (160, 232), 32),
        astronaut=path((160, 245), (480, 245), 32),
    )
    whole = follow(pixels(groups), "officer", "astronaut")
    for start in (4, 12, 17, 22):
        part = follow(pixels(groups[start:]), "officer", "astronaut")
        for group, one, two in zip(groups[start + 8 :], whole[start + 8 :], part[8:], strict=True):
            if max(map(group.hidden_share, group.positions)) < CLEAR:
                assert given(group, one) == given(group, two)


def given(group: GroupFrame, faces: Sequence[Face]) -> dict[str, int]:
    return {group.person_of(face): face.identity for face in faces}


def test_a_person_who_is_covered_fades_and_does_not_flash(
    heads: Mapping[str, Head], follow: Follow
) -> None:
    count = 20
    groups = make_groups(
        heads,
        officer=[(320.0, 235.0)] * count,
        astronaut=path((110, 245), (530, 245), count),
    )
    shown = [
        any(group.person_of(f) == "officer" for f in found)
        for group, found in zip(groups, follow(pixels(groups), "officer"), strict=True)
    ]
    changes = sum(one != two for one, two in pairwise(shown))
    assert shown[0]
    assert shown[-1]
    assert changes == 2
