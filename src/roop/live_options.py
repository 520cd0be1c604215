"""The options of a live swap: which camera, and where its frames go."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from roop.options import FrameOptions, Options

FILES_ONLY = frozenset(
    (
        *("reference_frame_number", "face_order", "if_no_face"),
        *("fps", "skip_audio", "start", "end", "label_seconds"),
        *FrameOptions.model_fields,
    )
)
"""Options that have no effect on a camera."""


class CameraOptions(Options):
    """Which camera to read, and what to ask it for."""

    input: str = Field(
        "0",
        min_length=1,
        description="camera: a number, a device, part of its name, a name of [cameras] in "
        "roop.toml, a URL (rtsp://, http://), or a video file to play",
    )
    camera_size: str | None = Field(
        None,
        pattern="^[0-9]+x[0-9]+$",
        description="resolution to ask a local camera for, as WIDTHxHEIGHT; by default the "
        "largest up to 1280x720 that is fast enough",
    )
    camera_fps: float | None = Field(
        None,
        ge=1,
        le=240,
        description="frames per second to ask a local camera for; 30 by default",
    )
    camera_format: str | None = Field(
        None,
        pattern="^[a-z0-9_]+$",
        description="format to ask a local camera for, such as mjpeg or yuyv422; by default the "
        "one with the most frames",
    )
    camera_transport: Literal["tcp", "udp"] = Field(
        "tcp", description="how an RTSP camera sends: tcp loses nothing, udp is never late"
    )

    rotate: int = Field(
        0,
        ge=0,
        le=270,
        multiple_of=90,
        description="degrees to rotate the picture clockwise: 0, 90, 180 or 270",
    )
    mirror: bool = Field(False, description="swap left and right, as a mirror does")

    @property
    def size(self) -> tuple[int, int] | None:
        """``camera_size`` as (width, height), in pixels."""
        if self.camera_size is None:
            return None
        width, _, height = self.camera_size.partition("x")
        return int(width), int(height)


class LiveOptions(CameraOptions):
    """Where live frames come from and where they go."""

    serve: str = Field(
        "127.0.0.1:8080",
        description="HOST:PORT of the preview page; none for no page",
    )
    record_video: Path | None = Field(None, description="record the output to this file")
    delay: int = Field(
        0, ge=0, le=5000, description="milliseconds to hold frames back, to fit sound that is late"
    )
    more_faces: tuple[Path, ...] = Field(
        (), description="photos of other new faces, one each, to change to while it runs"
    )
    virtual_camera: str | None = Field(
        None,
        description="show the output to other programs as this virtual camera, such as "
        "/dev/video9; without a value, as the first there is",
    )
