"""The source as a swap network takes it: an embedding, turned into its latent."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from roop.faces.recognition.embedding import Embeddings, embed
from roop.media.frames.stored_frame import StoredFrame
from roop.models.session import Session
from roop.types import Portrait


def embed_portraits(session: Session, portraits: Sequence[Portrait]) -> Embeddings:
    """Return one embedding, ``(1, D)``, for photos of one person: the mean direction."""
    faces = [(StoredFrame(portrait.pixels), portrait.mesh) for portrait in portraits]
    found = embed(session, faces)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    mean: Embeddings = normalised((found / lengths).mean(axis=0, keepdims=True)) * lengths.mean()
    return mean


def normalised(vectors: Embeddings) -> Embeddings:
    """Return ``(N, D)`` vectors at length 1."""
    directions: Embeddings = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return directions


def latents(
    embeddings: Embeddings,
    kind: Literal["raw", "normed", "emap"] | None,
    emap: NDArray[np.float32] | None,
) -> Embeddings:
    """Turn embeddings into the input of a swap network.

    Args:
        embeddings: ``(N, D)``.
        kind: What the network takes, from its row of the catalogue.
        emap: ``(D, D)``: the matrix in the file of a network of kind "emap".

    Returns:
        ``(N, D)``.
    """
    if kind == "raw":
        return embeddings
    directions = normalised(embeddings)
    return directions if emap is None else normalised(directions @ emap)


def interpolated(source: Embeddings, target: Embeddings, weight: float) -> Embeddings:
    """Return embeddings between ``source`` (weight 1) and ``target`` (weight 0), ``(N, D)``."""
    length = np.linalg.norm(source, axis=1, keepdims=True)
    mix: Embeddings = (
        normalised(weight * normalised(source) + (1 - weight) * normalised(target)) * length
    )
    return mix
