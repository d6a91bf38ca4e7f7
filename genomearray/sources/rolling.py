"""Windows that move along a chromosome: rolling sums, means and extremes, and Gaussian smoothing.

A value depends on the bases of its window alone, never on where a block begins: the same bits come
out under any chunking.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import BIN_HOW, How, check
from genomearray.errors import RegionError, ValueRangeError
from genomearray.loops import kernel
from genomearray.reference.region import check_bases
from genomearray.source import Source, check_signal
from genomearray.sources.computed import PIECE, ComputedSource

_MEAN, _MAX, _MIN = int(How.MEAN), int(How.MAX), int(How.MIN)
TRUNCATE = 4.0  # standard deviations that a Gaussian reaches
_MOST = 1 << 26  # bp of a window


class Rolling(ComputedSource):
    """A number for the window of each base; as pandas and xarray have it."""

    def __init__(
        self,
        source: Source,
        window: object,
        how: str,
        label: str,
        *,
        center: bool = False,
        min_periods: object = None,
    ) -> None:
        check_signal(source, label, "mean")
        self._window = check_bases(window, "a window")
        if self._window > _MOST:
            raise RegionError(
                f"a window of {self._window:,} bp is beyond what is held in memory; at most {_MOST:,} bp"
            )
        self._least = self._window if min_periods is None else check_bases(min_periods, "min_periods")
        if self._least > self._window:
            raise ValueRangeError(
                f"min_periods={self._least} can never be reached in a window of {self._window} bp"
            )
        self._how = int(How.of(check("how", how, BIN_HOW)))
        self._after = (self._window - 1) // 2 if center else 0  # bases of the window after its own
        super().__init__((source,), np.float64, f"{label}.rolling({self._window}).{how}()")

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        window, length = self._window, self.length(chrom)
        # Windows end at last; they are made of two parts that meet at a multiple of the window.
        first, last = start + self._after, end + self._after
        low = (first - window + 1) // window * window
        values = np.full(last - low, np.nan)
        begin, stop = max(low, 0), min(last, length)
        if begin < stop:
            values[begin - low : stop - low] = self.parts[0].read(chrom, begin, stop, threads)
        out = np.empty(end - start)
        roll(values, window, first - low, self._least, self._how, out)
        return out


@kernel
def roll(
    values: NDArray[np.float64], window: int, first: int, least: int, how: int, out: NDArray[np.float64]
) -> None:
    """Windows that end at first, first + 1 ...: a head (from the window's begin to the next border)
    and a tail after it.

    Borders are multiples of the window in ``values``, which begins at one. ``how`` is one of
    :class:`genomearray.choices.How`. van Herk (1992), doi:10.1016/0167-8655(92)90069-C; nothing is
    subtracted, so that nothing is lost.
    """
    heads = np.empty(window)
    counts = np.empty(window, np.int64)
    k = 0
    while k < out.size:
        border = (first + k) // window * window  # the tail begins here
        # Heads: what begins at border - window + j and ends before the border.
        total, count = 0.0, 0
        if how >= _MIN:
            total = -np.inf if how == _MAX else np.inf
        for j in range(window - 1, 0, -1):
            at = border - window + j
            value = values[at] if at >= 0 else np.nan
            if value == value:
                count += 1
                if how < _MIN:
                    total += value
                elif how == _MAX:
                    total = max(total, value)
                else:
                    total = min(total, value)
            heads[j] = total
            counts[j] = count
        tail, n = 0.0, 0
        if how >= _MIN:
            tail = -np.inf if how == _MAX else np.inf
        for at in range(border, border + window):
            if at >= first + out.size:
                break
            value = values[at]
            if value == value:
                n += 1
                if how < _MIN:
                    tail += value
                elif how == _MAX:
                    tail = max(tail, value)
                else:
                    tail = min(tail, value)
            if at < first:
                continue
            j = at - border + 1  # the window begins at border - window + j
            both, valid = tail, n
            if j < window:
                valid += counts[j]
                if how < _MIN:
                    both += heads[j]
                elif how == _MAX:
                    both = max(both, heads[j])
                else:
                    both = min(both, heads[j])
            if valid < least:
                out[k] = np.nan
            else:
                out[k] = both / valid if how == _MEAN else both
            k += 1


class Smoothed(ComputedSource):
    """A Gaussian average of the bases around each one; missing ones, and those past an end, are left out."""

    def __init__(self, source: Source, sigma: object, label: str) -> None:
        check_signal(source, label, "mean")
        if (
            isinstance(sigma, bool)
            or not isinstance(sigma, (int, float, np.integer, np.floating))
            or not 0 < sigma <= 1e6
        ):
            raise RegionError(
                f"sigma={sigma!r} is not a width; give the standard deviation in bp, above 0 and at "
                "most 1,000,000"
            )
        reach = int(TRUNCATE * float(sigma) + 0.5)  # as scipy.ndimage.gaussian_filter1d
        self._weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / float(sigma)) ** 2)
        super().__init__((source,), np.float64, f"{label}.smooth({sigma})")

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        reach = self._weights.size // 2
        low, high = max(start - reach, 0), min(end + reach, self.length(chrom))
        values = np.full(end - start + 2 * reach, np.nan)
        values[low - start + reach : high - start + reach] = self.parts[0].read(chrom, low, high, threads)
        known = (~np.isnan(values)).astype(np.float64)
        values[known == 0] = 0
        out, weights = np.empty(end - start), np.empty(end - start)
        convolve(values, self._weights, out)
        if known.all():
            weights[:] = _total(self._weights)
        else:
            convolve(known, self._weights, weights)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(weights > 0, out / weights, np.nan)


def _total(weights: NDArray[np.float64]) -> float:
    """The sum of the weights as :func:`convolve` adds them."""
    out = np.empty(1)
    convolve(np.ones(weights.size), weights, out)
    return float(out[0])


_TILE = 2048


@kernel
def convolve(values: NDArray[np.float64], weights: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Weighted sums of the values around each base, always in the order of the weights; tiles stay
    in the cache.
    """
    for low in range(0, out.size, _TILE):
        high = min(low + _TILE, out.size)
        for i in range(low, high):
            out[i] = 0.0
        for k in range(weights.size):
            weight = weights[k]
            for i in range(low, high):
                out[i] += weight * values[i + k]


assert PIECE % _TILE == 0
