"""Many tracks as one: sums, means, extremes and medians, base by base."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray._kernels import kernel
from genomearray.arithmetic import Converted, Shifted
from genomearray.computed import PIECE, ComputedSource, Limits, check_signal, check_together, least_integer, limits
from genomearray.errors import AssemblyError, LayoutError, ValueRangeError
from genomearray.reductions import blocks, chosen, quantile
from genomearray.region import integer
from genomearray.rolling import Rolling
from genomearray.running import runner
from genomearray.source import Source
from genomearray.storage.layout import track_dtype
from genomearray.storage.reader import Intervals
from genomearray.track import Track

HOW = ("sum", "mean", "min", "max", "median")
MISSING = ("error", "skip")


class Combined(ComputedSource):
    """One number from those of all tracks at each base; missing values are skipped.

    Sums of integers are exact: their dtype here is the smallest that holds every sum.
    """

    def __init__(self, sources: tuple[Source, ...], how: str, weights: NDArray[Any] | None, text: str, wanted: Any = None) -> None:
        self._how = how
        self._weights = weights
        whole = all(source.dtype.kind in "iub" for source in sources) and (weights is None or weights.dtype.kind in "iu")
        dtype, bounds = _types(sources, how, weights, whole)
        if dtype == np.float32 and wanted is not None and wanted != np.float32:
            dtype = np.dtype(np.float64)  # rounded once, to what is wanted
        super().__init__(sources, dtype, text, bounds)
        # A mean whose sum may not fit 64 bits is computed in floats.
        sums, within = _types(sources, "sum", weights, True) if whole and how == "mean" else (dtype, bounds)
        self._whole = whole and how != "median" and (how != "mean" or within is not None)
        self._accumulator = sums if self._whole else np.dtype(np.float64)

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether any of the tracks does."""
        return any(source.holds(chrom, start, end) or getattr(source, "fill", np.nan) == 0 for source in self.parts if source.has(chrom))

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        if self._how == "median":
            return self._median(chrom, start, end, threads)
        size = end - start
        total = np.zeros(size, self._accumulator)
        # Where 64 bits may not be enough, floats tell: what wraps and comes back is right.
        rough = np.zeros(size) if self._whole and self._how == "sum" and self.limits is None else None
        weight = np.zeros(0 if self._whole else size)
        there: Any = 0
        for k, source in enumerate(self.parts):
            if not source.has(chrom):
                continue
            scale = 1 if self._weights is None else self._weights[k].item()
            if self._how in ("sum", "mean") and not source.holds(chrom, start, end):
                if getattr(source, "fill", np.nan) == 0:  # zeros are values: they add nothing, and count
                    there += scale
                    weight += scale if self._how == "mean" else 1
                continue
            values = source.read(chrom, start, end, threads)
            values = values.view(np.uint8) if values.dtype.kind == "b" else values
            self._add(total, weight, values, scale, first=k == 0)
            if rough is not None:
                rough += values.astype(np.float64) * scale
            there += scale
        if rough is not None:
            self._refuse_overflow(rough, chrom, start)
        return self._finished(total, weight, there)

    def _refuse_overflow(self, rough: NDArray[np.float64], chrom: str, start: int) -> None:
        info = np.iinfo(self.dtype)
        bad = (rough > float(info.max) - 4096) | (rough < float(info.min) + (4096 if info.min else 0))
        if bad.any():
            raise ValueRangeError(
                f"{chrom}:{start + int(np.argmax(bad)) + 1}: the sum does not fit {self.dtype}; combine floats: track.astype('float64')"
            )

    def _add(self, total: NDArray[Any], weight: NDArray[Any], values: NDArray[Any], scale: Any, *, first: bool) -> None:
        if self._how in ("min", "max"):
            least = self._how == "min"
            if self._whole:
                values = values.astype(total.dtype, copy=False)
                total[:] = values if first else np.minimum(total, values) if least else np.maximum(total, values)
            else:
                extreme(values, least, total, weight)
        elif self._whole:
            if scale == 1 and values.dtype.itemsize < 8:
                add_whole(values, total)
            else:
                with np.errstate(over="ignore"):
                    total += values.astype(total.dtype) * total.dtype.type(scale)
        else:
            add_valid(values, float(scale), self._how == "mean", total, weight)

    def _finished(self, total: NDArray[Any], weight: NDArray[Any], there: Any) -> NDArray[Any]:
        if self._how == "mean" and self._whole:
            out = np.empty(total.size, self.dtype)
            divide(total, float(there), out)
            return out
        if self._whole:
            return total.astype(self.dtype, copy=False)
        out = np.empty(total.size, self.dtype)
        settle(total, weight, self._how == "mean", out)
        return out

    def _median(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        step = max(1024, PIECE // max(len(self.parts), 1))
        out = np.empty(end - start, self.dtype)
        for low in range(start, end, step):
            high = min(low + step, end)
            rows = np.empty((high - low, len(self.parts)))
            for k, source in enumerate(self.parts):
                rows[:, k] = source.read(chrom, low, high, threads) if source.has(chrom) else np.nan
            medians(rows, out[low - start : high - start])
        return out


def _types(sources: tuple[Source, ...], how: str, weights: NDArray[Any] | None, whole: bool) -> tuple[np.dtype[Any], Limits | None]:
    dtypes = [source.dtype for source in sources]
    if how in ("mean", "median"):
        wide = any(dtype == np.float64 for dtype in dtypes)
        return np.dtype(np.float64 if wide else np.float32), None
    if not whole:
        return np.result_type(np.float32, *(dtype for dtype in dtypes if dtype.kind != "b")), None
    bounds = [limits(source) for source in sources]
    if how == "sum":
        scales = [1] * len(sources) if weights is None else [int(weight) for weight in weights]
        products = [sorted((low * scale, high * scale)) for (low, high), scale in zip(bounds, scales, strict=True)]
        low, high = sum(product[0] for product in products), sum(product[1] for product in products)
    else:
        low, high = min(bound[0] for bound in bounds), max(bound[1] for bound in bounds)
    wide_dtype = least_integer(low, high)
    if wide_dtype is None and how != "sum":
        raise ValueRangeError(
            f"no integer of 64 bits holds the {how} of signed and unsigned 64-bit integers; combine floats: track.astype('float64')"
        )
    if wide_dtype is None:
        return np.dtype(np.int64 if low < 0 else np.uint64), None
    return wide_dtype, (low, high)


@kernel
def add_whole(values: NDArray[Any], total: NDArray[Any]) -> None:
    """Add integers that cannot overflow."""
    for i in range(values.size):
        total[i] += total.dtype.type(values[i])


@kernel
def add_valid(values: NDArray[Any], scale: float, mean: bool, total: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
    """Add values that are there, times ``scale``; ``weight`` becomes what was added (for a sum: how many)."""
    step = scale if mean else 1.0
    for i in range(values.size):
        # Always a store: a conditional one becomes a masked store, which some processors take 150 ns for.
        value = np.float64(values[i])
        there = value == value
        total[i] += scale * value if there else 0.0
        weight[i] += step if there else 0.0


@kernel
def divide(total: NDArray[Any], n: float, out: NDArray[Any]) -> None:
    """Means of exact sums."""
    for i in range(total.size):
        out[i] = total[i] / n


@kernel
def settle(total: NDArray[np.float64], weight: NDArray[np.float64], mean: bool, out: NDArray[Any]) -> None:
    """What was added, or its mean; NaN where nothing was."""
    for i in range(total.size):
        there = weight[i] > 0
        value = total[i] / (weight[i] if there and mean else 1.0)
        out[i] = value if there else np.nan


@kernel
def extreme(values: NDArray[Any], least: bool, total: NDArray[np.float64], weight: NDArray[np.float64]) -> None:
    """Keep the least, or greatest, of the values that are there; ``weight`` counts them."""
    for i in range(values.size):
        value = np.float64(values[i])
        there = value == value
        better = there and (weight[i] == 0 or (value < total[i] if least else value > total[i]))
        total[i] = value if better else total[i]
        weight[i] += 1.0 if there else 0.0


@kernel
def medians(rows: NDArray[np.float64], out: NDArray[Any]) -> None:
    """The median of what is there in each row; NaN of nothing."""
    held = np.empty(rows.shape[1])
    for i in range(rows.shape[0]):
        n = 0
        for k in range(rows.shape[1]):
            value = rows[i, k]
            if value == value:
                j = n
                while j > 0 and held[j - 1] > value:
                    held[j] = held[j - 1]
                    j -= 1
                held[j] = value
                n += 1
        if n == 0:
            out[i] = np.nan
        elif n % 2:
            out[i] = held[n // 2]
        else:
            out[i] = (held[n // 2 - 1] + held[n // 2]) / 2


def combine(
    tracks: Iterable[Track],
    how: str = "sum",
    dtype: Any = None,
    weights: Sequence[float] | None = None,
    missing: str = "error",
    round: bool = False,
) -> Track:
    """Several tracks as one lazy track; missing values (NaN) are skipped.

    Parameters
    ----------
    tracks : iterable of Track
        Signals of one assembly.
    how : {"sum", "mean", "min", "max", "median"}
    dtype : dtype, optional
        Default: for sum, min and max the common integer dtype (a float if one track is), for mean and median float32
        (float64 if one track is). A value that does not fit is set to the limit of the dtype, and counted when the track is saved.
    weights : sequence of float, optional
        One a track, for ``sum`` (of value times weight) and ``mean`` (divided by the weights of the values that are there).
    missing : {"error", "skip"}
        For a chromosome that not all tracks have (tracks made from Datasets): an error, or as if its bases had no value.
    round : bool
        Round fractions (half to even) into an integer ``dtype``; else they are an error.

    Returns
    -------
    Track
        Lazy; save it with ``db.save_track``. Where no track has a value it is NaN (0 in integers).

    Raises
    ------
    AssemblyError
        Tracks of different assemblies or chromosomes.
    LayoutError
        No track, or one that holds a sequence.
    ValueRangeError

    Examples
    --------
    >>> from genomearray import combine
    >>> combine([track, track], how="sum").values("chr1", 0, 3)
    array([2, 4, 6], dtype=uint16)
    >>> combine([track, track * 2], how="mean").values("chr1", 0, 3)
    array([1.5, 3. , 4.5], dtype=float32)
    """
    found = tuple(tracks) if isinstance(tracks, Iterable) and not isinstance(tracks, (Track, str)) else ()
    if not found:
        raise LayoutError("there is no track to combine; give a list of at least one: combine([db['a'], db['b']])")
    for track in found:
        if not isinstance(track, Track):
            raise LayoutError(f"{track!r} is no track; open the tracks first: combine([db['a'], db['b']])")
    if how not in HOW:
        raise ValueRangeError(f"how={how!r} is not known; allowed are {', '.join(HOW)}")
    if missing not in MISSING:
        raise ValueRangeError(f"missing={missing!r} is not known; allowed are {', '.join(MISSING)}")
    sources = tuple(track.source for track in found)
    labels = tuple(track.label for track in found)
    for source, label in zip(sources, labels, strict=True):
        check_signal(source, label, how)
    scale = _weights(weights, how, len(found))
    if missing == "error":
        check_together(sources, labels)
    else:
        order = _widest_first(sources, labels)
        sources, labels = tuple(sources[k] for k in order), tuple(labels[k] for k in order)
        scale = None if scale is None else scale[order]
    told = labels if scale is None else tuple(f"{weight:g} * {label}" for weight, label in zip(scale.tolist(), labels, strict=True))
    wanted = None if dtype is None else track_dtype(dtype)
    combined = Combined(sources, how, scale, f"{how} of {', '.join(told)}", wanted)
    target = wanted or _default_dtype(combined)
    if target == combined.dtype:
        return Track(combined)
    made = Converted(combined, target, combined.text, overflow="saturate", round=round)
    made.text = combined.text
    return Track(made)


def _default_dtype(combined: Combined) -> np.dtype[Any]:
    if combined.dtype.kind == "f":
        return combined.dtype
    common: Any = np.result_type(*(np.uint8 if source.dtype.kind == "b" else source.dtype for source in combined.parts))
    return np.dtype(common if common.kind in "iu" else combined.dtype)


def _widest_first(sources: tuple[Source, ...], labels: tuple[str, ...]) -> list[int]:
    """Which comes first: the source with all chromosomes, because it tells those of the result."""
    order = sorted(range(len(sources)), key=lambda k: -len(sources[k].names))
    widest, whose = sources[order[0]], labels[order[0]]
    for source, label in zip(sources, labels, strict=True):
        if source.assembly != widest.assembly:
            raise AssemblyError(f"{label} is of assembly {source.assembly!r}, {whose} of {widest.assembly!r}: they do not share positions")
        for name in source.names:
            if not widest.has(name) or widest.length(name) != source.length(name):
                raise AssemblyError(f"{label} has {name!r} of {source.length(name):,} bp, which {whose} has not")
    return order


def _weights(weights: Sequence[float] | None, how: str, n: int) -> NDArray[Any] | None:
    if weights is None:
        return None
    if how not in ("sum", "mean"):
        raise ValueRangeError(f"weights are for sum and mean, not for {how}")
    scale = np.asarray(list(weights))
    if scale.shape != (n,) or scale.dtype.kind not in "iuf" or not np.isfinite(scale).all():
        raise ValueRangeError(f"weights {list(weights)!r} are not one finite number for each of the {n} tracks")
    if how == "mean" and ((scale < 0).any() or not sum(scale.tolist()) > 0):
        raise ValueRangeError(f"weights {list(weights)!r}: those of a mean are not negative, and not all 0")
    return scale.astype(np.float64) if how == "mean" and (scale == 0).any() else scale


# -- the strands of ChIP-seq ----------------------------------------------------------------

SMOOTHING = 50  # bp, of the window before strands are compared
TOP = 0.95  # quantile below which smoothed counts are not looked at
SHIFTS = range(20, 250)
PAST_BEST = 50  # shifts tried beyond the best one


def combine_strands(
    forward: Track, reverse: Track, shift: int | None = None, chrom: str | None = None, dtype: Any = None, round: bool = False
) -> tuple[Track, int]:
    """The two strands of a ChIP-seq experiment as one: each moved towards the middle of the fragments.

    Parameters
    ----------
    forward, reverse : Track
        Counts of 5' ends, of one assembly.
    shift : int, optional
        bp that the forward strand moves right, and the reverse one left. Default: :func:`strand_shift`.
    chrom : str, optional
        Chromosome from which the shift is estimated. Default: chr21 or chr2L, as in the old library; else the longest one.
    dtype, round
        As for :func:`combine`.

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
    if shift is None:
        shift = strand_shift(forward, reverse, chrom)
    by = integer(shift, "shift")
    sources = (forward.source, reverse.source)
    check_together(sources, (forward.label, reverse.label))
    longest = int(sources[0].lengths_of(sources[0].names).max())
    if abs(by) >= longest:
        raise ValueRangeError(f"a shift of {by:,} bp moves every base off its chromosome; the longest one has {longest:,} bp")
    moved = Track(Shifted(sources[0], by, forward.label)), Track(Shifted(sources[1], -by, reverse.label))
    return combine(moved, "sum", dtype, round=round), by


def strand_shift(forward: Track, reverse: Track, chrom: str | None = None) -> int:
    """Half the fragment length, by how the strands agree when they are moved towards each other.

    Both are smoothed by a window of 50 bp and only the highest 5 % are kept; the shift from 20 to 249 bp with the first
    greatest positive covariance wins. The search ends 50 bp past the best one.

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
    sources = (forward.source, reverse.source)
    labels = (forward.label, reverse.label)
    check_together(sources, labels)
    name = _estimated_on(sources[0], chrom)
    peaks = _Peaks(sources[0], name, labels[0]), _Peaks(sources[1], name, labels[1])
    length = sources[0].length(name)
    lags = np.array([2 * shift for shift in SHIFTS], np.int64)
    tasks = blocks(sources[0], (name,))
    found = [result for _, result in sorted(runner().run(_block_lags, (peaks, lags), tasks, "shift"), key=lambda found: found[0])]
    sums = np.sum(found, axis=0)
    covariance = sums[2:] - sums[0] * sums[1] / length
    best, most = -1, 0.0
    for k, value in enumerate(covariance.tolist()):
        if value > most:
            best, most = k, value
        elif best >= 0 and k - best > PAST_BEST:
            break
    if best < 0:
        raise ValueRangeError(
            f"the strands {labels[0]} and {labels[1]} do not agree at any shift from {SHIFTS[0]} to {SHIFTS[-1]} bp on {name}; "
            "give another chromosome (--chrom), or the shift itself (--shift)"
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


def _block_lags(shared: tuple[tuple[_Peaks, _Peaks], NDArray[np.int64]], task: Intervals) -> NDArray[np.float64]:
    """Sums of both strands in a block, then of the products of forward and reverse at each lag (bp)."""
    (forward, reverse), lags = shared
    out = np.zeros(2 + lags.size)
    for name, start, end in zip([task.names[code] for code in task.code.tolist()], task.start.tolist(), task.end.tolist(), strict=True):
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
def add_lags(one: NDArray[np.float64], other: NDArray[np.float64], lags: NDArray[np.int64], out: NDArray[np.float64]) -> None:
    """Add the products of each value of ``one`` and that of ``other`` at each lag behind it."""
    for i in range(one.size):
        if one[i] != 0:
            for k in range(lags.size):
                out[k] += one[i] * other[i + lags[k]]
