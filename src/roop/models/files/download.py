"""Fetch one model file: resumed, checked, and never half there under its own name."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpx
from filelock import FileLock, Timeout

from roop.errors import ModelError
from roop.models.catalogue import Model

DownloadProgress = Callable[[int, int | None], None]
"""Takes the bytes that are here and the bytes in all, where known.

It may raise to stop the download: what is here stays for the next time.
"""

_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "roop"}  # sizes and ranges of plain bytes
_MIN_RATE = 1024  # bytes a second; below it a server counts as hanging
_MIN_GAIN = 1 << 20  # bytes that make an attempt worth another one
_DISK_RESERVE = 64 << 20  # bytes that a download leaves free on the disk


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a download bears with a server."""

    timeout_s: float = 30.0
    """The longest silence."""
    tries: int = 4
    """Attempts at one address in a row that bring next to nothing."""
    pause_s: float = 1.0
    """The wait before another attempt."""


class _AddressError(Exception):
    """An address cannot give the file."""


def download(
    model: Model,
    destination: Path,
    *,
    progress: DownloadProgress | None = None,
    retry: RetryPolicy | None = None,
) -> None:
    """Download ``model`` to ``destination``, which appears only when it is whole.

    Addresses are tried in order. What an attempt brought stays beside ``destination`` as a
    ``.part``, and any address (or a later call) goes on from there. Of several processes that ask
    at once one downloads; the others wait for it.

    Raises:
        ModelError: No address gave the file, it cannot be written, or the disk has no room.
    """
    _Download(model, destination, progress or _no_progress, retry or RetryPolicy()).run()


def _no_progress(done: int, total: int | None) -> None:
    """Report nothing."""


class _Download:
    def __init__(
        self, model: Model, destination: Path, progress: DownloadProgress, retry: RetryPolicy
    ) -> None:
        self._model = model
        self._destination = destination
        self._part = destination.with_name(destination.name + ".part")
        self._progress = progress
        self._retry = retry

    def run(self) -> None:
        try:
            self._destination.parent.mkdir(parents=True, exist_ok=True)
            with self._locked():
                if not (self._destination.exists() and self._model.matches(self._destination)):
                    self._try_addresses()
        except OSError as error:
            raise ModelError(
                f"cannot write {self._destination}: {error.strerror or error}",
                hint="free some space or choose another folder for models, then run this again",
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock, after reporting the other process's progress while waiting for it."""
        path = self._destination.with_name(self._destination.name + ".lock")
        lock = FileLock(path)
        while not lock.is_locked:
            try:
                lock.acquire(timeout=0.5)
            except Timeout:
                self._progress(self._part_size(), self._model.size)
        try:
            yield
        finally:
            with suppress(OSError):  # Windows keeps an open file; a lock file left does no harm
                path.unlink()
            lock.release()

    def _try_addresses(self) -> None:
        faults = []
        with httpx.Client(
            follow_redirects=True, timeout=self._retry.timeout_s, headers=_HEADERS
        ) as client:
            for address in self._model.addresses:
                try:
                    self._download_from(client, address)
                except _AddressError as error:
                    faults.append(f"{address}: {error}")
                else:
                    return
        raise ModelError(
            f"the model {self._model.name} could not be downloaded ({'; '.join(faults)})",
            hint=f"check the network and run this again, or put the file at {self._destination}",
        )

    def _download_from(self, client: httpx.Client, address: str) -> None:
        """Download from ``address``, check, and give the file its name."""
        while True:
            resumed = self._part_size() > 0
            self._stream_with_retries(client, address)
            if self._model.matches(self._part):
                self._part.replace(self._destination)
                return
            self._part.unlink()
            if not resumed:
                raise _AddressError("is not the expected file: its sha256 differs")
            # The fault may lie in the part that was here before: once more from the start.

    def _stream_with_retries(self, client: httpx.Client, address: str) -> None:
        """Stream ``address`` into the part file, again and again while that gets further."""
        left = self._retry.tries
        while True:
            before = self._part_size()
            try:
                self._stream(client, address)
            except httpx.TransportError as error:
                left = left - 1 if self._part_size() - before < _MIN_GAIN else self._retry.tries
                if left <= 0:
                    raise _AddressError(str(error) or type(error).__name__) from error
                time.sleep(self._retry.pause_s)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _AddressError(str(error)) from error
            else:
                return

    def _stream(self, client: httpx.Client, address: str) -> None:
        """Append what is missing to the part file.

        Raises:
            _AddressError: The address has no such file.
            httpx.TransportError: The connection failed; another attempt may get further.
        """
        size = self._part_size()
        if self._model.size is not None and size == self._model.size:
            return
        headers = {"Range": f"bytes={size}-"} if size else {}
        with client.stream("GET", address, headers=headers) as response:
            start = self._body_offset(response, size)
            total = self._total(response, start)
            self._check_room(total - start if total is not None else 0)
            with self._part.open("ab" if start else "wb") as file:
                done = self._copy(response, file, start, total)
                file.flush()
                os.fsync(file.fileno())  # or a power cut could leave the name without the bytes
        if total is not None and done < total:
            raise httpx.ReadError(f"the connection ended after {done} of {total} bytes")

    def _body_offset(self, response: httpx.Response, size: int) -> int:
        """Return the offset at which the body of ``response`` begins."""
        status = response.status_code
        if status == httpx.codes.PARTIAL_CONTENT:
            if response.headers.get("Content-Range", "").startswith(f"bytes {size}-"):
                return size
            status = httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE
        if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._part.unlink(missing_ok=True)
            raise httpx.ReadError("the server cannot go on where the download stopped")
        if status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS:
            raise httpx.ReadError(f"HTTP {status} {response.reason_phrase}")
        if status != httpx.codes.OK:
            raise _AddressError(f"HTTP {status} {response.reason_phrase}")
        return 0

    def _total(self, response: httpx.Response, start: int) -> int | None:
        """Return the size of the whole file, as the catalogue or else the server says."""
        length = response.headers.get("Content-Length", "")
        announced = start + int(length) if length.isdecimal() else None
        if "Content-Encoding" in response.headers:
            announced = None  # the length of other bytes than those that arrive
        size = self._model.size
        if size is not None and announced is not None and announced != size:
            raise _AddressError(f"is not the expected file: {announced} bytes instead of {size}")
        return announced if size is None else size

    def _copy(self, response: httpx.Response, file: BinaryIO, start: int, total: int | None) -> int:
        """Write the body to ``file`` and return the size of the file so far."""
        done = marked = start
        since = time.monotonic()
        self._progress(done, total)
        for chunk in response.iter_bytes():
            file.write(chunk)
            done += len(chunk)
            self._progress(done, total)
            if total is not None and done > total:
                raise _AddressError(f"is not the expected file: more than {total} bytes")
            if (waited := time.monotonic() - since) > self._retry.timeout_s:
                if done - marked < _MIN_RATE * waited:
                    raise httpx.ReadTimeout(f"less than {_MIN_RATE} bytes a second")
                since, marked = time.monotonic(), done
        return done

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self._part.parent).free
        if needed + _DISK_RESERVE > free:
            raise ModelError(
                f"no room for the model {self._model.name}: it needs {_megabytes(needed)}, "
                f"{_megabytes(free)} are free in {self._part.parent}",
                hint="free some space or choose another folder for models",
            )

    def _part_size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
