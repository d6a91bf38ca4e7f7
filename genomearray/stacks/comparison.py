"""Methods of a stack that compare its tracks: correlation, principal components."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from genomearray._typing import Chroms
from genomearray.choices import check
from genomearray.errors import ArgumentError, RegionError
from genomearray.reference.region import integer
from genomearray.reference.region_table import Regions
from genomearray.stacks.tables import TableMethods

if TYPE_CHECKING:
    import xarray as xr

Method: TypeAlias = Literal["pearson", "spearman"]
METHODS: tuple[Method, ...] = ("pearson", "spearman")


class ComparisonMethods(TableMethods):
    """How alike the tracks are."""

    def corr(
        self,
        bins: int | None = 10_000,
        *,
        regions: Regions | None = None,
        method: Method = "pearson",
        chroms: Chroms = None,
        threads: int | None = None,
        progress: bool = False,
    ) -> xr.DataArray:
        """Correlation of every pair of tracks: of their means in bins, or in regions, or of every base.

        Parameters
        ----------
        bins : int or None
            bp of a bin; None: every base.
        regions : as for :meth:`Track.windows`, optional
            Instead of bins.
        method : {"pearson", "spearman"}
            Spearman's is that of the ranks; equal values have the mean of theirs.
        chroms : str or iterable of str, optional
            Of bins and bases. Default: all.
        threads, progress
            Of every base, as for :meth:`Track.stats`.

        Returns
        -------
        DataArray, dimensions (track, other)
            Over the bins that both tracks of a pair have; NaN where one is constant. Attributes ``left_out``:
            chromosomes on which no track has a base that is neither 0 nor missing; ``n``: bins compared.

        Raises
        ------
        ArgumentError
            No bin is left.
        AssemblyError, LayoutError, RegionError, UnknownChromosomeError

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track, track * 2]).corr(bins=100).values.round(6).tolist()
        [[1.0, 1.0], [1.0, 1.0]]
        """
        import xarray as xr

        check("method", method, METHODS)
        coords = self.track_coords()
        coords["other"] = ("other", coords["track"][1])
        attrs: dict[str, Any] = {"assembly": self.assembly, "method": method}
        if bins is None and regions is None:
            if method != "pearson":
                raise ArgumentError("ranks need all values together: give bins= for method='spearman'")
            from genomearray.compute.correlation import correlation

            table = correlation(tuple(self.sources), self.names, chroms, threads, progress)
            return xr.DataArray(table.to_numpy(), coords, ("track", "other"), attrs=attrs)
        values, left_out = self._compared(bins, regions, chroms)
        matrix = np.full((len(self), len(self)), np.nan)
        for i in range(len(self)):
            for j in range(i, len(self)):
                matrix[i, j] = matrix[j, i] = _correlation(values[:, i], values[:, j], method)
        attrs |= {"left_out": left_out, "n": values.shape[0]}
        return xr.DataArray(matrix, coords, ("track", "other"), attrs=attrs)

    def pca(
        self,
        bins: int = 10_000,
        n: int = 2,
        *,
        regions: Regions | None = None,
        chroms: Chroms = None,
    ) -> xr.Dataset:
        """Principal components of the tracks, by their means in bins, or in regions.

        Parameters
        ----------
        bins : int
            bp of a bin.
        n : int
            Components.
        regions : as for :meth:`Track.windows`, optional
            Instead of bins.
        chroms : str or iterable of str, optional

        Returns
        -------
        Dataset
            ``scores`` (track, component) and ``explained`` (component), the fraction of the variance. Bins
            that all tracks have; each is centred, not scaled. The largest score of a component is positive.

        Raises
        ------
        ArgumentError
            No bin is left, or there are fewer tracks than components.
        AssemblyError, LayoutError, RegionError, UnknownChromosomeError

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track, track * 2, track * 4]).pca(bins=100)["explained"].values.round(6).tolist()
        [1.0, 0.0]
        """
        import xarray as xr

        components = integer(n, "number of components")
        if not 1 <= components <= len(self):
            raise ArgumentError(
                f"n={components}: of {len(self)} tracks there are 1 to {len(self)} components"
            )
        values, left_out = self._compared(bins, regions, chroms)
        values = values[~np.isnan(values).any(axis=1)]
        if not values.shape[0]:
            raise ArgumentError("no bin is left in which all tracks have a value")
        scores, explained = _components(values.T, components)
        coords = {**self.track_coords(), "component": ("component", np.arange(1, components + 1))}
        variables = {"scores": (("track", "component"), scores), "explained": ("component", explained)}
        attrs = {"assembly": self.assembly, "left_out": left_out, "n": values.shape[0]}
        return xr.Dataset(variables, coords, attrs)

    def _compared(
        self, bins: int | None, regions: Regions | None, chroms: Chroms
    ) -> tuple[NDArray[np.float64], list[str]]:
        """Means, shape (bins, tracks), without chromosomes that hold nothing, and which those are."""
        if regions is not None:
            if chroms is not None:
                raise RegionError("give regions or chromosomes, not both")
            table = self.region_stats(regions, "mean,min,max")
        else:
            table = self.bins(integer(bins, "size of a bin"), chroms=chroms, stats="mean,min,max")
        chrom = table["chrom"].values
        low, high = (table[name].values.astype(np.float64) for name in ("min", "max"))
        with np.errstate(invalid="ignore"):
            has_data = ((low < 0) | (high > 0)).any(axis=1)
        names = list(dict.fromkeys(chrom.tolist()))
        with_data = set(chrom[has_data].tolist())
        left_out = [name for name in names if name not in with_data]
        kept = np.isin(chrom, list(with_data))
        values = table["mean"].values[kept].astype(np.float64)
        if not (~np.isnan(values)).any():
            raise ArgumentError(
                "no bin is left to compare: no track has a base that is neither 0 nor missing"
            )
        return values, left_out


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64], method: str) -> float:
    """Of the places where both have a value; NaN where one is constant."""
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    if x.size < 2:
        return float("nan")
    if method == "spearman":
        x, y = _ranks(x), _ranks(y)
    if (x == x[0]).all() or (y == y[0]).all():
        return float("nan")
    with np.errstate(invalid="ignore"):  # infinite means
        dx, dy = x - x.mean(), y - y.mean()
        r = (dx * dy).sum() / np.sqrt((dx * dx).sum() * (dy * dy).sum())
    return float(np.clip(r, -1, 1))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 1; equal values have the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2)[which], dtype=np.float64)


def _components(rows: NDArray[np.float64], n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of the rows, and which part of the variance each component explains.

    From the products of the rows, of which there are few: bins may be many.
    """
    centred = rows - rows.mean(axis=0)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    order = np.argsort(values)[::-1][:n]
    lengths = np.sqrt(np.clip(values[order], 0, None))
    scores = vectors[:, order] * lengths
    signs = np.sign(scores[np.abs(scores).argmax(axis=0), np.arange(n)])
    total = np.clip(values, 0, None).sum()
    explained = lengths**2 / total if total > 0 else np.full(n, np.nan)
    return scores * np.where(signs == 0, 1, signs), explained
