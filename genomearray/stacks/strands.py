"""Tracks of both strands as one: the shift between them is estimated, and taken back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from genomearray._deprecated import warn
from genomearray.compute.blocks import blocks, chosen
from genomearray.compute.distribution import quantile
from genomearray.errors import ValueRangeError
from genomearray.executor import runner
from genomearray.loops import kernel
from genomearray.reference.intervals import Intervals
from genomearray.reference.region import integer
from genomearray.source import Source, check_together
from genomearray.sources.computed import PIECE, ComputedSource
from genomearray.sources.elementwise import Shifted
from genomearray.sources.rolling import Rolling
from genomearray.stacks.combine import combine
from genomearray.track.track import Track

# -- the strands of ChIP-seq ----------------------------------------------------------------

SMOOTHING = 50  # bp, of the window before strands are compared
TOP = 0.95  # quantile below which smoothed counts are not looked at
SHIFTS = range(20, 250)
PAST_BEST = 50  # shifts tried beyond the best one


def combine_strands(
    forward: Track,
    reverse: Track,
    shift: int | None = None,
    estimate_on: str | None = None,
    dtype: DTypeLike | None = None,
    round: bool = False,
    *,
    chrom: str | None = None,
) -> tuple[Track, int]:
    """The two strands of a ChIP-seq experiment as one: each moved towards the middle of the fragments.

    Parameters
    ----------
    forward, reverse : Track
        Counts of 5' ends, of one assembly.
    shift : int, optional
        bp that the forward strand moves right, and the reverse one left. Default: :func:`strand_shift`.
    estimate_on : str, optional
        Chromosome from which the shift is estimated. Default: chr21 or chr2L, as in the old
        library; else the longest one.
    dtype, round
        As for :func:`combine`.
    chrom : str, optional
        Old spelling of ``estimate_on``.

    Returns
    -------
    (Track, int)
        The lazy sum, and the shift; the estimated fragment length is twice that.

    Raises
    ------
    ValueRangeError
        No shift was found.

    Examples
    --------
    >>> from genomearray import combine_strands
    >>> both, shift = combine_strands(track, track, shift=2)
    >>> shift, both.values("chr1", 0, 4)
    (2, array([3, 4, 6, 8], dtype=uint16))
    """
    if chrom is not None:
        warn("chrom names the chromosome of the estimate", f"estimate_on={chrom!r}")
        estimate_on = chrom
    if shift is None:
        shift = strand_shift(forward, reverse, estimate_on)
    by = integer(shift, "shift")
    sources = (forward.source, reverse.source)
    check_together(sources, (forward.label, reverse.label))
    longest = int(sources[0].lengths_of(sources[0].names).max())
    if abs(by) >= longest:
        raise ValueRangeError(
            f"a shift of {by:,} bp moves every base off its chromosome; the longest one has {longest:,} bp"
        )
    moved = Track(Shifted(sources[0], by, forward.label)), Track(Shifted(sources[1], -by, reverse.label))
    return combine(moved, "sum", dtype, round=round), by


def strand_shift(
    forward: Track, reverse: Track, estimate_on: str | None = None, *, chrom: str | None = None
) -> int:
    """Half the fragment length, by how the strands agree when they are moved towards each other.

    Both are smoothed by a window of 50 bp and only the highest 5 % are kept; the shift from 20 to
    249 bp with the first greatest positive covariance wins. The search ends 50 bp past the best
    one.

    Raises
    ------
    ValueRangeError
        No shift gives a positive covariance.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.zeros((2, 500), "uint16")
    >>> values[0, [100, 300]] = values[1, [200, 400]] = 50
    >>> for name, strand in zip(("fwd", "rev"), values):
    ...     report = db.save_track(name, {"chr2": strand})
    >>> from genomearray import strand_shift
    >>> strand_shift(db["fwd"], db["rev"], "chr2")
    50
    """
    if chrom is not None:
        warn("chrom names the chromosome of the estimate", f"estimate_on={chrom!r}")
        estimate_on = chrom
    sources = (forward.source, reverse.source)
    labels = (forward.label, reverse.label)
    check_together(sources, labels)
    name = _estimated_on(sources[0], estimate_on)
    peaks = _Peaks(sources[0], name, labels[0]), _Peaks(sources[1], name, labels[1])
    length = sources[0].length(name)
    lags = np.array([2 * shift for shift in SHIFTS], np.int64)
    tasks = blocks(sources[0], (name,))
    products = [
        result
        for _, result in sorted(
            runner().run(_block_lags, (peaks, lags), tasks, "shift"), key=lambda products: products[0]
        )
    ]
    sums = np.sum(products, axis=0)
    covariance = sums[2:] - sums[0] * sums[1] / length
    best, most = -1, 0.0
    for k, value in enumerate(covariance.tolist()):
        if value > most:
            best, most = k, value
        elif best >= 0 and k - best > PAST_BEST:
            break
    if best < 0:
        raise ValueRangeError(
            f"the strands {labels[0]} and {labels[1]} do not agree at any shift from {SHIFTS[0]} to "
            f"{SHIFTS[-1]} bp on {name}",
            hint="give another chromosome with {estimate_on=}, or the shift itself with {shift=}",
        )
    return SHIFTS[best]


def _estimated_on(source: Source, chrom: str | None) -> str:
    if chrom is not None:
        return chosen(source, chrom)[0]
    for name in ("chr21", "chr2L"):
        if source.has(name):
            return name
    lengths = source.lengths_of(source.names)
    return source.names[int(np.argmax(lengths))]


class _Peaks(ComputedSource):
    """Smoothed counts, those below their 95th percentile as 0."""

    def __init__(self, source: Source, chrom: str, label: str) -> None:
        smooth = Rolling(source, SMOOTHING, "sum", label, center=True, min_periods=1)
        self._least = float(quantile(smooth, TOP, chrom, None, False))
        super().__init__((smooth,), np.float64, f"peaks of {label}")

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        values = self.parts[0].read(chrom, start, end, threads)
        return np.where(values >= self._least, values, 0.0)


def _block_lags(
    shared: tuple[tuple[_Peaks, _Peaks], NDArray[np.int64]], task: Intervals
) -> NDArray[np.float64]:
    """Sums of both strands in a block, then of the products of forward and reverse at each lag (bp)."""
    (forward, reverse), lags = shared
    out = np.zeros(2 + lags.size)
    for name, start, end in zip(
        [task.names[code] for code in task.code.tolist()], task.start.tolist(), task.end.tolist(), strict=True
    ):
        length = forward.length(name)
        for low in range(start, end, PIECE):
            high = min(low + PIECE, end)
            one = forward.read(name, low, high, threads=False)
            other = np.zeros(high - low + int(lags[-1]))
            stop = min(high + int(lags[-1]), length)
            other[: stop - low] = reverse.read(name, low, stop, threads=False)
            out[0] += one.sum()
            out[1] += other[: high - low].sum()
            add_lags(one, other, lags, out[2:])
    return out


@kernel
def add_lags(
    one: NDArray[np.float64], other: NDArray[np.float64], lags: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    """Add the products of each value of ``one`` and that of ``other`` at each lag after it."""
    for i in range(one.size):
        if one[i] != 0:
            for k in range(lags.size):
                out[k] += one[i] * other[i + lags[k]]
