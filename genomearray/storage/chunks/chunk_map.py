"""Reading from where the chunks lie: one mechanism for HDF5 files and Zarr shards.

A :class:`ChunkedArray` asks a :class:`ChunkSource` for the compressed bytes of a chunk,
decodes them without the GIL, and fills what was never written without decoding. Reads of
many chunks are shared among threads. xarray and zarr-python are not on this path.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from genomearray.executor import workers
from genomearray.reference.intervals import ragged_index
from genomearray.source import gather_spans
from genomearray.storage.chunks.codecs import DEST, FILE, HIGH, JOB_COLUMNS, LOW, OFFSET, SIZE, STEP, Codec
from genomearray.storage.chunks.open_files import ForkSafeLock, open_files

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

CACHE_BYTES = 64 << 20  # decoded chunks, for the whole process
MOST_ASKED = 4096  # chunks remembered as asked for once
MANY_CHUNKS = 8  # from here on a read does not go through the cache
PART_CHUNKS = 24  # work for a thread is at least so many chunks: waking one takes 100 us
MOST_PART = 4096  # and at most so many: the places of a part are bytes in memory
MISSING = "the chunk is missing from the store"


class ChunkDamage(Exception):
    """A chunk that cannot be what was written; offsets [start, end) of its array."""

    def __init__(self, start: int, end: int, cause: str) -> None:
        super().__init__(cause)
        self.start = start
        self.end = end
        self.cause = cause


class ChunkPlaces(NamedTuple):
    """Where the compressed bytes of some chunks lie; size 0: not stored."""

    file: NDArray[np.int64] | int  # descriptor, -1: in ``data``
    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    data: bytes = b""
    keep: object = None  # whatever must stay open meanwhile


class ChunkFile(Protocol):
    """A file with chunks in it: local (a descriptor) or remote (-1)."""

    fd: int

    def read(self, size: int, offset: int) -> bytes: ...
    def fetch(
        self, offsets: NDArray[np.int64], sizes: NDArray[np.int64]
    ) -> tuple[bytes, NDArray[np.int64]]: ...


def places_in(
    files: list[ChunkFile], of: NDArray[np.int64], offset: NDArray[np.int64], size: NDArray[np.int64]
) -> ChunkPlaces:
    """Places of chunks, the k-th in ``files[of[k]]``; what is not local is fetched."""
    if all(file.fd >= 0 for file in files):
        return ChunkPlaces(
            np.array([file.fd for file in files], dtype=np.int64)[of], offset, size, keep=files
        )
    data, begin = [], np.zeros(offset.size, dtype=np.int64)
    have = 0
    for k, file in enumerate(files):
        here = np.flatnonzero((of == k) & (size > 0))
        if here.size:
            part, where = file.fetch(offset[here], size[here])
            data.append(part)
            begin[here] = where + have
            have += len(part)
    return ChunkPlaces(-1, begin, size, b"".join(data))


class ChunkSource(Protocol):
    """Compressed chunks of one array."""

    def raw(self, index: int) -> bytes | None:
        """Bytes of a chunk, None when it is not stored; ValueError when they cannot be right."""

    def place(self, index: int) -> tuple[ChunkFile, int, int] | None:
        """File, byte offset and size (0: not stored) of a chunk; None when only its bytes can be had."""

    def places(self, indexes: NDArray[np.int64]) -> ChunkPlaces:
        """Where many chunks lie; may be asked from several threads."""

    def stored(self) -> NDArray[np.bool_]:
        """For every chunk whether it is stored."""


class Array1D(Protocol):
    """What a track reads from: ``length`` values of ``dtype``."""

    length: int
    dtype: np.dtype[Any]

    def holds(self, start: int, end: int) -> bool:
        """Whether [start, end) may hold anything but the fill value."""

    def read(self, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values [start, end), 0 <= start < end <= length."""

    def gather(
        self,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        out: NDArray[Any],
        dest: NDArray[np.int64] | None = None,
        step: NDArray[np.int64] | None = None,
        threads: bool = True,
    ) -> None:
        """Put the values of many intervals into ``out``; see :meth:`ChunkedArray.gather`."""


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
        Gives, for every chunk, whether it must be stored: not stored is not lost. The others are
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
        self._fill = np.array([fill], dtype=self.dtype)
        self.source = source
        self._expected = expected
        self._present: NDArray[np.bool_] | None = None
        self._token = object()

    def read(self, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values [start, end); ChunkDamage when bytes are not what was written."""
        out = np.empty(end - start, dtype=self.dtype)
        chunk = self.chunk
        first, last = start // chunk, (end - 1) // chunk
        if last - first < MANY_CHUNKS:
            for index in range(first, last + 1):
                base = index * chunk
                self._read_chunk(
                    index, max(start - base, 0), min(end - base, chunk), out, max(base - start, 0)
                )
        else:
            self.gather(np.array([start]), np.array([end]), out, threads=threads)
        return out

    def gather(
        self,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        out: NDArray[Any],
        dest: NDArray[np.int64] | None = None,
        step: NDArray[np.int64] | None = None,
        threads: bool = True,
    ) -> None:
        """Put the values of many intervals [start, end) into ``out``; each chunk is decoded once.

        Parameters
        ----------
        starts, ends : ndarray of int64, shape (n,)
            0 <= start < end <= length. They may overlap and come in any order.
        out : ndarray, dtype of the array, contiguous
        dest : ndarray of int64, shape (n,), optional
            Where in ``out`` (as if flat) the value at ``start`` goes. Default: 0.
        step : ndarray of int64, shape (n,), optional
            1 or -1: the direction in ``out`` from there on. Default: 1.
        threads : bool
            Share the work; False where the caller is one of several threads.
        """
        jobs, index = self._jobs(starts, ends, 0 if dest is None else dest, 1 if step is None else step)
        (low, high), *others = self._parts(index) if threads else [(0, index.size)]
        if not others:
            self._decode(jobs, index, out)
            return
        from concurrent.futures import wait

        tasks = [_pool().submit(self._decode, jobs[a:b], index[a:b], out) for a, b in others]
        try:
            self._decode(jobs[low:high], index[low:high], out)
        finally:
            wait(tasks)  # they write into out
        for task in tasks:
            task.result()

    def _jobs(
        self,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        dest: NDArray[np.int64] | int,
        step: NDArray[np.int64] | int,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The intervals cut at the borders of chunks, in order of chunks; and the chunk of each piece."""
        chunk = self.chunk
        first = starts // chunk
        counts = (ends - 1) // chunk - first + 1
        of = np.repeat(np.arange(starts.size), counts)
        index = ragged_index(counts, first)
        base = index * chunk
        jobs = np.empty((of.size, JOB_COLUMNS), dtype=np.int64)
        low = np.maximum(starts[of] - base, 0)
        jobs[:, LOW] = low
        jobs[:, HIGH] = np.minimum(ends[of] - base, chunk)
        jobs[:, STEP] = step if isinstance(step, int) else step[of]
        jobs[:, DEST] = (dest if isinstance(dest, int) else dest[of]) + (base + low - starts[of]) * jobs[
            :, STEP
        ]
        if starts.size > 1:
            order = np.argsort(index, kind="stable")
            return jobs[order], index[order]
        return jobs, index

    def _parts(self, index: NDArray[np.int64]) -> list[tuple[int, int]]:
        """Jobs [low, high) for one thread each; a chunk is never in two of them.

        A few parts a thread, so that a sparse stretch does not leave one thread with all the work.
        """
        if index.size < 2 * PART_CHUNKS:
            return [(0, index.size)]
        changes = np.flatnonzero(index[1:] != index[:-1]) + 1
        n = min(max((changes.size + 1) // PART_CHUNKS, 1), 4 * workers()) if workers() > 1 else 1
        if (changes.size + 1) // n > MOST_PART:
            n = (changes.size + 1) // MOST_PART
        borders = [0, *changes[np.arange(1, n) * (changes.size + 1) // n - 1].tolist(), index.size]
        return list(itertools.pairwise(borders))

    def _decode(self, jobs: NDArray[np.int64], index: NDArray[np.int64], out: NDArray[Any]) -> None:
        """Fill in where the chunks of some jobs lie, and run them."""
        needed = self._needed()
        wanted = np.ones(index.size, dtype=bool) if needed is None else needed[index]
        try:
            places = self.source.places(index[wanted])
        except (ValueError, OSError, RuntimeError) as error:
            raise self._damage(int(index[wanted][0]), str(error)) from error
        jobs[:, FILE], jobs[:, OFFSET], jobs[:, SIZE] = -1, 0, 0
        jobs[wanted, FILE], jobs[wanted, OFFSET], jobs[wanted, SIZE] = places.file, places.offset, places.size
        if not places.size.all():
            raise self._damage(int(index[wanted][np.argmin(places.size)]), MISSING)
        failed = self._codec.decode(jobs, places.data, self._fill, out)
        if failed is not None:
            raise self._damage(int(index[failed[0]]), failed[1])

    def _read_chunk(self, index: int, low: int, high: int, out: NDArray[Any], dest: int) -> None:
        """Values [low, high) of a chunk, through the cache of decoded chunks."""
        key = (self._token, index)
        payload = _cache.get(key)
        if payload is None:
            needed = self._needed()
            if needed is not None and not needed[index]:
                out[dest : dest + high - low] = self._fill
                return
            try:
                place = self.source.place(index)
                if place is not None and place[2] and place[0].fd >= 0 and not _cache.wanted_again(key):
                    self._codec.read(place[0].fd, place[1], place[2], low, high, out, dest)
                    return
                raw = self.source.raw(index)
                if raw is None:
                    raise ValueError(MISSING)
                payload = self._codec.payload(raw)
            except (ValueError, OSError, RuntimeError) as error:
                raise self._damage(index, str(error)) from error
            _cache.put(key, payload)
        self._codec.values(payload, low, high, out, dest)

    def holds(self, start: int, end: int) -> bool:
        """Whether any chunk of [start, end) holds data, as far as is known without reading it."""
        needed = self._needed()
        return needed is None or bool(needed[start // self.chunk : -(-end // self.chunk)].any())

    def expect(self, present: NDArray[np.bool_]) -> None:
        """Say for every chunk whether it must be stored, instead of who would know."""
        self._present = present

    def _needed(self) -> NDArray[np.bool_] | None:
        """For every chunk whether it must be stored; None: all."""
        if self._present is None and self._expected is not None:
            self._present = self._expected()
        return self._present

    def _damage(self, index: int, cause: str) -> ChunkDamage:
        start = index * self.chunk
        return ChunkDamage(start, min(start + self.chunk, self.length), cause)


class PlainArray:
    """An array that another library reads: codecs or a layout that the chunk map does not know.

    Parameters
    ----------
    length : int
    dtype : numpy dtype
        In native byte order.
    take : callable
        Gives the values [start, end).
    """

    def __init__(self, length: int, dtype: np.dtype[Any], take: Callable[[int, int], Any]) -> None:
        self.length = length
        self.dtype = dtype
        self._take = take

    def holds(self, start: int, end: int) -> bool:
        """Unknown: yes."""
        return True

    def read(self, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values [start, end); ChunkDamage when they cannot be read."""
        try:
            return np.asarray(self._take(start, end), dtype=self.dtype)
        except (ValueError, OSError, RuntimeError) as error:
            raise ChunkDamage(start, end, str(error)) from error

    def gather(
        self,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        out: NDArray[Any],
        dest: NDArray[np.int64] | None = None,
        step: NDArray[np.int64] | None = None,
        threads: bool = True,
    ) -> None:
        """Put the values of many intervals into ``out``; see :meth:`ChunkedArray.gather`."""
        gather_spans(
            self.read, starts, ends, out, np.zeros(starts.size, np.int64) if dest is None else dest, step
        )


class _Cache:
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
        self._asked: dict[Hashable, None] = {}
        self._lock = threading.Lock()

    def wanted_again(self, key: Hashable) -> bool:
        """Whether a chunk that is not here was asked for before; from now on it was."""
        with self._lock:
            if key in self._asked:
                return True
            if len(self._asked) >= MOST_ASKED:
                del self._asked[next(iter(self._asked))]
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


def _pool() -> ThreadPoolExecutor:
    global _threads  # noqa: PLW0603 - one pool of reading threads for the process
    with _pool_lock:
        if _threads is None:
            from concurrent.futures import ThreadPoolExecutor

            _threads = ThreadPoolExecutor(workers(), thread_name_prefix="genomearray-read")
        return _threads


def _reset() -> None:
    """In a forked child: threads are gone, and locks may be held by nobody."""
    global _threads, _pool_lock
    _threads, _pool_lock = None, threading.Lock()
    _cache.reset()
    open_files.reset()
    ForkSafeLock.renew()


_threads: ThreadPoolExecutor | None = None
_pool_lock = threading.Lock()
_cache = _Cache(CACHE_BYTES)


os.register_at_fork(after_in_child=_reset)
