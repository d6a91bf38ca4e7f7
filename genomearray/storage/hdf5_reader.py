"""Reading a track from its HDF5 file; h5py finds the chunks, the chunk map reads them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from genomearray.storage.chunk_map import Array1D, ChunkDamage, ChunkedArray, OpenFile
from genomearray.storage.codecs import ShuffleDeflate

FIRST_READS = 50  # read_direct_chunk costs 4 us a chunk, the map of chr1 8-100 ms once
_SHUFFLE, _DEFLATE = h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE


class Hdf5Store:
    """An open HDF5 file of the layout; many threads may read."""

    form = "h5"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._raw = OpenFile(path)
        # Visible files never change, so no lock is needed; some network file systems have none.
        # Through another driver than the default one: HDF5 refuses to open a file twice in a process
        # with different locking, and a user may have it open in plain h5py or xarray.
        self._file = h5py.File(path, "r", driver="stdio", locking=False)

    def attributes(self) -> dict[str, Any]:
        """Attributes of the root."""
        return {name: _plain(value) for name, value in self._file.attrs.items()}

    def variables(self) -> list[str]:
        """Names of the 1-D variables of the root."""
        return [name for name in self._file if not name.startswith("pos_") and isinstance(self._file[name], h5py.Dataset)]

    def variable_attributes(self, name: str) -> dict[str, Any]:
        """Attributes of a variable, without those of netCDF itself."""
        hidden = ("DIMENSION_LIST", "_Netcdf4Coordinates", "_Netcdf4Dimid", "_FillValue")
        return {key: _plain(value) for key, value in self._file[name].attrs.items() if key not in hidden}

    def array(self, path: str, expected: Callable[[], NDArray[np.bool_]] | None = None) -> Array1D | None:
        """The 1-D array at a path, or None."""
        dataset = self._file.get(path)
        if not isinstance(dataset, h5py.Dataset):
            return None
        codec = _codec(dataset)
        if codec is None:
            return _PlainDataset(dataset)
        return ChunkedArray(dataset.shape[0], dataset.chunks[0], codec, dataset.fillvalue, _Hdf5Chunks(dataset, self._raw), expected)

    def names(self) -> list[str]:
        """Column ``name`` of /sequences."""
        return [str(name) for name in self._file["sequences/name"].asstr()[:]]


class _Hdf5Chunks:
    """Chunks of a dataset: asked for one by one at first, by their place in the file later."""

    def __init__(self, dataset: h5py.Dataset, file: OpenFile) -> None:
        self._dataset = dataset
        self._id = dataset.id
        self._chunk = dataset.chunks[0]
        self._n = -(-dataset.shape[0] // self._chunk)
        self._file = file
        self._map: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None
        self._reads = 0
        self._lock = threading.Lock()

    def raw(self, index: int) -> bytes | None:
        if self._map is None:
            self._reads += 1
            if self._reads <= FIRST_READS:
                return self._ask(index)
            self.prepare()
        assert self._map is not None
        size = int(self._map[1][index])
        return self._file.read(size, int(self._map[0][index])) if size else None

    def _ask(self, index: int) -> bytes | None:
        try:
            mask, data = self._id.read_direct_chunk((index * self._chunk,))
        except (OSError, RuntimeError, ValueError, MemoryError):
            # h5py 3.16 takes the size of a chunk that is not stored from uninitialised memory.
            return None
        if mask:
            raise ValueError(f"the chunk skips filters (mask {mask}), which genomearray never writes")
        return bytes(data)

    def prepare(self) -> None:
        if self._map is not None:
            return
        with self._lock:
            if self._map is not None:
                return
            offsets, sizes = np.zeros(self._n, np.int64), np.zeros(self._n, np.int64)
            masked: list[int] = []

            def note(info: Any) -> None:
                index = info.chunk_offset[0] // self._chunk
                offsets[index], sizes[index] = info.byte_offset, info.size
                if info.filter_mask:
                    masked.append(index)

            self._id.chunk_iter(note)
            if masked:
                raise ValueError(f"{len(masked)} chunks skip filters, which genomearray never writes")
            self._map = (offsets, sizes)

    def stored(self) -> NDArray[np.bool_]:
        self.prepare()
        assert self._map is not None
        return self._map[1] > 0


class _PlainDataset:
    """What the chunk map does not know (contiguous data, other filters), read by h5py."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self.length = dataset.shape[0]
        self.dtype = dataset.dtype.newbyteorder("=")
        self._dataset = dataset

    def read(self, start: int, end: int) -> NDArray[Any]:
        try:
            return np.asarray(self._dataset[start:end], dtype=self.dtype)
        except (ValueError, OSError, RuntimeError) as error:
            raise ChunkDamage(start, end, str(error)) from error


def _codec(dataset: h5py.Dataset) -> ShuffleDeflate | None:
    if dataset.chunks is None or len(dataset.shape) != 1 or dataset.dtype.kind not in "iuf":
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
