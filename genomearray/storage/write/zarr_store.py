"""A track as one Zarr v3 store: metadata through zarr-python, shards composed here.

A shard is a block of work: one task writes one shard, whole, to a temporary name and
renames it. (zarr-python writes chunks of 8-16 kbp into shards at 15-19 MB/s.)

References
----------
https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/index.html
"""

from __future__ import annotations

import os
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec, Crc32cCodec

from genomearray.choices import SEQUENCE
from genomearray.storage.chunks.codecs import BloscCrc, Codec, crc32c
from genomearray.storage.feature_layout import CHUNK, TEXT_CHUNK
from genomearray.storage.layout import (
    BLOCK,
    SEQUENCES,
    SUMMARY,
    TABLE_CHUNK,
    Layout,
    Variable,
    dimension,
    variable_attributes,
)
from genomearray.storage.write.cast import Caster
from genomearray.storage.write.encoding import BlockEncoder
from genomearray.storage.write.hidden import part_path, sync
from genomearray.storage.write.tables import Table, sequence_columns
from genomearray.summary import Summary

# By what is stored, from benchmarks/chunks.md. lz4 decodes four to eight times as fast as zstd: counts
# take 10 % more room with it, depth 60 %, floats 1 %; only letters are worth zstd.
BLOSC: dict[str, dict[str, Any]] = {
    "integers": {"cname": "lz4hc", "clevel": 4, "shuffle": "bitshuffle"},
    "floats": {"cname": "lz4", "clevel": 1, "shuffle": "bitshuffle"},
    "letters": {"cname": "zstd", "clevel": 3, "shuffle": "noshuffle"},
    "table": {"cname": "zstd", "clevel": 3, "shuffle": "shuffle"},
}
_MISSING = (1 << 64) - 1


class ZarrSink:
    """Writes a track into the empty folder of a part."""

    def __init__(
        self, path: Path, layout: Layout, dtype: np.dtype[Any], kind: str, fill: Any, units: str
    ) -> None:
        self.layout = layout
        self._path = path
        self._dtype = dtype
        self._fill = fill
        self._kind = kind
        # Not mode "w": it would remove the folder, and with it the lock that protects the part.
        self._root = zarr.open_group(path, mode="a", zarr_format=3)
        for variable in layout.variables:
            self._root.create_array(
                variable.name,
                shape=(variable.length,),
                dtype=dtype,
                chunks=(variable.chunk,),
                shards=(variable.chunk * min(variable.n_chunks, BLOCK // variable.chunk),),
                compressors=_compressors(dtype, _blosc(dtype, kind)),
                fill_value=fill,
                dimension_names=(dimension(variable.name),),
                attributes=dict(variable_attributes(variable, kind, units, layout.assembly.name)),
            )

    @staticmethod
    def codec_of(dtype: np.dtype[Any], kind: str, chunk: int) -> Codec:
        """The codec of chunks of a length."""
        blosc = _blosc(dtype, kind)
        return BloscCrc(dtype, chunk, blosc["cname"], blosc["clevel"], blosc["shuffle"])

    @staticmethod
    def place(path: Path, variable: Variable, block: int, chunks: list[bytes | None]) -> None:
        """Write the shard of a block into the store at ``path``: no other block is in it."""
        per_shard = min(variable.n_chunks, BLOCK // variable.chunk)
        _write_shard(path / variable.name / "c" / str(block), chunks, per_shard)

    def codec(self, variable: Variable) -> Codec:
        return self.codec_of(self._dtype, self._kind, variable.chunk)

    def encoder(self, caster: Caster) -> BlockEncoder:
        return BlockEncoder(
            self._dtype,
            self._fill,
            caster.overflow,
            caster.round,
            ZarrSink,
            self._kind,
            self._path.absolute(),
        )

    def put(self, variable: Variable, block: int, chunks: list[bytes | None]) -> None:
        self.place(self._path, variable, block, chunks)

    def get(self, variable: Variable, block: int) -> NDArray[Any]:
        values: NDArray[Any] = np.asarray(self._root[variable.name][block * BLOCK : (block + 1) * BLOCK])  # type: ignore[index]
        return values

    def finish(self, summary: Summary, sequences: Table, attributes: dict[str, str | int]) -> None:
        for name, column in zip(Summary._fields, summary, strict=True):
            self._create_column(f"{SUMMARY}/{name}", "chunk", column)
        for name, column in sequence_columns(self.layout, sequences).items():
            self._create_column(f"{SEQUENCES}/{name}", "sequence", column)
        self._root.attrs.update(attributes)
        with warnings.catch_warnings():
            # zarr-python warns that consolidated metadata are not part of the v3 text yet;
            # plain xarray warns without them.
            warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
            zarr.consolidate_metadata(self._path)
        for folder, _, files in os.walk(self._path):
            for name in files:
                if name == "zarr.json":
                    sync(Path(folder) / name)
                elif name.endswith(".part"):  # of a worker that was killed; another one did its work
                    Path(folder, name).unlink(missing_ok=True)
            sync(Path(folder))

    def _create_column(self, path: str, dim: str, column: NDArray[Any]) -> None:
        text = column.dtype.kind == "O"
        chunk = column.size if text else min(column.size, TABLE_CHUNK)
        array = self._root.create_array(
            path,
            shape=column.shape,
            dtype=str if text else column.dtype,
            chunks=(chunk,),
            shards=None if text else (-(-column.size // chunk) * chunk,),  # so that the chunk map reads them
            compressors=_compressors(np.dtype("uint8"), BLOSC["letters"])
            if text
            else _compressors(column.dtype, BLOSC["table"]),
            fill_value="" if text else 0,
            dimension_names=(dim,),
            config={"write_empty_chunks": True},
        )
        array[:] = column

    def abandon(self) -> None:
        """Nothing is open."""


def _blosc(dtype: np.dtype[Any], kind: str) -> dict[str, Any]:
    return BLOSC["letters" if kind == SEQUENCE else "floats" if dtype.kind == "f" else "integers"]


def _compressors(dtype: np.dtype[Any], blosc: dict[str, Any]) -> list[Any]:
    return [BloscCodec(typesize=dtype.itemsize, **blosc), Crc32cCodec()]


def _write_shard(path: Path, chunks: list[bytes | None], per_shard: int) -> None:
    """Chunks end to end, then their places and a checksum; nothing for a shard without chunks."""
    if all(chunk is None for chunk in chunks):
        return
    places, offset = [], 0
    for chunk in chunks:
        places.append((_MISSING, _MISSING) if chunk is None else (offset, len(chunk)))
        offset += len(chunk or b"")
    places += [(_MISSING, _MISSING)] * (per_shard - len(chunks))
    index = struct.pack(f"<{2 * per_shard}Q", *(number for place in places for number in place))
    path.parent.mkdir(exist_ok=True)
    # A task of a cluster may run twice, on a worker given up too early and on another one.
    part = part_path(path, path.name)
    with part.open("wb") as file:
        file.writelines(chunk for chunk in chunks if chunk is not None)
        file.write(index + struct.pack("<I", crc32c(index)))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


class ZarrTableSink:
    """Columns of a feature table in a Zarr store."""

    def __init__(self, path: Path) -> None:
        # Not mode "w": it would remove the folder, and with it the lock that protects the part.
        self._path = path
        self._root: Any = zarr.open_group(path, mode="a", zarr_format=3)

    def create(self, name: str, dim: str, n: int, dtype: Any, attributes: dict[str, str]) -> None:
        text = dtype.kind == "O"
        packed = (
            []
            if text
            else [
                BloscCodec(typesize=dtype.itemsize, cname="zstd", clevel=3, shuffle="shuffle"),
                Crc32cCodec(),
            ]
        )
        self._root.create_array(
            name,
            shape=(n,),
            dtype=str if text else dtype,
            chunks=(max(1, min(n, TEXT_CHUNK if text else CHUNK)),),
            compressors=packed or "auto",
            fill_value="" if text else 0,
            dimension_names=(dim,),
            attributes=attributes,
        )

    def write(self, name: str, first: int, values: NDArray[Any]) -> None:
        self._root[name][first : first + values.size] = values

    def finish(self, attributes: dict[str, str | int]) -> None:
        self._root.attrs.update(attributes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that consolidated metadata are not in the specification yet
            zarr.consolidate_metadata(self._path)

    def abandon(self) -> None:
        """Nothing is open."""
