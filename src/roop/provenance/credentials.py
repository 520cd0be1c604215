"""Content credentials (C2PA): sign finished files, and read the credentials of any file."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import c2pa
from PIL import Image

from roop.errors import MediaError, UsageError
from roop.provenance.signer import Signer
from roop.provenance.xmp import SOURCE_TYPE, Statement

FORMATS = {
    ".apng": "image/png",
    ".avi": "video/avi",
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jfif": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
}
"""Media types by extension, for files that can be signed. Matroska, WebM and BMP cannot."""

_ENGINE, _MODELS = "org.roop.engine", "org.roop.models"
"""Names of our own parameters in the action."""

_SETTINGS = {
    "builder": {"thumbnail": {"enabled": False}},  # it could show the original face
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},  # no network access
    # Hash videos in chunks and buffer on disk; otherwise the file would be in memory twice.
    "core": {"merkle_tree_chunk_size_in_kb": 1024, "backing_store_memory_threshold_in_mb": 32},
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """The content credentials of a file, and whether they are valid."""

    intact: bool
    """True if the file has not changed since it was signed."""
    trusted: bool
    """True if a trusted authority vouches for the signer."""
    signer: str
    """Organisation and name in the certificate; unverified unless ``trusted``."""
    signed_at: str | None
    """Time according to a time-stamp server."""
    software: str
    actions: tuple[str, ...]
    source_type: str | None
    """The IPTC digital source type, a URL, of the first action with one."""
    engine: str | None
    models: tuple[str, ...]
    """The networks that roop used; empty for other software."""
    faults: tuple[str, ...]
    """C2PA's codes of failed checks."""


def sign(path: Path, statement: Statement, signer: Signer) -> None:
    """Sign a finished file in place; its extension must be in ``FORMATS``.

    Raises:
        MediaError: The file cannot be signed.
    """
    signed = path.with_name(f"{path.name}.signed")
    info = c2pa.C2paSignerInfo(signer.algorithm, signer.chain, signer.key, signer.timestamp_server)
    try:
        with (
            _translating_errors(path, "signed"),
            c2pa.Context.from_dict(_SETTINGS) as context,
            c2pa.Builder(_manifest(statement), context=context) as builder,
            c2pa.Signer.from_info(info) as c2pa_signer,
            path.open("rb") as source,
            signed.open("w+b") as destination,
        ):
            builder.sign(c2pa_signer, FORMATS[path.suffix.lower()], source, destination)
        signed.replace(path)
    finally:
        signed.unlink(missing_ok=True)


def check_signer(signer: Signer, statement: Statement) -> None:
    """Sign an image of one pixel, so that errors show up before hours of work.

    Raises:
        UsageError: The certificate or the key cannot sign.
    """
    pixel = io.BytesIO()
    Image.new("L", (1, 1)).save(pixel, "PNG")
    info = c2pa.C2paSignerInfo(signer.algorithm, signer.chain, signer.key, None)
    try:
        with (
            c2pa.Context.from_dict(_SETTINGS) as context,
            c2pa.Builder(_manifest(statement), context=context) as builder,
            c2pa.Signer.from_info(info) as c2pa_signer,
        ):
            builder.sign(c2pa_signer, "image/png", pixel, io.BytesIO())
    except c2pa.C2paError as error:
        raise UsageError(
            f"the certificate cannot sign: {_reason(error)}",
            hint="it must be valid today and allow signing of e-mails or documents",
        ) from error


def read(path: Path) -> Credentials | None:
    """Return the content credentials of a file, None if it has none.

    Raises:
        MediaError: The credentials are damaged.
    """
    with (
        _translating_errors(path, "read"),
        c2pa.Context.from_dict(_SETTINGS) as context,
        path.open("rb") as file,
    ):
        try:
            reader = c2pa.Reader(FORMATS.get(path.suffix.lower()), file, context=context)
        except (c2pa.C2paError.ManifestNotFound, c2pa.C2paError.NotSupported):
            return None
        with reader:
            store: dict[str, Any] = json.loads(reader.json())
    return _credentials(store)


def _manifest(statement: Statement) -> dict[str, Any]:
    agent = {"name": statement.software, "version": statement.version}
    action = {
        "action": "c2pa.created",
        "digitalSourceType": SOURCE_TYPE,
        "softwareAgent": agent,
        "description": statement.sentence,
        "parameters": {_ENGINE: statement.engine, _MODELS: list(statement.models)},
    }
    return {
        "claim_generator_info": [agent],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }


def _credentials(store: dict[str, Any]) -> Credentials:
    manifest = store["manifests"][store["active_manifest"]]
    signature = manifest.get("signature_info") or {}
    actions = list(_actions(manifest))
    parameters = [action.get("parameters") or {} for action in actions]
    makers = manifest.get("claim_generator_info") or [{}]
    faults = [status["code"] for status in store.get("validation_status") or ()]
    return Credentials(
        intact=store.get("validation_state") in ("Valid", "Trusted"),
        trusted=store.get("validation_state") == "Trusted",
        signer=_join(signature.get("issuer"), signature.get("common_name")),
        signed_at=signature.get("time"),
        software=_join(makers[0].get("name"), makers[0].get("version"), separator=" "),
        actions=tuple(str(action.get("action")) for action in actions),
        source_type=next(
            (a["digitalSourceType"] for a in actions if "digitalSourceType" in a), None
        ),
        engine=next((str(p[_ENGINE]) for p in parameters if _ENGINE in p), None),
        models=tuple(str(name) for p in parameters for name in p.get(_MODELS) or ()),
        faults=tuple(code for code in faults if code != "signingCredential.untrusted"),
    )


def _actions(manifest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in manifest.get("assertions") or ():
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            yield from (assertion.get("data") or {}).get("actions") or ()


def _join(*words: str | None, separator: str = ": ") -> str:
    return separator.join(word for word in words if word)


@contextmanager
def _translating_errors(path: Path, verb: str) -> Iterator[None]:
    try:
        yield
    except c2pa.C2paError as error:
        raise MediaError(
            f"the content credentials of {path.name} cannot be {verb}: {_reason(error)}",
            hint="check your certificate and the time-stamp server"
            if verb == "signed"
            else "the file is damaged",
        ) from error


def _reason(error: c2pa.C2paError) -> str:
    return " ".join(str(error).split())[:200]
