"""Reading a track from its Zarr v3 store; zarr-python is loaded only for what it must read.

References
----------
https://zarr-specs.readthedocs.io/en/latest/v3/core/index.html
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.storage.chunks.chunk_map import (
    Array1D,
    ChunkedArray,
    ChunkFile,
    ChunkPlaces,
    PlainArray,
    places_in,
)
from genomearray.storage.chunks.codecs import CRC_BYTES, BloscCrc, crc32c
from genomearray.storage.chunks.open_files import OpenFile, OpenFolder, open_files
from genomearray.storage.read.remote import RemoteFile, RemoteFolder

_MISSING = np.uint64((1 << 64) - 1)
_ENTRY = 16  # bytes of (offset, size)


class ZarrStore:
    """An open Zarr store of the layout, on disk or at a URL; many threads may read."""

    form = "zarr"

    def __init__(self, path: Path | str) -> None:
        self.path = path
        self._folder: OpenFolder | RemoteFolder = (
            RemoteFolder(path) if isinstance(path, str) else OpenFolder(path, "zarr.json")
        )
        self._root = json.loads(self._folder.content("zarr.json"))
        consolidated = self._root.get("consolidated_metadata") or {}
        self._metadata: dict[str, dict[str, Any]] = dict(consolidated.get("metadata") or {})
        self._complete = bool(self._metadata)

    def identity(self) -> tuple[Any, ...]:
        """What was opened."""
        return self._folder.identity()

    def close(self) -> None:
        """Nothing: shards are closed when nobody reads them."""

    def attribute(self, variable: str | None, key: str) -> Any:
        """One attribute of the root, or of a variable; None where there is none."""
        return (self.attributes() if variable is None else self.variable_attributes(variable)).get(key)

    def attributes(self) -> dict[str, Any]:
        """Attributes of the root."""
        return dict(self._root.get("attributes") or {})

    def variables(self) -> list[str]:
        """Names of the 1-D variables of the root, in table order."""
        if not self._complete:
            self._metadata |= {name: self._describe(name) or {} for name in self._folder.folders()}
        arrays = [n for n, m in self._metadata.items() if "/" not in n and m.get("node_type") == "array"]
        return sorted(arrays, key=lambda name: self.variable_attributes(name).get("sequence_row", 1 << 62))

    def variable_attributes(self, name: str) -> dict[str, Any]:
        """Attributes of a variable."""
        return dict((self._describe(name) or {}).get("attributes") or {})

    def array(self, path: str, expected: Callable[[], NDArray[np.bool_]] | None = None) -> Array1D | None:
        """The 1-D array at a path, or None."""
        described = self._describe(path)
        if described is None or described.get("node_type") != "array":
            return None
        known = _known_codecs(described)
        if known is None:
            array = _open_with_zarr(self.path, path)
            return PlainArray(
                int(array.shape[0]),
                np.dtype(array.dtype).newbyteorder("="),
                lambda start, end: array[start:end],
            )
        length, per_shard, codec = known
        fill = codec.dtype.type(_number(described["fill_value"]))
        source = _Shards(self._folder, path, -(-length // codec.length), per_shard)
        return ChunkedArray(length, codec.length, codec, fill, source, expected)

    def names(self) -> list[str]:
        """Column ``name`` of /sequences."""
        described = self._describe("sequences/name") or {}
        kinds = [codec["name"] for codec in described.get("codecs", [])]
        if kinds != ["vlen-utf8", "blosc", "crc32c"]:
            return [str(name) for name in _open_with_zarr(self.path, "sequences/name")[:]]
        from numcodecs import blosc
        from numcodecs.vlen import VLenUTF8

        raw = self._folder.content("sequences/name/c/0")
        if crc32c(raw[:-CRC_BYTES]) != int.from_bytes(raw[-CRC_BYTES:], "little"):
            raise ValueError("the crc32c checksum of the names does not agree")
        return [str(name) for name in VLenUTF8().decode(blosc.decompress(raw[:-CRC_BYTES]))]

    def _describe(self, path: str) -> dict[str, Any] | None:
        if path not in self._metadata:
            if self._complete:
                return None
            try:
                self._metadata[path] = json.loads(self._folder.content(f"{path}/zarr.json"))
            except OSError:
                return None
        return self._metadata[path]


class _Shards:
    """Chunks of one array: places from the shard's index, bytes from the shard."""

    def __init__(self, folder: OpenFolder | RemoteFolder, path: str, n_chunks: int, per_shard: int) -> None:
        self._folder = folder
        self._path = path
        self._n = n_chunks
        self._per_shard = per_shard
        self._indexes: dict[int, NDArray[np.int64] | None] = {}
        self._token = object()

    @property
    def one_local_file(self) -> bool:
        return False

    def place(self, index: int) -> tuple[ChunkFile, int, int] | None:
        shard, k = divmod(index, self._per_shard)
        places = self._index(shard)
        if places is None:
            return None
        return self._file(shard), int(places[k, 0]), int(places[k, 1])

    def raw(self, index: int) -> bytes | None:
        place = self.place(index)
        if place is None or not place[2]:
            return None
        file, offset, size = place
        return file.read(size, offset)

    def places(self, indexes: NDArray[np.int64]) -> ChunkPlaces:
        shards, within = np.divmod(indexes, self._per_shard)
        places = np.zeros((indexes.size, 2), dtype=np.int64)
        of = np.zeros(indexes.size, dtype=np.int64)
        files: list[ChunkFile] = []
        for shard in np.unique(shards).tolist():
            index = self._index(shard)
            if index is not None:
                here = shards == shard
                places[here], of[here] = index[within[here]], len(files)
                files.append(self._file(shard))
        return (
            places_in(files, of, places[:, 0], places[:, 1])
            if files
            else ChunkPlaces(-1, places[:, 0], places[:, 1])
        )

    def stored(self) -> NDArray[np.bool_]:
        stored = np.zeros(self._n, dtype=bool)
        for shard in range(-(-self._n // self._per_shard)):
            places = self._index(shard)
            part = stored[shard * self._per_shard : (shard + 1) * self._per_shard]
            if places is not None:
                part[:] = places[: part.size, 1] > 0
        return stored

    def _file(self, shard: int) -> OpenFile | RemoteFile:
        file: OpenFile | RemoteFile = open_files.get(
            (self._token, shard), lambda: self._folder.file(f"{self._path}/c/{shard}")
        )
        return file

    def _index(self, shard: int) -> NDArray[np.int64] | None:
        if shard not in self._indexes:
            self._indexes[shard] = self._read_index(shard)
        return self._indexes[shard]

    def _read_index(self, shard: int) -> NDArray[np.int64] | None:
        try:
            file = self._file(shard)
            length = file.size()
        except FileNotFoundError:
            return None  # nothing but fill; whether that is right is judged by the summary
        size = self._per_shard * _ENTRY + CRC_BYTES
        if length < size:
            raise ValueError(f"the shard is cut: it has {length} bytes, its index alone {size}")
        raw = file.read(size, length - size)
        if struct.unpack("<I", raw[-CRC_BYTES:])[0] != crc32c(raw[:-CRC_BYTES]):
            raise ValueError("the checksum of the shard's index does not agree")
        index = np.frombuffer(raw[:-CRC_BYTES], "<u8").reshape(self._per_shard, 2)
        return np.where(index == _MISSING, 0, index).astype(np.int64)


def _open_with_zarr(store: Path | str, path: str) -> Any:
    import zarr

    return zarr.open_group(store, mode="r", zarr_format=3)[path]


def _known_codecs(described: dict[str, Any]) -> tuple[int, int, BloscCrc] | None:
    """Length, chunks in a shard and codec of an array as this library writes it, else None."""
    try:
        (length,) = described["shape"]
        (sharding,) = described["codecs"]
        (shard,) = described["chunk_grid"]["configuration"]["chunk_shape"]
        inner = sharding["configuration"]
        (chunk,) = inner["chunk_shape"]
        endian, compressor, checksum = inner["codecs"]
        dtype = np.dtype(described["data_type"])
    except (KeyError, ValueError, TypeError):
        return None
    little = endian.get("configuration", {}).get("endian", "little") == "little"
    kinds = (sharding["name"], endian["name"], compressor["name"], checksum["name"])
    known = (
        kinds == ("sharding_indexed", "bytes", "blosc", "crc32c")
        and little
        and described["chunk_grid"]["name"] == "regular"
        and described.get("chunk_key_encoding", {}).get("configuration", {}).get("separator", "/") == "/"
        and inner.get("index_location", "end") == "end"
        and [codec["name"] for codec in inner["index_codecs"]] == ["bytes", "crc32c"]
        and shard % chunk == 0
    )
    return (length, shard // chunk, BloscCrc(dtype.newbyteorder("<"), chunk)) if known else None


def _number(fill: Any) -> Any:
    return float(fill) if isinstance(fill, str) else fill
