"""Reading a track from its HDF5 file; h5py finds the chunks, the chunk map reads them."""

from __future__ import annotations

import atexit
import os
import struct
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from genomearray.errors import TrackReplacedError, UnknownTrackError
from genomearray.storage.calm import without_collector
from genomearray.storage.chunks.chunk_index import find_index, read_index
from genomearray.storage.chunks.chunk_map import (
    Array1D,
    ChunkedArray,
    ChunkFile,
    ChunkPlaces,
    PlainArray,
    places_in,
)
from genomearray.storage.chunks.codecs import ShuffleDeflate, names_crc
from genomearray.storage.chunks.open_files import ForkSafeLock, OpenFile, open_files
from genomearray.storage.layout import NAMES_CRC
from genomearray.storage.read.remote import RemoteFile

FIRST_READS = 50  # read_direct_chunk costs 4 us a chunk, the map of chr1 2-4 ms once
_FEW = 256  # chunks whose map costs less than what it saves
_ID = "id"  # attribute of a track
_RESERVED = ("_nc",)  # attributes that netCDF keeps for itself and lets nobody write
_SHUFFLE, _DEFLATE = h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE


class _Opening:
    """A file while HDF5 has it open, and the datasets that were asked for.

    Whoever uses one of them holds the opening: HDF5 closes them all with the file.
    """

    def __init__(self, file: h5py.File) -> None:
        self.file = file
        self._datasets: dict[str, Any] = {}

    def dataset(self, path: str) -> Any:
        """What is at a path; None for nothing."""
        if path not in self._datasets:
            self._datasets[path] = self.file.get(path)
        return self._datasets[path]


class Hdf5Store:
    """An open HDF5 file of the layout, on disk or at a URL; many threads may read.

    Parameters
    ----------
    path : Path, or str for a URL
    kept : bool
        Keep the file open. Else it is one of a bounded number of open files, and is opened again when it is
        needed, if it is still the same.
    """

    form = "h5"

    def __init__(self, path: Path | str, *, kept: bool = False) -> None:
        self.path = path
        # What HDF5 asks of a remote file comes back to Python, where the garbage collector could free
        # other HDF5 objects in the middle of a call, which HDF5 does not survive.
        self._calm: Callable[[], AbstractContextManager[None]] = (
            without_collector if isinstance(path, str) else nullcontext
        )
        self.is_local = isinstance(path, Path)
        self.openings = 1
        self._keys = object(), object()  # of our own descriptor, and of HDF5's
        self._closed = False
        with self._calm():
            raw, file = _open_remote(path) if isinstance(path, str) else _open_both(path)
        self._identity: tuple[Any, ...] = raw.identity()
        self._stamp = raw.stamp() if isinstance(raw, OpenFile) else ()
        self._id = file.attrs.get(_ID)
        opened = raw, _Opening(file)
        self._kept = opened if kept or not self.is_local else None
        if self._kept is None:
            for key, one in zip(self._keys, opened, strict=True):
                open_files.get(key, partial(_given, one))

    def raw(self) -> OpenFile | RemoteFile:
        """The bytes of the file."""
        if self._kept is not None:
            return self._kept[0]
        known: OpenFile = open_files.get(self._keys[0], self._raw_again)
        return known

    def opening(self) -> _Opening:
        """The file, open in HDF5."""
        if self._kept is not None:
            return self._kept[1]
        known: _Opening = open_files.get(self._keys[1], self._again)
        return known

    def _raw_again(self) -> OpenFile:
        """The same file once more."""
        self._refuse_closed()
        try:
            raw = OpenFile(self.path)
        except FileNotFoundError:
            raise self._gone() from None
        if raw.stamp() != self._stamp:
            self._again()  # HDF5 says whether it is the same track, touched since
            self._stamp = raw.stamp()
        return raw

    def _again(self) -> _Opening:
        """The same file once more, in HDF5."""
        self._refuse_closed()
        assert isinstance(self.path, Path)
        self.openings += 1
        try:
            opened = _Opening(open_hdf5(self.path))
        except FileNotFoundError:
            raise self._gone() from None
        # An inode is used again: the id tells the track.
        if _identity(opened.file) != self._identity or opened.file.attrs.get(_ID) != self._id:
            raise TrackReplacedError(
                f"track {self.path} was replaced or removed since it was opened; open it again"
            )
        return opened

    def _gone(self) -> UnknownTrackError:
        return UnknownTrackError(f"track {self.path} cannot be reached any more: it is not there")

    def _refuse_closed(self) -> None:
        if self._closed:
            raise ValueError("the track is closed")

    @property
    def file(self) -> h5py.File:
        """The file as h5py sees it."""
        return self.opening().file

    def identity(self) -> tuple[Any, ...]:
        """What was opened."""
        return self._identity

    def close(self) -> None:
        """Close the file."""
        self._closed = True
        opened = self._kept[1] if self._kept is not None else open_files.drop(self._keys[1])
        open_files.drop(self._keys[0])
        if opened is not None:
            with self._calm():
                opened.file.close()

    def attribute(self, variable: str | None, key: str) -> Any:
        """One attribute of the root, or of a variable; None where there is none."""
        with self._calm():
            opened = self.opening()
            attributes = (opened.file if variable is None else opened.file[variable]).attrs
            # Not attrs.get: it takes an attribute that cannot be read for one that is not there.
            return _plain(attributes[key]) if key in attributes else None

    def attributes(self) -> dict[str, Any]:
        """Attributes of the root."""
        with self._calm():
            opened = self.opening()
            return {
                name: _plain(value)
                for name, value in opened.file.attrs.items()
                if not name.lower().startswith(_RESERVED)
            }

    def variables(self) -> list[str]:
        """Names of the 1-D variables of the root."""
        with self._calm():
            opened = self.opening()
            return [
                name
                for name in opened.file
                if not name.startswith("pos_") and isinstance(opened.file[name], h5py.Dataset)
            ]

    def variable_attributes(self, name: str) -> dict[str, Any]:
        """Attributes of a variable, without those of netCDF itself."""
        hidden = ("DIMENSION_LIST", "_Netcdf4Coordinates", "_Netcdf4Dimid", "_FillValue")
        with self._calm():
            opened = self.opening()
            attributes = opened.file[name].attrs
            # Only those: the others point into a heap without checksums, where HDF5 can loop forever.
            return {key: _plain(attributes[key]) for key in attributes if key not in hidden}

    def array(self, path: str, expected: Callable[[], NDArray[np.bool_]] | None = None) -> Array1D | None:
        """The 1-D array at a path, or None."""
        with self._calm():
            opened = self.opening()
            dataset = opened.dataset(path)
            if not isinstance(dataset, h5py.Dataset):
                return None
            codec = _codec(dataset)
            if codec is None:
                return PlainArray(
                    dataset.shape[0], dataset.dtype.newbyteorder("="), partial(self._take, path)
                )
            chunks = _Hdf5Chunks(self, path, dataset, self._calm)
            return ChunkedArray(
                dataset.shape[0], dataset.chunks[0], codec, dataset.fillvalue, chunks, expected
            )

    def _take(self, path: str, start: int, end: int) -> Any:
        with self._calm():
            opened = self.opening()
            return opened.dataset(path)[start:end]

    def names(self) -> list[str]:
        """Column ``name`` of /sequences."""
        with self._calm():
            opened = self.opening()
            names = [str(name) for name in opened.file["sequences/name"].asstr()[:]]
            known = opened.file.attrs[NAMES_CRC]
        # HDF5 keeps text in a heap without a checksum.
        if names_crc(names) != known:
            raise ValueError("the checksum of the names does not agree")
        return names


def _open_both(path: Path) -> tuple[OpenFile, h5py.File]:
    """Our own descriptor and HDF5's, of the same file also while it is being replaced."""
    while True:
        raw, file = OpenFile(path), open_hdf5(path)
        if _identity(file) == raw.identity():
            return raw, file
        file.close()


def _identity(file: h5py.File) -> tuple[int, int]:
    """Device and inode of a file on disk."""
    status = os.fstat(file.id.get_vfd_handle())
    return status.st_dev, status.st_ino


def _given(one: Any) -> Any:
    return one


def _open_remote(url: str) -> tuple[RemoteFile, h5py.File]:
    raw = RemoteFile(url)
    file = h5py.File(raw.open(), "r")
    _remote_files.add(file)
    return raw, file


_remote_files: weakref.WeakSet[h5py.File] = weakref.WeakSet()


@atexit.register
def _close_remote() -> None:
    """HDF5 would ask Python for bytes after Python is gone."""
    with without_collector():
        for file in list(_remote_files):
            file.close()


def open_hdf5(path: Path) -> h5py.File:
    """A file on disk as h5py sees it, for reading."""
    # With HDF5's default locking, as plain h5py and xarray: a file cannot be open twice in one process
    # with different locking. The driver reads with pread, so forked processes may go on reading.
    try:
        return h5py.File(path, "r")
    except OSError:
        # Somebody holds a lock, or the file system has none. Visible files never change: none is needed.
        # What else is wrong is wrong again.
        return h5py.File(path, "r", locking=False)


class _Hdf5Chunks:
    """Chunks of a dataset: asked for one by one at first, by their place in the file later."""

    def __init__(
        self,
        store: Hdf5Store,
        path: str,
        dataset: h5py.Dataset,
        calm: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._store = store
        self._path = path
        self._calm = calm
        self._chunk = dataset.chunks[0]
        self._nbytes = self._chunk * dataset.dtype.itemsize
        self._n = -(-dataset.shape[0] // self._chunk)
        self._map: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._reads = 0
        self._lock = ForkSafeLock()

    @property
    def one_local_file(self) -> bool:
        return self._store.is_local

    def place(self, index: int) -> tuple[ChunkFile, int, int] | None:
        if self._map is None:
            store = self._store
            # A file that had to be opened again would have to be opened for each chunk.
            if self._n > _FEW and self._reads < FIRST_READS and store.is_local and store.openings == 1:
                return None
            self._whole_map()
        assert self._map is not None
        return self._store.raw(), int(self._map[0][index]), int(self._map[1][index])

    def raw(self, index: int) -> bytes | None:
        place = self.place(index)
        if place is None:
            self._reads += 1
            return self._ask(index)
        file, offset, size = place
        return file.read(size, offset) if size else None

    def places(self, indexes: NDArray[np.int64]) -> ChunkPlaces:
        offsets, sizes = self._whole_map()
        return places_in(
            [self._store.raw()], np.zeros(indexes.size, np.int64), offsets[indexes], sizes[indexes]
        )

    def _ask(self, index: int) -> bytes | None:
        try:
            opened = self._store.opening()
            mask, data = opened.dataset(self._path).id.read_direct_chunk((index * self._chunk,))
        except (OSError, RuntimeError, ValueError, MemoryError):
            # h5py 3.16 takes the size of a chunk that is not stored from uninitialised memory.
            return None
        if mask:
            raise ValueError(f"the chunk skips filters (mask {mask}), which genomearray never writes")
        return bytes(data)

    def _whole_map(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Byte offset and size of every chunk."""
        if self._map is not None:
            return self._map
        with self._lock:
            if self._map is not None:
                return self._map
            self._map = self._index_at_once() or self._index_one_by_one()
            return self._map

    def _index_at_once(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        with self._calm():
            opened = self._store.opening()
            header = h5py.h5o.get_info(opened.dataset(self._path).id).addr
            read = self._store.raw().read
            try:
                place = find_index(read, header)
                return None if place is None else read_index(read, place, self._n, self._nbytes)
            except (ValueError, OSError, OverflowError, struct.error):
                return None  # HDF5 says what is wrong

    def _index_one_by_one(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of an index that only HDF5 knows."""
        offsets, sizes = np.zeros(self._n, np.int64), np.zeros(self._n, np.int64)
        masked: list[int] = []

        def note(info: Any) -> None:
            index = info.chunk_offset[0] // self._chunk
            offsets[index], sizes[index] = info.byte_offset, info.size
            if info.filter_mask:
                masked.append(index)

        with self._calm():
            opened = self._store.opening()
            opened.dataset(self._path).id.chunk_iter(note)
        if masked:
            raise ValueError(f"{len(masked)} chunks skip filters, which genomearray never writes")
        return offsets, sizes

    def stored(self) -> NDArray[np.bool_]:
        return self._whole_map()[1] > 0


def _codec(dataset: h5py.Dataset) -> ShuffleDeflate | None:
    if (
        dataset.chunks is None
        or len(dataset.shape) != 1
        or dataset.dtype.kind not in "iuf"
        or not dataset.dtype.isnative
    ):
        return None
    filters = dataset.id.get_create_plist()
    kinds = [filters.get_filter(k)[0] for k in range(filters.get_nfilters())]
    if kinds not in ([_SHUFFLE, _DEFLATE], [_DEFLATE]):
        return None
    return ShuffleDeflate(dataset.dtype, dataset.chunks[0], shuffle=_SHUFFLE in kinds)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.ndarray) and value.size == 1:  # how netCDF writes a number
        value = value.reshape(())[()]
    return value.item() if isinstance(value, np.generic) else value
