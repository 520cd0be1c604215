"""What tells one person from another: a descriptor, and how far two are apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roop.types import Frame, Mesh

_SHOWN = 0.3
"""Weight above which a part counts as shown."""

_ALIKE = 0.7
"""Cosine of two parts above which they look alike."""

FARTHEST = 4.0
"""The largest distance there is: nothing in common."""


@dataclass(frozen=True, slots=True, eq=False)
class Descriptor:
    """What is known of a face's looks."""

    features: NDArray[np.float32]
    """``(C, D)``: one row for each part of the face; one row in all for a network's embedding."""
    weights: NDArray[np.float32]
    """``(C,)``, 0..1: how well each part was seen."""
    unit: float = 1.0
    """What a recogniser's distances are multiplied by, so that all are on one scale."""

    def distance(self, other: "Descriptor") -> float:
        """Return how far apart the two are: 0 (same) to 4.

        It is the squared distance of two vectors of length 1, times ``unit``. Parts count as far
        as both faces show them.
        """
        shares = (self.weights * other.weights)[:, None]
        product = float((shares * self.features * other.features).sum())
        lengths = [float((shares * d.features**2).sum()) for d in (self, other)]
        if min(lengths) <= 0:
            return FARTHEST
        return self.unit * (2 - 2 * product / float(np.sqrt(lengths[0] * lengths[1])))

    def agreement(self, other: "Descriptor") -> float:
        """Return the share of parts, of those that both show, that look alike, 0..1.

        Something in front of a face spoils some parts, somebody else nearly all.
        """
        both = np.minimum(self.weights, other.weights) > _SHOWN
        if not both.any():
            return 0.0
        product = (self.features * other.features).sum(axis=1)[both]
        lengths = [np.linalg.norm(d.features, axis=1)[both] for d in (self, other)]
        return float((product > _ALIKE * lengths[0] * lengths[1]).mean())


def merged(looks: Sequence[Descriptor]) -> Descriptor:
    """Return one descriptor for several looks at the same person, at least one."""
    weights = np.stack([look.weights for look in looks])
    features = np.stack([look.features for look in looks])
    total = np.maximum(weights.sum(axis=0), 1e-6)
    mean = (features * weights[..., None]).sum(axis=0) / total[:, None]
    return Descriptor(mean.astype(np.float32), weights.max(axis=0), unit=looks[0].unit)


class Recogniser(Protocol):
    """Describes faces; two descriptors can be compared if one recogniser made both."""

    @property
    def name(self) -> str:
        """What it is called in reports."""
        ...

    def describe(self, frame: Frame, mesh: Mesh) -> Descriptor:
        """Describe the face under ``mesh``.

        Distances are on one scale whatever the recogniser: 0.85, the original tool's
        ``--similar-face-distance``, divides the same person from others.
        """
        ...
