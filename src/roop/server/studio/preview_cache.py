"""The latest previews, for browsers to fetch as images."""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from roop.server.storage.ids import new_id

_MOST = 64
"""Most previews that are kept."""

_AGE_S = 600.0
"""How long one is kept."""


@dataclass(frozen=True, slots=True)
class CachedPreview:
    """One frame before and after, as JPEGs."""

    before: bytes
    after: bytes
    created: float


class PreviewCache:
    """Keeps the latest previews in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._previews: OrderedDict[str, CachedPreview] = OrderedDict()

    def add(self, before: bytes, after: bytes) -> str:
        """Keep a preview; return its id."""
        id = new_id()
        with self._lock:
            self._previews[id] = CachedPreview(before, after, time.monotonic())
            while len(self._previews) > _MOST:
                self._previews.popitem(last=False)
        return id

    def get(self, id: str) -> CachedPreview | None:
        """Return a preview, None if it is gone."""
        with self._lock:
            return self._previews.get(id)

    def sweep(self) -> None:
        """Forget previews that are old."""
        limit = time.monotonic() - _AGE_S
        with self._lock:
            for id in [id for id, shown in self._previews.items() if shown.created < limit]:
                del self._previews[id]

    def clear(self) -> None:
        """Forget all previews."""
        with self._lock:
            self._previews.clear()
