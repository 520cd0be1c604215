"""JPEGs of frames, with a mark that they were changed."""

import cv2

from roop.models.files.folder import ModelFolder
from roop.models.networks import embedded_models
from roop.options import Job, Settings
from roop.processors.base import Registry
from roop.provenance.marks import make_statement
from roop.provenance.xmp import new_packet
from roop.provenance.xmp_files import jpeg_with_xmp
from roop.types import Box, Frame, Pixels

QUALITY = 85
"""Quality of JPEGs, 0..100."""


class JpegMarker:
    """Encodes the frames of one job as marked JPEGs.

    Args:
        job: The job that changes them.
        settings: What this machine has.
        registry: The available processors.
    """

    def __init__(self, job: Job, settings: Settings, registry: Registry) -> None:
        engine = job.steps[0].processor
        swaps = registry[engine].engine
        embedded = embedded_models(ModelFolder(settings))
        models = (*embedded, *registry.models(job.steps, settings))
        self._packet = new_packet(make_statement(engine, models, swaps=swaps))

    def of_frame(self, frame: Frame) -> bytes:
        """Return a frame as a marked JPEG file."""
        return self.of_pixels(frame.crop(Box(0, 0, *frame.size)))

    def of_pixels(self, pixels: Pixels) -> bytes:
        """Return RGB pixels as a marked JPEG file."""
        return self.marked(plain_jpeg(pixels))

    def marked(self, jpeg: bytes) -> bytes:
        """Return a JPEG file with the mark."""
        return jpeg_with_xmp(jpeg, lambda packet, room: self._packet)


def plain_jpeg(pixels: Pixels) -> bytes:
    """Return unchanged RGB pixels as a JPEG file."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()
