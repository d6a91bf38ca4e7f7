"""Statistics of regions that need every value: medians, quantiles, shares of bases that are high enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.compute.distribution import counted_digits, select
from genomearray.compute.stat_names import Stat
from genomearray.executor import workers
from genomearray.order_kernels import MEDIAN, quantiles
from genomearray.reference.intervals import Intervals
from genomearray.source import Source

_AT_ONCE = 1 << 21  # values that a thread holds; a longer interval is read in pieces


def value_statistics(
    source: Source, intervals: Intervals, stats: list[Stat]
) -> dict[str, NDArray[np.float64]]:
    """Medians, quantiles and shares of intervals in their order, by name.

    Of an interval without a base all are NaN; of one without a value medians and quantiles are.
    """
    sizes = intervals.end - intervals.start
    found = {stat.text: np.full(sizes.size, np.nan) for stat in stats}
    if not stats:
        return found

    def work(rows: NDArray[np.int64]) -> None:
        some = Intervals(intervals.names, intervals.code[rows], intervals.start[rows], intervals.end[rows])
        statistics = _of_a_long_one if int(sizes[rows[0]]) > _AT_ONCE else _of_some
        for name, values in statistics(source, some, stats).items():
            found[name][rows] = values

    with ThreadPoolExecutor(workers()) as pool:
        list(pool.map(work, _groups(intervals, sizes)))
    return found


def _groups(intervals: Intervals, sizes: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Rows of intervals that are read together: near each other, and together not too long."""
    order = np.lexsort((intervals.start, intervals.code))
    order = order[sizes[order] > 0]
    ends = np.cumsum(sizes[order])
    at = 0
    while at < order.size:
        most = ends[at] - sizes[order[at]] + _AT_ONCE
        after = max(at + 1, int(np.searchsorted(ends, most, side="right")))
        yield order[at:after]
        at = after


def _of_some(source: Source, intervals: Intervals, stats: list[Stat]) -> dict[str, NDArray[np.float64]]:
    values = source.read_intervals(intervals)
    ends = np.cumsum(intervals.end - intervals.start)
    starts = ends - (intervals.end - intervals.start)
    found = {stat.text: _shares(values, stat, starts, ends) for stat in stats if stat.is_share}
    ordered = [stat for stat in stats if stat.is_ordered]
    if ordered:
        out = np.empty((starts.size, len(ordered)))
        quantiles(values.astype(np.float64), starts, ends, wanted_places(ordered), out)
        found |= {stat.text: column for stat, column in zip(ordered, out.T, strict=True)}
    return found


def wanted_places(stats: list[Stat]) -> NDArray[np.float64]:
    """Quantiles, and the median, as :func:`genomearray.order_kernels.quantiles` takes them."""
    return np.array([MEDIAN if stat.kind == "median" else stat.number for stat in stats])


def is_high(values: NDArray[Any], stat: Stat) -> NDArray[np.bool_]:
    """Which values count for a share; a missing one does not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(values >= stat.number if stat.kind == "over" else values > 0)


def _shares(
    values: NDArray[Any], stat: Stat, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.float64]:
    total = np.append(0, np.cumsum(is_high(values, stat)))
    return np.asarray((total[ends] - total[starts]) / (ends - starts))


def _of_a_long_one(source: Source, interval: Intervals, stats: list[Stat]) -> dict[str, NDArray[np.float64]]:
    """Of one interval that is not read as a whole."""
    chrom = interval.names[int(interval.code[0])]
    start, end = int(interval.start[0]), int(interval.end[0])

    def pieces() -> Iterator[NDArray[Any]]:
        for low in range(start, end, _AT_ONCE):
            yield source.read(chrom, low, min(low + _AT_ONCE, end), threads=False)

    found = {
        stat.text: np.array([sum(int(is_high(values, stat).sum()) for values in pieces()) / (end - start)])
        for stat in stats
        if stat.is_share
    }
    ordered = [stat for stat in stats if stat.is_ordered]
    if ordered:
        values = select(_digits_of(pieces), source.dtype, wanted_places(ordered))
        found |= {stat.text: np.array([value]) for stat, value in zip(ordered, values, strict=True)}
    return found


def _digits_of(
    pieces: Callable[[], Iterator[NDArray[Any]]],
) -> Callable[[int, int, NDArray[np.uint64]], NDArray[np.int64]]:
    def count(shift: int, width: int, prefixes: NDArray[np.uint64]) -> NDArray[np.int64]:
        return counted_digits(pieces(), shift, width, prefixes)

    return count
