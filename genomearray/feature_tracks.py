"""Features as lazy tracks: where they are, how many, their scores, and how far the nearest one is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.assembly import Assembly
from genomearray.computed import OnAssembly
from genomearray.errors import ValueRangeError
from genomearray.overlaps import Sorted, furthest_rows, overlapping_rows

HOWS = ("mask", "score", "coverage")
SIGNS = ("none", "position", "strand")


class Placed(NamedTuple):
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

    def __init__(self, target: Assembly, features: dict[str, Placed], dtype: Any, text: str, limits: tuple[int, int] | None = None) -> None:
        super().__init__(target, dtype, text, limits=limits)
        self.features = features

    def _rows(self, chrom: str, start: int, end: int) -> tuple[Placed, NDArray[np.int64]] | None:
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

    def __init__(self, target: Assembly, features: dict[str, Placed], text: str, *, mask: bool) -> None:
        most = 1 if mask else max((placed.start.size for placed in features.values()), default=0)
        super().__init__(target, features, np.uint8 if mask else np.uint32, text, limits=(0, most))
        self._mask = mask

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.computed.ComputedSource`."""
        found = self._rows(chrom, start, end)
        if found is None:
            return np.zeros(end - start, self.dtype)
        placed, rows = found
        low = np.maximum(placed.start[rows], start) - start
        high = np.minimum(placed.end[rows], end) - start
        size = end - start + 1
        steps = np.bincount(low, minlength=size) - np.bincount(np.maximum(high, low), minlength=size)
        depth = np.cumsum(steps[:-1])
        return (depth > 0).astype(np.uint8) if self._mask else depth.astype(np.uint32)


class Scores(_OnFeatures):
    """The score of the feature at a base; of several that of the last one in the input. Features without a score do not count."""

    def __init__(self, target: Assembly, features: dict[str, Placed], dtype: Any, text: str, missing: float | None) -> None:
        super().__init__(target, features, dtype, text)
        self._missing = (np.nan if self.dtype.kind == "f" else 0) if missing is None else missing
        for placed in features.values():
            _check_fit(placed.score, self.dtype)

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether anything but absent bases may be there."""
        return self._missing == 0 or super().holds(chrom, start, end)

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.computed.ComputedSource`."""
        # Imported here: numba is for computing, tables are read without it.
        from genomearray.storage.paint import paint_scores

        out = np.full(end - start, self._missing, self.dtype)
        found = self._rows(chrom, start, end)
        if found is not None:
            placed, rows = found
            assert placed.score is not None
            assert placed.input_row is not None
            rows = rows[np.argsort(placed.input_row[rows], kind="stable")]
            rows = rows[~np.isnan(placed.score[rows])] if placed.score.dtype.kind == "f" else rows
            low = np.maximum(placed.start[rows], start).astype(np.int64) - start
            high = np.minimum(placed.end[rows], end).astype(np.int64) - start
            paint_scores(out, low, high, placed.score[rows].astype(self.dtype))
        return out


class Distances(_OnFeatures):
    """Bases to the nearest feature: 0 inside of one, 1 beside it; NaN on a chromosome without features.

    Signs: with "position" negative to the left of the feature; with "strand" negative upstream of it, by its strand. Of two features at
    the same distance the left one counts.
    """

    def __init__(self, target: Assembly, features: dict[str, Placed], text: str, sign: str) -> None:
        super().__init__(target, features, np.float64, text)
        self._sign = sign
        self._furthest: dict[str, NDArray[np.int64]] = {}

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.computed.ComputedSource`."""
        placed = self.features.get(chrom)
        if placed is None:
            return np.full(end - start, np.nan)
        begin, reach = placed.places.start, placed.places.reach
        n = begin.size
        pos = np.arange(start, end)
        # The last feature that starts at a base or before it: constant from one start to the next.
        low, high = np.searchsorted(begin, [start, end - 1], side="right").tolist()
        left = np.repeat(np.arange(low - 1, high), np.diff(np.concatenate([[start], begin[low:high], [end]])))
        to_left = np.where(left >= 0, np.maximum(pos - reach[np.maximum(left, 0)].astype(np.int64) + 1, 0), np.iinfo(np.int64).max)
        to_right = np.where(left + 1 < n, begin[np.minimum(left + 1, n - 1)].astype(np.int64) - pos, np.iinfo(np.int64).max)
        found = np.minimum(to_left, to_right).astype(np.float64)
        if self._sign == "none":
            return found
        from_left = to_left <= to_right
        sign = np.where(from_left, 1.0, -1.0)
        if self._sign == "strand":
            assert placed.strand is not None
            row = np.where(from_left, self._reaching(chrom, placed)[np.maximum(left, 0)], np.minimum(left + 1, n - 1))
            sign[placed.strand[row] == -1] *= -1
        return np.where(found == 0, 0.0, sign * found)

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether the chromosome has features."""
        return chrom in self.features

    def _reaching(self, chrom: str, placed: Placed) -> NDArray[np.int64]:
        """For each row the one that reaches furthest up to it."""
        if chrom not in self._furthest:
            self._furthest[chrom] = furthest_rows(placed.places)
        return self._furthest[chrom]


def _check_fit(score: NDArray[Any] | None, dtype: np.dtype[Any]) -> None:
    """ValueRangeError for scores that an integer dtype cannot hold."""
    if score is None or dtype.kind == "f":
        return
    known = score[~np.isnan(score)] if score.dtype.kind == "f" else score
    info = np.iinfo(dtype)
    bad = (known < info.min) | (known > info.max) | (known != np.floor(known))
    if bad.any():
        raise ValueRangeError(f"the score {known[int(np.argmax(bad))]} is no {dtype}; take dtype='float64', and convert what it gives")


def track_of(target: Assembly, features: dict[str, Placed], how: str, dtype: Any, missing: float | None, text: str) -> OnAssembly:
    """A source of features; see :meth:`genomearray.features.FeatureTable.as_track`."""
    if how not in HOWS:
        raise ValueRangeError(f"how={how!r} is not known; allowed are {', '.join(HOWS)}")
    if how == "score":
        return Scores(target, features, np.float32 if dtype is None else dtype, text, missing)
    return Coverage(target, features, text, mask=how == "mask")
