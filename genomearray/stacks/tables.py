"""Methods of a stack about many regions: windows, tables of statistics, profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from genomearray._typing import Chroms
from genomearray.choices import Bounds, Encoding, Reference
from genomearray.errors import ArgumentError, RegionError
from genomearray.reference.intervals import Intervals
from genomearray.reference.region_table import Regions, read_regions
from genomearray.source import Source, check_signal
from genomearray.stacks.base import BaseStack

if TYPE_CHECKING:
    import xarray as xr

    from genomearray.compute.stat_names import Stat, Stats

Columns: TypeAlias = dict[str, NDArray[Any]]


class TableMethods(BaseStack):
    """Answers about many regions of all tracks."""

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
        """Values of many regions, dimensions (track, window, offset); see :meth:`Track.windows`.

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track, track]).windows(["chr1:1-4", "chr2:1-4"]).shape
        (2, 2, 4)
        """
        from genomearray.compute import windows as w

        sources = self.sources
        values, table = w.windows(
            sources, regions, w.Options(width, bins, reference, strand_aware, bounds, encoding, how, fill)
        )
        dims = ("track", "window", "offset", "base") if encoding else ("track", "window", "offset")
        attrs = {"assembly": self.assembly, "kind": sources[0].kind}
        return w.labelled_windows(values, table, dims, attrs, None).assign_coords(self.track_coords())

    def region_stats(self, regions: Regions, stats: Stats | None = None) -> xr.Dataset:
        """Exact statistics of many regions of all tracks.

        Parameters
        ----------
        regions : as for :meth:`Track.windows`
            Of any width; they may overlap.
        stats : as for :meth:`Track.region_stats`

        Returns
        -------
        Dataset, dimensions (region, track)
            A variable a statistic, in the order of the regions, with ``chrom``, ``start``, ``end``
            (offsets), ``strand`` and, where the regions have them, ``name`` along ``region``, and the
            columns of the sheet along ``track``. The numbers are those of :meth:`Track.region_stats`.

        Raises
        ------
        ArgumentError, AssemblyError, FormatError, LayoutError, RegionError, UnknownChromosomeError

        Examples
        --------
        >>> from genomearray import stack
        >>> both = stack([track, track * 2])
        >>> both.region_stats([("chr1", 0, 3), ("chr2", 0, 9)], "mean,max")["mean"].values
        array([[ 2.,  4.],
               [ 7., 14.]])
        """
        return self._dataset("region", *self.region_columns(regions, stats))

    def region_columns(self, regions: Regions, stats: Stats | None = None) -> tuple[Columns, Columns]:
        """What :meth:`region_stats` is made of: columns of regions, and of each statistic (region, track)."""
        from genomearray.compute.region_statistics import interval_columns
        from genomearray.compute.stat_names import stats_of

        wanted = stats_of(stats)
        sources = self.signals("mean")
        table = read_regions(regions, sources[0]).inside(sources[0])
        where = interval_columns(table.intervals)
        where["strand"] = table.strand_text.astype(object)
        label = table.label if table.label is not None else _own_names(regions, len(table))
        if label is not None:
            where["name"] = np.asarray(label, dtype=object)
        return where, _statistics(sources, table.intervals, wanted)

    def bins(self, size: int, *, chroms: Chroms = None, stats: Stats | None = None) -> xr.Dataset:
        """Exact statistics of consecutive bins of the genome, of all tracks.

        Parameters
        ----------
        size : int
            bp of a bin; the last one of each chromosome may be shorter.
        chroms : str or iterable of str, optional
            Default: all chromosomes.
        stats : as for :meth:`Track.region_stats`

        Returns
        -------
        Dataset, dimensions (bin, track)
            A variable a statistic, with ``chrom``, ``start`` and ``end`` (offsets) along ``bin``.

        Raises
        ------
        ArgumentError, AssemblyError, LayoutError, RegionError, UnknownChromosomeError

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track]).bins(500, chroms="chr1", stats="max")["max"].values.tolist()
        [[500], [1000]]
        """
        return self._dataset("bin", *self.bin_columns(size, chroms, stats))

    def bin_columns(
        self, size: int, chroms: Chroms = None, stats: Stats | None = None
    ) -> tuple[Columns, Columns]:
        """What :meth:`bins` is made of: columns of bins, and of each statistic (bin, track)."""
        from genomearray.compute.region_statistics import genome_bins, interval_columns
        from genomearray.compute.stat_names import stats_of

        wanted = stats_of(stats)
        sources = self.signals("mean")
        intervals = genome_bins(sources[0], size, chroms)
        return interval_columns(intervals), _statistics(sources, intervals, wanted)

    def profile(
        self,
        regions: Regions | Mapping[str, Regions],
        *,
        width: int | None = None,
        bins: int | None = None,
        flank: int = 0,
        bin_size: int = 1,
        before: int | None = None,
        after: int | None = None,
        whole_bases: bool = False,
        strand_aware: bool = True,
        bounds: Bounds = "pad",
        how: str = "mean",
        reference: Reference = "middle",
        fill: float | None = None,
    ) -> xr.Dataset:
        """Matrices of scaled regions, or of windows around a point of them, of all tracks, in groups.

        Parameters
        ----------
        regions : as for :meth:`Track.windows`, or a dict of them by the name of a group
        width, bins, flank, bin_size, before, after, strand_aware, bounds, how, reference, fill
            As for :meth:`Track.profile`.
        whole_bases : bool
            Bins of scaled regions end between bases, as those of deepTools: the last base before a border
            is not shared. Default: a base at a border counts in both bins, by its parts.

        Returns
        -------
        Dataset
            ``matrix`` (track, window, offset), and ``mean``, ``std`` and ``n`` over the windows of each
            group, (track, set, offset), whose names are those of ``set``. Along ``window`` are ``chrom``,
            ``start``, ``end``, ``strand`` and ``group``; along ``offset`` what :meth:`Track.profile` has.

        Raises
        ------
        ArgumentError
            A group without a region.
        RegionError, UnknownChromosomeError, FormatError, AssemblyError, LayoutError

        Examples
        --------
        >>> from genomearray import stack
        >>> groups = {"up": ["chr1:101-200"], "down": ["chr1:301-500(-)"]}
        >>> result = stack([track, track * 2]).profile(groups, bins=2)
        >>> result["matrix"].sel(track="counts").values
        array([[125.5, 175.5],
               [450.5, 350.5]])
        >>> result["group"].values.tolist()
        ['up', 'down']
        """
        import xarray as xr

        from genomearray.compute.profiles import profile, sides
        from genomearray.compute.windows import Options

        groups = _groups(regions)
        self.signals("mean")
        beside = sides(flank, bin_size, before, after)
        options = Options(
            width,
            bins,
            reference,
            strand_aware,
            bounds,
            None,
            how,
            fill,
            whole_bases=(beside.before, beside.after) if whole_bases else None,
        )
        around = width is None and bins is None and (before is not None or after is not None)
        parts = []
        for name, some in groups.items():
            of_tracks = [profile(source, some, options, beside, around=around) for source in self.sources]
            part = xr.concat(of_tracks, "track", coords="minimal", compat="override", join="override")
            if not part.sizes["window"]:
                raise ArgumentError(f"group {name!r} has no region; leave it out")
            group = np.full(part.sizes["window"], name, dtype=object)
            own = _own_names(some, group.size)
            part = part.assign_coords(group=("window", group))
            if own is not None:
                part = part.assign_coords(name=("window", own.astype(object)))
            parts.append(part)
        named = _joined(parts, list(groups)).assign_coords(self.track_coords())
        return named.assign_attrs(parts[0].attrs)

    # -- inside ------------------------------------------------------------------------------------

    def signals(self, what: str) -> list[Source]:
        """The sources of all tracks, which are signals; LayoutError."""
        sources = self.sources
        for source, name in zip(sources, self.names, strict=True):
            check_signal(source, f"track {name!r}", what)
        return sources

    def _dataset(self, dim: str, where: Columns, columns: Columns) -> xr.Dataset:
        import xarray as xr

        coords: dict[str, Any] = {name: (dim, values) for name, values in where.items()}
        variables = {name: ((dim, "track"), values) for name, values in columns.items()}
        return xr.Dataset(variables, coords | self.track_coords(), {"assembly": self.assembly})


def _statistics(sources: list[Source], intervals: Intervals, wanted: list[Stat]) -> Columns:
    """Statistics of intervals, (interval, track) each."""
    from genomearray.compute.region_statistics import asked_statistics
    from genomearray.compute.windows import same_lengths

    same_lengths(intervals.names, sources)
    columns: dict[str, list[NDArray[Any]]] = {stat.text: [] for stat in wanted}
    for source in sources:
        for name, values in asked_statistics(source, intervals, wanted).items():
            columns[name].append(values)
    return {name: np.stack(values, axis=1) for name, values in columns.items()}


def _joined(parts: list[xr.Dataset], groups: list[str]) -> xr.Dataset:
    """Matrices of groups, one after the other along ``window``, and what sums each up along ``set``."""
    import xarray as xr

    def along(dim: str, some: list[xr.Dataset]) -> xr.Dataset:
        return xr.concat(some, dim, coords="minimal", compat="override", join="override")

    by_window = along("window", [part[["matrix"]] for part in parts])
    by_group = along("set", [part[["mean", "std", "n"]] for part in parts])
    merged = xr.merge(
        [by_window, by_group.transpose("track", "set", "offset")], compat="override", join="override"
    )
    return merged.assign_coords(set=("set", np.array(groups, dtype=object)))


def _own_names(regions: Any, n: int) -> Any:
    """The column ``name`` of a table of regions; None where it has none."""
    if "name" not in getattr(regions, "columns", ()):
        return None
    names = np.asarray(regions["name"])
    return names if names.shape == (n,) else None


def _groups(regions: Any) -> dict[str, Any]:
    """Regions by the name of their group."""
    is_table = isinstance(regions, Mapping) and {"chrom", "start", "end"} <= set(regions)
    if not isinstance(regions, Mapping) or is_table:
        return {"regions": regions}
    if not regions:
        raise RegionError("there is no group of regions; give at least one")
    return {str(name): some for name, some in regions.items()}
