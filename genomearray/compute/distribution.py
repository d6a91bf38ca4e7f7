"""Quantiles and histograms of whole chromosomes and genomes, exact, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genomearray._typing import Chroms
from genomearray.choices import By
from genomearray.compute.blocks import Run, chosen, may_hold, pieces, summed
from genomearray.compute.kernels import count_digits, count_small
from genomearray.compute.statistics import check_by, stat_dtype, statistics
from genomearray.errors import ArgumentError, ValueRangeError
from genomearray.reference.intervals import Intervals
from genomearray.source import Source, check_signal

if TYPE_CHECKING:
    pass


def _keys(values: NDArray[Any]) -> NDArray[Any]:
    """Unsigned integers in the order of the values; NaN is left out."""
    if values.dtype.kind == "f":
        values = values[~np.isnan(values)] + values.dtype.type(0)  # -0.0 becomes 0.0
        unsigned = values.view(f"u{values.itemsize}")
        sign = unsigned.dtype.type(1 << (8 * values.itemsize - 1))
        return np.where(unsigned & sign != 0, ~unsigned, unsigned | sign)
    if values.dtype.kind == "i":
        unsigned = values.view(f"u{values.itemsize}")
        return np.asarray(unsigned ^ unsigned.dtype.type(1 << (8 * values.itemsize - 1)))
    return values.view(np.uint8) if values.dtype.kind == "b" else values


def _value(key: int, dtype: np.dtype[Any]) -> float:
    """The value of a key."""
    bits = 8 * dtype.itemsize
    sign = 1 << (bits - 1)
    if dtype.kind == "f":
        raw = key ^ sign if key & sign else ~key & ((1 << bits) - 1)
        return float(np.array(raw, f"u{dtype.itemsize}").view(dtype)[()])
    return float(key - sign if dtype.kind == "i" else key)


_DIGIT = 16  # bits


def counted_digits(
    parts: Iterable[NDArray[Any]], shift: int, width: int, prefixes: NDArray[np.uint64]
) -> NDArray[np.int64]:
    """How many values have each digit of ``width`` bits after each of the prefixes."""
    counts = np.zeros((prefixes.size, 1 << width), np.int64)
    for values in parts:
        count_digits(_keys(values), shift, width, prefixes, counts)
    return counts


def _block_digits(shared: tuple[Source, int, int, NDArray[np.uint64]], task: Intervals) -> NDArray[np.int64]:
    source, shift, width, prefixes = shared
    parts = (source.read_intervals(piece) for piece in pieces(task) if may_hold(source, piece))
    return counted_digits(parts, shift, width, prefixes)


def quantile(source: Source, q: ArrayLike, chroms: Chroms, threads: int | None, progress: bool) -> Any:
    """See :meth:`genomearray.Track.quantile`."""
    check_signal(source, "the track", "quantile")
    try:
        wanted = np.asarray(q, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueRangeError(f"q={q!r} is not a number; a quantile is between 0 and 1") from None
    if wanted.size and not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueRangeError(f"q={q!r}: a quantile is between 0 and 1; the median is 0.5")
    names = chosen(source, chroms)

    def count(shift: int, width: int, prefixes: NDArray[np.uint64]) -> NDArray[np.int64]:
        shared = (source, shift, width, prefixes)
        return summed(_block_digits, source, shared, names, Run("quantile", threads, progress))

    return select(count, source.dtype, wanted.reshape(-1)).reshape(wanted.shape)[()]


def select(
    count: Callable[[int, int, NDArray[np.uint64]], NDArray[np.int64]],
    dtype: np.dtype[Any],
    wanted: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Quantiles of values that are only counted, interpolated linearly; NaN where there is none. Below 0:
    the median, as :func:`genomearray.order_kernels.quantiles` takes it.

    Selection by digits: counts of the first 16 bits of all values say in which range a rank lies,
    the next pass looks into that range only; two passes for 32 bits, four for 64, whatever the
    genome. ``count`` is :func:`counted_digits` of all of them.
    """
    bits = 8 * dtype.itemsize
    width = min(bits, _DIGIT)
    prefixes = np.zeros(1, np.uint64)
    below: NDArray[np.int64] = np.zeros(1, np.int64)  # values under each prefix
    ranks: NDArray[np.int64] = np.empty(0, np.int64)
    place = np.empty(0)
    for shift in range(bits - width, -1, -width):
        counts = count(shift, width, prefixes)
        if shift == bits - width:
            n = int(counts.sum())
            if not n:
                return np.full(wanted.size, np.nan)
            place = (n - 1) * np.where(wanted < 0, 0.5, wanted)
            ranks = np.unique(np.concatenate([np.floor(place), np.ceil(place)]).astype(np.int64))
        row = np.searchsorted(below, ranks, side="right") - 1
        ends = np.cumsum(counts, axis=1)
        digit = np.array(
            [
                int(np.searchsorted(ends[r], rank - below[r], side="right"))
                for r, rank in zip(row, ranks, strict=True)
            ],
            np.int64,
        )
        started = below[row] + np.array(
            [int(ends[r, d] - counts[r, d]) for r, d in zip(row, digit, strict=True)], np.int64
        )
        keys = (prefixes[row] << np.uint64(width)) | digit.astype(np.uint64)
        prefixes, first = np.unique(keys, return_index=True)
        below = started[first]
    value = np.array([_value(int(key), dtype) for key in keys.tolist()])
    left, right = (
        value[np.searchsorted(ranks, np.floor(place).astype(np.int64))],
        value[np.searchsorted(ranks, np.ceil(place).astype(np.int64))],
    )
    part = place - np.floor(place)
    with np.errstate(invalid="ignore"):  # between two infinities
        between = np.where(
            left == right,
            left,
            np.where(part < 0.5, left + (right - left) * part, right - (right - left) * (1 - part)),
        )
    middle = (wanted < 0) & (part > 0) & (left != right)
    return np.where(middle, (left + right) / 2, between)


def maybe_delayed(work: Callable[..., Any], lazy: bool, *given: Any) -> Any:
    """``work(*given)``, or a dask Delayed of it."""
    if not lazy:
        return work(*given)
    from dask.delayed import delayed

    return delayed(work)(delayed(given[0], traverse=False), *given[1:])


def quantiles(
    source: Source, q: ArrayLike, chroms: Chroms, by: By | None, threads: int | None, progress: bool
) -> Any:
    """See :meth:`genomearray.Track.quantile`."""
    check_by(by)
    if by is None:
        return quantile(source, q, chroms, threads, progress)
    import pandas as pd

    names = chosen(source, chroms)
    rows = [quantile(source, q, name, threads, progress) for name in names]
    index = pd.Index(names, name="chrom", dtype=object)
    return (
        pd.Series(rows, index, name="quantile")
        if np.ndim(q) == 0
        else pd.DataFrame(rows, index, columns=np.asarray(q).tolist())
    )


def histograms(
    source: Source,
    bins: int | ArrayLike,
    range: tuple[float, float] | None,
    chroms: Chroms,
    by: By | None,
    threads: int | None,
    progress: bool,
) -> tuple[Any, NDArray[Any]]:
    """See :meth:`genomearray.Track.histogram`."""
    check_by(by)
    if by is None:
        return histogram(source, bins, range, chroms, threads, progress)
    import pandas as pd

    names = chosen(source, chroms)
    _, edges = histogram(source, bins, range, names, threads, progress)
    rows = [histogram(source, edges, None, name, threads, progress)[0] for name in names]
    return pd.DataFrame(rows, pd.Index(names, name="chrom", dtype=object)), edges


def histogram(
    source: Source,
    bins: int | ArrayLike,
    range: tuple[float, float] | None,
    chroms: Chroms,
    threads: int | None,
    progress: bool,
) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """See :meth:`genomearray.Track.histogram`."""
    check_signal(source, "the track", "histogram")
    names = chosen(source, chroms)
    if isinstance(bins, str):
        raise ArgumentError(
            f"bins={bins!r}: rules by name look at all values at once, which a genome does not fit; give a "
            "number of bins, or their borders"
        )
    if np.ndim(bins) == 0 and range is None:
        whole = statistics(source, names, None, True, threads, progress)
        empty = whole.n == whole.n_nan
        range = (0.0, 1.0) if empty else (whole.min, whole.max)  # in their dtype, as numpy has the edges
        if not np.isfinite(range).all():
            raise ValueRangeError(f"the values reach from {range[0]} to {range[1]}; give range=(low, high)")
    try:
        edges = np.histogram_bin_edges(np.empty(0, stat_dtype(source)), bins, range)
    except (ValueError, TypeError) as error:
        between = "" if range is None else f", range=({range[0]}, {range[1]})"
        raise ValueRangeError(f"bins={bins!r}{between}: {error}") from None
    shared = (source, bins if np.ndim(bins) == 0 else edges, range)
    return summed(_block_histogram, source, shared, names, Run("histogram", threads, progress)), edges


def _block_histogram(shared: tuple[Source, Any, Any], task: Intervals) -> NDArray[np.int64]:
    source, bins, range = shared
    total: Any = 0
    low, high = (0, 1 << 30) if source.dtype.kind == "f" else source.limits
    small = high - low < 1 << 16
    counts = np.zeros(high - low + 1 if small else 0, np.int64)
    for piece in filter(partial(may_hold, source), pieces(task)):
        values = source.read_intervals(piece)
        if small:  # values are counted, not sorted into bins one by one
            count_small(values, low, counts)
        else:
            values = values[~np.isnan(values)] if values.dtype.kind == "f" else values
            total = total + np.histogram(values, bins, range)[0]
    if small:
        counted = np.flatnonzero(counts)
        # As the values' own dtype: numpy's rounding at the borders of bins is that of the dtype.
        values = (counted + low).astype(stat_dtype(source))
        total = np.histogram(values, bins, range, weights=counts[counted])[0]
    return np.asarray(total, dtype=np.int64)
