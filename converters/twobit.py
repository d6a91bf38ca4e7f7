"""2bit: packed DNA with N blocks and soft-mask blocks.

References
----------
https://genome.ucsc.edu/FAQ/FAQformat.html#format7
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from genomearray.chrom_sizes import exactly, twobit_index
from genomearray.storage.layout import BLOCK

# Two bits a base, the first in the highest ones: T C A G.
_LETTERS = np.frombuffer(b"TCAG", np.uint8)
_FOUR = np.stack([_LETTERS[(np.arange(256) >> shift) & 3] for shift in (6, 4, 2, 0)], axis=1)
_LOWER = 32  # added to the code of an upper-case letter

Sequence = tuple[str, int, Iterator[NDArray[np.uint8]]]


def twobit_sequences(path: Path) -> Iterator[Sequence]:
    """Name, length (bp) and letters of each sequence of a 2bit file, in pieces of a block.

    The pieces of one sequence must be taken before the next sequence.
    """
    with path.open("rb") as file:
        order, index = twobit_index(file, path)
        for name, offset in index:
            file.seek(offset)
            (length,) = struct.unpack(f"{order}I", exactly(file, 4, path))
            unknown = _intervals(file, order, path)
            masked = _intervals(file, order, path)
            exactly(file, 4, path)  # reserved
            yield name, length, _letters(file, path, length, unknown, masked)


def _intervals(file: BinaryIO, order: str, path: Path) -> NDArray[Any]:
    """Starts and ends of the N blocks, or of the mask blocks."""
    (count,) = struct.unpack(f"{order}I", exactly(file, 4, path))
    starts = np.frombuffer(exactly(file, 4 * count, path), f"{order}u4").astype(np.int64)
    sizes = np.frombuffer(exactly(file, 4 * count, path), f"{order}u4")
    return np.stack([starts, starts + sizes])


def _letters(file: BinaryIO, path: Path, length: int, unknown: NDArray[Any], masked: NDArray[Any]) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, length, BLOCK):  # a block is a multiple of four
        end = min(start + BLOCK, length)
        packed = np.frombuffer(exactly(file, -(-(end - start) // 4), path), np.uint8)
        letters = _FOUR[packed].reshape(-1)[: end - start]
        for first, last in _overlapping(unknown, start, end):
            letters[first:last] = ord("N")
        for first, last in _overlapping(masked, start, end):
            letters[first:last] += _LOWER
        yield letters


def _overlapping(intervals: NDArray[Any], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Intervals cut to [start, end), relative to start."""
    starts, ends = intervals
    for k in np.flatnonzero((starts < end) & (ends > start)):
        yield max(int(starts[k]), start) - start, min(int(ends[k]), end) - start
