"""Lazy tracks: values computed from those of other tracks, piece by piece, when they are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.reference.assembly import Assembly
from genomearray.reference.intervals import Intervals
from genomearray.source import Limits, Source, gather_by_name
from genomearray.storage.layout import PACKED, SIGNAL, Layout, chunk_length

PIECE = 1 << 18  # values computed together: their temporaries stay in the cache


class ComputedSource(ABC):
    """Values computed from other sources of one assembly.

    Parameters
    ----------
    parts : sequence of Source
        What the values are computed from. The first one tells chromosomes and lengths.
    dtype : numpy dtype
    text : str
        How the values came about, for people.
    limits : (int, int), optional
        Between these every integer value lies. Default: the limits of the dtype.
    """

    def __init__(self, parts: tuple[Source, ...], dtype: Any, text: str, limits: Limits | None = None) -> None:
        self.parts = parts
        self.dtype: np.dtype[Any] = np.dtype(dtype)
        self.text = text
        self.limits = limits
        self.assembly = parts[0].assembly
        self.kind = parts[0].kind

    @abstractmethod
    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """Values of the offsets [start, end), at most ``PIECE``, in the dtype of the source."""

    @property
    def attributes(self) -> dict[str, Any]:
        """Assembly, kind and origin."""
        return {"assembly": self.assembly, "kind": self.kind, "source": self.text}

    # -- chromosomes, as those of the first part --------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all sequences."""
        return self.parts[0].names

    @property
    def variables(self) -> dict[str, int]:
        """Length (bp) of each variable, by name."""
        return self.parts[0].variables

    def has(self, chrom: str) -> bool:
        """Whether there is a sequence of that name."""
        return self.parts[0].has(chrom)

    def length(self, chrom: str) -> int:
        """Length of a sequence, bp."""
        return self.parts[0].length(chrom)

    def lengths_of(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Lengths of many sequences, bp; -1 for one that is not there."""
        return self.parts[0].lengths_of(names)

    def packed_place(self, chrom: str) -> tuple[int, int] | None:
        """Offset in ``packed`` and length of a sequence there; None for another one."""
        return self.parts[0].packed_place(chrom)

    def display_attributes(self, variable: str) -> dict[str, Any]:
        """Where the values of a variable come from."""
        return {"long_name": self.text}

    # -- values -----------------------------------------------------------------------------

    def read(self, chrom: str, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values of the offsets [start, end)."""
        if end - start <= PIECE:
            return self.compute(chrom, start, end, threads)
        out = np.empty(end - start, self.dtype)
        for low in range(start, end, PIECE):
            high = min(low + PIECE, end)
            out[low - start : high - start] = self.compute(chrom, low, high, threads)
        return out

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Unknown: yes."""
        return True

    def read_variable(self, variable: str, start: int, end: int) -> NDArray[Any]:
        """Values of the offsets [start, end) of a variable."""
        if variable != PACKED:
            return self.read(variable, start, end)
        out = np.empty(end - start, self.dtype)
        for name in self.names:
            place = self.packed_place(name)
            if place is not None:
                low, high = max(place[0], start), min(place[0] + place[1], end)
                if low < high:
                    out[low - start : high - start] = self.read(name, low - place[0], high - place[0])
        return out

    def gather(
        self, intervals: Intervals, out: NDArray[Any], dest: NDArray[np.int64], step: NDArray[np.int64] | None = None, threads: bool = True
    ) -> None:
        """Put the values of intervals into ``out`` (flat), each from ``dest`` on in direction ``step``."""
        gather_by_name(self, intervals, out, dest, step, threads)

    def chunk_statistics(self, names: tuple[str, ...]) -> tuple[list[Any], NDArray[np.int64], NDArray[np.int64]]:
        """None for each sequence: nothing is stored."""
        return [None] * len(names), np.arange(len(names)), np.zeros(len(names), np.int64)


class OnAssembly(ComputedSource):
    """Values on the chromosomes of an assembly, whatever they are computed from.

    Parameters
    ----------
    target : Assembly
    dtype, text, limits
        As for :class:`ComputedSource`.
    kind : {"signal", "sequence"}
    """

    def __init__(self, target: Assembly, dtype: Any, text: str, kind: str = SIGNAL, limits: Limits | None = None) -> None:
        self.parts = ()
        self.dtype = np.dtype(dtype)
        self.text = text
        self.limits = limits
        self.target = target
        self.assembly = target.name
        self.kind = kind
        self._layout: Layout | None = None

    @property
    def _known_layout(self) -> Layout:
        if self._layout is None:
            self._layout = Layout(self.target, chunk_length(np.dtype(np.uint8)))
        return self._layout

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all sequences of the assembly."""
        return self.target.names

    @property
    def variables(self) -> dict[str, int]:
        """Length (bp) of each variable, by name."""
        return {variable.name: variable.length for variable in self._known_layout.variables}

    def has(self, chrom: str) -> bool:
        """Whether the assembly has a sequence of that name."""
        return chrom in self.target

    def length(self, chrom: str) -> int:
        """Length of a sequence, bp."""
        return self.target[chrom].length

    def lengths_of(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Lengths of many sequences, bp; -1 for one that is not there."""
        return np.array([self.target[name].length if name in self.target else -1 for name in names], np.int64)

    def packed_place(self, chrom: str) -> tuple[int, int] | None:
        """Offset in ``packed`` and length of a sequence there; None for another one."""
        if chrom not in self.target:
            return None
        variable, start, length = self._known_layout.locate(chrom)
        return (start, length) if variable.row < 0 else None


def least_integer(low: int, high: int) -> np.dtype[Any] | None:
    """The smallest integer dtype that holds a range; None beyond 64 bits.

    Examples
    --------
    >>> least_integer(0, 131070), least_integer(-1, 255), least_integer(-1, 2**64)
    (dtype('uint32'), dtype('int16'), None)
    """
    names = ("uint8", "uint16", "uint32", "uint64") if low >= 0 else ("int8", "int16", "int32", "int64")
    for name in names:
        info = np.iinfo(name)
        if info.min <= low and high <= info.max:
            return np.dtype(name)
    return None
