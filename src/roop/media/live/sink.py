"""The contract of everything that shows or stores live frames."""

from typing import Protocol

from roop.types import Frame


class FrameSink(Protocol):
    """Takes finished frames in a thread of its own, so that a slow one delays no other.

    Frames are shared with other sinks and must not be edited. Who opened a sink closes it.
    """

    @property
    def name(self) -> str:
        """For messages and statistics."""
        ...

    @property
    def period_s(self) -> float | None:
        """Time between two calls of ``show``, in seconds; None to be called for every frame."""
        ...

    @property
    def waiting(self) -> int:
        """Frames that may wait; when one more comes, the oldest is dropped."""
        ...

    def show(self, frame: Frame | None) -> None:
        """Take the newest frame.

        Args:
            frame: Screened and labelled; None if the period has passed without a new one.

        Raises:
            RoopError: It cannot be shown or stored.
        """
        ...
