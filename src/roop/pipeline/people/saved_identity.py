"""Make a saved identity from photos."""

import threading
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from roop.errors import NoFaceError
from roop.faces.analyser import Analyser
from roop.geometry import bounds
from roop.media.frames.stored_frame import StoredFrame
from roop.media.pictures.identity_file import SIDE, save_identity
from roop.options import Settings
from roop.pipeline.people.photos import Photos
from roop.safety.classifiers import Classifiers
from roop.safety.screen import Screen
from roop.types import Pixels, Portrait, Warn

_MARGIN = 0.6
"""Margin that is kept around the face, as a share of its size."""


def make_identity(
    output: Path,
    photos: Sequence[Path],
    settings: Settings,
    *,
    position: int | None,
    force: bool,
    warn: Warn,
) -> int:
    """Save the faces in photos of one person, all of them screened; return how many.

    Args:
        output: The file to write.
        photos: Photos, folders of photos, or saved identities.
        settings: Options of this machine.
        position: Which face of a photo with several, from the left.
        force: Replace the file if it exists.
        warn: Receives warnings about what could not be read exactly.

    Raises:
        NoFaceError: A photo shows no face, or several and none was chosen.
        RefusedError: A photo shows nudity.
        MediaError: A file cannot be read or written.
        UsageError: The file exists.
    """
    with Screen(Classifiers(settings), threading.Event()) as screen:
        analyser = Analyser(settings)
        read = Photos(photos, warn)
        read.submit(screen)
        try:
            identity = read.identity(photos, position, analyser)
        except NoFaceError:
            screen.wait_for_verdicts()  # a refusal comes first
            raise
        crops = [_cropped(portrait) for portrait in identity.portraits]
        for number, crop in enumerate(crops):
            found = len(analyser.faces(StoredFrame(crop), "left-right"))
            if found != 1:
                raise NoFaceError(
                    f"photo number {number} shows {found} faces close together",
                    hint="crop the photo so that it shows one",
                )
        screen.wait_for_verdicts()
        save_identity(output, crops, force=force)
    return len(crops)


def _cropped(portrait: Portrait) -> Pixels:
    """Return the face with a margin, reduced to the size that is saved."""
    height, width = portrait.pixels.shape[:2]
    margin = _MARGIN * float(np.ptp(portrait.mesh[:, :2], axis=0).max())
    box = bounds(portrait.mesh[:, :2], margin=margin).clipped((width, height))
    crop = portrait.pixels[box.rows, box.columns]
    zoom = SIDE / max(crop.shape[:2])
    if zoom < 1:
        crop = cv2.resize(crop, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)[:SIDE, :SIDE]
    return np.ascontiguousarray(crop).astype(np.uint8)
