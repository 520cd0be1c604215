"""Saved identities: the photos of one person's face in a small file."""

import difflib
import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from roop.errors import MediaError
from roop.home import user_folder
from roop.media.files.disk import reason, writing
from roop.media.files.output_file import OutputFile
from roop.types import Pixels

SUFFIX = ".identity"

SIDE = 1024
"""Longest side of a photo in the file, pixels."""

_MOST_PHOTOS, _MOST_BYTES = 100, 4 << 20
"""Most photos in a file that is read, and bytes of each."""

_QUALITY = 95

_MOST_NAMED = 8
"""Most names in a hint."""

_NAME = re.compile(r"\w(?:[\w -]{0,58}\w)?")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def is_identity_name(text: str) -> bool:
    """Return whether ``text`` can name a saved identity on every system.

    These are up to 60 letters, digits, spaces, ``-`` and ``_``, so that it cannot be a path.
    """
    return bool(_NAME.fullmatch(text)) and not _RESERVED.fullmatch(text)


def identities_folder() -> Path:
    """Return the folder of saved identities."""
    return user_folder() / "identities"


def identity_path(name: str) -> Path:
    """Return the file of a saved identity, which may not exist."""
    return identities_folder() / f"{name}{SUFFIX}"


def make_identities_folder() -> None:
    """Create the folder of saved identities; others cannot read it, because faces are private.

    Raises:
        MediaError: It cannot be created.
    """
    folder = identities_folder()
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def resolve_identity(path: Path, folder: Path | None = None) -> Path:
    """Return the file of a saved identity if ``path`` is its name, or ``path`` itself.

    Args:
        path: A path or a name, as the user wrote it.
        folder: Base of a relative path; the working folder by default.
    """
    file = folder / path if folder else path
    if file.exists() or len(path.parts) != 1 or path.suffix:
        return file
    saved = identity_path(path.name)
    return saved if saved.is_file() else file


def unknown_identity(name: Path) -> MediaError:
    """Return the error for a ``name`` that is neither a file nor a saved identity."""
    saved = sorted(file.stem for file in identities_folder().glob(f"*{SUFFIX}"))
    near = difflib.get_close_matches(name.name, saved, n=1)
    hint = f"did you mean {near[0]}?" if near else "check the path"
    if saved and not near:
        hint = f"saved identities: {', '.join(saved[:_MOST_NAMED])}"
    return MediaError(f"there is no file and no saved identity called {name}", hint=hint)


def save_identity(path: Path, photos: Sequence[Pixels], *, force: bool) -> None:
    """Write the photos of one person.

    Args:
        path: The file to write.
        photos: ``(H, W, 3)`` RGB each, with no side above ``SIDE``.
        force: Replace the file if it exists.

    Raises:
        UsageError: The file exists.
        MediaError: The file cannot be written.
    """
    with (
        OutputFile(path, force=force) as file,
        writing(path, file.part),
        zipfile.ZipFile(file.part, "w") as archive,
    ):
        for number, pixels in enumerate(photos):
            buffer = io.BytesIO()
            Image.fromarray(pixels).save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
            archive.writestr(zipfile.ZipInfo(f"{number:02}.jpg"), buffer.getvalue())


def load_identity(path: Path) -> list[Pixels]:
    """Return the photos of a saved identity, RGB.

    Raises:
        MediaError: The file cannot be read, or is not a saved identity.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if not entries or len(entries) > _MOST_PHOTOS:
                raise ValueError(f"{len(entries)} photos")
            return [_photo(archive, entry) for entry in entries]
    except OSError as error:
        if isinstance(error, UnidentifiedImageError):
            raise _damaged(path) from error
        raise MediaError(
            f"{path} cannot be read: {reason(error)}", hint="check the path"
        ) from error
    except (zipfile.BadZipFile, ValueError, Image.DecompressionBombError) as error:
        raise _damaged(path) from error


def _photo(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Pixels:
    if entry.file_size > _MOST_BYTES:
        raise ValueError(f"{entry.filename} has {entry.file_size} bytes")
    with Image.open(io.BytesIO(archive.read(entry)), formats=["JPEG"]) as image:
        if max(image.size) > SIDE:
            raise ValueError(f"{entry.filename} is {image.size}")
        return np.asarray(image.convert("RGB"))


def _damaged(path: Path) -> MediaError:
    return MediaError(
        f"{path} is damaged or not a saved identity",
        hint="create it again with `roop identity make`",
    )
