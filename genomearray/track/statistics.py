"""Methods of a track about the whole genome: its statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, cast, overload

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
    """Statistics of whole chromosomes and genomes."""

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
        >>> stats = track.stats(chroms="chr1")
        >>> stats.n, stats.sum, stats.mean
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
