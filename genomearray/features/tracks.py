"""A feature table as lazy tracks."""

from __future__ import annotations

from typing import Any

import numpy as np

from genomearray.choices import DISTANCE_SIGNS, DistanceSign, FeatureHow, check
from genomearray.errors import ValueRangeError
from genomearray.features.base import BaseTable
from genomearray.sources.features import Distances, track_of
from genomearray.track.track import Track


class TrackMethods(BaseTable):
    """Tracks made of features."""

    def as_track(
        self,
        how: FeatureHow = "mask",
        *,
        column: str = "score",
        dtype: Any = None,
        missing: float | None = None,
    ) -> Track:
        """The features as a lazy track; ``db.save_track(name, track)`` keeps it.

        Parameters
        ----------
        how : {"mask", "score", "coverage"}
            1 where there is a feature (uint8); the score of the feature, where several overlap that
            of the last one in the input (float32; NaN where there is none); the number of features
            (uint32).
        column : str
            Which column is the score.
        dtype : dtype, optional
            Of scores. A column of whole numbers beyond 2**24 needs float64 to be exact.
        missing : number, optional
            What a base without a score holds. Default: NaN, or 0 in an integer dtype.

        Returns
        -------
        Track

        Raises
        ------
        ValueRangeError

        Examples
        --------
        >>> table.as_track("coverage").values("chr1", 98, 103)
        array([0, 0, 1, 1, 1], dtype=uint32)
        >>> table.as_track("score").values("chr1", 98, 103)
        array([nan, nan, 60., 60., 60.], dtype=float32)
        """
        score = column if how == "score" else None
        if score is not None and (score not in self.file.columns or self.dtype(score).kind not in "iuf"):
            numbers = [name for name in self.columns if self.dtype(name).kind in "iuf"]
            raise ValueRangeError(
                f"table {self.name!r} has no column {score!r} of numbers; it has {', '.join(numbers)}"
            )
        text = f"{how} of {self.name}" if score is None else f"{score} of {self.name}"
        more = {} if score is None else {"score": score, "input_row": "input_row"}
        return Track(track_of(self.frame, self._placed_all(**more), how, dtype, missing, text), text)

    def overlapped_bases(self) -> int:
        """Bases of features under later ones: all their lengths, without the bases that one or more
        of them cover.

        Examples
        --------
        >>> table.overlapped_bases()
        0
        """
        bases = 0
        for placed in self._placed_all().values():
            before = np.append(placed.start[:1], np.maximum.accumulate(placed.end)[:-1]).astype(np.int64)
            covered = np.maximum(placed.end - np.maximum(placed.start, before), 0)
            bases += int((placed.end - placed.start).sum()) - int(covered.sum())
        return bases

    def distances(self, sign: DistanceSign = "none", dtype: Any = "float64") -> Track:
        """Bases from each base to the nearest feature, as a lazy track: 0 inside of one, 1 beside
        it; missing on a chromosome without any.

        Parameters
        ----------
        sign : {"none", "position", "strand"}
            Not signed; negative to the left of the feature; or negative upstream of it, by its
            strand. Of two features at the same distance the left one counts.
        dtype : {"float64", "float32", "int32", "int64"}
            Floats hold NaN for missing; float32 is exact up to 16,777,216 bp. Integers hold their
            least value there, -2,147,483,648 in int32, as in the old library.

        Returns
        -------
        Track

        Raises
        ------
        ValueRangeError

        Examples
        --------
        >>> table.distances("position").values("chr1", 98, 101)
        array([-2., -1.,  0.])
        """
        check("sign", sign, DISTANCE_SIGNS)
        text = f"distance to {self.name}"
        more = {"strand": "strand"} if sign == "strand" else {}
        return Track(Distances(self.frame, self._placed_all(**more), text, sign, dtype), text)
