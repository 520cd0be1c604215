"""How viewers show the stored values of a stream or a picture."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms

from roop.types import Pixels, Transfer

_TRANSFERS: dict[int, Transfer] = {16: "pq", 18: "hlg"}
"""By the number of H.273."""

_SAME = 3.0
"""Mean difference, of 255, up to which two pictures look the same."""


@dataclass(frozen=True, slots=True)
class Display:
    """What a file says of how its values are to be shown."""

    aspect: float = 1.0
    """Width by height of a pixel, not turned upright."""
    transfer: Transfer = "sdr"
    """How the values become light."""
    interlaced: bool = False
    """True if viewers may show one half of the rows after the other."""
    icc: bytes = b""
    """The colour profile; empty if there is none."""
    gamma: float = 1.0
    """Exponent, relative to the usual one, that viewers apply to the values."""

    def managed(self, pixels: Pixels) -> Iterator[Pixels]:
        """Yield RGB pixels as viewers with colour management show them, if that differs."""
        for shown in (_through_profile(pixels, self.icc), _raised(pixels, self.gamma)):
            if shown is not None and np.abs(shown.astype(np.int16) - pixels).mean() > _SAME:
                yield shown


PLAIN = Display()
"""Square pixels, shown as they are."""


def transfer_of(number: int, otherwise: Transfer = "sdr") -> Transfer:
    """Return the transfer of a number of H.273, ``otherwise`` if it is none of HDR."""
    return _TRANSFERS.get(number, otherwise)


def _through_profile(pixels: Pixels, icc: bytes) -> Pixels | None:
    """Return pixels in sRGB; None if there is no profile, or none that viewers can use."""
    if not icc:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        image = Image.fromarray(pixels)
        if profile.profile.xcolor_space.strip() == "GRAY":
            image = image.convert("L")
        turned = ImageCms.profileToProfile(
            image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return None if turned is None else np.asarray(turned)


def _raised(pixels: Pixels, gamma: float) -> Pixels | None:
    if gamma == 1:
        return None
    table = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return np.asarray(table[pixels])
