"""What a swap network is told about the source: an embedding, turned into its latent."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from roop.faces.recognition.embedding import Embeddings, embed
from roop.media.frames.stored_frame import StoredFrame
from roop.models.session import Session
from roop.types import Portrait


def embed_portraits(session: Session, portraits: Sequence[Portrait]) -> Embeddings:
    """Turn photos of one person into one identity vector, ``(1, D)``: their mean direction."""
    faces = [(StoredFrame(portrait.pixels), portrait.mesh) for portrait in portraits]
    found = embed(session, faces)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    mean: Embeddings = normed((found / lengths).mean(axis=0, keepdims=True)) * lengths.mean()
    return mean


def normed(vectors: Embeddings) -> Embeddings:
    """Return ``(N, D)`` vectors of length 1."""
    directions: Embeddings = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return directions


def latents(
    embeddings: Embeddings,
    kind: Literal["raw", "normed", "emap"] | None,
    emap: NDArray[np.float32] | None,
) -> Embeddings:
    """Turn identity vectors into what a swap network takes.

    Args:
        embeddings: ``(N, D)``.
        kind: What the network takes, from its row of the catalogue.
        emap: ``(D, D)``: the matrix in the file of a network of kind "emap".

    Returns:
        ``(N, D)``.
    """
    if kind == "raw":
        return embeddings
    directions = normed(embeddings)
    return directions if emap is None else normed(directions @ emap)


def mixed(source: Embeddings, target: Embeddings, weight: float) -> Embeddings:
    """Return identities between those of ``source`` (weight 1) and ``target`` (0), ``(N, D)``."""
    length = np.linalg.norm(source, axis=1, keepdims=True)
    mix: Embeddings = normed(weight * normed(source) + (1 - weight) * normed(target)) * length
    return mix
