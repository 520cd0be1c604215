"""The neural engines at work: cut faces out, run the network, paste the results back."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from typing_extensions import override

from roop.errors import UsageError
from roop.faces.cutout import Crops, Cutout, make_cutout
from roop.faces.recognition.embedding import Embeddings, embed
from roop.models.catalogue import Model
from roop.models.loader import Models
from roop.processors.base import Context, Processor
from roop.processors.monochrome import colour_share, reduce_colour
from roop.processors.neural import NeuralOptions
from roop.processors.neural.colour import match_colour
from roop.processors.neural.identity import embed_portraits, interpolated, latents
from roop.processors.neural.mask_maker import MaskMaker
from roop.processors.neural.tiles import interleave, join
from roop.types import AnalysedFrame, Face, Frame, Identity

_BATCH_SIZE = 16
"""Most images in one run of the network: more take memory and gain nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class _Target:
    """A face to replace."""

    frame: Frame
    face: Face
    cutout: Cutout


class NeuralSwap(Processor):
    """Replaces faces by the output of a swap network."""

    def __init__(self, family: str, options: NeuralOptions, context: Context) -> None:
        models = context.model_loader()
        model = models.folder.catalogue.choose("swap", options.swap_model or family)
        if model.family != family:
            raise UsageError(
                f"{model.name} is not a model of the engine {family}",
                hint=f"use [[engine={model.family}]]",
            )
        self._options = options
        self._model = model
        self._boost_factor = _boost_factor(model, options.pixel_boost)
        self._source = _SourceLatents(model, options.face_weight, context.identities, models)
        brief = context.single_face and self._boost_factor == 1
        self._session = models.session(model.name, few_runs=brief)
        self._mask_maker = MaskMaker(options, models)

    @override
    def process(self, analysed_frames: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        targets = [target for analysed in analysed_frames for target in self._targets(analysed)]
        if targets:
            self._swap(targets)
        return analysed_frames

    def _targets(self, analysed: AnalysedFrame) -> list[_Target]:
        side = self._model.input("pixels").shape[-1] * self._boost_factor
        template = self._model.alignment or ""
        return [
            _Target(analysed.frame, face, cutout)
            for face in analysed.faces
            if (cutout := make_cutout(face.mesh, analysed.frame.size, template=template, side=side))
        ]

    def _swap(self, targets: Sequence[_Target]) -> None:
        """Swap faces; cut all of them out before pasting any, as they may overlap."""
        crops = np.stack([target.cutout.cut(target.frame) for target in targets])
        swapped = self._run_network(crops, self._source.latents(targets))
        points = [target.cutout.points(target.face.mesh) for target in targets]
        masks = self._mask_maker.masks(crops, points)
        for target, crop, new, mask in zip(targets, crops, swapped, masks, strict=True):
            if self._options.colour_match:
                new = match_colour(new, crop, mask, self._options.colour_match)
            new = reduce_colour(new, crop, mask, colour_share(crop, mask))
            target.cutout.paste(target.frame, new, mask, opacity=target.face.opacity)

    def _run_network(self, crops: Crops, latent_rows: Embeddings) -> Crops:
        """Run the network on the crops, or on the tiles of larger ones."""
        tiles = interleave(crops, self._boost_factor)
        per_tile = np.repeat(latent_rows, self._boost_factor**2, axis=0)
        input_spec, output_spec = self._model.input("pixels"), self._model.output("pixels")
        parts = []
        for start in range(0, len(tiles), _BATCH_SIZE):
            part = slice(start, start + _BATCH_SIZE)
            batch = {"pixels": input_spec.encode(tiles[part]), "embedding": per_tile[part]}
            parts.append(output_spec.decode(self._session.run(batch)["pixels"]))
        return join(np.concatenate(parts), self._boost_factor)


class _SourceLatents:
    """The source identities as input of the network."""

    def __init__(
        self, model: Model, weight: float, identities: Sequence[Identity], models: Models
    ) -> None:
        self._model = model
        self._weight = weight
        self._emap = models.last_initializer(model.name) if model.latent == "emap" else None
        recogniser = models.session(model.embedding or "", few_runs=weight == 1)
        self._embeddings = np.concatenate(
            [embed_portraits(recogniser, identity.portraits) for identity in identities]
        )
        self._recogniser = recogniser if weight != 1 else None  # else it is not needed again

    def latents(self, targets: Sequence[_Target]) -> Embeddings:
        """Return a row for each target."""
        embeddings = self._embeddings[[target.face.identity for target in targets]]
        if self._recogniser:
            faces = [(target.frame, target.face.mesh) for target in targets]
            embeddings = interpolated(embeddings, embed(self._recogniser, faces), self._weight)
        return latents(embeddings, self._model.latent, self._emap)


def _boost_factor(model: Model, boost: int | None) -> int:
    """Return how many times larger the crops are than the network's images."""
    side = model.input("pixels").shape[-1]
    if boost is None:
        return 1
    if boost % side:
        raise UsageError(
            f"[[pixel_boost]] {boost} does not fit {model.name}",
            hint=f"use a multiple of its {side} pixels",
        )
    return boost // side
