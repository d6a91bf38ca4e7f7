"""Labels that values carry, checked where arrays become tracks: a track has no labels, only places.

Labelled arrays are matched by label everywhere else; taken by their order, a reversed region would be
saved upside down without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

import numpy as np

from genomearray.errors import AssemblyError, RegionError

if TYPE_CHECKING:
    import pandas as pd


@runtime_checkable
class PositionLabels(Protocol):
    """An index of 1-based positions that knows its chromosome and assembly."""

    chrom: str
    assembly: str

    @property
    def positions(self) -> pd.Index: ...


def labels_of(values: object) -> PositionLabels | pd.Index | None:
    """The index along the only dimension of a labelled array; None for values without labels."""
    dims = getattr(values, "dims", None)
    if isinstance(dims, tuple) and len(dims) == 1:  # xarray
        index = getattr(values, "xindexes", {}).get(dims[0])
        if isinstance(index, PositionLabels):
            return index
        # Positions whose index was dropped, or that stand beside another one, are labels still.
        for name, coordinate in getattr(values, "coords", {}).items():
            if coordinate.dims == dims and (name in ("pos", dims[0]) or str(name).startswith("pos_")):
                return cast("pd.Index", coordinate.to_index())
        return None if index is None else cast("pd.Index", index.to_pandas_index())
    index = getattr(values, "index", None)  # pandas; a list has a method of that name
    return None if index is None or callable(index) else index


def check_labels(values: object, assembly: str, chrom: str, start: int) -> None:
    """AssemblyError or RegionError unless values carry the labels of their place, or none.

    Parameters
    ----------
    values : array_like, shape (n,)
        A DataArray, a Series, or anything without labels.
    assembly, chrom : str
        Of the place.
    start : int
        Offset (0-based) of the first value.

    Examples
    --------
    >>> import pandas as pd
    >>> check_labels(pd.Series([1.0, 2.0], index=[11, 12]), "hg38", "chr1", 10)
    >>> check_labels(pd.Series([1.0, 2.0], index=[12, 11]), "hg38", "chr1", 10)
    Traceback (most recent call last):
    genomearray.errors.RegionError: values of 'chr1' are labelled with the positions 12 to 11, and the place \
is 11 to 12, in this order; sort them by position, or take .values
    """
    if isinstance(values, (np.ndarray, list, tuple)):
        return
    labels = labels_of(values)
    _check_frame(values, labels, assembly, chrom)
    if labels is not None:
        positions = labels.positions if isinstance(labels, PositionLabels) else labels
        _check_positions(positions, chrom, start, bare=not isinstance(labels, PositionLabels))


def _check_frame(values: Any, labels: object, assembly: str, chrom: str) -> None:
    own = getattr(values, "attrs", {}).get("assembly", assembly)
    coordinate = getattr(values, "coords", {}).get("chrom")
    named = chrom if coordinate is None or coordinate.ndim else str(coordinate.item())
    if isinstance(labels, PositionLabels):
        own, named = labels.assembly, labels.chrom
    if own != assembly:
        raise AssemblyError(
            f"values are of assembly {own!r}, and the place is in {assembly!r}; lift them over first"
        )
    if named != chrom:
        raise AssemblyError(
            f"values are of {named!r}, and the place is on {chrom!r}; take .values if that is meant"
        )


def _check_positions(positions: pd.Index, chrom: str, start: int, *, bare: bool) -> None:
    n = positions.size
    if not n or positions.equals(_range(start + 1, n)) or (bare and positions.equals(_range(0, n))):
        return
    raise RegionError(
        f"values of {chrom!r} are labelled with the positions {positions[0]} to {positions[-1]}, and the "
        f"place is {start + 1} to {start + n}, in this order; sort them by position, or take .values"
    )


def _range(first: int, n: int) -> pd.Index:
    import pandas as pd

    return pd.RangeIndex(first, first + n)


def first_position(values: object, assembly: str, chrom: str) -> int:
    """The position of the first value of consecutive ones; 1 for values without labels.

    Raises
    ------
    RegionError
        Positions that are not consecutive, ascending.
    AssemblyError
        Of another chromosome or assembly.
    """
    labels = labels_of(values)
    _check_frame(values, labels, assembly, chrom)
    positions = labels.positions if isinstance(labels, PositionLabels) else labels
    if positions is None or not positions.size:
        return 1
    first = int(positions[0])
    _check_positions(positions, chrom, first - 1, bare=False)
    return first
