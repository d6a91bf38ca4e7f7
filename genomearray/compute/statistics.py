"""Statistics of whole chromosomes and genomes: from stored ones, or block by block.

Integers are exact; floats are added so that the last digits are right (Shewchuk's algorithm, ``math.fsum``)
over chunks, which are merged in the order of positions: threads, stores and clusters give the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from genomearray._typing import Chroms, Number
from genomearray.choices import BY, SIGNAL, By, check
from genomearray.compute.blocks import Run, blocks, chosen, each_block, may_hold, over_blocks, pieces
from genomearray.compute.kernels import add_up
from genomearray.reference.intervals import Intervals, ragged_index
from genomearray.source import Source, check_signal
from genomearray.storage.layout import BLOCK, chunk_length
from genomearray.summary import Summary, Total
from genomearray.summary_kernels import summarise

if TYPE_CHECKING:
    import pandas as pd
    from dask.delayed import Delayed

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


class ChromosomeStatistics(NamedTuple):
    """A row for each chromosome; of 64-bit integers also the exact sums, which no 64 bits hold."""

    rows: Summary
    exact: list[int] | None = None


@overload
def statistics(
    source: Source, chroms: Chroms, by: None, stored: bool, threads: int | None, progress: bool
) -> Statistics: ...
@overload
def statistics(
    source: Source, chroms: Chroms, by: By, stored: bool, threads: int | None, progress: bool
) -> pd.DataFrame: ...
@overload
def statistics(
    source: Source, chroms: Chroms, by: By | None, stored: bool, threads: int | None, progress: bool
) -> Statistics | pd.DataFrame: ...
def statistics(
    source: Source, chroms: Chroms, by: By | None, stored: bool, threads: int | None, progress: bool
) -> Statistics | pd.DataFrame:
    """See :meth:`genomearray.Track.stats`."""
    check_signal(source, "the track", "sum")
    check_by(by)
    names = chosen(source, chroms)
    rows = source.chromosome_statistics(names) if stored else None
    table = _computed(source, names, threads, progress) if rows is None else ChromosomeStatistics(rows)
    return _finished(source, names, table, by)


def statistic(
    source: Source,
    name: str,
    chroms: Chroms,
    by: By | None,
    stored: bool,
    threads: int | None,
    progress: bool,
) -> Number | Statistics | pd.Series | pd.DataFrame:
    """One statistic, or ``stats``; see :meth:`genomearray.Track.stats`."""
    if name == "sum" and by is None and not (stored and _answers(source, chroms)):
        whole = total(source, chroms, threads, progress)
        if whole is not None:
            return whole
    answer = statistics(source, chroms, by, stored, threads, progress)
    return answer if name == "stats" else one_statistic(answer, name)


def _answers(source: Source, chroms: Chroms) -> bool:
    """Whether stored statistics answer."""
    return source.chromosome_statistics(chosen(source, chroms)) is not None


def total(source: Source, chroms: Chroms, threads: int | None, progress: bool) -> int | None:
    """The sum of small integers, for which nothing else need be known; None for other dtypes."""
    if source.kind != SIGNAL or source.dtype.kind not in "iu" or source.dtype.itemsize > 4:
        return None
    names = chosen(source, chroms)
    return sum(
        int(part)
        for _, part in each_block(_block_total, source, source, names, Run("sum", threads, progress))
    )


def _block_total(source: Source, task: Intervals) -> int:
    return sum(int(add_up(source.read_intervals(piece))) for piece in pieces(task))


def lazy_statistic(source: Source, name: str, chroms: Chroms, by: By | None) -> Delayed:
    """A statistic as a dask Delayed: a task a block, and one that merges."""
    from dask.base import tokenize
    from dask.delayed import delayed

    check_signal(source, "the track", "sum")
    check_by(by)
    names = chosen(source, chroms)
    # Named by its content: an id comes again when a source is gone, and the scheduler keeps the task.
    shared = delayed(source, traverse=False, name=f"genomearray-source-{tokenize(source)}")
    part = delayed(_block_statistics)
    parts = [part(shared, task) for task in blocks(source, names)]
    made: Delayed = delayed(_merged_statistic)(shared, names, parts, name, by)
    return made


def _merged_statistic(
    source: Source, names: tuple[str, ...], parts: list[BlockStatistics], name: str, by: By | None
) -> Number | Statistics | pd.Series | pd.DataFrame:
    whole = _finished(source, names, _merge_blocks(source, names, parts), by)
    return whole if name == "stats" else one_statistic(whole, name)


def one_statistic(answer: Statistics | pd.DataFrame, name: str) -> Number | pd.Series:
    """One statistic of all: a number, or a Series by chromosome."""
    if isinstance(answer, Statistics):
        value: Number = answer.n - answer.n_nan if name == "count" else getattr(answer, name)
        return value
    return (answer["n"] - answer["n_nan"]).rename("count") if name == "count" else answer[name]


def check_by(by: str | None) -> None:
    """ArgumentError unless statistics can be had by that."""
    if by is not None:
        check("by", by, BY, optional=True)


class BlockStatistics(NamedTuple):
    """Statistics of a block: names, how many parts each has, the parts, and exact sums of 64-bit integers."""

    names: tuple[str, ...]
    counts: NDArray[np.int64]
    parts: Summary
    exact: list[int] | None


def _computed(
    source: Source, names: tuple[str, ...], threads: int | None, progress: bool
) -> ChromosomeStatistics:
    blocks_found = over_blocks(_block_statistics, source, source, names, Run("statistics", threads, progress))
    return _merge_blocks(source, names, blocks_found)


def _block_statistics(source: Source, task: Intervals) -> BlockStatistics:
    chunk = chunk_length(stat_dtype(source))
    counts = np.zeros(task.start.size, np.int64)
    summaries: list[Summary] = []
    wide: list[int] | None = [] if source.dtype.kind in "iu" and source.dtype.itemsize == 8 else None
    row = {
        (int(code), int(start) // BLOCK): k
        for k, (code, start) in enumerate(zip(task.code, task.start, strict=True))
    }
    names_of = {name: code for code, name in enumerate(task.names)}
    for piece in pieces(task):
        sizes = piece.end - piece.start
        held = may_hold(source, piece)
        values = source.read_intervals(piece) if held else np.empty(0, source.dtype)
        values = values.view(np.uint8) if values.dtype.kind == "b" else values
        before = np.cumsum(sizes) - sizes
        n = -(-sizes // chunk)
        of = np.repeat(np.arange(sizes.size), n)
        starts = before[of] + ragged_index(n) * chunk
        ends = np.minimum(starts + chunk, (before + sizes)[of])
        summaries.append(
            summarise(values, starts, ends) if held else Summary.filled(ends - starts, np.nan, source.dtype)
        )
        for k in range(sizes.size):
            counts[row[names_of[piece.names[int(piece.code[k])]], int(piece.start[k]) // BLOCK]] += n[k]
        if wide is not None:
            wide += [
                _wide_sum(values[low:high]) for low, high in zip(starts.tolist(), ends.tolist(), strict=True)
            ]
    return BlockStatistics(
        tuple(task.names[code] for code in task.code.tolist()), counts, Summary.joined(summaries), wide
    )


def _wide_sum(values: NDArray[Any]) -> int:
    """The exact sum of 64-bit integers: their halves do not overflow."""
    high = values >> values.dtype.type(32)
    low = (values & values.dtype.type(0xFFFFFFFF)).astype(np.uint64)
    return (int(high.sum()) << 32) + int(low.sum())


def _merge_blocks(
    source: Source, names: tuple[str, ...], block_parts: Sequence[BlockStatistics]
) -> ChromosomeStatistics:
    """A row a chromosome."""
    dtype = stat_dtype(source)
    parts: dict[str, list[Summary]] = {name: [] for name in names}
    exact = dict.fromkeys(names, 0)
    wide = False
    for block in block_parts:
        ends = np.cumsum(block.counts).tolist()
        for name, low, high in zip(block.names, [0, *ends], ends, strict=False):
            parts[name].append(block.parts.rows(slice(low, high)))
            if block.exact is not None:
                wide = True
                exact[name] += sum(block.exact[low:high])
    merged = [Summary.joined(parts[name]).merged(dtype) for name in names]
    columns = zip(*merged, strict=True)
    rows = Summary(
        *(
            np.array(column, dtype if name in ("min", "max") else None)
            for name, column in zip(Summary._fields, columns, strict=True)
        )
    )
    return ChromosomeStatistics(rows, [exact[name] for name in names] if wide else None)


def stat_dtype(source: Source) -> np.dtype[Any]:
    """The dtype that statistics of a source have: yes and no count as 1 and 0."""
    return np.dtype(np.uint8) if source.dtype.kind == "b" else source.dtype


def _finished(
    source: Source, names: tuple[str, ...], table: ChromosomeStatistics, by: By | None
) -> Statistics | pd.DataFrame:
    """Statistics, or a DataFrame with one row per chromosome."""
    lengths = source.lengths_of(names)
    rows, exact = table
    if by is None:
        return _statistics_of(
            int(lengths.sum()), rows.merged(stat_dtype(source)), None if exact is None else sum(exact)
        )
    import pandas as pd

    finished = []
    for k in range(len(names)):
        total = Total(*(column[k] for column in rows))
        finished.append(_statistics_of(int(lengths[k]), total, None if exact is None else exact[k]).as_dict())
    frame = pd.DataFrame(finished, columns=list(_NAMES), index=pd.Index(names, name="chrom", dtype=object))
    for column in ("min", "max"):
        frame[column] = frame[column].astype(stat_dtype(source))
    return frame


def _statistics_of(n: int, merged: Total, exact: int | None) -> Statistics:
    count = int(merged.n)
    if exact is not None:
        whole: int | float = exact
    else:
        whole = int(merged.sum) if np.asarray(merged.sum).dtype.kind in "iu" else float(merged.sum)
    mean = whole / count if count else float("nan")
    var = float(merged.m2) / count if count and np.isfinite(mean) else float("nan")
    return Statistics(n, n - count, whole, mean, var**0.5, var, merged.min, merged.max)
