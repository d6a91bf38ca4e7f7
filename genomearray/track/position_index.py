"""Labels of bases: 1-based positions that know their chromosome and assembly.

xarray adds chr1 to chr2 without a word; with this index it does not. Selecting,
equal-range arithmetic, chunking and pickling cost no memory; ``coarsen``, ``concat`` and
``map_blocks`` make 8 bytes a base.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from xarray.core.indexing import IndexSelResult
from xarray.indexes import PandasIndex

from genomearray.errors import AssemblyError, RegionError
from genomearray.reference.region import integer

# xarray aligns unequal ranges with an integer per base: 152 s and 4 GB at 50 Mbp.
MOST_ALIGNED = 10_000_000


class PositionIndex(xr.Index):
    """Positions of one chromosome along one dimension.

    Parameters
    ----------
    index : PandasIndex
        Over a ``pandas.RangeIndex`` of 1-based positions, as long as nobody takes it apart.
    chrom : str
        Chromosome, or ``packed`` for the variable that holds many short sequences.
    assembly : str
    packed : object, optional
        For ``packed``: something with ``locate(chrom) -> (offset, length)`` and ``names``.
    """

    def __init__(self, index: PandasIndex, chrom: str, assembly: str, packed: Any = None) -> None:
        self._index = index
        self.chrom = chrom
        self.assembly = assembly
        self.packed = packed

    @classmethod
    def for_range(
        cls, dim: str, first: int, last: int, chrom: str, assembly: str, packed: Any = None
    ) -> Self:
        """An index of the positions ``first`` to ``last``, both included.

        Examples
        --------
        >>> PositionIndex.for_range("pos", 11, 20, "chr1", "hg38")
        <PositionIndex hg38 chr1:11-20>
        """
        index = PandasIndex(pd.RangeIndex(first, last + 1, name=dim), dim, coord_dtype=np.dtype("int64"))
        return cls(index, chrom, assembly, packed)

    @property
    def positions(self) -> pd.Index:
        """The positions as a pandas index, a ``RangeIndex`` while they are consecutive."""
        return self._index.index

    def _with(self, index: PandasIndex) -> Self:
        return type(self)(index, self.chrom, self.assembly, self.packed)

    # -- the interface of xarray.Index ----------------------------------------------------

    @classmethod
    def from_variables(cls, variables: Mapping[Any, xr.Variable], *, options: Mapping[str, Any]) -> Self:
        """Index of a coordinate; needs the options ``chrom`` and ``assembly``."""
        return cls(PandasIndex.from_variables(variables, options={}), options["chrom"], options["assembly"])

    @classmethod
    def concat(
        cls, indexes: Sequence[Self], dim: Hashable, positions: Iterable[Iterable[int]] | None = None
    ) -> Self:
        """Pieces of one chromosome, one after the other."""
        for other in indexes[1:]:
            indexes[0]._same_frame(other)
        joined = PandasIndex.concat([index._index for index in indexes], dim, positions)
        return indexes[0]._with(joined)

    def create_variables(
        self, variables: Mapping[Any, xr.Variable] | None = None
    ) -> dict[Hashable, xr.Variable]:
        """The coordinate variable."""
        return dict(self._index.create_variables(variables))

    def to_pandas_index(self) -> pd.Index:
        """The positions."""
        return self.positions

    def isel(self, indexers: Mapping[Any, Any]) -> Self | None:
        """The index of what is taken by offset; None where no dimension remains."""
        taken = self._index.isel(indexers)
        return None if taken is None else self._with(taken)

    def sel(
        self, labels: dict[Any, Any], method: str | None = None, tolerance: float | None = None
    ) -> IndexSelResult:
        """Offsets of positions; RegionError for a position that is not there, a step, or reversed bounds."""
        ((name, label),) = labels.items()
        if isinstance(label, slice):
            return IndexSelResult({self._index.dim: self._slice(label)})
        if method is None:
            label = self._checked(label)
        return self._index.sel({name: label}, method=method, tolerance=tolerance)

    def _slice(self, label: slice) -> slice | NDArray[np.int64]:
        if label.step is not None and label.step != 1:
            raise RegionError(
                f"a step of {label.step!r} cannot be selected; take [::{label.step}] of the result"
            )
        positions = self.positions
        if not positions.size:
            raise RegionError(f"{self.chrom!r} has no positions left to select from")
        low, high = self._reach
        first = low if label.start is None else integer(label.start, "position")
        last = high if label.stop is None else integer(label.stop, "position")
        if first > last:
            raise RegionError(
                f"region {self.chrom}:{first}-{last} is reversed: the first position is after the last"
            )
        for position in (first, last):
            if not low <= position <= high:
                raise RegionError(self._outside(position))
        if isinstance(positions, pd.RangeIndex) and positions.step == 1:
            return slice(first - low, last - low + 1)
        # In any order, as after [::-1], roll or concat: all that lie in the region, in their order.
        taken = np.flatnonzero((positions >= first) & (positions <= last))
        if taken.size and taken[-1] - taken[0] + 1 == taken.size:
            return slice(int(taken[0]), int(taken[-1]) + 1)
        return taken

    @property
    def _reach(self) -> tuple[int, int]:
        """Least and greatest position."""
        return int(self.positions.min()), int(self.positions.max())

    def _checked(self, label: Any) -> Any:
        values = np.asarray(label)
        if values.dtype.kind == "b":
            return label
        if values.dtype.kind not in "iuf" or (
            values.dtype.kind == "f" and not (values == np.floor(values)).all()
        ):
            raise RegionError(f"position {label!r} is not a whole number")
        positions = self.positions
        if not positions.is_unique:
            twice = int(positions[positions.duplicated()][0])
            raise RegionError(
                f"position {twice} of {self.chrom!r} is here more than once, as after joining pieces that "
                "overlap; select from the pieces, or by offset (.isel)"
            )
        known = positions.get_indexer(pd.Index(values.reshape(-1).astype(np.int64))) >= 0
        if not known.all():
            raise RegionError(self._outside(int(values.reshape(-1)[~known][0])))
        return label

    def _outside(self, position: int) -> str:
        low, high = self._reach
        return (
            f"position {position} is outside {self.chrom!r} as far as it is here; its positions are "
            f"{low} to {high}, both ends included"
        )

    def equals(self, other: xr.Index, *, exclude: frozenset[Hashable] | None = None) -> bool:
        """Same chromosome, assembly and positions."""
        if not isinstance(other, PositionIndex):
            return False
        same = (self.chrom, self.assembly) == (other.chrom, other.assembly)
        return same and self._index.equals(other._index)

    def join(self, other: Self, how: str = "inner") -> Self:
        """Common positions, or all, of one chromosome."""
        self._same_frame(other)
        if self.positions.size + other.positions.size > MOST_ALIGNED:
            raise RegionError(
                f"cannot align {self!r} with {other!r}: unequal ranges of more than {MOST_ALIGNED:,} "
                "bp in all "
                "take an integer for each base; select the same range of both first (.sel)"
            )
        return self._with(self._index.join(other._index, how))

    def reindex_like(self, other: Self) -> dict[Hashable, Any]:
        """Offsets of the other's positions here."""
        self._same_frame(other)
        return self._index.reindex_like(other._index)

    def roll(self, shifts: Mapping[Any, int]) -> Self:
        """The index of rolled data."""
        return self._with(self._index.roll(shifts))

    def rename(self, name_dict: Mapping[Any, Hashable], dims_dict: Mapping[Any, Hashable]) -> Self:
        """The same positions under another name."""
        return self._with(self._index.rename(name_dict, dims_dict))  # type: ignore[no-untyped-call]

    def _copy(self, deep: bool = True, memo: dict[int, Any] | None = None) -> Self:
        # A range never changes: copying it would make an integer for each base.
        return self._with(self._index)

    def _same_frame(self, other: PositionIndex) -> None:
        if (self.chrom, self.assembly) != (other.chrom, other.assembly):
            raise AssemblyError(
                f"cannot align {self.assembly} {self.chrom!r} with {other.assembly} {other.chrom!r}: "
                "values of different chromosomes or assemblies do not belong together"
            )

    def __repr__(self) -> str:
        positions = self.positions
        span = f"{positions[0]}-{positions[-1]}" if positions.size else "nothing"
        return f"<PositionIndex {self.assembly} {self.chrom}:{span}>"

    def _repr_inline_(self, max_width: int | None) -> str:  # None: of the HTML face of xarray 2025.6
        return repr(self) if max_width is None else repr(self)[: max(max_width, 20)]
