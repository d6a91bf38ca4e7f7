"""A feature table on disk, open for reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import KINDS
from genomearray.errors import DamagedTrackError, LayoutError
from genomearray.storage.feature_layout import (
    CRC,
    CRC_ROWS,
    FAILURES,
    FEATURES,
    INDEX,
    ORDER,
    SEQUENCE_TABLE,
    checksums_of,
    text_array,
)
from genomearray.storage.layout import LAYOUT


class FeatureFile:
    """A feature table on disk, open for reading.

    Raises
    ------
    LayoutError
        No feature table, or one of a layout that is not known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._store = self._open()
            self.attributes: dict[str, Any] = dict(self._store.attrs)
            names = list(self._store)
        except FAILURES as error:
            hint = "is it cut, half-written by a crash, damaged, or another kind of file?"
            raise LayoutError(f"{path} cannot be opened as a feature table: {error}; {hint}") from error
        kind, layout = (str(self.attributes.get(key)) for key in ("kind", "genomearray_layout"))
        if layout != LAYOUT or kind != FEATURES:
            hint = f"; it holds a {kind}: open it with open_track" if kind in KINDS else ""
            raise LayoutError(f"{path} is not a feature table of genomearray{hint}")
        lost = [name for name in (*INDEX, *SEQUENCE_TABLE) if name not in names] + [
            key for key in ("assembly",) if key not in self.attributes
        ]
        if lost:
            missing = ", ".join(map(repr, lost))
            raise LayoutError(
                f"{path} is not a whole feature table: {missing} is missing; restore it from a copy, or "
                "import it again"
            )
        hidden = {*INDEX, *SEQUENCE_TABLE, "feature", "sequence"}
        self._names = [
            name for name in names if name not in hidden and not name.startswith((CRC, "block_of_"))
        ]

    def _open(self) -> Any:
        if self.path.is_dir():
            import zarr

            return zarr.open_group(self.path, mode="r", zarr_format=3)
        from genomearray.storage.read.hdf5 import open_hdf5

        return open_hdf5(self.path)

    @property
    def columns(self) -> list[str]:
        """Names of the columns along ``feature``, those every table has first, then in the order of
        the input.
        """
        ordered = [name for name in str(self.attributes.get(ORDER, "")).split(" ") if name in self._names]
        return ["start", "end", "strand", *ordered, *sorted(set(self._names) - set(ordered))]

    def column(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Rows [first, last) of a column.

        Raises
        ------
        DamagedTrackError
        """
        try:
            stored = self._store[name]
            stop = int(stored.shape[0]) if last is None else last
            if (CRC + name) in self._store:
                return self._texts(name, stored, first, stop)
            values = np.asarray(stored[first:stop])
        except FAILURES as error:
            raise self._damaged(name, error) from error
        if values.dtype.kind not in "iuf":
            raise self._damaged(name, "the checksums of its texts are missing")
        return values

    def _texts(self, name: str, stored: Any, first: int, last: int) -> NDArray[Any]:
        """Rows of a column of text, with all rows that share a checksum with them: HDF5 keeps text
        in a heap without one.
        """
        low, high = first // CRC_ROWS * CRC_ROWS, min(-(-last // CRC_ROWS) * CRC_ROWS, int(stored.shape[0]))
        values = stored[low:high].tolist() if high > low else []
        texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values]
        known = np.asarray(self._store[CRC + name][low // CRC_ROWS : -(-high // CRC_ROWS)]).tolist()
        if checksums_of(texts) != known:
            raise ValueError("the checksum of its texts does not agree")
        return text_array(texts[first - low : last - low])

    def _damaged(self, name: str, cause: object) -> DamagedTrackError:
        return DamagedTrackError(
            f"table {self.path} is damaged at column {name!r}: {cause}; restore it from a copy, or "
            "import it again"
        )

    def close(self) -> None:
        """Close the file."""
        if hasattr(self._store, "close"):
            self._store.close()
