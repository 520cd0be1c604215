import warnings
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from roop.models.networks import body_parts
from roop.options import Settings
from roop.safety.nudity import REFUSED, NudityDetector, pad_to_square
from support.figures import Pixels, drawing


@pytest.fixture(scope="module")
def detector() -> NudityDetector:
    return NudityDetector(body_parts(Settings(offline=True)))


@pytest.mark.parametrize("size", [(320, 320), (320, 256), (270, 320)])
def test_scores_agree_with_the_makers_own_code(
    detector: NudityDetector, size: tuple[int, int]
) -> None:
    from nudenet import NudeDetector
    from nudenet import nudenet as makers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = NudeDetector()
    labels = makers.__dict__["__labels"]
    for image in (skimage.data.astronaut(), drawing(400)):
        image = cv2.resize(image, size)
        # RGB, although it expects BGR: it swaps red and blue once too often (NudeNet issue 203).
        found = reference.detect(image)
        scores = dict(zip(labels, detector.scores(pad_to_square(image)), strict=True))
        best = max(found, key=lambda each: float(each["score"]))
        assert max(scores, key=lambda label: scores[label]) == best["class"]
        assert scores[best["class"]] == pytest.approx(best["score"], abs=1e-4)
        for each in found:  # the makers also drop boxes that overlap a better one
            assert scores[each["class"]] >= each["score"] - 1e-4


def test_only_exposed_classes_are_refused() -> None:
    from nudenet import nudenet as makers

    labels = {makers.__dict__["__labels"][index] for index in REFUSED}
    assert labels == {
        "BUTTOCKS_EXPOSED",
        "FEMALE_BREAST_EXPOSED",
        "FEMALE_GENITALIA_EXPOSED",
        "ANUS_EXPOSED",
        "MALE_GENITALIA_EXPOSED",
    }


@pytest.mark.parametrize("side", [160, 320, 700])
def test_nudity_is_refused_at_any_size(detector: NudityDetector, side: int) -> None:
    finding = detector.detect(drawing(side))
    assert finding is not None
    assert "breast" in finding.label
    assert finding.score > 0.7


@pytest.mark.slow
def test_two_hundred_clean_images_pass(detector: NudityDetector) -> None:
    random = np.random.default_rng(2026)
    images = _clean_images()
    for number in range(200):
        image = images[number % len(images)]
        share = random.uniform(0.5, 1)
        height, width = (int(side * share) for side in image.shape[:2])
        top, left = (
            int(random.integers(whole - part + 1))
            for whole, part in zip(image.shape[:2], (height, width), strict=True)
        )
        crop = image[top : top + height, left : left + width].astype(float)
        noise = random.normal(0, random.uniform(0, 20), (height, width, 1))
        varied = crop * random.uniform(0.7, 1.3, 3) + noise
        assert detector.detect(varied.clip(0, 255).astype(np.uint8)) is None, number


def _clean_images() -> list[Pixels]:
    """Faces, mostly; a cat, a cup, a rocket, tissue and an eye's retina."""
    sample = Path(str(files("matplotlib"))) / "mpl-data" / "sample_data" / "grace_hopper.jpg"
    hopper = np.asarray(Image.open(sample).convert("RGB"))
    names = ("astronaut", "cat", "coffee", "rocket", "immunohistochemistry", "astronaut")
    others = [getattr(skimage.data, name)() for name in names]
    return [skimage.data.astronaut(), hopper, np.dstack([skimage.data.camera()] * 3), *others]
