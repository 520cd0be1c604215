"""More looks than one must not refuse clean pictures: photos of installed packages, and parts."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from roop.media.frames.stored_frame import StoredFrame
from roop.options import Settings
from roop.safety.classifiers import Classifiers
from roop.safety.screen import refused_finding
from roop.safety.views import views_of
from support.figures import Pixels

MOST = 1 / 500
"""Share of clean pictures that may be refused."""


def clean() -> Iterator[tuple[str, Pixels]]:
    """Yield pictures, their darker copies, their corners and their mirrored corners."""
    folders = [Path(str(files(package))) for package in ("skimage", "matplotlib", "insightface")]
    for path in sorted(path for folder in folders for path in folder.rglob("*.[pj][np]g")):
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"))
        height, width = pixels.shape[:2]
        if min(height, width) < 100:
            continue
        yield path.name, pixels
        yield path.name, (pixels * np.float32(0.3)).astype(np.uint8)
        for share in (0.5, 0.7):
            rows, columns = int(height * share), int(width * share)
            for top in (0, height - rows):
                for left in (0, width - columns):
                    part = pixels[top : top + rows, left : left + columns]
                    yield path.name, part
                    yield path.name, part[:, ::-1]


@pytest.mark.slow
def test_clean_pictures_pass() -> None:
    classifiers, names, refused = Classifiers(Settings()), [], []
    for name, pixels in clean():
        names.append(name)
        views = views_of(StoredFrame(np.ascontiguousarray(pixels)))
        if any(refused_finding(classifiers, view) for view in views):
            refused.append(name)
    assert len(names) >= 500
    assert len(refused) <= len(names) * MOST, refused


def test_a_pattern_of_nudity_is_no_clean_pattern(figure: Pixels) -> None:
    """A colour wheel passes because no body looks the same when turned; four of them do."""
    turned = np.rot90(figure)
    ring = np.vstack((np.hstack((figure, turned[:, ::-1])), np.hstack((turned, figure[::-1]))))
    for pixels in (ring, rings(figure)):
        assert Classifiers(Settings()).detect(np.ascontiguousarray(pixels)) is not None


def rings(figure: Pixels) -> Pixels:
    """Return four copies, each turned a quarter further about the middle."""
    top = np.hstack((figure, np.rot90(figure, -1)))
    return np.vstack((top, np.rot90(top, 2)))
