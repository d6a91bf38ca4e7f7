"""A track as one HDF5 file (netCDF-4): structure through h5netcdf, chunks placed as they are.

Chunks arrive compressed from many threads; one at a time is placed with
``write_direct_chunk``. HDF5 compresses nothing itself.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5netcdf
import h5py
import numpy as np
from numpy.typing import NDArray

from genomearray.storage.chunks.codecs import Codec, ShuffleDeflate
from genomearray.storage.feature_layout import CHUNK, TEXT_CHUNK
from genomearray.storage.layout import (
    BLOCK,
    LIBVER,
    SEQUENCE_COLUMNS,
    SEQUENCES,
    SUMMARY,
    TABLE_CHUNK,
    Layout,
    dimension,
    variable_attributes,
)
from genomearray.storage.write.cast import Caster
from genomearray.storage.write.disk import Hdf5Disk
from genomearray.storage.write.encoding import BlockEncoder
from genomearray.storage.write.tables import Table, sequence_columns
from genomearray.summary import Summary, summary_dtype

# Level by kind of number, from benchmarks/chunks.md: 4 makes counts 4 % smaller than 3 and takes a
# fifth longer; floats gain nothing beyond 2.
DEFLATE_LEVEL = {"i": 4, "u": 4, "f": 2}


class Hdf5Sink:
    """Writes a track into the empty file of a part."""

    def __init__(
        self, path: Path, layout: Layout, dtype: np.dtype[Any], kind: str, fill: Any, units: str
    ) -> None:
        self.layout = layout
        self._path = path
        self._dtype = dtype
        self._kind = kind
        self._fill = fill
        self._lock = threading.Lock()
        self._disk = Hdf5Disk(path)
        self._file: Any = None
        try:
            with self._disk.calls():
                self._file = h5netcdf.File(self._disk, "w", libver=LIBVER)
                for variable in layout.variables:
                    self._create_variable(self._file, variable, kind, fill, units)
                self._create_tables(self._file)
                self._file.close()
            with self._disk.calls():
                self._file = h5py.File(self._disk, "r+", libver=LIBVER)
                if dtype.kind in "iu" and fill != 0:
                    # h5netcdf writes the fill as an attribute too, which would turn integers into floats.
                    for variable in layout.variables:
                        del self._file[variable.name].attrs["_FillValue"]
                self._datasets = {v.name: self._file[v.name] for v in layout.variables}
        except BaseException:
            self.abandon()
            raise

    def _create_variable(self, file: h5netcdf.File, variable: Any, kind: str, fill: Any, units: str) -> None:
        file.dimensions[dimension(variable.name)] = variable.length
        created = file.create_variable(
            variable.name,
            (dimension(variable.name),),
            dtype=self._dtype,
            chunks=(variable.chunk,),
            compression="gzip",
            compression_opts=DEFLATE_LEVEL[self._dtype.kind],
            shuffle=self._dtype.itemsize > 1,
            fillvalue=None
            if fill == 0
            else fill,  # it would be an attribute too, and 0 would read as missing
        )
        for name, value in variable_attributes(variable, kind, units, self.layout.assembly.name).items():
            created.attrs[name] = value

    def _create_tables(self, file: h5netcdf.File) -> None:
        rows = {SEQUENCES: ("sequence", len(self.layout.assembly)), SUMMARY: ("chunk", self.layout.n_chunks)}
        for table, (dim, size) in rows.items():
            group = file.create_group(table)
            group.dimensions[dim] = size
            for name in SEQUENCE_COLUMNS if table == SEQUENCES else Summary._fields:
                dtype = _column_dtype(table, name, self._dtype)
                # Without a filter on text: deflate would compress only the pointers.
                packed = (
                    {} if name == "name" else {"compression": "gzip", "compression_opts": 4, "shuffle": True}
                )
                group.create_variable(name, (dim,), dtype=dtype, chunks=(min(size, TABLE_CHUNK),), **packed)

    @staticmethod
    def codec_of(dtype: np.dtype[Any], _kind: str, chunk: int) -> Codec:
        """The codec of chunks of a length."""
        return ShuffleDeflate(dtype, chunk, DEFLATE_LEVEL[dtype.kind])

    def codec(self, variable: Any) -> Codec:
        return self.codec_of(self._dtype, self._kind, variable.chunk)

    def encoder(self, caster: Caster) -> BlockEncoder:
        return BlockEncoder(self._dtype, self._fill, caster.overflow, caster.round, Hdf5Sink, self._kind)

    def put(self, variable: Any, block: int, chunks: list[bytes | None]) -> None:
        target = self._datasets[variable.name].id
        with self._lock, self._disk.calls():
            for k, chunk in enumerate(chunks):
                if chunk is not None:
                    target.write_direct_chunk((block * BLOCK + k * variable.chunk,), chunk)

    def get(self, variable: Any, block: int) -> NDArray[Any]:
        with self._lock, self._disk.calls():
            values: NDArray[Any] = self._datasets[variable.name][block * BLOCK : (block + 1) * BLOCK]
        return values

    def finish(self, summary: Summary, sequences: Table, attributes: dict[str, str | int]) -> None:
        with self._disk.calls():
            for name, column in zip(Summary._fields, summary, strict=True):
                self._file[SUMMARY][name][:] = column
            for name, column in sequence_columns(self.layout, sequences).items():
                self._file[SEQUENCES][name][:] = column
            for key, value in attributes.items():
                self._file.attrs[key] = value
            self._file.close()
        self._disk.close()

    def abandon(self) -> None:
        """Close the file of a track that will not be."""
        give_up(self._disk, self._file)


@contextlib.contextmanager
def new_hdf5(path: Path) -> Iterator[h5netcdf.File]:
    """A small netCDF-4 file, written in one call."""
    disk = Hdf5Disk(path)
    file: Any = None
    try:
        with disk.calls():
            file = h5netcdf.File(disk, "w", libver=LIBVER)
            yield file
            file.close()
        disk.close()
    except BaseException:
        give_up(disk, file)
        raise


def give_up(disk: Hdf5Disk, file: Any) -> None:
    """Close a file that will not be kept; safe to call twice."""
    if disk.closed:
        return
    disk.drop()
    with contextlib.suppress(OSError, RuntimeError, ValueError, KeyError), disk.calls():
        if file is not None:
            file.close()
    disk.close()


def _column_dtype(table: str, name: str, dtype: np.dtype[Any]) -> Any:
    if name == "name":
        return h5py.string_dtype()
    if name in Summary._fields and not (table == SEQUENCES and name == "n"):
        return summary_dtype(name, dtype)
    return np.dtype("int64")


class Hdf5TableSink:
    """Columns of a feature table in an HDF5 file."""

    def __init__(self, path: Path) -> None:
        self._disk = Hdf5Disk(path)
        self._file: Any = None
        try:
            with self._disk.calls():
                self._file = h5netcdf.File(self._disk, "w", libver=LIBVER)
        except BaseException:
            self.abandon()
            raise

    def create(self, name: str, dim: str, n: int, dtype: Any, attributes: dict[str, str]) -> None:
        with self._disk.calls():
            self._create(name, dim, n, dtype, attributes)

    def _create(self, name: str, dim: str, n: int, dtype: Any, attributes: dict[str, str]) -> None:
        text = dtype.kind == "O"
        if dim not in self._file.dimensions:
            self._file.dimensions[dim] = n
        packed: dict[str, Any] = {"chunks": (min(n, TEXT_CHUNK),)} if text and n else {}
        packed = (
            packed
            if text or not n
            else {"compression": "gzip", "compression_opts": 4, "shuffle": True, "chunks": (min(n, CHUNK),)}
        )
        created = self._file.create_variable(
            name, (dim,), dtype=h5py.string_dtype() if text else dtype, **packed
        )
        for key, value in attributes.items():
            created.attrs[key] = value

    def write(self, name: str, first: int, values: NDArray[Any]) -> None:
        with self._disk.calls():
            self._file[name][first : first + values.size] = values

    def finish(self, attributes: dict[str, str | int]) -> None:
        with self._disk.calls():
            for key, value in attributes.items():
                self._file.attrs[key] = value
            self._file.close()
        self._disk.close()

    def abandon(self) -> None:
        give_up(self._disk, self._file)
