"""Methods of a track about how its values are distributed: quantiles, histograms, correlation, intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genomearray._deprecated import positional_until_now
from genomearray._typing import Chroms
from genomearray.choices import By
from genomearray.track.base import BaseTrack

if TYPE_CHECKING:
    import pandas as pd
    from dask.delayed import Delayed


class DistributionMethods(BaseTrack):
    """How values are distributed, and where they are high."""

    @positional_until_now("chroms", "by")
    def quantile(
        self,
        q: ArrayLike,
        *,
        chroms: Chroms = None,
        by: By | None = None,
        lazy: bool = False,
        threads: int | None = None,
        progress: bool = False,
    ) -> float | NDArray[np.float64] | pd.Series | pd.DataFrame | Delayed:
        """Exact quantiles of all values, interpolated linearly, in bounded memory.

        Parameters
        ----------
        q : float or array_like of float
            0 to 1.
        chroms, by, threads, progress
            As for :meth:`stats`.
        lazy : bool
            Give a ``dask.delayed`` object: one task, whose threads read the blocks.

        Returns
        -------
        float or ndarray of float64, shape of ``q``; a Series or DataFrame with ``by``
            As ``numpy.quantile`` of the float64 values, without NaN.

        Examples
        --------
        >>> float(track.quantile(0.5, chroms="chr1"))
        500.5
        """
        from genomearray.compute.distribution import maybe_delayed, quantiles

        answer: float | NDArray[np.float64] | pd.Series | pd.DataFrame | Delayed
        answer = maybe_delayed(quantiles, lazy, self.source, q, chroms, by, threads, progress)
        return answer

    @positional_until_now("chroms", "by")
    def histogram(
        self,
        bins: int | ArrayLike = 100,
        range: tuple[float, float] | None = None,
        *,
        chroms: Chroms = None,
        by: By | None = None,
        lazy: bool = False,
        threads: int | None = None,
        progress: bool = False,
    ) -> tuple[NDArray[np.int64] | pd.DataFrame, NDArray[Any]] | Delayed:
        """Counts of values in bins, as ``numpy.histogram`` of the values without NaN.

        Parameters
        ----------
        bins : int or array_like
            Number of bins, or their edges.
        range : (float, float), optional
            Default: from the least to the greatest value.
        chroms, by, threads, progress
            As for :meth:`stats`.
        lazy : bool
            Give a ``dask.delayed`` object: one task, whose threads read the blocks.

        Returns
        -------
        counts : ndarray of int64, shape (bins,); with ``by`` a DataFrame by chromosome
        edges : ndarray, shape (bins + 1,)

        Examples
        --------
        >>> counts, edges = track.histogram(bins=[0, 1, 501, 1001])
        >>> counts
        array([ 360, 1000,  500])
        """
        from genomearray.compute.distribution import histograms, maybe_delayed

        answer: tuple[NDArray[np.int64] | pd.DataFrame, NDArray[Any]] | Delayed
        answer = maybe_delayed(histograms, lazy, self.source, bins, range, chroms, by, threads, progress)
        return answer

    @positional_until_now("chroms")
    def corr(
        self, other: Self, *, chroms: Chroms = None, threads: int | None = None, progress: bool = False
    ) -> float:
        """Pearson's correlation with another track, over the bases where both have a value; see
        :func:`corr` for many.

        Examples
        --------
        >>> round(track.corr(-track), 6)
        -1.0
        """
        from genomearray.compute.correlation import correlation

        table = correlation((self.source, other.source), [self.label, other.label], chroms, threads, progress)
        return float(table.to_numpy()[0, 1])

    @positional_until_now("chroms")
    def intervals(
        self,
        above: float | None = None,
        below: float | None = None,
        min_length: int = 1,
        max_gap: int = 0,
        *,
        chroms: Chroms = None,
        threads: int | None = None,
        progress: bool = False,
    ) -> pd.DataFrame:
        """Where the values are above, or below, a number (or between two).

        Parameters
        ----------
        above, below : float, optional
            Values > ``above``, and < ``below``. A comparison such as ``(a == 3).intervals()`` needs neither.
        min_length : int
            bp that an interval has at least.
        max_gap : int
            Intervals at most so many bp apart are joined.
        chroms, threads, progress
            As for :meth:`stats`.

        Returns
        -------
        DataFrame
            ``chrom, start, end`` (offsets, 0-based, half-open), ``mean`` and ``max`` of the bases
            that fulfil the condition; in the order of the genome. ``db.save_features(name, table)``
            keeps it as a feature table.

        Examples
        --------
        >>> track.intervals(above=990).values.tolist()
        [['chr1', 990, 1000, 995.5, 1000.0]]
        """
        from genomearray.compute.thresholds import intervals

        return intervals(self.source, above, below, min_length, max_gap, chroms, threads, progress)
