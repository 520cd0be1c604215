"""A value that tells others when it changes. Used in the window's thread only."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Observable(Generic[T]):
    """Holds a value.

    Args:
        value: The first one.
    """

    def __init__(self, value: T) -> None:
        self._value = value
        self._watchers: list[Callable[[T], None]] = []

    @property
    def value(self) -> T:
        """The value; watchers are called when another one is set."""
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        if value == self._value:
            return
        self._value = value
        for watcher in tuple(self._watchers):
            watcher(value)

    def watch(self, watcher: Callable[[T], None]) -> Callable[[], None]:
        """Call ``watcher`` now and after each change.

        Returns:
            A function that ends this.
        """
        self._watchers.append(watcher)
        watcher(self._value)
        return lambda: self._watchers.remove(watcher)
