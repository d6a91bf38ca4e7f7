"""HDF5's index of the chunks of a dataset, read and written as one table.

HDF5 takes chunks, and tells of them, one by one: 8 us for each of 757,000 in a human genome. The index
of a dataset of fixed size is a *fixed array*, a table with an address and a size for each chunk; this
module knows its bytes. What it does not know (another kind of index, a damaged one) is left to HDF5.

References
----------
HDF5 File Format Specification 3.0, sections II.B (superblock), IV.A.1.b (object headers), IV.A.2.i (data
layout message, version 4) and appendix C (fixed array index):
https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Read = Callable[[int, int], bytes]  # size and offset to bytes
UNDEFINED = (1 << 64) - 1
_LAYOUT, _CONTINUATION = 8, 16  # types of messages
_FIXED_ARRAY, _FILTERED = 3, 1
_PAGE_BITS = 10  # chunks of a page, as HDF5 chooses them
_PAGE = 1 << _PAGE_BITS
_HEADER_BYTES = 28
_MOST_PARTS = 100  # of an object header
_CREATION_ORDER, _ATTRIBUTE_PHASE, _TIMES = 0x04, 0x10, 0x20  # flags of an object header


class IndexPlace(NamedTuple):
    """Where the address of an index stands: in the object header of its dataset.

    Attributes
    ----------
    pointer : int
        Offset of the address in the file.
    start, end : int
        The part of the object header that it is in; its checksum stands at ``end``.
    address : int
        Of the index; UNDEFINED where no chunk was written yet.
    """

    pointer: int
    start: int
    end: int
    address: int


def lookup3(data: bytes | bytearray | memoryview) -> int:
    """Bob Jenkins' checksum, which HDF5 puts behind its metadata.

    Examples
    --------
    >>> lookup3(b"FAHD") == lookup3(b"FADB")
    False
    """
    from genomearray.loops.checksum import jenkins

    return jenkins(np.frombuffer(data, np.uint8))


def find_index(read: Read, header: int) -> IndexPlace | None:
    """Where the index of the dataset with an object header lies; None where it is not a fixed array."""
    start = read(32, header)
    if start[:5] != b"OHDR\2":
        return None
    flags = start[5]
    at = 6 + (16 if flags & _TIMES else 0) + (4 if flags & _ATTRIBUTE_PHASE else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(start[at : at + width], "little")
    parts = [(header, at + width, at + width + size)]
    for _ in range(_MOST_PARTS):
        if not parts:
            break
        base, first, end = parts.pop(0)
        block = read(end + 4, base)
        if len(block) != end + 4 or lookup3(block[:end]) != int.from_bytes(block[end:], "little"):
            return None
        at = first
        while at + 4 <= end:
            kind, size = block[at], int.from_bytes(block[at + 1 : at + 3], "little")
            at += 6 if flags & _CREATION_ORDER else 4
            body = block[at : at + size]
            if kind == _CONTINUATION:
                offset, length = struct.unpack("<QQ", body[:16])
                parts.append((offset, 4, length - 4))
            if kind == _LAYOUT:
                return _index_of(body, base + at, base, base + end)
            at += size
    return None


def _index_of(message: bytes, at: int, start: int, end: int) -> IndexPlace | None:
    """From a layout message, version 4: chunked, flags, dimensions and their width, sizes, kind of index,
    bits of a page, address.
    """
    if len(message) < 15 or message[0] != 4 or message[1] != 2:
        return None
    kind = 5 + message[3] * message[4]
    if len(message) < kind + 10 or message[kind] != _FIXED_ARRAY or message[kind + 1] != _PAGE_BITS:
        return None
    pointer = kind + 2
    address = int.from_bytes(message[pointer : pointer + 8], "little")
    return IndexPlace(at + pointer, start, end, address)


def _size_width(chunk_bytes: int) -> int:
    """Bytes that the size of a compressed chunk takes."""
    return min(1 + (chunk_bytes.bit_length() - 1 + 8) // 8, 8)


def _entry(chunk_bytes: int) -> np.dtype[np.void]:
    return np.dtype([("offset", "<u8"), ("size", f"V{_size_width(chunk_bytes)}"), ("mask", "<u4")])


def read_index(
    read: Read, place: IndexPlace, n: int, chunk_bytes: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Offset and size of every chunk, 0 for those that are not stored; None where HDF5 should look itself.

    Parameters
    ----------
    read : callable
    place : IndexPlace
    n : int
        Chunks.
    chunk_bytes : int
        Of a chunk before compression.
    """
    offsets, sizes = np.zeros(n, np.int64), np.zeros(n, np.int64)
    if place.address == UNDEFINED:
        return offsets, sizes
    entry = _entry(chunk_bytes)
    head = read(_HEADER_BYTES, place.address)
    known = struct.pack("<4sBBBBQ", b"FAHD", 0, _FILTERED, entry.itemsize, _PAGE_BITS, n)
    if head[:16] != known or not _intact(head):
        return None
    block = int.from_bytes(head[16:24], "little")
    for first, data in _pages(read, block, n, entry.itemsize):
        if data is None:
            return None
        rows = np.frombuffer(data, entry)
        stored = rows["offset"] != UNDEFINED
        if rows["mask"][stored].any():
            return None
        part = slice(first, first + rows.size)
        width = entry["size"].itemsize
        wide = np.zeros((rows.size, 8), np.uint8)
        wide[:, :width] = np.frombuffer(data, np.uint8).reshape(rows.size, -1)[:, 8 : 8 + width]
        offsets[part][stored] = rows["offset"][stored].astype(np.int64)
        sizes[part][stored] = wide.view("<i8").ravel()[stored]
    return offsets, sizes


def _intact(data: bytes) -> bool:
    return lookup3(data[:-4]) == int.from_bytes(data[-4:], "little")


def _pages(read: Read, block: int, n: int, itemsize: int) -> list[tuple[int, bytes | None]]:
    """First chunk and entries of each page that holds any; None for entries that are damaged."""
    if n <= _PAGE:
        data = read(18 + n * itemsize, block)
        return [(0, data[14:-4] if data[:4] == b"FADB" and _intact(data) else None)]
    n_pages = -(-n // _PAGE)
    prefix = 14 + -(-n_pages // 8)
    size = prefix + 4 + n * itemsize + 4 * n_pages
    data = read(size, block)
    if len(data) != size or data[:4] != b"FADB" or not _intact(data[: prefix + 4]):
        return [(0, None)]
    used = np.unpackbits(np.frombuffer(data[14:prefix], np.uint8))[:n_pages]
    pages: list[tuple[int, bytes | None]] = []
    step = _PAGE * itemsize + 4
    for page in np.flatnonzero(used).tolist():
        at = prefix + 4 + page * step
        content = data[at : min(at + step, size)]
        pages.append((page * _PAGE, content[:-4] if _intact(content) else None))
    return pages


def encode_index(
    at: int, offsets: NDArray[np.int64], sizes: NDArray[np.int64], chunk_bytes: int
) -> list[tuple[int, bytes]]:
    """The index as pieces of bytes, and where each goes: from ``at`` on. Pages without a chunk are left out.

    The last piece ends where the index ends.
    """
    entry = _entry(chunk_bytes)
    n, width = offsets.size, entry["size"].itemsize
    rows = np.zeros((n, entry.itemsize), np.uint8)
    stored = sizes > 0
    rows[:, :8] = np.where(stored, offsets, -1).astype("<i8").view(np.uint8).reshape(n, 8)
    rows[:, 8 : 8 + width] = sizes.astype("<i8").view(np.uint8).reshape(n, 8)[:, :width]
    block = at + _HEADER_BYTES
    head = struct.pack("<4sBBBBQQ", b"FAHD", 0, _FILTERED, entry.itemsize, _PAGE_BITS, n, block)
    prefix = struct.pack("<4sBBQ", b"FADB", 0, _FILTERED, at)
    if n <= _PAGE:
        return [(at, _sealed(head)), (block, _sealed(prefix + rows.tobytes()))]
    n_pages = -(-n // _PAGE)
    used = np.logical_or.reduceat(stored, np.arange(0, n, _PAGE))
    prefix += np.packbits(used).tobytes()
    pieces = [(at, _sealed(head)), (block, _sealed(prefix))]
    pages = block + len(prefix) + 4
    for page in range(n_pages):
        if used[page] or page == n_pages - 1:  # the last one makes the file long enough
            content = rows[page * _PAGE : (page + 1) * _PAGE].tobytes()
            pieces.append((pages + page * (_PAGE * entry.itemsize + 4), _sealed(content)))
    return pieces


def _sealed(data: bytes) -> bytes:
    return data + lookup3(data).to_bytes(4, "little")


def set_address(read: Read, place: IndexPlace, address: int) -> tuple[int, bytes]:
    """The part of an object header that points to the index, with its address; and where it goes."""
    data = bytearray(read(place.end - place.start, place.start))
    data[place.pointer - place.start : place.pointer - place.start + 8] = address.to_bytes(8, "little")
    return place.start, _sealed(bytes(data))


def set_end(read: Read, end: int) -> tuple[int, bytes]:
    """The superblock of a file that was lengthened to ``end`` bytes, and where it goes.

    Raises
    ------
    RuntimeError
        The superblock is of another version than HDF5 1.10 writes.
    """
    data = bytearray(read(44, 0))
    if data[8] not in (2, 3) or data[9] != 8:
        raise RuntimeError(f"the superblock of the new file is of version {data[8]}; 2 or 3 was asked for")
    data[28:36] = end.to_bytes(8, "little")
    return 0, _sealed(bytes(data))
