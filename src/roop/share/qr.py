"""Draw an address as a QR code."""

import io
from typing import TYPE_CHECKING

from roop.errors import ShareError
from roop.share.stores import require_share_extra

if TYPE_CHECKING:
    from segno import QRCode

_SCALE = 8
"""Pixels of a module: a code of a long signed address is about 900 pixels wide."""

_QUIET_ZONE = 4
"""Modules of white around the code, as the standard asks."""


def qr_svg(address: str) -> str:
    """Return ``address`` as a QR code: one ``<svg>`` element on white.

    Raises:
        ShareError: The address is too long, or the extra is missing.
    """
    with io.BytesIO() as out:
        _code(address).save(
            out, kind="svg", scale=_SCALE, border=_QUIET_ZONE, light="#fff", xmldecl=False
        )
        return out.getvalue().decode()


def qr_png(address: str) -> bytes:
    """Return ``address`` as a QR code: a PNG file, black on white; errors as in ``qr_svg``."""
    with io.BytesIO() as out:
        _code(address).save(out, kind="png", scale=_SCALE, border=_QUIET_ZONE)
        return out.getvalue()


def qr_text(address: str) -> str:
    """Return ``address`` as a QR code of block characters; errors as in ``qr_svg``.

    Light modules are drawn, dark ones left out: it needs light letters on a dark ground.
    """
    with io.StringIO() as out:
        _code(address).terminal(out, border=2, compact=True)
        return out.getvalue()


def _code(address: str) -> "QRCode":
    require_share_extra()
    import segno
    from segno.encoder import DataOverflowError

    try:
        return segno.make(address, error="l", micro=False)
    except DataOverflowError as error:
        raise ShareError(
            f"an address of {len(address)} characters is too long for a QR code",
            hint="use a key without a session token, or a public address",
        ) from error
