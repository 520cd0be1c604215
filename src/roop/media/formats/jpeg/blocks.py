"""The quantised DCT blocks of an image, and their edits."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from roop.media.formats.jpeg.dct import Real, dct_matrix, split
from roop.media.formats.jpeg.layout import JpegLayout
from roop.media.frames.stored_frame import StoredFrame, StoredSamples, depth8, rgb8

Blocks = NDArray[np.int16]
"""``(rows, columns, 8, 8)`` quantised coefficients, vertical frequency before horizontal."""

_LARGEST = 1023
"""Largest quantised coefficient of 8-bit samples (ITU-T T.81, table F.2)."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockImage:
    """A grey or YCbCr image as a JPEG file codes it."""

    layout: JpegLayout
    planes: tuple[Blocks, ...]
    """The blocks of each component."""

    def with_edits(self, frame: StoredFrame) -> "BlockImage":
        """Return the image with the pixels of ``frame`` wherever it was edited.

        Only blocks with an edited pixel change. Their other pixels keep their value up to
        quantisation.
        """
        assert frame.edited is not None
        rows, columns = np.flatnonzero(frame.edited.any(1)), np.flatnonzero(frame.edited.any(0))
        if rows.size == 0:
            return self
        layout, unit = self.layout, self.layout.unit
        left, top = columns[0] // unit[0] * unit[0], rows[0] // unit[1] * unit[1]
        where = slice(top, rows[-1] + 1), slice(left, columns[-1] + 1)
        mask = _padded(frame.edited[where].astype(np.float32), unit, edge=False)
        samples = _components(frame.samples[where], grey=len(self.planes) == 1)
        planes = []
        for part, blocks, component in zip(layout.components, self.planes, samples, strict=True):
            share = unit[0] // (8 * part.sampling[0]), unit[1] // (8 * part.sampling[1])
            wanted = _mean(_padded(component, unit, edge=True), share)
            edited = _mean(mask, share) > 0
            offset = top // share[1] // 8, left // share[0] // 8
            planes.append(_edited(blocks, layout.tables[part.table], offset, wanted, edited))
        return replace(self, planes=tuple(planes))


def _edited(
    blocks: Blocks, table: Real, offset: tuple[int, int], wanted: Real, edited: NDArray[np.bool_]
) -> Blocks:
    """Return a copy of ``blocks`` with ``wanted`` samples where ``edited``.

    Args:
        blocks: The blocks of a component.
        table: Its quantisation table.
        offset: (row, column) of the block at the top left of ``wanted``.
        wanted: ``(8 * rows, 8 * columns)`` samples, 0..255.
        edited: Which of the samples to use.
    """
    masks, matrix = split(edited), dct_matrix()
    rows, columns = np.nonzero(masks.any(axis=(2, 3)))
    where = rows + offset[0], columns + offset[1]
    present = matrix.T @ (blocks[where] * table) @ matrix
    mixed = np.where(masks[rows, columns], split(wanted)[rows, columns] - 128, present)
    quantised = np.rint(matrix @ mixed @ matrix.T / table)
    result = blocks.copy()
    result[where] = np.clip(quantised, -_LARGEST, _LARGEST)
    return result


def _components(samples: StoredSamples, *, grey: bool) -> list[Real]:
    """Return the samples of each component, 0..255, one for every pixel."""
    if grey:
        return [depth8(samples[..., :1])[..., 0].astype(np.float32)]
    # For floats up to 1, OpenCV centres chroma at 0.5; JPEG does at 128 of 255.
    scaled = rgb8(samples).astype(np.float32) / 255
    ycrcb = cv2.cvtColor(scaled, cv2.COLOR_RGB2YCrCb)
    ycrcb[..., 1:] += 128 / 255 - 0.5
    return [np.asarray(ycrcb[..., index] * 255, np.float32) for index in (0, 2, 1)]


def _padded(samples: Real, unit: tuple[int, int], *, edge: bool) -> Real:
    """Return ``samples`` padded to whole units of (width, height), with edges or zeros."""
    missing = (0, -samples.shape[0] % unit[1]), (0, -samples.shape[1] % unit[0])
    return np.pad(samples, missing, mode="edge" if edge else "constant")


def _mean(samples: Real, share: tuple[int, int]) -> Real:
    """Return the mean of every ``share`` (across, down) samples."""
    if share == (1, 1):
        return samples
    across, down = share
    height, width = samples.shape
    grouped = samples.reshape(height // down, down, width // across, across)
    return np.asarray(grouped.mean(axis=(1, 3)), np.float32)
