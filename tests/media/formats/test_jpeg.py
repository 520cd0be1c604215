import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from roop.media.formats.jpeg.rewriting import rewrite_jpeg
from roop.media.frames.stored_frame import StoredFrame
from support.jpeg_coefficients import coefficients
from support.pictures_made import portrait, repaint


def jpeg(pixels: NDArray[np.uint8], **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", **options)
    return stream.getvalue()


def edited(data: bytes) -> tuple[bytes, StoredFrame]:
    """Repaint the face; return the new file and the frame that was edited."""
    with Image.open(io.BytesIO(data)) as image:
        samples = np.array(image)
    frame = StoredFrame(samples.reshape(*samples.shape[:2], -1))
    repaint(frame)
    return rewrite_jpeg(data, frame, print), frame


def touched(
    mask: NDArray[np.bool_], shape: tuple[int, int], share: tuple[int, int]
) -> NDArray[np.bool_]:
    """``(rows, columns)``: blocks of a component that hold a pixel of ``mask``.

    Args:
        mask: Of the picture.
        shape: Rows and columns of blocks.
        share: Pixels that share a sample: down, across.
    """
    found = np.zeros(shape, np.bool_)
    for y, x in np.argwhere(mask):
        found[y // (8 * share[0]), x // (8 * share[1])] = True
    return found


def assert_only_touched_blocks_differ(before: bytes, after: bytes, mask: NDArray[np.bool_]) -> None:
    old, new = coefficients(before), coefficients(after)
    assert len(old) == len(new)
    height, width = mask.shape
    for one, other in zip(old, new, strict=True):
        rows, columns, _ = one.shape
        share = 1 + int(8 * rows < height), 1 + int(8 * columns < width)
        inside = touched(mask, (rows, columns), share)
        assert inside.any()
        assert not inside.all()
        assert np.array_equal(one[~inside], other[~inside])
        assert not np.array_equal(one[inside], other[inside])


@pytest.mark.parametrize("quality", [30, 95, 100])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_blocks_without_an_edited_pixel_keep_their_coefficients(
    quality: int, subsampling: str, progressive: bool
) -> None:
    before = jpeg(
        portrait(149, 117), quality=quality, subsampling=subsampling, progressive=progressive
    )
    after, frame = edited(before)
    assert frame.edited is not None
    assert_only_touched_blocks_differ(before, after, frame.edited)
    with Image.open(io.BytesIO(before)) as old, Image.open(io.BytesIO(after)) as new:
        assert new.quantization == old.quantization
        assert new.layer == old.layer
        assert bool(new.info.get("progressive")) == progressive


@pytest.mark.parametrize("size", [(96, 80), (97, 81), (104, 88), (89, 105)])
@pytest.mark.parametrize("progressive", [False, True])
def test_blocks_at_the_edge_keep_their_coefficients(
    size: tuple[int, int], progressive: bool
) -> None:
    before = jpeg(portrait(*size), quality=90, subsampling="4:2:0", progressive=progressive)
    after, frame = edited(before)
    assert frame.edited is not None
    assert_only_touched_blocks_differ(before, after, frame.edited)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kind", ["grey", "black and white", "restart markers", "own tables"])
def test_rare_files_keep_their_coefficients(kind: str, progressive: bool) -> None:
    pixels = portrait()
    options: dict[str, object] = {"quality": 95, "progressive": progressive}
    if kind == "grey":
        pixels = np.ascontiguousarray(pixels[..., 0])
    elif kind == "black and white":
        pixels = np.where(pixels > 100, 255, 0).astype(np.uint8)
    elif kind == "restart markers":
        options |= {"restart_marker_blocks": 3}
    else:
        options = {"qtables": [[1] * 64, [20] * 64], "progressive": progressive}
    before = jpeg(pixels, **options)
    after, frame = edited(before)
    assert frame.edited is not None
    assert_only_touched_blocks_differ(before, after, frame.edited)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_edited_blocks_show_the_edit(subsampling: str) -> None:
    after, frame = edited(jpeg(portrait(), quality=95, subsampling=subsampling))
    with Image.open(io.BytesIO(after)) as image:
        shown = np.array(image)
    difference = np.abs(shown.astype(float) - frame.samples)
    assert difference.mean() < 2
    assert difference[frame.edited].mean() < 4


@pytest.mark.parametrize("form", ["RGB in RGB", "4:1:1", "damaged"])
def test_files_whose_blocks_are_not_read_stay_close(tmp_path: Path, form: str) -> None:
    if form == "4:1:1":
        factor = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_411]
        before = cv2.imencode(".jpg", portrait()[..., ::-1], factor)[1].tobytes()
    else:
        before = jpeg(portrait(), quality=95, keep_rgb=form == "RGB in RGB")
    if form == "damaged":
        middle = len(before) * 2 // 3
        before = before[:middle] + bytes(4) + before[middle + 4 :]
    after, frame = edited(before)
    with Image.open(io.BytesIO(after)) as image:
        assert np.abs(np.array(image).astype(float) - frame.samples).mean() < 3
