"""One number from those of several sources at each base, which needs all of them: quantiles, deviations,
how many are high.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.order_kernels import row_quantiles
from genomearray.source import Source
from genomearray.sources.combined import add_deviations
from genomearray.sources.computed import PIECE, ComputedSource

_DTYPES = {"count": np.uint32, "above": np.uint32}


class Across(ComputedSource):
    """A number of all sources at each base; missing values are skipped.

    Parameters
    ----------
    sources : tuple of Source
        With the same chromosomes.
    how : {"quantile", "std", "var", "count", "above", "fraction"}
        ``count``: how many have a value, ``above``: one greater than ``number``, ``fraction``: which part of
        all has one that is at least ``number``.
    number : float
        Of a quantile, or the limit.
    text : str
        For people.
    """

    def __init__(self, sources: tuple[Source, ...], how: str, number: float, text: str) -> None:
        self._how, self._number = how, number
        limits = (0, len(sources)) if how in _DTYPES else None
        super().__init__(sources, _DTYPES.get(how, np.float32), text, limits)

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        if self._how == "quantile":
            return self._quantile(chrom, start, end, threads)
        if self._how in ("std", "var"):
            return self._deviation(chrom, start, end, threads)
        count = np.zeros(end - start, np.uint32)
        for source in self.parts:
            count += self._counts(source.read(chrom, start, end, threads))
        if self._how != "fraction":
            return count
        return (count / len(self.parts)).astype(np.float32)

    def _counts(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        with np.errstate(invalid="ignore"):
            if self._how == "count":
                return np.asarray(values == values)
            return np.asarray(values > self._number if self._how == "above" else values >= self._number)

    def _quantile(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        wanted = np.array([self._number])
        step = max(1024, PIECE // len(self.parts))
        out = np.empty((end - start, 1), np.float32)
        for low in range(start, end, step):
            high = min(low + step, end)
            rows = np.empty((high - low, len(self.parts)))
            for k, source in enumerate(self.parts):
                rows[:, k] = source.read(chrom, low, high, threads)
            row_quantiles(rows, wanted, out[low - start : high - start])
        return out[:, 0]

    def _deviation(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        n, mean, m2 = (np.zeros(end - start) for _ in range(3))
        for source in self.parts:
            values = source.read(chrom, start, end, threads)
            add_deviations(values.view(np.uint8) if values.dtype.kind == "b" else values, n, mean, m2)
        with np.errstate(invalid="ignore", divide="ignore"):  # nothing has no deviation
            variance = m2 / n
            return (np.sqrt(variance) if self._how == "std" else variance).astype(np.float32)
