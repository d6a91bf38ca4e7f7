"""One chunk of values <-> the bytes on disk, for both forms of storage.

Encoding and decoding run in threads: the codec libraries release the GIL. A decoded
chunk stays in the order of bytes of its codec (a *payload*) and only the values asked
for are put in order, so that a read of 100 bp does not pay for 16,384.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

CRC_BYTES = 4


class Codec(ABC):
    """Encodes and decodes chunks of ``length`` values of ``dtype``."""

    def __init__(self, dtype: np.dtype[Any], length: int) -> None:
        self.dtype = dtype
        self.length = length
        self.nbytes = length * dtype.itemsize

    @abstractmethod
    def encode(self, chunks: NDArray[Any]) -> list[bytes]:
        """Bytes on disk of full chunks, shape (n, length), contiguous."""

    @abstractmethod
    def payload(self, raw: bytes) -> bytes:
        """Decompressed bytes of a chunk; ValueError when they cannot be what was written."""

    @abstractmethod
    def values(self, payload: bytes, start: int, end: int, out: NDArray[Any]) -> None:
        """Put the values [start, end) of a payload into ``out``."""

    def _checked(self, payload: bytes) -> bytes:
        if len(payload) != self.nbytes:
            raise ValueError(f"{len(payload)} bytes instead of {self.nbytes}")
        return payload


class ShuffleDeflate(Codec):
    """HDF5's shuffle and deflate filters; zlib's adler32 notices damaged bytes.

    References
    ----------
    https://docs.hdfgroup.org/documentation/hdf5/latest/_h5_d__u_g.html (filters)
    """

    def __init__(self, dtype: np.dtype[Any], length: int, level: int = 4, shuffle: bool = True) -> None:
        super().__init__(dtype, length)
        self.level = level
        self.shuffle = shuffle and dtype.itemsize > 1
        self._planes: NDArray[np.uint8] | None = None  # reused: fresh pages cost more than the shuffle
        self._native = dtype.newbyteorder("=")
        # Byte columns of a value from the least significant one.
        swapped = dtype.str[0] == ">"
        self._columns = [dtype.itemsize - 1 - k if swapped else k for k in range(dtype.itemsize)]

    def encode(self, chunks: NDArray[Any]) -> list[bytes]:
        from zlib_ng import zlib_ng

        planes = self._shuffled(chunks) if self.shuffle else chunks.view(np.uint8)
        level, compress = self.level, zlib_ng.compress
        return [compress(plane, level) for plane in planes]

    def _shuffled(self, chunks: NDArray[Any]) -> NDArray[np.uint8]:
        # Imported here: numba is for writing, reading never loads it.
        from genomearray.storage.paint import shuffle2, shuffle4

        if self._planes is None or self._planes.shape[0] < chunks.shape[0]:
            self._planes = np.empty((chunks.shape[0], self.nbytes), dtype=np.uint8)
        out = self._planes[: chunks.shape[0]]
        if self.dtype.itemsize == 2:
            shuffle2(chunks.view(np.uint16), out)
        elif self.dtype.itemsize == 4:
            shuffle4(chunks.view(np.uint32), out)
        else:
            bytes_of = chunks.view(np.uint8).reshape(*chunks.shape, self.dtype.itemsize)
            out.reshape(chunks.shape[0], self.dtype.itemsize, -1)[:] = bytes_of.transpose(0, 2, 1)
        return out

    def payload(self, raw: bytes) -> bytes:
        from zlib_ng import zlib_ng

        try:
            return self._checked(zlib_ng.decompress(raw, bufsize=self.nbytes))
        except zlib_ng.error as error:  # type: ignore[misc]
            raise ValueError(str(error)) from error

    def values(self, payload: bytes, start: int, end: int, out: NDArray[Any]) -> None:
        if not self.shuffle:
            out[:] = np.frombuffer(payload, self.dtype, end - start, start * self.dtype.itemsize)
            return
        n = self.length
        raw = np.frombuffer(payload, np.uint8)
        if self.dtype.itemsize == 2:
            # Two columns, one multiplication: 2-3 times faster than strided copies.
            low, high = self._columns
            word = raw[high * n + start : high * n + end].astype(np.uint16)
            word <<= 8
            word |= raw[low * n + start : low * n + end]
            out[:] = word.view(self._native)
            return
        target = out.view(np.uint8).reshape(end - start, self.dtype.itemsize)
        for k, column in enumerate(self._columns):
            target[:, k] = raw[column * n + start : column * n + end]


class BloscCrc(Codec):
    """Zarr v3 inner codecs ``bytes, blosc, crc32c``.

    blosc alone notices only 2-64 % of flipped bytes, so a checksum follows it.

    References
    ----------
    https://zarr-specs.readthedocs.io/en/latest/v3/codecs/crc32c/index.html
    """

    def __init__(self, dtype: np.dtype[Any], length: int, cname: str = "zstd", level: int = 3, shuffle: str = "shuffle") -> None:
        from numcodecs import blosc

        super().__init__(dtype, length)
        # As zarr-python does: blosc's own threads and ours would fight.
        blosc.use_threads = False
        self.cname = cname
        self.level = level
        self.shuffle = shuffle
        self._decompress = blosc.decompress

    def encode(self, chunks: NDArray[Any]) -> list[bytes]:
        from numcodecs import blosc

        mode = {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}[self.shuffle]
        bodies = [blosc.compress(chunk, self.cname.encode(), self.level, mode) for chunk in chunks]
        return [body + struct.pack("<I", crc32c(body)) for body in bodies]

    def payload(self, raw: bytes) -> bytes:
        body = memoryview(raw)[:-CRC_BYTES]
        if len(raw) < CRC_BYTES or crc32c(body) != int.from_bytes(raw[-CRC_BYTES:], "little"):
            raise ValueError("the crc32c checksum does not agree")
        return self._checked(self._decompress(body))

    def values(self, payload: bytes, start: int, end: int, out: NDArray[Any]) -> None:
        out[:] = np.frombuffer(payload, self.dtype, end - start, start * self.dtype.itemsize)


def crc32c(data: bytes | memoryview) -> int:
    """Castagnoli's CRC of some bytes (RFC 3720, appendix B.4).

    Examples
    --------
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    import google_crc32c

    return int(google_crc32c.value(bytes(data)))


def names_crc(names: Iterable[str]) -> int:
    """Checksum of names in their order.

    Examples
    --------
    >>> names_crc(["chr1", "chr2"]) == names_crc(["chr2", "chr1"])
    False
    """
    return crc32c("\n".join(names).encode())
