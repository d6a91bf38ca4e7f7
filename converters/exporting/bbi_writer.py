"""The container of bigWig and bigBed, written front to back: data, their index, then zoom levels.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement (tables 5 to 7).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any, NamedTuple

import numpy as np

from genomearray.executor import workers

from .bbi_levels import MOST_LEVELS, ZOOM_HEADER, Records, Sections, write_level, zoom_levels
from .bbi_trees import write_chromosomes, write_index

_VERSION = 4
_HEADER = struct.Struct("<IHHQQQHHQQIQ")
_TOTAL = struct.Struct("<Qdddd")


class Columns(NamedTuple):
    """What the header of a bigBed says of the columns of its features."""

    n: int
    of_bed: int  # the first ones, that mean what they mean in BED
    autosql: bytes


NO_COLUMNS = Columns(0, 0, b"")  # of a bigWig


class Total:
    """The summary of all values."""

    def __init__(self) -> None:
        self.stretches = self.n = 0
        self._min, self._max, self._sum, self._squares = np.inf, -np.inf, 0.0, 0.0

    def add(self, starts: Any, ends: Any, values: Any) -> None:
        """Take more stretches of one value each."""
        if not starts.size:
            return
        n, values = (ends - starts).astype(np.float64), values.astype(np.float64)
        self.stretches += n.size
        self.n += int(n.sum())  # exact: far below 2**53
        self._min, self._max = min(self._min, float(values.min())), max(self._max, float(values.max()))
        self._sum += float(values @ n)
        self._squares += float((values * values) @ n)

    def packed(self) -> bytes:
        """As the file has it."""
        low, high = (self._min, self._max) if self.n else (0.0, 0.0)
        return _TOTAL.pack(self.n, low, high, self._sum, self._squares)


class BbiWriter:
    """A file that is being written.

    Attributes
    ----------
    pool : ThreadPoolExecutor
    sections : Sections
        Of data, sorted.
    total : Total
        Of all values, which the caller adds.
    """

    def __init__(
        self,
        file: IO[bytes],
        magic: int,
        chromosomes: list[tuple[str, int]],
        items: int,
        pool: ThreadPoolExecutor,
        columns: Columns,
    ) -> None:
        self.total = Total()
        self.pool = pool
        self._file, self._magic, self._items, self._columns = file, magic, items, columns
        self._longest = max((length for _, length in chromosomes), default=1)
        self._autosql_at = _HEADER.size + MOST_LEVELS * ZOOM_HEADER.size
        self._total_at = self._autosql_at + len(columns.autosql)
        file.write(bytes(self._autosql_at) + columns.autosql + bytes(_TOTAL.size))
        self._chrom_at = file.tell()
        write_chromosomes(file, chromosomes)
        self._data_at = file.tell()
        file.write(bytes(8))  # how many there are, written at the end
        self.sections = Sections(file, pool)

    def finish(self, count: int, stretches: Callable[[], Iterable[Records]]) -> None:
        """Write what follows the data: index, zoom levels, and the header.

        Parameters
        ----------
        count : int
            What the data begin with: sections of a bigWig, features of a bigBed.
        stretches : callable
            Gives the stretches of one value each that zoom levels sum up.
        """
        file = self._file
        index_at = file.tell()
        write_index(file, self.sections.entries, index_at, self._items)
        end = file.tell()
        total = self.total
        levels = zoom_levels(stretches(), total.stretches, total.n, self._longest, self.pool)
        file.seek(end)  # the stretches may be those of this file, read again
        zooms = [write_level(file, level) for level in levels]
        file.write(struct.pack("<I", self._magic))
        longest = max(self.sections.longest, *(level.sections.longest for level in levels), 0)
        columns = self._columns
        file.seek(0)
        file.write(
            _HEADER.pack(
                self._magic, _VERSION, len(zooms), self._chrom_at, self._data_at, index_at, columns.n,
                columns.of_bed, self._autosql_at if columns.autosql else 0, self._total_at, longest, 0,
            )
        )  # fmt: skip
        file.write(b"".join(zooms))
        file.seek(self._total_at)
        file.write(total.packed())
        file.seek(self._data_at)
        file.write(struct.pack("<Q", count))


@contextmanager
def bbi_writer(
    file: IO[bytes],
    magic: int,
    chromosomes: list[tuple[str, int]],
    items: int,
    columns: Columns = NO_COLUMNS,
) -> Iterator[BbiWriter]:
    """A writer with its threads.

    Parameters
    ----------
    file : binary file
        Empty, open for reading and writing.
    magic : int
        First word of the file: which of the two formats it is.
    chromosomes : list of (str, int)
        Names and lengths (bp), sorted by the bytes of the names.
    items : int
        Of a section, at most.
    columns : Columns
    """
    with ThreadPoolExecutor(workers(), thread_name_prefix="genomearray-bigwig") as pool:
        yield BbiWriter(file, magic, chromosomes, items, pool, columns)
