"""A bigWig file, written front to back: data, then its index, then zoom levels from the data.

Every zoom level counts each base that has a value once, with its least and greatest value, sum and sum
of squares; bins are aligned, and a record reaches from its first to its last base with a value.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement (format: header, tables 5 to 19).
"""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from genomearray.executor import workers
from genomearray.reference.intervals import ragged_index

_MAGIC, _CHROM_MAGIC, _INDEX_MAGIC, _VERSION = 0x888FFC26, 0x78CA8C91, 0x2468ACE0, 4
_HEADER = struct.Struct("<IHHQQQHHQQIQ")
_ZOOM_HEADER = struct.Struct("<IIQQ")
_TOTAL = struct.Struct("<Qdddd")
_SECTION = struct.Struct("<IIIIIBBH")
_CHROM_HEADER = struct.Struct("<IIIIQQ")
_INDEX_HEADER = struct.Struct("<IIQIIIIQII")
_NODE = struct.Struct("<BBH")
_BED_GRAPH, _VARIABLE_STEP, _FIXED_STEP = 1, 2, 3
_TOGETHER = 64  # sections that are compressed, or read again, at once
_ITEMS = 1024  # values of a section, and records of one of a zoom level
_CHILDREN = 256  # of a node of an index
_MOST_LEVELS = 10
_FACTOR = 4  # from one zoom level to the next
_FINEST = 10  # bp, and values: a level holds a tenth of what it sums up
_COARSEST = 1000  # records of the longest chromosome that the finest level has at least
_LEVEL = 6  # of zlib

_INDEX = np.dtype(
    [
        ("chrom", "<u4"),
        ("start", "<u4"),
        ("last_chrom", "<u4"),
        ("end", "<u4"),
        ("at", "<u8"),
        ("size", "<u8"),
    ]
)
_ZOOM = np.dtype(
    [
        ("chrom", "<u4"), ("start", "<u4"), ("end", "<u4"), ("n", "<u4"),
        ("min", "<f4"), ("max", "<f4"), ("sum", "<f4"), ("squares", "<f4"),
    ]
)  # fmt: skip


class Records(NamedTuple):
    """Statistics of stretches of chromosomes: offsets, 0-based, half-open; sorted, disjoint."""

    chrom: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    n: NDArray[np.int64]
    min: NDArray[np.float64]
    max: NDArray[np.float64]
    sum: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def of_values(cls, chrom: int, starts: Any, ends: Any, values: Any) -> Records:
        """Of stretches of one value each."""
        n, value = ends - starts, values.astype(np.float64)
        return cls(np.full(n.size, chrom), starts, ends, n, value, value, value * n, value * value * n)

    def take(self, rows: Any) -> Records:
        """Some of them."""
        return Records(*(column[rows] for column in self))

    @classmethod
    def joining(cls, parts: list[Records]) -> Records:
        """Records that follow one another."""
        return parts[0] if len(parts) == 1 else cls(*map(np.concatenate, zip(*parts, strict=True)))

    def split(self, size: int) -> Records:
        """Those of one value each, cut at the multiples of ``size``."""
        first = self.start // size
        pieces = (self.end - 1) // size - first + 1
        row = np.repeat(np.arange(self.start.size), pieces)
        bin = ragged_index(pieces, first)
        starts, ends = np.maximum(self.start[row], bin * size), np.minimum(self.end[row], (bin + 1) * size)
        n, value = ends - starts, self.min[row]
        return Records(self.chrom[row], starts, ends, n, value, value, value * n, value * value * n)

    def joined(self, size: int) -> Records:
        """One record for each bin of ``size`` bp; none of them reaches over a border."""
        bin = self.start // size
        new = np.flatnonzero(np.diff(bin, prepend=-1) | np.diff(self.chrom, prepend=-1))
        last = np.append(new[1:], self.start.size) - 1
        return Records(
            self.chrom[new],
            self.start[new],
            self.end[last],
            np.add.reduceat(self.n, new),
            np.minimum.reduceat(self.min, new),
            np.maximum.reduceat(self.max, new),
            np.add.reduceat(self.sum, new),
            np.add.reduceat(self.squares, new),
        )


class _Sections:
    """Compressed sections in a file, one after the other, and their places."""

    def __init__(self, file: IO[bytes], pool: ThreadPoolExecutor) -> None:
        self.file = file
        self.longest = 0  # bytes of a section, plain
        self._pool = pool
        self._entries: list[NDArray[Any]] = []

    def write(self, places: NDArray[Any], texts: list[bytes]) -> None:
        """Append sections; ``places`` are rows of an index without their place in the file."""
        self.longest = max(self.longest, *map(len, texts))
        packed = list(self._pool.map(_compressed, texts))
        sizes = np.array([len(part) for part in packed], np.uint64)
        places["at"] = self.file.tell() + np.cumsum(sizes) - sizes
        places["size"] = sizes
        self.file.write(b"".join(packed))
        self._entries.append(places)

    @property
    def entries(self) -> NDArray[Any]:
        """Rows of the index."""
        return np.concatenate(self._entries) if self._entries else np.empty(0, _INDEX)


def _compressed(text: bytes) -> bytes:
    packed: bytes = zlib_ng.compress(text, _LEVEL)
    return packed


class _ZoomLevel:
    """One zoom level, in a file of its own until the data are written."""

    def __init__(self, size: int, pool: ThreadPoolExecutor) -> None:
        self.size = size  # bp of a bin
        self.count = 0
        file = tempfile.SpooledTemporaryFile(1 << 24)  # noqa: SIM115 - closed when it was copied
        self.sections = _Sections(file, pool)
        self._open: Records | None = None  # the last bin, which may go on
        self._full: list[Records] = []  # not yet written
        self._n_full = 0

    def add(self, records: Records) -> Records:
        """Take what follows, in bins of this level or finer ones; gives the bins that are full."""
        every = records.joined(self.size)
        if self._open is not None:
            every = Records.joining([self._open, every]).joined(self.size)
        self._open = every.take(slice(-1, None))
        return self._keep(every.take(slice(None, -1)))

    def finish(self) -> Records | None:
        """No more follows; gives the last bin."""
        last = None if self._open is None else self._keep(self._open)
        if self._n_full:
            self._write(Records.joining(self._full))
        return last

    def _keep(self, bins: Records) -> Records:
        self.count += bins.start.size
        self._full.append(bins)
        self._n_full += bins.start.size
        whole = self._n_full // (_ITEMS * _TOGETHER) * (_ITEMS * _TOGETHER)
        if whole:
            waiting = Records.joining(self._full)
            self._write(waiting.take(slice(None, whole)))
            self._full, self._n_full = [waiting.take(slice(whole, None))], self._n_full - whole
        return bins

    def _write(self, bins: Records) -> None:
        table = np.empty(bins.start.size, _ZOOM)
        with np.errstate(over="ignore"):  # sums of squares beyond float32 are infinite there
            for name in _ZOOM.names or ():
                table[name] = getattr(bins, name)
        first = np.arange(0, table.size, _ITEMS)
        last = np.append(first[1:], table.size) - 1
        self.sections.write(
            _places(table["chrom"][first], table["start"][first], table["chrom"][last], table["end"][last]),
            [table[low : low + _ITEMS].tobytes() for low in first.tolist()],
        )


def _places(chrom: Any, start: Any, last_chrom: Any, end: Any) -> NDArray[Any]:
    places = np.zeros(start.size, _INDEX)
    places["chrom"], places["start"], places["last_chrom"], places["end"] = chrom, start, last_chrom, end
    return places


class Stretches(NamedTuple):
    """Stretches of one value of a chromosome: its number in the order of names, offsets, float32."""

    chrom: int
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    values: NDArray[np.float32]


def write_bigwig(file: IO[bytes], chromosomes: list[tuple[str, int]], data: Iterable[Stretches]) -> None:
    """Write a bigWig.

    Parameters
    ----------
    file : binary file
        Empty, open for reading and writing.
    chromosomes : list of (str, int)
        Names and lengths (bp), sorted by the bytes of the names.
    data : iterable of Stretches
        Sorted, disjoint; all of a chromosome together, chromosomes in order.
    """
    head = _HEADER.size + _MOST_LEVELS * _ZOOM_HEADER.size
    file.write(bytes(head + _TOTAL.size))
    chrom_at = file.tell()
    _write_chromosomes(file, chromosomes)
    data_at = file.tell()
    file.write(bytes(8))  # the number of sections, written at the end
    with ThreadPoolExecutor(workers(), thread_name_prefix="genomearray-bigwig") as pool:
        sections = _Sections(file, pool)
        total = _Total()
        for part in data:
            for places, texts in _data_sections(part):
                sections.write(places, texts)
            total.add(part)
        index_at = file.tell()
        entries = sections.entries
        _write_index(file, entries, index_at)
        levels = _zoom_levels(file, entries, chromosomes, total, pool)
        zooms = [_write_zoom(file, level) for level in levels]
    file.write(struct.pack("<I", _MAGIC))
    longest = max(sections.longest, *(level.sections.longest for level in levels), 0)
    file.seek(0)
    file.write(
        _HEADER.pack(
            _MAGIC, _VERSION, len(zooms), chrom_at, data_at, index_at, 0, 0, 0, head, longest, 0
        )
    )  # fmt: skip
    for zoom in zooms:
        file.write(zoom)
    file.seek(head)
    file.write(total.packed())
    file.seek(data_at)
    file.write(struct.pack("<Q", entries.size))


class _Total:
    """The summary of all values."""

    def __init__(self) -> None:
        self.stretches = self.n = 0
        self._min, self._max, self._sum, self._squares = np.inf, -np.inf, 0.0, 0.0

    def add(self, part: Stretches) -> None:
        """Take more values."""
        n, values = (part.ends - part.starts).astype(np.float64), part.values.astype(np.float64)
        self.stretches += n.size
        self.n += int(n.sum())  # exact: far below 2**53
        self._min, self._max = min(self._min, float(values.min())), max(self._max, float(values.max()))
        self._sum += float(values @ n)
        self._squares += float((values * values) @ n)

    def packed(self) -> bytes:
        """As the file has it."""
        low, high = (self._min, self._max) if self.n else (0.0, 0.0)
        return _TOTAL.pack(self.n, low, high, self._sum, self._squares)


def _data_sections(part: Stretches) -> Iterator[tuple[NDArray[Any], list[bytes]]]:
    """Places and bytes of sections, some at a time."""
    firsts = np.arange(0, part.starts.size, _ITEMS)
    for group in np.array_split(firsts, max(1, firsts.size // _TOGETHER)):
        lasts = np.minimum(group + _ITEMS, part.starts.size) - 1
        texts = [_section(part, low, low + _ITEMS) for low in group.tolist()]
        yield _places(part.chrom, part.starts[group], part.chrom, part.ends[lasts]), texts


def _section(part: Stretches, low: int, high: int) -> bytes:
    """A section in the shortest of the three types it may have."""
    starts, ends, values = part.starts[low:high], part.ends[low:high], part.values[low:high]
    spans, steps = ends - starts, np.diff(starts)
    span = int(spans[0])
    same = bool((spans == span).all())
    step = int(steps[0]) if steps.size else span
    if same and (steps == step).all():
        kind, body = _FIXED_STEP, values.astype("<f4").tobytes()
    elif same:
        kind, step, body = _VARIABLE_STEP, 0, _table(("<u4", starts), ("<f4", values))
    else:
        kind, step, span = _BED_GRAPH, 0, 0
        body = _table(("<u4", starts), ("<u4", ends), ("<f4", values))
    return _SECTION.pack(part.chrom, int(starts[0]), int(ends[-1]), step, span, kind, 0, starts.size) + body


def _table(*columns: tuple[str, NDArray[Any]]) -> bytes:
    table = np.empty(columns[0][1].size, [(str(k), dtype) for k, (dtype, _) in enumerate(columns)])
    for k, (_, values) in enumerate(columns):
        table[str(k)] = values
    return table.tobytes()


def _stretches_of(packed: bytes) -> Stretches:
    """What :func:`_section` wrote, compressed."""
    text = zlib_ng.decompress(packed)
    chrom, start, _, step, span, kind, _, count = _SECTION.unpack_from(text)
    body = text[_SECTION.size :]
    if kind == _FIXED_STEP:
        starts = start + step * np.arange(count, dtype=np.int64)
        return Stretches(chrom, starts, starts + span, np.frombuffer(body, "<f4"))
    names = [("start", "<u4"), ("value", "<f4")]
    if kind == _BED_GRAPH:
        names.insert(1, ("end", "<u4"))
    table = np.frombuffer(body, names)
    starts = table["start"].astype(np.int64)
    ends = table["end"].astype(np.int64) if kind == _BED_GRAPH else starts + span
    return Stretches(chrom, starts, ends, table["value"])


# -- zoom levels ---------------------------------------------------------------------------------


def _zoom_levels(
    file: IO[bytes],
    entries: NDArray[Any],
    chromosomes: list[tuple[str, int]],
    total: _Total,
    pool: ThreadPoolExecutor,
) -> list[_ZoomLevel]:
    """All zoom levels, each from the one before; the first from the data, which are read again."""
    longest = max((length for _, length in chromosomes), default=1)
    mean = total.n // max(total.stretches, 1)
    size = max(_FINEST, min(_FINEST * mean, longest // _COARSEST))
    levels = [_ZoomLevel(size, pool)]
    while len(levels) < _MOST_LEVELS and levels[-1].size * _FACTOR < longest:
        levels.append(_ZoomLevel(levels[-1].size * _FACTOR, pool))
    end = file.tell()
    for low in range(0, entries.size, _TOGETHER):
        rows = entries[low : low + _TOGETHER]
        file.seek(int(rows["at"][0]))
        packed = [file.read(count) for count in rows["size"].tolist()]
        parts = [Records.of_values(*part) for part in pool.map(_stretches_of, packed)]
        records = Records.joining(parts).split(size)
        for level in levels:
            records = level.add(records)
            if not records.start.size:
                break
    file.seek(end)
    for k, level in enumerate(levels):
        last = level.finish()
        for coarser in levels[k + 1 :]:
            if last is None or not last.start.size:
                break
            last = coarser.add(last)
    return levels


def _write_zoom(file: IO[bytes], level: _ZoomLevel) -> bytes:
    """Append a zoom level; gives its header."""
    data_at = file.tell()
    file.write(struct.pack("<I", level.count))
    entries = level.sections.entries
    entries["at"] += file.tell()
    level.sections.file.seek(0)
    shutil.copyfileobj(level.sections.file, file)
    level.sections.file.close()
    index_at = file.tell()
    _write_index(file, entries, index_at)
    return _ZOOM_HEADER.pack(level.size, 0, data_at, index_at)


# -- trees ---------------------------------------------------------------------------------------


def _write_index(file: IO[bytes], entries: NDArray[Any], end_of_data: int) -> None:
    """The R-tree of sections: the root first, then level by level."""
    first, last = (entries[0], entries[-1]) if entries.size else (np.zeros((), _INDEX),) * 2
    file.write(
        _INDEX_HEADER.pack(
            _INDEX_MAGIC, _CHILDREN, entries.size, first["chrom"], first["start"], last["last_chrom"],
            last["end"], end_of_data, _ITEMS, 0,
        )
    )  # fmt: skip
    floors = [entries]  # from the leaves up
    while floors[-1].size > _CHILDREN:
        below = floors[-1]
        group = np.arange(0, below.size, _CHILDREN)
        end = np.append(group[1:], below.size) - 1
        floors.append(
            _places(below["chrom"][group], below["start"][group], below["last_chrom"][end], below["end"][end])
        )
    at = file.tell()
    for floor in range(len(floors) - 1, -1, -1):
        leaf = floor == 0
        rows = floors[floor]
        nodes = max(1, -(-rows.size // _CHILDREN))
        after = at + nodes * _NODE.size + rows.size * (_INDEX.itemsize - (0 if leaf else 8))
        if not leaf:
            size = _INDEX.itemsize - (0 if floor == 1 else 8)
            rows["at"] = after + np.arange(rows.size) * (_NODE.size + _CHILDREN * size)
        fields = list(_INDEX.names or ())[: None if leaf else -1]
        for low in range(0, max(rows.size, 1), _CHILDREN):
            node = rows[low : low + _CHILDREN]
            plain = np.empty(node.size, [(name, _INDEX[name]) for name in fields])
            for name in fields:
                plain[name] = node[name]
            file.write(_NODE.pack(leaf, 0, node.size) + plain.tobytes())
        at = after


def _write_chromosomes(file: IO[bytes], chromosomes: list[tuple[str, int]]) -> None:
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
