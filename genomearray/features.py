"""Feature tables: rows of (chrom, start, end, strand, ...), asked by region."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.errors import RegionError, unknown_chromosome
from genomearray.region import parse_region, positions_to_offsets
from genomearray.storage.feature_file import FeatureFile

if TYPE_CHECKING:
    import pandas as pd

_STRANDS = np.array([".", "+", "-"], dtype=object)  # by strand: 0, 1, -1


class Features:
    """Some rows of a feature table, or all of it, sorted by chromosome, start and end.

    Offsets (start, end) are 0-based and half-open, as in BED.

    Attributes
    ----------
    columns : list of str
        Besides ``chrom``.
    """

    def __init__(self, table: FeatureTable | None, rows: NDArray[np.int64] | slice) -> None:
        self._table = table if table is not None else self
        self._rows = rows

    def __len__(self) -> int:
        return self._rows.stop - self._rows.start if isinstance(self._rows, slice) else self._rows.size

    def __getitem__(self, column: str) -> Any:
        """Values of a column, ndarray of shape (n,)."""
        file: FeatureFile = self._table._file  # type: ignore[attr-defined]
        if isinstance(self._rows, slice):
            return file.column(column, self._rows.start, self._rows.stop)
        if not self._rows.size:
            return file.column(column, 0, 0)
        first, last = int(self._rows[0]), int(self._rows[-1]) + 1
        return file.column(column, first, last)[self._rows - first]

    def to_dataframe(self) -> pd.DataFrame:
        """The rows as a table: chrom, start, end, strand (``+``, ``-``, ``.``) and the other columns.

        Examples
        --------
        >>> table["chr1:150-160"].to_dataframe().values.tolist()
        [['chr1', 100, 247, '+', 60]]
        """
        import pandas as pd

        table: Any = self._table
        names = np.array(table.chromosomes, dtype=object)
        columns = {"chrom": names[self["chrom"]]} | {name: self[name] for name in table.columns}
        columns["strand"] = _STRANDS[columns["strand"]]
        return pd.DataFrame(columns)


class FeatureTable(Features):
    """A feature table on disk: all its rows, and those that overlap a region.

    Parameters
    ----------
    path : path-like
    name : str

    Raises
    ------
    LayoutError

    Examples
    --------
    >>> table
    <FeatureTable 'fragments': 2 features of toy>
    >>> len(table["chr1:1-99"]), len(table.sel(chrom="chr1", pos=slice(100, 101)))
    (0, 1)
    """

    def __init__(self, path: str | os.PathLike[str], name: str = "") -> None:
        self._file = FeatureFile(Path(path))
        self.path = Path(path)
        self.name = name or self.path.stem
        self.assembly = str(self._file.attributes["assembly"])
        self.attributes = self._file.attributes
        self.columns = self._file.columns
        self._ranges: dict[str, tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = {}
        total = int(self._firsts[-1] + self._counts[-1])
        super().__init__(None, slice(0, total))

    @Cached
    def chromosomes(self) -> tuple[str, ...]:
        """Names of the sequences of the assembly."""
        return tuple(self._file.column("sequence_name").tolist())

    @Cached
    def _lengths(self) -> NDArray[Any]:
        return self._file.column("sequence_length")

    @Cached
    def _firsts(self) -> NDArray[Any]:
        return self._file.column("first_feature")

    @Cached
    def _counts(self) -> NDArray[Any]:
        return self._file.column("n_features")

    @Cached
    def _row_of(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.chromosomes)}

    def _length(self, chrom: str) -> int:
        if chrom not in self._row_of:
            raise unknown_chromosome(chrom, self.assembly, self.chromosomes)
        return int(self._lengths[self._row_of[chrom]])

    def __getitem__(self, region: str) -> Any:
        """Features that overlap a region text (1-based, both ends in); or, by its name, a column."""
        if region in self.columns or region == "chrom":
            return super().__getitem__(region)
        asked = parse_region(region, self._length, self._row_of.__contains__)
        return self.overlapping(asked.chrom, asked.start, asked.end)

    def sel(self, *, chrom: str, pos: slice | None = None) -> Features:
        """Features that overlap positions (1-based, both ends in).

        Parameters
        ----------
        chrom : str
        pos : slice, optional
            Default: the whole chromosome.

        Raises
        ------
        UnknownChromosomeError, RegionError
        """
        length = self._length(str(chrom))
        if pos is None:
            return self.overlapping(str(chrom), 0, length)
        if not isinstance(pos, slice) or pos.step not in (None, 1):
            raise RegionError(f"pos is {pos!r}; give a slice of positions without a step")
        start, end = positions_to_offsets(str(chrom), length, pos.start, pos.stop)
        return self.overlapping(str(chrom), start, end)

    def overlapping(self, chrom: str, start: int, end: int) -> Features:
        """Features that share a base with the offsets [start, end).

        Parameters
        ----------
        chrom : str
        start, end : int
            0-based, half-open.

        Returns
        -------
        Features
        """
        if chrom not in self._ranges:
            self._length(chrom)
            row = self._row_of[chrom]
            first, last = int(self._firsts[row]), int(self._firsts[row] + self._counts[row])
            self._ranges[chrom] = (
                self._file.column("start", first, last),
                self._file.column("end", first, last),
                self._file.column("reach", first, last),
            )
        starts, ends, reach = self._ranges[chrom]
        # Rows before low end before the region, all of them; rows from high on begin behind it.
        low, high = int(np.searchsorted(reach, start, side="right")), int(np.searchsorted(starts, end))
        found = low + np.flatnonzero(ends[low:high] > start)
        return Features(self, found + int(self._firsts[self._row_of[chrom]]))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return FeatureTable, (self.path, self.name)

    def __repr__(self) -> str:
        return f"<FeatureTable {self.name!r}: {len(self):,} features of {self.assembly}>"
