"""Decoded chunks that are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

MOST_ASKED = 4096  # chunks remembered as asked for once


class ChunkCache:
    """Decoded chunks by (array, index), the least recently used go first.

    A chunk is kept from the second time on that it is asked for: at random places most never
    are, and keeping one costs as much as decoding a short one.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.reset()

    def reset(self) -> None:
        self._size = 0
        self._items: OrderedDict[Hashable, bytes] = OrderedDict()
        # Ordered: finding the oldest key of a plain dict passes over all that were deleted before it.
        self._asked: OrderedDict[Hashable, None] = OrderedDict()
        self._lock = threading.Lock()

    def wanted_again(self, key: Hashable) -> bool:
        """Whether a chunk that is not here was asked for before; from now on it was."""
        with self._lock:
            if key in self._asked:
                return True
            if len(self._asked) >= MOST_ASKED:
                self._asked.popitem(last=False)
            self._asked[key] = None
            return False

    def get(self, key: Hashable) -> bytes | None:
        with self._lock:
            item = self._items.get(key)
            if item is not None:
                self._items.move_to_end(key)
            return item

    def put(self, key: Hashable, item: bytes) -> None:
        with self._lock:
            if key not in self._items:
                self._size += len(item)
            self._items[key] = item
            while self._size > self._most:
                self._size -= len(self._items.popitem(last=False)[1])
