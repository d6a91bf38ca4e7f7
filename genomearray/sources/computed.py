"""Computed sources: values made of those of other sources, piece by piece, when they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from genomearray._cached import Cached
from genomearray.choices import SIGNAL, Kind
from genomearray.reference.assembly import Assembly
from genomearray.source import Limits, Source
from genomearray.storage.layout import Layout, chunk_length

PIECE = 1 << 19  # values computed together: their temporaries stay in the cache


class _InPieces(Source):
    """A source whose values are computed, at most ``PIECE`` together.

    Parameters
    ----------
    dtype : numpy dtype
    label : str
        How the values came about, for people.
    limits : (int, int), optional
        Between these every integer value lies. Default: the limits of the dtype.
    """

    def __init__(self, dtype: DTypeLike, label: str, limits: Limits | None) -> None:
        self._dtype = np.dtype(dtype)
        self._label = label
        self._limits = limits

    @abstractmethod
    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """Values of the offsets [start, end), at most ``PIECE``, in the dtype of the source."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self._dtype

    @property
    def label(self) -> str:
        """How the values came about, for people."""
        return self._label

    @property
    def limits(self) -> Limits:
        """Between which every integer value lies."""
        return super().limits if self._limits is None else self._limits

    def read(self, chrom: str, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values of the offsets [start, end)."""
        if end - start <= PIECE:
            return self.compute(chrom, start, end, threads)
        out = np.empty(end - start, self.dtype)
        for low in range(start, end, PIECE):
            high = min(low + PIECE, end)
            out[low - start : high - start] = self.compute(chrom, low, high, threads)
        return out


class ComputedSource(_InPieces):
    """Values computed from other sources of one assembly.

    Parameters
    ----------
    parts : sequence of Source
        What the values are computed from. The first one gives chromosomes and lengths.
    dtype, label, limits
        As for any source that is computed in pieces.
    kind : {"signal", "sequence"}, optional
        Default: that of the first part.
    """

    def __init__(
        self,
        parts: tuple[Source, ...],
        dtype: DTypeLike,
        label: str,
        limits: Limits | None = None,
        kind: Kind | None = None,
    ) -> None:
        super().__init__(dtype, label, limits)
        self.parts = parts
        self.assembly = parts[0].assembly
        self.kind = kind or parts[0].kind

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all chromosomes."""
        return self.parts[0].names

    @property
    def variables(self) -> dict[str, int]:
        """Length (bp) of each variable, by name."""
        return self.parts[0].variables

    def has(self, chrom: str) -> bool:
        """Whether there is a chromosome of that name."""
        return self.parts[0].has(chrom)

    def length(self, chrom: str) -> int:
        """Length of a chromosome, bp."""
        return self.parts[0].length(chrom)

    def lengths_of(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Lengths of many chromosomes, bp; -1 for one that is not there."""
        return self.parts[0].lengths_of(names)

    def packed_place(self, chrom: str) -> tuple[int, int] | None:
        """Offset in ``packed`` and length of a chromosome there; None for another one."""
        return self.parts[0].packed_place(chrom)


class OnAssembly(_InPieces):
    """Values on the chromosomes of an assembly, whatever they are computed from.

    Parameters
    ----------
    target : Assembly
    dtype, label, limits
        As for any source that is computed in pieces.
    kind : {"signal", "sequence"}
    """

    def __init__(
        self,
        target: Assembly,
        dtype: DTypeLike,
        label: str,
        kind: Kind = SIGNAL,
        limits: Limits | None = None,
    ) -> None:
        super().__init__(dtype, label, limits)
        self.target = target
        self.assembly = target.name
        self.kind = kind

    @Cached
    def _layout(self) -> Layout:
        return Layout(self.target, chunk_length(np.dtype(np.uint8)))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all chromosomes of the assembly."""
        return self.target.names

    @property
    def variables(self) -> dict[str, int]:
        """Length (bp) of each variable, by name."""
        return {variable.name: variable.length for variable in self._layout.variables}

    def has(self, chrom: str) -> bool:
        """Whether the assembly has a chromosome of that name."""
        return chrom in self.target

    def length(self, chrom: str) -> int:
        """Length of a chromosome, bp."""
        return self.target[chrom].length

    def packed_place(self, chrom: str) -> tuple[int, int] | None:
        """Offset in ``packed`` and length of a chromosome there; None for another one."""
        if chrom not in self.target:
            return None
        variable, start, length = self._layout.locate(chrom)
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
