"""Open a device or a network camera with FFmpeg, in the mode that brings most frames."""

import errno
import sys
from collections.abc import Iterator

import av
from av.container import InputContainer

from roop.errors import MediaError
from roop.live_options import CameraOptions
from roop.media.files.disk import reason
from roop.media.live.addresses import CameraAddress, without_secrets
from roop.media.live.certificates import (
    certificate_fault,
    is_encrypted,
    trusted_authorities,
)
from roop.media.live.devices import camera_system
from roop.media.live.modes import MJPEG, USUAL_FPS, CameraMode, choose_mode
from roop.media.video.opening import MOST_PIXELS

OPEN_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 5.0
"""Time a camera may take to answer, and to send its next packet."""

_PIECES_TIMEOUT_S = 20.0
"""Time a playlist may take to list its next piece, which lasts up to ten seconds."""

_PROTOCOLS = "http,https,tls,tcp,udp,rtp,rtsp,crypto"
"""Protocols that the address of a camera may lead to; files are not among them."""

_FINAL = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EBUSY, errno.EACCES, errno.EPERM)
"""Errors of a device that another mode would not change."""


def connect(
    address: CameraAddress, wanted: CameraOptions, *, timeout_s: float = OPEN_TIMEOUT_S
) -> InputContainer:
    """Open a camera that is not a file.

    Args:
        address: The camera.
        wanted: What to ask it for.
        timeout_s: How long it may take to answer, in seconds.

    Raises:
        MediaError: It does not exist, is in use, sends nothing, or lacks the wanted mode.
    """
    if address.kind == "address":
        try:
            return _open(address, None, _network_options(address, wanted), timeout_s)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise _network_error(address, error) from error
    first: Exception | None = None
    for options in _device_options(address, wanted):
        try:
            return _open(address, camera_system(), options, timeout_s)
        except (av.FFmpegError, OSError, ValueError) as error:
            first = first or error
            if getattr(error, "errno", None) in _FINAL:
                break
    raise _device_error(address, first or OSError()) from first


def _open(
    address: CameraAddress, system: str | None, options: dict[str, str], timeout_s: float
) -> InputContainer:
    return av.open(
        address.address,
        format=system,
        metadata_errors="replace",
        container_options={"max_pixels": str(MOST_PIXELS), "fflags": "nobuffer", **options},
        timeout=(timeout_s, _PIECES_TIMEOUT_S if _is_playlist(address) else READ_TIMEOUT_S),
    )


def _is_playlist(address: CameraAddress) -> bool:
    return without_secrets(address.address).lower().endswith(".m3u8")


def _network_options(address: CameraAddress, wanted: CameraOptions) -> dict[str, str]:
    # FFmpeg would read seconds of video to measure a rate that live frames do not need.
    options = {"protocol_whitelist": _PROTOCOLS, "fpsprobesize": "0", "analyzeduration": "500000"}
    scheme = address.address.partition(":")[0].lower()
    if scheme.startswith("rtsp"):
        options |= {"rtsp_transport": wanted.camera_transport, "max_delay": "200000"}
    if _is_playlist(address):
        options["live_start_index"] = (
            "-2"  # of the newest piece alone nothing is shown before the next one comes
        )
    if is_encrypted(address.address):
        authorities = trusted_authorities()
        options |= {"tls_verify": "1"} | ({"ca_file": authorities} if authorities else {})
    return options


def _device_options(address: CameraAddress, wanted: CameraOptions) -> Iterator[dict[str, str]]:
    """Yield what to ask a device for, the best first.

    Raises:
        MediaError: The device tells its modes, and the wanted one is not among them.
    """
    modes = address.device.modes if address.device is not None else ()
    mode = choose_mode(modes, wanted.size, wanted.camera_fps, wanted.camera_format)
    if mode is not None:
        fps = mode.likely_fps(wanted.camera_fps or USUAL_FPS)
        yield _v4l2_options(mode, fps if mode.fps else None)
    elif modes:
        raise _no_such_mode(address, modes)
    size = {} if wanted.camera_size is None else {"video_size": wanted.camera_size}
    fps_only = {} if wanted.camera_fps is None else {"framerate": f"{wanted.camera_fps:g}"}
    if sys.platform == "win32":
        yield {**size, "framerate": f"{wanted.camera_fps or USUAL_FPS:g}", "vcodec": MJPEG}
    if sys.platform == "darwin":  # FFmpeg's own default, 29.97, is refused by some
        for fps in (wanted.camera_fps or USUAL_FPS, 30.0, 25.0, 15.0):
            yield {**size, "framerate": f"{fps:g}", "pixel_format": "nv12"}
            yield {**size, "framerate": f"{fps:g}"}
    yield {**size, **fps_only}


def _v4l2_options(mode: CameraMode, fps: float | None) -> dict[str, str]:
    width, height = mode.size
    options = {"video_size": f"{width}x{height}", "input_format": mode.format}
    return options if fps is None else {**options, "framerate": f"{fps:g}"}


def _no_such_mode(address: CameraAddress, modes: tuple[CameraMode, ...]) -> MediaError:
    known = dict.fromkeys(f"{m.size[0]}x{m.size[1]} {m.format}" for m in modes)
    return MediaError(
        f"{address.name} does not have the wanted size or format; it has {', '.join(known)}",
        hint="leave [[camera_size]] and [[camera_format]] out, or use one of these",
    )


def _network_error(address: CameraAddress, error: Exception) -> MediaError:
    if isinstance(error, av.HTTPUnauthorizedError | av.HTTPForbiddenError):
        return MediaError(
            f"{address.name} does not accept this user and password",
            hint="write them into the address or into [cameras] of roop.toml: see docs/live.md",
        )
    if isinstance(error, av.HTTPNotFoundError):
        return MediaError(
            f"{address.name} does not exist on that camera", hint="check the address after the host"
        )
    if is_encrypted(address.address) and (fault := certificate_fault(address.address)):
        return MediaError(
            f"the certificate of {address.name} is not trusted: {fault}",
            hint="add it to those that this system trusts, or name its file in SSL_CERT_FILE",
        )
    return MediaError(
        f"{address.name} cannot be read as a camera: {reason(error)}",
        hint="check the address, or try it in a player",
    )


def _device_error(address: CameraAddress, error: Exception) -> MediaError:
    number = getattr(error, "errno", None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return MediaError(
            f"there is no {address.name}", hint="list the cameras with `roop live --list-cameras`"
        )
    if number == errno.EBUSY:
        return MediaError(f"{address.name} is in use", hint="close the program that uses it")
    if number in (errno.EACCES, errno.EPERM):
        return MediaError(
            f"no permission to use {address.name}",
            hint="allow it in the system settings; on Linux, join the group video",
        )
    return MediaError(
        f"{address.name} cannot be opened: {reason(error)}",
        hint="try without [[camera_size]], or list cameras with `roop live --list-cameras`",
    )
