"""A feature table on disk: its columns, and the features of a region."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.errors import unknown_chromosome
from genomearray.features.rows import Features, TableFile
from genomearray.reference.assembly import Assembly, Chromosome, one_chromosome
from genomearray.reference.overlaps import Sorted, overlapping_pairs, overlapping_rows
from genomearray.reference.region import check_offsets, parse_region, positions_to_offsets, refuse_step
from genomearray.sources.features import ChromosomeFeatures
from genomearray.storage.read.feature_table import FeatureFile

_MANY = 10_000  # rows
_MANY_CHROMOSOMES = 1000


class BaseTable(Features):
    """The part of a feature table that its methods by subject build on."""

    def __init__(self, path: str | os.PathLike[str], name: str = "", file: TableFile | None = None) -> None:
        self.file: TableFile = FeatureFile(Path(path)) if file is None else file
        self.path = Path(path)
        self.name = name or self.path.stem
        self.assembly = str(self.file.attributes["assembly"])
        self.attributes = self.file.attributes
        self._placed: dict[str, ChromosomeFeatures] = {}
        self._kept: dict[str, NDArray[Any]] = {}
        total = int(self._firsts[-1] + self._counts[-1])
        super().__init__(None, slice(0, total))

    @Cached
    def chromosomes(self) -> tuple[str, ...]:
        """Names of the sequences of the assembly."""
        return tuple(self.file.column("sequence_name").tolist())

    @Cached
    def _lengths(self) -> NDArray[Any]:
        return self.file.column("sequence_length")

    @Cached
    def sizes(self) -> dict[str, int]:
        return dict(zip(self.chromosomes, self._lengths.tolist(), strict=True))

    @Cached
    def _firsts(self) -> NDArray[Any]:
        return self.file.column("first_feature")

    @Cached
    def _counts(self) -> NDArray[Any]:
        return self.file.column("n_features")

    @Cached
    def _row_of(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.chromosomes)}

    @Cached
    def frame(self) -> Assembly:
        """The assembly, in the order of the table."""
        return Assembly.in_order(self.assembly, self.sizes.items())

    def rows_of(self, column: str, first: int, last: int) -> NDArray[Any]:
        """Rows [first, last) of a column; one that is asked for as a whole is kept: it would be
        asked for again and again.
        """
        kept = self._kept.get(column)
        if kept is not None:
            return kept[first:last]
        values = self.file.column(column, first, last)
        if first == 0 and last == len(self):
            values.flags.writeable = False
            self._kept[column] = values
        elif last - first > len(self) // 2 and len(self) > _MANY:
            return self.rows_of(column, 0, len(self))[first:last]
        return values

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the sequences of the assembly."""
        return self.chromosomes

    def has(self, chrom: str) -> bool:
        """Whether the assembly has a sequence of that name."""
        return chrom in self._row_of

    def length(self, chrom: str) -> int:
        """Length of a sequence, bp."""
        if chrom not in self._row_of:
            raise unknown_chromosome(chrom, self.assembly, self.chromosomes)
        return int(self._lengths[self._row_of[chrom]])

    def __getitem__(self, region: str) -> Any:
        """Features that overlap a region text (1-based, both ends in); or, by its name, a column."""
        if region in self.file.columns or region == "chrom":
            return super().__getitem__(region)
        asked = parse_region(region, self.length, self._row_of.__contains__)
        return self.overlapping(asked.chrom, asked.start, asked.end)

    def sel(self, *, chrom: str | Chromosome, pos: Any = None) -> Features:
        """Features that overlap positions (1-based, both ends in), as ``Track.sel`` takes them.

        Parameters
        ----------
        chrom : str or Chromosome
        pos : slice, int or array of int, optional
            Of an array: the features that hold any of its positions, each of them once. Default:
            the whole chromosome.

        Returns
        -------
        Features
            Sorted by start and end.

        Raises
        ------
        UnknownChromosomeError, RegionError

        Examples
        --------
        >>> [len(table.sel(chrom="chr1", pos=pos)) for pos in (slice(1, 99), 150, [150, 160])]
        [0, 1, 1]
        """
        name = one_chromosome(chrom)
        length = self.length(name)
        if pos is None or isinstance(pos, slice):
            pos = slice(None) if pos is None else pos
            refuse_step(pos)
            return self.overlapping(name, *positions_to_offsets(name, length, pos.start, pos.stop))
        if np.ndim(pos) == 0:
            return self.overlapping(name, *positions_to_offsets(name, length, pos, pos))
        starts = np.array(
            [positions_to_offsets(name, length, one, one)[0] for one in np.ravel(pos)], np.int64
        )
        _, rows = overlapping_pairs(self._place(name).places, starts, starts + 1)
        return Features(self, self._first_of(name) + np.unique(rows))

    def overlapping(self, chrom: str, start: int, end: int) -> Features:
        """Features that share a base with the offsets [start, end); one of no base (start = end)
        counts as one base.

        Parameters
        ----------
        chrom : str
        start, end : int
            0-based, half-open, inside the chromosome.

        Returns
        -------
        Features

        Raises
        ------
        UnknownChromosomeError, RegionError
        """
        length = self.length(chrom)
        if not start == end <= length or start < 0:
            start, end = check_offsets(chrom, length, start, end)
        first = self._first_of(chrom)
        if (start, end) == (0, length):
            return Features(self, np.arange(first, first + int(self._counts[self._row_of[chrom]])))
        return Features(self, first + overlapping_rows(self._place(chrom).places, start, end))

    def _first_of(self, chrom: str) -> int:
        """Row of the first feature of a chromosome."""
        return int(self._firsts[self._row_of[chrom]])

    def _place(self, chrom: str) -> ChromosomeFeatures:
        """Columns of a chromosome that searches need; read once."""
        if chrom not in self._placed:
            start, end = (self._of_chromosome(chrom, name) for name in ("start", "end"))
            self._placed[chrom] = ChromosomeFeatures(start, end, Sorted.of(start, end, self.length(chrom)))
        return self._placed[chrom]

    def _of_chromosome(self, chrom: str, column: str) -> NDArray[Any]:
        row = self._row_of[chrom]
        first, last = int(self._firsts[row]), int(self._firsts[row] + self._counts[row])
        if self._counts.size > _MANY_CHROMOSOMES:  # a draft genome: one read for all of them
            return self.rows_of(column, 0, len(self))[first:last]
        return self.file.column(column, first, last)

    def _placed_all(self, **more: str) -> dict[str, ChromosomeFeatures]:
        """Places of all features, and more of their columns."""
        named = [name for name, n in zip(self.chromosomes, self._counts.tolist(), strict=True) if n]
        columns: Any = {
            name: {key: self._of_chromosome(name, column) for key, column in more.items()} for name in named
        }
        return {name: self._place(name)._replace(**columns[name]) for name in named}
