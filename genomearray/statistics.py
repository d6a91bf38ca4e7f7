"""Exact statistics of regions and bins: whole chunks from their stored summaries, only the edges as bases."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import LayoutError, RegionError
from genomearray.region import check_offsets, integer
from genomearray.region_table import read_regions
from genomearray.source import ChunkStatistics, Source
from genomearray.storage.layout import SIGNAL
from genomearray.storage.reader import Intervals
from genomearray.storage.tables import Columns, empty_columns, summary

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_PIECE = 1 << 14  # values; length of a piece where no summaries are stored
_AT_ONCE = 1 << 20  # values that a thread holds
_REGIONS = 1 << 17  # regions worked on together


def interval_statistics(source: Source, chrom: str, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Columns:
    """N (valid values), sum, m2, min and max of intervals [start, end) of one chromosome, in their order.

    Notes
    -----
    Parts of an interval are merged in the order of positions, by Chan, Golub and LeVeque
    (1983), doi:10.1080/00031305.1983.10483115: threads and stores give the same bits.
    """
    parts = [
        _some_statistics(source, chrom, starts[low : low + _REGIONS], ends[low : low + _REGIONS]) for low in range(0, max(starts.size, 1), _REGIONS)
    ]
    return parts[0] if len(parts) == 1 else {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _some_statistics(source: Source, chrom: str, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Columns:
    from genomearray.merging import merge_parts

    stored = source.chunk_statistics(chrom)
    offset, chunk = (stored.offset, stored.chunk) if stored is not None else (0, _PIECE)
    low, high = starts + offset, ends + offset  # in the array
    # Whole chunks [first, last): from the first border in the interval to the last one, which may be the array's end.
    first = -(-low // chunk)
    last = high // chunk
    if stored is not None:
        last = np.where(high == stored.stop, -(-stored.stop // chunk), last)
    whole = (last > first) & (stored is not None)
    rows, row_of_first = _summary_rows(stored, first[whole], last[whole], source.dtype)
    first_row = np.zeros(starts.size, dtype=np.int64)
    first_row[whole] = first[whole] - row_of_first
    n_rows = np.where(whole, last - first, 0)
    # What is left: before the first whole chunk, after the last; all of it where there is none.
    left_end = np.where(whole, first * chunk, high)
    right_start = np.where(whole, np.minimum(last * chunk, high), high)
    left, left_of = _pieces(low, left_end, chunk)
    right, right_of = _pieces(right_start, high, chunk)
    edges = _edge_statistics(source, chrom, np.concatenate([left, right]) - offset, offset, chunk)
    out = empty_columns(starts.size, source.dtype)
    n_left = np.bincount(left_of, minlength=starts.size)
    n_right = np.bincount(right_of, minlength=starts.size)
    nothing = source.dtype.type(np.nan if source.dtype.kind == "f" else 0)
    numbers: list[Any] = [n_left, n_right, first_row, n_rows, *rows.values(), *edges.values(), left.shape[0], nothing, *out.values()]
    merge_parts(*numbers)
    return out


def _summary_rows(stored: ChunkStatistics | None, first: NDArray[np.int64], last: NDArray[np.int64], dtype: np.dtype[Any]) -> tuple[Columns, int]:
    if stored is None or not first.size:
        return empty_columns(0, dtype), 0
    lowest = int(first.min())
    return stored.rows(lowest, int(last.max())), lowest


def _pieces(starts: NDArray[np.int64], ends: NDArray[np.int64], chunk: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Intervals cut at the borders of chunks, shape (pieces, 2), and the interval each piece comes from."""
    some = np.flatnonzero(ends > starts)
    first = starts[some] // chunk
    counts = (ends[some] - 1) // chunk - first + 1
    of = np.repeat(some, counts)
    index = np.arange(of.size) - np.repeat(np.cumsum(counts) - counts - first, counts)
    return np.stack([np.maximum(starts[of], index * chunk), np.minimum(ends[of], (index + 1) * chunk)], axis=1), of


def _edge_statistics(source: Source, chrom: str, pieces: NDArray[np.int64], offset: int, chunk: int) -> Columns:
    """Statistics of pieces, none longer than a chunk; each chunk is decoded once."""
    out = empty_columns(pieces.shape[0], source.dtype)
    order = np.argsort(pieces[:, 0], kind="stable")
    index = (pieces[order, 0] + offset) // chunk
    changes = np.append(np.append(0, np.flatnonzero(np.diff(index)) + 1), index.size)
    per_group = max(1, _AT_ONCE // chunk)
    groups = [order[changes[k] : changes[min(k + per_group, changes.size - 1)]] for k in range(0, changes.size - 1, per_group)]

    def work(rows: NDArray[np.int64]) -> None:
        _group_statistics(source, chrom, pieces[rows], rows, offset, chunk, out)

    if not index.size:
        return out
    if len(groups) == 1:
        work(groups[0])
        return out
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:  # reading threads may be what a source waits for
        tasks = [pool.submit(work, rows) for rows in groups]
        wait(tasks)
    for task in tasks:
        task.result()
    return out


def _group_statistics(source: Source, chrom: str, pieces: NDArray[np.int64], rows: NDArray[np.int64], offset: int, chunk: int, out: Columns) -> None:
    """Statistics of the pieces of a few chunks, sorted by start, into rows of ``out``."""
    index = (pieces[:, 0] + offset) // chunk
    first = np.append(0, np.flatnonzero(np.diff(index)) + 1)
    starts, ends = pieces[first, 0], np.maximum.reduceat(pieces[:, 1], first)
    dest = np.cumsum(ends - starts) - (ends - starts)
    values = np.empty(int((ends - starts).sum()), dtype=source.dtype)
    source.gather(Intervals((chrom,), np.zeros(starts.size, np.int64), starts, ends), values, dest, threads=False)
    shift = np.repeat(dest - starts, np.diff(np.append(first, rows.size)))
    columns = summary(values, pieces[:, 0] + shift, pieces[:, 1] + shift)
    for name, column in columns.items():
        out[name][rows] = column


def _told(columns: Columns) -> dict[str, NDArray[Any]]:
    """The statistics people ask for."""
    n, total = columns["n"], columns["sum"]
    with np.errstate(invalid="ignore", divide="ignore"):  # nothing has no mean
        mean = total.astype(np.float64) / n
        std = np.where(np.isfinite(mean), np.sqrt(columns["m2"] / n), np.nan)  # an infinite value has no deviation
    return {"n": n, "mean": mean, "min": columns["min"], "max": columns["max"], "sum": total, "std": std}


def _refuse_sequence(source: Source) -> None:
    if source.kind != SIGNAL:
        raise LayoutError("the track holds a sequence: letters have no mean; statistics are for signals")


def region_stats(source: Source, regions: Any) -> pd.DataFrame:
    """See :meth:`genomearray.Track.region_stats`."""
    import pandas as pd

    _refuse_sequence(source)
    table = read_regions(regions, source).inside(source)
    columns = empty_columns(len(table), source.dtype)
    order = np.argsort(table.code, kind="stable")
    borders = np.searchsorted(table.code[order], np.arange(len(table.names) + 1))
    for code, name in enumerate(table.names):
        rows = order[borders[code] : borders[code + 1]]
        if rows.size:
            for column, values in interval_statistics(source, name, table.start[rows], table.end[rows]).items():
                columns[column][rows] = values
    frame = {"chrom": table.chrom.astype(object), "start": table.start, "end": table.end, "strand": table.strand_text.astype(object)}
    return pd.DataFrame(frame | _told(columns))


def bins(source: Source, chrom: str, size: object, start: object, end: object) -> xr.Dataset:
    """See :meth:`genomearray.Track.bins`."""
    step = integer(size, "size of a bin")
    if step < 1:
        raise RegionError(f"a bin of {step} bp holds no base; its size is at least 1")
    low, high = check_offsets(chrom, source.length(chrom), start, end)
    borders = np.append(np.arange(low, high, step, dtype=np.int64), high)
    return binned(source, chrom, borders)


def binned(source: Source, chrom: str, borders: NDArray[np.int64]) -> xr.Dataset:
    """Statistics of the stretches between borders (offsets) of a chromosome."""
    import xarray as xr

    _refuse_sequence(source)
    starts, ends = borders[:-1], borders[1:]
    columns = interval_statistics(source, chrom, starts, ends)
    coords = {"start": ("bin", starts), "end": ("bin", ends), "chrom": chrom}
    return xr.Dataset({name: ("bin", values) for name, values in _told(columns).items()}, coords, {"assembly": source.assembly})
