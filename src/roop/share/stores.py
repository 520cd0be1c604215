"""Open the store of a target."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from roop.errors import ShareError
from roop.options import ShareOptions
from roop.share.access import S3Access, S3Key, require_key, s3_access, supabase_access
from roop.share.failures import translated
from roop.share.targets import Target

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, LocalStore, S3Store

    Store = S3Store | GCSStore | AzureStore | LocalStore

_RETRY: Any = {
    "max_retries": 4,
    "retry_timeout": timedelta(seconds=60),
    "backoff": {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=5)},
}

_PART_TIMEOUT = timedelta(minutes=5)
"""For one request: 0.25 Mbit/s is enough for a part of 8 MiB."""

_PUBLIC = {
    "s3": "https://{bucket}.s3.{region}.amazonaws.com/{key}",
    "supabase": "https://{account}.supabase.co/storage/v1/object/public/{bucket}/{key}",
    "gs": "https://storage.googleapis.com/{bucket}/{key}",
    "az": "https://{account}.blob.core.windows.net/{bucket}/{key}",
}
_PUBLIC_AT_ENDPOINT = {
    "s3": "{endpoint}/{bucket}/{key}",
    "supabase": "{endpoint}/storage/v1/object/public/{bucket}/{key}",
    "gs": "{endpoint}/{bucket}/{key}",
    "az": "{endpoint}/{bucket}/{key}",
}


def require_share_extra() -> None:
    """Raise if the libraries of the extra are missing.

    Raises:
        ShareError: They are.
    """
    try:
        import obstore  # noqa: F401
        import segno  # noqa: F401
    except ImportError as error:
        raise ShareError(
            f"sharing needs {error.name}, which is not installed", hint="pip install 'roop[share]'"
        ) from error


def open_store(target: Target, options: ShareOptions) -> "Store":
    """Return the store of ``target``; nothing is sent yet.

    Raises:
        UsageError: There is no key to it.
        ShareError: Its folder is missing, or so is the extra.
    """
    require_share_extra()
    from obstore import store

    if target.scheme == "file":
        if not target.folder.is_dir():
            raise ShareError(
                f"the folder {target.folder} does not exist", hint="create it, or name another"
            )
        return store.LocalStore(target.folder)
    prefix = target.prefix or None
    with translated(target):
        if target.scheme == "gs":
            require_key(target)
            base: Any = {"base_url": options.endpoint} if options.endpoint else {}
            shared = {"client_options": _client(options.endpoint), "retry_config": _RETRY}
            return store.GCSStore(target.bucket, prefix=prefix, **shared, **base)
        if target.scheme == "az":
            return _azure(target, options)
        return _s3(target, _access(target, options))


def public_address(target: Target, options: ShareOptions, name: str) -> str:
    """Return the address of ``name`` in a public bucket."""
    key = quote(target.key(name))
    if options.public_address:
        return options.public_address.replace("{name}", quote(name))
    fields = {"account": target.account, "bucket": target.bucket, "key": key}
    if target.scheme == "s3":
        access = s3_access(options)
        fields["region"] = access.region or "us-east-1"
        endpoint = access.endpoint
    else:
        endpoint = options.endpoint and options.endpoint.rstrip("/")
    if endpoint:
        return _PUBLIC_AT_ENDPOINT[target.scheme].format(endpoint=endpoint, **fields)
    return _PUBLIC[target.scheme].format(**fields)


def _access(target: Target, options: ShareOptions) -> S3Access:
    return supabase_access(options, target.account) if target.account else s3_access(options)


def _s3(target: Target, access: S3Access) -> "S3Store":
    from obstore.store import S3Store

    if access.key is None:
        require_key(target)
    more: Any = {"disable_bulk_delete": True, "region": access.region or "us-east-1"}
    if access.endpoint:  # this name of it, for AWS_ENDPOINT_URL_S3 would win over the other
        more["aws_endpoint_url_s3"] = access.endpoint
    if access.key:  # as a provider, or a token from the environment would be joined to it
        more["credential_provider"] = _provider(access.key)
    return S3Store(
        target.bucket,
        prefix=target.prefix or None,
        client_options=_client(access.endpoint),
        retry_config=_RETRY,
        **more,
    )


def _provider(key: S3Key) -> Any:  # noqa: ANN401 - the library's protocol
    def credentials() -> dict[str, Any]:
        return {
            "access_key_id": key.access_key,
            "secret_access_key": key.secret_key,
            "token": key.session_token,
            "expires_at": None,
        }

    return credentials


def _azure(target: Target, options: ShareOptions) -> "AzureStore":
    from obstore.store import AzureStore

    more: Any = {"endpoint": options.endpoint} if options.endpoint else {}
    if options.secret_key:
        more["account_key"] = options.secret_key.get_secret_value()
    else:
        require_key(target)
    return AzureStore(
        target.bucket,
        prefix=target.prefix or None,
        account_name=target.account,
        client_options=_client(options.endpoint),
        retry_config=_RETRY,
        **more,
    )


def _client(endpoint: str | None) -> Any:  # noqa: ANN401 - the library's dictionary
    """Plain HTTP is used only where the person wrote it."""
    return {
        "allow_http": bool(endpoint and endpoint.startswith("http://")),
        "connect_timeout": timedelta(seconds=10),
        "timeout": _PART_TIMEOUT,
    }
