"""Hand on frames at the speed at which they were taken, where a stream comes in pieces."""

from av.container import InputContainer

_IN_PIECES = {"hls", "dash", "mp4", "matroska"}
"""FFmpeg's names of formats that arrive faster than they are to be seen."""

_MOST_DELAY_S = 10.0
"""Delay that late pieces may add; what is later is handed on at once, to catch up."""

_JUMP_S = 30.0
"""A difference of time between two frames from which the stream has begun anew."""


def comes_in_pieces(container: InputContainer) -> bool:
    """Return whether the frames of a network camera have to be paced."""
    return not _IN_PIECES.isdisjoint(container.format.name.split(","))


class Pacer:
    """Says when each frame is due.

    A late one delays all that follow, so that the next late piece is there in time.
    """

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._offset_s = self._delay_s = 0.0

    def due(self, time_s: float, now_s: float) -> float:
        """Return when to hand on a frame, on the clock of ``now_s``.

        Args:
            time_s: The frame's time in the stream.
            now_s: The present.
        """
        if self._last_s is None or abs(time_s - self._last_s) > _JUMP_S:
            self._offset_s, self._delay_s = now_s - time_s, 0.0
        self._last_s = time_s
        late = now_s - (time_s + self._offset_s)
        if late > 0 and self._delay_s + late <= _MOST_DELAY_S:
            self._offset_s += late
            self._delay_s += late
        return time_s + self._offset_s
