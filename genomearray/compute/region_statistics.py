"""Exact statistics of regions and bins: whole chunks from their stored summaries, only the edges as bases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genomearray._typing import Chroms
from genomearray.compute.blocks import chosen
from genomearray.compute.stat_names import SUMMARISED, Stat, Stats, stats_of
from genomearray.compute.value_statistics import value_statistics
from genomearray.errors import RegionError
from genomearray.executor import workers
from genomearray.reference.intervals import Intervals, ragged_index
from genomearray.reference.region import check_offsets, integer
from genomearray.reference.region_table import Regions, read_regions
from genomearray.source import ChunkStatistics, Source, check_signal
from genomearray.summary import Summary
from genomearray.summary_kernels import merge_parts, summarise

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


_PIECE = 1 << 14  # values; length of a piece where no summaries are stored
_AT_ONCE = 1 << 20  # values that a thread holds
_REGIONS = 1 << 17  # regions worked on together


def interval_statistics(source: Source, intervals: Intervals) -> Summary:
    """N (valid values), sum, m2, min and max of intervals, in their order.

    Notes
    -----
    Parts of an interval are merged in the order of positions, by Chan, Golub and LeVeque
    (1983), doi:10.1080/00031305.1983.10483115: threads and stores give the same bits.
    """
    columns = Summary.empty(intervals.start.size, source.dtype)
    stored, array_of, offsets = source.chunk_statistics(intervals.names)
    order = np.argsort(array_of[intervals.code], kind="stable")
    borders = np.searchsorted(array_of[intervals.code][order], np.arange(len(stored) + 1))
    for k, statistics in enumerate(stored):
        for low in range(int(borders[k]), int(borders[k + 1]), _REGIONS):
            rows = order[low : min(low + _REGIONS, int(borders[k + 1]))]
            chosen = Intervals(
                intervals.names, intervals.code[rows], intervals.start[rows], intervals.end[rows]
            )
            columns.put(rows, _some_statistics(source, statistics, chosen, offsets[chosen.code]))
    return columns


def _some_statistics(
    source: Source, stored: ChunkStatistics | None, intervals: Intervals, offset: NDArray[np.int64]
) -> Summary:
    """Of intervals that lie in one array, their chromosomes at ``offset`` in it."""
    chunk = stored.chunk if stored is not None else _PIECE
    low, high = intervals.start + offset, intervals.end + offset  # in the array
    # Whole chunks [first, last): from the first border in the interval to the last one,
    # which may be the end of the array.
    first = -(-low // chunk)
    last = high // chunk
    if stored is not None:
        last = np.where(high == stored.stop, -(-stored.stop // chunk), last)
    whole = (last > first) & (stored is not None)
    rows, row_of_first = _summary_rows(stored, first[whole], last[whole], source.dtype)
    first_row = np.zeros(low.size, dtype=np.int64)
    first_row[whole] = first[whole] - row_of_first
    n_rows = np.where(whole, last - first, 0)
    # What is left: before the first whole chunk, after the last; all of it where there is none.
    left_end = np.where(whole, first * chunk, high)
    right_start = np.where(whole, np.minimum(last * chunk, high), high)
    left, left_of = _pieces(low, left_end, chunk)
    right, right_of = _pieces(right_start, high, chunk)
    of = np.concatenate([left_of, right_of])
    edges = _edge_statistics(source, intervals, np.concatenate([left, right]), of, offset, chunk)
    out = Summary.empty(low.size, source.dtype)
    n_left = np.bincount(left_of, minlength=low.size)
    n_right = np.bincount(right_of, minlength=low.size)
    merge_parts(n_left, n_right, first_row, n_rows, rows, edges, left.shape[0], out)
    return out


def _summary_rows(
    stored: ChunkStatistics | None, first: NDArray[np.int64], last: NDArray[np.int64], dtype: np.dtype[Any]
) -> tuple[Summary, int]:
    if stored is None or not first.size:
        return Summary.empty(0, dtype), 0
    lowest = int(first.min())
    return stored.rows(lowest, int(last.max())), lowest


def _pieces(
    starts: NDArray[np.int64], ends: NDArray[np.int64], chunk: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Intervals cut at the borders of chunks, shape (pieces, 2), and the interval each piece comes from."""
    with_bases = np.flatnonzero(ends > starts)
    first = starts[with_bases] // chunk
    counts = (ends[with_bases] - 1) // chunk - first + 1
    of = np.repeat(with_bases, counts)
    index = ragged_index(counts, first)
    return np.stack(
        [np.maximum(starts[of], index * chunk), np.minimum(ends[of], (index + 1) * chunk)], axis=1
    ), of


def _edge_statistics(
    source: Source,
    intervals: Intervals,
    pieces: NDArray[np.int64],
    of: NDArray[np.int64],
    offset: NDArray[np.int64],
    chunk: int,
) -> Summary:
    """Statistics of pieces of intervals, none longer than a chunk; each chunk is decoded once."""
    out = Summary.empty(pieces.shape[0], source.dtype)
    order = np.argsort(pieces[:, 0], kind="stable")
    index = pieces[order, 0] // chunk
    changes = np.append(np.append(0, np.flatnonzero(np.diff(index)) + 1), index.size)
    per_group = max(1, _AT_ONCE // chunk)
    groups = [
        order[changes[k] : changes[min(k + per_group, changes.size - 1)]]
        for k in range(0, changes.size - 1, per_group)
    ]

    def work(rows: NDArray[np.int64]) -> None:
        edges = of[rows]
        out.put(
            rows,
            _group_statistics(
                source, intervals.names, intervals.code[edges], pieces[rows], offset[edges], chunk
            ),
        )

    if not index.size:
        return out
    if len(groups) == 1:
        work(groups[0])
        return out
    with ThreadPoolExecutor(workers()) as pool:  # reading threads may be what a source waits for
        tasks = [pool.submit(work, rows) for rows in groups]
        wait(tasks)
    for task in tasks:
        task.result()
    return out


def _group_statistics(
    source: Source,
    names: tuple[str, ...],
    code: NDArray[np.int64],
    pieces: NDArray[np.int64],
    offset: NDArray[np.int64],
    chunk: int,
) -> Summary:
    """Statistics of the pieces of a few chunks, sorted by start."""
    index = pieces[:, 0] // chunk
    # One stretch for the pieces of a chromosome in a chunk, which may hold several short ones.
    first = np.append(0, np.flatnonzero((np.diff(index) != 0) | (np.diff(code) != 0)) + 1)
    starts, ends = pieces[first, 0], np.maximum.reduceat(pieces[:, 1], first)
    dest = np.cumsum(ends - starts) - (ends - starts)
    values = np.empty(int((ends - starts).sum()), dtype=source.dtype)
    shift = offset[first]
    source.gather(Intervals(names, code[first], starts - shift, ends - shift), values, dest, threads=False)
    ahead = np.repeat(dest - starts, np.diff(np.append(first, code.size)))
    return summarise(values, pieces[:, 0] + ahead, pieces[:, 1] + ahead)


def asked_statistics(source: Source, intervals: Intervals, stats: list[Stat]) -> dict[str, NDArray[Any]]:
    """Statistics of intervals in their order, by name."""
    found: dict[str, NDArray[Any]] = {}
    if any(stat.kind in SUMMARISED for stat in stats):
        found = _of_summary(interval_statistics(source, intervals))
    found |= value_statistics(source, intervals, [stat for stat in stats if stat.kind not in SUMMARISED])
    return {stat.text: found[stat.text] for stat in stats}


def _of_summary(summary: Summary) -> dict[str, NDArray[Any]]:
    """The statistics that summaries hold."""
    n, total = summary.n, summary.sum
    with np.errstate(invalid="ignore", divide="ignore"):  # nothing has no mean
        mean = total.astype(np.float64) / n
        std = np.where(
            np.isfinite(mean), np.sqrt(summary.m2 / n), np.nan
        )  # an infinite value has no deviation
    return {"n": n, "mean": mean, "min": summary.min, "max": summary.max, "sum": total, "std": std}


def region_stats(source: Source, regions: Regions, stats: Stats | None) -> pd.DataFrame:
    """See :meth:`genomearray.Track.region_stats`."""
    import pandas as pd

    wanted = stats_of(stats)
    check_signal(source, "the track", "mean")
    table = read_regions(regions, source).inside(source)
    frame = {
        "chrom": table.chrom.astype(object),
        "start": table.start,
        "end": table.end,
        "strand": table.strand_text.astype(object),
    }
    columns = asked_statistics(source, table.intervals, wanted)
    # The index of a DataFrame, so that its other columns can be joined.
    index = regions.index if isinstance(regions, pd.DataFrame) else None
    return pd.DataFrame({name: np.asarray(column) for name, column in (frame | columns).items()}, index=index)


def bin_size(size: object) -> int:
    """The size of a bin (bp), checked."""
    step = integer(size, "size of a bin")
    if step < 1:
        raise RegionError(f"a bin of {step} bp holds no base; its size is at least 1")
    return step


def bins(
    source: Source, chrom: str, size: object, start: object, end: object, stats: Stats | None
) -> xr.Dataset:
    """See :meth:`genomearray.Track.bins`."""
    step = bin_size(size)
    low, high = check_offsets(chrom, source.length(chrom), start, end)
    borders = np.append(np.arange(low, high, step, dtype=np.int64), high)
    return binned(source, chrom, borders, stats)


def genome_bins(source: Source, size: object, chroms: Chroms) -> Intervals:
    """Bins over whole chromosomes, in the order of the genome; the last of each may be shorter."""
    step, names = bin_size(size), tuple(chosen(source, chroms))
    lengths = source.lengths_of(names)
    counts = -(-lengths // step)
    start = ragged_index(counts) * step
    code = np.repeat(np.arange(len(names)), counts)
    return Intervals(names, code, start, np.minimum(start + step, lengths[code]))


def interval_columns(intervals: Intervals) -> dict[str, NDArray[Any]]:
    """Chromosome, start and end (offsets) of intervals."""
    chrom = np.array(intervals.names, dtype=object)[intervals.code]
    return {"chrom": chrom, "start": intervals.start, "end": intervals.end}


def table_of_bins(source: Source, size: object, chroms: Chroms, stats: Stats | None) -> xr.Dataset:
    """See :meth:`genomearray.Track.bins`."""
    import xarray as xr

    wanted = stats_of(stats)
    check_signal(source, "the track", "mean")
    intervals = genome_bins(source, size, chroms)
    columns = asked_statistics(source, intervals, wanted)
    variables = {name: ("bin", values) for name, values in columns.items()}
    coords = {name: ("bin", values) for name, values in interval_columns(intervals).items()}
    return xr.Dataset(variables, coords, {"assembly": source.assembly})


def binned(source: Source, chrom: str, borders: NDArray[np.int64], stats: Stats | None = None) -> xr.Dataset:
    """Statistics of the stretches between borders (offsets) of a chromosome."""
    import xarray as xr

    wanted = stats_of(stats)
    check_signal(source, "the track", "mean")
    starts, ends = borders[:-1], borders[1:]
    intervals = Intervals((chrom,), np.zeros(starts.size, np.int64), starts, ends)
    columns = asked_statistics(source, intervals, wanted)
    coords = {"start": ("bin", starts), "end": ("bin", ends), "chrom": chrom}
    return xr.Dataset(
        {name: ("bin", values) for name, values in columns.items()},
        coords,
        {"assembly": source.assembly},
    )
