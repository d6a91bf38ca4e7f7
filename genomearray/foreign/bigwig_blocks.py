"""Blocks of a bigWig painted into arrays, many in one call; the compiled code is ``blocks.c``.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement, table 13.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.storage.chunks.codecs import compiled

# Columns of a table of jobs, int64, one row for the part of a block that one interval wants; as in blocks.c.
FILE, OFFSET, SIZE, LOW, HIGH, DEST, STEP, CHROM, FIRST, LAST, START, END = range(12)
JOB_COLUMNS = 12
GIVEN, INFLATED = -1, -2  # in place of a descriptor: bytes at hand, and such that are inflated already
MOST_BLOCK = 24 + 65535 * 12  # bytes: a count has 16 bits, an item at most 12 bytes
_BED_GRAPH, _VARIABLE_STEP, _FIXED_STEP = 1, 2, 3


class Room(NamedTuple):
    """Where items go: at least 65,535 rows."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    value: NDArray[np.float32]

    @classmethod
    def of(cls, rows: int) -> Room:
        """Room for a number of items."""
        return cls(np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows, np.float32))


def paint(
    jobs: NDArray[np.int64],
    data: bytes | memoryview,
    out: NDArray[np.float32],
    *,
    swapped: bool,
    stored: bool,
) -> tuple[int, str] | None:
    """Put the values of many blocks into ``out``, in the order of the jobs.

    Parameters
    ----------
    jobs : ndarray of int64, shape (n, 12)
        FILE, OFFSET and SIZE of the block (SIZE 0: none, the bases become NaN), LOW and HIGH (the bases that
        are wanted), DEST and STEP (where they go in ``out``), CHROM (number of the chromosome), and FIRST,
        LAST, START, END, which the leaf of the index says.
    data : bytes
        Of blocks that do not come from a file.
    swapped, stored : bool
        The file has the other byte order; its blocks are not compressed.

    Returns
    -------
    (int, str) or None
        The job that failed and what is wrong.
    """
    if compiled is not None:
        failed: tuple[int, str] | None = compiled.paint(swapped, stored, jobs, data, out)
        return failed
    for k, job in enumerate(jobs.tolist()):
        if not job[SIZE]:
            _put(out, job, job[LOW], job[HIGH], np.nan)
            continue
        try:
            held = stored or job[FILE] == INFLATED
            block = unpack(job[FILE], job[OFFSET], job[SIZE], data, stored=held, most=MOST_BLOCK)
            for low, high, value in _section_items(block, job, ">" if swapped else "<"):
                _put(out, job, max(low, job[LOW]), min(high, job[HIGH]), value)
        except ValueError as error:
            return k, str(error)
    return None


def unpack(file: int, offset: int, size: int, data: bytes | memoryview, *, stored: bool, most: int) -> bytes:
    """One block, inflated; ValueError for one that is damaged, or longer than ``most``."""
    if compiled is not None:
        block: bytes = compiled.unpack(file, offset, size, data, stored, most)
        return block
    raw = os.pread(file, size, offset) if file >= 0 else bytes(data[offset : offset + size])
    if len(raw) != size:
        raise ValueError("the file is cut")
    if stored:
        return raw
    stream = zlib.decompressobj()
    try:
        block = stream.decompress(raw, most)
    except zlib.error as error:
        raise ValueError("its compressed bytes are malformed") from error
    if not stream.eof:
        raise ValueError("it has another length than it should")
    return block


def items(
    jobs: NDArray[np.int64], data: bytes | memoryview, room: Room, *, swapped: bool, stored: bool
) -> tuple[int, int, str | None]:
    """Put the items of blocks into ``room``, in their order, as many blocks as fit; those of no base are
    left out.

    Returns
    -------
    (int, int, str or None)
        Blocks that were done, items they had, and what is wrong with the next block, if anything is.
    """
    if compiled is not None:
        done: tuple[int, int, str | None] = compiled.items(swapped, stored, jobs, data, *room)
        return done
    n = 0
    for k, job in enumerate(jobs.tolist()):
        try:
            block = unpack(job[FILE], job[OFFSET], job[SIZE], data, stored=stored, most=MOST_BLOCK)
            rows = [row for row in _section_items(block, job, ">" if swapped else "<") if row[0] < row[1]]
        except ValueError as error:
            return k, n, str(error)
        if len(rows) > room.value.size - n:
            return k, n, None
        for start, end, value in rows:
            room.start[n], room.end[n], room.value[n] = start, end, value
            n += 1
    return jobs.shape[0], n, None


def _section_items(block: bytes, job: list[int], order: str) -> Iterator[tuple[int, int, float]]:
    """What a block says of the chromosome of a job: start, end and value of its items."""
    if len(block) < 24:
        raise ValueError("it holds another number of bytes than its count of items says")
    chrom, start, _, step, span = np.frombuffer(block, f"{order}u4", 5).tolist()
    kind, n = block[20], int(np.frombuffer(block, f"{order}u2", 1, 22)[0])
    columns = {_BED_GRAPH: 3, _VARIABLE_STEP: 2, _FIXED_STEP: 1}.get(kind)
    if columns is None:
        raise ValueError("it is of no kind that a bigWig has")
    if len(block) != 24 + 4 * columns * n:
        raise ValueError("it holds another number of bytes than its count of items says")
    if not job[FIRST] <= chrom <= job[LAST]:
        raise ValueError("it is of another chromosome than its index says")
    if chrom != job[CHROM]:
        return
    words = np.frombuffer(block, f"{order}u4", columns * n, 24).reshape(n, columns).astype(np.int64)
    values = np.frombuffer(block, f"{order}f4", columns * n, 24).reshape(n, columns)[:, -1].tolist()
    starts = start + np.arange(n) * step if kind == _FIXED_STEP else words[:, 0]
    ends = words[:, 1] if kind == _BED_GRAPH else starts + span
    for low, high, value in zip(starts.tolist(), ends.tolist(), values, strict=True):
        if low > high or low < job[START] or high > job[END]:
            raise ValueError("it has items outside of what its index says")
        yield low, high, value


def _put(out: NDArray[np.float32], job: list[int], low: int, high: int, value: Any) -> None:
    for base in range(low, high):
        out[job[DEST] + (base - job[LOW]) * job[STEP]] = value
