"""2bit files: names, lengths and sequences.

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

from genomearray.errors import FormatError

BLOCK = 1 << 22  # bases of a sequence that are decoded together
TWOBIT_MAGIC = 0x1A412743  # https://genome.ucsc.edu/FAQ/FAQformat.html#format7


def twobit_sizes(path: Path) -> list[tuple[str, int]]:
    """Names and lengths (bp) of the sequences of a 2bit file."""
    with path.open("rb") as file:
        order, index = twobit_index(file, path)
        sizes = []
        for name, offset in index:
            file.seek(offset)
            sizes.append((name, struct.unpack(f"{order}I", exactly(file, 4, path))[0]))
    return sizes


def twobit_index(file: BinaryIO, path: Path) -> tuple[str, list[tuple[str, int]]]:
    """Byte order, and name and offset in the file of each sequence of a 2bit file.

    References
    ----------
    https://genome.ucsc.edu/FAQ/FAQformat.html#format7 ; version 1 has 64-bit offsets.
    """
    raw = exactly(file, 16, path)
    order = "<" if struct.unpack("<I", raw[:4])[0] == TWOBIT_MAGIC else ">"
    _, version, count, _ = struct.unpack(f"{order}4I", raw)
    if version not in (0, 1):
        raise FormatError(f"{path}: 2bit version {version} is not known; 0 and 1 are")
    index = []
    for _ in range(count):
        name = exactly(file, exactly(file, 1, path)[0], path).decode(errors="replace")
        size, code = (4, "I") if version == 0 else (8, "Q")
        index.append((name, struct.unpack(f"{order}{code}", exactly(file, size, path))[0]))
    return order, index


def exactly(file: BinaryIO, size: int, path: Path) -> bytes:
    """That many bytes of a 2bit file, FormatError when it ends before."""
    data = file.read(size)
    if len(data) != size:
        raise FormatError(f"{path}: the 2bit file is cut short: {size} bytes wanted, {len(data)} are there")
    return data


# Two bits a base, the first in the highest ones: T C A G.
_LETTERS = np.frombuffer(b"TCAG", np.uint8)
_FOUR = np.stack([_LETTERS[(np.arange(256) >> shift) & 3] for shift in (6, 4, 2, 0)], axis=1)
_LOWER = 32  # the bit of the code of a letter that makes it lower case
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


def _letters(
    file: BinaryIO, path: Path, length: int, unknown: NDArray[Any], masked: NDArray[Any]
) -> Iterator[NDArray[np.uint8]]:
    for start in range(0, length, BLOCK):  # a block is a multiple of four
        end = min(start + BLOCK, length)
        packed = np.frombuffer(exactly(file, -(-(end - start) // 4), path), np.uint8)
        letters = _FOUR[packed].reshape(-1)[: end - start]
        for first, last in _overlapping(unknown, start, end):
            letters[first:last] = ord("N")
        for first, last in _overlapping(masked, start, end):
            letters[first:last] |= _LOWER  # mask blocks may overlap
        yield letters


def _overlapping(intervals: NDArray[Any], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Intervals cut to [start, end), relative to start."""
    starts, ends = intervals
    for k in np.flatnonzero((starts < end) & (ends > start)):
        yield max(int(starts[k]), start) - start, min(int(ends[k]), end) - start
