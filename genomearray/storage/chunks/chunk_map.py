"""Reading from where the chunks lie: one mechanism for HDF5 files and Zarr shards.

A :class:`ChunkedArray` asks a :class:`ChunkSource` for the compressed bytes of a chunk,
decodes them without the GIL, and fills what was never written without decoding. Reads of
many chunks are shared among threads. xarray and zarr-python are not on this path.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from genomearray.source import gather_spans
from genomearray.storage.chunks.chunk_cache import ChunkCache
from genomearray.storage.chunks.codecs import FILE, OFFSET, SIZE, Codec
from genomearray.storage.chunks.jobs import cut, in_threads, parts, reset_threads
from genomearray.storage.chunks.open_files import ForkSafeLock, open_files

if TYPE_CHECKING:
    pass

CACHE_BYTES = 64 << 20  # decoded chunks, for the whole process
MANY_CHUNKS = 8  # from here on a read does not go through the cache
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
    if len(files) == 1 and files[0].fd >= 0:
        return ChunkPlaces(files[0].fd, offset, size, keep=files)
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

    @property
    def one_local_file(self) -> bool:
        """Whether they all lie in one file, which is read through a descriptor."""

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
        jobs, index, _ = cut(
            self.chunk, starts, ends, 0 if dest is None else dest, 1 if step is None else step
        )
        in_threads(
            lambda low, high: self._decode(jobs[low:high], index[low:high], out),
            parts(index) if threads else [(0, index.size)],
        )

    def _decode(self, jobs: NDArray[np.int64], index: NDArray[np.int64], out: NDArray[Any]) -> None:
        """Fill in where the chunks of some jobs lie, and run them."""
        data = self._place(jobs, index)
        failed = self._codec.decode(jobs, data.data, self._fill, out)
        if failed is not None:
            raise self._damage(int(index[failed[0]]), failed[1])

    def _place(self, jobs: NDArray[np.int64], index: NDArray[np.int64]) -> ChunkPlaces:
        """Fill in where the chunks of some jobs lie; ChunkDamage for one that is missing."""
        needed = self._needed()
        wanted: slice | NDArray[np.bool_] = slice(None)
        if needed is not None and not (here := needed[index]).all():
            wanted, jobs[:, FILE], jobs[:, OFFSET], jobs[:, SIZE] = here, -1, 0, 0
        try:
            places = self.source.places(index[wanted])
        except (ValueError, OSError, RuntimeError) as error:
            raise self._damage(int(index[wanted][0]), str(error)) from error
        jobs[wanted, FILE], jobs[wanted, OFFSET], jobs[wanted, SIZE] = places.file, places.offset, places.size
        if not places.size.all():
            raise self._damage(int(index[wanted][np.argmin(places.size)]), MISSING)
        return places

    def _read_chunk(self, index: int, low: int, high: int, out: NDArray[Any], dest: int) -> None:
        """Values [low, high) of a chunk, through the cache of decoded chunks."""
        key = (self._token, index)
        payload = decoded.get(key)
        if payload is None:
            needed = self._needed()
            if needed is not None and not needed[index]:
                out[dest : dest + high - low] = self._fill
                return
            try:
                place = self.source.place(index)
                if place is not None and place[2] and place[0].fd >= 0 and not decoded.wanted_again(key):
                    self._codec.read(place[0].fd, place[1], place[2], low, high, out, dest)
                    return
                raw = self.source.raw(index)
                if raw is None:
                    raise ValueError(MISSING)
                payload = self._codec.payload(raw)
            except (ValueError, OSError, RuntimeError) as error:
                raise self._damage(index, str(error)) from error
            decoded.put(key, payload)
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


class DamageIn(Exception):
    """Damage in one of several arrays that were read together."""

    def __init__(self, array: int, damage: ChunkDamage) -> None:
        super().__init__(str(damage))
        self.array = array
        self.damage = damage


def gather_together(
    arrays: list[ChunkedArray],
    of: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    out: NDArray[Any],
    dest: NDArray[np.int64],
    step: NDArray[np.int64] | int,
    threads: bool,
) -> None:
    """As :meth:`ChunkedArray.gather`, from several arrays that :func:`are_alike`; ``of`` says which.

    One table of jobs for all: windows on 16 chromosomes are 16 times as few calls.
    """
    jobs, index, array = cut(arrays[0].chunk, starts, ends, dest, step, of)
    borders = np.searchsorted(array, np.arange(len(arrays) + 1)).tolist()
    kept = []  # whatever must stay open
    for k, one in enumerate(arrays):
        here = slice(borders[k], borders[k + 1])
        if here.start < here.stop:
            try:
                kept.append(one._place(jobs[here], index[here]))
            except ChunkDamage as damage:
                raise DamageIn(k, damage) from damage
    first = arrays[0]

    def run(low: int, high: int) -> None:
        failed = first._codec.decode(jobs[low:high], b"", first._fill, out)
        if failed is not None:
            k = low + failed[0]
            raise DamageIn(int(array[k]), arrays[int(array[k])]._damage(int(index[k]), failed[1]))

    # Numbers of chunks, different for each array.
    apart = index + array * (max(one.length for one in arrays) // first.chunk + 1)
    in_threads(run, parts(apart) if threads else [(0, index.size)])


def are_alike(arrays: list[Array1D]) -> TypeGuard[list[ChunkedArray]]:
    """Whether arrays lie each in one local file, with one codec, fill and length of chunk.

    Shards of many arrays would be too many files to have open at a time.
    """
    first = arrays[0]
    return isinstance(first, ChunkedArray) and all(
        isinstance(one, ChunkedArray)
        and one.chunk == first.chunk
        and type(one._codec) is type(first._codec)
        and one._codec.dtype == first._codec.dtype
        and one._fill.tobytes() == first._fill.tobytes()
        and one.source.one_local_file
        for one in arrays
    )


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


def _reset() -> None:
    """In a forked child: threads are gone, and locks may be held by nobody."""
    reset_threads()
    decoded.reset()
    open_files.reset()
    ForkSafeLock.renew()


decoded = ChunkCache(CACHE_BYTES)
os.register_at_fork(after_in_child=_reset)
