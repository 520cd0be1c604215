"""A self-signed certificate, for https in a local network."""

import ipaddress
import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from roop.media.files.disk import writing
from roop.replacement import replacing

_VALID = timedelta(days=365)
_LEAST = timedelta(days=30)
"""A certificate that expires sooner is replaced."""


def certificate_for(folder: Path, hosts: Iterable[str]) -> tuple[Path, Path]:
    """Return a self-signed certificate and its key, created or replaced if necessary.

    Args:
        folder: Where they are stored.
        hosts: Names and addresses that it is valid for.

    Raises:
        MediaError: They cannot be written.
    """
    certificate, key = folder / "tls.pem", folder / "tls-key.pem"
    names = frozenset(hosts)
    if not (key.is_file() and _suits(certificate, names)):
        with writing(certificate):
            folder.mkdir(parents=True, exist_ok=True)
            _make(certificate, key, sorted(names))
    return certificate, key


def fingerprint_of(certificate: Path) -> str:
    """Return the SHA-256 fingerprint, which users can compare with the browser's."""
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    return found.fingerprint(hashes.SHA256()).hex(":").upper()


def _suits(certificate: Path, names: frozenset[str]) -> bool:
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    present = {str(each.value) for each in extension.value}
    return names <= present and found.not_valid_after_utc - datetime.now(UTC) > _LEAST


def _make(certificate: Path, key: Path, names: list[str]) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "roop serve")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _VALID)
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    with replacing(key, mode=0o600) as part:
        part.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    with replacing(certificate) as part:
        part.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    os.chmod(key, 0o600)  # noqa: PTH101 - the same file system call as above


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
