"""Intervals [start, end) of offsets on chromosomes: many at once, merged, laid end to end."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Intervals(NamedTuple):
    """Many intervals [start, end) of offsets, bp, of the sequences ``names[code]``."""

    names: tuple[str, ...]
    code: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def ragged_index(counts: NDArray[np.int64], first: NDArray[np.int64] | int = 0) -> NDArray[np.int64]:
    """For ``counts[k]`` items of each row k, end to end: ``first[k]``, ``first[k] + 1`` and so on.

    Examples
    --------
    >>> ragged_index(np.array([2, 0, 3]), np.array([7, 0, 1]))
    array([7, 8, 1, 2, 3])
    """
    return np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts - first, counts)


def merged_regions(intervals: Intervals) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Regions as disjoint intervals in order: starts and ends by chromosome, offsets, half-open."""
    merged = {}
    order = np.lexsort((intervals.start, intervals.code))
    borders = np.searchsorted(intervals.code[order], np.arange(len(intervals.names) + 1)).tolist()
    for code, name in enumerate(intervals.names):
        rows = order[borders[code] : borders[code + 1]]
        starts, reach = intervals.start[rows], np.maximum.accumulate(intervals.end[rows])
        if rows.size:
            first = np.append(True, starts[1:] > reach[:-1])
            merged[name] = starts[first], reach[np.append(np.flatnonzero(first)[1:] - 1, rows.size - 1)]
    return merged


def reach(start: NDArray[Any], end: NDArray[Any]) -> NDArray[Any]:
    """Greatest end up to each row; a feature of no base counts as one base, as in bioframe."""
    greatest: NDArray[Any] = np.maximum.accumulate(np.maximum(end, start + 1))
    return greatest


def reach_by_group(group: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """Greatest end so far within each group; groups are numbered from 0, ascending."""
    # In one go: shifted by group, no reach passes from one group to the next.
    shift = group * (np.int64(end.max(initial=0)) + 1)
    greatest: NDArray[np.int64] = np.maximum.accumulate(end + shift) - shift
    return greatest
