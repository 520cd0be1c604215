"""What a picture file says about its picture, in the form every format shares."""

import re
from dataclasses import dataclass, replace

from roop.media.formats import exif


@dataclass(frozen=True, slots=True)
class Metadata:
    """Camera data, colour profile, editor's notes and resolution of a picture."""

    exif: bytes = b""
    """A TIFF structure, without a prefix."""
    icc: bytes = b""
    xmp: bytes = b""
    dpi: tuple[float, float] | None = None

    def upright(self) -> "Metadata":
        """Return the same for a picture whose pixels have been turned upright."""
        xmp = re.sub(rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[1-8]", rb"\g<1>1", self.xmp)
        return replace(self, exif=exif.upright(self.exif), xmp=xmp)
