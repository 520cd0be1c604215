import datetime
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import ValidationError

from roop.errors import UsageError
from roop.options import Settings
from roop.provenance.signer import local_signer
from support.outputs import make, store

PEM = serialization.Encoding.PEM
SHA256 = hashes.SHA256()


def test_the_key_is_private_and_persistent(tmp_path: Path) -> None:
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


def test_concurrent_threads_get_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: local_signer(tmp_path / "keys", print), range(8)))
    assert len(set(found)) == 1


def test_a_key_that_cannot_be_stored_is_used_once(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    warnings: list[str] = []
    chain, _ = local_signer(blocked / "keys", warnings.append)
    assert len(x509.load_pem_x509_certificates(chain)) == 2
    assert "cannot be stored" in warnings[0]


@pytest.mark.parametrize("damage", ["empty", "cut", "text", "another key", "expired"])
def test_an_unusable_key_is_replaced(tmp_path: Path, damage: str) -> None:
    chain, key = local_signer(tmp_path / "keys", print)
    path = tmp_path / "keys" / "signer.pem"
    content = {
        "empty": b"",
        "cut": path.read_bytes()[:300],
        "text": b"no key at all",
        "another key": local_signer(tmp_path / "others", print)[1] + chain,
        "expired": b"".join(expired()),
    }[damage]
    path.write_bytes(content)
    warnings: list[str] = []
    made = local_signer(tmp_path / "keys", warnings.append)
    assert made not in ((chain, key), (b"", b""))
    assert len(warnings) == 1
    assert "was damaged or has expired" in warnings[0]
    assert local_signer(tmp_path / "keys", warnings.append) == made
    assert len(warnings) == 1


def test_permissions_of_the_key_are_restricted_again(tmp_path: Path) -> None:
    before = local_signer(tmp_path / "keys", print)
    path = tmp_path / "keys" / "signer.pem"
    path.chmod(0o644)
    assert local_signer(tmp_path / "keys", print) == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_a_home_the_key_is_used_once(
    face: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs with an unknown user ID."""

    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    (warning,) = make(face, face, tmp_path / "out.png").warnings
    assert "cannot be stored" in warning
    assert store((tmp_path / "out.png").read_bytes())[0] == "Valid"
    assert list((tmp_path / "work").iterdir()) == []


def test_a_key_made_with_a_wrong_clock_is_valid_today(tmp_path: Path) -> None:
    program = (
        "import datetime, sys\nfrom pathlib import Path\n"
        "class Clock(datetime.datetime):\n"
        "    @classmethod\n"
        "    def now(cls, zone=None): return cls(1980, 1, 1, tzinfo=zone)\n"
        "datetime.datetime = Clock\n"
        "from roop.provenance.signer import local_signer\n"
        "local_signer(Path(sys.argv[1]), print)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "keys")], check=True)
    warnings: list[str] = []
    chain, _ = local_signer(tmp_path / "keys", warnings.append)
    leaf = x509.load_pem_x509_certificates(chain)[0]
    assert leaf.not_valid_before_utc.year == 1979
    assert leaf.not_valid_after_utc.year > 2050
    assert warnings == []


def test_concurrent_processes_get_the_same_key(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from roop.provenance.signer import local_signer\n"
        "sys.stdin.read()\n"
        "sys.stdout.buffer.write(local_signer(Path(sys.argv[1]), print)[1])\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "keys")]
    pipe = subprocess.PIPE
    both = [subprocess.Popen(command, stdin=pipe, stdout=pipe) for _ in range(2)]
    for process in both:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    keys = {process.communicate(timeout=300)[0] for process in both}
    assert len(keys) == 1
    assert b"PRIVATE KEY" in keys.pop()


def expired() -> tuple[bytes, bytes]:
    """Return the key and certificates of an expired signer."""
    key, root = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "roop")])
    days = datetime.datetime(2020, 1, 1), datetime.datetime(2021, 1, 1)
    certificates = [
        x509.CertificateBuilder(name, name, owner.public_key(), 7, *days).sign(root, SHA256)
        for owner in (key, root)
    ]
    chain = b"".join(certificate.public_bytes(PEM) for certificate in certificates)
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(PEM, form, plain), chain


def test_the_first_output_creates_the_key(face: Path, tmp_path: Path, keys: Path) -> None:
    make(face, face, tmp_path / "one.png")
    before = (keys / "signer.pem").read_bytes()
    make(face, face, tmp_path / "two.png")
    assert (keys / "signer.pem").read_bytes() == before


def write_certificate(folder: Path, *, usable: bool) -> tuple[Path, Path]:
    """Write a certificate for Ann and its key; it is for servers unless ``usable``."""
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


def test_outputs_are_signed_with_the_users_certificate(
    face: Path, tmp_path: Path, keys: Path
) -> None:
    certificate, key = write_certificate(tmp_path, usable=True)
    settings = Settings(signing_certificate=certificate, signing_key=key)
    make(face, face, tmp_path / "out.png", settings)
    state, content = store((tmp_path / "out.png").read_bytes())
    assert state == "Valid"
    assert "Ann Films" in content
    assert not keys.exists()


def test_an_incomplete_or_wrong_pair_of_certificate_and_key_is_rejected(
    face: Path, tmp_path: Path
) -> None:
    certificate, key = write_certificate(tmp_path, usable=True)
    _, other = local_signer(tmp_path / "keys", print)
    (tmp_path / "other.key").write_bytes(other)
    for settings, message in (
        (Settings(signing_certificate=certificate), "needs its key"),
        (Settings(signing_certificate=certificate, signing_key=certificate), "cannot sign with"),
        (Settings(signing_certificate=tmp_path / "no.pem", signing_key=key), "cannot sign with"),
        (Settings(signing_certificate=certificate, signing_key=tmp_path / "other.key"), "not the"),
    ):
        with pytest.raises(UsageError, match=message):
            make(face, face, tmp_path / "out.png", settings)
    assert not (tmp_path / "out.png").exists()


def test_a_certificate_that_cannot_sign_is_rejected_before_the_job(
    face: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    certificate, key = write_certificate(tmp_path, usable=False)
    settings = Settings(signing_certificate=certificate, signing_key=key)
    with pytest.raises(UsageError, match="the certificate cannot sign") as caught:
        make(tmp_path / "no such source.png", face, folder / "out.png", settings)  # not even read
    assert "must be valid today" in (caught.value.hint or "")
    assert list(folder.iterdir()) == []


def test_without_a_time_stamp_server_the_output_is_still_signed(face: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
    (warning,) = make(face, face, tmp_path / "x.png", Settings(timestamp_server=address)).warnings
    assert warning == f"{address} gave no time stamp: the output is signed without one"
    assert store((tmp_path / "x.png").read_bytes())[0] == "Valid"


def test_an_invalid_address_of_a_time_stamp_server_is_rejected() -> None:
    with pytest.raises(ValidationError, match="timestamp_server"):
        Settings(timestamp_server="freetsa")
