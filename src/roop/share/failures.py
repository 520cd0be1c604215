"""Translate the errors of stores and of their library, without secrets."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from roop.errors import RoopError, ShareError
from roop.share.access import no_key
from roop.share.targets import Target

_STATUS = re.compile(r"\b([345]\d\d) [A-Z]")
_CODE = re.compile(r"<Code>(\w+)</Code>")
_HOST = re.compile(r"https?://([^/\s?]+)")

_KEY_CODES = frozenset(
    (
        *("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"),
        *("AuthenticationFailed", "InvalidClientTokenId", "AuthorizationHeaderMalformed"),
    )
)
_FULL_CODES = frozenset(
    (
        *("QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "StorageFull"),
        *("EntityTooLarge", "InsufficientCapacity", "QuotaExceededError"),
    )
)
_FULL_STATUS = frozenset({413, 507})
_NO_KEY = ("169.254.169.254", "169.254.170.2", "token request", "signing blob")
"""Words in the library's messages when it finds no key."""

_CHECK_KEY = "check the key, its rights and the region; `roop config` says where they are set"


@contextmanager
def translated(target: Target) -> Iterator[None]:
    """Turn errors of the library into a ShareError about ``target``.

    Its messages quote servers, which repeat key names and signatures: they are neither shown nor
    chained, because ``--debug`` prints the chain.

    Raises:
        ShareError: The block failed in the library or in the system.
    """
    try:
        yield
    except RoopError:
        raise
    except Exception as error:
        from obstore.exceptions import BaseError

        if not isinstance(error, BaseError | OSError | ValueError | NotImplementedError):
            raise
        raise _explained(error, target) from None


def is_missing(error: Exception) -> bool:
    """Return True if the library says that there is no such object or bucket."""
    return isinstance(error, FileNotFoundError)


def is_refusal(error: Exception) -> bool:
    """Return True if the store refused the request, so that nothing was stored."""
    text = str(error)
    status = _STATUS.search(text)
    refused = status is not None and status[1].startswith("4")
    return is_missing(error) or refused or _lacks_key(text)


def _lacks_key(text: str) -> bool:
    return any(word in text.partition("\n")[0] for word in _NO_KEY)


def _explained(error: Exception, target: Target) -> ShareError:
    """Return the ShareError for an error of the library."""
    text = str(error)
    if target.scheme == "file":
        return _folder_failed(text, target)
    found_code, found_status = _CODE.search(text), _STATUS.search(text)
    code = found_code[1] if found_code else ""
    status = int(found_status[1]) if found_status else 0
    first_line = text.partition("\n")[0]
    if _lacks_key(text):
        return no_key(target)
    if code in _FULL_CODES or status in _FULL_STATUS:
        return ShareError(
            f"{target} has no room for it ({code or f'HTTP {status}'})",
            hint="delete something there, or raise its limits",
        )
    if code in _KEY_CODES or status == 401:
        return ShareError(f"{target} refused the key ({code or 'HTTP 401'})", hint=_CHECK_KEY)
    if status == 403:
        return ShareError(f"{target} refused access ({code or 'HTTP 403'})", hint=_CHECK_KEY)
    if is_missing(error):
        return ShareError(
            f"{target} does not exist ({code or 'HTTP 404'})",
            hint="create the bucket, or check its name, the region and the endpoint",
        )
    return _unavailable(first_line, target, code, status)


def _unavailable(text: str, target: Target, code: str, status: int) -> ShareError:
    host = _HOST.search(text)
    where = f" at {host[1]}" if host else ""
    if status:
        said = f"HTTP {status}" + (f", {code}" if code else "")
        hint = "try again later; if that does not help, check the region and the endpoint"
        return ShareError(f"{target} answered with an error{where}: {said}", hint=hint)
    if host:
        return ShareError(
            f"the connection to {target} failed{where}",
            hint="check the network and the endpoint, then try again",
        )
    return ShareError(
        f"{target} cannot be used: {_plain(text)}", hint="check its address and the settings"
    )


def _folder_failed(text: str, target: Target) -> ShareError:
    found = re.search(r'message: "([^"]+)"', text) or re.search(r": ([^:]+) \(os error", text)
    why = found[1] if found else _plain(text)
    return ShareError(
        f"{target.folder} cannot be written: {why[:1].lower()}{why[1:]}",
        hint="check the folder's permissions and the space on its disk",
    )


def _plain(text: str) -> str:
    """Return the first words of a text that names no key, without addresses and markup."""
    return re.sub(r"https?://\S+|<.*", "", text.partition("\n")[0])[:120].strip(" :-.")
