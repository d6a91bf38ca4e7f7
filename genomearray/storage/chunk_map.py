"""Reading from where the chunks lie: one mechanism for HDF5 files and Zarr shards.

A :class:`ChunkedArray` asks a :class:`ChunkSource` for the compressed bytes of a chunk,
decodes them without the GIL, and fills what was never written without decoding. Reads of
many chunks are shared among threads. numba, xarray and zarr-python are not on this path.
"""

from __future__ import annotations

import itertools
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from genomearray.storage.codecs import Codec

CACHE_BYTES = 64 << 20  # decoded chunks, for the whole process
MANY_CHUNKS = 8  # from here on a read is worth threads and the map
MOST_FILES = 256


class ChunkDamage(Exception):
    """A chunk that cannot be what was written; offsets [start, end) of its array."""

    def __init__(self, start: int, end: int, cause: str) -> None:
        super().__init__(cause)
        self.start = start
        self.end = end
        self.cause = cause


class ChunkSource(Protocol):
    """Compressed chunks of one array."""

    def raw(self, index: int) -> bytes | None:
        """Bytes of a chunk, None when it is not stored; ValueError when they cannot be right."""

    def prepare(self) -> None:
        """Told before many chunks are asked for, from several threads."""

    def stored(self) -> NDArray[np.bool_]:
        """For every chunk whether it is stored."""


class Array1D(Protocol):
    """What a track reads from: ``length`` values of ``dtype``."""

    length: int
    dtype: np.dtype[Any]

    def read(self, start: int, end: int) -> NDArray[Any]:
        """Values [start, end), 0 <= start < end <= length."""


class ChunkedArray:
    """A 1-D array in chunks of one length.

    Parameters
    ----------
    length, chunk : int
        Values in the array, and in one chunk.
    codec : Codec
    fill : scalar
        Value of chunks that are not stored.
    source : ChunkSource
    expected : callable, optional
        Gives, for every chunk, whether it must be stored: absent is not lost. The others are
        not even looked for.
    """

    def __init__(
        self,
        length: int,
        chunk: int,
        codec: Codec,
        fill: Any,
        source: ChunkSource,
        expected: Callable[[], NDArray[np.bool_]] | None = None,
    ) -> None:
        self.length = length
        self.chunk = chunk
        self.dtype = codec.dtype.newbyteorder("=")
        self._codec = codec
        self._fill = fill
        self.source = source
        self._expected = expected
        self._present: NDArray[np.bool_] | None = None
        self._token = object()

    def read(self, start: int, end: int) -> NDArray[Any]:
        """Values [start, end); ChunkDamage when bytes are not what was written."""
        out = np.empty(end - start, dtype=self.dtype)
        first, last = start // self.chunk, (end - 1) // self.chunk
        if last - first < MANY_CHUNKS:
            self._read_chunks(start, end, first, last + 1, out, _cache)
            return out
        self.source.prepare()
        # A few parts a thread, so that a sparse stretch does not leave one thread with all the work.
        parts = min(4 * _workers(), last - first + 1)
        borders = np.linspace(first, last + 1, parts + 1).astype(int).tolist()
        jobs = [_pool().submit(self._read_chunks, start, end, low, high, out, None) for low, high in itertools.pairwise(borders)]
        for job in jobs:
            job.result()
        return out

    def _read_chunks(self, start: int, end: int, first: int, stop: int, out: NDArray[Any], cache: _Cache | None) -> None:
        """Put chunks [first, stop), as far as they lie in [start, end), into their place in ``out``."""
        for index in range(first, stop):
            base = index * self.chunk
            low, high = max(start, base), min(end, base + self.chunk)
            payload = cache.get((self._token, index)) if cache else None
            if payload is None:
                payload = self._payload(index)
                if cache and payload is not None:
                    cache.put((self._token, index), payload)
            part = out[low - start : high - start]
            if payload is None:
                part[:] = self._fill
            else:
                self._codec.values(payload, low - base, high - base, part)

    def _payload(self, index: int) -> bytes | None:
        """Decoded bytes of a chunk, None for one that holds nothing but fill."""
        if self._expected is not None:
            if self._present is None:
                self._present = self._expected()
            if not self._present[index]:
                return None
        start = index * self.chunk
        try:
            raw = self.source.raw(index)
            if raw is None:
                raise ValueError("the chunk is missing from the store")
            return self._codec.payload(raw)
        except (ValueError, OSError, RuntimeError) as error:
            raise ChunkDamage(start, min(start + self.chunk, self.length), str(error)) from error


class _Cache:
    """Decoded chunks by (array, index), the least recently used go first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.reset()

    def reset(self) -> None:
        self._size = 0
        self._items: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

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


class OpenFile:
    """A file descriptor that is closed when nobody holds it any more."""

    def __init__(self, path: str | os.PathLike[str], folder: int | None = None) -> None:
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
        weakref.finalize(self, os.close, self.fd)

    def read(self, size: int, offset: int) -> bytes:
        """Exactly ``size`` bytes at ``offset``; ValueError when the file ends before."""
        data = os.pread(self.fd, size, offset)
        if len(data) != size:
            raise ValueError(f"the file is cut: {size} bytes wanted at byte {offset}, {len(data)} are there")
        return data

    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self.fd).st_size

    def inode(self) -> tuple[int, int]:
        """Device and inode: another file under the same path has others."""
        status = os.fstat(self.fd)
        return status.st_dev, status.st_ino


class OpenFiles:
    """The shards of all open stores; the least recently used are closed first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.reset()

    def reset(self) -> None:
        """Forget all files."""
        self._files: OrderedDict[Hashable, OpenFile] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, opener: Callable[[], OpenFile]) -> OpenFile:
        """The open file of a key. Whoever holds it may read, even if it is dropped here."""
        with self._lock:
            file = self._files.get(key)
            if file is not None:
                self._files.move_to_end(key)
                return file
        file = opener()
        with self._lock:
            self._files[key] = file
            if len(self._files) > self._most:
                self._files.popitem(last=False)
        return file


def _workers() -> int:
    return min(8, os.cpu_count() or 1)


def _pool() -> ThreadPoolExecutor:
    global _threads  # noqa: PLW0603 - one pool of reading threads for the process
    with _pool_lock:
        if _threads is None:
            _threads = ThreadPoolExecutor(_workers(), thread_name_prefix="genomearray-read")
        return _threads


def _reset() -> None:
    """In a forked child: threads are gone, and locks may be held by nobody."""
    global _threads, _pool_lock
    _threads, _pool_lock = None, threading.Lock()
    _cache.reset()
    open_files.reset()


_threads: ThreadPoolExecutor | None = None
_pool_lock = threading.Lock()
_cache = _Cache(CACHE_BYTES)
open_files = OpenFiles(MOST_FILES)
os.register_at_fork(after_in_child=_reset)
