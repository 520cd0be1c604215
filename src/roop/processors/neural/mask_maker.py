"""Combine the chosen masks for each crop."""

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


class MaskMaker:
    """Makes masks; loads only the networks that the chosen masks need."""

    def __init__(self, options: NeuralOptions, models: Models) -> None:
        self._options = options
        sessions = {
            mask: models.session(name)
            for mask, name in mask_models(options, models.folder.catalogue).items()
        }
        self._xseg, self._bisenet = sessions.get("occlusion"), sessions.get("region")

    def masks(self, crops: Crops, points: Sequence[Points]) -> list[Mask]:
        """Return a mask for each crop: the intersection of the chosen masks, with a soft border.

        Args:
            crops: ``(N, S, S, 3)``: the aligned faces of the target.
            points: For each crop the ``(468, 2)`` points of the mesh on it.
        """
        count, side = crops.shape[:2]
        area: NDArray[np.bool_] = np.ones((count, side, side), np.bool_)
        area &= box_mask(side, self._options.mask_padding)
        if "outline" in self._options.mask:
            area &= np.stack([outline_mask(side, one) for one in points])
        if self._xseg:
            area &= face_masks(self._xseg, crops)
        if self._bisenet:
            area &= region_masks(self._bisenet, crops, self._options.mask_region)
        width = self._options.mask_blur * side
        return [soften(one, width) for one in area]
