"""Restoration networks: GFPGAN, GPEN, CodeFormer, RestoreFormer++ draw the face anew."""

from collections.abc import Sequence

import numpy as np
from typing_extensions import override

from roop.faces.cutout import Crops, Cutout, make_cutout
from roop.processors.base import Context, Processor
from roop.processors.enhance import EnhanceOptions
from roop.processors.masks import outline_mask, soften
from roop.types import AnalysedFrame, Face, Frame

_AT_ONCE = 4
"""Faces in one run of the network: they are large."""

_SOFT = 0.05
"""Width of the border, as a share of the crop."""


class FaceRestorer(Processor):
    """Replaces faces by what a restoration network makes of them."""

    def __init__(self, options: EnhanceOptions, context: Context) -> None:
        models = context.model_loader()
        self._options = options
        self._model = models.folder.catalogue.choose("enhance", options.enhance)
        self._session = models.session(self._model.name)

    @override
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        template, side = self._model.alignment or "", self._model.input("pixels").shape[-1]
        found = [
            (analysed.frame, face, place)
            for analysed in analysed_frames
            for face in analysed.faces
            if (place := make_cutout(face.mesh, analysed.frame.size, template=template, side=side))
        ]
        if found:
            self._restore(found)
        return analysed_frames

    def _restore(self, found: Sequence[tuple[Frame, Face, Cutout]]) -> None:
        crops = np.stack([place.cut(frame) for frame, _, place in found])
        parts = [self._run(crops[i : i + _AT_ONCE]) for i in range(0, len(crops), _AT_ONCE)]
        for (frame, face, place), crop in zip(found, np.concatenate(parts), strict=True):
            shown = outline_mask(place.side, place.points(face.mesh))
            mask = soften(shown, _SOFT * place.side) * self._options.enhance_blend
            place.paste(frame, crop, mask, opacity=face.opacity)

    def _run(self, crops: Crops) -> Crops:
        taken, given = self._model.input("pixels"), self._model.output("pixels")
        batch = {"pixels": taken.encode(crops)}
        if any(tensor.role == "fidelity" for tensor in self._model.inputs):
            batch["fidelity"] = np.array([self._options.enhance_fidelity], np.float64)
        return given.decode(self._session.run(batch)["pixels"])
