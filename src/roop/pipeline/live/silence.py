"""Tell viewers when a camera sends nothing, and when it does again."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from roop.pipeline.stages.channel import StageThreads

_PERIOD_S = 0.1
"""Time between two checks."""

_SILENCE_S = 2.0
"""Time without a frame after which viewers are told."""

_REPEAT_S = 1.0
"""Time between two images of a camera that sends nothing: new viewers see it, too."""


@dataclass(frozen=True, slots=True)
class SilenceWatch:
    """Watches one camera."""

    name: str
    """What to call it."""
    silent_s: Callable[[], float]
    """Returns the seconds since its last frame."""
    note: Callable[[str], None]
    """Receives a line when it falls silent, and one when it sends again."""
    show: Callable[[str], None]
    """Receives the text for viewers, again and again while it is silent."""

    def run(self, threads: StageThreads, ended: threading.Event) -> None:
        """Watch until ``ended`` is set; the work of a thread."""
        since, repeated = "", 0.0
        while not ended.wait(_PERIOD_S):
            threads.check()
            silent = self.silent_s()
            if silent < _SILENCE_S:
                if since:
                    self.note(f"{self.name} sends pictures again")
                since = ""
                continue
            if not since:
                since = time.strftime("%H:%M:%S", time.localtime(time.time() - silent))
                self.note(f"no picture from {self.name} since {since}")
                repeated = float("-inf")
            if time.monotonic() - repeated >= _REPEAT_S:
                repeated = time.monotonic()
                self.show(f"no picture since {since}")
