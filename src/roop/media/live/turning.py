"""Rotate and mirror live frames."""

from fractions import Fraction

import av
from av.filter import Graph

from roop.media.frames.planar_frame import PlanarFrame

_UPRIGHT = {
    2: ("hflip",),
    3: ("hflip", "vflip"),
    4: ("vflip",),
    5: ("transpose=cclock_flip",),
    6: ("transpose=clock",),
    7: ("transpose=clock_flip",),
    8: ("transpose=cclock",),
}
"""FFmpeg's filters that bring a stored orientation, by its EXIF tag, upright."""

_ROTATIONS = {
    90: ("transpose=clock",),
    180: ("hflip", "vflip"),
    270: ("transpose=cclock",),
}
"""FFmpeg's filters by degrees clockwise."""


class Turning:
    """Rotates and mirrors the frames of one camera.

    The samples themselves are moved, so that recordings and other outputs need not know of it.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._graph: Graph | None = None

    def turn(self, frame: PlanarFrame, rotate: int, *, mirror: bool) -> PlanarFrame:
        """Return a frame as it is to be seen; the same one if there is nothing to do.

        Args:
            frame: From the camera.
            rotate: Degrees clockwise: 0, 90, 180 or 270.
            mirror: Swap left and right, after the rotation.
        """
        if not rotate and not mirror:
            return frame
        raw = frame.raw
        filters = (
            *_UPRIGHT.get(frame.orientation.tag, ()),
            *_ROTATIONS.get(rotate, ()),
            *(("hflip",) if mirror else ()),
        )
        key = (raw.width, raw.height, raw.format.name, filters)
        if self._graph is None or key != self._key:
            self._key, self._graph = key, _graph(raw, filters)
        self._graph.vpush(raw)
        turned = self._graph.vpull()
        turned.colorspace, turned.color_range = raw.colorspace, raw.color_range
        turned.color_primaries, turned.color_trc = raw.color_primaries, raw.color_trc
        return PlanarFrame(turned, pts=frame.pts, time_base=frame.time_base)


def _graph(raw: av.VideoFrame, filters: tuple[str, ...]) -> Graph:
    graph = Graph()
    last = graph.add_buffer(
        width=raw.width,
        height=raw.height,
        format=raw.format,
        time_base=raw.time_base or Fraction(1, 1000),
    )
    for written in filters:
        name, _, arguments = written.partition("=")
        step = graph.add(name, arguments) if arguments else graph.add(name)
        last.link_to(step)
        last = step
    last.link_to(graph.add("buffersink"))
    graph.configure()
    return graph
