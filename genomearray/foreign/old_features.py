"""Feature tables of the old library ``genome``, read in place."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.errors import DamagedTrackError, GenomeArrayWarning, LayoutError
from genomearray.foreign import pytables
from genomearray.foreign.old_file import DAMAGE, STRANGE_NODE, UNKNOWN, OldFile
from genomearray.reference.intervals import reach
from genomearray.storage.feature_layout import FEATURES, text_array


class OldFeatureFile:
    """The features of an old file, as the columns of a table; positions (1-based, both ends in)
    become offsets.

    Rows outside of their chromosome, which the old importer let through, are left out with a warning.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._old = OldFile(self.path, pytables.FEATURES)
        for name in self._old.nodes:
            if name not in self._old.assembly:
                raise LayoutError(
                    STRANGE_NODE.format(path=self.path, node=name, assembly=self._old.assembly.name)
                )
        if self._old.assembly.name == UNKNOWN:
            raise LayoutError(
                f"{path} is in no database: no folder above it has a chromosome table, which gives "
                "how long chromosomes are"
            )
        self.attributes: dict[str, Any] = {
            "assembly": self._old.assembly.name,
            "kind": FEATURES,
            "source": str(self.path),
            "software": "genome (PyTables)",
        }
        fields = next(iter(self._old.nodes.values())).dtype.names
        self.columns = ["start", "end", "strand", *(name for name in ("name", "score") if name in fields)]
        self.columns += sorted(name for name in fields if name not in self.columns)
        self.left_out = 0

    @Cached
    def _columns(self) -> dict[str, NDArray[Any]]:
        """All columns, sorted."""
        assembly = self._old.assembly
        parts: list[dict[str, NDArray[Any]]] = []
        counts = np.zeros(len(assembly), np.int64)
        self.left_out = 0
        for row, chrom in enumerate(assembly):
            node = self._old.nodes.get(chrom.name)
            if node is None or not node.shape[0]:
                continue
            part = self._part(node, chrom.length, row)
            counts[row] = part["start"].size
            parts.append(part)
        if self.left_out:
            warnings.warn(
                f"{self.left_out} rows of the old table {self.path} lie outside of their chromosome, "
                "and are left out",
                GenomeArrayWarning,
                stacklevel=4,
            )
        names = ("chrom", "reach", "input_row", *self.columns)
        columns = {
            name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0, np.int64)
            for name in names
        }
        columns["sequence_name"] = text_array(assembly.names)
        columns["sequence_length"] = np.array([chrom.length for chrom in assembly], np.int64)
        columns["n_features"], columns["first_feature"] = counts, np.cumsum(counts) - counts
        return columns

    def _part(self, node: h5py.Dataset, length: int, row: int) -> dict[str, NDArray[Any]]:
        try:
            rows = node[:]  # by name: PyTables sorts columns by the alphabet
        except DAMAGE as error:
            raise DamagedTrackError(
                f"table {self.path} is damaged at {node.name}: {error}; restore the file from a copy"
            ) from error
        start, end = rows["start"].astype(np.int64) - 1, rows["end"].astype(np.int64)
        kept = np.flatnonzero((start >= 0) & (start <= end) & (end <= length))
        self.left_out += start.size - kept.size
        order = kept[np.lexsort((kept, end[kept], start[kept]))]
        part = {name: self._values(rows[name][order], name) for name in self.columns}
        part |= {
            "start": start[order],
            "end": end[order],
            "input_row": order,
            "chrom": np.full(order.size, row, np.int32),
        }
        return part | {"reach": reach(part["start"], part["end"]) if order.size else part["start"]}

    def _values(self, values: NDArray[Any], name: str) -> NDArray[Any]:
        if values.dtype.kind == "S":
            return text_array(pytables.text(value) for value in values.tolist())
        if name == "score" and values.dtype == np.int8 and "name" not in self.columns:
            return values.view(np.uint8)  # MAPQ of fragments, 0 to 255, which wrapped beyond 127
        return values.astype(values.dtype.newbyteorder("="))

    def column(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Rows [first, last) of a column."""
        return self._columns[name][first:last]

    def close(self) -> None:
        """Close the file."""
        self._old.store.close()
