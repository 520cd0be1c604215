"""Upload one file in parts, with progress, completely or not at all."""

import asyncio
import mimetypes
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from roop.errors import CancelledError, MediaError, RoopError, ShareError
from roop.media.files.disk import MIB, reason
from roop.share.failures import is_missing, is_refusal, translated
from roop.share.targets import Target

if TYPE_CHECKING:
    from roop.share.stores import Store

ShareWatch = Callable[[int, int], None]
"""Takes the bytes that have surely been sent and those of the whole file; called a few times a
second."""

_PART = 8 * MIB
_MOST_PARTS = 9_000
"""S3 takes 10,000."""

_AT_ONCE = 1
"""Parts that are sent at a time: what is under way when the source has ended cannot be aborted."""

_POLL_S = 0.1

_GRACE_S = 10.0
"""How long a cancelled upload may take to tell the store that its parts are to be dropped."""


def upload(
    path: Path,
    name: str,
    store: "Store",
    target: Target,
    *,
    watch: ShareWatch | None,
    cancel: threading.Event,
) -> int:
    """Upload ``path`` under ``name``; return its size.

    Must not be called in a thread that runs an event loop.

    Raises:
        CancelledError: ``cancel`` was set.
        MediaError: The file cannot be read, or changed meanwhile.
        ShareError: The store failed.

    After an error nothing is left in the store, or the hint says so.
    """
    try:
        with path.open("rb") as file:
            source = _Source(file, path)
            run = _Upload(source, name, store, target)
            try:
                with translated(target):
                    run.run(watch, cancel)
            except BaseException as error:
                if not run.refused:
                    undo(store, name, target, error, parts_left=run.parts_left)
                raise
            return source.size
    except OSError as error:
        raise MediaError(f"{path} cannot be read: {reason(error)}") from error


def remove(store: "Store", name: str, target: Target) -> None:
    """Delete ``name`` if it exists.

    Raises:
        ShareError: The store failed.
    """
    import obstore

    with translated(target):
        try:
            obstore.delete(store, name)
        except Exception as error:
            if not is_missing(error):
                raise


def undo(
    store: "Store", name: str, target: Target, error: BaseException, *, parts_left: bool = False
) -> None:
    """Remove what may have arrived before ``error``; if that fails, too, add it to the hint."""
    try:
        remove(store, name, target)
    except ShareError:
        parts_left = True
    if parts_left and isinstance(error, RoopError):
        error.add_hint(f"a part of {name} may be left there")


class _Source:
    """The parts of a file, as the library asks for them in a thread of its own."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self.size = path.stat().st_size
        self.part = max(_PART, -(-self.size // _MOST_PARTS))
        self.read = 0
        self.stopped = False

    @property
    def sent(self) -> int:
        """The bytes that must have arrived: those read, without the parts that wait or are sent."""
        return max(0, self.read - (_AT_ONCE + 1) * self.part)

    def cancelled(self) -> CancelledError:
        """Return the error to raise when the user cancels."""
        return CancelledError(
            f"cancelled: {self._path} was not shared", hint="`roop share` does it later"
        )

    def __iter__(self) -> Iterator[bytes]:
        while True:
            try:
                part = self._file.read(self.part)
            except OSError as error:
                raise MediaError(f"{self._path} cannot be read: {reason(error)}") from error
            self.read += len(part)
            if self.stopped:
                raise self.cancelled()
            if (not part and self.read != self.size) or self.read > self.size:
                raise MediaError(
                    f"{self._path} changed while it was shared", hint="share it when it is finished"
                )
            if not part:
                return
            yield part


def _run_to_end(start: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine, in a thread of its own if this one has an event loop, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(start())
        return
    with ThreadPoolExecutor(1, "roop-share") as thread:
        thread.submit(lambda: asyncio.run(start())).result()


class _Upload:
    """One upload. Its parts are dropped by the library when the source raises."""

    def __init__(self, source: _Source, name: str, store: "Store", target: Target) -> None:
        self._source = source
        self._name = name
        self._store = store
        self._target = target
        self.refused = False
        """True if the store accepted nothing."""
        self.parts_left = False
        """True if the store was not told to drop the parts."""

    def run(self, watch: ShareWatch | None, cancel: threading.Event) -> None:
        try:
            _run_to_end(lambda: self._run(watch, cancel))
        except Exception as error:
            self.refused = is_refusal(error)
            raise

    async def _run(self, watch: ShareWatch | None, cancel: threading.Event) -> None:
        source = self._source
        task = asyncio.create_task(self._put())
        try:
            while not (await asyncio.wait({task}, timeout=_POLL_S))[0]:
                if watch:
                    watch(source.sent, source.size)
                if cancel.is_set():
                    raise source.cancelled()
        except BaseException:
            await self._stop(task)
            raise
        task.result()
        if watch:
            watch(source.size, source.size)

    async def _put(self) -> None:
        import obstore

        source = self._source
        several = source.size > source.part
        kind = mimetypes.guess_type(self._name)[0] or "application/octet-stream"
        local = self._target.scheme == "file"  # has no place for a media type
        await obstore.put_async(
            self._store,
            self._name,
            iter(source) if several else b"".join(source),
            attributes=None if local else {"Content-Type": kind},
            use_multipart=several,
            chunk_size=source.part,
            max_concurrency=_AT_ONCE,
        )

    async def _stop(self, task: "asyncio.Task[None]") -> None:
        """End the upload: at the next part, or by force where none is asked for."""
        self._source.stopped = True
        several = self._source.size > self._source.part
        await asyncio.wait({task}, timeout=_GRACE_S if several else 0)
        self.parts_left = several and not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
