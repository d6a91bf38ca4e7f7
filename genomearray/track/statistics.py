"""Methods of a track about the whole genome: statistics, quantiles, histograms, correlation, intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, Unpack, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genomearray._deprecated import positional_until_now
from genomearray._typing import Chroms, Number
from genomearray.choices import By
from genomearray.errors import ArgumentError
from genomearray.track.base import BaseTrack

if TYPE_CHECKING:
    import pandas as pd
    from dask.delayed import Delayed

    from genomearray.compute.statistics import Statistics


class RunOptions(TypedDict, total=False):
    """How a statistic is had; see :meth:`Track.stats`."""

    stored: bool
    threads: int | None
    progress: bool


class StatisticsMethods(BaseTrack):
    """Answers about whole chromosomes and genomes."""

    @overload
    def stats(
        self,
        *,
        chroms: Chroms = ...,
        by: None = ...,
        lazy: Literal[False] = ...,
        **options: Unpack[RunOptions],
    ) -> Statistics: ...
    @overload
    def stats(
        self, *, chroms: Chroms = ..., by: By, lazy: Literal[False] = ..., **options: Unpack[RunOptions]
    ) -> pd.DataFrame: ...
    @overload
    def stats(
        self, *, chroms: Chroms = ..., by: By | None = ..., lazy: Literal[True], **options: Unpack[RunOptions]
    ) -> Delayed: ...
    @positional_until_now("chroms", "by")
    def stats(
        self,
        *,
        chroms: Chroms = None,
        by: By | None = None,
        lazy: bool = False,
        **options: Unpack[RunOptions],
    ) -> Statistics | pd.DataFrame | Delayed:
        """Statistics of all bases: n, n_nan, sum, mean, std, var, min, max.

        Stored statistics answer at once; a lazy track, or ``stored=False``, is read block by block,
        in threads or on the dask cluster of the session.

        Parameters
        ----------
        chroms : str or iterable of str, optional
            Default: all chromosomes.
        by : {"chrom"}, optional
            A row for each chromosome.
        lazy : bool
            Give a ``dask.delayed`` object: ``.compute()`` runs it on any dask scheduler.
        stored : bool
            Whether stored statistics may answer. Default: yes.
        threads : int, optional
            Threads of this process, even if there is a cluster. Default: one a core.
        progress : bool
            Show a bar on a terminal.

        Returns
        -------
        Statistics, or DataFrame with ``by``
            Over the bases with a value; integers exact, floats summed in float64 and merged in a
            fixed order, so that threads, stores and clusters give the same bits. ``std`` and
            ``var`` with ddof 0. The mean of nothing is NaN.

        Raises
        ------
        UnknownChromosomeError, LayoutError, DamagedTrackError

        Examples
        --------
        >>> told = track.stats(chroms="chr1")
        >>> told.n, told.sum, told.mean
        (1000, 500500, 500.5)
        >>> track.stats(by="chrom")["max"].tolist()
        [1000, 7, 0, 0]
        """
        return cast(
            "Statistics | pd.DataFrame | Delayed", self._statistic("stats", chroms, by, lazy, options)
        )

    @overload
    def sum(
        self,
        *,
        chroms: Chroms = ...,
        by: None = ...,
        lazy: Literal[False] = ...,
        **options: Unpack[RunOptions],
    ) -> Number: ...
    @overload
    def sum(
        self, *, chroms: Chroms = ..., by: By, lazy: Literal[False] = ..., **options: Unpack[RunOptions]
    ) -> pd.Series: ...
    @overload
    def sum(
        self, *, chroms: Chroms = ..., by: By | None = ..., lazy: Literal[True], **options: Unpack[RunOptions]
    ) -> Delayed: ...
    @positional_until_now("chroms", "by")
    def sum(
        self,
        *,
        chroms: Chroms = None,
        by: By | None = None,
        lazy: bool = False,
        **options: Unpack[RunOptions],
    ) -> Number | pd.Series | Delayed:
        """Sum of all values; see :meth:`stats` for the parameters. Of integers an int of any size.

        Examples
        --------
        >>> track.sum(), track.sum(by="chrom").to_dict()
        (504000, {'chr1': 500500, 'chr2': 3500, 'chrX': 0, 'chrM': 0})
        """
        return cast("Number | pd.Series | Delayed", self._statistic("sum", chroms, by, lazy, options))

    @overload
    def mean(
        self,
        *,
        chroms: Chroms = ...,
        by: None = ...,
        lazy: Literal[False] = ...,
        **options: Unpack[RunOptions],
    ) -> float: ...
    @overload
    def mean(
        self, *, chroms: Chroms = ..., by: By, lazy: Literal[False] = ..., **options: Unpack[RunOptions]
    ) -> pd.Series: ...
    @overload
    def mean(
        self, *, chroms: Chroms = ..., by: By | None = ..., lazy: Literal[True], **options: Unpack[RunOptions]
    ) -> Delayed: ...
    @positional_until_now("chroms", "by")
    def mean(
        self,
        *,
        chroms: Chroms = None,
        by: By | None = None,
        lazy: bool = False,
        **options: Unpack[RunOptions],
    ) -> float | pd.Series | Delayed:
        """Mean of the bases with a value; see :meth:`stats`.

        Examples
        --------
        >>> track.mean(chroms="chr2")
        7.0
        """
        return cast("float | pd.Series | Delayed", self._statistic("mean", chroms, by, lazy, options))

    @overload
    def std(
        self,
        *,
        chroms: Chroms = ...,
        by: None = ...,
        lazy: Literal[False] = ...,
        **options: Unpack[RunOptions],
    ) -> float: ...
    @overload
    def std(
        self, *, chroms: Chroms = ..., by: By, lazy: Literal[False] = ..., **options: Unpack[RunOptions]
    ) -> pd.Series: ...
    @overload
    def std(
        self, *, chroms: Chroms = ..., by: By | None = ..., lazy: Literal[True], **options: Unpack[RunOptions]
    ) -> Delayed: ...
    @positional_until_now("chroms", "by")
    def std(
        self,
        *,
        chroms: Chroms = None,
        by: By | None = None,
        lazy: bool = False,
        **options: Unpack[RunOptions],
    ) -> float | pd.Series | Delayed:
        """Standard deviation with ddof 0; see :meth:`stats`."""
        return cast("float | pd.Series | Delayed", self._statistic("std", chroms, by, lazy, options))

    @overload
    def var(
        self,
        *,
        chroms: Chroms = ...,
        by: None = ...,
        lazy: Literal[False] = ...,
        **options: Unpack[RunOptions],
    ) -> float: ...
    @overload
    def var(
        self, *, chroms: Chroms = ..., by: By, lazy: Literal[False] = ..., **options: Unpack[RunOptions]
    ) -> pd.Series: ...
    @overload
    def var(
        self, *, chroms: Chroms = ..., by: By | None = ..., lazy: Literal[True], **options: Unpack[RunOptions]
    ) -> Delayed: ...
    @positional_until_now("chroms", "by")
    def var(
        self,
        *,
        chroms: Chroms = None,
        by: By | None = None,
        lazy: bool = False,
        **options: Unpack[RunOptions],
    ) -> float | pd.Series | Delayed:
        """Variance with ddof 0; see :meth:`stats`."""
        return cast("float | pd.Series | Delayed", self._statistic("var", chroms, by, lazy, options))

    @overload
    def min(
        self,
        *,
        chroms: Chroms = ...,
        by: None = ...,
        lazy: Literal[False] = ...,
        **options: Unpack[RunOptions],
    ) -> Number: ...
    @overload
    def min(
        self, *, chroms: Chroms = ..., by: By, lazy: Literal[False] = ..., **options: Unpack[RunOptions]
    ) -> pd.Series: ...
    @overload
    def min(
        self, *, chroms: Chroms = ..., by: By | None = ..., lazy: Literal[True], **options: Unpack[RunOptions]
    ) -> Delayed: ...
    @positional_until_now("chroms", "by")
    def min(
        self,
        *,
        chroms: Chroms = None,
        by: By | None = None,
        lazy: bool = False,
        **options: Unpack[RunOptions],
    ) -> Number | pd.Series | Delayed:
        """Least value; see :meth:`stats`."""
        return cast("Number | pd.Series | Delayed", self._statistic("min", chroms, by, lazy, options))

    @overload
    def max(
        self,
        *,
        chroms: Chroms = ...,
        by: None = ...,
        lazy: Literal[False] = ...,
        **options: Unpack[RunOptions],
    ) -> Number: ...
    @overload
    def max(
        self, *, chroms: Chroms = ..., by: By, lazy: Literal[False] = ..., **options: Unpack[RunOptions]
    ) -> pd.Series: ...
    @overload
    def max(
        self, *, chroms: Chroms = ..., by: By | None = ..., lazy: Literal[True], **options: Unpack[RunOptions]
    ) -> Delayed: ...
    @positional_until_now("chroms", "by")
    def max(
        self,
        *,
        chroms: Chroms = None,
        by: By | None = None,
        lazy: bool = False,
        **options: Unpack[RunOptions],
    ) -> Number | pd.Series | Delayed:
        """Greatest value; see :meth:`stats`."""
        return cast("Number | pd.Series | Delayed", self._statistic("max", chroms, by, lazy, options))

    @overload
    def count(
        self,
        *,
        chroms: Chroms = ...,
        by: None = ...,
        lazy: Literal[False] = ...,
        **options: Unpack[RunOptions],
    ) -> int: ...
    @overload
    def count(
        self, *, chroms: Chroms = ..., by: By, lazy: Literal[False] = ..., **options: Unpack[RunOptions]
    ) -> pd.Series: ...
    @overload
    def count(
        self, *, chroms: Chroms = ..., by: By | None = ..., lazy: Literal[True], **options: Unpack[RunOptions]
    ) -> Delayed: ...
    @positional_until_now("chroms", "by")
    def count(
        self,
        *,
        chroms: Chroms = None,
        by: By | None = None,
        lazy: bool = False,
        **options: Unpack[RunOptions],
    ) -> int | pd.Series | Delayed:
        """How many bases have a value; see :meth:`stats`."""
        return cast("int | pd.Series | Delayed", self._statistic("count", chroms, by, lazy, options))

    def _statistic(
        self, name: str, chroms: Chroms, by: By | None, lazy: bool, options: RunOptions
    ) -> Number | Statistics | pd.Series | pd.DataFrame | Delayed:
        from genomearray.compute import statistics

        unknown = sorted(set(options) - set(RunOptions.__annotations__))
        if unknown:
            allowed = ", ".join(("chroms", "by", "lazy", *RunOptions.__annotations__))
            raise ArgumentError(f"option {unknown[0]!r} is not known; allowed are {allowed}")
        if lazy:
            return statistics.lazy_statistic(self.source, name, chroms, by)
        threads, progress = options.get("threads"), options.get("progress", False)
        return statistics.statistic(
            self.source, name, chroms, by, options.get("stored", True), threads, progress
        )

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
        from genomearray.compute.distribution import later, quantiles

        found: float | NDArray[np.float64] | pd.Series | pd.DataFrame | Delayed
        found = later(quantiles, lazy, self.source, q, chroms, by, threads, progress)
        return found

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
        from genomearray.compute.distribution import histograms, later

        found: tuple[NDArray[np.int64] | pd.DataFrame, NDArray[Any]] | Delayed
        found = later(histograms, lazy, self.source, bins, range, chroms, by, threads, progress)
        return found

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
