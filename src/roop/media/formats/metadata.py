"""The metadata of an image file, independent of its format."""

import re
from dataclasses import dataclass, replace

from roop.media.formats import exif


@dataclass(frozen=True, slots=True)
class Metadata:
    """EXIF, colour profile, XMP and resolution of an image."""

    exif: bytes = b""
    """A TIFF structure, without a prefix."""
    icc: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None
    comment: bytes = b""

    def upright(self) -> "Metadata":
        """Return the metadata for pixels that have been turned upright."""
        xmp = re.sub(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[1-8]", rb"\g<1>1", self.xmp)
        return replace(self, exif=exif.upright(self.exif), xmp=xmp)
