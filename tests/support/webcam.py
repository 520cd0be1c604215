"""A simulated webcam of this machine, for roop in a process of its own."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from support.ip_camera import Pixels, jpeg

ADDRESS = "/dev/video9"

SOURCE = Path(__file__).with_suffix(".c")


def why_not() -> str | None:
    """Return why there can be no simulated webcam here, None if there can."""
    if not sys.platform.startswith("linux"):
        return "webcams are simulated on Linux only"
    return None if shutil.which("cc") else "a simulated webcam needs a C compiler"


@dataclass(frozen=True)
class Webcam:
    """A webcam; see ``webcam.c``."""

    folder: Path
    library: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "WEBCAM": str(self.folder)}

    def unplug(self) -> None:
        (self.folder / "unplugged").touch()

    def plug_in(self) -> None:
        (self.folder / "unplugged").unlink()


def webcam(folder: Path, frames: Sequence[Pixels]) -> Webcam:
    """Make a webcam that shows ``frames``, of 1280 x 720, again and again."""
    library = folder / "webcam.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    for number, large in enumerate(frames):
        small = np.ascontiguousarray(cv2.resize(large, (640, 480), interpolation=cv2.INTER_AREA))
        for pixels in (large, small):
            stem = f"{len(pixels)}-{number}"
            (folder / f"{stem}.jpg").write_bytes(jpeg(pixels))
            (folder / f"{stem}.yuyv").write_bytes(_yuyv(pixels))
    return Webcam(folder, library)


def _yuyv(pixels: Pixels) -> bytes:
    yuv = cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV)
    packed = np.empty((*pixels.shape[:2], 2), np.uint8)
    packed[..., 0] = yuv[..., 0]
    packed[:, 0::2, 1], packed[:, 1::2, 1] = yuv[:, 0::2, 1], yuv[:, 0::2, 2]
    return packed.tobytes()
