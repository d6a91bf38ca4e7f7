"""Zoom levels of a bigWig or bigBed file, and the compressed sections that levels and data are made of.

Every level counts each base that has a value once, with its least and greatest value, sum and sum of
squares; bins are aligned, and a record reaches from its first to its last base with a value.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement (tables 6 and 19).
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from genomearray.reference.intervals import ragged_index

from .bbi_trees import INDEX, places, write_index

ZOOM_HEADER = struct.Struct("<IIQQ")
TOGETHER = 64  # sections that are compressed, or read again, at once
MOST_LEVELS = 10
_ITEMS = 1024  # records of a section
_FACTOR = 4  # from one zoom level to the next
_FINEST = 10  # bp, and values: a level holds a tenth of what it sums up
_COARSEST = 1000  # records of the longest chromosome that the finest level has at least
_LEVEL = 6  # of zlib

_ZOOM = np.dtype(
    [
        ("chrom", "<u4"), ("start", "<u4"), ("end", "<u4"), ("n", "<u4"),
        ("min", "<f4"), ("max", "<f4"), ("sum", "<f4"), ("squares", "<f4"),
    ]
)  # fmt: skip


class Records(NamedTuple):
    """Statistics of stretches of chromosomes: offsets, 0-based, half-open; sorted, disjoint."""

    chrom: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    n: NDArray[np.int64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]
    sum: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def of_values(cls, chrom: int, starts: Any, ends: Any, values: Any) -> Records:
        """Of stretches of one value each."""
        n, value = ends - starts, values.astype(np.float64)
        return cls(np.full(n.size, chrom), starts, ends, n, value, value, value * n, value * value * n)

    def take(self, rows: Any) -> Records:
        """Some of them."""
        return Records(*(column[rows] for column in self))

    @classmethod
    def joining(cls, parts: list[Records]) -> Records:
        """Records that follow one another."""
        return parts[0] if len(parts) == 1 else cls(*map(np.concatenate, zip(*parts, strict=True)))

    def split(self, size: int) -> Records:
        """Those of one value each, cut at the multiples of ``size``."""
        first = self.start // size
        pieces = (self.end - 1) // size - first + 1
        row = np.repeat(np.arange(self.start.size), pieces)
        bin = ragged_index(pieces, first)
        starts, ends = np.maximum(self.start[row], bin * size), np.minimum(self.end[row], (bin + 1) * size)
        n, value = ends - starts, self.min[row]
        return Records(self.chrom[row], starts, ends, n, value, value, value * n, value * value * n)

    def joined(self, size: int) -> Records:
        """One record for each bin of ``size`` bp; none of them reaches over a border."""
        bin = self.start // size
        new = np.flatnonzero(np.diff(bin, prepend=-1) | np.diff(self.chrom, prepend=-1))
        last = np.append(new[1:], self.start.size) - 1
        return Records(
            self.chrom[new],
            self.start[new],
            self.end[last],
            np.add.reduceat(self.n, new),
            np.minimum.reduceat(self.min, new),
            np.maximum.reduceat(self.max, new),
            np.add.reduceat(self.sum, new),
            np.add.reduceat(self.squares, new),
        )


class Sections:
    """Compressed sections in a file, one after the other, and their places."""

    def __init__(self, file: IO[bytes], pool: ThreadPoolExecutor) -> None:
        self.file = file
        self.longest = 0  # bytes of a section, plain
        self._pool = pool
        self._entries: list[NDArray[Any]] = []

    def write(self, rows: NDArray[Any], texts: list[bytes]) -> None:
        """Append sections; ``rows`` are those of an index without their place in the file."""
        self.longest = max(self.longest, *map(len, texts))
        packed = list(self._pool.map(_compressed, texts))
        sizes = np.array([len(part) for part in packed], np.uint64)
        rows["at"] = self.file.tell() + np.cumsum(sizes) - sizes
        rows["size"] = sizes
        self.file.write(b"".join(packed))
        self._entries.append(rows)

    @property
    def entries(self) -> NDArray[Any]:
        """Rows of the index."""
        return np.concatenate(self._entries) if self._entries else np.empty(0, INDEX)


def _compressed(text: bytes) -> bytes:
    packed: bytes = zlib_ng.compress(text, _LEVEL)
    return packed


class ZoomLevel:
    """One zoom level, in a file of its own until the data are written."""

    def __init__(self, size: int, pool: ThreadPoolExecutor) -> None:
        self.size = size  # bp of a bin
        self.count = 0
        file = tempfile.SpooledTemporaryFile(1 << 24)  # noqa: SIM115 - closed when it was copied
        self.sections = Sections(file, pool)
        self._open: Records | None = None  # the last bin, which may go on
        self._full: list[Records] = []  # not yet written
        self._n_full = 0

    def add(self, records: Records) -> Records:
        """Take what follows, in bins of this level or finer ones; gives the bins that are full."""
        every = records.joined(self.size)
        if self._open is not None:
            every = Records.joining([self._open, every]).joined(self.size)
        self._open = every.take(slice(-1, None))
        return self._keep(every.take(slice(None, -1)))

    def finish(self) -> Records | None:
        """No more follows; gives the last bin."""
        last = None if self._open is None else self._keep(self._open)
        if self._n_full:
            self._write(Records.joining(self._full))
        return last

    def _keep(self, bins: Records) -> Records:
        self.count += bins.start.size
        self._full.append(bins)
        self._n_full += bins.start.size
        whole = self._n_full // (_ITEMS * TOGETHER) * (_ITEMS * TOGETHER)
        if whole:
            waiting = Records.joining(self._full)
            self._write(waiting.take(slice(None, whole)))
            self._full, self._n_full = [waiting.take(slice(whole, None))], self._n_full - whole
        return bins

    def _write(self, bins: Records) -> None:
        table = np.empty(bins.start.size, _ZOOM)
        with np.errstate(over="ignore"):  # sums of squares beyond float32 are infinite there
            for name in _ZOOM.names or ():
                table[name] = getattr(bins, name)
        first = np.arange(0, table.size, _ITEMS)
        last = np.append(first[1:], table.size) - 1
        self.sections.write(
            places(table["chrom"][first], table["start"][first], table["chrom"][last], table["end"][last]),
            [table[low : low + _ITEMS].tobytes() for low in first.tolist()],
        )


def zoom_levels(
    parts: Iterable[Records], stretches: int, bases: int, longest: int, pool: ThreadPoolExecutor
) -> list[ZoomLevel]:
    """All zoom levels, each from the one before.

    Parameters
    ----------
    parts : iterable of Records
        Stretches of one value each, in order.
    stretches, bases : int
        How many they are, and the bases of them (bp).
    longest : int
        Length of the longest chromosome (bp).
    pool : ThreadPoolExecutor
    """
    size = max(_FINEST, min(_FINEST * (bases // max(stretches, 1)), longest // _COARSEST))
    levels = [ZoomLevel(size, pool)]
    while len(levels) < MOST_LEVELS and levels[-1].size * _FACTOR < longest:
        levels.append(ZoomLevel(levels[-1].size * _FACTOR, pool))
    for part in parts:
        records = part.split(size)
        for level in levels:
            records = level.add(records)
            if not records.start.size:
                break
    for k, level in enumerate(levels):
        last = level.finish()
        for coarser in levels[k + 1 :]:
            if last is None or not last.start.size:
                break
            last = coarser.add(last)
    return levels


def write_level(file: IO[bytes], level: ZoomLevel) -> bytes:
    """Append a zoom level; gives its header."""
    data_at = file.tell()
    file.write(struct.pack("<I", level.count))
    entries = level.sections.entries
    entries["at"] += file.tell()
    level.sections.file.seek(0)
    shutil.copyfileobj(level.sections.file, file)
    level.sections.file.close()
    index_at = file.tell()
    write_index(file, entries, index_at, _ITEMS)
    return ZOOM_HEADER.pack(level.size, 0, data_at, index_at)
