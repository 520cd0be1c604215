"""Descriptors of faces, and the distance between two of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roop.types import Frame, Mesh

_VISIBLE = 0.3
"""Weight above which a part of the face counts as visible."""

_ALIKE = 0.7
"""Cosine of two parts' features above which the parts are alike."""

FARTHEST = 4.0
"""The largest distance: nothing in common."""


@dataclass(frozen=True, slots=True, eq=False)
class Descriptor:
    """What a recogniser measured of a face."""

    features: NDArray[np.float32]
    """``(C, D)``: a row for each part of the face, or a single row with a network's embedding."""
    weights: NDArray[np.float32]
    """``(C,)``, 0..1: how well each part is visible."""
    scale: float = 1.0
    """Factor that brings the recogniser's distances onto the common scale."""

    def distance(self, other: "Descriptor") -> float:
        """Return how far apart two faces are: 0 (the same) to 4.

        This is the squared distance of two vectors of length 1, times ``scale``. A part counts as
        far as both faces show it.
        """
        shares = (self.weights * other.weights)[:, None]
        product = float((shares * self.features * other.features).sum())
        lengths = [float((shares * d.features**2).sum()) for d in (self, other)]
        if min(lengths) <= 0:
            return FARTHEST
        return self.scale * (2 - 2 * product / float(np.sqrt(lengths[0] * lengths[1])))

    def agreement(self, other: "Descriptor") -> float:
        """Return which share of the parts that both faces show are alike, 0..1.

        Something in front of a face spoils some parts, another person nearly all of them.
        """
        both = np.minimum(self.weights, other.weights) > _VISIBLE
        if not both.any():
            return 0.0
        product = (self.features * other.features).sum(axis=1)[both]
        lengths = [np.linalg.norm(d.features, axis=1)[both] for d in (self, other)]
        return float((product > _ALIKE * lengths[0] * lengths[1]).mean())


def mean_descriptor(descriptors: Sequence[Descriptor]) -> Descriptor:
    """Return the mean of several descriptors of one person, at least one."""
    weights = np.stack([descriptor.weights for descriptor in descriptors])
    features = np.stack([descriptor.features for descriptor in descriptors])
    total = np.maximum(weights.sum(axis=0), 1e-6)
    mean = (features * weights[..., None]).sum(axis=0) / total[:, None]
    return Descriptor(mean.astype(np.float32), weights.max(axis=0), scale=descriptors[0].scale)


class Recogniser(Protocol):
    """Describes faces; only descriptors of the same recogniser can be compared."""

    @property
    def name(self) -> str:
        """Its name in reports."""
        ...

    def describe(self, frame: Frame, mesh: Mesh) -> Descriptor:
        """Describe the face under ``mesh``.

        All recognisers share one scale of distances, on which 0.85, the original tool's default
        for ``--similar-face-distance``, separates the same person from others.
        """
        ...
