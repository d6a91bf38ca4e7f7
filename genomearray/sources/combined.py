"""One number from those of several sources at each base: sum, mean, min, max, median."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import ValueRangeError
from genomearray.loops import kernel
from genomearray.order_kernels import MEDIAN, row_quantiles
from genomearray.source import Limits, Source
from genomearray.sources.computed import PIECE, ComputedSource, least_integer


class Combined(ComputedSource):
    """One number from those of all tracks at each base; missing values are skipped.

    Sums of integers are exact: their dtype here is the smallest that holds every sum.
    """

    def __init__(
        self,
        sources: tuple[Source, ...],
        how: str,
        weights: NDArray[Any] | None,
        text: str,
        wanted: Any = None,
    ) -> None:
        self._how = how
        self._weights = weights
        whole = all(source.dtype.kind in "iub" for source in sources) and (
            weights is None or weights.dtype.kind in "iu"
        )
        dtype, bounds = types_of(sources, how, weights, whole)
        if dtype == np.float32 and wanted is not None and wanted != np.float32:
            dtype = np.dtype(np.float64)  # rounded once, to what is wanted
        super().__init__(sources, dtype, text, bounds)
        # A mean whose sum may not fit 64 bits is computed in floats.
        sums, within = types_of(sources, "sum", weights, True) if whole and how == "mean" else (dtype, bounds)
        self._whole = whole and how != "median" and (how != "mean" or within is not None)
        self._accumulator = sums if self._whole else np.dtype(np.float64)

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether any of the tracks does."""
        return any(
            source.holds(chrom, start, end) or source.zeros_are_values
            for source in self.parts
            if source.has(chrom)
        )

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        if self._how == "median":
            return self._median(chrom, start, end, threads)
        size = end - start
        total = np.zeros(size, self._accumulator)
        # Where 64 bits may not be enough, floats show it: what wraps and comes back is right.
        rough = np.zeros(size) if self._whole and self._how == "sum" and self._limits is None else None
        weight = np.zeros(0 if self._whole else size)
        weight_here: Any = 0
        for k, source in enumerate(self.parts):
            if not source.has(chrom):
                continue
            scale = 1 if self._weights is None else self._weights[k].item()
            if self._how in ("sum", "mean") and not source.holds(chrom, start, end):
                if source.zeros_are_values:  # zeros are values: they add nothing, and count
                    weight_here += scale
                    weight += scale if self._how == "mean" else 1
                continue
            values = source.read(chrom, start, end, threads)
            values = values.view(np.uint8) if values.dtype.kind == "b" else values
            self._add(total, weight, values, scale, first=k == 0)
            if rough is not None:
                rough += values.astype(np.float64) * scale
            weight_here += scale
        if rough is not None:
            self._refuse_overflow(rough, chrom, start)
        return self._finished(total, weight, weight_here)

    def _refuse_overflow(self, rough: NDArray[np.float64], chrom: str, start: int) -> None:
        info = np.iinfo(self.dtype)
        bad = (rough > float(info.max) - 4096) | (rough < float(info.min) + (4096 if info.min else 0))
        if bad.any():
            raise ValueRangeError(
                f"{chrom}:{start + int(np.argmax(bad)) + 1}: the sum does not fit {self.dtype}; "
                "combine floats: track.astype('float64')"
            )

    def _add(
        self, total: NDArray[Any], weight: NDArray[Any], values: NDArray[Any], scale: Any, *, first: bool
    ) -> None:
        if self._how in ("min", "max"):
            least = self._how == "min"
            if self._whole:
                values = values.astype(total.dtype, copy=False)
                total[:] = (
                    values if first else np.minimum(total, values) if least else np.maximum(total, values)
                )
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

    def _finished(self, total: NDArray[Any], weight: NDArray[Any], weight_here: Any) -> NDArray[Any]:
        if self._how == "mean" and self._whole:
            out = np.empty(total.size, self.dtype)
            divide(total, float(weight_here), out)
            return out
        if self._whole:
            return total.astype(self.dtype, copy=False)
        out = np.empty(total.size, self.dtype)
        divide_by_weight(total, weight, self._how == "mean", out)
        return out

    def _median(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        step = max(1024, PIECE // max(len(self.parts), 1))
        out = np.empty(end - start, self.dtype)
        for low in range(start, end, step):
            high = min(low + step, end)
            rows = np.empty((high - low, len(self.parts)))
            for k, source in enumerate(self.parts):
                rows[:, k] = source.read(chrom, low, high, threads) if source.has(chrom) else np.nan
            row_quantiles(rows, np.array([MEDIAN]), out[low - start : high - start, None])
        return out


def types_of(
    sources: tuple[Source, ...], how: str, weights: NDArray[Any] | None, whole: bool
) -> tuple[np.dtype[Any], Limits | None]:
    """Dtype and limits of a combination."""
    dtypes = [source.dtype for source in sources]
    if how in ("mean", "median"):
        wide = any(dtype == np.float64 for dtype in dtypes)
        return np.dtype(np.float64 if wide else np.float32), None
    if not whole:
        return np.result_type(np.float32, *(dtype for dtype in dtypes if dtype.kind != "b")), None
    bounds = [source.limits for source in sources]
    if how == "sum":
        scales = [1] * len(sources) if weights is None else [int(weight) for weight in weights]
        products = [
            sorted((low * scale, high * scale)) for (low, high), scale in zip(bounds, scales, strict=True)
        ]
        low, high = sum(product[0] for product in products), sum(product[1] for product in products)
    else:
        low, high = min(bound[0] for bound in bounds), max(bound[1] for bound in bounds)
    wide_dtype = least_integer(low, high)
    if wide_dtype is None and how != "sum":
        raise ValueRangeError(
            f"no integer of 64 bits holds the {how} of signed and unsigned 64-bit integers; combine "
            "floats: track.astype('float64')"
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
def add_valid(
    values: NDArray[Any], scale: float, mean: bool, total: NDArray[np.float64], weight: NDArray[np.float64]
) -> None:
    """Add values that are there, times ``scale``; ``weight`` becomes what was added (for a sum: how many)."""
    step = scale if mean else 1.0
    for i in range(values.size):
        # Always a store: a conditional one becomes a masked store, which some processors take 150 ns for.
        value = np.float64(values[i])
        has_data = value == value
        total[i] += scale * value if has_data else 0.0
        weight[i] += step if has_data else 0.0


@kernel
def divide(total: NDArray[Any], n: float, out: NDArray[Any]) -> None:
    """Means of exact sums."""
    for i in range(total.size):
        out[i] = total[i] / n


@kernel
def divide_by_weight(
    total: NDArray[np.float64], weight: NDArray[np.float64], mean: bool, out: NDArray[Any]
) -> None:
    """What was added, or its mean; NaN where nothing was."""
    for i in range(total.size):
        has_data = weight[i] > 0
        value = total[i] / (weight[i] if has_data and mean else 1.0)
        out[i] = value if has_data else np.nan


@kernel
def extreme(
    values: NDArray[Any], least: bool, total: NDArray[np.float64], weight: NDArray[np.float64]
) -> None:
    """Keep the least, or greatest, of the values that are there; ``weight`` counts them."""
    for i in range(values.size):
        value = np.float64(values[i])
        has_data = value == value
        better = has_data and (weight[i] == 0 or (value < total[i] if least else value > total[i]))
        total[i] = value if better else total[i]
        weight[i] += 1.0 if has_data else 0.0


@kernel
def add_deviations(
    values: NDArray[Any], n: NDArray[np.float64], mean: NDArray[np.float64], m2: NDArray[np.float64]
) -> None:
    """Values that are there: how many, their mean, and the sum of squares of deviations from it (Welford
    1962, doi:10.1080/00401706.1962.10490022).
    """
    for i in range(values.size):
        value = np.float64(values[i])
        if value == value:
            step = value - mean[i]
            n[i] += 1.0
            mean[i] += step / n[i]
            m2[i] += step * (value - mean[i])
