"""xarray views of a source: labelled regions, and the lazy Dataset.

Bases are read when they are first used. A lazy array is pickled as the path and id of its
track, so it can be sent to a cluster.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core.indexing import (
    CopyOnWriteArray,
    ExplicitIndexer,
    IndexingSupport,
    LazilyIndexedArray,
    MemoryCachedArray,
    explicit_indexing_adapter,
)

from genomearray.source import PACKED, Source
from genomearray.storage.layout import BLOCK, dimension
from genomearray.track.position_index import PositionIndex

_NEAR = 1 << 16  # positions this close are read together


class LazyBases(BackendArray):
    """Values of one variable of a track, read when they are indexed; pickled with the source, not
    the values.
    """

    def __init__(self, source: Source, variable: str, offset: int, length: int) -> None:
        self.shape = (length,)
        self.dtype = source.dtype
        self._source = source
        self._variable = variable
        self._offset = offset

    def __getitem__(self, key: ExplicitIndexer) -> Any:
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.OUTER, self.take)

    def take(self, key: tuple[Any, ...]) -> Any:
        """Values by one outer index."""
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
    known = source.region_array(chrom, start, end)
    if known is not None:
        return known
    packed = source.packed_place(chrom)
    variable, offset = (chrom, 0) if packed is None else (PACKED, packed[0])
    lazy = lazily_indexed(LazyBases(source, variable, offset + start, end - start))
    index = PositionIndex.for_range("pos", start + 1, end, chrom, source.assembly)
    attrs = {"assembly": source.assembly, "kind": source.kind, **source.display_attributes(variable)}
    values = xr.Variable(("pos",), lazy, attrs=attrs, encoding={"preferred_chunks": {"pos": BLOCK}})
    return labelled_array(values, index, chrom, short_name(name))


def lazily_indexed(bases: BackendArray) -> MemoryCachedArray:
    """As xarray wraps what it opens: read once, when it is used; a copy when it is assigned to."""
    cached: Any = MemoryCachedArray
    lazy: Any = LazilyIndexedArray(bases)
    wrapped: MemoryCachedArray = cached(CopyOnWriteArray(lazy))
    return wrapped


def short_name(track: str) -> str | None:
    """Name of a track without its folders: netCDF allows no slash in a name.

    Examples
    --------
    >>> short_name("chip/depth")
    'depth'
    """
    return track.rpartition("/")[2] or None


def labelled_array(values: xr.Variable, index: PositionIndex, chrom: str, name: Any) -> xr.DataArray:
    """A DataArray of variable, index and name.

    What xr.Coordinates and the public constructor check (60 us, as much as the reading of a
    region) holds here by construction; a test compares the two.
    """
    # An object, not text of fixed width: Zarr has no specification of that yet, and warns.
    coords = {
        **index.create_variables(),
        "chrom": xr.Variable((), np.array(chrom, dtype=object), fastpath=True),
    }
    return xr.DataArray(values, coords=coords, name=name, indexes={"pos": index}, fastpath=True)


def dataset_of(source: Source) -> xr.Dataset:
    """All variables of a track, lazy, with their positions as indexes."""
    if source.dataset is not None:
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
        data = lazily_indexed(LazyBases(source, name, 0, length))
        attrs = source.variable_attributes(name)
        variables[name] = xr.Variable((dim,), data, attrs=attrs, encoding={"preferred_chunks": {dim: BLOCK}})
    # One Coordinates for all: assigning 100 of them one by one takes seconds.
    return xr.Dataset(variables, coords=xr.Coordinates(coords, indexes), attrs=source.attributes)
