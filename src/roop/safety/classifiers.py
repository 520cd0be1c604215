"""The networks of the screen, loaded once for the screens of many jobs."""

import threading
from typing import Protocol

from roop.models.networks import body_parts, nudity
from roop.options import Settings
from roop.safety.nudity import Finding, NudityDetector
from roop.safety.open_nsfw import OpenNsfw
from roop.types import Pixels


class _Classifier(Protocol):
    """A classifier of nudity; each one can refuse an image on its own."""

    def detect(self, pixels: Pixels) -> Finding | None:
        """Return why an RGB image is refused, None if it is not."""
        ...


class Classifiers:
    """All classifiers of nudity, loaded for the first image.

    Args:
        settings: Where to find the networks; nothing in it changes what is refused.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._classifiers: list[_Classifier] = []
        self._lock = threading.Lock()

    def detect(self, pixels: Pixels) -> Finding | None:
        """Return why an RGB image is refused, None if it is not.

        Raises:
            ModelError: A network cannot be loaded or run.
        """
        with self._lock:  # if a thread hangs here, later screens can pass nothing either
            self._classifiers = self._classifiers or _load(self._settings)
            findings = (classifier.detect(pixels) for classifier in self._classifiers)
            return next((finding for finding in findings if finding is not None), None)


def _load(settings: Settings) -> list[_Classifier]:
    classifiers: list[_Classifier] = [NudityDetector(body_parts(settings))]
    second = nudity(settings)
    return classifiers if second is None else [*classifiers, OpenNsfw(second)]
