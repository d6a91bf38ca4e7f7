"""xarray views of a stack: regions and chromosomes of all tracks, read when they are used."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core.indexing import ExplicitIndexer, IndexingSupport, explicit_indexing_adapter

from genomearray.errors import AssemblyError
from genomearray.executor import workers
from genomearray.source import PACKED, Source
from genomearray.storage.layout import dimension
from genomearray.track.labelled import LazyBases, PackedTable, lazily_indexed
from genomearray.track.position_index import PositionIndex

_FEW = 1 << 16  # values of a track; more are decoded by several threads


class LazyTracks(BackendArray):
    """Values of as many bases of each of many tracks, read when they are indexed."""

    def __init__(self, parts: Sequence[LazyBases]) -> None:
        self.shape = (len(parts), parts[0].shape[0])
        self.dtype = np.result_type(*(part.dtype for part in parts))
        self._parts = list(parts)

    def __getitem__(self, key: ExplicitIndexer) -> Any:
        return explicit_indexing_adapter(key, self.shape, IndexingSupport.OUTER, self._take)

    def _take(self, key: tuple[Any, ...]) -> Any:
        which, where = key
        if np.ndim(which) == 0 and not isinstance(which, slice):
            return np.asarray(self._parts[int(which)].take((where,)), dtype=self.dtype)
        rows = range(*which.indices(len(self._parts))) if isinstance(which, slice) else np.asarray(which)
        size = len(range(*where.indices(self.shape[1]))) if isinstance(where, slice) else np.size(where)
        shape = (len(rows), size) if isinstance(where, slice) or np.ndim(where) else (len(rows),)
        out = np.empty(shape, self.dtype)

        def put(k: int) -> None:
            out[k] = self._parts[int(rows[k])].take((where,))

        in_turn(put, len(rows), size)
        return out


def in_turn(put: Any, n: int, size: int) -> None:
    """``put(k)`` for each of n tracks, in threads where each has much to decode."""
    if n == 1 or size < _FEW:
        for k in range(n):
            put(k)
        return
    with ThreadPoolExecutor(workers()) as pool:
        list(pool.map(put, range(n)))


def read_all(sources: Sequence[Source], chrom: str, start: int, end: int) -> NDArray[Any]:
    """Values of the offsets [start, end) of all sources, shape (sources, end - start)."""
    out = np.empty((len(sources), end - start), np.result_type(*(source.dtype for source in sources)))
    many = len(sources) > 1

    def put(k: int) -> None:
        out[k] = sources[k].read(chrom, start, end, not many)

    in_turn(put, len(sources), end - start)
    return out


def common_length(sources: Sequence[Source], names: Sequence[str], chrom: str) -> int:
    """Length (bp) of a chromosome, which all sources have."""
    length = sources[0].length(chrom)
    for source, name in zip(sources[1:], names[1:], strict=True):
        if source.length(chrom) != length:
            raise AssemblyError(
                f"{chrom!r} has {source.length(chrom):,} bp in {name!r}, and {length:,} in {names[0]!r}"
            )
    return length


def stacked_region(
    sources: Sequence[Source], coords: dict[str, Any], chrom: str, start: int, end: int
) -> xr.DataArray:
    """Offsets [start, end) of a chromosome of all tracks, labelled, lazy."""
    first = sources[0]
    parts = []
    for source in sources:
        packed = source.packed_place(chrom)
        variable, offset = (chrom, 0) if packed is None else (PACKED, packed[0])
        parts.append(LazyBases(source, variable, offset + start, end - start))
    index = PositionIndex.for_range("pos", start + 1, end, chrom, first.assembly)
    values = xr.Variable(
        ("track", "pos"),
        lazily_indexed(LazyTracks(parts)),
        attrs={"assembly": first.assembly, "kind": first.kind},
    )
    labels = xr.Coordinates({**index.create_variables()}, {"pos": index})
    array = xr.DataArray(values, coords=labels)
    return array.assign_coords(chrom=np.array(chrom, dtype=object), **coords)


def stacked_dataset(sources: Sequence[Source], coords: dict[str, Any]) -> xr.Dataset:
    """All chromosomes of all tracks as a lazy Dataset: a variable each, dimensions (track, pos_<name>)."""
    first = sources[0]
    variables: dict[Any, xr.Variable] = {}
    labels: dict[Any, Any] = {}
    indexes: dict[Any, PositionIndex] = {}
    for name, length in first.variables.items():
        dim = dimension(name)
        packed = PackedTable(first) if name == PACKED else None
        indexes[dim] = PositionIndex.for_range(dim, 1, length, name, first.assembly, packed)
        labels.update(indexes[dim].create_variables())
        data = lazily_indexed(LazyTracks([LazyBases(source, name, 0, length) for source in sources]))
        variables[name] = xr.Variable(("track", dim), data)
    attrs = {"assembly": first.assembly, "kind": first.kind}
    return xr.Dataset(variables, xr.Coordinates(labels, indexes), attrs).assign_coords(coords)
