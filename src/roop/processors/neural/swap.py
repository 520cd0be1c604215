"""The neural engines at work: cut out, draw anew, paste back; many faces in one run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from typing_extensions import override

from roop.errors import UsageError
from roop.faces.cutout import Crops, Cutout, cutout
from roop.faces.recognition.embedding import Embeddings, embed
from roop.models.catalogue import Model
from roop.models.loader import Models
from roop.processors.base import Context, Processor
from roop.processors.neural import NeuralOptions
from roop.processors.neural.colour import match_colour
from roop.processors.neural.identity import embed_portraits, latents, mixed
from roop.processors.neural.masker import Masker
from roop.processors.neural.tiles import interleave, join
from roop.types import AnalysedFrame, Face, Frame, Identity

_AT_ONCE = 16
"""Pictures in one run of the network; more need memory and gain nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class _Target:
    """One face to replace."""

    frame: Frame
    face: Face
    place: Cutout


class NeuralSwap(Processor):
    """Replaces faces by what a swap network draws."""

    def __init__(self, family: str, options: NeuralOptions, context: Context) -> None:
        models = context.networks()
        model = models.folder.catalogue.choose("swap", options.swap_model or family)
        if model.family != family:
            raise UsageError(
                f"{model.name} is no model of the engine {family}",
                hint=f"use [[engine={model.family}]]",
            )
        self._options = options
        self._model = model
        self._factor = _factor(model, options.pixel_boost)
        self._source = _Source(model, options.face_weight, context.identities, models)
        few_runs = context.single and self._factor == 1
        self._session = models.session(model.name, few_runs=few_runs)
        self._masker = Masker(options, models)

    @override
    def process(self, scenes: Sequence[AnalysedFrame]) -> Sequence[AnalysedFrame]:
        targets = [target for scene in scenes for target in self._targets(scene)]
        if targets:
            self._swap(targets)
        return scenes

    def _targets(self, scene: AnalysedFrame) -> list[_Target]:
        side = self._model.input("pixels").shape[-1] * self._factor
        template = self._model.alignment or ""
        return [
            _Target(scene.frame, face, place)
            for face in scene.faces
            if (place := cutout(face.mesh, scene.frame.size, template=template, side=side))
        ]

    def _swap(self, targets: Sequence[_Target]) -> None:
        """Cut all faces before the first is pasted: they may lie close to one another."""
        crops = np.stack([target.place.cut(target.frame) for target in targets])
        drawn = self._drawn(crops, self._source.latents(targets))
        points = [target.place.points(target.face.mesh) for target in targets]
        masks = self._masker.masks(crops, points)
        for target, crop, new, mask in zip(targets, crops, drawn, masks, strict=True):
            if self._options.colour_match:
                new = match_colour(new, crop, mask, self._options.colour_match)
            target.place.paste(target.frame, new, mask, opacity=target.face.opacity)

    def _drawn(self, crops: Crops, who: Embeddings) -> Crops:
        """Run the network, with a large crop as several small ones in the same run."""
        tiles = interleave(crops, self._factor)
        each = np.repeat(who, self._factor**2, axis=0)
        taken, given = self._model.input("pixels"), self._model.output("pixels")
        parts = []
        for start in range(0, len(tiles), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            batch = {"pixels": taken.encode(tiles[some]), "embedding": each[some]}
            parts.append(given.decode(self._session.run(batch)["pixels"]))
        return join(np.concatenate(parts), self._factor)


class _Source:
    """Who is put into the target, as the network wants to be told."""

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
        self._recogniser = recogniser if weight != 1 else None  # it has done its work

    def latents(self, targets: Sequence[_Target]) -> Embeddings:
        """Return one row for each target."""
        chosen = self._embeddings[[target.face.identity for target in targets]]
        if self._recogniser:
            faces = [(target.frame, target.face.mesh) for target in targets]
            chosen = mixed(chosen, embed(self._recogniser, faces), self._weight)
        return latents(chosen, self._model.latent, self._emap)


def _factor(model: Model, boost: int | None) -> int:
    """Return how many times as large as the network's own pictures the crops are."""
    side = model.input("pixels").shape[-1]
    if boost is None:
        return 1
    if boost % side:
        raise UsageError(
            f"pixel_boost {boost} does not fit {model.name}",
            hint=f"use a multiple of its {side} pixels",
        )
    return boost // side
