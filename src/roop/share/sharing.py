"""Share a file, list what was shared, delete it."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

from roop.errors import CancelledError, UsageError
from roop.options import ShareOptions
from roop.share.addresses import address_of
from roop.share.failures import is_missing, translated
from roop.share.records import SharedFile, forget, recall, recall_all, remember
from roop.share.stores import open_store, require_share_extra
from roop.share.targets import Target, is_shared_name, new_name, parse_target
from roop.share.upload import ShareWatch, remove, undo, upload


@dataclass(frozen=True, slots=True)
class Shared:
    """The result of sharing a file."""

    address: str
    """Anyone who has it can fetch the file."""
    expires_at: datetime | None
    """When the address expires; None if it works until the file is deleted."""
    name: str
    """For ``delete_shared``."""
    target: str
    size: int
    """In bytes."""
    warnings: tuple[str, ...] = ()


def share(
    path: str | PathLike[str],
    target: str | None = None,
    options: ShareOptions | None = None,
    *,
    watch: ShareWatch | None = None,
    cancel: threading.Event | None = None,
) -> Shared:
    """Upload an output of roop and return the address to fetch it from.

    Must not be called in a thread that runs an event loop.

    Args:
        path: The file; ``roop verify`` must find roop's marks in it.
        target: Where to, such as ``s3://BUCKET/PREFIX``; ``options.to`` by default.
        options: For how long and with whose key; the environment of this process's cloud tools
            is read where they name no key.
        watch: Receives the progress a few times a second.
        cancel: Set it from another thread to stop.

    Raises:
        RoopError: It could not be shared, and nothing is left there; if something may be, the
            hint says so.
    """
    options, cancel = options or ShareOptions(), cancel or threading.Event()
    place = check_target(target, options)
    path = Path(path)
    store = open_store(place, options)
    _require_marks(path)
    if cancel.is_set():
        raise CancelledError(f"cancelled: {path} was not shared")
    name = new_name(path)
    size = upload(path, name, store, place, watch=watch, cancel=cancel)
    try:
        address = address_of(name, store, place, options)
    except BaseException as error:
        undo(store, name, place, error)
        raise
    record = SharedFile(
        name, str(place), size, datetime.now(UTC), address.url, address.expires_at, path.absolute()
    )
    warnings = [warning for warning in (address.warning, _remember(record)) if warning]
    return Shared(address.url, address.expires_at, name, str(place), size, tuple(warnings))


def check_target(target: str | None, options: ShareOptions) -> Target:
    """Return the target, checked before any work begins.

    Raises:
        UsageError: There is none, or its address is invalid.
        ShareError: The extra is not installed.
    """
    address = target or options.to
    if address is None:
        raise UsageError("there is no address to share to", hint="name one, such as s3://BUCKET")
    place = parse_target(address)
    require_share_extra()
    return place


def find_shared(path: Path, options: ShareOptions) -> Shared | None:
    """Return the address under which a file is already shared; None if there is none.

    Args:
        path: The file; if it was written after it was shared, that does not count.
        options: Where it should be shared, and whether in public.
    """
    target = str(check_target(None, options))
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
    for record in recall_all():
        same = record.file == path.absolute() and record.target == target
        lasting = options.public or target.startswith("file:")
        valid = record.expires_at is None if lasting else _is_ahead(record.expires_at)
        if same and valid and record.shared_at > written and record.address:
            return Shared(record.address, record.expires_at, record.name, target, record.size)
    return None


def _is_ahead(time: datetime | None) -> bool:
    return time is not None and time > datetime.now(UTC)


def list_shared(target: str | None = None, options: ShareOptions | None = None) -> list[SharedFile]:
    """Return what was shared, the latest first.

    Args:
        target: List the files in this store, shared from any machine. By default, list those
            shared from this machine, without asking a store.
        options: With whose key.

    Raises:
        RoopError: The store cannot be listed.
    """
    if target is None:
        return recall_all()
    options = options or ShareOptions()
    place = check_target(target, options)
    store = open_store(place, options)
    import obstore

    with translated(place):
        objects = obstore.list_with_delimiter(store)["objects"]
    found = []
    for entry in objects:
        name = entry["path"].rpartition("/")[2]
        if is_shared_name(name):
            known = recall(name) or SharedFile(
                name, str(place), entry["size"], entry["last_modified"], None, None, None
            )
            found.append(known)
    return sorted(found, key=lambda shared: shared.shared_at, reverse=True)


def delete_shared(
    name: str, target: str | None = None, options: ShareOptions | None = None
) -> None:
    """Delete the file shared under ``name``; its address stops working.

    Args:
        name: As ``share`` and ``list_shared`` return it.
        target: Where it is; from the record of this machine by default.
        options: With whose key.

    Raises:
        UsageError: Nothing of that name was shared.
        RoopError: The store failed.
    """
    record = recall(name) if is_shared_name(name) else None
    if not is_shared_name(name) or (record is None and target is None):
        raise UsageError(
            f"nothing called {name!r} was shared from here",
            hint="see `roop share --list`; for a file from another machine, add [[to=ADDRESS]]",
        )
    options = options or ShareOptions()
    place = check_target(target or (record.target if record else None), options)
    store = open_store(place, options)
    if not _is_there(store, name, place) and record is None:
        raise UsageError(f"there is no {name} in {place}", hint="list what is there")
    remove(store, name, place)
    forget(name)


def _is_there(store: "object", name: str, place: Target) -> bool:
    import obstore

    with translated(place):
        try:
            obstore.head(store, name)  # type: ignore[arg-type] # a store of any kind
        except Exception as error:
            if is_missing(error):
                return False
            raise
    return True


def _require_marks(path: Path) -> None:
    from roop.share.marked import require_marks  # loads networks, which lists do without

    require_marks(path)


def _remember(record: SharedFile) -> str | None:
    """Write the record; return a warning if it cannot be written: the file is shared."""
    try:
        remember(record)
    except OSError:
        return f"{record.name} is not in the list of what was shared, which cannot be written"
    return None
