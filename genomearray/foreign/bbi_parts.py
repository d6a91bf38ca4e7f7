"""What a bigWig or bigBed says of itself, as records: see :mod:`genomearray.foreign.bbi_file`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.reference.intervals import ragged_index


class Matched(NamedTuple):
    """Chromosomes of a file beside those of an assembly.

    Attributes
    ----------
    number : dict of str to int
        Their numbers in the file.
    other_length : dict of str to int
        Lengths in the file (bp) of those that have another one in the assembly.
    left_out : tuple of str
        Those that the assembly does not have.
    """

    number: dict[str, int]
    other_length: dict[str, int]
    left_out: tuple[str, ...]


class Header(NamedTuple):
    """What the first 64 bytes say."""

    version: int
    zooms: int
    tree_at: int  # of the chromosomes; bytes in the file
    data_at: int
    index_at: int
    fields: int
    defined: int
    autosql_at: int  # 0: none
    summary_at: int  # 0: none
    most: int  # bytes of the longest block when inflated; 0: blocks are not compressed


class TotalSummary(NamedTuple):
    """What the file says of all its bases."""

    bases: int
    least: float
    greatest: float
    sum: float
    squares: float


class Blocks(NamedTuple):
    """Blocks with data of one chromosome, by their start.

    Attributes
    ----------
    start, end : ndarray of int64
        Bases that their items lie in, 0-based, half-open.
    offset, size : ndarray of int64
        Where they lie in the file, bytes.
    first, last : ndarray of int64
        Numbers of the chromosomes that they span: nearly always one.
    reach : ndarray of int64
        Greatest end up to each row.
    rank : ndarray of int64 or None
        Their order in the file; None where it is that of the rows.
    """

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    offset: NDArray[np.int64]
    size: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    reach: NDArray[np.int64]
    rank: NDArray[np.int64] | None

    @property
    def in_file_order(self) -> NDArray[np.int64]:
        """All rows, in the order of the file."""
        return np.arange(self.start.size) if self.rank is None else np.argsort(self.rank)

    def rows(self, start: int, end: int) -> NDArray[np.int64]:
        """Blocks that may have items in [start, end), in the order of the file."""
        low = int(self.reach.searchsorted(start, side="right"))
        high = int(self.start.searchsorted(end))
        rows = np.arange(low, high)
        if self.rank is None:
            return rows
        rows = rows[self.end[low:high] > start]
        return rows[np.argsort(self.rank[rows], kind="stable")]

    def pairs(
        self, starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The same of many intervals: the interval and the block of each pair, interval by interval."""
        low = self.reach.searchsorted(starts, side="right")
        counts = np.maximum(self.start.searchsorted(ends) - low, 0)
        of = np.repeat(np.arange(starts.size), counts)
        rows = ragged_index(counts, low)
        if self.rank is None:
            return of, rows
        kept = self.end[rows] > starts[of]
        of, rows = of[kept], rows[kept]
        order = np.lexsort((self.rank[rows], of))
        return of[order], rows[order]
