"""The certificates of network cameras: who is trusted, and what is wrong with one."""

import socket
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

_PORTS = {"https": 443, "rtsps": 322}

_TIMEOUT_S = 3.0


def is_encrypted(url: str) -> bool:
    """Return whether the camera at ``url`` has a certificate."""
    return urlsplit(url).scheme.lower() in _PORTS


def trusted_authorities() -> str | None:
    """Return the file of the authorities that the system trusts; None if it keeps no file.

    ``SSL_CERT_FILE`` names another one.
    """
    return ssl.get_default_verify_paths().cafile


def certificate_fault(url: str) -> str | None:
    """Return why the certificate at ``url`` is not trusted, None if it is or nobody answers.

    FFmpeg checks certificates, but does not tell what is wrong with one.
    """
    parts = urlsplit(url)
    context = ssl.create_default_context()
    with suppress(OSError, ValueError):
        where = parts.hostname or "", parts.port or _PORTS[parts.scheme.lower()]
        with socket.create_connection(where, _TIMEOUT_S) as connection:
            try:
                with context.wrap_socket(connection, server_hostname=parts.hostname):
                    return None
            except ssl.SSLCertVerificationError as error:
                return error.verify_message.rstrip(".")
    return None
