"""One chunk of values <-> the bytes on disk, for both forms of storage.

Encoding and decoding run in threads: neither holds the GIL. A decoded chunk stays in the
order of bytes of its codec (a *payload*) and only the values asked for are put in order, so
that a read of 100 bp does not pay for a whole chunk. Compiled code (``_chunks.c``) decodes many
chunks in one call; where it is not installed, Python does the same, slower.
"""

from __future__ import annotations

import importlib.util
import os
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

CRC_BYTES = 4
_DEFLATE, _BLOSC_CRC = 0, 1  # as in _chunks.c
# Columns of a table of jobs, int64, one row for a stretch of values of one chunk.
FILE, OFFSET, SIZE, LOW, HIGH, DEST, STEP = range(7)
JOB_COLUMNS = 7


def _compiled() -> ModuleType | None:
    """``_chunks`` with the codec libraries of the installed packages, None where one is missing."""
    try:
        from genomearray.storage.chunks import _chunks
    except ImportError:  # installed without a C compiler
        return None
    # Found by path: importing numcodecs takes longer than reading a region.
    libraries = [
        _library(*place)
        for place in (
            ("zlib_ng", "zlib_ng.*"),
            ("numcodecs", "blosc.*"),
            ("google_crc32c", "_crc32c.*"),
            ("deflate", "_deflate.*"),
        )
    ]
    return _chunks if all(libraries[:3]) and _chunks.bind(*libraries) else None


def _library(package: str, pattern: str) -> str:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return ""
    matches = [path for path in Path(spec.origin).parent.glob(pattern) if path.suffix in (".so", ".dylib")]
    return os.fspath(matches[0]) if matches else ""


compiled = _compiled()


def gunzip(
    members: NDArray[np.int64], data: bytes | memoryview, out: NDArray[np.uint8]
) -> tuple[int, str] | None:
    """Decompress many members of a gzip file in one call, without the GIL.

    Parameters
    ----------
    members : ndarray of int64, shape (n, 4)
        Offset in ``data`` and size of the deflate stream with the 8 bytes after it; where it goes
        in ``out``, and its length there.
    data : bytes
    out : ndarray of uint8

    Returns
    -------
    (int, str) or None
        The member that failed, and what is wrong.

    References
    ----------
    RFC 1952, section 2.3: crc32 and length stand after the compressed bytes.
    """
    if compiled is not None:
        failed: tuple[int, str] | None = compiled.gunzip(members, data, out)
        return failed
    from zlib_ng import zlib_ng

    for k, (offset, size, dest, length) in enumerate(members.tolist()):
        try:
            plain = zlib_ng.decompress(data[offset : offset + size - 8], wbits=-15, bufsize=max(length, 1))
        except zlib_ng.error as error:  # type: ignore[misc]
            return k, str(error)
        if len(plain) != length:
            return k, "it has another length than it should"
        if zlib_ng.crc32(plain) != int.from_bytes(data[offset + size - 8 : offset + size - 4], "little"):
            return k, "the crc32 checksum does not agree"
        out[dest : dest + length] = np.frombuffer(plain, np.uint8)
    return None


class Codec(ABC):
    """Encodes and decodes chunks of ``length`` values of ``dtype``."""

    _kind: int  # in _chunks.c
    _shuffled = False  # payloads are planes of bytes
    _blosc: tuple[str | None, int] = (None, 0)  # compressor and kind of shuffle

    def __init__(self, dtype: np.dtype[Any], length: int, level: int) -> None:
        self.dtype = dtype
        self.length = length
        self.level = level
        self.nbytes = length * dtype.itemsize
        self._compiled = compiled if dtype.isnative else None

    def encode(self, chunks: NDArray[Any]) -> list[bytes]:
        """Bytes on disk of full chunks, shape (n, length), contiguous."""
        if self._compiled is not None:
            # Planes of floats are compressed or stored each by itself.
            split = self._shuffled and self.dtype.kind == "f"
            encoded: list[bytes] = self._compiled.encode(
                self._kind,
                self.dtype.itemsize,
                self._shuffled,
                split,
                self.nbytes,
                self.level,
                *self._blosc,
                chunks,
            )
            return encoded
        return [self._compress(chunk) for chunk in chunks]

    def read(
        self, file: int, offset: int, size: int, low: int, high: int, out: NDArray[Any], dest: int
    ) -> None:
        """Put the values [low, high) of a chunk, ``size`` bytes in a file, into ``out`` from
        ``dest`` on; ValueError.
        """
        if self._compiled is not None:
            self._compiled.read(
                self._kind,
                self.dtype.itemsize,
                self._shuffled,
                self.length,
                file,
                offset,
                size,
                low,
                high,
                out,
                dest,
            )
            return
        job = np.array([[file, offset, size, low, high, dest, 1]])
        failed = self._decode_slowly(job, b"", out[:1], out)
        if failed is not None:
            raise ValueError(failed[1])

    def payload(self, raw: bytes | memoryview) -> bytes:
        """Decompressed bytes of a chunk; ValueError when they cannot be what was written."""
        if self._compiled is not None:
            payload: bytes = self._compiled.payload(self._kind, raw, self.nbytes)
            return payload
        payload = self._decompress(raw)
        if len(payload) != self.nbytes:
            raise ValueError(f"{len(payload)} bytes instead of {self.nbytes}")
        return payload

    def values(self, payload: bytes, low: int, high: int, out: NDArray[Any], dest: int) -> None:
        """Put the values [low, high) of a payload into ``out``, from ``dest`` on."""
        if self._compiled is not None:
            self._compiled.place(self.dtype.itemsize, self._shuffled, payload, low, high, out, dest)
        else:
            out[dest : dest + high - low] = self._in_order(payload)[low:high]

    def decode(
        self, jobs: NDArray[np.int64], data: bytes | memoryview, fill: NDArray[Any], out: NDArray[Any]
    ) -> tuple[int, str] | None:
        """Put stretches of many chunks into ``out``; a chunk is decoded once for jobs that follow
        one another.

        Parameters
        ----------
        jobs : ndarray of int64, shape (n, 7)
            FILE (descriptor, or -1 for ``data``), OFFSET and SIZE of the compressed bytes (SIZE 0: fill),
            LOW and HIGH (values of the chunk), DEST (of the first value, in ``out``), STEP (1 or -1).
        data : bytes
            Compressed bytes that do not come from a file.
        fill : ndarray, shape (1,)
            Value of chunks that are not stored.
        out : ndarray, dtype of the codec in native order, contiguous

        Returns
        -------
        (int, str) or None
            The job that failed and what is wrong.
        """
        if self._compiled is not None:
            failed: tuple[int, str] | None = self._compiled.decode(
                self._kind, self.dtype.itemsize, self._shuffled, self.length, jobs, data, fill, out
            )
            return failed
        return self._decode_slowly(jobs, data, fill, out)

    def _decode_slowly(
        self, jobs: NDArray[np.int64], data: bytes | memoryview, fill: NDArray[Any], out: NDArray[Any]
    ) -> tuple[int, str] | None:
        flat, decoded, values = out.reshape(-1), None, None
        for k, (file, offset, size, low, high, dest, step) in enumerate(jobs.tolist()):
            if size and decoded != (file, offset):
                raw = data[offset : offset + size] if file < 0 else os.pread(file, size, offset)
                try:
                    if len(raw) != size:
                        raise ValueError("the file is cut")
                    values, decoded = self._in_order(self.payload(raw)), (file, offset)
                except (ValueError, RuntimeError) as error:
                    return k, str(error)
            part = values[low:high] if size and values is not None else np.broadcast_to(fill, high - low)
            if step > 0:
                flat[dest : dest + high - low] = part
            else:
                flat[dest - (high - low) + 1 : dest + 1] = part[::-1]
        return None

    @abstractmethod
    def _compress(self, chunk: NDArray[Any]) -> bytes:
        """One chunk as :meth:`encode`, by the Python function of the codec's package."""

    @abstractmethod
    def _decompress(self, raw: bytes | memoryview) -> bytes:
        """As :meth:`payload`, by the Python function of the codec's package."""

    def _in_order(self, payload: bytes) -> NDArray[Any]:
        if not self._shuffled:
            return np.frombuffer(payload, self.dtype)
        planes = np.frombuffer(payload, np.uint8).reshape(self.dtype.itemsize, self.length)
        return np.ascontiguousarray(planes.T).reshape(-1).view(self.dtype)


class ShuffleDeflate(Codec):
    """HDF5's shuffle and deflate filters; zlib's adler32 notices damaged bytes.

    References
    ----------
    https://docs.hdfgroup.org/documentation/hdf5/latest/_h5_d__u_g.html (filters)
    """

    _kind = _DEFLATE

    def __init__(self, dtype: np.dtype[Any], length: int, level: int = 4, shuffle: bool = True) -> None:
        super().__init__(dtype, length, level)
        self._shuffled = shuffle and dtype.itemsize > 1

    def _compress(self, chunk: NDArray[Any]) -> bytes:
        from zlib_ng import zlib_ng

        planes = chunk.view(np.uint8)
        if self._shuffled:
            planes = np.ascontiguousarray(planes.reshape(-1, self.dtype.itemsize).T)
        raw: bytes = zlib_ng.compress(planes, self.level)
        return raw

    def _decompress(self, raw: bytes | memoryview) -> bytes:
        from zlib_ng import zlib_ng

        try:
            payload: bytes = zlib_ng.decompress(raw, bufsize=self.nbytes)
        except zlib_ng.error as error:  # type: ignore[misc]
            raise ValueError(str(error)) from error
        return payload


class BloscCrc(Codec):
    """Zarr v3 inner codecs ``bytes, blosc, crc32c``.

    blosc alone notices only 2-64 % of flipped bytes, so a checksum follows it.

    References
    ----------
    https://zarr-specs.readthedocs.io/en/latest/v3/codecs/crc32c/index.html
    """

    _kind = _BLOSC_CRC

    def __init__(
        self, dtype: np.dtype[Any], length: int, cname: str = "zstd", level: int = 3, shuffle: str = "shuffle"
    ) -> None:
        super().__init__(dtype, length, level)
        self._blosc = cname, {"noshuffle": 0, "shuffle": 1, "bitshuffle": 2}[shuffle]

    def _compress(self, chunk: NDArray[Any]) -> bytes:
        cname, shuffle = self._blosc
        body: bytes = _blosc().compress(chunk, str(cname).encode(), self.level, shuffle)
        return body + struct.pack("<I", crc32c(body))

    def _decompress(self, raw: bytes | memoryview) -> bytes:
        body = memoryview(raw)[:-CRC_BYTES]
        if len(raw) < CRC_BYTES or crc32c(body) != int.from_bytes(raw[-CRC_BYTES:], "little"):
            raise ValueError("the crc32c checksum does not agree")
        payload: bytes = _blosc().decompress(body)
        return payload


def _blosc() -> Any:
    from numcodecs import blosc

    # As zarr-python does: blosc's own threads and ours would fight.
    blosc.use_threads = False
    return blosc


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
