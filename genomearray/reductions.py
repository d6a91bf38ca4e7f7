"""Numbers of whole chromosomes and genomes: from stored statistics, or block by block.

Integers are exact; floats are added so that the last digits are right (Shewchuk's algorithm, ``math.fsum``)
over chunks, which are merged in the order of positions: threads, stores and clusters give the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genomearray._kernels import kernel
from genomearray.computed import PIECE, check_signal, check_together, limits, read_intervals
from genomearray.errors import ValueRangeError, unknown_chromosome
from genomearray.running import progress_bar, runner
from genomearray.source import Source
from genomearray.storage.layout import BLOCK, SIGNAL, SUMMARY_COLUMNS, chunk_length
from genomearray.storage.reader import Intervals, StoredTrack
from genomearray.storage.tables import Columns, filled_columns, merge, summary

if TYPE_CHECKING:
    import pandas as pd

_NAMES = ("n", "n_nan", "sum", "mean", "std", "var", "min", "max")


@dataclass(frozen=True)
class Statistics:
    """Statistics of the bases of some chromosomes.

    Attributes
    ----------
    n, n_nan : int
        Bases, and those without a value; the others are over the bases with a value.
    sum : int or float
        Exact for integers.
    mean, std, var : float
        ``std`` and ``var`` with ddof 0; NaN of nothing.
    min, max : number
        In the dtype of the track.
    """

    n: int
    n_nan: int
    sum: Any
    mean: float
    std: float
    var: float
    min: Any
    max: Any

    def as_dict(self) -> dict[str, Any]:
        """Names and numbers."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


# -- blocks ---------------------------------------------------------------------------------


def chosen(source: Source, chroms: Iterable[Any] | Any | None) -> tuple[str, ...]:
    """Names of chromosomes, all by default; UnknownChromosomeError."""
    if chroms is None:
        return source.names
    names = (str(chroms),) if isinstance(chroms, str) or not isinstance(chroms, Iterable) else tuple(str(chrom) for chrom in chroms)
    if not names:
        raise ValueRangeError("chroms= names no chromosome; give at least one, or leave it out for all")
    for name in names:
        if not source.has(name):
            raise unknown_chromosome(name, source.assembly, source.names)
    return tuple(dict.fromkeys(names))


def blocks(source: Source, names: tuple[str, ...]) -> list[Intervals]:
    """The chromosomes in pieces of work: blocks of a long one, or many short ones together."""
    lengths = source.lengths_of(names).tolist()
    tasks: list[Intervals] = []
    short: list[tuple[str, int]] = []
    held = 0

    def flush() -> None:
        if short:
            ends = np.array([length for _, length in short], np.int64)
            tasks.append(Intervals(tuple(name for name, _ in short), np.arange(ends.size), np.zeros(ends.size, np.int64), ends))
            short.clear()

    for name, length in zip(names, lengths, strict=True):
        if length <= BLOCK // 4:
            short.append((name, length))
            held += length
            if held > BLOCK:
                flush()
                held = 0
            continue
        flush()
        held = 0
        for start in range(0, length, BLOCK):
            tasks.append(Intervals((name,), np.zeros(1, np.int64), np.array([start]), np.array([min(start + BLOCK, length)])))
    flush()
    return tasks


def pieces(task: Intervals) -> Iterator[Intervals]:
    """A task in parts of at most ``PIECE`` bases, whose values stay in the cache."""
    first, held = 0, 0
    for k, (start, end) in enumerate(zip(task.start.tolist(), task.end.tolist(), strict=True)):
        if end - start > PIECE:
            if first < k:
                yield _rows(task, first, k)
            for low in range(start, end, PIECE):
                yield Intervals((task.names[int(task.code[k])],), np.zeros(1, np.int64), np.array([low]), np.array([min(low + PIECE, end)]))
            first, held = k + 1, 0
            continue
        if held + end - start > PIECE:
            yield _rows(task, first, k)
            first, held = k, 0
        held += end - start
    if first < task.start.size:
        yield _rows(task, first, task.start.size)


def _rows(task: Intervals, low: int, high: int) -> Intervals:
    return Intervals(task.names, task.code[low:high], task.start[low:high], task.end[low:high])


def each_block(
    work: Callable[[Any, Intervals], Any], source: Source, shared: Any, names: tuple[str, ...], name: str, *, threads: int | None, progress: bool
) -> Iterator[tuple[int, Any]]:
    """Number and result of ``work(shared, task)`` for all blocks, as they are ready."""
    return each_task(work, shared, blocks(source, names), name, threads=threads, progress=progress)


def each_task(
    work: Callable[[Any, Intervals], Any], shared: Any, tasks: list[Intervals], name: str, *, threads: int | None, progress: bool
) -> Iterator[tuple[int, Any]]:
    """Number and result of ``work(shared, task)``, as they are ready, with a bar that counts bp."""
    sizes = [int((task.end - task.start).sum()) for task in tasks]
    with progress_bar(sum(sizes), name, "bp", wanted=progress) as told:
        for number, result in runner(threads).run(work, shared, tasks, name):
            yield number, result
            told(sizes[number])


def over_blocks(*given: Any, threads: int | None, progress: bool) -> list[Any]:
    """The results of :func:`each_block` in the order of positions."""
    return [result for _, result in sorted(each_block(*given, threads=threads, progress=progress), key=lambda found: found[0])]


def summed(*given: Any, threads: int | None, progress: bool) -> NDArray[np.int64]:
    """The sum of the counts that :func:`each_block` gives."""
    total: Any = 0
    for _, counts in each_block(*given, threads=threads, progress=progress):
        total = total + counts
    return np.asarray(total, dtype=np.int64)


# -- statistics -----------------------------------------------------------------------------


def statistics(source: Source, chroms: Any, by: str | None, stored: bool, threads: int | None, progress: bool) -> Any:
    """See :meth:`genomearray.Track.stats`."""
    check_signal(source, "the track", "sum")
    _check_by(by)
    names = chosen(source, chroms)
    table = _stored_columns(source, names) if stored and isinstance(source, StoredTrack) else None
    if table is None:
        table = _computed_columns(source, names, threads, progress)
    return _finished(source, names, table, by)


def statistic(source: Source, name: str, chroms: Any, by: str | None, stored: bool, threads: int | None, progress: bool) -> Any:
    """One statistic, or ``stats``; see :meth:`genomearray.Track.stats`."""
    if name == "sum" and by is None and not (stored and isinstance(source, StoredTrack)):
        whole = total(source, chroms, threads, progress)
        if whole is not None:
            return whole
    told = statistics(source, chroms, by, stored, threads, progress)
    return told if name == "stats" else pick(told, name)


def total(source: Source, chroms: Any, threads: int | None, progress: bool) -> int | None:
    """The sum of small integers, for which nothing else need be known; None for other dtypes."""
    if source.kind != SIGNAL or source.dtype.kind not in "iu" or source.dtype.itemsize > 4:
        return None
    names = chosen(source, chroms)
    return sum(int(part) for _, part in each_block(_block_total, source, source, names, "sum", threads=threads, progress=progress))


def _block_total(source: Source, task: Intervals) -> int:
    return sum(int(add_up(read_intervals(source, piece))) for piece in pieces(task))


@kernel
def add_up(values: NDArray[Any]) -> Any:
    """The sum of integers of up to 32 bits, not too many."""
    whole = np.int64(0)
    for value in values:
        whole += np.int64(value)
    return whole


def lazy_statistic(source: Source, name: str, chroms: Any, by: str | None) -> Any:
    """A statistic as a dask Delayed: a task a block, and one that merges."""
    from dask.delayed import delayed

    check_signal(source, "the track", "sum")
    _check_by(by)
    names = chosen(source, chroms)
    shared = delayed(source, traverse=False, name=f"genomearray-source-{id(source)}")
    part = delayed(_block_columns)
    found = [part(shared, task) for task in blocks(source, names)]
    return delayed(_merged_statistic)(shared, names, found, name, by)


def _merged_statistic(source: Source, names: tuple[str, ...], found: list[Any], name: str, by: str | None) -> Any:
    told = _finished(source, names, _merge_blocks(source, names, found), by)
    return told if name == "stats" else pick(told, name)


def pick(told: Any, name: str) -> Any:
    """One statistic of all: a number, or a Series by chromosome."""
    if name == "count":
        return told.n - told.n_nan if isinstance(told, Statistics) else (told["n"] - told["n_nan"]).rename("count")
    return getattr(told, name) if isinstance(told, Statistics) else told[name]


def _check_by(by: str | None) -> None:
    if by not in (None, "chrom"):
        raise ValueRangeError(f"by={by!r} is not known; give by='chrom', or nothing for all chromosomes together")


def _stored_columns(source: StoredTrack, names: tuple[str, ...]) -> Columns | None:
    """Rows of /sequences; None where their sums are not exact."""
    if source.dtype.kind in "iu" and source.dtype.itemsize == 8:
        return None
    table = {name: source.column("sequences", name) for name in ("n", "n_nan", *SUMMARY_COLUMNS[1:])}
    if names is not source.names:
        rows = np.array([source.rows[name] for name in names], np.int64)
        table = {name: column[rows] for name, column in table.items()}
    return {"n": table["n"] - table["n_nan"]} | {name: table[name] for name in SUMMARY_COLUMNS[1:]}


def _computed_columns(source: Source, names: tuple[str, ...], threads: int | None, progress: bool) -> Columns:
    return _merge_blocks(source, names, over_blocks(_block_columns, source, source, names, "statistics", threads=threads, progress=progress))


def _block_columns(source: Source, task: Intervals) -> tuple[tuple[str, ...], NDArray[np.int64], Columns, list[int] | None]:
    """Names, the number of parts of each, their statistics, and exact sums of 64-bit integers."""
    chunk = chunk_length(_stat_dtype(source))
    counts = np.zeros(task.start.size, np.int64)
    found: list[Columns] = []
    wide: list[int] | None = [] if source.dtype.kind in "iu" and source.dtype.itemsize == 8 else None
    row = {(int(code), int(start) // BLOCK): k for k, (code, start) in enumerate(zip(task.code, task.start, strict=True))}
    names_of = {name: code for code, name in enumerate(task.names)}
    for piece in pieces(task):
        sizes = piece.end - piece.start
        held = may_hold(source, piece)
        values = read_intervals(source, piece) if held else np.empty(0, source.dtype)
        values = values.view(np.uint8) if values.dtype.kind == "b" else values
        before = np.cumsum(sizes) - sizes
        n = -(-sizes // chunk)
        of = np.repeat(np.arange(sizes.size), n)
        starts = before[of] + (np.arange(of.size) - np.repeat(np.cumsum(n) - n, n)) * chunk
        ends = np.minimum(starts + chunk, (before + sizes)[of])
        found.append(summary(values, starts, ends) if held else filled_columns(ends - starts, np.nan, source.dtype))
        for k in range(sizes.size):
            counts[row[names_of[piece.names[int(piece.code[k])]], int(piece.start[k]) // BLOCK]] += n[k]
        if wide is not None:
            wide += [_wide_sum(values[low:high]) for low, high in zip(starts.tolist(), ends.tolist(), strict=True)]
    columns = {name: np.concatenate([part[name] for part in found]) for name in SUMMARY_COLUMNS}
    return tuple(task.names[code] for code in task.code.tolist()), counts, columns, wide


def _wide_sum(values: NDArray[Any]) -> int:
    """The exact sum of 64-bit integers: their halves do not overflow."""
    high = values >> values.dtype.type(32)
    low = (values & values.dtype.type(0xFFFFFFFF)).astype(np.uint64)
    return (int(high.sum()) << 32) + int(low.sum())


def _merge_blocks(source: Source, names: tuple[str, ...], found: Sequence[Any]) -> Columns:
    """A row a chromosome."""
    dtype = _stat_dtype(source)
    parts: dict[str, list[Columns]] = {name: [] for name in names}
    exact: dict[str, int] = dict.fromkeys(names, 0)
    wide = False
    for block_names, counts, columns, sums in found:
        ends = np.cumsum(counts).tolist()
        for name, low, high in zip(block_names, [0, *ends], ends, strict=False):
            parts[name].append({column: values[low:high] for column, values in columns.items()})
            if sums is not None:
                wide = True
                exact[name] += sum(sums[low:high])
    rows = [merge({column: np.concatenate([part[column] for part in parts[name]]) for column in SUMMARY_COLUMNS}, dtype) for name in names]
    merged: Columns = {}
    for k, column in enumerate(SUMMARY_COLUMNS):
        merged[column] = np.array([row[k] for row in rows], dtype=None if column in ("n", "sum", "m2") else dtype)
    if wide:
        merged["exact"] = np.array([exact[name] for name in names], dtype=object)
    return merged


def _stat_dtype(source: Source) -> np.dtype[Any]:
    return np.dtype(np.uint8) if source.dtype.kind == "b" else source.dtype


def _finished(source: Source, names: tuple[str, ...], table: Columns, by: str | None) -> Any:
    """Statistics, or a DataFrame with a row a chromosome."""
    lengths = source.lengths_of(names)
    exact = table.pop("exact", None)
    if by is None:
        whole = merge(table, _stat_dtype(source))
        return _told(int(lengths.sum()), whole, None if exact is None else sum(exact.tolist()))
    import pandas as pd

    rows = []
    for k in range(len(names)):
        one = tuple(table[column][k] for column in SUMMARY_COLUMNS)
        rows.append(_told(int(lengths[k]), one, None if exact is None else exact[k]).as_dict())
    frame = pd.DataFrame(rows, columns=list(_NAMES), index=pd.Index(names, name="chrom", dtype=object))
    for column in ("min", "max"):
        frame[column] = frame[column].astype(_stat_dtype(source))
    return frame


def _told(n: int, merged: Any, exact: int | None) -> Statistics:
    count, total, m2, low, high = merged
    count = int(count)
    total = exact if exact is not None else int(total) if np.asarray(total).dtype.kind in "iu" else float(total)
    mean = total / count if count else float("nan")
    var = float(m2) / count if count and np.isfinite(mean) else float("nan")
    return Statistics(n, n - count, total, mean, var**0.5, var, low, high)


# -- the values themselves ------------------------------------------------------------------


@kernel
def _count_small(values: NDArray[Any], low: int, counts: NDArray[np.int64]) -> None:
    for value in values:
        counts[np.int64(value) - low] += 1


@kernel
def _count_digits(keys: NDArray[Any], shift: int, width: int, prefixes: NDArray[np.uint64], counts: NDArray[np.int64]) -> None:
    """For every key whose digits above ``shift + width`` bits are a prefix: how often its next digit comes."""
    mask = np.uint64((1 << width) - 1)
    last = prefixes.size - 1
    for key in keys:
        above = np.uint64(key) >> np.uint64(shift)
        digit = above & mask
        prefix = above >> np.uint64(width)
        low = 0
        high = last
        while low < high:
            middle = (low + high) // 2
            if prefixes[middle] < prefix:
                low = middle + 1
            else:
                high = middle
        if prefixes[low] == prefix:
            counts[low, digit] += 1


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


def _block_digits(shared: tuple[Source, int, int, NDArray[np.uint64]], task: Intervals) -> NDArray[np.int64]:
    source, shift, width, prefixes = shared
    counts = np.zeros((prefixes.size, 1 << width), np.int64)
    for piece in pieces(task):
        if may_hold(source, piece):
            _count_digits(_keys(read_intervals(source, piece)), shift, width, prefixes, counts)
    return counts


def may_hold(source: Source, piece: Intervals) -> bool:
    """Whether a piece may have a value: False for stretches of NaN that are not stored."""
    if source.dtype.kind != "f" or getattr(source, "fill", np.nan) == 0:
        return True
    rows = zip(piece.code.tolist(), piece.start.tolist(), piece.end.tolist(), strict=True)
    return any(source.holds(piece.names[code], start, end) for code, start, end in rows)


def quantile(source: Source, q: Any, chroms: Any, threads: int | None, progress: bool) -> Any:
    """See :meth:`genomearray.Track.quantile`.

    Selection by digits: counts of the first 16 bits of all values say in which range a rank lies, the next pass
    looks into that range only; two passes for 32 bits, four for 64, whatever the genome.
    """
    check_signal(source, "the track", "quantile")
    wanted = np.asarray(q, dtype=np.float64)
    if wanted.size and not ((wanted >= 0) & (wanted <= 1)).all():
        raise ValueRangeError(f"q={q!r}: a quantile is between 0 and 1; the median is 0.5")
    names = chosen(source, chroms)
    bits = 8 * source.dtype.itemsize
    width = min(bits, _DIGIT)
    prefixes = np.zeros(1, np.uint64)
    below: NDArray[np.int64] = np.zeros(1, np.int64)  # values under each prefix
    ranks: NDArray[np.int64] = np.empty(0, np.int64)
    place = np.empty(0)
    for shift in range(bits - width, -1, -width):
        counts = summed(_block_digits, source, (source, shift, width, prefixes), names, "quantile", threads=threads, progress=progress)
        if shift == bits - width:
            n = int(counts.sum())
            if not n:
                return np.full(wanted.shape, np.nan)[()]
            place = (n - 1) * wanted.reshape(-1)
            ranks = np.unique(np.concatenate([np.floor(place), np.ceil(place)]).astype(np.int64))
        row = np.searchsorted(below, ranks, side="right") - 1
        ends = np.cumsum(counts, axis=1)
        digit = np.array([int(np.searchsorted(ends[r], rank - below[r], side="right")) for r, rank in zip(row, ranks, strict=True)], np.int64)
        started = below[row] + np.array([int(ends[r, d] - counts[r, d]) for r, d in zip(row, digit, strict=True)], np.int64)
        keys = (prefixes[row] << np.uint64(width)) | digit.astype(np.uint64)
        prefixes, first = np.unique(keys, return_index=True)
        below = started[first]
    value = np.array([_value(int(key), source.dtype) for key in keys.tolist()])
    left, right = value[np.searchsorted(ranks, np.floor(place).astype(np.int64))], value[np.searchsorted(ranks, np.ceil(place).astype(np.int64))]
    part = place - np.floor(place)
    with np.errstate(invalid="ignore"):  # between two infinities
        between = np.where(left == right, left, np.where(part < 0.5, left + (right - left) * part, right - (right - left) * (1 - part)))
    return between.reshape(wanted.shape)[()]


def later(work: Callable[..., Any], lazy: bool, *given: Any) -> Any:
    """``work(*given)``, or a dask Delayed of it."""
    if not lazy:
        return work(*given)
    from dask.delayed import delayed

    return delayed(work)(delayed(given[0], traverse=False), *given[1:])


def quantiles(source: Source, q: Any, chroms: Any, by: str | None, threads: int | None, progress: bool) -> Any:
    """See :meth:`genomearray.Track.quantile`."""
    _check_by(by)
    if by is None:
        return quantile(source, q, chroms, threads, progress)
    import pandas as pd

    names = chosen(source, chroms)
    found = [quantile(source, q, name, threads, progress) for name in names]
    index = pd.Index(names, name="chrom", dtype=object)
    return pd.Series(found, index, name="quantile") if np.ndim(q) == 0 else pd.DataFrame(found, index, columns=list(q))


def histograms(source: Source, bins: Any, range: Any, chroms: Any, by: str | None, threads: int | None, progress: bool) -> tuple[Any, NDArray[Any]]:
    """See :meth:`genomearray.Track.histogram`."""
    _check_by(by)
    if by is None:
        return histogram(source, bins, range, chroms, threads, progress)
    import pandas as pd

    names = chosen(source, chroms)
    _, edges = histogram(source, bins, range, names, threads, progress)
    rows = [histogram(source, edges, None, name, threads, progress)[0] for name in names]
    return pd.DataFrame(rows, pd.Index(names, name="chrom", dtype=object)), edges


def histogram(source: Source, bins: Any, range: Any, chroms: Any, threads: int | None, progress: bool) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """See :meth:`genomearray.Track.histogram`."""
    check_signal(source, "the track", "histogram")
    names = chosen(source, chroms)
    if np.ndim(bins) == 0 and range is None:
        told = statistics(source, names, None, True, threads, progress)
        empty = told.n == told.n_nan
        range = (0.0, 1.0) if empty else (told.min, told.max)  # in their dtype, as numpy has the edges
        if not np.isfinite(range).all():
            raise ValueRangeError(f"the values reach from {range[0]} to {range[1]}; give range=(low, high)")
    try:
        edges = np.histogram_bin_edges(np.empty(0, _stat_dtype(source)), bins, range)
    except (ValueError, TypeError) as error:
        raise ValueRangeError(f"bins={bins!r}, range={range!r}: {error}") from None
    shared = (source, bins if np.ndim(bins) == 0 else edges, range)
    return summed(_block_histogram, source, shared, names, "histogram", threads=threads, progress=progress), edges


def _block_histogram(shared: tuple[Source, Any, Any], task: Intervals) -> NDArray[np.int64]:
    source, bins, range = shared
    total: Any = 0
    low, high = (0, 1 << 30) if source.dtype.kind == "f" else limits(source)
    small = high - low < 1 << 16
    counts = np.zeros(high - low + 1 if small else 0, np.int64)
    for piece in filter(partial(may_hold, source), pieces(task)):
        values = read_intervals(source, piece)
        if small:  # values are counted, not sorted into bins one by one
            _count_small(values, low, counts)
        else:
            values = values[~np.isnan(values)] if values.dtype.kind == "f" else values
            total = total + np.histogram(values, bins, range)[0]
    if small:
        some = np.flatnonzero(counts)
        # As the values' own dtype: numpy's rounding at the borders of bins is that of the dtype.
        values = (some + low).astype(_stat_dtype(source))
        total = np.histogram(values, bins, range, weights=counts[some])[0]
    return np.asarray(total, dtype=np.int64)


# -- several tracks -------------------------------------------------------------------------


def correlation(sources: tuple[Source, ...], labels: list[str], chroms: Any, threads: int | None, progress: bool) -> pd.DataFrame:
    """See :func:`genomearray.corr`."""
    import pandas as pd

    for source, label in zip(sources, labels, strict=True):
        check_signal(source, label, "correlation")
    check_together(sources, tuple(labels))
    names = chosen(sources[0], chroms)
    found = over_blocks(_block_products, sources[0], sources, names, "correlation", threads=threads, progress=progress)
    matrix = np.eye(len(sources))
    for pair, (i, j) in enumerate(_pairs(len(sources))):
        r = _pearson(np.array([block[pair] for block in found]))
        matrix[i, j] = matrix[j, i] = r
    return pd.DataFrame(matrix, index=labels, columns=labels)


def _pairs(n: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(n) for j in range(i, n)]


def _block_products(sources: tuple[Source, ...], task: Intervals) -> NDArray[np.float64]:
    """For each pair of sources over the bases where both have a value: n, means, and sums of products of deviations."""
    out = np.zeros((len(_pairs(len(sources))), 6))
    for piece in pieces(task):
        values = [read_intervals(source, piece) for source in sources]
        columns = [value.astype(np.float64) for value in values]
        known = [None if value.dtype.kind != "f" else ~np.isnan(value) for value in values]
        for pair, (i, j) in enumerate(_pairs(len(sources))):
            x, y = columns[i], columns[j]
            masks = [mask for mask in (known[i], known[j]) if mask is not None and not mask.all()]
            if masks:
                both = np.logical_and.reduce(masks)
                x, y = x[both], y[both]
            if x.size:
                with np.errstate(invalid="ignore"):
                    mx, my = x.mean(), y.mean()
                    dx, dy = x - mx, y - my  # multiplied by numpy, not BLAS, whose sums depend on its threads
                    out[pair] = _joined(out[pair], np.array([x.size, mx, my, (dx * dx).sum(), (dy * dy).sum(), (dx * dy).sum()]))
    return out


def _joined(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two parts as one (Chan, Golub and LeVeque 1983)."""
    if not a[0] or not b[0]:
        return a if a[0] else b
    n = a[0] + b[0]
    dx, dy, weight = b[1] - a[1], b[2] - a[2], a[0] * b[0] / n
    shift = b[0] / n
    return np.array([n, a[1] + dx * shift, a[2] + dy * shift, a[3] + b[3] + dx * dx * weight, a[4] + b[4] + dy * dy * weight, a[5] + b[5] + dx * dy * weight])  # fmt: skip # noqa: E501


def _pearson(parts: NDArray[np.float64]) -> float:
    total = np.zeros(6)
    for part in parts:
        total = _joined(total, part)
    scale = (total[3] * total[4]) ** 0.5
    return float(np.clip(total[5] / scale, -1, 1)) if scale > 0 else float("nan")
