"""What answers are computed from: a stored track, or a Dataset."""

from __future__ import annotations

from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from genomearray.storage.chunk_map import gather_spans
from genomearray.storage.reader import Intervals
from genomearray.storage.tables import Columns


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
