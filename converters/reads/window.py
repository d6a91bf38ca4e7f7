"""Counts along one chromosome in bounded memory: a window that moves with the reads.

A window is one block of storage and what reads that begin in it may reach. Reads that reach beyond (an
intron of 100 kb) leave the rest of their bases in a list, which is taken up when the window gets there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.storage.layout import BLOCK

from ..loops import kernel

_AHEAD = 1 << 16  # bp past the block: what most reads reach
Counts = NDArray[np.uint32]
Intervals = NDArray[np.int64]  # rows of start, end, strand (row of the counts)
# What a window remembers for the kernels.
BASE, LENGTH, FIRST, LAST, N_FAR = range(5)


def add(counts: Counts, place: NDArray[np.int64], far: Intervals, strand: int, start: int, end: int) -> None:
    """Count the bases [start, end), offsets on the chromosome; what is outside of it is left out.

    ``far`` must have room for one more row.
    """
    base = place[BASE]
    start = max(start, base)
    end = min(end, place[LENGTH])
    if start >= end:
        return
    stop = min(end, base + counts.shape[1])
    if start < stop:
        counts[strand, start - base : stop - base] += np.uint32(1)
        place[FIRST] = min(place[FIRST], start - base)
        place[LAST] = max(place[LAST], stop - base)
    if end > stop:
        row = place[N_FAR]
        far[row, 0] = max(start, stop)
        far[row, 1] = end
        far[row, 2] = strand
        place[N_FAR] = row + 1


@kernel
def add_intervals(counts: Counts, place: NDArray[np.int64], far: Intervals, intervals: Intervals) -> None:
    """Count many intervals, rows of start, end and strand."""
    for k in range(intervals.shape[0]):
        add(counts, place, far, intervals[k, 2], intervals[k, 0], intervals[k, 1])


def meets(regions: NDArray[np.int64], start: int, end: int) -> bool:
    """Whether [start, end) shares a base with one of the sorted, disjoint regions; no regions: with
    everything.
    """
    if regions.shape[0] == 0:
        return True
    low, high = 0, regions.shape[0]
    while low < high:
        middle = (low + high) // 2
        if regions[middle, 1] > start:
            high = middle
        else:
            low = middle + 1
    return bool(low < regions.shape[0] and regions[low, 0] < end)


class Window:
    """Counts of one or two strands of one chromosome.

    Parameters
    ----------
    strands : int
        Rows of counts.
    back : int
        How far before its own start a read may count (bp).

    Attributes
    ----------
    counts : ndarray of uint32, shape (strands, n)
        Of the bases from ``base`` on.
    place : ndarray of int64
        BASE, LENGTH (of the chromosome), FIRST and LAST (bases of the window that were counted), N_FAR.
    far : ndarray of int64, shape (m, 3)
        Intervals beyond the window: start, end, strand; ``place[N_FAR]`` of them.
    regions : ndarray of int64, shape (m, 2)
        Sorted and disjoint; outside of them nothing is handed on. None: the whole chromosome.
    """

    def __init__(self, strands: int, back: int) -> None:
        self.back = back
        self.counts = np.zeros((strands, BLOCK + back + _AHEAD), np.uint32)
        self.place = np.zeros(5, np.int64)
        self.far = np.zeros((1 << 14, 3), np.int64)
        self.regions = np.empty((0, 2), np.int64)

    def open(self, length: int, regions: NDArray[np.int64]) -> None:
        """Begin a chromosome of ``length`` bp; ``regions``, if there are any, are what is wanted of it."""
        self.regions = regions
        self.place[:] = (0, length, self.counts.shape[1], 0, 0)

    @property
    def limit(self) -> int:
        """Reads that begin from here on do not count in the block of the window."""
        return int(self.place[BASE]) + BLOCK + self.back

    @property
    def empty(self) -> bool:
        """Whether nothing was counted since it was flushed."""
        return bool(self.place[LAST] == 0 and self.place[N_FAR] == 0)

    def reserve(self, rows: int) -> None:
        """Have room for so many intervals beyond the window."""
        used = int(self.place[N_FAR])
        if used + rows > self.far.shape[0]:
            grown = np.zeros((2 * (used + rows), 3), np.int64)
            grown[:used] = self.far[:used]
            self.far = grown

    def flush(self, write: Callable[[int, NDArray[Any]], None]) -> None:
        """Hand the counted bases of the block to ``write(offset, counts)`` and move on by a block.

        The counts, shape (strands, n), are handed over: the window does not touch them again.
        """
        base, length, first, last, _ = self.place.tolist()
        if last > 0:
            whole = min(BLOCK, length - base)
            done = min(whole, last)
            if 2 * (done - first) > whole:
                first, done = 0, whole  # a block in one piece is stored without painting
            if first < done:
                counts = _narrow_copy(self.counts[:, first:done])
                self._mask(counts, base + first)
                write(base + first, counts)
            rest = self.counts[:, BLOCK:last].copy() if last > BLOCK else None
            self.counts[:, first : max(done, last)] = 0
            if rest is not None:
                self.counts[:, : last - BLOCK] = rest
            self.place[FIRST:N_FAR] = (0, last - BLOCK) if rest is not None else (self.counts.shape[1], 0)
        self.place[BASE] += BLOCK
        waiting = self.far[: self.place[N_FAR]].copy()
        self.place[N_FAR] = 0
        add_intervals(self.counts, self.place, self.far, waiting)

    def _mask(self, counts: NDArray[np.unsignedinteger[Any]], offset: int) -> None:
        """Clear what lies outside the regions."""
        if not self.regions.size:
            return
        bounds = np.clip(self.regions - offset, 0, counts.shape[1])
        gaps = zip([0, *bounds[:, 1].tolist()], [*bounds[:, 0].tolist(), counts.shape[1]], strict=True)
        for start, end in gaps:
            counts[:, start:end] = 0

    def skip_to(self, offset: int) -> None:
        """Move an empty window to the block of an offset."""
        self.place[BASE] = max(int(self.place[BASE]), (offset - self.back) // BLOCK * BLOCK, 0)


def _narrow_copy(counts: Counts) -> NDArray[np.unsignedinteger[Any]]:
    """Of half the size where they fit: memory for a block costs as much as counting it."""
    narrow = counts.max() <= np.iinfo(np.uint16).max
    return counts.astype(np.uint16) if narrow else counts.copy()
