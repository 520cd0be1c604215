"""The key that signs outputs: generated locally on first use, or the user's own."""

import datetime
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from filelock import FileLock

from roop.errors import UsageError
from roop.home import user_folder
from roop.options import Settings
from roop.replacement import replacing
from roop.types import Warn

FILENAME = "signer.pem"
"""The file with the private key, its certificate and that of the local authority."""

_YEARS = 30
"""Validity of certificates: signatures without a time stamp become invalid with them."""

_RELEASE_DATE = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
"""Earlier than any release: a clock before it is wrong."""

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
"""C2PA's algorithms by the curve of the key."""


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its certificate chain."""

    algorithm: str
    """The signature algorithm, by C2PA's name."""
    chain: bytes
    """PEM certificates, the signer's first."""
    key: bytes = field(repr=False)
    """PEM, PKCS 8, not encrypted."""
    timestamp_server: str | None = None


def choose_signer(settings: Settings, warn: Warn) -> Signer:
    """Return the user's signer if ``settings`` name one, else this machine's.

    Raises:
        UsageError: The user's certificate or key cannot be used.
    """
    if settings.signing_certificate or settings.signing_key:
        return _custom_signer(settings)
    chain, key = local_signer(user_folder() / "signing", warn)
    return Signer("es256", chain, key, settings.timestamp_server)


def local_signer(folder: Path, warn: Warn) -> tuple[bytes, bytes]:
    """Return this machine's certificate chain and key; generate them if necessary.

    Args:
        folder: Where to store them, readable by this user only.
        warn: Called with a message if the stored key is unusable and replaced, or if the key
            cannot be stored and is used only once.
    """
    path = folder / FILENAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(folder / f"{FILENAME}.lock"):
            signer = _load(path)
            if signer is None:
                if path.exists():
                    warn(f"the signing key {path} was damaged or has expired: created a new one")
                signer = _generate()
                with replacing(path, mode=0o600) as part:
                    part.write_bytes(b"".join(reversed(signer)))
            return signer
    except OSError as error:
        warn(f"the signing key cannot be stored in {folder} ({error.strerror}): it is used once")
        return _generate()


def _load(path: Path) -> tuple[bytes, bytes] | None:
    """Return the certificate chain and key in a file, None if they cannot sign."""
    if not path.exists():
        return None
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        path.chmod(0o600)  # a restored backup may be readable by others
    content = path.read_bytes()
    split = content.find(b"-----BEGIN CERTIFICATE")
    chain, key = content[split:], content[:split]
    try:
        leaf, root = x509.load_pem_x509_certificates(chain)
        leaf.verify_directly_issued_by(root)
        private = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return None
    now = datetime.datetime.now(datetime.UTC)
    valid = leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc
    return (chain, key) if valid and private.public_key() == leaf.public_key() else None


def _generate() -> tuple[bytes, bytes]:
    """Generate a certificate chain and the key of its first certificate.

    The authority's key is discarded: it signs nothing else.
    """
    now = datetime.datetime.now(datetime.UTC)
    start = min(now - datetime.timedelta(days=1), _RELEASE_DATE)
    end = max(now, _RELEASE_DATE) + datetime.timedelta(days=365 * _YEARS)
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer, subject = _name("roop local authority"), _name("roop on one machine")
    number = x509.random_serial_number
    root = x509.CertificateBuilder(issuer, issuer, authority.public_key(), number(), start, end)
    leaf = x509.CertificateBuilder(issuer, subject, key.public_key(), number(), start, end)
    root = (
        root.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), critical=False
        )
    )
    leaf = (
        leaf.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()),
            critical=False,
        )
    )
    pem = serialization.Encoding.PEM
    chain = b"".join(
        part.sign(authority, hashes.SHA256()).public_bytes(pem) for part in (leaf, root)
    )
    plain = serialization.NoEncryption()
    return chain, key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)


def _name(common: str) -> x509.Name:
    """Return a name that reveals nothing about the user or the machine."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "roop"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _custom_signer(settings: Settings) -> Signer:
    certificate, key = settings.signing_certificate, settings.signing_key
    if certificate is None or key is None:
        raise UsageError(
            "a signing certificate needs its key, and a key its certificate",
            hint="give both [[signing_certificate]] and [[signing_key]]",
        )
    try:
        chain, secret = certificate.read_bytes(), key.read_bytes()
        first = x509.load_pem_x509_certificates(chain)[0]
        private = serialization.load_pem_private_key(secret, password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(
            f"cannot sign with {certificate} and {key}: {error}",
            hint="both must be PEM files, and the key must have no password",
        ) from error
    if private.public_key() != first.public_key():
        raise UsageError(
            f"{key} is not the key of the first certificate in {certificate}",
            hint="the signer's certificate must come first",
        )
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = private.private_bytes(pem, form, plain)
    return Signer(_algorithm(private, key), chain, secret, settings.timestamp_server)


def _algorithm(key: object, path: Path) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    raise UsageError(
        f"{path}: C2PA does not support a {type(key).__name__}",
        hint="use a P-256, P-384, P-521, Ed25519 or RSA key",
    )
