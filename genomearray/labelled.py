"""xarray views of a track: labelled regions, the lazy Dataset, and back again.

Bases are read when they are first used. A lazy array is pickled as the path and id of its
track, so it can be sent to a cluster.
"""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core.indexing import (
    ExplicitIndexer,
    IndexingSupport,
    LazilyIndexedArray,
    explicit_indexing_adapter,
)

from genomearray.errors import LayoutError, RegionError, unknown_chromosome
from genomearray.position_index import PositionIndex
from genomearray.source import Source, gather_by_name
from genomearray.storage.layout import BLOCK, PACKED, dimension
from genomearray.storage.reader import Intervals, StoredTrack

_NEAR = 1 << 16  # positions this close are read together


class LazyBases(BackendArray):
    """Values of one variable of a track, read when they are indexed; pickled with the source, not the values."""

    def __init__(self, source: Source, variable: str, offset: int, length: int) -> None:
        self.shape = (length,)
        self.dtype = source.dtype
        self._source = source
        self._variable = variable
        self._offset = offset

    def __getitem__(self, key: ExplicitIndexer) -> Any:
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.OUTER, self._take)

    def _take(self, key: tuple[Any, ...]) -> Any:
        (index,) = key
        if isinstance(index, slice):
            first, stop, step = index.indices(self.shape[0])
            count = len(range(first, stop, step))
            if not count:
                return np.empty(0, dtype=self.dtype)
            ends = sorted((first, first + (count - 1) * step))
            values = self._read(ends[0], ends[1] + 1)
            return values[:: abs(step)][:: 1 if step > 0 else -1]
        if np.ndim(index) == 0:
            return self._read(int(index), int(index) + 1)[0]
        return self._scattered(np.asarray(index))

    def _scattered(self, index: NDArray[Any]) -> NDArray[Any]:
        """Values at offsets in any order; far ones are not read with what lies between."""
        wanted, back = np.unique(index, return_inverse=True)
        out = np.empty(wanted.size, dtype=self.dtype)
        borders = [0, *(np.flatnonzero(np.diff(wanted) > _NEAR) + 1).tolist(), wanted.size]
        for low, high in itertools.pairwise(borders):
            if high > low:
                base = int(wanted[low])
                out[low:high] = self._read(base, int(wanted[high - 1]) + 1)[wanted[low:high] - base]
        taken: NDArray[Any] = out[back]
        return taken

    def _read(self, start: int, end: int) -> NDArray[Any]:
        return self._source.read_variable(self._variable, self._offset + start, self._offset + end)


class PackedTable:
    """Where the packed sequences of a track lie; looked up when one is asked for."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all sequences of the track."""
        return self._source.names

    def locate(self, chrom: str) -> tuple[int, int] | None:
        """Offset in ``packed`` and length of a sequence, None for another one."""
        return self._source.packed_place(chrom)


def region_array(source: Source, name: str, chrom: str, start: int, end: int) -> xr.DataArray:
    """Offsets [start, end) of a chromosome as a lazy DataArray, labelled with positions."""
    if isinstance(source, DatasetSource):
        return source.region(chrom, start, end)
    packed = source.packed_place(chrom)
    variable, offset = (chrom, 0) if packed is None else (PACKED, packed[0])
    lazy = LazilyIndexedArray(LazyBases(source, variable, offset + start, end - start))
    index = PositionIndex.for_range("pos", start + 1, end, chrom, source.assembly)
    attrs = {"assembly": source.assembly, "kind": source.kind, **source.display_attributes(variable)}
    values = xr.Variable(("pos",), lazy, attrs=attrs, encoding={"preferred_chunks": {"pos": BLOCK}})
    return _labelled(values, index, chrom, short_name(name))


def short_name(track: str) -> str | None:
    """Name of a track without its folders: netCDF allows no slash in a name.

    Examples
    --------
    >>> short_name("chip/depth")
    'depth'
    """
    return track.rpartition("/")[2] or None


def _labelled(values: xr.Variable, index: PositionIndex, chrom: str, name: Any) -> xr.DataArray:
    """A DataArray of variable, index and name.

    What xr.Coordinates and the public constructor check (60 us, as much as the reading of a
    region) holds here by construction; a test compares the two.
    """
    coords = {**index.create_variables(), "chrom": xr.Variable((), chrom)}
    return xr.DataArray(values, coords=coords, name=name, indexes={"pos": index}, fastpath=True)


def dataset_of(source: Source) -> xr.Dataset:
    """All variables of a track, lazy, with their positions as indexes."""
    if isinstance(source, DatasetSource):
        return source.dataset
    variables: dict[Any, xr.Variable] = {}
    coords: dict[Any, Any] = {}
    indexes: dict[Any, PositionIndex] = {}
    for name, length in source.variables.items():
        dim = dimension(name)
        packed = PackedTable(source) if name == PACKED else None
        index = PositionIndex.for_range(dim, 1, length, name, source.assembly, packed)
        indexes[dim] = index
        coords.update(index.create_variables())
        data = LazilyIndexedArray(LazyBases(source, name, 0, length))
        attrs = source.variable_attributes(name) if isinstance(source, StoredTrack) else source.display_attributes(name)
        variables[name] = xr.Variable((dim,), data, attrs=attrs, encoding={"preferred_chunks": {dim: BLOCK}})
    # One Coordinates for all: assigning 100 of them one by one takes seconds.
    return xr.Dataset(variables, coords=xr.Coordinates(coords, indexes), attrs=source.attributes)


class DatasetSource:
    """A Dataset with a track's variables as the source of a Track."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self.dataset = dataset
        self.attributes = dict(dataset.attrs)
        self.assembly = str(dataset.attrs.get("assembly", "unknown"))
        self._own = {str(name): variable for name, variable in dataset.data_vars.items() if variable.dims == (dimension(str(name)),)}
        if not self._own:
            raise LayoutError("the Dataset has no variable of a track: one dimension, called pos_<variable>")
        dtypes = {variable.dtype for variable in self._own.values()}
        self.dtype = np.result_type(*dtypes)
        self.kind = str(dataset.attrs.get("kind", "signal"))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the sequences that can be asked for."""
        own = [name for name in self._own if name != PACKED]
        table = self._packed_table
        return tuple(own) if table is None else tuple(name for name in table.names if name in own or table.locate(name))

    @cached_property
    def _packed_table(self) -> PackedTable | None:
        packed = self._own.get(PACKED)
        index = packed.xindexes.get(dimension(PACKED)) if packed is not None else None
        return index.packed if isinstance(index, PositionIndex) else None

    def has(self, chrom: str) -> bool:
        """Whether there is a sequence of that name."""
        return self._place(chrom) is not None

    def length(self, chrom: str) -> int:
        """Length of a sequence, as far as it is in the Dataset, bp."""
        return self._found(chrom)[2]

    def _place(self, chrom: str) -> tuple[str, int, int] | None:
        if chrom in self._own and chrom != PACKED:
            variable = self._own[chrom]
            return chrom, 0, self._first(variable) - 1 + variable.size
        place = self._packed_table.locate(chrom) if self._packed_table is not None else None
        return None if place is None else (PACKED, *place)

    def _found(self, chrom: str) -> tuple[str, int, int]:
        place = self._place(chrom)
        if place is None:
            raise unknown_chromosome(chrom, self.assembly, self.names)
        return place

    @staticmethod
    def _first(variable: xr.DataArray) -> int:
        index = variable.xindexes.get(variable.dims[0])
        return int(index.positions[0]) if isinstance(index, PositionIndex) and index.positions.size else 1

    def region(self, chrom: str, start: int, end: int) -> xr.DataArray:
        """Offsets [start, end) of a sequence."""
        name, offset, _ = self._found(chrom)
        variable = self._own[name]
        base = offset - (self._first(variable) - 1)
        low, high = base + start, base + end
        if low < 0 or high > variable.size:
            raise RegionError(f"{chrom}:{start + 1}-{end} is not in this Dataset, which holds {variable.size} positions of {name!r}")
        taken = variable.isel({variable.dims[0]: slice(low, high)})
        index = PositionIndex.for_range("pos", start + 1, end, chrom, self.assembly)
        values = xr.Variable(("pos",), taken.variable._data, attrs={"assembly": self.assembly, **variable.attrs})
        return _labelled(values, index, chrom, variable.name)

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Unknown: yes."""
        return True

    @property
    def variables(self) -> dict[str, int]:
        """Length (bp) of each variable, by name."""
        return {name: variable.size for name, variable in self._own.items()}

    def packed_place(self, chrom: str) -> tuple[int, int] | None:
        """Offset in ``packed`` and length of a sequence there; None for another one."""
        place = self._place(chrom)
        return place[1:] if place is not None and place[0] == PACKED else None

    def display_attributes(self, variable: str) -> dict[str, Any]:
        """Attributes of a variable."""
        return dict(self._own[variable].attrs)

    def read(self, chrom: str, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values of the offsets [start, end) of a sequence."""
        return np.asarray(self.region(chrom, start, end).values)

    def read_variable(self, variable: str, start: int, end: int) -> NDArray[Any]:
        """Values of the offsets [start, end) of a variable."""
        return np.asarray(self._own[variable].isel({dimension(variable): slice(start, end)}).values)

    def lengths_of(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Lengths of many sequences, bp; -1 for one that is not there."""
        return np.array([self.length(name) if self.has(name) else -1 for name in names], dtype=np.int64)

    def gather(
        self,
        intervals: Intervals,
        out: NDArray[Any],
        dest: NDArray[np.int64],
        step: NDArray[np.int64] | None = None,
        threads: bool = True,
    ) -> None:
        """Put the values of intervals into ``out`` (flat), each from ``dest`` on in direction ``step``."""
        gather_by_name(self, intervals, out, dest, step, threads)

    def chunk_statistics(self, names: tuple[str, ...]) -> tuple[list[Any], NDArray[np.int64], NDArray[np.int64]]:
        """None for each sequence: a Dataset has no stored statistics."""
        return [None] * len(names), np.arange(len(names)), np.zeros(len(names), np.int64)
