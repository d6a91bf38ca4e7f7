"""Features of tables as those of a bigBed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from genomearray.errors import FormatError, RegionError, UnknownChromosomeError
from genomearray.reference.assembly import Assembly

from ..text.bed_formats import STANDARD
from .bbi_writer import Columns
from .bed_rows import columns, further
from .bigbed_file import FeaturesOf, described, kind_of

if TYPE_CHECKING:
    import pandas as pd

_MISSING = "nan"  # of a number; ``.`` would make the column a text


class BigBedRows:
    """Features, sorted as a bigBed has them.

    Parameters
    ----------
    frame : DataFrame
        With ``chrom, start, end`` (offsets, 0-based, half-open).
    width : int
        How many of the first six columns of BED are written.
    assembly : Assembly
        Of the features.
    title : str
        What they are.

    Attributes
    ----------
    chromosomes : list of (str, int)
        Names and lengths (bp), by the bytes of the names.
    changed : int
        Features whose blocks had to be changed to be BED12.
    unscored : int
        Missing scores that became 0: a score of BED is a whole number.
    """

    def __init__(self, frame: pd.DataFrame, width: int, assembly: Assembly, title: str) -> None:
        self.chromosomes = sorted(
            ((chrom.name, chrom.length) for chrom in assembly), key=lambda pair: pair[0].encode()
        )
        self._frame, self._width, self._title = _plain_columns(frame), width, title
        self.changed = self.unscored = 0
        if "score" in frame:
            self._whole_scores()
        too_long = next((name for name, length in self.chromosomes if length >= 1 << 32), None)
        if too_long is not None:
            raise FormatError(
                f"{too_long!r} has {assembly[too_long].length:,} bp, and a bigBed has 32 bits for it"
            )
        self._number = {name: k for k, (name, _) in enumerate(self.chromosomes)}
        self._check(assembly)

    def _check(self, assembly: Assembly) -> None:
        frame = self._frame
        unknown = set(frame["chrom"].unique()) - set(self._number)
        if unknown:
            raise UnknownChromosomeError(
                f"chromosome {min(map(str, unknown))!r} is not in assembly {assembly.name!r}"
            )
        start, end = frame["start"].to_numpy(), frame["end"].to_numpy()
        length = frame["chrom"].map({chrom.name: chrom.length for chrom in assembly}).to_numpy(np.int64)
        wrong = np.flatnonzero((start < 0) | (start > end) | (end > length))
        if wrong.size:
            k = int(wrong[0])
            raise RegionError(
                f"row {k + 1}: [{start[k]}, {end[k]}) of {frame['chrom'].iloc[k]!r} is no part of it: "
                f"0 <= start <= end <= {length[k]:,} is allowed"
            )

    def _whole_scores(self) -> None:
        """Scores as whole numbers, where those that are there are; programs read no others."""
        scores = self._frame["score"]
        if scores.dtype.kind != "f":
            return
        there = scores[scores.notna()]
        if (there == there.round()).all() and (there.abs() < 1 << 53).all():
            self.unscored = len(scores) - len(there)
            self._frame = self._frame.assign(score=scores.fillna(0).astype(np.int64))

    def described(self) -> Columns:
        """Names and types of the columns."""
        frame, extra = self._frame, further(self._frame)
        names = [*STANDARD[: self._width], *extra]
        known = {str(name) for name in frame.columns}
        kinds = [
            kind_of(frame[name].to_numpy()) if name in known else "uint" if name == "score" else "string"
            for name in names[3:]
        ]
        return described(self._title, names, kinds)

    def features(self) -> Iterator[FeaturesOf]:
        """Chromosome by chromosome, in the order of their numbers."""
        parts = {str(name): part for name, part in self._frame.groupby("chrom", observed=True, sort=False)}
        for name in sorted(parts, key=str.encode):
            rows = parts[name].sort_values(["start", "end"], kind="stable")
            texts, changed = columns(rows, self._width)
            self.changed += changed
            rests = list(map("\t".join, zip(*self._numbers(rows, texts[3:]), strict=True)))
            yield FeaturesOf(
                self._number[name],
                rows["start"].to_numpy(np.int64),
                rows["end"].to_numpy(np.int64),
                [rest.encode() for rest in rests] if rests else [b""] * len(rows),
            )

    def _numbers(self, rows: pd.DataFrame, texts: list[list[str]]) -> list[list[str]]:
        """The columns, with missing numbers as numbers."""
        names = [*STANDARD[3 : self._width], *further(self._frame)]
        return [
            [_MISSING if text == "." else text for text in column]
            if name in rows and rows[name].dtype.kind == "f"
            else column
            for name, column in zip(names, texts, strict=True)
        ]


def _plain_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns of pandas' nullable numbers as those of numpy, with NaN where one is missing."""
    plain = {}
    for name in frame.columns:
        dtype = getattr(frame[name].dtype, "numpy_dtype", None)
        if dtype is not None and dtype.kind in "iuf":
            plain[name] = frame[name].astype(np.float64 if frame[name].isna().any() else dtype)
    return frame.assign(**plain) if plain else frame
