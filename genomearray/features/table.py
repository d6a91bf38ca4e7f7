"""Feature tables on disk: all rows, those of a region, and answers about other regions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.errors import LayoutError, RegionError, ValueRangeError, unknown_chromosome
from genomearray.executor import workers
from genomearray.features.rows import Features, TableFile
from genomearray.reference.assembly import Assembly
from genomearray.reference.intervals import ranges
from genomearray.reference.overlaps import Sorted, nearest_rows, overlap_counts, overlapping_pairs, overlapping_rows
from genomearray.reference.region import parse_region, positions_to_offsets
from genomearray.reference.region_table import RegionTable, read_regions
from genomearray.sources.features import SIGNS, ChromosomeFeatures, Distances, track_of
from genomearray.storage.feature_layout import INDEX, SEQUENCE_TABLE
from genomearray.storage.read.feature_table import FeatureFile
from genomearray.track.track import Track

if TYPE_CHECKING:
    import pandas as pd


_MANY = 10_000  # rows


class _Here(NamedTuple):
    """Regions of one chromosome (rows of their table, offsets), and the features there (rows of the feature table, places)."""

    regions: NDArray[np.int64]
    features: NDArray[np.int64]
    places: Sorted
    start: NDArray[np.int64]
    end: NDArray[np.int64]


class FeatureTable(Features):
    """A feature table on disk: all its rows, those that overlap a region, and answers about other regions.

    Parameters
    ----------
    path : path-like
    name : str
    file : TableFile, optional
        Columns that are open already, of another kind of file.

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

    def __init__(self, path: str | os.PathLike[str], name: str = "", file: TableFile | None = None) -> None:
        self._file: TableFile = FeatureFile(Path(path)) if file is None else file
        self.path = Path(path)
        self.name = name or self.path.stem
        self.assembly = str(self._file.attributes["assembly"])
        self.attributes = self._file.attributes
        self._placed: dict[str, ChromosomeFeatures] = {}
        self._kept: dict[str, NDArray[Any]] = {}
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
    def _sizes(self) -> dict[str, int]:
        return dict(zip(self.chromosomes, self._lengths.tolist(), strict=True))

    @Cached
    def _firsts(self) -> NDArray[Any]:
        return self._file.column("first_feature")

    @Cached
    def _counts(self) -> NDArray[Any]:
        return self._file.column("n_features")

    @Cached
    def _row_of(self) -> dict[str, int]:
        return {name: k for k, name in enumerate(self.chromosomes)}

    @Cached
    def _frame(self) -> Assembly:
        """The assembly, in the order of the table."""
        return Assembly.in_order(self.assembly, self._sizes.items())

    def _rows_of(self, column: str, first: int, last: int) -> NDArray[Any]:
        """Rows [first, last) of a column; one that is asked for as a whole is kept: it would be asked for again and again."""
        kept = self._kept.get(column)
        if kept is not None:
            return kept[first:last]
        values = self._file.column(column, first, last)
        if first == 0 and last == len(self):
            values.flags.writeable = False
            self._kept[column] = values
        elif last - first > len(self) // 2 and len(self) > _MANY:
            return self._rows_of(column, 0, len(self))[first:last]
        return values

    # -- what tables of regions are read against -------------------------------------------------

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

    # -- by region -------------------------------------------------------------------------------

    def __getitem__(self, region: str) -> Any:
        """Features that overlap a region text (1-based, both ends in); or, by its name, a column."""
        if region in self._file.columns or region == "chrom":
            return super().__getitem__(region)
        asked = parse_region(region, self.length, self._row_of.__contains__)
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
        length = self.length(str(chrom))
        if pos is None:
            return self.overlapping(str(chrom), 0, length)
        if not isinstance(pos, slice) or pos.step not in (None, 1):
            raise RegionError(f"pos is {pos!r}; give a slice of positions without a step")
        start, end = positions_to_offsets(str(chrom), length, pos.start, pos.stop)
        return self.overlapping(str(chrom), start, end)

    def overlapping(self, chrom: str, start: int, end: int) -> Features:
        """Features that share a base with the offsets [start, end); one of no base (start = end) counts as one base.

        Parameters
        ----------
        chrom : str
        start, end : int
            0-based, half-open.

        Returns
        -------
        Features
        """
        length = self.length(chrom)
        first, n = (int(column[self._row_of[chrom]]) for column in (self._firsts, self._counts))
        if start <= 0 and end >= length:
            return Features(self, np.arange(first, first + n))
        return Features(self, first + overlapping_rows(self._place(chrom).places, start, end))

    def _place(self, chrom: str) -> ChromosomeFeatures:
        """Columns of a chromosome that searches need; read once."""
        if chrom not in self._placed:
            start, end = (self._of_chromosome(chrom, name) for name in ("start", "end"))
            self._placed[chrom] = ChromosomeFeatures(start, end, Sorted.of(start, end))
        return self._placed[chrom]

    def _of_chromosome(self, chrom: str, column: str) -> NDArray[Any]:
        row = self._row_of[chrom]
        return self._file.column(column, int(self._firsts[row]), int(self._firsts[row] + self._counts[row]))

    def _placed_all(self, **more: str) -> dict[str, ChromosomeFeatures]:
        """Places of all features, and more of their columns."""
        named = [name for name, n in zip(self.chromosomes, self._counts.tolist(), strict=True) if n]
        columns: Any = {name: {key: self._of_chromosome(name, column) for key, column in more.items()} for name in named}
        return {name: self._place(name)._replace(**columns[name]) for name in named}

    # -- by other tables -------------------------------------------------------------------------

    def overlap(self, regions: Any, *, strand: str | None = None) -> pd.DataFrame:
        """All pairs of a region and a feature that share a base, as bioframe's ``overlap``.

        Parameters
        ----------
        regions : DataFrame, table, path, list or str
            As for :meth:`Track.windows`; a DataFrame has ``chrom, start, end`` (offsets, 0-based, half-open).
        strand : {"same", "opposite"}, optional
            Only features on that strand, seen from the region, whose strand must be known.

        Returns
        -------
        DataFrame
            ``region`` (row of the regions, from 0), then the columns of :meth:`to_dataframe`; sorted by region, then as the table.

        Raises
        ------
        RegionError, UnknownChromosomeError, FormatError, ValueRangeError

        Examples
        --------
        >>> table.overlap([("chr1", 0, 550), ("chr1", 10, 20)])[["region", "start", "end"]].values.tolist()
        [[0, 100, 247], [0, 500, 648]]
        """
        region, row = self.overlap_rows(regions, strand=strand)
        return self._with_regions(region, row)

    def overlap_rows(self, regions: Any, *, strand: str | None = None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As :meth:`overlap`, without the columns: rows of the regions, and rows of the table; two ndarray of shape (pairs,).

        Examples
        --------
        >>> table.overlap_rows([("chr1", 0, 550), ("chr1", 10, 20)])
        (array([0, 0]), array([0, 1]))
        """
        table = self._regions(regions, strand)
        counts = np.zeros(len(table), np.int64)
        found = []
        with ThreadPoolExecutor(workers()) as pool:  # sorting and searching are done without the GIL
            asked = list(self._by_chromosome(table, strand))
            for here, (n, row) in zip(asked, pool.map(_pairs, asked), strict=True):
                counts[here.regions] = n
                found.append((here.regions, here.features[row]))
        place = np.cumsum(counts) - counts
        out = np.empty(int(counts.sum()), np.int64)
        for rows, row in found:
            out[ranges(place[rows], place[rows] + counts[rows])] = row
        return np.repeat(np.arange(len(table)), counts), out

    def counts(self, regions: Any, *, strand: str | None = None) -> NDArray[np.int64]:
        """How many features share a base with each region, ndarray of shape (regions,).

        Parameters
        ----------
        regions, strand
            As for :meth:`overlap`.

        Examples
        --------
        >>> table.counts([("chr1", 0, 550), ("chr1", 10, 20), ("chr1", 200, 600)])
        array([2, 0, 2])
        """
        table = self._regions(regions, strand)
        out = np.zeros(len(table), np.int64)
        for here in self._by_chromosome(table, strand):
            out[here.regions] = overlap_counts(here.places, here.start, here.end)
        return out

    def nearest(self, regions: Any, *, strand: str | None = None) -> pd.DataFrame:
        """The nearest feature of each region; of several the first one of the table.

        Parameters
        ----------
        regions, strand
            As for :meth:`overlap`.

        Returns
        -------
        DataFrame
            ``region`` (row of the regions), ``distance`` (bases between the two: 0 for those that overlap or touch, as in bioframe),
            then the columns of the feature. A region on a chromosome without such features has no row.

        Raises
        ------
        RegionError, UnknownChromosomeError, ValueRangeError

        Examples
        --------
        >>> table.nearest([("chr1", 300, 310), ("chr2", 5, 6)])[["region", "distance", "start"]].values.tolist()
        [[0, 53, 100]]
        """
        table = self._regions(regions, strand)
        row, distance = np.full(len(table), -1), np.zeros(len(table), np.int64)
        for here in self._by_chromosome(table, strand):
            found = nearest_rows(here.places, here.start, here.end)
            row[here.regions], distance[here.regions] = here.features[found.row], found.distance
        there = np.flatnonzero(row >= 0)
        told = self._with_regions(there, row[there])
        told.insert(1, "distance", distance[there])
        return told

    def _regions(self, regions: Any, strand: str | None) -> RegionTable:
        if strand not in (None, "same", "opposite"):
            raise ValueRangeError(f"strand={strand!r} is not known; allowed are 'same', 'opposite' and None")
        frame: Any = self
        table = read_regions(regions, frame)
        if strand is not None and (table.strand == 0).any():
            raise RegionError(f"{table.where(int(np.argmax(table.strand == 0)))} of the regions has no strand, which strand={strand!r} needs")
        backwards = table.start > table.end
        if backwards.any():
            k = int(np.argmax(backwards))
            raise RegionError(f"{table.where(k)}: start {table.start[k]} is after end {table.end[k]}")
        return table

    def _by_chromosome(self, table: RegionTable, strand: str | None) -> Iterator[_Here]:
        """Regions and the features that they may meet: those of a chromosome, and with ``strand`` of a strand."""
        for side in (None,) if strand is None else (1, -1):
            wanted = np.arange(len(table)) if side is None else np.flatnonzero(table.strand == side)
            code = table.code[wanted]
            # Numbers of 16 bits are sorted by counting them.
            order = wanted[np.argsort(code.astype(np.int16) if len(table.names) < 1 << 15 else code, kind="stable")]
            borders = np.searchsorted(table.code[order], np.arange(len(table.names) + 1)).tolist()
            for name, low, high in zip(table.names, borders[:-1], borders[1:], strict=True):
                k, rows = self._row_of[name], order[low:high]
                if not rows.size or not self._counts[k]:
                    continue
                placed, features = self._place(name), np.arange(self._firsts[k], self._firsts[k] + self._counts[k])
                places = placed.places
                if side is not None:
                    kept = np.flatnonzero(self._of_chromosome(name, "strand") == (side if strand == "same" else -side))
                    places, features = Sorted.of(placed.start[kept], placed.end[kept]), features[kept]
                if features.size:
                    yield _Here(rows, features, places, table.start[rows], table.end[rows])

    def _with_regions(self, region: NDArray[np.int64], row: NDArray[np.int64]) -> pd.DataFrame:
        table = Features(self, row).to_dataframe()
        table.insert(0, "region", region)
        return table

    # -- as tracks -------------------------------------------------------------------------------

    def as_track(self, how: str = "mask", *, column: str = "score", dtype: Any = None, missing: float | None = None) -> Track:
        """The features as a lazy track; ``db.save_track(name, track)`` keeps it.

        Parameters
        ----------
        how : {"mask", "score", "coverage"}
            1 where there is a feature (uint8); the score of the feature, where several overlap that of the last one in the input
            (float32; NaN where there is none); the number of features (uint32).
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
        if score is not None and (score not in self._file.columns or self.dtype(score).kind not in "iuf"):
            numbers = [name for name in self.columns if self.dtype(name).kind in "iuf"]
            raise ValueRangeError(f"table {self.name!r} has no column {score!r} of numbers; it has {', '.join(numbers)}")
        text = f"{how} of {self.name}" if score is None else f"{score} of {self.name}"
        more = {} if score is None else {"score": score, "input_row": "input_row"}
        return Track(track_of(self._frame, self._placed_all(**more), how, dtype, missing, text), text)

    def overlapped_bases(self) -> int:
        """Bases of features under later ones: all their lengths, without the bases that one or more of them cover.

        Examples
        --------
        >>> table.overlapped_bases()
        0
        """
        found = 0
        for placed in self._placed_all().values():
            before = np.append(placed.start[:1], np.maximum.accumulate(placed.end)[:-1]).astype(np.int64)
            covered = np.maximum(placed.end - np.maximum(placed.start, before), 0)
            found += int((placed.end - placed.start).sum()) - int(covered.sum())
        return found

    def distances(self, sign: str = "none", dtype: Any = "float64") -> Track:
        """Bases from each base to the nearest feature, as a lazy track: 0 inside of one, 1 beside it; missing on a chromosome without any.

        Parameters
        ----------
        sign : {"none", "position", "strand"}
            Not signed; negative to the left of the feature; or negative upstream of it, by its strand. Of two features at the same
            distance the left one counts.
        dtype : {"float64", "float32", "int32", "int64"}
            Floats hold NaN for missing; float32 is exact up to 16,777,216 bp. Integers hold their least value there, -2,147,483,648 in int32,
            as in the old library.

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
        if sign not in SIGNS:
            raise ValueRangeError(f"sign={sign!r} is not known; allowed are {', '.join(SIGNS)}")
        text = f"distance to {self.name}"
        more = {"strand": "strand"} if sign == "strand" else {}
        return Track(Distances(self._frame, self._placed_all(**more), text, sign, dtype), text)

    # -- open and closed -------------------------------------------------------------------------

    def check(self) -> None:
        """Read every column; DamagedTrackError names one that is not what was written."""
        for name in dict.fromkeys((*INDEX, *SEQUENCE_TABLE, *self.columns)):
            self._file.column(name)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return open_features, (self.path, self.name)

    def __repr__(self) -> str:
        return f"<FeatureTable {self.name!r}: {len(self):,} features of {self.assembly}>"


def _pairs(here: _Here) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return overlapping_pairs(here.places, here.start, here.end)


def open_features(path: str | os.PathLike[str], name: str = "") -> FeatureTable:
    """Open a feature table without a database.

    Parameters
    ----------
    path : path-like
        ``<name>.h5`` or ``<name>.zarr``; also a table of the old library ``genome`` in its database, read-only.
    name : str, optional

    Returns
    -------
    FeatureTable

    Raises
    ------
    LayoutError

    Examples
    --------
    >>> from genomearray import open_features
    >>> open_features(table.path)
    <FeatureTable 'fragments': 2 features of toy>
    """
    from genomearray.foreign.old_features import OldFeatureFile
    from genomearray.foreign.old_file import is_old, what_else

    try:
        return FeatureTable(path, name)
    except LayoutError as error:
        if not is_old(path):
            raise LayoutError(f"{error}{what_else(path)}") from error
    return FeatureTable(path, name, OldFeatureFile(Path(path)))
