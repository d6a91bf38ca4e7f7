"""What answers are computed from: a stored track, or a Dataset."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

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

    def read(self, chrom: str, start: int, end: int) -> NDArray[Any]: ...
    def gather(
        self, intervals: Intervals, out: NDArray[Any], dest: NDArray[np.int64], step: NDArray[np.int64] | None = None, threads: bool = True
    ) -> None:
        """Put the values of intervals into ``out`` (flat), each from ``dest`` on in direction ``step`` (1 or -1)."""

    def chunk_statistics(self, names: tuple[str, ...]) -> tuple[list[ChunkStatistics | None], NDArray[np.int64], NDArray[np.int64]]:
        """Stored statistics (None: there are none) of the arrays that hold chromosomes; for each chromosome which, and its offset there."""
