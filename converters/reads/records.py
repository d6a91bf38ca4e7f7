"""Alignment records, straight from the bytes of a BAM: lengths checked, filters applied, one row
for each read that is kept.

References
----------
SAM/BAM format specification v1, section 4.2 (records) and 4.2.2 (more than 65,535 CIGAR operations, tag CG).
https://samtools.github.io/hts-specs/SAMv1.pdf
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..loops import kernel

Bytes = NDArray[np.uint8]
# Why a scan stopped.
MORE, LIMIT, FULL, BAD, UNSORTED = range(5)
# What is counted; the order in which a read is judged.
SEEN, UNMAPPED, FLAGS, REQUIRED, MAPQ, NO_BASES = range(6)
N_COUNTS = 6
# What a scan remembers: contig and position of the record before, and of the one it stopped at;
# bytes it needs, or what is wrong.
LAST_CONTIG, LAST_POS, CONTIG, POS, WANTED = range(5)
N_STATE = 5
PAIRED, PROPER, UNMAPPED_FLAG, MATE_UNMAPPED, REVERSE, MATE_REVERSE, READ1, READ2 = (
    0x1,
    0x2,
    0x4,
    0x8,
    0x10,
    0x20,
    0x40,
    0x80,
)
NOT_PRIMARY = 0x100 | 0x800  # secondary, supplementary
# Fields that a CRAM need not be decoded for, unless a counter looks at them (htslib's sam.h).
SAM_QNAME, SAM_TLEN = 0x001, 0x100
SAM_PLACES = 0x0FE  # FLAG, RNAME, POS, MAPQ, CIGAR, RNEXT, PNEXT
HEAD = 36  # block_size and the fixed fields
MOST_BYTES = 1 << 28  # of one record: a read of some 170 million bases
PROBLEMS = {
    1: "its length cannot be",
    2: "its contig is not in the header",
    3: "its position is below 0",
    4: "its fields are longer than the record",
    5: "its CIGAR has an operation that does not exist",
    6: "its CIGAR covers more bases than a contig can have",
    7: "its CIGAR and its sequence differ in length",
}


class ReadColumns(NamedTuple):
    """Reads that are kept: one row each, shape (n,).

    Attributes
    ----------
    offset : ndarray of int64
        Of the record in the bytes.
    start, end : ndarray of int64
        Offsets (0-based, half-open) of its reference bases, bp.
    flag : ndarray of int64
    cigar, operations : ndarray of int64
        Offset of the CIGAR in the bytes, and its operations: also where they stand in the tag CG.
    """

    offset: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    flag: NDArray[np.int64]
    cigar: NDArray[np.int64]
    operations: NDArray[np.int64]


def empty_rows(size: int) -> ReadColumns:
    """Room for reads."""
    return ReadColumns(*(np.empty(size, np.int64) for _ in ReadColumns._fields))


def u32(data: Bytes, at: int) -> Any:
    """Unsigned 32-bit little-endian integer at a place."""
    value: Any = (
        np.int64(data[at])
        | np.int64(data[at + 1]) << 8
        | np.int64(data[at + 2]) << 16
        | np.int64(data[at + 3]) << 24
    )
    return value


def i32(data: Bytes, at: int) -> Any:
    """Signed 32-bit little-endian integer at a place."""
    value = u32(data, at)
    return value - (1 << 32) if value >> 31 else value


def u16(data: Bytes, at: int) -> Any:
    """Unsigned 16-bit little-endian integer at a place."""
    value: Any = np.int64(data[at]) | np.int64(data[at + 1]) << 8
    return value


def covers(operation: int) -> bool:
    """Whether a CIGAR operation advances along the reference: M, D, N, =, X."""
    return bool((0x18D >> operation) & 1)


def in_read(operation: int) -> bool:
    """Whether a CIGAR operation advances along the read: M, I, S, =, X."""
    return bool((0x193 >> operation) & 1)


def tag_size(data: Bytes, at: int, end: int) -> int:
    """Bytes of the tag that begins at ``at``, -1 where it is none or goes beyond ``end``."""
    if at + 4 > end:
        return -1
    kind = data[at + 2]
    if kind == 66:  # B: type of the elements, their number, elements
        if at + 8 > end:
            return -1
        inner = data[at + 3]
        width = 1 if inner in (67, 99) else (2 if inner in (83, 115) else 4)
        size = 8 + width * u32(data, at + 4)
    elif kind in (72, 90):  # Z, H: text, ended by 0
        stop = at + 3
        while stop < end and data[stop] != 0:
            stop += 1
        size = stop + 1 - at
    elif kind in (65, 67, 99):  # A, c, C
        size = 4
    elif kind in (83, 115):  # s, S
        size = 5
    elif kind in (73, 102, 105):  # i, I, f
        size = 7
    else:
        return -1
    return size if at + size <= end else -1


def find_tag(data: Bytes, at: int, end: int, name: bytes) -> int:
    """Where the tag of a name begins, -1 when it is not among the tags [at, end)."""
    while True:
        size = tag_size(data, at, end)
        if size < 0:
            return -1
        if data[at] == name[0] and data[at + 1] == name[1]:
            return at
        at += size


def _array_tag(data: Bytes, at: int, end: int) -> int:
    """Where the tag CG with a 32-bit array begins, -1 when it is not among the tags [at, end)."""
    tag = find_tag(data, at, end, b"CG")
    return tag if tag >= 0 and data[tag + 2] == 66 and data[tag + 3] in (73, 105) else -1


def mate_span(data: Bytes, record: int) -> int:
    """Reference bases that the mate covers, by the tag MC (its CIGAR as text); -1 where it is not known."""
    letters = i32(data, record + 20)
    at = record + HEAD + int(data[record + 12]) + 4 * u16(data, record + 16) + (letters + 1) // 2 + letters
    tag = find_tag(data, at, record + 4 + i32(data, record), b"MC")
    if tag < 0 or data[tag + 2] != 90:
        return -1
    span = number = 0
    at = tag + 3
    while data[at] != 0:
        if 48 <= data[at] <= 57:
            number = min(number * 10 + int(data[at]) - 48, 1 << 31)
        else:
            span += number if data[at] in b"MDN=X" else 0
            number = 0
        at += 1
    return span


@kernel
def scan_records(
    data: Bytes,
    at: int,
    end: int,
    contig: int,
    limit: int,
    n_contigs: int,
    keep: bool,
    rule: NDArray[np.int64],
    state: NDArray[np.int64],
    counts: NDArray[np.int64],
    rows: ReadColumns,
) -> tuple[int, int, int]:
    """Walk records of ``contig`` that begin before ``limit``; gives why it stopped, where, and the
    rows it filled.

    ``rule`` is the least MAPQ, flags that exclude, flags that are required. A record of no contig
    is one of contig ``n_contigs``.
    """
    n = 0
    last_contig = state[LAST_CONTIG]
    last_pos = state[LAST_POS]
    why = MORE
    state[WANTED] = HEAD
    seen = unmapped = flags = required = mapq = no_bases = 0
    least, excluded, wanted = rule[0], rule[1], rule[2]
    room = rows.offset.size
    while end - at >= HEAD:
        size = i32(data, at)
        if size < 32 or size > MOST_BYTES:
            why = BAD
            state[WANTED] = 1
            break
        where = i32(data, at + 4)
        pos = i32(data, at + 8)
        if where < -1 or where >= n_contigs or pos < -1:
            why = BAD
            state[WANTED] = 2 if where < -1 or where >= n_contigs else 3
            break
        place = n_contigs if where < 0 else where
        if place < last_contig or (place == last_contig and place < n_contigs and pos < last_pos):
            why = UNSORTED
            state[CONTIG] = place
            state[POS] = pos
            break
        if place != contig or pos >= limit:
            why = LIMIT
            state[CONTIG] = place
            state[POS] = pos
            break
        if end - at < 4 + size:
            state[WANTED] = 4 + size
            break
        if n == room:
            why = FULL
            break
        last_contig = place
        last_pos = pos
        name: Any = np.int64(data[at + 12])
        quality: Any = np.int64(data[at + 13])
        operations = u16(data, at + 16)
        flag = u16(data, at + 18)
        letters = i32(data, at + 20)
        cigar = at + HEAD + name
        after = cigar + 4 * operations + (letters + 1) // 2 + letters
        if name < 1 or letters < 0 or after > at + 4 + size:
            why = BAD
            state[WANTED] = 4
            break
        seen += 1
        stop = at + 4 + size
        record = at
        at = stop
        if not keep:
            continue
        if flag & UNMAPPED_FLAG or where < 0 or pos < 0:
            unmapped += 1
            continue
        if flag & excluded:
            flags += 1
            continue
        if (flag & wanted) != wanted:
            required += 1
            continue
        if quality < least:
            mapq += 1
            continue
        # Section 4.2.2: the CIGAR is <letters>S<bases>N, and the real one stands in the tag CG.
        if operations == 2 and u32(data, cigar) == (letters << 4 | 4) and (data[cigar + 4] & 15) == 3:
            tag = _array_tag(data, after, stop)
            if tag >= 0 and u32(data, tag + 4) >= 2:
                operations = u32(data, tag + 4)
                cigar = tag + 8
        bases = 0
        query = 0
        worst = 0
        for k in range(operations):
            word = u32(data, cigar + 4 * k)
            operation = word & 15
            worst = max(worst, operation)
            if covers(operation):
                bases += word >> 4
            if in_read(operation):
                query += word >> 4
        if worst > 8 or bases > 1 << 31 or (letters > 0 and operations > 0 and query != letters):
            why = BAD
            state[WANTED] = 5 if worst > 8 else (6 if bases > 1 << 31 else 7)
            at = record
            break
        if bases == 0:
            no_bases += 1
            continue
        rows.offset[n] = record
        rows.start[n] = pos
        rows.end[n] = pos + bases
        rows.flag[n] = flag
        rows.cigar[n] = cigar
        rows.operations[n] = operations
        n += 1
    state[LAST_CONTIG] = last_contig
    state[LAST_POS] = last_pos
    counts[SEEN] += seen
    counts[UNMAPPED] += unmapped
    counts[FLAGS] += flags
    counts[REQUIRED] += required
    counts[MAPQ] += mapq
    counts[NO_BASES] += no_bases
    return why, at, n


@kernel
def read_lengths(
    data: Bytes, rows: ReadColumns, n: int, lengths: NDArray[np.int64], extremes: NDArray[np.int64]
) -> None:
    """Count reads by length (letters, or what the CIGAR says where there are none); longer ones in
    the last place.

    ``extremes`` is least, most and sum.
    """
    for k in range(n):
        length = i32(data, rows.offset[k] + 20)
        if length == 0:
            for j in range(rows.operations[k]):
                word = u32(data, rows.cigar[k] + 4 * j)
                if in_read(word & 15):
                    length += word >> 4
        lengths[min(length, lengths.size - 1)] += 1
        extremes[0] = min(extremes[0], length)
        extremes[1] = max(extremes[1], length)
        extremes[2] += length


def problem(code: Any) -> str:
    """What is wrong with a record, for people."""
    return PROBLEMS[int(code)]
