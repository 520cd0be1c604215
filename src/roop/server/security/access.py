"""Access to the server: a token, and the cookie that a browser gets for it."""

import hashlib
import hmac
import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers

COOKIE = "roop_session"


def new_token() -> str:
    """Return a new random token."""
    return secrets.token_urlsafe(32)


class Access:
    """Checks tokens and cookies.

    The cookie only depends on the token: a browser stays signed in when the server restarts with
    the same one.

    Args:
        token: None if everybody who reaches the server may use it.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token
        self.cookie = None if token is None else _digest(token)
        """The value of the cookie."""

    @property
    def required(self) -> bool:
        """True if a token is needed."""
        return self._token is not None

    def accepts(self, token: str) -> bool:
        """Return True if this is the token."""
        return self._token is None or _same(token, self._token)

    def admits(self, headers: Headers) -> bool:
        """Return True if a request has the token or the cookie."""
        if self._token is None:
            return True
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self.accepts(token.strip())
        cookies: SimpleCookie = SimpleCookie()
        try:
            cookies.load(headers.get("cookie", ""))
        except CookieError:
            return False
        found = cookies.get(COOKIE)
        return found is not None and self.cookie is not None and _same(found.value, self.cookie)


def _digest(token: str) -> str:
    return hmac.new(token.encode(), b"roop session", hashlib.sha256).hexdigest()


def _same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
