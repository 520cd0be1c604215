"""Make ``src/roop/faces/recognition/mean_texture.npy``: the texture that faces have in common.

    uv run --group dev python scripts/make_mean_texture.py

It is the mean over two public-domain portraits, each seen as it is and mirrored.
"""

from pathlib import Path

import matplotlib.cbook
import numpy as np
from PIL import Image
from skimage import data

from roop.faces.analyser import Analyser
from roop.faces.recognition.texture import TextureRecogniser
from roop.media.frames.stored_frame import StoredFrame
from roop.options import Settings


def main() -> None:
    """Write the file."""
    hopper = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
    photos = [data.astronaut(), np.asarray(hopper)]
    target = Path(__file__).parents[1] / "src/roop/faces/recognition/mean_texture.npy"
    np.save(target, np.zeros((288, 18), np.float16))  # for the recogniser to load meanwhile
    analyser, recogniser = Analyser(Settings()), TextureRecogniser()
    total, weight = np.zeros((288, 18)), np.zeros((288, 1))
    for photo in [*photos, *(np.ascontiguousarray(photo[:, ::-1]) for photo in photos)]:
        portrait = analyser.portrait(photo, None, name="the portrait")
        features, seen = recogniser.measure(StoredFrame(photo), portrait.mesh)
        total += features * seen[:, None]
        weight += seen[:, None]
    np.save(target, (total / np.maximum(weight, 1e-6)).astype(np.float16))


if __name__ == "__main__":
    main()
