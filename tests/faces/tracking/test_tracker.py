"""What a viewer notices of the following: tremor, lag, gaps, wrong people."""

from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from roop.faces.analyser import Analyser
from roop.faces.detection.search import mesh_box
from roop.faces.mesh.mesher import FaceMesher, face_square
from roop.faces.tracking.selection import AllFaces, LargestFace
from roop.types import Face, Mesh, Pixels
from support.heads import (
    EYE_TO_CHIN,
    EYES,
    HEAD,
    HOPPER_HEAD,
    Placed,
    astronaut,
    backdrop,
    frame,
    hopper,
    moved,
    placed,
)

Faces = tuple[Face, ...]
Follow = Callable[..., list[Faces]]

SIZE, FULL_HD = (640, 480), (1920, 1080)
HEAD_ONLY = (slice(20, 200), slice(130, 315))
"""The astronaut's head without the arms and the flag."""


@pytest.fixture
def follow(analyser: Analyser) -> Follow:
    """Return the faces of each of some images in a row."""

    def run(images: Iterable[Pixels], *, many_faces: bool = False) -> list[Faces]:
        tracker = analyser.tracker(AllFaces() if many_faces else LargestFace())
        return [tracker.update(frame(image)) for image in images]

    return run


def head(
    at: tuple[float, float],
    *,
    canvas: Pixels | None = None,
    scale: float = 1.0,
    degrees: float = 0.0,
) -> Placed:
    """Return the astronaut's head at a place of a wall."""
    middle = (HEAD[0] - HEAD_ONLY[1].start, HEAD[1] - HEAD_ONLY[0].start)
    photo, wall = astronaut()[HEAD_ONLY], backdrop(SIZE) if canvas is None else canvas
    return placed(photo, wall, at, middle=middle, scale=scale, degrees=degrees)


def officer(at: tuple[float, float], *, canvas: Pixels | None = None, scale: float = 0.5) -> Placed:
    """Return the officer's head at a place of a wall."""
    photo, middle = hopper()[20:360, 120:420], (HOPPER_HEAD[0] - 120, HOPPER_HEAD[1] - 20)
    wall = backdrop(SIZE) if canvas is None else canvas
    return placed(photo, wall, at, middle=middle, scale=scale)


def with_noise(pixels: Pixels, seed: int, sigma: float = 4.0) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, sigma, pixels.shape)
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


def tremor(meshes: list[Mesh]) -> float:
    """Return the mean move of a point from one frame to the next, pixels."""
    steps = [np.linalg.norm((b - a)[:, :2], axis=1).mean() for a, b in pairwise(meshes)]
    return float(np.mean(steps))


def middle(face: Face) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = face.mesh[:, :2].mean(axis=0)
    return mean


def test_a_still_head_does_not_tremble(follow: Follow, mesher: FaceMesher) -> None:
    still = head((320, 240), scale=1.2).pixels
    images = [with_noise(still, seed) for seed in range(25)]
    steady = [faces[0].mesh for faces in follow(images)]
    square, raw = face_square(steady[0]), []
    for image in images:  # the network on its own, looking where it saw the face last
        raw.append(mesher.fit(frame(image), square).mesh)
        square = face_square(raw[-1])
    assert tremor(steady[5:]) < 0.4 * tremor(raw[5:])


def lag(meshes: list[Mesh], shown: list[Placed]) -> list[float]:
    """Return for each frame how many steps of the motion its mesh is behind, 1 is one frame."""
    own = [unplaced(mesh, head) for mesh, head in zip(meshes, shown, strict=True)]
    rest = np.median(own[:4], axis=0)  # where the still face's points are, on the photo
    behind = []
    for i in range(5, len(meshes)):
        before, now = (moved(rest, shown[k].matrix) for k in (i - 1, i))
        step = (now - before).ravel()
        behind.append(float((now - meshes[i][:, :2]).ravel() @ step / (step @ step)))
    return behind


def unplaced(mesh: Mesh, head: Placed) -> NDArray[np.float64]:
    inverse: NDArray[np.float64] = np.linalg.inv(head.matrix[:, :2])
    return (mesh[:, :2] - head.matrix[:, 2]) @ inverse.T


@pytest.mark.parametrize("step", [2.0, 6.0, 12.0])
def test_a_head_that_moves_is_followed_without_lag(follow: Follow, step: float) -> None:
    xs = [150.0] * 5 + [150 + step * (i + 1) for i in range(20)]
    shown = [head((x, 240), scale=1.2) for x in xs]
    meshes = [faces[0].mesh for faces in follow(with_noise(s.pixels, 0, 2) for s in shown)]
    behind = lag(meshes, shown)
    assert np.mean(behind) < 0.5
    assert max(behind) < 1


@pytest.mark.parametrize("step", [1.5, 4.0])
def test_a_head_that_tilts_is_followed_without_lag(follow: Follow, step: float) -> None:
    angles = [0.0] * 5 + [step * (i + 1) for i in range(14)]
    shown = [head((320, 240), scale=1.2, degrees=a) for a in angles]
    meshes = [faces[0].mesh for faces in follow(s.pixels for s in shown)]
    behind = lag(meshes, shown)
    assert np.mean(behind) < 0.5
    assert max(behind) < 1


def test_a_head_that_comes_nearer_is_followed(follow: Follow) -> None:
    scales = [1.0] * 5 + [1.04 ** (i + 1) for i in range(20)]
    shown = [head((320, 240), scale=s) for s in scales]
    meshes = [faces[0].mesh for faces in follow(s.pixels for s in shown)]
    behind = lag(meshes, shown)
    assert np.mean(behind) < 0.5
    assert max(behind) < 1


def test_a_start_and_a_stop_leave_no_trace(follow: Follow) -> None:
    xs = [250.0] * 5 + [250 + 10.0 * i for i in range(1, 8)] + [320.0] * 6
    shown = [head((x, 240), scale=1.2) for x in xs]
    faces = follow(s.pixels for s in shown)
    rest = np.median([unplaced(f[0].mesh, s) for f, s in zip(faces[:4], shown, strict=False)], 0)
    for found, where in zip(faces, shown, strict=True):
        off = found[0].mesh[:, :2] - moved(rest, where.matrix)
        assert np.linalg.norm(off, axis=1).mean() < 0.04 * EYES * 1.2


def hidden(pixels: Pixels, seed: int) -> Pixels:
    """Return the image with the middle of the face lost in noise, the head still there."""
    noise = np.random.default_rng(seed).integers(0, 256, (80, 84, 3), dtype=np.uint8)
    lost = pixels.copy()
    lost[210:290, 278:362] = noise
    return lost


def test_a_face_that_is_missed_for_a_moment_stays_swapped(
    follow: Follow, mesher: FaceMesher
) -> None:
    seen = head((320, 240), scale=1.2).pixels
    images = [hidden(seen, i) if i in (12, 13, 14) else seen for i in range(25)]
    faces = follow(images)
    lost = mesher.fit(frame(images[12]), face_square(faces[11][0].mesh))
    assert lost.score < 0.5  # the network really misses it
    assert [len(found) for found in faces] == [1] * 25
    assert {found[0].track for found in faces} == {faces[0][0].track}
    assert all(found[0].opacity == 1 for found in faces)
    assert not any(found[0].fresh for found in faces[1:])
    off = [np.abs(found[0].mesh[:, :2] - faces[11][0].mesh[:, :2]).max() for found in faces[11:]]
    assert max(off) < 0.1 * EYES


def test_a_face_that_is_gone_fades_out(follow: Follow) -> None:
    seen = head((320, 240), scale=1.2).pixels
    shown = [seen if i < 10 else hidden(seen, 1) for i in range(40)]
    opacities = [found[0].opacity if found else 0.0 for found in follow(shown)]
    assert opacities[:10] == [1.0] * 10
    assert opacities[-1] == 0.0
    assert all(later <= earlier for earlier, later in pairwise(opacities))
    assert any(0 < opacity < 1 for opacity in opacities)


def test_nothing_is_painted_on_the_first_frame_after_a_cut(follow: Follow) -> None:
    seen = head((320, 240), scale=1.2).pixels
    for empty in (backdrop(SIZE), data.coffee(), data.rocket()[:, :640]):
        other = np.array(empty[:400, :600])
        first = np.ascontiguousarray(seen[40:440, 20:620])
        faces = follow([first] * 8 + [other] * 4)
        assert [len(found) for found in faces] == [1] * 8 + [0] * 4


def test_a_cut_to_another_person_starts_a_new_track(follow: Follow) -> None:
    first = head((160, 240), scale=1.2).pixels
    second = officer((470, 220), scale=0.6).pixels
    faces = follow([first] * 8 + [second] * 8)
    after = faces[8:]
    assert all(len(found) == 1 for found in after)
    assert after[0][0].fresh
    assert not any(found[0].fresh for found in after[1:])
    assert after[0][0].track != faces[7][0].track
    assert all(np.abs(middle(found[0]) - (470, 220)).max() < 25 for found in after)


def test_a_cut_to_another_person_in_the_same_place_starts_anew(follow: Follow) -> None:
    first = head((320, 240), scale=1.2).pixels
    second = officer((325, 238), canvas=np.full_like(first, 90), scale=0.62).pixels
    faces = follow([first] * 8 + [second] * 4)
    assert [len(found) for found in faces] == [1] * 12
    assert faces[8][0].fresh
    assert [found[0].fresh for found in faces[9:]] == [False] * 3


def test_the_largest_is_chosen_and_kept(follow: Follow) -> None:
    images = []
    for i in range(20):  # the officer grows and overtakes the astronaut
        one = head((160, 240), scale=1.2)
        two = officer((470, 220), canvas=one.pixels, scale=0.45 + 0.02 * i)
        images.append(two.pixels)
    faces = follow(images)
    assert all(len(found) == 1 for found in faces)
    assert all(abs(middle(found[0])[0] - 160) < 25 for found in faces)
    assert len({found[0].track for found in faces}) == 1


def test_many_faces_are_all_returned_each_with_its_number(follow: Follow) -> None:
    one = head((160, 240), scale=1.2)
    two = officer((470, 220), canvas=one.pixels)
    faces = follow([two.pixels] * 6, many_faces=True)
    numbers = [{found.track: middle(found)[0] > 320 for found in each} for each in faces]
    assert all(each == numbers[0] for each in numbers)
    assert sorted(numbers[0].values()) == [False, True]


@pytest.mark.parametrize(
    ("company", "size", "scale", "within"),
    [
        (False, SIZE, 1.2, 10),
        (True, SIZE, 1.2, 10),
        (False, FULL_HD, 40 / EYE_TO_CHIN, 30),
        (True, FULL_HD, 40 / EYE_TO_CHIN, 30),
    ],
    ids=["alone", "in company", "small, alone", "small, in company"],
)
def test_a_face_that_enters_late_is_picked_up(
    follow: Follow, *, company: bool, size: tuple[int, int], scale: float, within: int
) -> None:
    empty = backdrop(size)
    if company:
        empty = officer((size[0] * 0.25, size[1] * 0.5), canvas=empty).pixels
    full = head((size[0] * 0.75, size[1] * 0.5), canvas=empty, scale=scale).pixels
    faces = follow([empty] * 13 + [full] * (within + 1), many_faces=True)
    assert all(len(found) == company for found in faces[:13])
    assert len(faces[-1]) == company + 1
    assert any(abs(middle(found)[0] - size[0] * 0.75) < 20 for found in faces[-1])


def crossing(step: float) -> list[Pixels]:
    """Return two people who pass one behind the other."""
    images = []
    for i in range(int(340 / step)):
        behind = officer((480 - step * i, 220), scale=0.5)
        before = head((150 + step * i, 250), canvas=behind.pixels, scale=1.1)
        images.append(before.pixels)
    return images


@pytest.mark.parametrize("step", [8.0, 16.0])
def test_people_who_cross_keep_their_numbers(follow: Follow, step: float) -> None:
    faces = follow(crossing(step), many_faces=True)
    first = {found.track: middle(found)[0] < 320 for found in faces[0]}
    astronaut_number = next(track for track, left in first.items() if left)
    officer_number = next(track for track, left in first.items() if not left)
    for i, each in enumerate(faces):
        for found in each:
            x, own = middle(found)[0], 150 + step * i
            if found.track == astronaut_number:
                assert abs(x - own) < 40, f"frame {i}: the front one's number jumped"
            if found.track == officer_number:
                clear = abs((480 - step * i) - own) > 110
                assert not clear or abs(x - (480 - step * i)) < 40, f"frame {i}: number jumped"


def test_two_faces_never_lie_on_each_other(follow: Follow) -> None:
    for each in follow(crossing(12.0), many_faces=True):
        boxes = [mesh_box(found.mesh) for found in each]
        for i, a in enumerate(boxes):
            for b in boxes[:i]:
                low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
                shared = np.prod(np.maximum(high - low, 0))
                assert shared < 0.6 * min(np.prod(a[2:] - a[:2]), np.prod(b[2:] - b[:2]))


def test_the_same_frames_give_the_same_faces(follow: Follow) -> None:
    images = [with_noise(head((200 + 5 * i, 240)).pixels, i) for i in range(12)]
    for one, two in zip(follow(images), follow(images), strict=True):
        assert len(one) == len(two) == 1
        assert np.array_equal(one[0].mesh, two[0].mesh)
        assert (one[0].score, one[0].track) == (two[0].score, two[0].track)


@pytest.mark.parametrize("turn", [12, 20, 28, 44, 68, 96])
def test_a_fast_face_is_followed_after_skipped_frames(analyser: Analyser, turn: int) -> None:
    """What leads up to a segment is looked at now and then, its last frames one by one."""
    canvas, photo = backdrop((1280, 720)), astronaut()[:256, 96:352]

    def place(number: int) -> tuple[float, float]:
        angle = 2 * np.pi * number / 120  # at its fastest 14 pixels a frame
        return 640 + 263 * float(np.sin(angle)), 360 + 95 * float(np.sin(2 * angle))

    def follow(number: int, frames: int = 1) -> Faces:
        shown = placed(photo, canvas, place(number), middle=(128, 128), scale=1.575)
        return tracker.update(frame(shown.pixels), frames=frames)

    tracker = analyser.tracker(LargestFace())
    last = turn + 60
    for number in range(turn, last, 6):
        follow(number, frames=6)
    follow(last, frames=6)
    for number in range(last + 1, last + 8):
        follow(number)
    for number in range(last + 8, last + 12):
        (face,) = follow(number)
        assert face.opacity == 1
        assert np.abs(middle(face) - place(number)).max() < 60
