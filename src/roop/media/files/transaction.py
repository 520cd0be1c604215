"""What every output is in the end: completed, or gone without a trace."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Transaction(ABC):
    """A context manager: left without an error it is committed, left with one only discarded."""

    @abstractmethod
    def commit(self) -> None:
        """Complete what was begun."""

    @abstractmethod
    def discard(self) -> None:
        """Close what is open and remove what was written; after a commit there is nothing."""

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
