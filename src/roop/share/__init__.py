"""Share outputs: upload them, give an address and a QR code, list and delete what was shared.

Needs the extra ``roop[share]``, whose libraries are imported when they are used.
"""

from roop.options import ShareOptions
from roop.share.qr import qr_png, qr_svg, qr_text
from roop.share.records import SharedFile
from roop.share.sharing import (
    Shared,
    check_target,
    delete_shared,
    find_shared,
    list_shared,
    share,
)
from roop.share.upload import ShareWatch

__all__ = [
    "ShareOptions",
    "ShareWatch",
    "Shared",
    "SharedFile",
    "check_target",
    "delete_shared",
    "find_shared",
    "list_shared",
    "qr_png",
    "qr_svg",
    "qr_text",
    "share",
]
