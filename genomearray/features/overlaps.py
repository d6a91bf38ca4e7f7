"""Answers of a feature table about other regions: overlaps, counts, the nearest feature."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import OVERLAP_STRANDS, OverlapStrand, check
from genomearray.errors import RegionError
from genomearray.executor import workers
from genomearray.features.base import BaseTable
from genomearray.features.rows import Features
from genomearray.reference.intervals import ragged_index
from genomearray.reference.overlaps import Sorted, nearest_rows, overlap_counts, overlapping_pairs
from genomearray.reference.region_table import Regions, RegionTable, read_regions

if TYPE_CHECKING:
    import pandas as pd


class _Here(NamedTuple):
    """Regions of one chromosome (rows of their table, offsets), and the features there (rows of the
    feature table, places).
    """

    regions: NDArray[np.int64]
    features: NDArray[np.int64]
    places: Sorted
    start: NDArray[np.int64]
    end: NDArray[np.int64]


class OverlapMethods(BaseTable):
    """Answers about other regions."""

    def overlap(self, regions: Regions, *, strand: OverlapStrand | None = None) -> pd.DataFrame:
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
            ``region`` (row of the regions, from 0), then the columns of :meth:`to_dataframe`;
            sorted by region, then as the table.

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

    def overlap_rows(
        self, regions: Regions, *, strand: OverlapStrand | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As :meth:`overlap`, without the columns: rows of the regions, and rows of the table; two
        ndarray of shape (pairs,).

        Examples
        --------
        >>> table.overlap_rows([("chr1", 0, 550), ("chr1", 10, 20)])
        (array([0, 0]), array([0, 1]))
        """
        table = self._regions(regions, strand)
        counts = np.zeros(len(table), np.int64)
        pairs = []
        with ThreadPoolExecutor(workers()) as pool:  # sorting and searching are done without the GIL
            asked = list(self._by_chromosome(table, strand))
            for here, (n, row) in zip(asked, pool.map(_pairs, asked), strict=True):
                counts[here.regions] = n
                pairs.append((here.regions, here.features[row]))
        place = np.cumsum(counts) - counts
        out = np.empty(int(counts.sum()), np.int64)
        for rows, row in pairs:
            out[ragged_index(counts[rows], place[rows])] = row
        return np.repeat(np.arange(len(table)), counts), out

    def counts(self, regions: Regions, *, strand: OverlapStrand | None = None) -> NDArray[np.int64]:
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

    def nearest(self, regions: Regions, *, strand: OverlapStrand | None = None) -> pd.DataFrame:
        """The nearest feature of each region; of several the first one of the table.

        Parameters
        ----------
        regions, strand
            As for :meth:`overlap`.

        Returns
        -------
        DataFrame
            ``region`` (row of the regions), ``distance`` (bases between the two: 0 for those that
            overlap or touch, as in bioframe), then the columns of the feature. A region on a
            chromosome without such features has no row.

        Raises
        ------
        RegionError, UnknownChromosomeError, ValueRangeError

        Examples
        --------
        >>> found = table.nearest([("chr1", 300, 310), ("chr2", 5, 6)])
        >>> found[["region", "distance", "start"]].values.tolist()
        [[0, 53, 100]]
        """
        table = self._regions(regions, strand)
        row, distance = np.full(len(table), -1), np.zeros(len(table), np.int64)
        for here in self._by_chromosome(table, strand):
            closest = nearest_rows(here.places, here.start, here.end)
            row[here.regions], distance[here.regions] = here.features[closest.row], closest.distance
        matched = np.flatnonzero(row >= 0)
        frame = self._with_regions(matched, row[matched])
        frame.insert(1, "distance", distance[matched])
        return frame

    def _regions(self, regions: Regions, strand: OverlapStrand | None) -> RegionTable:
        if strand is not None:
            check("strand", strand, OVERLAP_STRANDS, optional=True)
        frame: Any = self
        table = read_regions(regions, frame)
        if strand is not None and (table.strand == 0).any():
            raise RegionError(
                f"{table.where(int(np.argmax(table.strand == 0)))} of the regions has no strand, "
                f"which strand={strand!r} needs"
            )
        backwards = table.start > table.end
        if backwards.any():
            k = int(np.argmax(backwards))
            raise RegionError(f"{table.where(k)}: start {table.start[k]} is after end {table.end[k]}")
        return table

    def _by_chromosome(self, table: RegionTable, strand: OverlapStrand | None) -> Iterator[_Here]:
        """Regions and the features that they may meet: those of a chromosome, and with ``strand``
        of a strand.
        """
        for side in (None,) if strand is None else (1, -1):
            wanted = np.arange(len(table)) if side is None else np.flatnonzero(table.strand == side)
            code = table.code[wanted]
            # Numbers of 16 bits are sorted by counting them.
            order = wanted[
                np.argsort(code.astype(np.int16) if len(table.names) < 1 << 15 else code, kind="stable")
            ]
            borders = np.searchsorted(table.code[order], np.arange(len(table.names) + 1)).tolist()
            for name, low, high in zip(table.names, borders[:-1], borders[1:], strict=True):
                k, rows = self._row_of[name], order[low:high]
                if not rows.size or not self._counts[k]:
                    continue
                placed, features = (
                    self._place(name),
                    np.arange(self._firsts[k], self._firsts[k] + self._counts[k]),
                )
                places = placed.places
                if side is not None:
                    kept = np.flatnonzero(
                        self._of_chromosome(name, "strand") == (side if strand == "same" else -side)
                    )
                    places = Sorted.of(placed.start[kept], placed.end[kept], self.length(name))
                    features = features[kept]
                if features.size:
                    yield _Here(rows, features, places, table.start[rows], table.end[rows])

    def _with_regions(self, region: NDArray[np.int64], row: NDArray[np.int64]) -> pd.DataFrame:
        table = Features(self, row).to_dataframe()
        table.insert(0, "region", region)
        return table


def _pairs(here: _Here) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return overlapping_pairs(here.places, here.start, here.end)
