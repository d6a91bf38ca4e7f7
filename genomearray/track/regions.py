"""Methods of a track about regions: windows, profiles, statistics of regions and bins, pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from genomearray._typing import Chroms
from genomearray.choices import Bounds, Encoding, Reference
from genomearray.errors import ArgumentError
from genomearray.reference.assembly import Chromosome, one_chromosome
from genomearray.reference.region_table import Regions
from genomearray.track.base import BaseTrack

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from genomearray.compute.stat_names import Stats


class RegionMethods(BaseTrack):
    """Answers about many regions."""

    def windows(
        self,
        regions: Regions,
        width: int | None = None,
        bins: int | None = None,
        strand_aware: bool = True,
        bounds: Bounds = "raise",
        encoding: Encoding | None = None,
        how: str = "mean",
        reference: Reference = "middle",
        fill: float | None = None,
    ) -> xr.DataArray:
        """Values of many regions in one call; each stored chunk is decoded once, whatever the overlap.

        Parameters
        ----------
        regions : DataFrame, mapping, list, str or path
            Columns ``chrom, start, end`` (offsets, 0-based, half-open) and optionally ``strand``; a
            list of tuples ``(chrom, start, end[, strand])``; the path of a BED file; region strings
            such as ``chr1:1-100(-)`` (positions, both ends included); anything with
            ``to_dataframe()``.
        width : int, optional
            Windows of so many bp around the middle of each region, from ``(start + end) // 2 -
            width // 2`` on. Default: the regions themselves, which must be of one width.
        reference : {"middle", "start", "end"}
            With ``width``: windows around the middle, or around the border before the first, or
            after the last base of the region as its strand runs (for genes, ``start`` is the TSS);
            ``width // 2`` bp lie before it.
        bins : int, optional
            Scale each region to so many bins. Bin j covers the bases ``[j * length / bins, (j + 1)
            * length / bins)``; a base at a border counts by the part that is inside.
        strand_aware : bool
            Regions on the minus strand run backwards, letters of a sequence are complemented.
        bounds : {"raise", "pad"}
            What to do with a window that reaches outside its chromosome: an error, or NaN (0 for
            integers, N). One that lies wholly outside is always an error.
        encoding : {None, "onehot"}
            For sequences: a last dimension ``base`` with A, C, G, T; other letters are four zeros.
        how : str
            What a bin holds: ``mean``, ``sum``, ``min``, ``max``, ``median``, ``quantile:Q`` (0 to 1),
            ``over:T`` (the fraction of its bases >= T) or ``coverage`` (> 0). NaN are skipped, and a
            bin of nothing else is NaN; for fractions they are bases that are not over. Medians,
            quantiles, min and max take every base that a bin touches; the others weigh it by the part
            inside.
        fill : float, optional
            Take missing values (NaN) for this number, for instance 0.

        Returns
        -------
        DataArray, dimensions (window, offset) or (window, offset, base)
            In the order of the regions, with coordinates ``chrom``, ``start``, ``end`` (offsets of
            the window) and ``strand``; dtype of the track, float64 for bins, uint8 one-hot.

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
        (values,), table = w.windows(
            [source], regions, w.Options(width, bins, reference, strand_aware, bounds, encoding, how, fill)
        )
        dims = ("window", "offset", "base") if encoding else ("window", "offset")
        return w.labelled_windows(
            values,
            table,
            dims,
            {"assembly": source.assembly, "kind": source.kind},
            labelled.short_name(self.name),
        )

    def profile(
        self,
        regions: Regions,
        *positional: object,
        width: int | None = None,
        bins: int | None = None,
        flank: int = 0,
        bin_size: int = 1,
        before: int | None = None,
        after: int | None = None,
        strand_aware: bool = True,
        bounds: Bounds = "pad",
        how: str = "mean",
        reference: Reference = "middle",
        fill: float | None = None,
    ) -> xr.Dataset:
        """A matrix of scaled regions, or of windows around their middles, and its mean over the regions.

        Parameters
        ----------
        regions : as for :meth:`windows`
        bins : int, optional
            Bins each region is scaled to (deepTools: scale-regions).
        width : int, optional
            Instead: windows of so many bp around the ``reference`` (deepTools: reference-point), in
            bins of ``bin_size``, or in ``bins`` bins if both are given.
        flank : int
            bp upstream and downstream of each region, a whole number of bins of ``bin_size``.
        bin_size : int
            bp of a bin that is not scaled.
        before, after : int, optional
            bp before and after the ``reference`` instead of a ``width``; with ``bins``, upstream and
            downstream instead of one ``flank`` on both sides. A whole number of bins of ``bin_size``.
        strand_aware, bounds, how, reference, fill
            As for :meth:`windows`; what lies outside the chromosome is by default missing (0 for integers).
            ``fill=0`` is deepTools' ``--missingDataAsZero``.

        Returns
        -------
        Dataset
            ``matrix`` (window, offset), and over the windows that have a value ``mean``, ``std``
            (ddof 0) and ``n`` (offset). ``offset`` counts bins, 0 is the first of the body;
            ``part`` is upstream, body or downstream. With ``width``, ``distance`` is that of the
            first base of a bin from the reference, bp.

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
        from genomearray.compute.profiles import profile, sides
        from genomearray.compute.windows import Options

        if positional:
            value = positional[0]
            raise ArgumentError(
                f"profile takes its options by keyword: write bins={value!r}, or width={value!r} for "
                "windows around the middle"
            )

        return profile(
            self.source,
            regions,
            Options(width, bins, reference, strand_aware, bounds, None, how, fill),
            sides(flank, bin_size, before, after),
            around=width is None and bins is None and (before is not None or after is not None),
        )

    def region_stats(self, regions: Regions, stats: Stats | None = None) -> pd.DataFrame:
        """Exact statistics of many regions: whole chunks from their stored summaries, only the
        edges read as bases.

        Parameters
        ----------
        regions : as for :meth:`windows`
            Of any width; they may overlap.
        stats : str or iterable of str, optional
            Of these: ``n`` (bases with a value), ``mean``, ``min``, ``max``, ``sum``, ``std`` (ddof 0),
            ``median``, ``quantile:Q`` (0 to 1, interpolated as numpy does), ``over:T`` (fraction of the
            bases of the region that are >= T), ``coverage`` (> 0). In one text they are separated by
            commas. Default: the first six.

        Returns
        -------
        DataFrame
            In the order of the regions, with the index of a DataFrame: ``chrom, start, end,
            strand``, and a column a statistic. Of nothing n and sum are 0, over and coverage too (NaN
            where there is no base), the others NaN.

        Raises
        ------
        ArgumentError, RegionError, UnknownChromosomeError, FormatError, DamagedTrackError, LayoutError

        Examples
        --------
        >>> stats = track.region_stats([("chr1", 0, 3), ("chr1", 0, 1000)])
        >>> stats["mean"].tolist(), stats["max"].tolist()
        ([2.0, 500.5], [3, 1000])
        >>> track.region_stats(["chr1:1-4"], "median,over:3")[["median", "over:3"]].values.tolist()
        [[2.5, 0.5]]
        """
        from genomearray.compute.region_statistics import region_stats

        return region_stats(self.source, regions, stats)

    @overload
    def bins(
        self,
        chrom: str | Chromosome,
        size: int,
        start: int | None = None,
        end: int | None = None,
        *,
        stats: Stats | None = None,
    ) -> xr.Dataset: ...

    @overload
    def bins(self, size: int, /, *, chroms: Chroms = None, stats: Stats | None = None) -> xr.Dataset: ...

    def bins(
        self, *where: Any, chroms: Chroms = None, stats: Stats | None = None, **named: Any
    ) -> xr.Dataset:
        """Exact statistics of consecutive bins, of a chromosome or of the genome, from stored summaries
        where they suffice.

        ``track.bins(chrom, size, start, end)`` is of a chromosome, ``track.bins(size)`` of all.

        Parameters
        ----------
        chrom : str or Chromosome
        size : int
            bp of a bin; the last one may be shorter.
        start, end : int, optional
            Offsets, 0-based, half-open. Default: the whole chromosome.
        chroms : str or iterable of str, optional
            Of the genome: these chromosomes, in its order. Default: all.
        stats : as for :meth:`region_stats`

        Returns
        -------
        Dataset, dimension ``bin``
            A variable a statistic, with the offsets ``start`` and ``end`` as coordinates, and ``chrom``.

        Raises
        ------
        ArgumentError, UnknownChromosomeError, RegionError, DamagedTrackError, LayoutError

        Examples
        --------
        >>> track.bins("chr1", 500)["mean"].values
        array([250.5, 750.5])
        >>> track.bins(500, chroms=["chr1", "chr2"], stats="max")["max"].values
        array([ 500, 1000,    7], dtype=uint16)
        """
        from genomearray.compute import region_statistics

        if not where and list(named) == ["size"]:
            where = (named.pop("size"),)
        if where and not isinstance(where[0], (str, Chromosome)):
            if len(where) > 1 or named:
                raise ArgumentError(
                    "bins of the genome have a size alone: track.bins(10_000); those of a chromosome begin "
                    "with its name: track.bins('chr1', 10_000)"
                )
            return region_statistics.table_of_bins(self.source, where[0], chroms, stats)
        if chroms is not None:
            raise ArgumentError("chroms= is for bins of the genome: track.bins(10_000, chroms=['chr1'])")
        chrom, size, start, end = _of_a_chromosome(*where, **named)
        return region_statistics.bins(self.source, one_chromosome(chrom), size, start, end, stats)

    def plot(self, region: str, bins: int = 1000, ax: Axes | None = None) -> Axes:
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


def _of_a_chromosome(
    chrom: str | Chromosome, size: int, start: int | None = None, end: int | None = None
) -> tuple[str | Chromosome, int, int | None, int | None]:
    """The arguments of :meth:`RegionMethods.bins`, by position or by name."""
    return chrom, size, start, end
