"""Find the keys to a store: in the options, then where the cloud's own tools look."""

import configparser
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from roop.errors import ShareError, UsageError
from roop.options import ShareOptions
from roop.share.targets import Target

_KEY_VARIABLES = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY", "AWS_CONTAINER_", "AWS_METADATA_", "AWS_SKIP_"),
    "gs": ("GOOGLE_",),
    "az": ("AZURE_", "IDENTITY_"),
}
"""How the variables begin that say where a key is."""

_METADATA_HOST = "169.254.169.254"
"""Where the machines of all three clouds ask for their own keys."""

_METADATA_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class S3Key:
    """A key to an S3-compatible store."""

    access_key: str
    secret_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return "S3Key(...)"  # a traceback or a log must not hold it


@dataclass(frozen=True, slots=True)
class S3Access:
    """What is needed to open a bucket besides its name."""

    key: S3Key | None
    """None: the library finds one (environment, container, web identity, instance)."""
    region: str | None
    endpoint: str | None
    """None for Amazon's own."""


def s3_access(options: ShareOptions, environment: Mapping[str, str] = os.environ) -> S3Access:
    """Return the access to S3, as the AWS command line would find it.

    Args:
        options: Those of the user; they win.
        environment: The process's, which names files and profiles, too.

    Raises:
        UsageError: The chosen profile does not exist.
    """
    region = options.region or _first(environment, "AWS_REGION", "AWS_DEFAULT_REGION")
    endpoint = options.endpoint or _first(environment, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    key = key_of(options)
    if key is None and "AWS_ACCESS_KEY_ID" not in environment:
        profile = environment.get("AWS_PROFILE") or "default"
        key = _profile_key(profile, environment)
        region = region or _profile_region(profile, environment)
    return S3Access(key, region, endpoint.rstrip("/") if endpoint else None)


def supabase_access(options: ShareOptions, project: str) -> S3Access:
    """Return the access to the S3 endpoint of a Supabase project.

    The environment of AWS is left alone: its keys belong to another store.

    Raises:
        UsageError: No key is set.
    """
    key = key_of(options)
    if key is None:
        raise UsageError(
            f"there is no key for supabase://{project}",
            hint="make one in the project's settings (Storage, S3) and set it as access_key and "
            "secret_key (docs/share.md)",
        )
    base = options.endpoint or f"https://{project}.storage.supabase.co"
    endpoint = f"{base.rstrip('/')}/storage/v1/s3"
    return S3Access(key, options.region, endpoint)


def require_key(target: Target, environment: Mapping[str, str] = os.environ) -> None:
    """Raise at once if only the machine itself could have a key, and it is none of the cloud's.

    The library would ask the cloud's address for machines again and again, for a minute.

    Raises:
        ShareError: There is no key.
    """
    if any(name.startswith(_KEY_VARIABLES[target.scheme]) for name in environment):
        return
    if target.scheme == "gs" and _google_file(environment).is_file():
        return
    try:
        socket.create_connection((_METADATA_HOST, 80), timeout=_METADATA_TIMEOUT_S).close()
    except OSError:
        raise no_key(target) from None


def no_key(target: Target) -> ShareError:
    """Return the error if no key to ``target`` was found."""
    return ShareError(f"no key was found for {target}", hint="set one: docs/share.md")


def _google_file(environment: Mapping[str, str]) -> Path:
    """Return where ``gcloud auth application-default login`` stores a key."""
    folder = environment.get("APPDATA") or "~/.config"
    return Path(folder).expanduser() / "gcloud" / "application_default_credentials.json"


def key_of(options: ShareOptions) -> S3Key | None:
    """Return the key in the options, None if there is none."""
    if options.access_key is None or options.secret_key is None:
        return None
    token = options.session_token
    return S3Key(
        options.access_key.get_secret_value(),
        options.secret_key.get_secret_value(),
        token.get_secret_value() if token else None,
    )


def _profile_key(profile: str, environment: Mapping[str, str]) -> S3Key | None:
    path = environment.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    found = _section(path, profile) or _config_section(profile, environment)
    if found is None and environment.get("AWS_PROFILE"):
        raise UsageError(
            f"the AWS profile {profile!r} does not exist", hint="check AWS_PROFILE, or unset it"
        )
    names = ("aws_access_key_id", "aws_secret_access_key")
    if found is None or any(name not in found for name in names):
        return None
    access, secret = (found[name] for name in names)
    return S3Key(access, secret, found.get("aws_session_token"))


def _profile_region(profile: str, environment: Mapping[str, str]) -> str | None:
    return (_config_section(profile, environment) or {}).get("region")


def _config_section(profile: str, environment: Mapping[str, str]) -> Mapping[str, str] | None:
    path = environment.get("AWS_CONFIG_FILE", "~/.aws/config")
    return _section(path, profile if profile == "default" else f"profile {profile}")


def _section(path: str, name: str) -> Mapping[str, str] | None:
    parser = configparser.RawConfigParser()
    try:
        parser.read(Path(path).expanduser(), encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return None  # of another program: what is wrong with it is that program's to say
    return dict(parser[name]) if parser.has_section(name) else None


def _first(environment: Mapping[str, str], *names: str) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)
