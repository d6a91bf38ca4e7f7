"""Statistics of whole chromosomes and genomes: from stored ones, or block by block.

Integers are exact; floats are added so that the last digits are right (Shewchuk's algorithm, ``math.fsum``)
over chunks, which are merged in the order of positions: threads, stores and clusters give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genomearray.compute.blocks import blocks, chosen, each_block, may_hold, over_blocks, pieces
from genomearray.compute.kernels import add_up
from genomearray.errors import ValueRangeError
from genomearray.reference.intervals import Intervals
from genomearray.source import Source, check_signal, read_intervals
from genomearray.storage.layout import BLOCK, SIGNAL, SUMMARY_COLUMNS, chunk_length
from genomearray.storage.read.stored_track import StoredTrack
from genomearray.storage.summary import Columns, filled_columns, merge, summary

if TYPE_CHECKING:
    pass


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


# -- statistics -----------------------------------------------------------------------------


def statistics(source: Source, chroms: Any, by: str | None, stored: bool, threads: int | None, progress: bool) -> Any:
    """See :meth:`genomearray.Track.stats`."""
    check_signal(source, "the track", "sum")
    check_by(by)
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


def lazy_statistic(source: Source, name: str, chroms: Any, by: str | None) -> Any:
    """A statistic as a dask Delayed: a task a block, and one that merges."""
    from dask.delayed import delayed

    check_signal(source, "the track", "sum")
    check_by(by)
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


def check_by(by: str | None) -> None:
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
    chunk = chunk_length(stat_dtype(source))
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
    dtype = stat_dtype(source)
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


def stat_dtype(source: Source) -> np.dtype[Any]:
    return np.dtype(np.uint8) if source.dtype.kind == "b" else source.dtype


def _finished(source: Source, names: tuple[str, ...], table: Columns, by: str | None) -> Any:
    """Statistics, or a DataFrame with a row a chromosome."""
    lengths = source.lengths_of(names)
    exact = table.pop("exact", None)
    if by is None:
        whole = merge(table, stat_dtype(source))
        return _told(int(lengths.sum()), whole, None if exact is None else sum(exact.tolist()))
    import pandas as pd

    rows = []
    for k in range(len(names)):
        one = tuple(table[column][k] for column in SUMMARY_COLUMNS)
        rows.append(_told(int(lengths[k]), one, None if exact is None else exact[k]).as_dict())
    frame = pd.DataFrame(rows, columns=list(_NAMES), index=pd.Index(names, name="chrom", dtype=object))
    for column in ("min", "max"):
        frame[column] = frame[column].astype(stat_dtype(source))
    return frame


def _told(n: int, merged: Any, exact: int | None) -> Statistics:
    count, total, m2, low, high = merged
    count = int(count)
    total = exact if exact is not None else int(total) if np.asarray(total).dtype.kind in "iu" else float(total)
    mean = total / count if count else float("nan")
    var = float(m2) / count if count and np.isfinite(mean) else float("nan")
    return Statistics(n, n - count, total, mean, var**0.5, var, low, high)
