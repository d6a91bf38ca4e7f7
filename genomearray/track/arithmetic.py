"""Methods of a track that give lazy tracks: numpy's functions, masks, windows that move, other scales."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from genomearray.choices import NORMALIZATIONS, Normalization, check
from genomearray.errors import ArgumentError, ValueRangeError
from genomearray.reference.region import integer
from genomearray.reference.region_table import Regions
from genomearray.storage.read_report import reads_used
from genomearray.track.base import BaseTrack
from genomearray.track.distribution import DistributionMethods
from genomearray.track.rolling_track import RollingTrack
from genomearray.track.statistics import StatisticsMethods

# numpy's functions that a method answers.
_NUMPYS = {name: name for name in ("sum", "mean", "std", "var", "clip", "round", "quantile", "histogram")} | {
    "min": "min",
    "amin": "min",
    "max": "max",
    "amax": "max",
    "nanmin": "min",
    "nanmax": "max",
    "nansum": "sum",
    "nanmean": "mean",
    "nanstd": "std",
}


class ArithmeticMethods(np.lib.mixins.NDArrayOperatorsMixin, StatisticsMethods, DistributionMethods):
    """Tracks computed of tracks."""

    __hash__ = object.__hash__  # == gives a track

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        from genomearray.sources.elementwise import elementwise

        out = options.pop("out", (None,))
        if method != "__call__" or options or not (out[0] is None or isinstance(out[0], BaseTrack)):
            raise ValueRangeError(
                f"numpy.{ufunc.__name__}.{method} with {', '.join(options) or 'an array'} is not for "
                f"tracks; call numpy.{ufunc.__name__}"
            )
        operands = tuple(value.source if isinstance(value, BaseTrack) else value for value in inputs)
        for value in inputs:
            if not isinstance(value, (BaseTrack, bool, int, float, np.generic)):
                raise ValueRangeError(
                    "a track can be computed with numbers and tracks, not with "
                    f"{type(value).__name__}; make it a track first"
                )
        return self.derived(
            elementwise(
                ufunc,
                operands,
                tuple(value.label if isinstance(value, BaseTrack) else f"{value}" for value in inputs),
            )
        )

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        name = function.__name__
        if name in _NUMPYS and args and args[0] is self:
            # numpy.sum(track) and the like hand over their own options, which say nothing here.
            given = {
                option: value
                for option, value in options.items()
                if value is not None or option not in ("axis", "dtype", "out")
            }
            return getattr(self, _NUMPYS[name])(*args[1:], **given)
        raise ValueRangeError(
            f"numpy.{name} is not for tracks: it would read a whole genome; ask a track's own "
            "methods, or take track.values(chrom, start, end)"
        )

    def __array__(self, *_: Any, **__: Any) -> NDArray[Any]:
        raise ValueRangeError(
            "a track is not an array: it would be a whole genome in memory; take "
            "track.values(chrom, start, end)"
        )

    __iter__ = None

    def __bool__(self) -> bool:
        if self.dtype.kind == "b":
            raise ValueRangeError(
                "a comparison of tracks is a track, neither true nor false; ask for instance (a > b).max()"
            )
        return True

    def astype(self, dtype: DTypeLike) -> Self:
        """The values in another dtype, lazy; one that does not fit, or has a fraction, is an error.

        Examples
        --------
        >>> (track / 2).astype("float32").values("chr1", 0, 3)
        array([0.5, 1. , 1.5], dtype=float32)
        """
        from genomearray.sources.elementwise import Converted

        return self.derived(Converted(self.source, dtype, self.label))

    def clip(self, low: float | None = None, high: float | None = None) -> Self:
        """Values below ``low``, or above ``high``, set to it, lazy.

        Examples
        --------
        >>> track.clip(2, 3).values("chr1", 0, 4)
        array([2, 2, 3, 3], dtype=uint16)
        """
        clipped = self
        clipped = clipped if low is None else np.maximum(clipped, low)  # type: ignore[assignment]  # numpy asks the track, which gives a track
        clipped = clipped if high is None else np.minimum(clipped, high)  # type: ignore[assignment]
        return self.derived(clipped.source) if clipped is self else clipped

    def fillna(self, value: float) -> Self:
        """With a number where a value is missing (NaN), lazy.

        Examples
        --------
        >>> (track / track).fillna(0).values("chrX", 0, 2)
        array([0., 0.])
        """
        return self.where(
            self.derived((self == self).source, f"{self.label} has a value"), value
        )  # NaN differs from itself

    def round(self, decimals: int = 0) -> Self:
        """Rounded to so many decimals (half to even), lazy, float64.

        Examples
        --------
        >>> (track / 3).round(1).values("chr1", 0, 3)
        array([0.3, 0.7, 1. ])
        """
        scale = 10.0 ** integer(decimals, "decimals")
        rounded: Any = np.rint(self * scale)
        return self.derived((rounded / scale).source)

    def shift(self, by: int) -> Self:
        """The values moved by so many bp to higher positions (negative: lower), lazy; what moves in
        is missing (0, NaN, N).

        Examples
        --------
        >>> track.shift(2).values("chr1", 0, 4)
        array([0, 0, 1, 2], dtype=uint16)
        """
        from genomearray.sources.elementwise import Shifted

        return self.derived(Shifted(self.source, by, self.label))

    def mask(self, regions: Regions, other: float | None = None) -> Self:
        """Without the values inside of regions, lazy.

        Parameters
        ----------
        regions
            As for :meth:`windows`.
        other : number, optional
            What stands there. Default: missing (0 for integers, NaN for floats, N for a sequence).

        Examples
        --------
        >>> track.mask([("chr1", 1, 3)]).values("chr1", 0, 4)
        array([1, 0, 0, 4], dtype=uint16)
        """
        from genomearray.sources.elementwise import Masked

        return self.derived(Masked(self.source, regions, self.label, inside=True, other=other))

    def where(self, condition: BaseTrack | Regions, other: float | None = None) -> Self:
        """The values where a condition holds, lazy; elsewhere ``other``.

        Parameters
        ----------
        condition : Track or regions
            A comparison of tracks such as ``other_track > 3``, or regions as for :meth:`windows`.
        other : number, optional
            Default: missing (0 for integers, NaN for floats, N for a sequence).

        Examples
        --------
        >>> track.where(track > 2, other=9).values("chr1", 0, 4)
        array([9, 9, 3, 4], dtype=uint16)
        >>> track.where([("chr1", 1, 3)]).values("chr1", 0, 4)
        array([0, 2, 3, 0], dtype=uint16)
        """
        from genomearray.sources.elementwise import Masked, Where

        if isinstance(condition, BaseTrack):
            return self.derived(Where(self.source, condition.source, self.label, condition.label, other))
        return self.derived(Masked(self.source, condition, self.label, inside=False, other=other))

    def rolling(
        self, window: int, center: bool = False, min_periods: int | None = None
    ) -> RollingTrack[Self]:
        """Windows that move along each chromosome; ask ``.mean()``, ``.sum()``, ``.max()`` or
        ``.min()``, lazy.

        Parameters
        ----------
        window : int
            bp.
        center : bool
            The window of a base lies around it (of an even window one base more before it); else it
            ends there.
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

    def smooth(self, sigma: float) -> Self:
        """A Gaussian average around each base, lazy, float64.

        Parameters
        ----------
        sigma : float
            Standard deviation, bp. The Gaussian reaches 4 of them to both sides; missing bases, and
            those past the ends of the chromosome, are left out and the others weighed accordingly.

        Examples
        --------
        >>> round(float(track.smooth(5).values("chr2", 100, 101)[0]), 12)
        7.0
        """
        from genomearray.sources.rolling import Smoothed

        return self.derived(Smoothed(self.source, sigma, self.label))

    def normalize(
        self, how: Normalization, genome_size: int | None = None, *, to: float | None = None
    ) -> Self:
        """Scaled by a number of the whole track, lazy, float64.

        Parameters
        ----------
        how : {"cpm", "sum", "zscore", "1x"}
            ``cpm``: counts per million reads, that is times 1e6 / reads used; the reads are those of
            the report that the import stored with the track (of pairs: fragments). ``sum``: scaled so
            that all values add up to ``to``. ``zscore``: less the mean, divided by the standard
            deviation. ``1x``: divided by the mean depth, that is sum / ``genome_size``.
        genome_size : int, optional
            For ``1x``, effective size of the genome, bp. Default: the bases with a value.
        to : float, optional
            For ``sum``. Default: 1e6.

        Raises
        ------
        ValueRangeError
            No report of reads, or a sum that nothing can be scaled by.

        Examples
        --------
        >>> track.normalize("sum", to=1e6).sum()
        1000000.0
        """
        check("how", how, NORMALIZATIONS)
        if to is not None and how != "sum":
            raise ArgumentError(f"to={to!r} is for how='sum', and how is {how!r}")
        if how == "cpm":
            return self.derived((self * self._per_million_reads()).source)
        whole = self.stats()
        if how == "zscore":
            if not whole.std > 0:
                raise ValueRangeError(
                    f"track {self.label!r} has no deviation, so no z-score: its values are all {whole.mean}"
                )
            return self.derived(((self - whole.mean) / whole.std).source)
        size = whole.n - whole.n_nan if genome_size is None else integer(genome_size, "genome_size")
        if not (whole.sum > 0 and size > 0):
            raise ValueRangeError(
                f"track {self.label!r} has the sum {whole.sum} on {size:,} bp, and cannot be scaled by it"
            )
        scale = (1e6 if to is None else float(to)) / whole.sum if how == "sum" else size / whole.sum
        return self.derived((self * scale).source)

    def _per_million_reads(self) -> float:
        reads = reads_used(self.attributes)
        if reads is None or not reads.used:
            raise ValueRangeError(
                f"track {self.label!r} has no report of reads, so no counts per million of them; "
                "normalize('sum', to=1e6) scales the sum of its values"
            )
        return 1e6 / (reads.used * reads.scale)
