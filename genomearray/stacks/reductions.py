"""Methods of a stack that make one track of many, base by base, or numbers along the genome."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from genomearray._typing import Chroms
from genomearray.choices import By
from genomearray.errors import ArgumentError, LayoutError
from genomearray.source import check_signal, check_together
from genomearray.sources.across import Across
from genomearray.stacks.base import BaseStack
from genomearray.stacks.combine import combine
from genomearray.track.track import Track

if TYPE_CHECKING:
    import xarray as xr

Dim: TypeAlias = Literal["track", "pos"]


class ReductionMethods(BaseStack):
    """Reductions over the tracks (a lazy track) or over the genome (numbers)."""

    def mean(
        self, dim: Dim = "track", *, by: By | None = None, chroms: Chroms = None
    ) -> Track | xr.DataArray:
        """Mean across tracks, base by base, or of each track along the genome; missing values are
        skipped.

        Parameters
        ----------
        dim : {"track", "pos"}
            ``track``: a lazy track; each block of each track is read once. ``pos``: a number a track.
        by : {"chrom"}, optional
            Along the genome: a number for each chromosome.
        chroms : str or iterable of str, optional
            Along the genome: of these chromosomes.

        Returns
        -------
        Track, or DataArray with dimensions (track[, chrom])
            Means, medians, quantiles, std, var (ddof 0) and fractions across tracks are float32; sums
            have the smallest integer type that holds every one; counts are uint32.

        Raises
        ------
        ArgumentError, AssemblyError, LayoutError, UnknownChromosomeError

        Examples
        --------
        >>> from genomearray import stack
        >>> both = stack([track, track * 2])
        >>> both.mean("track").values("chr1", 0, 3)
        array([1.5, 3. , 4.5], dtype=float32)
        >>> both.mean("pos", by="chrom").sel(track="counts", chrom="chr2").item()
        7.0
        """
        return self._reduced("mean", dim, by, chroms)

    def sum(self, dim: Dim = "track", *, by: By | None = None, chroms: Chroms = None) -> Track | xr.DataArray:
        """Sum across tracks, or along the genome; see :meth:`mean`."""
        return self._reduced("sum", dim, by, chroms)

    def min(self, dim: Dim = "track", *, by: By | None = None, chroms: Chroms = None) -> Track | xr.DataArray:
        """Least value across tracks, or along the genome; see :meth:`mean`."""
        return self._reduced("min", dim, by, chroms)

    def max(self, dim: Dim = "track", *, by: By | None = None, chroms: Chroms = None) -> Track | xr.DataArray:
        """Greatest value across tracks, or along the genome; see :meth:`mean`."""
        return self._reduced("max", dim, by, chroms)

    def std(self, dim: Dim = "track", *, by: By | None = None, chroms: Chroms = None) -> Track | xr.DataArray:
        """Standard deviation (ddof 0) across tracks, or along the genome; see :meth:`mean`."""
        return self._reduced("std", dim, by, chroms)

    def var(self, dim: Dim = "track", *, by: By | None = None, chroms: Chroms = None) -> Track | xr.DataArray:
        """Variance (ddof 0) across tracks, or along the genome; see :meth:`mean`."""
        return self._reduced("var", dim, by, chroms)

    def median(
        self, dim: Dim = "track", *, by: By | None = None, chroms: Chroms = None
    ) -> Track | xr.DataArray:
        """Median across tracks, or along the genome; see :meth:`mean`."""
        if dim == "pos":
            return self._along("quantile", by, chroms, 0.5)
        return self._across("median", 0.0, "median", dim, by, chroms)

    def quantile(
        self, q: float, dim: Dim = "track", *, by: By | None = None, chroms: Chroms = None
    ) -> Track | xr.DataArray:
        """Quantile (0 to 1, interpolated as numpy does) across tracks, or along the genome; see
        :meth:`mean`.
        """
        if not isinstance(q, (int, float, np.integer, np.floating)) or not 0 <= q <= 1:
            raise ArgumentError(f"q={q!r}: a quantile is between 0 and 1; the median is 0.5")
        if dim == "pos":
            return self._along("quantile", by, chroms, float(q))
        return self._across("quantile", float(q), f"quantile {q:g}", dim, by, chroms)

    def count(
        self,
        dim: Dim = "track",
        *,
        above: float | None = None,
        by: By | None = None,
        chroms: Chroms = None,
    ) -> Track | xr.DataArray:
        """How many tracks have a value, or one greater than ``above``, at each base (uint32); or how many
        bases of each track have a value. See :meth:`mean`.

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track, track * 2]).count("track", above=3).values("chr1", 0, 4)
        array([0, 1, 1, 2], dtype=uint32)
        """
        if dim == "pos":
            if above is not None:
                raise ArgumentError("above= counts tracks; of bases: (stack > 3).mean('pos')")
            return self._along("count", by, chroms)
        limit = -np.inf if above is None else number_of(above, "above")
        label = "count" if above is None else f"count above {above:g}"
        return self._across("count" if above is None else "above", limit, label, dim, by, chroms)

    def fraction(self, dim: Dim = "track", *, at_least: float) -> Track:
        """Which part of the tracks has a value of ``at_least`` so much at each base, float32; a missing
        one is not over.

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track, track * 2]).fraction("track", at_least=4).values("chr1", 0, 4)
        array([0. , 0.5, 0.5, 1. ], dtype=float32)
        """
        if dim != "track":
            raise ArgumentError(f"dim={dim!r}: fraction is of tracks; of bases: region_stats(stats='over:T')")
        limit = number_of(at_least, "at_least")
        made = self._across("fraction", limit, f"fraction >= {at_least:g}", dim, None, None)
        assert isinstance(made, Track)
        return made

    # -- inside ------------------------------------------------------------------------------------

    def _reduced(self, how: str, dim: str, by: By | None, chroms: Chroms) -> Track | xr.DataArray:
        if dim == "pos":
            return self._along(how, by, chroms)
        return self._across(how, 0.0, how, dim, by, chroms)

    def _across(self, how: str, number: float, label: str, dim: str, by: By | None, chroms: Chroms) -> Track:
        if dim != "track":
            raise ArgumentError(f"dim={dim!r} is not known; allowed are 'track', 'pos'")
        if by is not None or chroms is not None:
            raise ArgumentError("by= and chroms= are for numbers along the genome: dim='pos'")
        if how in ("mean", "sum", "min", "max", "median"):
            return _combined(self, how)
        sources, names = tuple(self.sources), tuple(self.names)
        for source, name in zip(sources, names, strict=True):
            check_signal(source, name, how)
        check_together(sources, names)
        return Track(Across(sources, how, number, f"{label} of {', '.join(names)}"))

    def _along(self, how: str, by: By | None, chroms: Chroms, *given: float) -> xr.DataArray:
        import pandas as pd
        import xarray as xr

        sources = self.sources
        check_signal(sources[0], self.names[0], how)
        found = [getattr(track, how)(*given, chroms=chroms, by=by) for track in self]
        coords = self.track_coords()
        if by is None:
            return xr.DataArray(np.array(found), coords, ("track",), attrs={"assembly": self.assembly})
        for name, column in zip(self.names, found, strict=True):
            if not isinstance(column, pd.Series) or not column.index.equals(found[0].index):
                raise LayoutError(f"track {name!r} has other chromosomes than {self.names[0]!r}")
        coords["chrom"] = ("chrom", np.asarray(found[0].index, dtype=object))
        values = np.array([column.to_numpy() for column in found])
        return xr.DataArray(values, coords, ("track", "chrom"), attrs={"assembly": self.assembly})


def _combined(stack: BaseStack, how: Any) -> Track:
    """Across tracks by :func:`combine`, whose sums keep to the dtype of the tracks."""
    tracks = [Track(track.source, name) for track, name in zip(stack, stack.names, strict=True)]
    stack.sources  # noqa: B018 - of one assembly and kind
    if how in ("mean", "median"):
        return combine(tracks, how, dtype="float32")
    if how != "sum":
        return combine(tracks, how)
    from genomearray.sources.combined import Combined

    sources = tuple(track.source for track in tracks)
    check_signal(sources[0], stack.names[0], how)
    check_together(sources, tuple(stack.names))
    return Track(Combined(sources, "sum", None, f"sum of {', '.join(stack.names)}"))


def number_of(value: object, name: str) -> float:
    """A number that was given as an argument, or ArgumentError."""
    if not isinstance(value, (int, float, np.integer, np.floating)) or value != value:
        raise ArgumentError(f"{name}={value!r} is not a number")
    return float(value)


REDUCTIONS = ("mean", "sum", "min", "max", "median", "std", "var")


def reduction(how: str, number: float = 0.0) -> Any:
    """A function from a stack to a lazy track, that can be pickled."""
    return partial(_reduce, how, number)


def _reduce(how: str, number: float, stack: ReductionMethods) -> Track:
    if how == "quantile":
        made = stack.quantile(number, "track")
    elif how == "above":
        made = stack.count("track", above=number)
    elif how == "fraction":
        made = stack.fraction("track", at_least=number)
    else:
        made = getattr(stack, how)("track")
    assert isinstance(made, Track)
    return made
