"""The output file: written under a hidden name, renamed when it is complete."""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from typing_extensions import override

from roop.context_managers import Transaction
from roop.errors import MediaError, UsageError
from roop.leftovers import Note
from roop.media.base import Marks
from roop.media.files.disk import writing
from roop.media.target_file import TargetFile
from roop.replacement import sync_file, sync_folder

NO_HARD_LINKS = frozenset(
    {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EINVAL, errno.EACCES}
)
"""Errors of file systems without hard links."""


class OutputFile(Transaction):
    """An output that is either complete under its name or does not exist.

    Write to ``part``. Leaving the context without an error gives the file its name; leaving it
    with an error removes what was written.
    """

    def __init__(
        self,
        path: Path,
        *,
        force: bool,
        target: TargetFile | None = None,
        marks: Marks | None = None,
        folder: Path | None = None,
    ) -> None:
        """Reserve a hidden name beside ``path``.

        Args:
            path: The final name; a symbolic link is followed.
            force: Replace the file if it exists.
            target: The input file; replacing it also needs ``force``. If it changes before the
                output is complete, there is no output.
            marks: Added to the complete file.
            folder: Where ``part`` lies, on the same disk; beside ``path`` by default.

        Raises:
            UsageError: The output exists, or is a folder.
            MediaError: The folder does not exist or is not writable.
        """
        self.path = path
        """The output, as the user named it."""
        self._final = path.resolve() if path.is_symlink() else path.absolute()
        self._force = force
        self._marks = marks
        self._target = target
        self._refuse_existing()
        suffix = "".join(path.suffixes[-1:])
        self.part = (folder or self._final.parent) / f".roop-{secrets.token_hex(6)}{suffix}"
        """The file to write: hidden, empty, with the same suffix."""
        self._note = Note(self.part)
        try:
            with writing(path):
                os.close(os.open(self.part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except MediaError:
            self._note.close()
            raise

    @override
    def commit(self) -> None:
        """Add the marks, flush the file to disk and give it its name.

        Raises:
            UsageError: Another program created the output meanwhile, and ``force`` is off.
            DiskFullError: The disk is full.
            MediaError: The target has changed, or the file system reports another error.
        """
        if self._target is not None:
            self._target.require_unchanged()
        with writing(self.path, self.part):
            if self._marks is not None:
                self._marks.write(self.part)
            sync_file(self.part)
            if self._force:
                self.part.replace(self._final)
            else:
                self._claim()
            sync_folder(self._final.parent)

    @override
    def discard(self) -> None:
        """Remove what was written; do nothing if it is gone."""
        with suppress(OSError):
            self.part.unlink(missing_ok=True)
        self._note.close()

    def _refuse_existing(self) -> None:
        target = None if self._target is None else self._target.path
        if self._final.is_dir():
            raise UsageError(f"{self.path} is a folder", hint="choose a file name in it")
        if not self._final.exists():
            return
        if not self._final.is_file():
            raise UsageError(f"{self.path} is not a regular file", hint="choose another output")
        if self._force:
            return
        if target is not None and target.exists() and target.samefile(self._final):
            raise UsageError(
                f"the output {self.path} is the target itself",
                hint="choose another output, or use [[force=True]] to replace the target",
            )
        raise self._exists()

    def _claim(self) -> None:
        """Take the final name, but never from an existing file."""
        try:
            os.link(self.part, self._final)
        except FileExistsError as error:
            raise self._exists() from error
        except OSError as error:
            if error.errno not in NO_HARD_LINKS:
                raise
            self._claim_without_link()

    def _claim_without_link(self) -> None:
        try:
            os.close(os.open(self._final, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        except FileExistsError as error:
            raise self._exists() from error
        self.part.replace(self._final)

    def _exists(self) -> UsageError:
        return UsageError(
            f"the output {self.path} exists",
            hint="use [[force=True]] to replace it, or choose another output",
        )
