import datetime
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from outputs import make, store

from roop.errors import MediaError, UsageError
from roop.options import Settings
from roop.provenance.signer import local_signer

PEM = serialization.Encoding.PEM


def test_the_key_is_private_and_lasts(tmp_path: Path) -> None:
    warnings: list[str] = []
    chain, key = local_signer(tmp_path / "keys", warnings.append)
    assert local_signer(tmp_path / "keys", warnings.append) == (chain, key)
    assert warnings == []
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    (file,) = (tmp_path / "keys").glob("*.pem")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    leaf, root = x509.load_pem_x509_certificates(chain)
    leaf.verify_directly_issued_by(root)
    assert leaf.not_valid_after_utc.year >= datetime.date.today().year + 25
    private = serialization.load_pem_private_key(key, None)
    assert private.public_key() == leaf.public_key()


def test_two_programs_at_once_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: local_signer(tmp_path / "keys", print), range(8)))
    assert len(set(found)) == 1


def test_a_key_that_cannot_be_kept_serves_once(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    warnings: list[str] = []
    chain, _ = local_signer(blocked / "keys", warnings.append)
    assert len(x509.load_pem_x509_certificates(chain)) == 2
    assert "cannot be kept" in warnings[0]


def test_the_first_output_makes_the_key(face: Path, tmp_path: Path, keys: Path) -> None:
    make(face, face, tmp_path / "one.png")
    before = (keys / "signer.pem").read_bytes()
    make(face, face, tmp_path / "two.png")
    assert (keys / "signer.pem").read_bytes() == before


def own(folder: Path, *, usable: bool) -> tuple[Path, Path]:
    """Write a certificate of somebody called Ann, and its key."""
    key, root = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
    now = datetime.datetime.now(datetime.UTC)
    ann = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ann Films"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Ann"),
        ]
    )
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Authority")])
    purposes = ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.SERVER_AUTH
    use = purposes[0 if usable else 1]
    certificate = (
        x509.CertificateBuilder(
            issuer, ann, key.public_key(), 7, now, now.replace(year=now.year + 2)
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(True, False, False, False, False, False, False, False, False), True
        )
        .add_extension(x509.ExtendedKeyUsage([use]), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key()), False)
        .sign(root, hashes.SHA384())
    )
    (folder / "ann.pem").write_bytes(certificate.public_bytes(PEM))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "ann.key").write_bytes(key.private_bytes(PEM, form, plain))
    return folder / "ann.pem", folder / "ann.key"


def test_a_certificate_of_ones_own(face: Path, tmp_path: Path, keys: Path) -> None:
    certificate, key = own(tmp_path, usable=True)
    settings = Settings(signing_certificate=certificate, signing_key=key)
    make(face, face, tmp_path / "out.png", settings)
    state, content = store((tmp_path / "out.png").read_bytes())
    assert state == "Valid"
    assert "Ann Films" in content
    assert not keys.exists()


def test_a_certificate_without_its_key(face: Path, tmp_path: Path) -> None:
    certificate, key = own(tmp_path, usable=True)
    _, other = local_signer(tmp_path / "keys", print)
    (tmp_path / "other.key").write_bytes(other)
    for settings, words in (
        (Settings(signing_certificate=certificate), "needs its key"),
        (Settings(signing_certificate=certificate, signing_key=certificate), "cannot be used"),
        (Settings(signing_certificate=tmp_path / "no.pem", signing_key=key), "cannot be used"),
        (Settings(signing_certificate=certificate, signing_key=tmp_path / "other.key"), "not the"),
    ):
        with pytest.raises(UsageError, match=words):
            make(face, face, tmp_path / "out.png", settings)
    assert not (tmp_path / "out.png").exists()


def test_an_output_that_cannot_be_signed_is_not_made(face: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    certificate, key = own(tmp_path, usable=False)
    settings = Settings(signing_certificate=certificate, signing_key=key)
    with pytest.raises(MediaError, match="cannot be signed"):
        make(face, face, folder / "out.png", settings)
    assert list(folder.iterdir()) == []
