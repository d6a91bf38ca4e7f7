"""Where a track is above or below a number: intervals."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genomearray._typing import Chroms
from genomearray.compute.blocks import Run, chosen, may_hold, over_blocks, pieces
from genomearray.errors import ValueRangeError
from genomearray.reference.intervals import Intervals
from genomearray.reference.region import check_bases, integer
from genomearray.source import Source, check_signal

if TYPE_CHECKING:
    import pandas as pd


_Found = list[tuple[str, int, int, int, float, float]]  # chrom, start, end, bases, sum, max


def intervals(
    source: Source,
    above: Any,
    below: Any,
    min_length: object,
    max_gap: object,
    chroms: Chroms,
    threads: int | None,
    progress: bool,
) -> pd.DataFrame:
    """See :meth:`genomearray.Track.intervals`."""
    import pandas as pd

    check_signal(source, "the track", "threshold")
    for name, value in (("above", above), ("below", below)):
        if value is not None and (
            isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or value != value
        ):
            raise ValueRangeError(f"{name}={value!r} is not a number")
    if above is None and below is None and source.dtype.kind != "b":
        raise ValueRangeError(
            "give above= or below=, or both; for other conditions compare first: (track == 3).intervals()"
        )
    least, gap = check_bases(min_length, "min_length"), integer(max_gap, "max_gap")
    if gap < 0:
        raise ValueRangeError(f"max_gap={gap}: a gap has at least 0 bp")
    names = chosen(source, chroms)
    runs = over_blocks(
        _block_runs, source, (source, above, below), names, Run("intervals", threads, progress)
    )
    joined: _Found = []
    for run in (run for block in runs for run in block):
        if joined and joined[-1][0] == run[0] and run[1] - joined[-1][2] <= gap:
            chrom, start, _, bases, total, most = joined[-1]
            joined[-1] = chrom, start, run[2], bases + run[3], total + run[4], max(most, run[5])
        else:
            joined.append(run)
    rows = [
        (chrom, start, end, total / bases, most)
        for chrom, start, end, bases, total, most in joined
        if end - start >= least
    ]
    frame = pd.DataFrame(rows, columns=["chrom", "start", "end", "mean", "max"])
    return frame.astype(
        {"chrom": object, "start": np.int64, "end": np.int64, "mean": np.float64, "max": np.float64}
    )


def _block_runs(shared: tuple[Source, Any, Any], task: Intervals) -> _Found:
    source, above, below = shared
    runs: _Found = []
    for piece in filter(partial(may_hold, source), pieces(task)):
        values = source.read_intervals(piece)
        sizes = piece.end - piece.start
        for k, base in enumerate((np.cumsum(sizes) - sizes).tolist()):
            name, start = piece.names[int(piece.code[k])], int(piece.start[k])
            runs += _runs(name, start, values[base : base + int(sizes[k])], above, below)
    return runs


def _runs(name: str, start: int, values: NDArray[Any], above: Any, below: Any) -> _Found:
    wanted = values if values.dtype.kind == "b" else np.ones(values.size, np.bool_)
    with np.errstate(invalid="ignore"):
        wanted = wanted if above is None else wanted & (values > above)
        wanted = wanted if below is None else wanted & (values < below)
    borders = np.flatnonzero(np.diff(wanted, prepend=False, append=False))
    if not borders.size:
        return []
    # One segment a run and one a gap; the gaps are dropped.
    numbers = values.astype(np.float64)
    numbers[~wanted] = 0
    cuts = borders[borders < values.size]
    sums, most = (
        np.add.reduceat(numbers, cuts)[::2],
        np.maximum.reduceat(np.where(wanted, values, -np.inf), cuts)[::2],
    )
    low, high = borders[::2], borders[1::2]
    return list(
        zip(
            [name] * low.size,
            (low + start).tolist(),
            (high + start).tolist(),
            (high - low).tolist(),
            sums.tolist(),
            most.tolist(),
            strict=True,
        )
    )
