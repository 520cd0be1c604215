"""The secret of this machine that authenticates the records of finished segments."""

import hashlib
import hmac
import secrets
from contextlib import suppress

from roop.home import user_folder
from roop.replacement import replacing

_LENGTH = 32
_NO_HOME = b"roop without a home"


def authenticate(content: bytes) -> str:
    """Return the code that only this user on this machine can compute for ``content``.

    Without a home folder, where no secret can be kept, anybody can.
    """
    return hmac.new(_key(), content, hashlib.sha256).hexdigest()


def _key() -> bytes:
    path = user_folder() / "segments.key"
    with suppress(OSError):
        key = path.read_bytes()
        if len(key) == _LENGTH:
            return key
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, mode=0o600) as part:
            part.write_bytes(secrets.token_bytes(_LENGTH))
        return path.read_bytes()
    except OSError:
        return _NO_HOME
