"""Every network that judges pictures, loaded once for the screens of many jobs."""

import threading
from typing import Protocol

from roop.models.networks import body_parts, nudity
from roop.options import Settings
from roop.safety.nudity import Finding, NudityDetector
from roop.safety.open_nsfw import OpenNsfw
from roop.types import Pixels


class _Judge(Protocol):
    """One of the networks; each can refuse alone."""

    def look(self, pixels: Pixels) -> Finding | None:
        """Return what is refused in an RGB picture, None if nothing is."""
        ...


class Judges:
    """The networks that judge pictures; loaded at the first picture.

    Args:
        settings: What this machine has; nothing in it changes what is refused.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._judges: list[_Judge] = []
        self._lock = threading.Lock()

    def find(self, pixels: Pixels) -> Finding | None:
        """Return what is refused in an RGB picture, None if nothing is.

        Raises:
            ModelError: A network cannot be loaded or run.
        """
        with self._lock:  # a screen whose thread hangs keeps those after it from passing anything
            self._judges = self._judges or _loaded(self._settings)
            findings = (judge.look(pixels) for judge in self._judges)
            return next((finding for finding in findings if finding is not None), None)


def _loaded(settings: Settings) -> list[_Judge]:
    judges: list[_Judge] = [NudityDetector(body_parts(settings))]
    second = nudity(settings)
    return judges if second is None else [*judges, OpenNsfw(second)]
