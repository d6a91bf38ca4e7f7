"""Whole tracks from Python data: arrays, Datasets, tracks or pieces -> a writer."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from genomearray.errors import AssemblyError, LayoutError, ValueRangeError
from genomearray.storage.layout import BLOCK, PACKED, Layout, chunk_length, track_dtype
from genomearray.track import Track

if TYPE_CHECKING:
    from genomearray.database import GenomeDB
    from genomearray.storage.writer import WriteReport

Pieces = Iterator[tuple[str, int, Any]]


def save(db: GenomeDB, name: str, data: Any, dtype: Any, options: dict[str, Any]) -> WriteReport:
    """See :meth:`genomearray.GenomeDB.save_track`."""
    pieces, found, kind = _pieces(db, data)
    options = {"kind": kind} | options
    with db.create_track(name, dtype or found, **options) as writer:
        for chrom, start, values in pieces:
            writer.write(chrom, start, values)
    return writer.report


def _pieces(db: GenomeDB, data: Any) -> tuple[Pieces, Any, str]:
    """Pieces, their dtype, and the kind of track."""
    if isinstance(data, Track):
        _same_assembly(db, data.assembly)
        return _track_pieces(data), data.dtype, data.kind
    if hasattr(data, "data_vars"):
        return _dataset_pieces(db, data)
    if getattr(data, "dims", None) == ("pos",) and "chrom" in data.coords:
        data = {str(data.coords["chrom"].item()): data}  # a labelled chromosome
    if isinstance(data, Mapping):
        arrays = {str(chrom): _array(db, str(chrom), values) for chrom, values in data.items()}
        if not arrays:
            raise ValueRangeError("there is no array to save; give at least one chromosome")
        return _array_pieces(arrays), _common_dtype(arrays.values()), "signal"
    if not isinstance(data, Iterable):
        raise ValueRangeError(f"{type(data).__name__} is no track data; give a mapping, Dataset, Track or (chrom, start, values) pieces")
    pieces = iter(data)
    first = next(pieces, None)
    if first is None:
        raise ValueRangeError("there is no piece to save; give at least one (chrom, start, values)")
    if not isinstance(first, tuple) or len(first) != 3:
        raise ValueRangeError(f"{first!r} is no piece; give {{chrom: array}}, or tuples (chrom, start, values)")
    return itertools.chain([first], pieces), _common_dtype([np.asarray(first[2])]), "signal"


def _array(db: GenomeDB, chrom: str, values: Any) -> Any:
    array = values if hasattr(values, "dtype") and hasattr(values, "shape") else np.asarray(values)
    length = db.assembly[chrom].length
    if array.shape != (length,):
        raise AssemblyError(
            f"array of {chrom!r} has shape {array.shape}; the chromosome has {length} bp in {db.assembly.name!r}, so shape ({length},)"
        )
    return array


def _array_pieces(arrays: Mapping[str, Any]) -> Pieces:
    for chrom, array in arrays.items():
        for start in range(0, array.shape[0], BLOCK):
            # A slice of a dask array or DataArray is computed here, one block at a time.
            yield chrom, start, np.asanyarray(array[start : start + BLOCK])


def _track_pieces(track: Track) -> Pieces:
    for chrom in track.chromosomes:
        length = track.length(chrom)
        for start in range(0, length, BLOCK):
            yield chrom, start, track.values(chrom, start, min(start + BLOCK, length))


def _dataset_pieces(db: GenomeDB, dataset: Any) -> tuple[Pieces, Any, str]:
    if "assembly" in dataset.attrs:
        _same_assembly(db, dataset.attrs["assembly"])
    layout = Layout(db.assembly, chunk_length(np.dtype("uint8")))
    arrays: dict[str, Any] = {}
    packed = None
    for variable, array in dataset.data_vars.items():
        if array.ndim != 1:
            raise LayoutError(f"variable {variable!r} has dimensions {array.dims}; one of a track has one, pos_{variable}")
        if str(variable) == PACKED and PACKED not in db.assembly:
            packed = array
            continue
        arrays[str(variable)] = _array(db, str(variable), array)
    known = list(arrays.values()) + ([] if packed is None else [packed])
    if not known:
        raise LayoutError("the Dataset has no variable to save")
    pieces = _array_pieces(arrays)
    if packed is not None:
        pieces = itertools.chain(pieces, _packed_pieces(layout, packed))
    return pieces, _common_dtype(known), str(dataset.attrs.get("kind", "signal"))


def _packed_pieces(layout: Layout, packed: Any) -> Pieces:
    rows = layout.packed_rows
    total = int(layout.lengths[rows].sum())
    if packed.shape != (total,):
        raise AssemblyError(f"variable 'packed' has {packed.shape[0]} positions; the short sequences of {layout.assembly.name!r} have {total}")
    for row in rows:
        start, length = int(layout.packed_start[row]), int(layout.lengths[row])
        for begin in range(0, length, BLOCK):
            stop = min(begin + BLOCK, length)
            yield layout.assembly.names[row], begin, np.asarray(packed[start + begin : start + stop])


def _common_dtype(arrays: Iterable[Any]) -> Any:
    dtype = np.result_type(*{array.dtype for array in arrays})
    return np.dtype("uint8") if dtype.kind == "b" else track_dtype(np.float32 if dtype == np.float16 else dtype)


def _same_assembly(db: GenomeDB, assembly: str) -> None:
    if assembly != db.assembly.name:
        raise AssemblyError(f"the data are on assembly {assembly!r}, the database on {db.assembly.name!r}; lift them over first")
