import io
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from roop.errors import MediaError, UsageError
from roop.media.formats.jpeg.segments import header_segments
from roop.media.pictures.image import ImageReader, ImageWriter
from roop.types import Frame
from support.pictures_made import (
    FACE,
    deep,
    described,
    portrait,
    repaint,
    srgb_profile,
    with_alpha,
)

RGB = portrait()
GREY = np.ascontiguousarray(RGB[..., 0])
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><r tiff:Orientation="6"/></x:xmpmeta>'


def swapped(target: Path, output: Path) -> tuple[NDArray[np.bool_], list[str]]:
    """Repaint the face of ``target``; return the upright mask of it, and what was warned of."""
    warnings: list[str] = []
    with (
        ImageReader(target, warnings.append) as reader,
        ImageWriter(output, reader, force=False, warn=warnings.append) as writer,
    ):
        (frame,) = reader
        mask = repaint(frame)
        writer.write(frame)
    return mask, warnings


def by_opencv(path: Path) -> NDArray[np.generic]:
    """The stored samples, not turned, in RGB order."""
    array = cv2.imread(str(path), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)
    assert array is not None
    if array.ndim == 3:
        array = array[..., [2, 1, 0, 3][: array.shape[2]]]
    return array


def by_pillow(path: Path, mode: str | None = None) -> NDArray[np.generic]:
    with Image.open(path) as image:
        return np.array(image.convert(mode) if mode else image)


def psnr(one: NDArray[np.generic], other: NDArray[np.generic]) -> float:
    error = (one.astype(float) - other.astype(float)) ** 2
    return float(10 * np.log10(255**2 / max(error.mean(), 1e-9)))


@pytest.mark.parametrize(
    ("suffix", "stored"),
    [
        ("png", RGB),
        ("png", GREY),
        ("png", with_alpha(RGB)),
        ("png", deep(RGB)),
        ("png", deep(GREY)),
        ("png", with_alpha(deep(RGB))),
        ("bmp", RGB),
        ("bmp", GREY),
        ("tif", RGB),
        ("tif", GREY),
        ("tif", deep(RGB)),
        ("tif", deep(GREY)),
        ("webp", with_alpha(RGB)),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.shape}-{value.dtype}",
)
def test_lossless_formats_change_nothing_but_the_face(
    tmp_path: Path, suffix: str, stored: NDArray[np.generic]
) -> None:
    target, output = tmp_path / f"target.{suffix}", tmp_path / f"output.{suffix}"
    order = stored if stored.ndim == 2 else stored[..., [2, 1, 0, 3][: stored.shape[2]]]
    options = [cv2.IMWRITE_WEBP_QUALITY, 101] if suffix == "webp" else []
    assert cv2.imwrite(str(target), order, options)
    stored = by_opencv(target)
    mask, warnings = swapped(target, output)
    result = by_opencv(output)
    assert not warnings
    assert result.dtype == stored.dtype
    assert result.shape == stored.shape
    assert np.array_equal(result[~mask], stored[~mask])
    assert not np.array_equal(result, stored)
    if stored.ndim == 3 and stored.shape[2] == 4:
        assert np.array_equal(result[..., 3], stored[..., 3])


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_grey_with_alpha_stays_grey_with_alpha(tmp_path: Path, suffix: str) -> None:
    target, output = tmp_path / f"target.{suffix}", tmp_path / f"output.{suffix}"
    stored = with_alpha(GREY)
    Image.fromarray(stored).save(target)
    mask, _ = swapped(target, output)
    with Image.open(output) as image:
        assert image.mode == "LA"
        assert np.array_equal(np.array(image)[~mask], stored[~mask])
        assert np.array_equal(np.array(image)[..., 1], stored[..., 1])


def test_grey_with_alpha_of_16_bits_keeps_its_form(tmp_path: Path) -> None:
    target, output = tmp_path / "target.png", tmp_path / "output.png"
    stored = with_alpha(deep(GREY))
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 121, 101, "ya16be"
    encoder.time_base = Fraction(1)
    frame = av.VideoFrame(121, 101, "ya16be")
    plane = frame.planes[0]
    rows = np.zeros((101, plane.line_size // 2), ">u2")
    rows[:, :242] = stored.reshape(101, -1)
    plane.update(rows.tobytes())
    target.write_bytes(b"".join(bytes(p) for p in encoder.encode(frame) + encoder.encode(None)))
    mask, _ = swapped(target, output)
    with av.open(str(output)) as container:
        assert container.streams.video[0].pix_fmt == "ya16be"
    result = by_opencv(output)[..., [0, 3]]
    assert np.array_equal(result[~mask], stored[~mask])
    assert np.array_equal(result[..., 1], stored[..., 1])


def test_fine_gradations_survive_under_a_half_transparent_paste(tmp_path: Path) -> None:
    target, output = tmp_path / "target.png", tmp_path / "output.png"
    ramp = np.tile(np.arange(20000, 20121, dtype=np.uint16), (101, 1))
    assert cv2.imwrite(str(target), np.dstack([ramp] * 3))
    with (
        ImageReader(target, print) as reader,
        ImageWriter(output, reader, force=False, warn=print) as writer,
    ):
        (frame,) = reader
        flat = np.full((FACE.height, FACE.width, 3), 90, np.uint8)
        frame.paste(FACE, flat, np.full(flat.shape[:2], 128, np.uint8))
        writer.write(frame)
    inside = by_opencv(output)[FACE.y0 : FACE.y1, FACE.x0 : FACE.x1, 0]
    assert len(np.unique(inside)) >= FACE.width  # 8 bits would leave one step


def test_a_palette_becomes_true_colour_with_the_same_colours(tmp_path: Path) -> None:
    target, output = tmp_path / "target.png", tmp_path / "output.png"
    flat = Image.fromarray(RGB).quantize(60)
    flat.save(target, transparency=bytes(range(60)))
    before = by_pillow(target), by_pillow(target, "RGBA")
    mask, _ = swapped(target, output)
    assert before[0].ndim == 2
    assert np.array_equal(by_pillow(output)[~mask], before[1][~mask])


def test_a_still_gif_keeps_the_colours_around_the_face(tmp_path: Path) -> None:
    target, output = tmp_path / "target.gif", tmp_path / "output.gif"
    Image.fromarray(RGB).quantize(200).save(target)
    before = by_pillow(target, "RGB")
    mask, _ = swapped(target, output)
    after = by_pillow(output, "RGB")
    assert np.array_equal(after[~mask], before[~mask])
    assert not np.array_equal(after, before)


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_keeps_its_coding(tmp_path: Path, progressive: bool) -> None:
    target, output = tmp_path / "target.jpg", tmp_path / "output.jpg"
    Image.fromarray(portrait(301, 203)).save(
        target, quality=85, subsampling="4:2:0", progressive=progressive
    )
    mask, warnings = swapped(target, output)
    before, after = by_opencv(target), by_opencv(output)
    away = cv2.dilate(mask.astype(np.uint8), np.ones((37, 37))) == 0
    assert not warnings
    assert np.array_equal(before[away], after[away])
    assert psnr(before[mask], after[mask]) < 35
    assert abs(output.stat().st_size / target.stat().st_size - 1) < 0.1
    with Image.open(target) as old, Image.open(output) as new:
        assert new.quantization == old.quantization
        assert new.layer == old.layer
        assert bool(new.info.get("progressive")) == progressive


@pytest.mark.parametrize("form", ["RGB in RGB", "4:1:1"])
def test_rare_jpegs_keep_what_is_away_from_the_face(tmp_path: Path, form: str) -> None:
    target, output = tmp_path / "target.jpg", tmp_path / "output.jpg"
    if form == "RGB in RGB":
        Image.fromarray(RGB).save(target, quality=90, keep_rgb=True)
    else:
        factor = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411]
        assert cv2.imwrite(str(target), RGB[..., ::-1], factor)
    mask, _ = swapped(target, output)
    away = cv2.dilate(mask.astype(np.uint8), np.ones((33, 33))) == 0
    assert psnr(by_opencv(target)[away], by_opencv(output)[away]) > (35 if form == "4:1:1" else 50)


def test_a_photo_without_an_edit_is_the_same_file(tmp_path: Path) -> None:
    target, output = tmp_path / "target.jpg", tmp_path / "output.jpg"
    Image.fromarray(RGB).save(target, exif=described())
    with (
        ImageReader(target, print) as reader,
        ImageWriter(output, reader, force=False, warn=print) as writer,
    ):
        for frame in reader:
            writer.write(frame)
    assert output.read_bytes() == target.read_bytes()


@pytest.mark.parametrize("tag", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif"])
def test_a_turned_photo_is_edited_where_a_viewer_sees_it(
    tmp_path: Path, suffix: str, tag: int
) -> None:
    target, output = tmp_path / f"target.{suffix}", tmp_path / f"output.{suffix}"
    Image.fromarray(RGB).save(target, exif=described(tag))
    with Image.open(target) as image:
        upright = _upright(image)
    swapped(target, output)
    with Image.open(output) as image:
        assert image.getexif().get(0x0112, 1) == tag or suffix == "tif"  # Pillow forgets it there
        result = _upright(image)
    assert result.shape == upright.shape
    changed = np.abs(result.astype(int) - upright).max(axis=2) > 24
    inside = np.zeros_like(changed)
    inside[FACE.y0 : FACE.y1, FACE.x0 : FACE.x1] = True
    assert changed[inside].mean() > 0.2
    assert changed[~inside].mean() < 0.001


def _upright(image: Image.Image) -> NDArray[np.uint8]:
    from PIL import ImageOps

    image.load()
    return np.array((ImageOps.exif_transpose(image) or image).convert("RGB"))


def test_a_turned_photo_is_stored_upright_in_another_format(tmp_path: Path) -> None:
    target = tmp_path / "target.jpg"
    Image.fromarray(RGB).save(target, exif=described(6), xmp=XMP)
    for suffix in ("png", "tif", "webp", "bmp", "avif", "gif"):
        output = tmp_path / f"output.{suffix}"
        swapped(target, output)
        with Image.open(output) as image:
            image.load()
            assert image.size == (101, 121)
            assert image.getexif().get(0x0112, 1) == 1
            assert b'Orientation="6"' not in bytes(image.info.get("xmp", b""))


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp", "avif"])
def test_descriptions_are_kept(tmp_path: Path, suffix: str) -> None:
    target, output = tmp_path / f"target.{suffix}", tmp_path / f"output.{suffix}"
    options = {"dpi": (300, 300)} if suffix in ("jpg", "png", "tif") else {}
    if suffix == "png":
        words = PngInfo()
        words.add_text("Comment", "a word", zip=True)
        words.add_itxt("XML:com.adobe.xmp", XMP.decode())
        options["pnginfo"] = words
    elif suffix != "tif":
        options["xmp"] = XMP
    Image.fromarray(RGB).save(target, exif=described(6), icc_profile=srgb_profile(), **options)
    swapped(target, output)
    with Image.open(target) as old, Image.open(output) as new:
        new.load()
        old.load()
        assert new.info["icc_profile"] == old.info["icc_profile"]
        assert new.info.get("xmp", b"").rstrip() == old.info.get("xmp", b"")  # blanks do no harm
        assert new.info.get("dpi") == old.info.get("dpi")
        assert new.getexif()[0x010F] == "Maker"
        assert new.getexif().get_ifd(0x8769) == old.getexif().get_ifd(0x8769)
        if suffix == "png":
            assert new.text["Comment"] == "a word"


def test_every_segment_of_a_jpeg_is_copied(tmp_path: Path) -> None:
    target, output = tmp_path / "target.jpg", tmp_path / "output.jpg"
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "JPEG", exif=described(), comment=b"by hand", xmp=XMP)
    maker = b"\xff\xed\x00\x12Photoshop 3.0\0..."
    data = stream.getvalue()
    target.write_bytes(data[:2] + maker[: 2 + 18] + data[2:])
    swapped(target, output)
    old = [(s.marker, s.body) for s in header_segments(target.read_bytes()) if _describes(s.marker)]
    new = [(s.marker, s.body) for s in header_segments(output.read_bytes()) if _describes(s.marker)]
    assert new == old


def _describes(marker: int) -> bool:
    return 0xE0 <= marker <= 0xEF or marker == 0xFE


def test_the_exif_thumbnail_shows_the_new_face(tmp_path: Path) -> None:
    target, output = tmp_path / "target.jpg", tmp_path / "output.jpg"
    small = Image.fromarray(RGB)
    Image.fromarray(RGB).save(target, exif=described(6, small))
    swapped(target, output)
    with Image.open(target) as old, Image.open(output) as new:
        old_block, new_block = old.info["exif"], new.info["exif"]
        picture = np.array(new.convert("RGB"))
    assert len(new_block) == len(old_block)
    before, after = _thumbnail(old_block), _thumbnail(new_block)
    assert psnr(after, picture) > psnr(before, picture) + 2


def _thumbnail(exif: bytes) -> NDArray[np.uint8]:
    start = exif.index(b"\xff\xd8\xff")
    return np.array(Image.open(io.BytesIO(exif[start:])).convert("RGB"))


def test_data_after_a_photo_is_left_out_with_a_warning(tmp_path: Path) -> None:
    target, output = tmp_path / "target.jpg", tmp_path / "output.jpg"
    Image.fromarray(RGB).save(target)
    whole = target.read_bytes()
    target.write_bytes(whole + b"\0\0\0\x18ftypmp42" + bytes(range(200)))
    _, warnings = swapped(target, output)
    assert any("video" in line for line in warnings)
    assert b"ftypmp42" not in output.read_bytes()


def test_a_grey_or_cmyk_jpeg_is_handled(tmp_path: Path) -> None:
    target, output = tmp_path / "target.jpg", tmp_path / "output.jpg"
    Image.fromarray(RGB).convert("CMYK").save(target, quality=95)
    before = by_pillow(target, "RGB")
    mask, warnings = swapped(target, output)
    assert any("CMYK" in line for line in warnings)
    after = by_pillow(output)
    assert after.shape == RGB.shape
    assert psnr(after[~mask], before[~mask]) > 35


@pytest.mark.parametrize("suffix", ["jpg", "bmp"])
def test_transparency_is_put_on_white_with_a_warning(tmp_path: Path, suffix: str) -> None:
    target, output = tmp_path / "target.png", tmp_path / f"output.{suffix}"
    Image.fromarray(with_alpha(RGB)).save(target)
    _, warnings = swapped(target, output)
    assert any("transparency" in line for line in warnings)
    result = by_opencv(output)
    assert result.shape[2] == 3
    assert result[:, 0].min() >= 250


@pytest.mark.parametrize("suffix", ["jpg", "bmp", "webp", "avif"])
def test_16_bits_are_rounded_with_a_warning(tmp_path: Path, suffix: str) -> None:
    target, output = tmp_path / "target.png", tmp_path / f"output.{suffix}"
    assert cv2.imwrite(str(target), deep(RGB)[..., ::-1])
    mask, warnings = swapped(target, output)
    assert any("16" in line for line in warnings)
    assert psnr(by_opencv(output)[~mask], RGB[~mask]) > 33


@pytest.mark.parametrize("suffix", ["webp", "avif", "jpg"])
def test_lossy_formats_stay_close(tmp_path: Path, suffix: str) -> None:
    target, output = tmp_path / f"target.{suffix}", tmp_path / f"output.{suffix}"
    Image.fromarray(RGB).save(target, quality=80)
    mask, _ = swapped(target, output)
    away = cv2.dilate(mask.astype(np.uint8), np.ones((17, 17))) == 0
    assert psnr(by_pillow(target)[away], by_pillow(output)[away]) > 38


def test_a_10_bit_avif_keeps_its_bits(tmp_path: Path) -> None:
    target, output = tmp_path / "target.avif", tmp_path / "output.avif"
    ten = (deep(RGB) >> 6)[..., ::-1]
    assert cv2.imwrite(str(target), ten, [cv2.IMWRITE_AVIF_DEPTH, 10])
    mask, warnings = swapped(target, output)
    assert not warnings
    assert ImageReader(output, pytest.fail).image.samples.dtype == np.uint16
    assert psnr(by_pillow(output)[~mask], RGB[~mask]) > 30


def test_a_lossy_webp_does_not_grow_for_its_artefacts(tmp_path: Path) -> None:
    target, output = tmp_path / "target.webp", tmp_path / "output.webp"
    Image.fromarray(RGB).save(target, quality=75)
    swapped(target, output)
    assert output.stat().st_size < 1.5 * target.stat().st_size


def test_bmp_with_four_bytes_a_pixel_keeps_its_header(tmp_path: Path) -> None:
    target, output = tmp_path / "target.bmp", tmp_path / "output.bmp"
    assert cv2.imwrite(str(target), with_alpha(RGB)[..., [2, 1, 0, 3]])
    mask, _ = swapped(target, output)
    old, new = target.read_bytes(), output.read_bytes()
    assert len(new) == len(old)
    start = int.from_bytes(old[10:14], "little")
    assert new[:start] == old[:start]
    assert np.array_equal(by_opencv(output)[~mask], by_opencv(target)[~mask])


def test_an_unknown_extension_is_a_usage_error(tmp_path: Path) -> None:
    target = tmp_path / "target.png"
    Image.fromarray(RGB).save(target)
    reader = ImageReader(target, print)
    with pytest.raises(UsageError, match="xyz") as refused:
        ImageWriter(tmp_path / "output.xyz", reader, force=False, warn=print)
    assert ".png" in str(refused.value.hint)


def test_an_image_too_large_for_the_format_is_a_clear_error(tmp_path: Path) -> None:
    target = tmp_path / "target.png"
    Image.new("RGB", (17000, 120), (80, 90, 100)).save(target)
    with pytest.raises(MediaError, match="17000x120 cannot be written as WEBP"):
        swapped(target, tmp_path / "output.webp")
    assert [path.name for path in tmp_path.iterdir()] == ["target.png"]


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    target, output = tmp_path / "target.png", tmp_path / "output.png"
    Image.fromarray(RGB).save(target)
    with ImageReader(target, print) as reader:
        writer = ImageWriter(output, reader, force=False, warn=print)
        with pytest.raises(KeyboardInterrupt):
            _write_and_stop(writer, next(iter(reader)))
        with (
            pytest.raises(MediaError, match="no frame"),
            ImageWriter(output, reader, force=False, warn=print),
        ):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["target.png"]


def _write_and_stop(writer: ImageWriter, frame: Frame) -> None:
    with writer:
        writer.write(frame)
        raise KeyboardInterrupt


def test_crop_and_thumbnail_agree_with_the_upright_image(tmp_path: Path) -> None:
    target = tmp_path / "target.jpg"
    for tag in (1, 3, 6, 8):
        Image.fromarray(portrait(240, 160)).save(target, exif=described(tag))
        with Image.open(target) as image:
            upright = _upright(image)
        (frame,) = ImageReader(target, print)
        assert frame.size == (upright.shape[1], upright.shape[0])
        inside = upright[FACE.y0 : FACE.y1, FACE.x0 : FACE.x1]
        assert np.array_equal(frame.crop(FACE), inside)
        small = frame.thumbnail(60)
        assert max(small.shape[:2]) == 60
        reference = cv2.resize(upright, small.shape[1::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(small.astype(int) - reference).mean() < 2
