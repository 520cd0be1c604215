"""Download of model files: resumable, verified, and visible only when complete."""

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
"""Called with the bytes so far and the total, if known.

It may raise to stop the download; the next one resumes it.
"""

_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "roop"}  # no compression: sizes must match
_MIN_RATE = 1024  # bytes per second; a slower server counts as stalled
_MIN_GAIN = 1 << 20  # bytes after which the retries are counted anew
_DISK_RESERVE = 64 << 20  # bytes of disk space to leave free


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Timeout and retries of a download."""

    timeout_s: float = 30.0
    """Longest time without data."""
    attempts: int = 4
    """Attempts in a row that make next to no progress, per URL."""
    pause_s: float = 1.0
    """Time between attempts."""


class _UrlError(Exception):
    """A URL does not serve the file."""


class _TooLargeError(_UrlError):
    """A URL serves more than the file can have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"is not the expected file: more than {most} bytes")


def download(
    model: Model,
    destination: Path,
    *,
    progress: DownloadProgress | None = None,
    retry: RetryPolicy | None = None,
) -> None:
    """Download ``model`` to ``destination``, which appears only when complete.

    URLs are tried in order. An incomplete download stays beside ``destination`` as a ``.part``
    file, which the next URL or a later call resumes. If several processes download the same file,
    one does and the others wait.

    Raises:
        ModelError: No URL served the file, it cannot be written, or the disk is full.
    """
    _Download(model, destination, progress or _no_progress, retry or RetryPolicy()).run()


def _no_progress(done: int, total: int | None) -> None:
    """Ignore the progress."""


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
                    self._try_urls()
        except OSError as error:
            raise ModelError(
                f"cannot write {self._destination}: {error.strerror or error}",
                hint="free some space, or choose another folder with [[models]], and try again",
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock; report another process's progress while waiting for it."""
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
            with suppress(OSError):  # Windows keeps open files; a leftover lock is harmless
                path.unlink()
            lock.release()

    def _try_urls(self) -> None:
        faults = []
        with httpx.Client(
            follow_redirects=True, timeout=self._retry.timeout_s, headers=_HEADERS
        ) as client:
            for url in self._model.urls:
                try:
                    self._download_from(client, url)
                except _UrlError as error:
                    faults.append(f"{url}: {error}")
                else:
                    return
        raise ModelError(
            f"the model {self._model.name} could not be downloaded ({'; '.join(faults)})",
            hint=f"check the network and try again, or save the file as {self._destination}",
        )

    def _download_from(self, client: httpx.Client, url: str) -> None:
        """Download from ``url``, verify, and rename the file."""
        while True:
            resumed = self._part_size() > 0
            try:
                self._stream_with_retries(client, url)
            except _TooLargeError:
                self._part.unlink(missing_ok=True)
                raise
            if self._model.matches(self._part):
                self._part.replace(self._destination)
                return
            self._part.unlink()
            if not resumed:
                raise _UrlError("is not the expected file: its sha256 differs")
            # The part from an earlier download may be at fault: start over.

    def _stream_with_retries(self, client: httpx.Client, url: str) -> None:
        """Stream ``url`` to the part file; retry as long as that makes progress."""
        left = self._retry.attempts
        while True:
            before = self._part_size()
            try:
                self._stream(client, url)
            except httpx.TransportError as error:
                left = left - 1 if self._part_size() - before < _MIN_GAIN else self._retry.attempts
                if left <= 0:
                    raise _UrlError(str(error) or type(error).__name__) from error
                time.sleep(self._retry.pause_s)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _UrlError(str(error)) from error
            else:
                return

    def _stream(self, client: httpx.Client, url: str) -> None:
        """Append the missing bytes to the part file.

        Raises:
            _UrlError: The URL does not serve the file.
            httpx.TransportError: The connection failed; a retry may help.
        """
        size = self._part_size()
        if self._model.size is not None and size == self._model.size:
            return
        headers = {"Range": f"bytes={size}-"} if size else {}
        with client.stream("GET", url, headers=headers) as response:
            start = self._body_offset(response, size)
            total = self._total(response, start)
            self._check_room(total - start if total is not None else 0)
            with self._part.open("ab" if start else "wb") as file:
                done = self._copy(response, file, start, total)
                file.flush()
                os.fsync(file.fileno())  # before the rename, or a power cut leaves an empty file
        if total is not None and done < total:
            raise httpx.ReadError(f"the connection ended after {done} of {total} bytes")

    def _body_offset(self, response: httpx.Response, size: int) -> int:
        """Return the offset in the file at which the body of ``response`` starts."""
        status = response.status_code
        if status == httpx.codes.PARTIAL_CONTENT:
            if response.headers.get("Content-Range", "").startswith(f"bytes {size}-"):
                return size
            status = httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE
        if status == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._part.unlink(missing_ok=True)
            raise httpx.ReadError("the server cannot resume the download")
        if status >= 500 or status == httpx.codes.TOO_MANY_REQUESTS:
            raise httpx.ReadError(f"HTTP {status} {response.reason_phrase}")
        if status != httpx.codes.OK:
            raise _UrlError(f"HTTP {status} {response.reason_phrase}")
        return 0

    def _total(self, response: httpx.Response, start: int) -> int | None:
        """Return the size of the file according to the catalogue or else the server."""
        length = response.headers.get("Content-Length", "")
        announced = start + int(length) if length.isdecimal() else None
        if "Content-Encoding" in response.headers:
            announced = None  # it counts encoded bytes
        size = self._model.size
        if size is not None and announced is not None and announced != size:
            raise _UrlError(f"is not the expected file: {announced} bytes instead of {size}")
        if size is None and announced is not None and announced > self._model.most_bytes:
            raise _TooLargeError(self._model.most_bytes)
        return announced if size is None else size

    def _copy(self, response: httpx.Response, file: BinaryIO, start: int, total: int | None) -> int:
        """Write the body to ``file`` and return the size of the file."""
        done = marked = checked = start
        since = time.monotonic()
        self._progress(done, total)
        for chunk in response.iter_bytes():
            file.write(chunk)
            done += len(chunk)
            self._progress(done, total)
            if done > (most := self._model.most_bytes if total is None else total):
                raise _TooLargeError(most)
            if done - checked > _MIN_GAIN:  # the size may be unknown, or others fill the disk
                checked = done
                self._check_room(0)
            if (waited := time.monotonic() - since) > self._retry.timeout_s:
                if done - marked < _MIN_RATE * waited:
                    raise httpx.ReadTimeout(f"less than {_MIN_RATE} bytes per second")
                since, marked = time.monotonic(), done
        return done

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self._part.parent).free
        if needed + _DISK_RESERVE > free:
            raise ModelError(
                f"no room for the model {self._model.name}: it needs {_megabytes(needed)}, "
                f"{_megabytes(free)} are free in {self._part.parent}",
                hint="free some space, or choose another folder with [[models]]",
            )

    def _part_size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB"
