"""A process that decodes one upload: the child's side."""

import mimetypes
from pathlib import Path
from typing import Any

from roop.errors import UsageError
from roop.media.open import open_reader
from roop.options import VideoOptions
from roop.pipeline.workers.child_process import ParentProcess, serve

MEMORY = 4 << 30
"""Limit of the address space, in bytes."""

CPU_S = 60
"""Limit of the processor time, in seconds."""

_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "APNG": "image/png",
    "WebP": "image/webp",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}
"""Media types by the reader's name of an image format."""


def main() -> None:
    """Inspect one file."""
    serve(_work)


def _work(parent: ParentProcess) -> None:
    message = parent.messages.get()
    if message is not None:
        _limit()
        found = inspect(Path(message["path"]), message["name"], message["pixels"])
        parent.send({"found": found})


def inspect(path: Path, name: str, pixels: int) -> dict[str, Any]:
    """Return the properties of a file.

    Args:
        path: The file.
        name: The name that the client gave it; only a video's extension is used.
        pixels: Most pixels of a frame.

    Raises:
        MediaError: It cannot be decoded.
        UsageError: Its frames are too large.
    """
    with open_reader(path, VideoOptions(), lambda sentence: None) as reader:
        info = reader.info
        if info.size[0] * info.size[1] > pixels:
            raise UsageError(
                f"{info.size[0]} x {info.size[1]} pixels are too many",
                hint=f"send at most {pixels / 1e6:g} megapixels",
            )
        next(iter(reader))
    type = _TYPES.get(info.codec, "application/octet-stream")
    if info.kind == "video":
        guessed = mimetypes.guess_type(f"x{Path(name).suffix}")[0] or ""
        type = guessed if guessed.startswith("video/") else "video/mp4"
    return {
        "kind": info.kind,
        "width": info.size[0],
        "height": info.size[1],
        "frames": info.frames,
        "fps": None if info.fps is None else round(float(info.fps), 3),
        "duration_s": None if info.duration_s is None else round(info.duration_s, 3),
        "codec": info.codec,
        "type": type,
    }


def _limit() -> None:
    """Limit the memory and processor time of this process."""
    try:
        import resource
    except ImportError:  # Windows: only the parent's timeout applies
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
