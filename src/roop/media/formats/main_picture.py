"""The main picture of a file that may hold more, as decoders of new formats return it."""

from dataclasses import dataclass

from roop.media.formats.metadata import Metadata
from roop.media.frames.stored_frame import StoredSamples


@dataclass(frozen=True, slots=True, eq=False)
class MainPicture:
    """Samples and metadata of the picture, upright."""

    samples: StoredSamples
    metadata: Metadata
    mode: str
    """Pillow's mode, with ``;16`` for more than 8 bits per channel."""
    left_out: tuple[str, ...]
    """What else the file holds, in words."""
