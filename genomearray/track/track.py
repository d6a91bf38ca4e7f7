"""A track: one value per base of an assembly, asked by position or by offset."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import LayoutError, RegionError, TrackClosedError, ValueRangeError
from genomearray.foreign.open import open_source
from genomearray.reference.assembly import Chromosome
from genomearray.reference.region import check_offsets, integer, parse_region, positions_to_offsets
from genomearray.source import Source
from genomearray.storage.layout import BLOCK, SEQUENCE
from genomearray.storage.read.open_stored import forget, open_stored
from genomearray.storage.read.stored_track import StoredTrack
from genomearray.track.rolling_track import RollingTrack

if TYPE_CHECKING:
    import dask.array
    import pandas as pd
    import xarray as xr


class Track(np.lib.mixins.NDArrayOperatorsMixin):
    """One value per base of one assembly.

    Open one with ``db.open_track(name)``, ``db[name]`` or :func:`open_track`. A track is
    a context manager, can be pickled, and may be read from many threads and processes.

    Labels are positions: 1-based, both ends included (``sel``, region strings, the old
    names). Offsets are 0-based and half-open (``isel``, ``values``).

    Tracks can be computed with: ``(a + b) / 2``, ``np.log1p(a)``, ``a > 3`` are lazy tracks of the same
    assembly, and so are those of ``rolling``, ``smooth``, ``mask``, ``where``, ``shift``, ``normalize`` and ``astype``.
    ``+``, ``-`` and ``*`` of integers have the smallest integer dtype that holds every result, so that nothing
    wraps around (beyond 64 bits: an error); other functions of integers give float64, functions of
    floats what numpy gives. Missing values (NaN) stay missing; ``x / 0`` is inf or NaN, ``x // 0`` an error.

    Examples
    --------
    >>> track.sel(chrom="chr1", pos=slice(1, 3)).values
    array([1, 2, 3], dtype=uint16)
    >>> track["chr1:1-3"].values
    array([1, 2, 3], dtype=uint16)
    >>> track.values("chr1", 0, 3)
    array([1, 2, 3], dtype=uint16)
    """

    __hash__ = object.__hash__  # == gives a track

    def __init__(self, source: Source, name: str = "") -> None:
        self._open_source: Source | None = source
        self.name = name

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        from genomearray.sources.elementwise import elementwise

        out = options.pop("out", (None,))
        if method != "__call__" or options or not (out[0] is None or isinstance(out[0], Track)):
            raise ValueRangeError(
                f"numpy.{ufunc.__name__}.{method} with {', '.join(options) or 'an array'} is not for tracks; call numpy.{ufunc.__name__}"
            )
        operands = tuple(value.source if isinstance(value, Track) else value for value in inputs)
        for value in inputs:
            if not isinstance(value, (Track, bool, int, float, np.generic)):
                raise ValueRangeError(f"a track can be computed with numbers and tracks, not with {type(value).__name__}; make it a track first")
        return Track(elementwise(ufunc, operands, tuple(value.label if isinstance(value, Track) else f"{value}" for value in inputs)))

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        name = function.__name__
        if name in _NUMPYS and args and args[0] is self:
            return getattr(self, _NUMPYS[name])(*args[1:], **options)
        raise ValueRangeError(
            f"numpy.{name} is not for tracks: it would read a whole genome; ask a track's own methods, or take track.values(chrom, start, end)"
        )

    def __array__(self, *_: Any, **__: Any) -> NDArray[Any]:
        raise ValueRangeError("a track is no array: it would be a whole genome in memory; take track.values(chrom, start, end)")

    __iter__ = None

    def __bool__(self) -> bool:
        if self.dtype.kind == "b":
            raise ValueRangeError("a comparison of tracks is a track, neither true nor false; ask for instance (a > b).max()")
        return True

    # -- what it is ----------------------------------------------------------------------

    @property
    def source(self) -> Source:
        """Where the values come from; TrackClosedError once the track is closed."""
        if self._open_source is None:
            raise TrackClosedError(f"track {self.name!r} is closed; open it again")
        return self._open_source

    @property
    def assembly(self) -> str:
        """Name of the assembly."""
        return self.source.assembly

    @property
    def kind(self) -> str:
        """``signal`` or ``sequence``."""
        return self.source.kind

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self.source.dtype

    @property
    def label(self) -> str:
        """Name, or how the values are computed."""
        return self.name or getattr(self.source, "text", "") or "track"

    @property
    def attributes(self) -> dict[str, Any]:
        """Assembly, source, command, time of creation and the like."""
        return dict(self.source.attributes)

    @property
    def path(self) -> Path | str | None:
        """The file or store, as text for a URL; None for a track that is not stored."""
        return getattr(self.source, "path", None)

    @property
    def chromosomes(self) -> tuple[str, ...]:
        """Names of all chromosomes, in order."""
        return self.source.names

    def has_chromosome(self, chrom: str | Chromosome) -> bool:
        """Whether the track has a chromosome.

        Examples
        --------
        >>> track.has_chromosome("chr1"), track.has_chromosome("chr99")
        (True, False)
        """
        return self.source.has(str(chrom))

    def length(self, chrom: str | Chromosome) -> int:
        """Length of a chromosome, bp; UnknownChromosomeError for a name it does not have.

        Examples
        --------
        >>> track.length("chr1")
        1000
        """
        return self.source.length(str(chrom))

    def __repr__(self) -> str:
        if self._open_source is None:
            return f"<Track {self.name!r}, closed>"
        return f"<Track {self.label!r}: {self.kind}, {self.dtype}, {len(self.chromosomes)} chromosomes of {self.assembly}>"

    # -- by offset -----------------------------------------------------------------------

    def values(self, chrom: str | Chromosome, start: int | None = None, end: int | None = None) -> NDArray[Any]:
        """Values of the offsets [start, end): the fast path.

        Parameters
        ----------
        chrom : str or Chromosome
        start, end : int, optional
            Offsets, 0-based, half-open, bp. Default: the whole chromosome.

        Returns
        -------
        ndarray, shape (end - start,), dtype of the track
            Letters of a sequence as ASCII codes, as stored (lower case is soft-masked).

        Raises
        ------
        UnknownChromosomeError, RegionError, DamagedTrackError

        Examples
        --------
        >>> track.values("chr1", 0, 3)
        array([1, 2, 3], dtype=uint16)
        """
        source = self.source
        name = chrom if type(chrom) is str else str(chrom)
        low, high = check_offsets(name, source.length(name), start, end)
        return source.read(name, low, high)

    def isel(self, *, chrom: str | Chromosome, pos: Any = None) -> xr.DataArray:
        """Values by offset (0-based, half-open), labelled with their positions; lazy.

        Parameters
        ----------
        chrom : str or Chromosome
        pos : slice, int or array of int, optional
            Offsets. Default: the whole chromosome. Negative ones and steps are refused.

        Returns
        -------
        DataArray, dimension ``pos``

        Raises
        ------
        UnknownChromosomeError, RegionError

        Examples
        --------
        >>> track.isel(chrom="chr1", pos=slice(0, 3)).pos.values
        array([1, 2, 3])
        """
        name = _one(chrom)
        length = self.length(name)
        if pos is None or isinstance(pos, slice):
            pos = slice(None) if pos is None else pos
            _refuse_step(pos)
            return self._region(name, *check_offsets(name, length, pos.start, pos.stop))
        if np.ndim(pos) == 0:
            offset = integer(pos, "offset")
            return self._region(name, *check_offsets(name, length, offset, offset + 1)).isel(pos=0)
        offsets = np.asarray(pos)
        if offsets.dtype.kind not in "iu":
            raise RegionError(f"offsets of dtype {offsets.dtype} are not whole numbers")
        for offset in (offsets.min(), offsets.max()) if offsets.size else ():
            check_offsets(name, length, int(offset), int(offset) + 1)
        return self._region(name, 0, length).isel(pos=pos)

    # -- by position ---------------------------------------------------------------------

    def sel(self, *, chrom: str | Chromosome, pos: Any = None) -> xr.DataArray:
        """Values by position (1-based, both ends included), labelled; lazy.

        Parameters
        ----------
        chrom : str or Chromosome
        pos : slice, int or array of int, optional
            Positions; ``slice(1_000_000, 1_000_100)`` is 101 bases. Default: the whole chromosome.

        Returns
        -------
        DataArray, dimension ``pos``
            With the positions as coordinate ``pos`` and the chromosome as coordinate ``chrom``.

        Raises
        ------
        UnknownChromosomeError, RegionError

        Examples
        --------
        >>> region = track.sel(chrom="chr1", pos=slice(10, 20))
        >>> region.sizes["pos"], int(region.pos[0]), str(region.chrom.values)
        (11, 10, 'chr1')
        """
        name = _one(chrom)
        length = self.length(name)
        if pos is None or isinstance(pos, slice):
            pos = slice(None) if pos is None else pos
            _refuse_step(pos)
            return self._region(name, *positions_to_offsets(name, length, pos.start, pos.stop))
        if np.ndim(pos) == 0:
            start, end = positions_to_offsets(name, length, pos, pos)
            return self._region(name, start, end).isel(pos=0)
        return self._region(name, 0, length).sel(pos=pos)

    def __getitem__(self, region: str) -> xr.DataArray:
        """Values of a region string such as ``chr1:1,000-2,000``; in the order of the genome, whatever its strand."""
        found = parse_region(region, self.source.length, self.source.has)
        return self._region(found.chrom, found.start, found.end)

    def _region(self, chrom: str, start: int, end: int) -> xr.DataArray:
        from genomearray.track.labelled import region_array

        return region_array(self.source, self.name, chrom, start, end)

    @property
    def dataset(self) -> xr.Dataset:
        """All chromosomes as a lazy Dataset: one variable each, with positions as labels.

        Its ``.sel(pos_chr1=slice(1, 10))`` counts positions; ``.chunk()`` gives dask arrays
        of blocks.

        Examples
        --------
        >>> track.dataset["chr1"].sel(pos_chr1=slice(1, 3)).values
        array([1, 2, 3], dtype=uint16)
        """
        from genomearray.track.labelled import dataset_of

        importlib.import_module("genomearray.track.accessor")  # so that ds.track is there
        return dataset_of(self.source)

    @overload
    def to_dask(self, chrom: str | Chromosome) -> dask.array.Array: ...
    @overload
    def to_dask(self, chrom: None = None) -> xr.Dataset: ...
    def to_dask(self, chrom: str | Chromosome | None = None) -> dask.array.Array | xr.Dataset:
        """A chromosome as a dask array, or all as a Dataset of dask arrays, in blocks of 4 Mbp.

        ``track.dataset.chunk()`` makes one dask chunk of each chromosome; here memory stays bounded.

        Parameters
        ----------
        chrom : str or Chromosome, optional

        Returns
        -------
        dask.array.Array, shape (length,), or Dataset

        Examples
        --------
        >>> int(track.to_dask("chr1").sum().compute())
        500500
        >>> track.to_dask()["chr2"].chunks
        ((500,),)
        """
        if chrom is None:
            dataset = self.dataset
            return dataset.chunk(dict.fromkeys(dataset.dims, BLOCK))
        chunked: dask.array.Array = self.sel(chrom=chrom).chunk({"pos": BLOCK}).data
        return chunked

    # -- many regions, and summaries -----------------------------------------------------

    def windows(
        self,
        regions: Any,
        width: int | None = None,
        bins: int | None = None,
        strand_aware: bool = True,
        bounds: str = "raise",
        encoding: str | None = None,
        how: str = "mean",
        reference: str = "middle",
        fill: float | None = None,
    ) -> xr.DataArray:
        """Values of many regions in one call; each stored chunk is decoded once, whatever the overlap.

        Parameters
        ----------
        regions : DataFrame, mapping, list, str or path
            Columns ``chrom, start, end`` (offsets, 0-based, half-open) and optionally ``strand``; a list of tuples
            ``(chrom, start, end[, strand])``; the path of a BED file; region strings such as ``chr1:1-100(-)``
            (positions, both ends included); anything with ``to_dataframe()``.
        width : int, optional
            Windows of so many bp around the middle of each region, from ``(start + end) // 2 - width // 2`` on.
            Default: the regions themselves, which must be of one width.
        reference : {"middle", "start", "end"}
            With ``width``: windows around the middle, or around the border before the first, or after the last base
            of the region as its strand runs (for genes, ``start`` is the TSS); ``width // 2`` bp lie before it.
        bins : int, optional
            Scale each region to so many bins. Bin j covers the bases ``[j * length / bins, (j + 1) * length / bins)``;
            a base at a border counts by the part that is inside.
        strand_aware : bool
            Regions on the minus strand run backwards, letters of a sequence are complemented.
        bounds : {"raise", "pad"}
            What to do with a window that reaches outside its chromosome: an error, or NaN (0 for integers, N). One
            that lies wholly outside is always an error.
        encoding : {None, "onehot"}
            For sequences: a last dimension ``base`` with A, C, G, T; other letters are four zeros.
        how : {"mean", "sum", "min", "max"}
            What a bin holds; NaN are skipped, and a bin of nothing else is NaN.
        fill : float, optional
            Take missing values (NaN) for this number, for instance 0.

        Returns
        -------
        DataArray, dimensions (window, offset) or (window, offset, base)
            In the order of the regions, with coordinates ``chrom``, ``start``, ``end`` (offsets of the window) and
            ``strand``; dtype of the track, float64 for bins, uint8 one-hot.

        Raises
        ------
        RegionError, UnknownChromosomeError, FormatError, DamagedTrackError

        Examples
        --------
        >>> track.windows([("chr1", 10, 14, "+"), ("chr1", 10, 14, "-")]).values
        array([[11, 12, 13, 14],
               [14, 13, 12, 11]], dtype=uint16)
        >>> track.windows(["chr1:1-4", "chr1:1-8"], bins=2).values
        array([[1.5, 3.5],
               [2.5, 6.5]])
        >>> seq.windows(["chr1:1-4"], encoding="onehot").sizes["base"]
        4
        """
        from genomearray.compute import windows as w
        from genomearray.track import labelled

        source = self.source
        (values,), table = w.windows([source], regions, w.Options(width, bins, reference, strand_aware, bounds, encoding, how, fill))
        dims = ("window", "offset", "base") if encoding else ("window", "offset")
        return w.labelled_windows(values, table, dims, {"assembly": source.assembly, "kind": source.kind}, labelled.short_name(self.name))

    def profile(
        self,
        regions: Any,
        bins: int | None = None,
        width: int | None = None,
        flank: int = 0,
        bin_size: int = 1,
        strand_aware: bool = True,
        bounds: str = "pad",
        how: str = "mean",
        reference: str = "middle",
        fill: float | None = None,
    ) -> xr.Dataset:
        """A matrix of scaled regions, or of windows around their middles, and its mean over the regions.

        Parameters
        ----------
        regions : as for :meth:`windows`
        bins : int, optional
            Bins each region is scaled to (deepTools: scale-regions).
        width : int, optional
            Instead: windows of so many bp around the ``reference`` (deepTools: reference-point), in bins of ``bin_size``,
            or in ``bins`` bins if both are given.
        flank : int
            bp upstream and downstream of each region, a whole number of bins of ``bin_size``.
        bin_size : int
            bp of a bin that is not scaled.
        strand_aware, bounds, how, reference, fill
            As for :meth:`windows`; what lies outside the chromosome is by default missing (0 for integers).
            ``fill=0`` is deepTools' ``--missingDataAsZero``.

        Returns
        -------
        Dataset
            ``matrix`` (window, offset), and over the windows that have a value ``mean``, ``std`` (ddof 0) and ``n``
            (offset). ``offset`` counts bins, 0 is the first of the body; ``part`` is upstream, body or downstream. With
            ``width``, ``distance`` is that of the first base of a bin from the reference, bp.

        Raises
        ------
        RegionError, UnknownChromosomeError, FormatError, DamagedTrackError

        Examples
        --------
        >>> result = track.profile(["chr1:101-200", "chr1:301-500"], bins=2, flank=10, bin_size=10)
        >>> result["matrix"].values
        array([[ 95.5, 125.5, 175.5, 205.5],
               [295.5, 350.5, 450.5, 505.5]])
        >>> result["mean"].values
        array([195.5, 238. , 313. , 355.5])
        """
        from genomearray.compute.windows import Options, profile

        return profile(self.source, regions, Options(width, bins, reference, strand_aware, bounds, None, how, fill), flank, bin_size)

    def region_stats(self, regions: Any) -> pd.DataFrame:
        """Exact statistics of many regions: whole chunks from their stored summaries, only the edges read as bases.

        Parameters
        ----------
        regions : as for :meth:`windows`
            Of any width; they may overlap.

        Returns
        -------
        DataFrame
            In the order of the regions, with the index of a DataFrame: ``chrom, start, end, strand``, and ``n`` (bases with a value), ``mean``,
            ``min``, ``max``, ``sum``, ``std`` (ddof 0). Of nothing mean, min and max are NaN, n and sum 0.

        Raises
        ------
        RegionError, UnknownChromosomeError, FormatError, DamagedTrackError, LayoutError

        Examples
        --------
        >>> stats = track.region_stats([("chr1", 0, 3), ("chr1", 0, 1000)])
        >>> stats["mean"].tolist(), stats["max"].tolist()
        ([2.0, 500.5], [3, 1000])
        """
        from genomearray.compute.region_statistics import region_stats

        return region_stats(self.source, regions)

    def bins(self, chrom: str | Chromosome, size: int, start: int | None = None, end: int | None = None) -> xr.Dataset:
        """Exact statistics of consecutive bins of a chromosome, from stored summaries where they suffice.

        Parameters
        ----------
        chrom : str or Chromosome
        size : int
            bp of a bin; the last one may be shorter.
        start, end : int, optional
            Offsets, 0-based, half-open. Default: the whole chromosome.

        Returns
        -------
        Dataset, dimension ``bin``
            ``n`` (bases with a value), ``mean``, ``min``, ``max``, ``sum``, ``std`` (ddof 0), with the offsets ``start``
            and ``end`` as coordinates.

        Raises
        ------
        UnknownChromosomeError, RegionError, DamagedTrackError, LayoutError

        Examples
        --------
        >>> track.bins("chr1", 500)["mean"].values
        array([250.5, 750.5])
        """
        from genomearray.compute.region_statistics import bins

        return bins(self.source, _one(chrom), size, start, end)

    def plot(self, region: str, bins: int = 1000, ax: Any = None) -> Any:
        """Draw a region at any zoom: every base, or the mean and the range of each bin, exact.

        Parameters
        ----------
        region : str
            ``chr1:1-5,000,000``, or a chromosome.
        bins : int
            Points drawn at most.
        ax : matplotlib Axes, optional
            Default: a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        UnknownChromosomeError, RegionError, LayoutError

        Examples
        --------
        >>> axes = track.plot("chr1:1-500")
        >>> axes.get_xlabel()
        'chr1, position'
        """
        from genomearray.plotting.region import plot

        return plot(self.source, self.name, region, bins, ax)

    # -- the whole genome ----------------------------------------------------------------

    def stats(
        self,
        chroms: Any = None,
        by: str | None = None,
        *,
        stored: bool = True,
        lazy: bool = False,
        threads: int | None = None,
        progress: bool = False,
    ) -> Any:
        """Statistics of all bases: n, n_nan, sum, mean, std, var, min, max.

        Stored statistics answer at once; a lazy track, or ``stored=False``, is read block by block, in threads
        or on the dask cluster of the session.

        Parameters
        ----------
        chroms : str or iterable of str, optional
            Default: all chromosomes.
        by : {"chrom"}, optional
            A row for each chromosome.
        stored : bool
            Whether stored statistics may answer.
        lazy : bool
            Give a ``dask.delayed`` object: ``.compute()`` runs it on any dask scheduler.
        threads : int, optional
            Threads of this process, even if there is a cluster. Default: one a core.
        progress : bool
            Show a bar on a terminal.

        Returns
        -------
        Statistics, or DataFrame with ``by``
            Over the bases with a value; integers exact, floats summed in float64 and merged in a fixed order, so that
            threads, stores and clusters give the same bits. ``std`` and ``var`` with ddof 0. The mean of nothing is NaN.

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
        return self._statistic("stats", chroms, by, stored, lazy, threads, progress)

    def sum(self, chroms: Any = None, by: str | None = None, **options: Any) -> Any:
        """Sum of all values; see :meth:`stats` for the parameters. Of integers an int of any size.

        Examples
        --------
        >>> track.sum(), track.sum(by="chrom").to_dict()
        (504000, {'chr1': 500500, 'chr2': 3500, 'chrX': 0, 'chrM': 0})
        """
        return self._statistic("sum", chroms, by, **options)

    def mean(self, chroms: Any = None, by: str | None = None, **options: Any) -> Any:
        """Mean of the bases with a value; see :meth:`stats`.

        Examples
        --------
        >>> track.mean("chr2")
        7.0
        """
        return self._statistic("mean", chroms, by, **options)

    def std(self, chroms: Any = None, by: str | None = None, **options: Any) -> Any:
        """Standard deviation with ddof 0; see :meth:`stats`."""
        return self._statistic("std", chroms, by, **options)

    def var(self, chroms: Any = None, by: str | None = None, **options: Any) -> Any:
        """Variance with ddof 0; see :meth:`stats`."""
        return self._statistic("var", chroms, by, **options)

    def min(self, chroms: Any = None, by: str | None = None, **options: Any) -> Any:
        """Least value; see :meth:`stats`."""
        return self._statistic("min", chroms, by, **options)

    def max(self, chroms: Any = None, by: str | None = None, **options: Any) -> Any:
        """Greatest value; see :meth:`stats`."""
        return self._statistic("max", chroms, by, **options)

    def count(self, chroms: Any = None, by: str | None = None, **options: Any) -> Any:
        """How many bases have a value; see :meth:`stats`."""
        return self._statistic("count", chroms, by, **options)

    def _statistic(
        self,
        name: str,
        chroms: Any,
        by: str | None,
        stored: bool = True,
        lazy: bool = False,
        threads: int | None = None,
        progress: bool = False,
        **numpys: None,
    ) -> Any:
        from genomearray.compute import statistics as reductions

        # numpy.sum(track) hands over its own options.
        refused = [option for option, value in numpys.items() if value is not None or option not in ("axis", "dtype", "out")]
        if refused:
            raise ValueRangeError(f"option {refused[0]!r} is not known; allowed are chroms, by, stored, lazy, threads, progress")
        if lazy:
            return reductions.lazy_statistic(self.source, name, chroms, by)
        return reductions.statistic(self.source, name, chroms, by, stored, threads, progress)

    def quantile(
        self, q: Any, chroms: Any = None, by: str | None = None, *, lazy: bool = False, threads: int | None = None, progress: bool = False
    ) -> Any:
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
        >>> float(track.quantile(0.5, "chr1"))
        500.5
        """
        from genomearray.compute.distribution import later, quantiles

        return later(quantiles, lazy, self.source, q, chroms, by, threads, progress)

    def histogram(
        self,
        bins: Any = 100,
        range: Any = None,
        chroms: Any = None,
        by: str | None = None,
        *,
        lazy: bool = False,
        threads: int | None = None,
        progress: bool = False,
    ) -> Any:
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
        counts : ndarray of int64, shape (bins,); with ``by`` a DataFrame, a row a chromosome, of the same bins
        edges : ndarray, shape (bins + 1,)

        Examples
        --------
        >>> counts, edges = track.histogram(bins=[0, 1, 501, 1001])
        >>> counts
        array([ 360, 1000,  500])
        """
        from genomearray.compute.distribution import histograms, later

        return later(histograms, lazy, self.source, bins, range, chroms, by, threads, progress)

    def corr(self, other: Track, chroms: Any = None, *, threads: int | None = None, progress: bool = False) -> float:
        """Pearson's correlation with another track, over the bases where both have a value; see :func:`corr` for many.

        Examples
        --------
        >>> round(track.corr(-track), 6)
        -1.0
        """
        from genomearray.compute.correlation import correlation

        table = correlation((self.source, other.source), [self.label, other.label], chroms, threads, progress)
        return float(table.to_numpy()[0, 1])

    def intervals(
        self,
        above: float | None = None,
        below: float | None = None,
        min_length: int = 1,
        max_gap: int = 0,
        chroms: Any = None,
        *,
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
            ``chrom, start, end`` (offsets, 0-based, half-open), ``mean`` and ``max`` of the bases that fulfil the condition; in
            the order of the genome. ``db.save_features(name, table)`` keeps it as a feature table.

        Examples
        --------
        >>> track.intervals(above=990).values.tolist()
        [['chr1', 990, 1000, 995.5, 1000.0]]
        """
        from genomearray.compute.thresholds import intervals

        return intervals(self.source, above, below, min_length, max_gap, chroms, threads, progress)

    # -- lazy tracks made from it --------------------------------------------------------

    def astype(self, dtype: Any) -> Track:
        """The values in another dtype, lazy; one that does not fit, or has a fraction, is an error.

        Examples
        --------
        >>> (track / 2).astype("float32").values("chr1", 0, 3)
        array([0.5, 1. , 1.5], dtype=float32)
        """
        from genomearray.sources.elementwise import Converted

        return Track(Converted(self.source, dtype, self.label))

    def clip(self, low: float | None = None, high: float | None = None) -> Track:
        """Values below ``low``, or above ``high``, set to it, lazy.

        Examples
        --------
        >>> track.clip(2, 3).values("chr1", 0, 4)
        array([2, 2, 3, 3], dtype=uint16)
        """
        found: Any = self
        found = found if low is None else np.maximum(found, low)
        found = found if high is None else np.minimum(found, high)
        return Track(found.source, "") if found is self else found

    def fillna(self, value: float) -> Track:
        """With a number where a value is missing (NaN), lazy.

        Examples
        --------
        >>> (track / track).fillna(0).values("chrX", 0, 2)
        array([0., 0.])
        """
        return self.where(Track((self == self).source, f"{self.label} has a value"), value)  # NaN differs from itself

    def round(self, decimals: int = 0) -> Track:
        """Rounded to so many decimals (half to even), lazy, float64.

        Examples
        --------
        >>> (track / 3).round(1).values("chr1", 0, 3)
        array([0.3, 0.7, 1. ])
        """
        scale = 10.0 ** integer(decimals, "decimals")
        rounded: Any = np.rint(self * scale)
        return Track((rounded / scale).source)

    def shift(self, by: int) -> Track:
        """The values moved by so many bp to higher positions (negative: lower), lazy; what moves in is absent (0, NaN, N).

        Examples
        --------
        >>> track.shift(2).values("chr1", 0, 4)
        array([0, 0, 1, 2], dtype=uint16)
        """
        from genomearray.sources.elementwise import Shifted

        return Track(Shifted(self.source, by, self.label))

    def mask(self, regions: Any, other: float | None = None) -> Track:
        """Without the values inside of regions, lazy.

        Parameters
        ----------
        regions
            As for :meth:`windows`.
        other : number, optional
            What stands there. Default: absent (0 for integers, NaN for floats, N for a sequence).

        Examples
        --------
        >>> track.mask([("chr1", 1, 3)]).values("chr1", 0, 4)
        array([1, 0, 0, 4], dtype=uint16)
        """
        from genomearray.sources.elementwise import Masked

        return Track(Masked(self.source, regions, self.label, inside=True, other=other))

    def where(self, condition: Any, other: float | None = None) -> Track:
        """The values where a condition holds, lazy; elsewhere ``other``.

        Parameters
        ----------
        condition : Track or regions
            A comparison of tracks such as ``other_track > 3``, or regions as for :meth:`windows`.
        other : number, optional
            Default: absent (0 for integers, NaN for floats, N for a sequence).

        Examples
        --------
        >>> track.where(track > 2, other=9).values("chr1", 0, 4)
        array([9, 9, 3, 4], dtype=uint16)
        >>> track.where([("chr1", 1, 3)]).values("chr1", 0, 4)
        array([0, 2, 3, 0], dtype=uint16)
        """
        from genomearray.sources.elementwise import Masked, Where

        if isinstance(condition, Track):
            return Track(Where(self.source, condition.source, self.label, condition.label, other))
        return Track(Masked(self.source, condition, self.label, inside=False, other=other))

    def rolling(self, window: int, center: bool = False, min_periods: int | None = None) -> RollingTrack:
        """Windows that move along each chromosome; ask ``.mean()``, ``.sum()``, ``.max()`` or ``.min()``, lazy.

        Parameters
        ----------
        window : int
            bp.
        center : bool
            The window of a base lies around it (of an even window one base more before it); else it ends there.
        min_periods : int, optional
            Values that a window must have, else NaN. Default: all of them.

        Returns
        -------
        RollingTrack
            Its results are float64, as pandas' and xarray's ``rolling`` have it.

        Examples
        --------
        >>> track.rolling(3).mean().values("chr1", 0, 4)
        array([nan, nan,  2.,  3.])
        """
        return RollingTrack(self, window, center, min_periods)

    def smooth(self, sigma: float) -> Track:
        """A Gaussian average around each base, lazy, float64.

        Parameters
        ----------
        sigma : float
            Standard deviation, bp. The Gaussian reaches 4 of them to both sides; missing bases, and those past the
            ends of the chromosome, are left out and the others weighed accordingly.

        Examples
        --------
        >>> round(float(track.smooth(5).values("chr2", 100, 101)[0]), 12)
        7.0
        """
        from genomearray.sources.rolling import Smoothed

        return Track(Smoothed(self.source, sigma, self.label))

    def normalize(self, how: str, genome_size: int | None = None) -> Track:
        """Scaled by a statistic of the whole genome, lazy, float64.

        Parameters
        ----------
        how : {"cpm", "zscore", "1x"}
            ``cpm``: values per million (divided by their sum, times 1e6). ``zscore``: less the mean, divided by the standard
            deviation. ``1x``: divided by the mean depth, that is sum / ``genome_size``.
        genome_size : int, optional
            For ``1x``, effective size of the genome, bp. Default: the bases with a value.

        Examples
        --------
        >>> track.normalize("cpm").sum()
        1000000.0
        """
        told = self.stats()
        if how == "zscore":
            if not told.std > 0:
                raise ValueRangeError(f"track {self.label!r} has no deviation, so no z-score: its values are all {told.mean}")
            return Track(((self - told.mean) / told.std).source)
        if how not in ("cpm", "1x"):
            raise ValueRangeError(f"how={how!r} is not known; allowed are cpm, zscore, 1x")
        size = told.n - told.n_nan if genome_size is None else integer(genome_size, "genome_size")
        if not (told.sum > 0 and size > 0):
            raise ValueRangeError(f"track {self.label!r} has the sum {told.sum} on {size:,} bp, and cannot be scaled by it")
        return Track((self * (1e6 / told.sum if how == "cpm" else size / told.sum)).source)

    # -- of a sequence --------------------------------------------------------------------

    def seq_stats(self, chroms: Any = None, *, threads: int | None = None, progress: bool = False) -> pd.DataFrame:
        """Letters of a sequence, a row a chromosome.

        Parameters
        ----------
        chroms, threads, progress
            As for :meth:`stats`.

        Returns
        -------
        DataFrame
            ``n`` bases; ``n_a, n_c, n_g, n_t, n_n`` of either case; ``n_other`` (IUPAC codes and gaps); ``n_def`` (all but N); ``n_lower``
            (soft-masked); ``gc``, the part of G and C among A, C, G and T; ``first_def, last_def``, the first and last positions (1-based)
            that are not N, missing in a chromosome of nothing else.

        Raises
        ------
        LayoutError
            The track holds no sequence.

        Examples
        --------
        >>> seq.seq_stats("chrM")[["n", "n_a", "n_other", "gc", "last_def"]].values.tolist()
        [[60, 10, 10, 0.5, 60]]
        """
        from genomearray.compute.composition import sequence_statistics

        return sequence_statistics(self.source, chroms, self.label, threads=threads, progress=progress)

    def kmer_counts(self, k: int, chroms: Any = None, *, threads: int | None = None, progress: bool = False) -> pd.Series[int]:
        """How often each k-mer occurs in a sequence, on the forward strand; those with other letters than A, C, G and T do not count.

        Parameters
        ----------
        k : int
            From 1 to 10.
        chroms, threads, progress
            As for :meth:`stats`.

        Returns
        -------
        Series, shape (4 ** k,), by k-mer

        Raises
        ------
        LayoutError, ValueRangeError

        Examples
        --------
        >>> seq.kmer_counts(2, "chrM")[["AC", "TA", "AA"]].tolist()
        [10, 5, 0]
        """
        from genomearray.compute.composition import kmer_counts

        return kmer_counts(self.source, k, chroms, self.label, threads=threads, progress=progress)

    def kmer(self, pattern: str, strand: str = "+") -> Track:
        """Where a pattern begins in a sequence, as a lazy track of uint8: 1 at its leftmost base; ``.rolling(n).sum()`` counts in windows.

        Parameters
        ----------
        pattern : str
            IUPAC letters: ``CG``, ``TGASTCA``. A letter of the sequence matches when all that it may stand for is in the pattern.
        strand : {"+", "-", "both"}
            Look for the pattern, its reverse complement, or either of them.

        Raises
        ------
        LayoutError, ValueRangeError

        Examples
        --------
        >>> seq.kmer("CG").values("chr1", 0, 8)
        array([0, 1, 0, 0, 0, 1, 0, 0], dtype=uint8)
        """
        from genomearray.sources.sequence import Matches

        return Track(Matches(self.source, pattern, strand, self.label))

    def gc(self, window: int, min_periods: int = 1) -> Track:
        """GC content of a sequence in a window around each base, as a lazy track of float64: G and C among the letters A, C, G and T there.

        Parameters
        ----------
        window : int
            bp.
        min_periods : int
            Known letters that a window must have, else NaN.

        Raises
        ------
        LayoutError, RegionError

        Examples
        --------
        >>> seq.gc(4).values("chr1", 3, 6)
        array([0.5, 0.5, 0.5])
        """
        from genomearray.sources.sequence import GcOfBases

        return Track(GcOfBases(self.source, self.label)).rolling(window, center=True, min_periods=min_periods).mean()

    # -- the old library's names ---------------------------------------------------------

    def get_nparray(self, chrom: str | Chromosome, start: int | None = None, end: int | None = None) -> NDArray[Any]:
        """Values of the positions ``start`` to ``end``: 1-based, both ends included.

        Parameters
        ----------
        chrom : str or Chromosome
        start, end : int, optional
            Default: the first, or last, base of the chromosome.

        Returns
        -------
        ndarray, shape (end - start + 1,)

        Raises
        ------
        UnknownChromosomeError, RegionError

        Examples
        --------
        >>> track.get_nparray("chr1", 1, 3)
        array([1, 2, 3], dtype=uint16)
        """
        source, name = self.source, str(chrom)
        return source.read(name, *positions_to_offsets(name, source.length(name), start, end))

    def get_val(self, chrom: str | Chromosome, pos: int) -> Any:
        """Value of one position (1-based).

        Examples
        --------
        >>> int(track.get_val("chr1", 1000))
        1000
        """
        position = integer(pos, "position")
        return self.get_nparray(chrom, position, position)[0]

    def get_seq_str(self, chrom: str | Chromosome, start: int | None = None, end: int | None = None) -> str:
        """DNA of the positions ``start`` to ``end`` (1-based, both ends included), in upper case.

        Raises
        ------
        LayoutError
            The track holds no sequence.

        Examples
        --------
        >>> seq.get_seq_str("chr1", 1, 4)
        'ACGT'
        """
        if self.kind != SEQUENCE:
            raise LayoutError(f"track {self.name!r} holds a {self.kind}, not a sequence; sequences come from: genomearray import fasta")
        return self.get_nparray(chrom, start, end).tobytes().decode("ascii").upper()

    # -- open and closed -----------------------------------------------------------------

    def close(self) -> None:
        """Let go of the file; asking a closed track is a TrackClosedError."""
        if isinstance(self._open_source, StoredTrack):
            forget(self._open_source)
        else:
            getattr(self._open_source, "close", lambda: None)()
        self._open_source = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        source = self.source
        if isinstance(source, StoredTrack):
            return _reopen, (source.path, source.id, self.name)
        return Track, (source, self.name)


# numpy's functions that a method answers.
_NUMPYS = {name: name for name in ("sum", "mean", "std", "var", "clip", "round", "quantile", "histogram")} | {
    "min": "min", "amin": "min", "max": "max", "amax": "max", "nanmin": "min", "nanmax": "max", "nansum": "sum", "nanmean": "mean", "nanstd": "std",
}  # fmt: skip


def corr(tracks: Iterable[Track], chroms: Any = None, *, threads: int | None = None, progress: bool = False) -> pd.DataFrame:
    """Pearson's correlation of every pair of tracks, over the bases where both have a value; each base is read once.

    Parameters
    ----------
    tracks : iterable of Track
        Of one assembly.
    chroms, threads, progress
        As for :meth:`Track.stats`.

    Returns
    -------
    DataFrame, shape (tracks, tracks)

    Examples
    --------
    >>> from genomearray import corr
    >>> corr([track, track * 2]).values.round(6).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    from genomearray.compute.correlation import correlation

    found = list(tracks)
    if not found:
        raise LayoutError("there is no track to correlate; give at least one")
    return correlation(tuple(track.source for track in found), [track.label for track in found], chroms, threads, progress)


def _one(chrom: str | Chromosome) -> str:
    if not isinstance(chrom, (str, Chromosome)):
        raise RegionError(f"chrom={chrom!r} is not one chromosome; ask for one at a time, by its name")
    return str(chrom)


def _refuse_step(pos: slice) -> None:
    if pos.step is not None and pos.step != 1:
        raise RegionError(f"a step of {pos.step!r} cannot be selected; take [::{pos.step}] of the result")


def _reopen(path: Path | str, track_id: str, name: str) -> Track:
    return Track(open_stored(path, track_id), name)


def open_track(path: str | os.PathLike[str], kind: str | None = None) -> Track:
    """Open a track without a database.

    Parameters
    ----------
    path : path-like, or URL
        ``<name>.h5`` or ``<name>.zarr``, also ``https://...`` or ``s3://...`` (with ``genomearray[remote]``): only the
        bytes that are needed are asked for. Also a file of the old library ``genome``, read-only.
    kind : {"signal", "sequence"}, optional
        Of such an old file, which does not tell. By default letters are recognised.

    Returns
    -------
    Track

    Raises
    ------
    UnknownTrackError, LayoutError

    Examples
    --------
    >>> from genomearray import open_track
    >>> with open_track(track.path) as same:
    ...     same.values("chr1", 0, 3)
    array([1, 2, 3], dtype=uint16)
    """
    return Track(open_source(path, kind=kind), Path(str(path).rstrip("/")).stem)
