"""bigWig and bigBed files: the header, the chromosomes, and the index of blocks.

Both formats are one container ("bbi"): a header, a tree of chromosome names, blocks of data, and an R-tree
that says of each block where it lies and which bases it spans.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement: tables 5 (header), 7 (total summary), 8 to 11
(chromosomes) and 14 to 17 (index).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.errors import (
    DamagedTrackError,
    LayoutError,
    TrackError,
    TrackReplacedError,
    UnknownTrackError,
)
from genomearray.foreign.bbi_parts import Blocks, Header, Matched, TotalSummary
from genomearray.reference.assembly import Assembly
from genomearray.storage.chunks.open_files import OpenFile, open_files
from genomearray.storage.read.remote import RemoteFile, is_url

BIGWIG, BIGBED = BBI_MAGICS = 0x888FFC26, 0x8789F2EB
UNKNOWN = "unknown"  # the assembly of a file that is opened by itself
_TREE, _INDEX = 0x78CA8C91, 0x2468ACE0
_HEADER = "IHHQQQHHQQIQ"
_MOST_DEPTH = 32
_NODE_ITEMS = 1 << 16  # a count has 16 bits
_AT_ONCE = 8  # chromosomes looked up one by one; then the whole index is read
_STEP_BYTES = 1 << 22  # of nodes that are asked for together
_CHROM_BYTES = 8  # number and length
_MOST_NAME = 1 << 10  # bytes


class _Index(NamedTuple):
    """The whole index: its rows, their order by chromosome, the chromosomes in that order, and the rows
    that span several.
    """

    rows: NDArray[Any]
    order: NDArray[np.int64]
    first: NDArray[np.int64]
    spanning: NDArray[np.int64]


class BbiFile:
    """An open bigWig or bigBed file, local or at a URL.

    Nothing but the header and the names of the chromosomes is read before it is needed. The descriptor
    is one of a bounded number, so thousands of files can be held; a file that was replaced meanwhile is
    an error.

    Parameters
    ----------
    path : path-like, or URL

    Raises
    ------
    UnknownTrackError
        It is not there, or cannot be read.
    LayoutError
        It is neither.
    DamagedTrackError
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path: Path | str = os.fspath(path) if is_url(path) else Path(path).absolute()
        self._identity: tuple[int, ...] | None = None
        self.size = 0
        first = self._open()
        self._key = ("bbi", str(self.path), self._identity)
        open_files.get(self._key, lambda: first)
        head = self.read(0, min(self.size, 64))
        orders = {int.from_bytes(head[:4], "little"): "<", int.from_bytes(head[:4], "big"): ">"}
        magic = next((kind for kind in BBI_MAGICS if kind in orders), None)
        if magic is None or len(head) < 4:
            raise LayoutError(f"{self.path} is neither a bigWig nor a bigBed: it begins with {head[:4]!r}")
        self.is_bigwig = magic == BIGWIG
        self.order = orders[magic]
        self.swapped = self.order == ">"
        self.form = "bigWig" if self.is_bigwig else "bigBed"
        if len(head) < 64:
            raise self.damaged(0, f"its header has 64 bytes, and {len(head)} are there")
        self.header = Header._make(struct.unpack(self.order + _HEADER, head)[1:-1])
        self.stored = not self.header.most  # blocks are not compressed
        self._blocks: dict[int, Blocks] = {}
        self._asked = 0

    # -- bytes -------------------------------------------------------------------------------------

    @property
    def file(self) -> OpenFile | RemoteFile:
        """The open file."""
        file: OpenFile | RemoteFile = open_files.get(self._key, self._open)
        return file

    def _open(self) -> OpenFile | RemoteFile:
        try:
            if isinstance(self.path, str):
                remote = RemoteFile(self.path)
                self._recognise(remote.size())
                return remote
            file = OpenFile(self.path)
            status = os.fstat(file.fd)
            self._recognise(status.st_size, status.st_dev, status.st_ino, status.st_mtime_ns)
            return file
        except FileNotFoundError as error:
            raise UnknownTrackError(f"{self.path} is not there; check the path") from error
        except OSError as error:
            if isinstance(error, TrackError):
                raise
            raise self._unreadable(error) from error

    def _recognise(self, size: int, *more: int) -> None:
        """The file that is open now is the one that was opened first."""
        if self._identity is None:
            self._identity, self.size = (size, *more), size
        elif self._identity != (size, *more):
            raise TrackReplacedError(f"{self.path} was replaced since it was opened; open it again")

    def _unreadable(self, error: Exception) -> UnknownTrackError:
        return UnknownTrackError(f"{self.path} cannot be read: {error}")

    def read(self, at: int, size: int) -> bytes:
        """Bytes that must be there."""
        if at < 0 or size < 0 or at + size > self.size:
            raise self.damaged(at, f"it points to bytes {at:,} to {at + size:,} of {self.size:,}")
        return self.fetch(np.array([at]), np.array([size]))[0]

    def fetch(self, at: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[bytes, NDArray[np.int64]]:
        """Many ranges of bytes, and where each begins in what comes."""
        try:
            return self.file.fetch(at, sizes)
        except ValueError as error:
            raise self.damaged(int(at[0]), str(error)) from error
        except OSError as error:
            if isinstance(error, TrackError):
                raise
            raise self._unreadable(error) from error

    def _read_all(self, at: NDArray[np.int64], size: int) -> Iterator[bytes]:
        """Up to ``size`` bytes at each of many places, fewer at the end of the file."""
        beyond = (at < 0) | (at + 4 > self.size)
        if beyond.any():
            self.read(int(at[np.argmax(beyond)]), 4)
        together = max(_STEP_BYTES // size, 1)
        for low in range(0, at.size, together):
            part = at[low : low + together]
            sizes = np.minimum(size, self.size - part)
            data, begin = self.fetch(part, sizes)
            view = memoryview(data)
            for start, length in zip(begin.tolist(), sizes.tolist(), strict=True):
                yield bytes(view[start : start + length])

    def damaged(self, at: int, why: str) -> DamagedTrackError:
        """The error for a file that contradicts itself."""
        return DamagedTrackError(
            f"{self.path}: the {self.form} file is cut or damaged at byte {max(at, 0):,} ({why}); "
            "get it again"
        )

    # -- chromosomes -------------------------------------------------------------------------------

    @Cached
    def chromosomes(self) -> dict[str, tuple[int, int]]:
        """Number and length (bp) of each chromosome, by name, in the order of their numbers."""
        at = self.header.tree_at
        magic, per_node, key, value, count, _ = struct.unpack(self.order + "IIIIQQ", self.read(at, 32))
        if (
            magic != _TREE
            or value != _CHROM_BYTES
            or not 0 < key <= _MOST_NAME
            or count * (key + value) > self.size
        ):
            raise self.damaged(at, "its list of chromosomes cannot be read")
        entry = np.dtype([("name", f"S{key}"), ("id", f"{self.order}u4"), ("length", f"{self.order}u4")])
        child = np.dtype([("name", f"S{key}"), ("offset", f"{self.order}u8")])
        rows = np.concatenate([np.zeros(0, entry), *self._walk(at + 32, per_node, child, entry, count)])
        if rows.size != count:
            raise self.damaged(at, f"{count:,} chromosomes are announced, and {rows.size:,} are listed")
        rows = rows[np.argsort(rows["id"], kind="stable")]
        found: dict[str, tuple[int, int]] = {}
        for name, number, length in zip(
            rows["name"].tolist(), rows["id"].tolist(), rows["length"].tolist(), strict=True
        ):
            text = name.split(b"\0")[0].decode("utf-8", errors="replace")
            if not text or text in found or not length:
                raise self.damaged(
                    at, f"its list of chromosomes has {text!r} twice, without a name, or without a base"
                )
            found[text] = number, length
        if np.unique(rows["id"]).size != rows.size:
            raise self.damaged(at, "its list of chromosomes has one number twice")
        return found

    def assembly(self) -> Assembly:
        """The chromosomes of the file, as an assembly without a name."""
        if not self.chromosomes:
            raise self.damaged(self.header.tree_at, "it lists no chromosome")
        return Assembly.from_sizes(UNKNOWN, [(name, size) for name, (_, size) in self.chromosomes.items()])

    def matched(self, assembly: Assembly) -> Matched:
        """The chromosomes of the file beside those of an assembly."""
        number: dict[str, int] = {}
        other: dict[str, int] = {}
        left_out: list[str] = []
        for name, (code, length) in self.chromosomes.items():
            if name not in assembly:
                left_out.append(name)
            elif assembly[name].length != length:
                other[name] = length
            else:
                number[name] = code
        return Matched(number, other, tuple(left_out))

    # -- trees -------------------------------------------------------------------------------------

    def _walk(
        self,
        root: int,
        per_node: int,
        inner: np.dtype[Any],
        leaf: np.dtype[Any],
        most: int,
        wanted: Callable[[NDArray[Any]], NDArray[np.bool_]] | None = None,
        check: Callable[[int, NDArray[Any], Any], None] | None = None,
    ) -> Iterator[NDArray[Any]]:
        """Entries of the leaves below a node, level by level; of inner nodes those that are wanted are
        followed. ``check`` is told the place and the entries of each node, and its parent's entry.
        """
        level: list[tuple[int, Any]] = [(root, None)]
        visited = {root}
        size, seen = 4 + max(inner.itemsize, leaf.itemsize) * min(max(per_node, 1), _NODE_ITEMS), 0
        for _ in range(_MOST_DEPTH):
            below: list[tuple[int, Any]] = []
            places = np.array([at for at, _ in level], np.int64)
            for (at, parent), data in zip(level, self._read_all(places, size), strict=True):
                is_leaf, n = data[0], int.from_bytes(data[2:4], "big" if self.swapped else "little")
                kind = leaf if is_leaf else inner
                if is_leaf > 1:
                    raise self.damaged(at, "a node of a tree is neither a leaf nor above one")
                there = data[4 : 4 + n * kind.itemsize]
                if len(there) < n * kind.itemsize:
                    there = self.read(at + 4, n * kind.itemsize)
                entries = np.frombuffer(there, kind)
                if check is not None and parent is not None:
                    check(at, entries, parent)
                seen += n
                if seen > 2 * most + _MOST_DEPTH:
                    raise self.damaged(at, f"a tree holds more than the {most:,} entries that it announces")
                if is_leaf:
                    yield entries
                    continue
                if wanted is not None:
                    entries = entries[wanted(entries)]
                if (entries["offset"] >= self.size).any():
                    raise self.damaged(at, "a tree points out of the file")
                for offset, entry in zip(entries["offset"].tolist(), entries, strict=True):
                    if offset in visited:
                        raise self.damaged(at, "a tree comes to one node twice")
                    visited.add(offset)
                    below.append((offset, entry))
                if len(visited) > 2 * most + _MOST_DEPTH:
                    raise self.damaged(at, f"a tree has more nodes than its {most:,} entries need")
            if not below:
                return
            level = below
        raise self.damaged(root, "a tree goes in a circle")

    # -- the index of blocks -----------------------------------------------------------------------

    @Cached
    def summary(self) -> TotalSummary | None:
        """What the file says of all its bases; None where it says nothing."""
        if not self.header.summary_at or self.header.version < 2:
            return None
        return TotalSummary(*struct.unpack(self.order + "Q4d", self.read(self.header.summary_at, 40)))

    def blocks(self, number: int) -> Blocks:
        """The blocks of the chromosome of a number."""
        if number not in self._blocks:
            self._blocks[number] = self._sorted(self._rows_of(number), number)
        return self._blocks[number]

    def _rows_of(self, number: int) -> NDArray[Any]:
        """Rows of the index. A local one is read as a whole, since only then its counts can be checked; of
        a remote one the parts that the first chromosomes need.
        """
        self._asked += 1
        if isinstance(self.path, str) and self._asked <= _AT_ONCE:
            return self._rows(number)
        index = self._index
        low, high = np.searchsorted(index.first, [number, number + 1]).tolist()
        rows = index.order[low:high]
        further = index.spanning
        if further.size:  # of a leaf that begins on another chromosome
            here = (index.rows["first"][further] < number) & (index.rows["last"][further] >= number)
            rows = np.sort(np.concatenate([rows, further[here]]))
        return np.asarray(index.rows[rows])

    @Cached
    def _index(self) -> _Index:
        """All rows of the index."""
        rows = self._rows(None)
        order = np.argsort(rows["first"], kind="stable")
        spanning = np.flatnonzero(rows["first"] != rows["last"])
        return _Index(rows, order, rows["first"][order].astype(np.int64), spanning)

    def _rows(self, number: int | None) -> NDArray[Any]:
        """Rows of the index, of one chromosome or of all, in the order of the file."""
        at = self.header.index_at
        magic, per_node, count = struct.unpack(self.order + "IIQ", self.read(at, 16))
        if magic != _INDEX:
            raise self.damaged(at, "its index cannot be read")
        word, long = f"{self.order}u4", f"{self.order}u8"
        place = [("first", word), ("start", word), ("last", word), ("end", word), ("offset", long)]
        inner, leaf = np.dtype(place), np.dtype([*place, ("size", long)])
        if count * leaf.itemsize > self.size:
            raise self.damaged(at, f"its index announces {count:,} blocks, more than the file has room for")
        if not count:
            return np.zeros(0, leaf)
        wanted = None if number is None else lambda rows: (rows["first"] <= number) & (rows["last"] >= number)
        found = [
            np.zeros(0, leaf),
            *self._walk(at + 48, per_node, inner, leaf, count, wanted, self._check_child),
        ]
        rows = np.concatenate(found)
        if number is None and rows.size != count:
            raise self.damaged(at, f"its index announces {count:,} blocks and lists {rows.size:,}")
        self._check_rows(rows)
        chosen: NDArray[Any] = rows if wanted is None else rows[wanted(rows)]
        return chosen

    def _check_child(self, at: int, entries: NDArray[Any], parent: Any) -> None:
        """A node lies within what the entry above it spans."""
        low = _places(entries["first"], entries["start"]) < _places(parent["first"], parent["start"])
        high = _places(entries["last"], entries["end"]) > _places(parent["last"], parent["end"])
        if (low | high).any():
            raise self.damaged(at, "a node of its index spans more than the one above it says")

    def _check_rows(self, rows: NDArray[Any]) -> None:
        at = self.header.index_at
        numbers = np.array(sorted(number for number, _ in self.chromosomes.values()), np.int64)
        if not np.isin(rows["first"], numbers).all() or not np.isin(rows["last"], numbers).all():
            raise self.damaged(at, "its index names a chromosome that is not in its list")
        if (_places(rows["first"], rows["start"]) > _places(rows["last"], rows["end"])).any():
            raise self.damaged(at, "its index has a block that ends before it begins")
        if not rows["size"].all():
            raise self.damaged(at, "its index has a block of no bytes")
        offset, size = rows["offset"].astype(np.uint64), rows["size"].astype(np.uint64)
        if ((offset > self.size) | (size > self.size - np.minimum(offset, self.size))).any():
            raise self.damaged(at, "its index points out of the file")

    def damaged_block(self, chrom: str, blocks: Blocks, row: int, why: str) -> DamagedTrackError:
        """The error for a block."""
        end = min(int(blocks.end[row]), self.chromosomes[chrom][1])
        span = f"{chrom}:{int(blocks.start[row]) + 1:,}-{end:,}"
        return self.damaged(int(blocks.offset[row]), f"the block of {span}: {why}")

    def _sorted(self, rows: NDArray[Any], number: int) -> Blocks:
        """Blocks of a chromosome by their start."""
        start = np.where(rows["first"] == number, rows["start"], 0).astype(np.int64)
        end = np.where(rows["last"] == number, rows["end"], (1 << 32) - 1).astype(np.int64)
        order = np.argsort(start, kind="stable")
        reach = np.maximum.accumulate(end[order])
        # Blocks one after the other need no more than two searches.
        apart = bool((np.diff(order) == 1).all() and (end[order] == reach).all())
        offset, size, first, last = (
            rows[name][order].astype(np.int64) for name in ("offset", "size", "first", "last")
        )
        rank = None if apart else order
        return Blocks(start[order], end[order], offset, size, first, last, reach, rank)


def _places(chrom: Any, base: Any) -> Any:
    """A chromosome and a base on it as one number."""
    return np.asarray(chrom, np.uint64) << np.uint64(32) | np.asarray(base, np.uint64)
