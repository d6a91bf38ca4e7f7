"""A track as one HDF5 file (netCDF-4): structure through h5netcdf, chunks placed as they are."""

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

from genomearray.storage.chunks.chunk_index import IndexPlace, encode_index, find_index, set_address, set_end
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
    """Writes a track into the empty file of a part.

    HDF5 makes the structure; the compressed chunks are appended behind it as they come, from any thread,
    and their index is written at once at the end (:mod:`genomearray.storage.chunks.chunk_index`): HDF5
    itself takes them one by one, which would be most of the time of writing a genome.
    """

    def __init__(
        self, path: Path, layout: Layout, dtype: np.dtype[Any], kind: str, fill: Any, units: str
    ) -> None:
        self.layout = layout
        self._path = path
        self._dtype = dtype
        self._kind = kind
        self._fill = fill
        self._lock = threading.Lock()
        self._spans: dict[tuple[str, int], tuple[int, int]] = {}  # offset and bytes of each block
        self._free: list[tuple[int, int]] = []
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
                headers = {v.name: h5py.h5o.get_info(self._file[v.name].id).addr for v in layout.variables}
                self._file.close()
            self._chunks = {
                v.name: _Chunks(v.length, v.chunk, find_index(self._disk.read_at, headers[v.name]))
                for v in layout.variables
            }
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
        table = self._chunks[variable.name]
        first = block * BLOCK // variable.chunk
        which = [first + k for k, chunk in enumerate(chunks) if chunk is not None]
        data = [chunk for chunk in chunks if chunk is not None]
        if table.place is None:  # of another index: few, see _Chunks
            table.held.update(zip(which, data, strict=True))
            return
        sizes = np.array([len(chunk) for chunk in data], np.int64)
        at = self._place((variable.name, block), int(sizes.sum()))
        self._disk.write_at(at, b"".join(data))
        table.offsets[which], table.sizes[which] = at + np.cumsum(sizes) - sizes, sizes

    def _place(self, block: tuple[str, int], size: int) -> int:
        """Where the chunks of a block go: where they were, if it was written before and they fit."""
        with self._lock:
            old = self._spans.pop(block, None)
            if old is not None:
                self._free.append(old)
            for k, (at, room) in enumerate(self._free):
                if size <= room:
                    self._free[k] = at + size, room - size
                    break
            else:
                at = self._disk.reserve(size)
            self._spans[block] = at, size
        return at

    def get(self, variable: Any, block: int) -> NDArray[Any]:
        table, codec = self._chunks[variable.name], self.codec(variable)
        start, end = block * BLOCK, min((block + 1) * BLOCK, variable.length)
        values = np.full(end - start, self._fill, self._dtype)
        for index in range(start // variable.chunk, -(-end // variable.chunk)):
            chunk = table.held.get(index)
            if table.sizes[index]:
                chunk = self._disk.read_at(int(table.sizes[index]), int(table.offsets[index]))
            if chunk is not None:
                low = index * variable.chunk
                codec.values(codec.payload(chunk), 0, min(variable.chunk, end - low), values, low - start)
        return values

    def finish(self, summary: Summary, sequences: Table, attributes: dict[str, str | int]) -> None:
        self._write_indexes()
        with self._disk.calls():
            self._file = h5py.File(self._disk, "r+", libver=LIBVER)
            for variable in self.layout.variables:
                for index, chunk in self._chunks[variable.name].held.items():
                    self._file[variable.name].id.write_direct_chunk((index * variable.chunk,), chunk)
            for name, column in zip(Summary._fields, summary, strict=True):
                self._file[SUMMARY][name][:] = column
            for name, column in sequence_columns(self.layout, sequences).items():
                self._file[SEQUENCES][name][:] = column
            for key, value in attributes.items():
                self._file.attrs[key] = value
            self._file.close()
        self._disk.close()

    def _write_indexes(self) -> None:
        read, write = self._disk.read_at, self._disk.write_at
        for table in self._chunks.values():
            if table.place is None or not table.sizes.any():
                continue
            at = self._disk.reserve(0)
            pieces = encode_index(at, table.offsets, table.sizes, table.chunk * self._dtype.itemsize)
            where, piece = pieces[-1]
            self._disk.reserve(where + len(piece) - at)
            for where, piece in pieces:
                write(where, piece)
            write(*set_address(read, table.place, at))
        write(*set_end(read, self._disk.reserve(0)))

    def abandon(self) -> None:
        """Close the file of a track that will not be."""
        give_up(self._disk, self._file)


class _Chunks:
    """Where the chunks of one variable lie.

    Attributes
    ----------
    place : IndexPlace or None
        None for a variable of one chunk, which has no index: its chunk is ``held`` until the end.
    offsets, sizes : ndarray of int64
        In the file; size 0 for a chunk that was not written.
    """

    def __init__(self, length: int, chunk: int, place: IndexPlace | None) -> None:
        n = -(-length // chunk)
        if place is None and n > 1:
            raise RuntimeError(f"HDF5 made an index of another kind for {n} chunks than it was asked for")
        self.chunk = chunk
        self.place = place
        self.offsets, self.sizes = np.zeros(n, np.int64), np.zeros(n, np.int64)
        self.held: dict[int, bytes] = {}


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
