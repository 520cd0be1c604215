"""Restoration networks, which redraw faces: GFPGAN, GPEN, CodeFormer, RestoreFormer++."""

from collections.abc import Sequence

import numpy as np
from typing_extensions import override

from roop.faces.cutout import Crops, Cutout, make_cutout
from roop.processors.base import Context, Processor
from roop.processors.enhance import EnhanceOptions
from roop.processors.masks import outline_mask, soften
from roop.types import AnalysedFrame, Face, Frame

_BATCH_SIZE = 4
"""Faces in one run of the network, which takes much memory."""

_MASK_SOFTNESS = 0.05
"""Width of the border, as a share of the crop."""


class FaceRestorer(Processor):
    """Replaces faces by the output of a restoration network."""

    def __init__(self, options: EnhanceOptions, context: Context) -> None:
        models = context.model_loader()
        self._options = options
        self._model = models.folder.catalogue.choose("enhance", options.enhance)
        self._session = models.session(self._model.name)

    @override
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        template, side = self._model.alignment or "", self._model.input("pixels").shape[-1]
        found = [
            (analysed.frame, face, cutout)
            for analysed in analysed_frames
            for face in analysed.faces
            if (cutout := make_cutout(face.mesh, analysed.frame.size, template=template, side=side))
        ]
        if found:
            self._restore(found)
        return analysed_frames

    def _restore(self, found: Sequence[tuple[Frame, Face, Cutout]]) -> None:
        crops = np.stack([cutout.cut(frame) for frame, _, cutout in found])
        parts = [self._run(crops[i : i + _BATCH_SIZE]) for i in range(0, len(crops), _BATCH_SIZE)]
        for (frame, face, cutout), crop in zip(found, np.concatenate(parts), strict=True):
            area = outline_mask(cutout.side, cutout.points(face.mesh))
            mask = soften(area, _MASK_SOFTNESS * cutout.side) * self._options.enhance_blend
            cutout.paste(frame, crop, mask, opacity=face.opacity)

    def _run(self, crops: Crops) -> Crops:
        input_spec, output_spec = self._model.input("pixels"), self._model.output("pixels")
        batch = {"pixels": input_spec.encode(crops)}
        if any(tensor.role == "fidelity" for tensor in self._model.inputs):
            batch["fidelity"] = np.array([self._options.enhance_fidelity], np.float64)
        return output_spec.decode(self._session.run(batch)["pixels"])
