"""The tables ``/sequences`` and ``/summary`` of a track while it is written."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from genomearray.storage.layout import BLOCK, Layout, Variable
from genomearray.summary import Summary, chunk_bounds

Table: TypeAlias = dict[str, NDArray[Any]]  # columns of /sequences, by name


def sequence_columns(layout: Layout, statistics: Table) -> Table:
    """All columns of /sequences, in the order of the layout."""
    return {
        "name": np.array(layout.assembly.names, dtype=object),
        "length": layout.lengths,
        "packed_start": layout.packed_start,
        "first_chunk": layout.first_chunks(),
        **statistics,
    }


def sequence_bounds(
    layout: Layout, variable: Variable, block: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the packed sequences in a block, and their borders there."""
    if variable.row >= 0:
        return np.empty(0, np.int64), np.zeros(1, np.int64)
    starts = layout.packed_start[layout.packed_rows]
    first = int(np.searchsorted(starts, block * BLOCK, side="right")) - 1
    last = int(np.searchsorted(starts, block * BLOCK + length, side="left"))
    bounds = np.append(starts[first:last] - block * BLOCK, length)
    bounds[0] = max(bounds[0], 0)
    return layout.packed_rows[first:last], bounds


class TableBuilder:
    """Collects the statistics of blocks, in any order, and makes both tables.

    Parameters
    ----------
    layout : Layout
    dtype : numpy dtype
    fill : scalar
        Value of bases nobody wrote.
    """

    def __init__(self, layout: Layout, dtype: np.dtype[Any], fill: Any) -> None:
        self.layout = layout
        self.dtype = dtype
        lengths = [np.diff(chunk_bounds(v.length, v.chunk)) for v in layout.variables]
        self.summary = Summary.filled(np.concatenate(lengths), fill, dtype)
        self._sequences = Summary.filled(layout.lengths, fill, dtype)
        self._fill = fill
        # Parts of packed sequences, by block: (rows of the sequences, their columns).
        self._packed: dict[int, tuple[NDArray[np.int64], Summary]] = {}

    def put(
        self, variable: Variable, block: int, chunks: Summary, rows: NDArray[np.int64], parts: Summary
    ) -> None:
        """Take the statistics of one block; a later call for the block replaces them."""
        first = variable.first_chunk + block * (BLOCK // variable.chunk)
        self.summary.put(slice(first, first + chunks.n.size), chunks)
        if variable.row < 0:
            self._packed[block] = (rows, parts)

    def sequences(self) -> Table:
        """The statistics columns of /sequences: n (bases), n_nan, sum, m2, min, max."""
        table = self._sequences
        for variable in self.layout.variables:
            if variable.row >= 0:
                rows = slice(variable.first_chunk, variable.first_chunk + variable.n_chunks)
                self._set(variable.row, self.summary.rows(rows))
        self._merge_packed()
        return {"n": self.layout.lengths, "n_nan": self.layout.lengths - table.n} | {
            name: getattr(table, name) for name in Summary._fields[1:]
        }

    def _set(self, row: int, parts: Summary) -> None:
        self._sequences.put(row, parts.merged(self.dtype))

    def _merge_packed(self) -> None:
        """A sequence that crosses block borders has a part in each: a block nobody wrote is all fill."""
        packed = self.layout.variables[-1]
        if packed.row >= 0 or not self._packed:
            return
        split: dict[int, list[Summary]] = {}
        for block in range(packed.n_blocks):
            length = min(BLOCK, packed.length - block * BLOCK)
            rows, bounds = sequence_bounds(self.layout, packed, block, length)
            parts = (
                self._packed[block][1]
                if block in self._packed
                else Summary.filled(np.diff(bounds), self._fill, self.dtype)
            )
            self._sequences.put(rows, parts)
            for k in {0, rows.size - 1}:
                split.setdefault(int(rows[k]), []).append(parts.rows(slice(k, k + 1)))
        for row, pieces in split.items():
            if len(pieces) > 1:
                self._set(row, Summary.joined(pieces))
