"""The contract of everything that values can be asked of: a stored track, a file of another format, a computed track."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import AssemblyError, LayoutError
from genomearray.reference.intervals import Intervals
from genomearray.storage.layout import SEQUENCE, SIGNAL, fill_value
from genomearray.storage.summary import Columns


class ChunkStatistics(Protocol):
    """Stored statistics of the chunks of an array."""

    chunk: int  # values in one
    stop: int  # length of the array: its last chunk ends there

    def rows(self, first: int, last: int) -> Columns:
        """n, sum, m2, min and max of the chunks [first, last) of the array."""


class Source(Protocol):
    """Values of the chromosomes of one assembly."""

    assembly: str
    kind: str

    @property
    def attributes(self) -> dict[str, Any]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    def has(self, chrom: str) -> bool: ...
    def length(self, chrom: str) -> int: ...
    def lengths_of(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Lengths of many chromosomes, bp; -1 for one that is not there."""

    @property
    def variables(self) -> dict[str, int]:
        """Length (bp) of each variable of the Dataset, by name."""

    def read(self, chrom: str, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values of the offsets [start, end); ``threads=False`` where the caller is one of several threads."""

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether the offsets [start, end) may hold anything but absent bases; asked before they are read."""

    def read_variable(self, variable: str, start: int, end: int) -> NDArray[Any]:
        """Values of the offsets [start, end) of a variable."""

    def packed_place(self, chrom: str) -> tuple[int, int] | None:
        """Offset in ``packed`` and length of a sequence there; None for another one."""

    def display_attributes(self, variable: str) -> dict[str, Any]:
        """The attributes of a variable that still hold for a part of it."""

    def gather(
        self, intervals: Intervals, out: NDArray[Any], dest: NDArray[np.int64], step: NDArray[np.int64] | None = None, threads: bool = True
    ) -> None:
        """Put the values of intervals into ``out`` (flat), each from ``dest`` on in direction ``step`` (1 or -1)."""

    def chunk_statistics(self, names: tuple[str, ...]) -> tuple[list[ChunkStatistics | None], NDArray[np.int64], NDArray[np.int64]]:
        """Stored statistics (None: there are none) of the arrays that hold chromosomes; for each chromosome which, and its offset there."""


def gather_by_name(
    source: Source, intervals: Intervals, out: NDArray[Any], dest: NDArray[np.int64], step: NDArray[np.int64] | None, threads: bool
) -> None:
    """As :meth:`Source.gather`, for a source that can only be read; near intervals are read together."""
    order = np.argsort(intervals.code, kind="stable")
    borders = np.searchsorted(intervals.code[order], np.arange(len(intervals.names) + 1)).tolist()
    for code, name in enumerate(intervals.names):
        here = order[borders[code] : borders[code + 1]]
        if here.size:
            read = partial(source.read, name, threads=threads)
            gather_spans(read, intervals.start[here], intervals.end[here], out, dest[here], None if step is None else step[here])


NEAR = 1 << 16  # values; spans this near are read together where chunks are not known


MOST_SPAN = 1 << 22


def gather_spans(
    read: Callable[[int, int], NDArray[Any]],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    out: NDArray[Any],
    dest: NDArray[np.int64],
    step: NDArray[np.int64] | None = None,
) -> None:
    """Put the values of many intervals into ``out`` where only spans can be read: near ones are read together."""
    flat = out.reshape(-1)
    order = np.argsort(starts, kind="stable").tolist()
    at = 0
    while at < len(order):
        first, stop = int(starts[order[at]]), int(ends[order[at]])
        after = at + 1
        while after < len(order) and starts[order[after]] <= stop + NEAR and max(stop, ends[order[after]]) - first <= MOST_SPAN:
            stop = max(stop, int(ends[order[after]]))
            after += 1
        values = read(first, stop)
        for k in order[at:after]:
            part, place = values[starts[k] - first : ends[k] - first], int(dest[k])
            if step is None or step[k] > 0:
                flat[place : place + part.size] = part
            else:
                flat[place - part.size + 1 : place + 1] = part[::-1]
        at = after


Limits = tuple[int, int]


def read_intervals(source: Source, intervals: Intervals) -> NDArray[Any]:
    """Values of intervals end to end; the caller is one of several threads."""
    sizes = intervals.end - intervals.start
    if sizes.size == 1:
        return source.read(intervals.names[int(intervals.code[0])], int(intervals.start[0]), int(intervals.end[0]), threads=False)
    out = np.empty(int(sizes.sum()), source.dtype)
    source.gather(intervals, out, np.cumsum(sizes) - sizes, threads=False)
    return out


def absent(source: Source) -> Any:
    """What a base without a value holds: NaN, 0, or N."""
    return fill_value(source.kind, source.dtype)


def limits(source: Source) -> Limits:
    """Between which every value of an integer source lies."""
    known: Limits | None = getattr(source, "limits", None)
    if known is not None:
        return known
    if source.dtype.kind == "b":
        return 0, 1
    info = np.iinfo(source.dtype)
    return int(info.min), int(info.max)


def check_together(sources: tuple[Source, ...], labels: tuple[str, ...]) -> None:
    """AssemblyError unless all sources are of one assembly, with the same chromosomes."""
    first = sources[0]
    for source, label in zip(sources[1:], labels[1:], strict=True):
        if source is first:
            continue
        if source.assembly != first.assembly:
            raise AssemblyError(
                f"{label} is of assembly {source.assembly!r}, {labels[0]} of {first.assembly!r}: they do not share positions; lift one over first"
            )
        if source.names != first.names:
            names, others = set(first.names), set(source.names)
            lost = sorted(names ^ others)[:3]
            what = f"only one has {', '.join(map(repr, lost))}" if lost else "their order differs"
            raise AssemblyError(f"{label} and {labels[0]} do not have the same chromosomes: {what}")
        different = np.flatnonzero(source.lengths_of(first.names) != first.lengths_of(first.names))
        if different.size:
            name = first.names[int(different[0])]
            raise AssemblyError(f"{name!r} has {source.length(name):,} bp in {label} and {first.length(name):,} bp in {labels[0]}")


def check_signal(source: Source, label: str, what: str) -> None:
    """LayoutError for a sequence where numbers are needed."""
    if source.kind != SIGNAL:
        raise LayoutError(f"{label} holds a sequence, and letters have no {what}; give a signal")


def is_sequence(source: Source) -> bool:
    """Whether the values are letters."""
    return source.kind == SEQUENCE
