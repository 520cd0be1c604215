"""The masks that a person chose, put together for every crop."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from roop.faces.cutout import Crops, Mask
from roop.models.loader import Models
from roop.processors.masks import (
    box_mask,
    face_masks,
    outline_mask,
    region_masks,
    soften,
)
from roop.processors.neural import NeuralOptions, mask_models
from roop.types import Points


class Masker:
    """Makes masks; loads only the networks that the chosen ones need."""

    def __init__(self, options: NeuralOptions, models: Models) -> None:
        self._options = options
        loaded = {
            mask: models.session(name)
            for mask, name in mask_models(options, models.folder.catalogue).items()
        }
        self._xseg, self._bisenet = loaded.get("occlusion"), loaded.get("region")

    def masks(self, crops: Crops, points: Sequence[Points]) -> list[Mask]:
        """Return a mask for every crop: what all chosen ones show, with a soft border.

        Args:
            crops: ``(N, S, S, 3)``: the aligned faces of the target.
            points: For each the ``(468, 2)`` mesh points on it.
        """
        count, side = crops.shape[:2]
        shown: NDArray[np.bool_] = np.ones((count, side, side), np.bool_)
        shown &= box_mask(side, self._options.mask_padding)
        if "outline" in self._options.mask:
            shown &= np.stack([outline_mask(side, one) for one in points])
        if self._xseg:
            shown &= face_masks(self._xseg, crops)
        if self._bisenet:
            shown &= region_masks(self._bisenet, crops, self._options.mask_region)
        width = self._options.mask_blur * side
        return [soften(one, width) for one in shown]
