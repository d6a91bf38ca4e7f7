"""The two trees of a bigWig or bigBed file: the index of its blocks, and the names of chromosomes.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement: tables 8 to 11 (chromosomes), 14 to 17
(index).
"""

from __future__ import annotations

import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

_CHROM_MAGIC, _INDEX_MAGIC = 0x78CA8C91, 0x2468ACE0
_CHROM_HEADER = struct.Struct("<IIIIQQ")
_INDEX_HEADER = struct.Struct("<IIQIIIIQII")
_NODE = struct.Struct("<BBH")
_CHILDREN = 256  # of a node

INDEX = np.dtype(
    [
        ("chrom", "<u4"),
        ("start", "<u4"),
        ("last_chrom", "<u4"),
        ("end", "<u4"),
        ("at", "<u8"),
        ("size", "<u8"),
    ]
)


def places(chrom: Any, start: Any, last_chrom: Any, end: Any) -> NDArray[Any]:
    """Rows of an index, without their place in the file."""
    rows = np.zeros(start.size, INDEX)
    rows["chrom"], rows["start"], rows["last_chrom"], rows["end"] = chrom, start, last_chrom, end
    return rows


def _joined(rows: NDArray[Any], first: NDArray[np.intp]) -> NDArray[Any]:
    """What groups of rows span; a group begins at each of ``first``. Features overlap: the one that ends
    last need not be the last one.
    """
    ends = rows["last_chrom"].astype(np.uint64) << np.uint64(32) | rows["end"]
    last = np.maximum.reduceat(ends, first)
    return places(
        rows["chrom"][first], rows["start"][first], last >> np.uint64(32), last & np.uint64(0xFFFFFFFF)
    )


def write_index(file: IO[bytes], entries: NDArray[Any], end_of_data: int, items: int) -> None:
    """The R-tree of sections of at most ``items`` items, sorted by their starts: the root first, then level
    by level.
    """
    whole = _joined(entries, np.zeros(1, np.intp))[0] if entries.size else np.zeros((), INDEX)
    file.write(
        _INDEX_HEADER.pack(
            _INDEX_MAGIC, _CHILDREN, entries.size, whole["chrom"], whole["start"], whole["last_chrom"],
            whole["end"], end_of_data, items, 0,
        )
    )  # fmt: skip
    floors = [entries]  # from the leaves up
    while floors[-1].size > _CHILDREN:
        floors.append(_joined(floors[-1], np.arange(0, floors[-1].size, _CHILDREN)))
    at = file.tell()
    for floor in range(len(floors) - 1, -1, -1):
        leaf = floor == 0
        rows = floors[floor]
        nodes = max(1, -(-rows.size // _CHILDREN))
        after = at + nodes * _NODE.size + rows.size * (INDEX.itemsize - (0 if leaf else 8))
        if not leaf:
            size = INDEX.itemsize - (0 if floor == 1 else 8)
            rows["at"] = after + np.arange(rows.size) * (_NODE.size + _CHILDREN * size)
        fields = list(INDEX.names or ())[: None if leaf else -1]
        for low in range(0, max(rows.size, 1), _CHILDREN):
            node = rows[low : low + _CHILDREN]
            plain = np.empty(node.size, [(name, INDEX[name]) for name in fields])
            for name in fields:
                plain[name] = node[name]
            file.write(_NODE.pack(leaf, 0, node.size) + plain.tobytes())
        at = after


def write_chromosomes(file: IO[bytes], chromosomes: list[tuple[str, int]]) -> None:
    """The B+ tree of names: the root first, then level by level; numbers are those of the order."""
    names = [name.encode() for name, _ in chromosomes]
    width = max(map(len, names), default=1)
    file.write(_CHROM_HEADER.pack(_CHROM_MAGIC, _CHILDREN, width, 8, len(names), 0))
    leaves = np.zeros(len(names), [("key", f"S{width}"), ("number", "<u4"), ("length", "<u4")])
    leaves["key"], leaves["number"] = names, np.arange(len(names))
    leaves["length"] = [length for _, length in chromosomes]
    floors: list[NDArray[Any]] = [leaves]
    while floors[-1].size > _CHILDREN:
        inner = np.zeros(-(-floors[-1].size // _CHILDREN), [("key", f"S{width}"), ("at", "<u8")])
        inner["key"] = floors[-1]["key"][::_CHILDREN]
        floors.append(inner)
    at = file.tell()
    for floor in range(len(floors) - 1, -1, -1):
        rows = floors[floor]
        nodes = max(1, -(-rows.size // _CHILDREN))
        after = at + nodes * _NODE.size + rows.size * rows.itemsize
        if floor:
            rows["at"] = after + np.arange(rows.size) * (_NODE.size + _CHILDREN * (width + 8))
        for low in range(0, max(rows.size, 1), _CHILDREN):
            node = rows[low : low + _CHILDREN]
            file.write(_NODE.pack(floor == 0, 0, node.size) + node.tobytes())
        at = after
