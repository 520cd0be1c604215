"""Base classes of context managers: they close, stop a thread, or commit and discard."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from typing_extensions import override


class Closing(ABC):
    """A context manager that calls ``close`` when it is left."""

    @abstractmethod
    def close(self) -> None:
        """Release what is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Background(Closing):
    """A context manager that runs a thread until it is left.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._stop = threading.Event()
        """Set when the thread is to end."""
        self._thread = threading.Thread(target=self._run, name=name)

    @abstractmethod
    def _run(self) -> None:
        """Work in the thread until ``_stop`` is set."""

    @override
    def __enter__(self) -> Self:
        self._thread.start()
        return self

    @override
    def close(self) -> None:
        """Stop the thread and wait for its end."""
        self._stop.set()
        self._thread.join()


class Transaction(ABC):
    """A context manager that commits when it is left without an error, and discards otherwise."""

    @abstractmethod
    def commit(self) -> None:
        """Complete the output."""

    @abstractmethod
    def discard(self) -> None:
        """Close what is open and remove what was written; do nothing after a commit."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.discard()
