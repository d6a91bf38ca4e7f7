"""Tracks computed from features: where they are, their scores, how many there are, how far the
nearest one is.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import FEATURE_HOW, check
from genomearray.errors import ValueRangeError
from genomearray.reference.assembly import Assembly
from genomearray.reference.overlaps import Sorted, furthest_rows, overlapping_rows
from genomearray.sources.computed import OnAssembly
from genomearray.sources.feature_kernels import cover, fill_distances, paint_scores


class ChromosomeFeatures(NamedTuple):
    """Features of one chromosome, sorted."""

    start: NDArray[Any]
    end: NDArray[Any]  # as stored: may equal start
    places: Sorted
    # What not everybody needs is read when it is.
    strand: NDArray[Any] | None = None
    input_row: NDArray[Any] | None = None
    score: NDArray[Any] | None = None


class _OnFeatures(OnAssembly):
    """Values computed from features, by chromosome; chromosomes without any are not there."""

    def __init__(
        self,
        target: Assembly,
        features: dict[str, ChromosomeFeatures],
        dtype: Any,
        text: str,
        limits: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(target, dtype, text, limits=limits)
        self.features = features

    def _rows(self, chrom: str, start: int, end: int) -> tuple[ChromosomeFeatures, NDArray[np.int64]] | None:
        placed = self.features.get(chrom)
        if placed is None:
            return None
        rows = overlapping_rows(placed.places, start, end)
        return (placed, rows) if rows.size else None

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether a feature reaches into the offsets [start, end)."""
        return self._rows(chrom, start, end) is not None


class Coverage(_OnFeatures):
    """How many features cover a base; or, as a mask, whether one does."""

    def __init__(
        self, target: Assembly, features: dict[str, ChromosomeFeatures], text: str, *, mask: bool
    ) -> None:
        most = 1 if mask else max((placed.start.size for placed in features.values()), default=0)
        super().__init__(target, features, np.uint8 if mask else np.uint32, text, limits=(0, most))
        self._mask = mask

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.sources.computed.ComputedSource`."""
        placed_rows = self._rows(chrom, start, end)
        if placed_rows is None:
            return np.zeros(end - start, self.dtype)
        placed, rows = placed_rows
        depth = np.zeros(end - start + 1, np.uint32)
        cover(depth, placed.start[rows], placed.end[rows], start)
        return (depth[:-1] > 0).view(np.uint8) if self._mask else depth[:-1]


class Scores(_OnFeatures):
    """The score of the feature at a base; of several that of the last one in the input. Features
    without a score do not count.
    """

    def __init__(
        self,
        target: Assembly,
        features: dict[str, ChromosomeFeatures],
        dtype: Any,
        text: str,
        missing: float | None,
    ) -> None:
        super().__init__(target, features, dtype, text)
        self._missing = (np.nan if self.dtype.kind == "f" else 0) if missing is None else missing
        for placed in features.values():
            _check_fit(placed.score, self.dtype)

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether anything but missing bases may be there."""
        return self._missing == 0 or super().holds(chrom, start, end)

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.sources.computed.ComputedSource`."""
        out = np.full(end - start, self._missing, self.dtype)
        placed_rows = self._rows(chrom, start, end)
        if placed_rows is not None:
            placed, rows = placed_rows
            assert placed.score is not None
            assert placed.input_row is not None
            rows = rows[np.argsort(placed.input_row[rows], kind="stable")]
            rows = rows[~np.isnan(placed.score[rows])] if placed.score.dtype.kind == "f" else rows
            low = np.maximum(placed.start[rows], start).astype(np.int64) - start
            high = np.minimum(placed.end[rows], end).astype(np.int64) - start
            paint_scores(out, low, high, placed.score[rows].astype(self.dtype))
        return out


class Distances(_OnFeatures):
    """Bases to the nearest feature: 0 inside of one, 1 beside it; on a chromosome without features
    NaN, or the least integer.

    Signs: with "position" negative to the left of the feature; with "strand" negative upstream of
    it, by its strand. Of two features at the same distance the left one counts.
    """

    def __init__(
        self, target: Assembly, features: dict[str, ChromosomeFeatures], text: str, sign: str, dtype: Any
    ) -> None:
        super().__init__(target, features, dtype, text)
        self._sign = sign
        if self.dtype.kind not in "if" or self.dtype.itemsize < 4:
            raise ValueRangeError(
                f"distances as {self.dtype} cannot be; allowed are int32, int64, float32 and float64"
            )
        self._furthest: dict[str, NDArray[np.int64]] = {}
        self._sides: dict[str, NDArray[np.int8]] = {}
        self.missing = np.nan if self.dtype.kind == "f" else np.iinfo(self.dtype).min

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.sources.computed.ComputedSource`."""
        placed = self.features.get(chrom)
        if placed is None:
            return np.full(end - start, self.missing, self.dtype)
        out = np.empty(end - start, self.dtype)
        begin, reach = placed.places.start, placed.places.reach
        upstream = self._upstream(chrom, placed)
        row = int(np.searchsorted(begin, start, side="right"))
        fill_distances(
            out, start, row, begin, reach, self._reaching(chrom, placed), upstream, self._sign != "none"
        )
        return out

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether the chromosome has features."""
        return chrom in self.features or self.dtype.kind != "f"

    def display_attributes(self, variable: str) -> dict[str, object]:
        """Distances are in bp."""
        return {**super().display_attributes(variable), "units": "bp"}

    def _upstream(self, chrom: str, placed: ChromosomeFeatures) -> NDArray[np.int8]:
        """1 for features to the left of which bases are upstream (all of them, if strands do not
        count), else -1.
        """
        if chrom not in self._sides:
            minus = placed.strand == -1 if self._sign == "strand" else np.zeros(placed.start.size, np.bool_)
            self._sides[chrom] = np.where(minus, -1, 1).astype(np.int8)
        return self._sides[chrom]

    def _reaching(self, chrom: str, placed: ChromosomeFeatures) -> NDArray[np.int64]:
        """For each row the one that reaches furthest up to it."""
        if chrom not in self._furthest:
            self._furthest[chrom] = furthest_rows(placed.places)
        return self._furthest[chrom]


def _check_fit(score: NDArray[Any] | None, dtype: np.dtype[Any]) -> None:
    """ValueRangeError for scores that a dtype cannot hold."""
    if score is None:
        return
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            beyond = np.isfinite(score) & np.isinf(score.astype(dtype))
        if beyond.any():
            raise ValueRangeError(
                f"the score {score[int(np.argmax(beyond))]} is beyond {dtype}; take dtype='float64'"
            )
        return
    known = score[~np.isnan(score)] if score.dtype.kind == "f" else score
    info = np.iinfo(dtype)
    bad = (known < info.min) | (known > info.max) | (known != np.floor(known))
    if bad.any():
        raise ValueRangeError(
            f"the score {known[int(np.argmax(bad))]} is not a {dtype}; take dtype='float64', and "
            "convert what it gives"
        )


def track_of(
    target: Assembly,
    features: dict[str, ChromosomeFeatures],
    how: str,
    dtype: Any,
    missing: float | None,
    text: str,
) -> OnAssembly:
    """A source of features; see :meth:`genomearray.features.table.FeatureTable.as_track`."""
    check("how", how, FEATURE_HOW)
    if how == "score":
        return Scores(target, features, np.float32 if dtype is None else dtype, text, missing)
    return Coverage(target, features, text, mask=how == "mask")
