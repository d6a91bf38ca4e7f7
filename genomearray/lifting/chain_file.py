"""Chain files: their headers and blocks.

References
----------
https://genome.ucsc.edu/goldenPath/help/chain.html
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

HEADER = (
    "chain score sourceName sourceSize sourceStrand sourceStart sourceEnd targetName targetSize "
    "targetStrand targetStart targetEnd [id]"
)


class Blocks(NamedTuple):
    """Gapless blocks, one row each; offsets, 0-based, half-open, on the forward strands of both sides.

    Attributes
    ----------
    chain : ndarray of int64
        Index of the chain.
    source, target : ndarray of int64
        Index of the chromosome in ``source_names`` and ``target_names``.
    start, end : ndarray of int64
        On the source.
    to : ndarray of int64
        Start on the target; on the minus strand the last base of the source lies there.
    strand : ndarray of int8
        1, or -1: the target runs backwards.
    """

    chain: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    to: NDArray[np.int64]
    strand: NDArray[np.int8]

    def take(self, rows: NDArray[Any]) -> Blocks:
        """Some rows."""
        return Blocks(*(column[rows] for column in self))


class Head(NamedTuple):
    """The header line of a chain."""

    score: float
    source: str
    source_size: int
    start: int
    end: int
    target: str
    target_size: int
    strand: int
    to: int
    to_end: int
