"""Two sets of intervals: who overlaps whom, how many, and who is nearest. Columns of offsets in, rows out.

An interval of no base (start = end) counts as one base, as in bioframe.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.reference.intervals import ragged_index, reach

Rows = NDArray[np.int64]


class Sorted(NamedTuple):
    """Intervals of one chromosome sorted by start, half-open, each of at least one base."""

    start: NDArray[Any]
    end: NDArray[Any]
    reach: NDArray[Any]  # greatest end up to each row

    @classmethod
    def of(cls, start: NDArray[Any], end: NDArray[Any], length: int) -> Sorted:
        """From sorted starts and their ends on a chromosome (bp).

        An interval of no base at the very end of the chromosome counts as its last base.
        """
        start = np.minimum(start, start.dtype.type(max(length - 1, 0)))
        return cls(start, np.maximum(end, start + 1), reach(start, end))


def overlapping_rows(table: Sorted, start: int, end: int) -> Rows:
    """Rows of a table that share a base with [start, end), ascending."""
    end = max(end, start + 1)
    # Rows before low end before the region, all of them; rows from high on begin after it.
    low, high = int(np.searchsorted(table.reach, start, side="right")), int(np.searchsorted(table.start, end))
    rows: Rows = low + np.flatnonzero(table.end[low:high] > start)
    return rows


def overlapping_pairs(table: Sorted, start: NDArray[Any], end: NDArray[Any]) -> tuple[Rows, Rows]:
    """For each region how many rows share a base with it, and these rows, region by region; the
    work grows with the pairs, not beyond.

    Each pair is found once: the region starts after the start of the feature and before its end,
    or the feature starts inside of the region. Rows of the first kind stand before those of the
    second one, so nothing but the former need be sorted.
    """
    start, end = _as_table(table, start, end)
    order = np.argsort(start)
    begins, ends = start[order], np.maximum(end, start + 1)[order]
    first, last = np.searchsorted(table.start, begins), np.searchsorted(table.start, ends)
    low, high = np.searchsorted(begins, table.start, side="right"), np.searchsorted(begins, table.end)
    high = np.maximum(low, high)
    behind = np.cumsum(
        np.bincount(low, minlength=start.size + 1) - np.bincount(high, minlength=start.size + 1)
    )[:-1]
    inside = np.maximum(last - first, 0)
    counts = np.empty(start.size, np.int64)
    counts[order] = behind + inside
    place = (np.cumsum(counts) - counts)[order]
    rows = np.empty(int(counts.sum()), np.int64)
    by_region = np.argsort(ragged_index(high - low, low), kind="stable")
    rows[ragged_index(behind, place)] = np.repeat(np.arange(table.start.size), high - low)[by_region]
    rows[ragged_index(inside, place + behind)] = ragged_index(inside, first)
    return counts, rows


def _as_table(table: Sorted, start: NDArray[Any], end: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Borders of regions in the dtype of the table: searching with another one would convert the
    table first.
    """
    dtype = table.start.dtype
    info = np.iinfo(dtype)
    return tuple(np.clip(border, info.min + 2, info.max - 2).astype(dtype) for border in (start, end))


def overlap_counts(table: Sorted, start: NDArray[Any], end: NDArray[Any]) -> Rows:
    """For each region, how many rows share a base with it: those that begin before its end, without
    those that end before its start.
    """
    start, end = _as_table(table, start, end)
    end = np.maximum(end, start + 1)
    return np.asarray(
        np.searchsorted(table.start, end) - np.searchsorted(np.sort(table.end), start, side="right"), np.int64
    )


class Nearest(NamedTuple):
    """For each region a row of the table and the bases between the two: 0 for those that overlap or touch."""

    row: Rows
    distance: Rows


def nearest_rows(table: Sorted, start: NDArray[Any], end: NDArray[Any]) -> Nearest:
    """The nearest row of each region, of a table with at least one row; of several the first one."""
    n = table.start.size
    end = np.maximum(end, start + 1)
    first = furthest_rows(table)
    overlapping = np.searchsorted(table.reach, start, side="right")  # the first row that ends after the start
    overlaps = (overlapping < n) & (table.start[np.minimum(overlapping, n - 1)] < end)
    right = np.searchsorted(table.start, end)
    left = np.searchsorted(table.start, start) - 1
    furthest = np.iinfo(np.int64).max
    left_distance = np.where(left >= 0, start - table.reach[np.maximum(left, 0)].astype(np.int64), furthest)
    right_distance = np.where(
        right < n, table.start[np.minimum(right, n - 1)].astype(np.int64) - end, furthest
    )
    row = np.where(left_distance <= right_distance, first[np.maximum(left, 0)], right)
    distance = np.minimum(left_distance, right_distance)
    return Nearest(
        np.where(overlaps, overlapping, row).astype(np.int64),
        np.where(overlaps, 0, distance).astype(np.int64),
    )


def furthest_rows(table: Sorted) -> Rows:
    """For each row the one that reaches furthest among those up to it; of several the first one."""
    grows = np.append(True, table.reach[1:] > table.reach[:-1])
    rows: Rows = np.maximum.accumulate(np.where(grows, np.arange(table.reach.size), 0))
    return rows
