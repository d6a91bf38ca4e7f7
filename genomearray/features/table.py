"""Feature tables: rows of (chrom, start, end, strand, ...), asked by region, and of other tables of
regions.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from genomearray.errors import LayoutError
from genomearray.features.overlaps import OverlapMethods
from genomearray.features.rows import TableFile
from genomearray.features.tracks import TrackMethods
from genomearray.reference.assembly import Assembly
from genomearray.storage.feature_layout import INDEX, SEQUENCE_TABLE


class FeatureTable(OverlapMethods, TrackMethods):
    """A feature table on disk: all its rows, those that overlap a region, and answers about other regions.

    Parameters
    ----------
    path : path-like
    name : str
    file : TableFile, optional
        Columns that are open already, of another kind of file.
    assembly : Assembly, optional
        That the file was opened with.

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

    def __init__(
        self,
        path: str | os.PathLike[str],
        name: str = "",
        file: TableFile | None = None,
        assembly: Assembly | None = None,
    ) -> None:
        super().__init__(path, name, file)
        self._asked_assembly = assembly

    def check(self) -> None:
        """Read every column; DamagedTrackError names one that is not what was written."""
        for name in dict.fromkeys((*INDEX, *SEQUENCE_TABLE, *self.columns)):
            self.file.column(name)

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return open_features, (self.path, self.name, self._asked_assembly)

    def __repr__(self) -> str:
        return f"<FeatureTable {self.name!r}: {len(self):,} features of {self.assembly}>"


def open_features(
    path: str | os.PathLike[str], name: str = "", assembly: Assembly | None = None
) -> FeatureTable:
    """Open a feature table without a database.

    Parameters
    ----------
    path : path-like
        ``<name>.h5`` or ``<name>.zarr``; also a table of the old library ``genome`` in its
        database, and a bigBed (also at a URL), read-only.
    name : str, optional
    assembly : Assembly, optional
        Of a bigBed, which does not say: by default it is called "unknown".

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
    from genomearray.foreign.open import is_bbi

    if is_bbi(path):
        from genomearray.foreign.bigbed_features import BigBedFile

        return FeatureTable(path, name, BigBedFile(path, assembly), assembly)
    try:
        return FeatureTable(path, name)
    except LayoutError as error:
        if not is_old(path):
            held, hint = what_else(path)
            raise LayoutError(f"{error.message}{held}", hint=hint or error.hint) from error
    return FeatureTable(path, name, OldFeatureFile(Path(path)))
