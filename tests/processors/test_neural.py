"""Neural engines on stand-in networks: held against insightface, and what a viewer notices."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from insightface.app.common import Face as TheirFace
from insightface.model_zoo.arcface_onnx import ArcFaceONNX
from insightface.model_zoo.inswapper import INSwapper

from roop.errors import ModelError, UsageError
from roop.faces.mesh.topology import five_points
from roop.media.frames.stored_frame import StoredFrame
from roop.models.catalogue import load_catalogue
from roop.models.loader import Models
from roop.options import Settings
from roop.processors import installed
from roop.processors.base import Context, Processor
from roop.processors.neural import FAMILIES
from roop.processors.neural.identity import embed_portraits, latents
from roop.processors.neural.tiles import interleave, join
from roop.types import AnalysedFrame, Face, Identity, Pixels, Portrait
from support.swapping import RecordingFrame, face_area, pixels_of

# insightface calls a method that scikit-image is about to drop
pytestmark = pytest.mark.filterwarnings("ignore:`estimate` is deprecated:FutureWarning")

Given = str | float | list[str] | list[float] | None
"""What an option is given."""

BOX: dict[str, Given] = {"mask": ["box"]}


def file_of(models: Models, name: str) -> str:
    return str(models.folder.require(name))


def engine(
    models: Models,
    *sources: Portrait | tuple[Portrait, ...],
    name: str = "inswapper",
    **options: Given,
) -> Processor:
    groups = [one if isinstance(one, tuple) else (one,) for one in sources]
    context = Context(Settings(), tuple(Identity(group) for group in groups), models)
    return installed()[name].create(options, context)


def swapped(
    processor: Processor, target: Portrait, *, opacity: float = 1.0, identity: int = 0
) -> Pixels:
    frame = StoredFrame(target.pixels.copy())
    face = Face(target.mesh, 1.0, 1, opacity=opacity, identity=identity)
    processor.process([AnalysedFrame(frame, (face,))])
    return pixels_of(frame)


def their_face(models: Models, portrait: Portrait) -> TheirFace:
    face = TheirFace(kps=five_points(portrait.mesh))
    ArcFaceONNX(file_of(models, "w600k_r50")).get(portrait.pixels[..., ::-1], face)
    return face


def test_the_latent_is_that_of_insightface(
    models: Models, woman: Portrait, elder: Portrait
) -> None:
    recogniser, emap = models.session("w600k_r50"), models.last_initializer("inswapper_128")
    for portrait in (woman, elder):
        theirs = their_face(models, portrait).normed_embedding @ emap
        ours = latents(embed_portraits(recogniser, [portrait]), "emap", emap)
        assert np.abs(ours - theirs / np.linalg.norm(theirs)).max() < 1e-5


def test_the_result_is_that_of_insightface(
    models: Models, woman: Portrait, elder: Portrait
) -> None:
    their = INSwapper(file_of(models, "inswapper_128"))
    for source, target in ((woman, elder), (elder, woman)):
        face = TheirFace(kps=five_points(target.mesh))
        expected = their.get(target.pixels[..., ::-1], face, their_face(models, source))[..., ::-1]
        inside = face_area(target.mesh, target.pixels, grow=-0.02)
        for options, area in (
            (BOX, inside),
            ({}, face_area(target.mesh, target.pixels, grow=-0.2)),
        ):
            ours = swapped(engine(models, source, **options), target)
            assert np.abs(ours.astype(int) - expected)[area].mean() < 2
            assert np.abs(ours.astype(int) - target.pixels)[area].mean() > 10


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_swaps(name: str, models: Models, woman: Portrait, elder: Portrait) -> None:
    result = swapped(engine(models, elder, name=name), woman)
    changed = (result != woman.pixels).any(axis=2)
    assert changed[face_area(woman.mesh, woman.pixels, grow=-0.1)].mean() > 0.95
    assert not changed[~face_area(woman.mesh, woman.pixels, grow=0.03)].any()


def test_a_model_of_the_family_is_chosen_by_name(models: Models, elder: Portrait) -> None:
    engine(models, elder, name="ghost", swap_model="ghost_3_256")
    assert "ghost_3_256" in [model.name for model in models.used]
    with pytest.raises(UsageError, match="simswap_512 is not a model of the engine ghost"):
        engine(models, elder, name="ghost", swap_model="simswap_512")
    with pytest.raises(ModelError, match="'nothing'"):
        engine(models, elder, swap_model="nothing")


def test_pixel_boost_shows_more_detail(models: Models, woman: Portrait, elder: Portrait) -> None:
    """The stand-in only tints: what is lost of the target's own detail is lost by the crop."""
    area = face_area(woman.mesh, woman.pixels, grow=-0.1)

    def detail(result: Pixels) -> float:
        return float(np.abs(cv2.Laplacian(result.astype(np.float32), cv2.CV_32F))[area].mean())

    plain = detail(swapped(engine(models, elder), woman))
    assert detail(swapped(engine(models, elder, pixel_boost=512), woman)) > 1.3 * plain


def test_pixel_boost_changes_nothing_else(models: Models, woman: Portrait, elder: Portrait) -> None:
    plain, boosted = (
        cv2.GaussianBlur(swapped(engine(models, elder, pixel_boost=boost), woman), (0, 0), 5)
        for boost in (None, 256)
    )
    assert np.abs(plain.astype(int) - boosted).mean() < 0.5


def test_a_boost_that_does_not_fit_is_refused(models: Models, elder: Portrait) -> None:
    with pytest.raises(UsageError, match="pixel_boost 300 does not fit inswapper_128") as caught:
        engine(models, elder, pixel_boost=300)
    assert "128" in (caught.value.hint or "")


def test_tiles_show_all_of_the_image_and_join_to_it() -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, 12, 12, 3), dtype=np.uint8)
    tiles = interleave(crops, 3)
    assert tiles.shape == (18, 4, 4, 3)
    assert np.array_equal(tiles[0], crops[0, ::3, ::3])
    assert np.array_equal(tiles[5], crops[0, 1::3, 2::3])
    assert np.array_equal(join(tiles, 3), crops)


def make_frames(portraits: Sequence[Portrait]) -> list[AnalysedFrame]:
    """Return frames that show two people side by side, each given another identity."""
    shift = np.array([portraits[0].pixels.shape[1], 0, 0], np.float32)
    analysed_frames = []
    for step in range(3):
        height = min(p.pixels.shape[0] for p in portraits)
        pixels = np.concatenate(
            [np.roll(p.pixels[:height], step, axis=0) for p in portraits], axis=1
        )
        down = np.array([0, step, 0], np.float32)
        faces = (
            Face(portraits[0].mesh + down, 1.0, 1, identity=1),
            Face(portraits[1].mesh + shift + down, 1.0, 2, identity=0),
        )
        analysed_frames.append(AnalysedFrame(StoredFrame(pixels), faces))
    return analysed_frames


def test_faces_of_several_frames_in_one_run_look_as_one_by_one(
    models: Models, woman: Portrait, elder: Portrait
) -> None:
    processor = engine(models, woman, elder)
    together, apart = make_frames((woman, elder)), make_frames((woman, elder))
    processor.process(together)
    for analysed in apart:
        for face in analysed.faces:
            processor.process([AnalysedFrame(analysed.frame, (face,))])
    for one, other in zip(together, apart, strict=True):
        assert np.array_equal(pixels_of(one.frame), pixels_of(other.frame))


def test_each_face_gets_its_own_identity(models: Models, woman: Portrait, elder: Portrait) -> None:
    first, second = (swapped(engine(models, woman, elder), elder, identity=n) for n in (0, 1))
    assert np.array_equal(first, swapped(engine(models, woman), elder))
    assert np.array_equal(second, swapped(engine(models, elder), elder))
    assert not np.array_equal(first, second)


def test_several_photos_of_one_person_are_averaged(
    models: Models, woman: Portrait, elder: Portrait
) -> None:
    recogniser = models.session("w600k_r50")
    alone = [embed_portraits(recogniser, [p]) for p in (woman, elder)]
    both = embed_portraits(recogniser, [woman, elder])
    similarity = [float((both * one).sum()) / np.linalg.norm(one) for one in alone]
    assert similarity[0] == pytest.approx(similarity[1], rel=1e-4)
    assert np.linalg.norm(both) == pytest.approx(
        np.mean([np.linalg.norm(a) for a in alone]), rel=1e-4
    )


def test_face_weight_goes_from_the_target_s_face_to_the_source_s(
    models: Models, woman: Portrait, elder: Portrait
) -> None:
    area = face_area(woman.mesh, woman.pixels, grow=-0.2)
    own, half, new = (
        swapped(engine(models, source, face_weight=weight), woman)[area].astype(int)
        for source, weight in ((woman, 1.0), (elder, 0.5), (elder, 1.0))
    )
    assert np.abs(own - new).mean() > 8
    assert np.abs(own - half).mean() < np.abs(own - new).mean()
    assert np.abs(new - half).mean() < np.abs(own - new).mean()
    kept = swapped(engine(models, elder, face_weight=0), woman)[area]
    assert np.abs(kept.astype(int) - own).mean() < 1


def test_colour_match_gives_the_target_s_colours(
    models: Models, woman: Portrait, elder: Portrait
) -> None:
    area = face_area(woman.mesh, woman.pixels, grow=-0.15)
    before = woman.pixels[area].mean(axis=0)
    plain, matched = (
        np.abs(swapped(engine(models, elder, colour_match=s), woman)[area].mean(axis=0) - before)
        for s in (0, 1)
    )
    assert plain.max() > 10
    assert matched.max() < 0.3 * plain.max()


def alpha_of(models: Models, source: Portrait, target: Portrait, **options: Given) -> Pixels:
    frame = RecordingFrame(target.pixels)
    engine(models, source, **options).process([AnalysedFrame(frame, (Face(target.mesh, 1.0, 1),))])
    return frame.alpha


def test_a_black_and_white_target_stays_so(
    models: Models, woman: Portrait, elder: Portrait
) -> None:
    grey = np.repeat(elder.pixels.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    target = dataclasses.replace(elder, pixels=grey)
    output = swapped(engine(models, woman), target)
    assert np.abs(output.astype(int) - grey).max() > 5  # it is swapped
    assert np.ptp(output.astype(int), axis=2).max() <= 1


def test_padding_leaves_room_free(models: Models, woman: Portrait, elder: Portrait) -> None:
    whole, less, below = (
        alpha_of(models, elder, woman, **BOX, mask_padding=padding) > 0
        for padding in ([0], [0.2], [0, 0, 0.4, 0])
    )
    assert less.sum() == pytest.approx(0.36 * whole.sum(), rel=0.1)
    mouth = tuple(int(v) for v in woman.mesh[13, 1::-1])
    assert whole[mouth]
    assert not below[mouth]
    assert below[tuple(int(v) for v in woman.mesh[10, 1::-1])]


def test_blur_softens_the_border_inwards(models: Models, woman: Portrait, elder: Portrait) -> None:
    hard, soft = (alpha_of(models, elder, woman, mask_blur=blur) for blur in (0, 0.2))
    assert not soft[hard == 0].any()
    assert np.mean((soft > 0) & (soft < 250)) > 4 * np.mean((hard > 0) & (hard < 250))


def test_what_is_in_front_of_the_face_stays(
    models: Models, woman: Portrait, elder: Portrait
) -> None:
    pixels = woman.pixels.copy()
    x, y = (int(v) for v in woman.mesh[4, :2])
    pixels[y - 8 : y + 8, x - 25 : x + 25] = (0, 255, 0)  # what the stand-in takes for a hand
    target = Portrait(pixels, woman.mesh)
    kept = swapped(engine(models, elder, mask="outline,occlusion", mask_blur=0.02), target)
    assert np.array_equal(
        kept[y - 4 : y + 4, x - 20 : x + 20], pixels[y - 4 : y + 4, x - 20 : x + 20]
    )
    lost = swapped(engine(models, elder), target)
    assert not np.array_equal(lost[y, x], pixels[y, x])


def test_only_the_chosen_regions_change(models: Models, woman: Portrait, elder: Portrait) -> None:
    upper, lower = (
        alpha_of(models, elder, woman, mask=["outline", "region"], mask_region=region)
        for region in ("skin", "lips")
    )
    brow, mouth = (tuple(int(v) for v in woman.mesh[n, 1::-1]) for n in (9, 13))
    assert upper[brow]
    assert not upper[mouth]
    assert lower[mouth]
    assert not lower[brow]


@pytest.mark.parametrize(
    ("task", "name"),
    [(row.task, row.name) for row in load_catalogue() if row.task in ("occlusion", "region")],
)
def test_every_network_for_masks_can_be_chosen(
    task: str, name: str, models: Models, woman: Portrait, elder: Portrait
) -> None:
    own = Models(
        Settings(models=models.folder.path, offline=True), catalogue=models.folder.catalogue
    )
    options: dict[str, Given] = {"mask": ["outline", task], f"{task}_model": name}
    shown = alpha_of(own, elder, woman, **options)
    assert name in [model.name for model in own.used]
    assert shown.any()


def test_another_task_s_network_makes_no_mask(models: Models, elder: Portrait) -> None:
    with pytest.raises(ModelError, match="'gfpgan'") as caught:
        engine(models, elder, mask="region", region_model="gfpgan")
    assert "bisenet_resnet18" in (caught.value.hint or "")


def test_a_fading_face_is_shown_in_part(models: Models, woman: Portrait, elder: Portrait) -> None:
    area = face_area(woman.mesh, woman.pixels, grow=-0.2)
    full, half = (
        np.abs(swapped(engine(models, elder), woman, opacity=o).astype(int) - woman.pixels)[
            area
        ].mean()
        for o in (1.0, 0.5)
    )
    assert half == pytest.approx(full / 2, rel=0.1)


def test_an_absent_model_is_named_with_the_way_out(tmp_path: Path, elder: Portrait) -> None:
    context = Context(Settings(models=tmp_path, offline=True), (Identity((elder,)),))
    with pytest.raises(ModelError, match="downloads are off") as caught:
        installed()["inswapper"].create({}, context)
    assert "https://" in (caught.value.hint or "")
