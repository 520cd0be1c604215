"""Whether this machine has a virtual camera."""

import sys
from importlib.util import find_spec

from roop.media.live.virtual_camera import ANY, virtual_devices


def virtual_camera_names() -> tuple[str, ...]:
    """Return what other programs can read the output from; empty if there is nothing."""
    if sys.platform.startswith("linux"):
        return tuple(str(path) for path, _ in virtual_devices())
    return (ANY,) if find_spec("pyvirtualcam") is not None else ()
