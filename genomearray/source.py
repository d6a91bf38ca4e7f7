"""The contract of everything that values can be asked of: a stored track, a file of another format,
a computed track.

``docs/architecture.md`` says how to write one; ``tests/contracts/test_source.py`` runs over all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from genomearray._typing import Number
from genomearray.choices import SEQUENCE, SIGNAL, Kind
from genomearray.errors import AssemblyError, LayoutError
from genomearray.reference.dna import UNKNOWN_BASE
from genomearray.reference.intervals import Intervals
from genomearray.summary import Summary

if TYPE_CHECKING:
    import xarray as xr

PACKED = "packed"  # variable of all short sequences of an assembly, end to end
NEAR = 1 << 16  # values; spans this near are read together where chunks are not known
MOST_SPAN = 1 << 22
Limits: TypeAlias = tuple[int, int]


class ChunkStatistics(Protocol):
    """Stored statistics of the chunks of an array."""

    chunk: int  # values in one
    stop: int  # length of the array: its last chunk ends there

    def rows(self, first: int, last: int) -> Summary:
        """Statistics of the chunks [first, last) of the array."""


class StoredSummaries(NamedTuple):
    """Stored statistics of the arrays that hold some chromosomes.

    Attributes
    ----------
    arrays : list of ChunkStatistics or None
        None: of this array nothing is stored.
    array_of, offset : ndarray of int64, shape (chromosomes,)
        Which array holds a chromosome, and from which offset on.
    """

    arrays: list[ChunkStatistics | None]
    array_of: NDArray[np.int64]
    offset: NDArray[np.int64]


class Unconverted(NamedTuple):
    """What a writer takes in place of a source: the values before a conversion that counts what it
    changes.
    """

    source: Source
    dtype: np.dtype[Any] | None
    round: bool | None


class Source(ABC):
    """Values of the chromosomes of one assembly.

    Offsets are 0-based and half-open, bp. ``dtype``, ``names``, ``has``, ``length`` and ``read``
    are what a source must know, besides the attributes ``assembly`` and ``kind`` (``signal`` or
    ``sequence``); everything else has a default, which is right and may be slow. A source is read
    from many threads at once, and sent to other processes by pickle.
    """

    assembly: str
    kind: Kind
    path: Path | str | None = (
        None  # file or store of the values, a text for a URL; None for values that are not stored
    )

    # -- what every source knows -----------------------------------------------------------------

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of all chromosomes, in order."""

    @abstractmethod
    def has(self, chrom: str) -> bool:
        """Whether there is a chromosome of that name."""

    @abstractmethod
    def length(self, chrom: str) -> int:
        """Length of a chromosome, bp; UnknownChromosomeError."""

    @abstractmethod
    def read(self, chrom: str, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values of the offsets [start, end), which lie in the chromosome; ``threads=False`` where
        the caller is one of several threads.
        """

    # -- what it is ------------------------------------------------------------------------------

    @property
    def label(self) -> str:
        """How the values came about, for people."""
        return ""

    @property
    def attributes(self) -> dict[str, str | int]:
        """What is known of the track as a whole."""
        return {"assembly": self.assembly, "kind": self.kind, "source": self.label}

    @property
    def fill(self) -> Number:
        """What a base holds that nobody wrote."""
        return self.missing_value()

    @property
    def limits(self) -> Limits:
        """Between which every value of an integer source lies."""
        if self.dtype.kind == "b":
            return 0, 1
        info = np.iinfo(self.dtype)
        return int(info.min), int(info.max)

    def missing_value(self) -> Number:
        """What a base without a value holds: NaN, 0, or N."""
        return missing_value(self.kind, self.dtype)

    @property
    def zeros_are_values(self) -> bool:
        """Whether bases nobody wrote hold 0, which counts as a value: integers, and floats that are
        counts.
        """
        return bool(self.fill == 0)

    def lengths_of(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Lengths of many chromosomes, bp; -1 for one that is not there."""
        return np.array([self.length(name) if self.has(name) else -1 for name in names], dtype=np.int64)

    # -- values ----------------------------------------------------------------------------------

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether the offsets [start, end) may hold anything but ``fill``; asked before they are read."""
        return True

    def gather(
        self,
        intervals: Intervals,
        out: NDArray[Any],
        dest: NDArray[np.int64],
        step: NDArray[np.int64] | None = None,
        threads: bool = True,
    ) -> None:
        """Put the values of intervals into ``out`` (flat), each from ``dest`` on in direction
        ``step`` (1 or -1).
        """
        order = np.argsort(intervals.code, kind="stable")
        borders = np.searchsorted(intervals.code[order], np.arange(len(intervals.names) + 1)).tolist()
        for code, name in enumerate(intervals.names):
            here = order[borders[code] : borders[code + 1]]
            if here.size:
                read = partial(self.read, name, threads=threads)
                gather_spans(
                    read,
                    intervals.start[here],
                    intervals.end[here],
                    out,
                    dest[here],
                    None if step is None else step[here],
                )

    def read_intervals(self, intervals: Intervals) -> NDArray[Any]:
        """Values of intervals end to end; the caller is one of several threads."""
        sizes = intervals.end - intervals.start
        if sizes.size == 1:
            return self.read(
                intervals.names[int(intervals.code[0])],
                int(intervals.start[0]),
                int(intervals.end[0]),
                threads=False,
            )
        out = np.empty(int(sizes.sum()), self.dtype)
        self.gather(intervals, out, np.cumsum(sizes) - sizes, threads=False)
        return out

    # -- statistics that are stored ----------------------------------------------------------------

    def chunk_statistics(self, names: tuple[str, ...]) -> StoredSummaries:
        """Stored statistics of the arrays that hold chromosomes."""
        return StoredSummaries([None] * len(names), np.arange(len(names)), np.zeros(len(names), np.int64))

    def chromosome_statistics(self, names: tuple[str, ...]) -> Summary | None:
        """Exact stored statistics, a row for each chromosome; None where nothing is stored, or not
        exactly.
        """
        return None

    # -- as variables of a Dataset -----------------------------------------------------------------

    @property
    def dataset(self) -> xr.Dataset | None:
        """The Dataset that the values come from; None for a source that has none."""
        return None

    @property
    def variables(self) -> dict[str, int]:
        """Length (bp) of each variable of the Dataset, by name."""
        return {name: self.length(name) for name in self.names}

    def packed_place(self, chrom: str) -> tuple[int, int] | None:
        """Offset in ``packed`` and length of a chromosome there; None for another one."""
        return None

    def read_variable(self, variable: str, start: int, end: int) -> NDArray[Any]:
        """Values of the offsets [start, end) of a variable."""
        if variable != PACKED or self.has(PACKED):
            return self.read(variable, start, end)
        out = np.empty(end - start, self.dtype)
        for name in self.names:
            place = self.packed_place(name)
            if place is not None:
                low, high = max(place[0], start), min(place[0] + place[1], end)
                if low < high:
                    out[low - start : high - start] = self.read(name, low - place[0], high - place[0])
        return out

    def display_attributes(self, variable: str) -> Mapping[str, object]:
        """The attributes of a variable that still hold for a part of it."""
        return {"long_name": self.label}

    def variable_attributes(self, variable: str) -> Mapping[str, object]:
        """All attributes of a variable."""
        return self.display_attributes(variable)

    def region_array(self, chrom: str, start: int, end: int) -> xr.DataArray | None:
        """The offsets [start, end) as a labelled array; None: one is made of :meth:`read_variable`."""
        return None

    # -- saved and closed --------------------------------------------------------------------------

    def unconverted(self) -> Unconverted:
        """What a writer takes, so that it counts the values that do not fit."""
        return Unconverted(self, None, None)

    def close(self) -> None:
        """Let go of files."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def missing_value(kind: str, dtype: np.dtype[Any], *, zero: bool = False) -> Number:
    """What a base holds that nobody wrote: NaN, 0, or ``N`` in a sequence; ``zero``: 0 in floats too.

    Examples
    --------
    >>> int(missing_value("sequence", np.dtype("uint8"))), int(missing_value("signal", np.dtype("int8")))
    (78, 0)
    """
    value: Number
    if kind == SEQUENCE:
        value = dtype.type(UNKNOWN_BASE)
    elif dtype.kind == "f" and not zero:
        value = dtype.type(np.nan)
    else:
        value = dtype.type(0)
    return value


def gather_spans(
    read: Callable[[int, int], NDArray[Any]],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    out: NDArray[Any],
    dest: NDArray[np.int64],
    step: NDArray[np.int64] | None = None,
) -> None:
    """Put the values of many intervals into ``out`` where only spans can be read: near ones are
    read together.
    """
    flat = out.reshape(-1)
    order = np.argsort(starts, kind="stable").tolist()
    at = 0
    while at < len(order):
        first, stop = int(starts[order[at]]), int(ends[order[at]])
        after = at + 1
        while (
            after < len(order)
            and starts[order[after]] <= stop + NEAR
            and max(stop, ends[order[after]]) - first <= MOST_SPAN
        ):
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


def check_together(sources: tuple[Source, ...], labels: tuple[str, ...]) -> None:
    """AssemblyError unless all sources are of one assembly, with the same chromosomes."""
    first = sources[0]
    for source, label in zip(sources[1:], labels[1:], strict=True):
        if source is first:
            continue
        if source.assembly != first.assembly:
            raise AssemblyError(
                f"{label} is of assembly {source.assembly!r}, {labels[0]} of {first.assembly!r}: "
                "they do not share positions; lift one over first"
            )
        if source.names != first.names:
            names, others = set(first.names), set(source.names)
            lost = sorted(names ^ others)[:3]
            what = f"only one has {', '.join(map(repr, lost))}" if lost else "their order differs"
            raise AssemblyError(f"{label} and {labels[0]} do not have the same chromosomes: {what}")
        different = np.flatnonzero(source.lengths_of(first.names) != first.lengths_of(first.names))
        if different.size:
            name = first.names[int(different[0])]
            raise AssemblyError(
                f"{name!r} has {source.length(name):,} bp in {label} and {first.length(name):,} bp "
                f"in {labels[0]}"
            )


def check_signal(source: Source, label: str, what: str) -> None:
    """LayoutError for a sequence where numbers are needed."""
    if source.kind != SIGNAL:
        raise LayoutError(f"{label} holds a sequence, and letters have no {what}; give a signal")


def is_sequence(source: Source) -> bool:
    """Whether the values are letters."""
    return source.kind == SEQUENCE
