"""Make the address of a shared file: signed or public."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from roop.errors import ShareError
from roop.options import ShareOptions
from roop.share.failures import translated
from roop.share.stores import public_address
from roop.share.targets import Target

if TYPE_CHECKING:
    from roop.share.stores import Store

_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a shared file."""

    url: str
    expires_at: datetime | None
    """None if it works until the file is deleted."""
    warning: str | None = None


def address_of(name: str, store: "Store", target: Target, options: ShareOptions) -> Address:
    """Return the address of ``name``: signed and expiring, or public if requested.

    Raises:
        ShareError: It cannot be signed, or the bucket is not public.
    """
    from obstore import sign
    from obstore.store import LocalStore

    if isinstance(store, LocalStore):
        if options.public_address:
            return Address(public_address(target, options, name), None)
        return Address((target.folder / name).as_uri(), None)
    if options.public:
        url = public_address(target, options, name)
        return Address(url, None, _fault_of(url, target))
    expires_at = datetime.now(UTC).replace(microsecond=0) + options.expires
    with translated(target):
        return Address(sign(store, "GET", name, options.expires), expires_at)


def _fault_of(url: str, target: Target) -> str | None:
    """Fetch one byte without a key; return a warning if that cannot be checked.

    Raises:
        ShareError: It cannot be fetched without a key.
    """
    try:
        with httpx.stream(
            "GET", url, headers={"Range": "bytes=0-0"}, timeout=_TIMEOUT_S, follow_redirects=True
        ) as response:
            status = response.status_code
    except httpx.HTTPError:
        return f"whether {url} works could not be checked from here"
    if status < 400:
        return None
    raise ShareError(
        f"{target} is not public: its address answers HTTP {status}",
        hint="make the bucket public, or share without [[public]]: the address then expires",
    )
