"""Compiled loops of counting: records of a BAM, as bytes, onto a window of counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..loops import kernel
from .mates import FIRST, SECOND, STORE, remove, role_of_mate, store_waiting, waiting_read
from .records import (
    MATE_REVERSE,
    MATE_UNMAPPED,
    NOT_PRIMARY,
    PAIRED,
    READ1,
    READ2,
    REVERSE,
    Bytes,
    ReadColumns,
    covers,
    i32,
    mate_span,
    u32,
)
from .window import LENGTH, N_FAR, Counts, Intervals, add, meets

# Reasons why a read that passed the filters is not counted.
OUTSIDE, ELSEWHERE, NOTHING, NOT_A_PAIR, NOT_FIRST, SAME_STRAND, SIZE, FAR_MATE, NO_SIZE, OUTWARD = range(10)
# Why counting stopped.
DONE, FAR_ROOM, WAITING_ROOM = range(3)
N_REASONS = 10
FRAGMENT_COLUMNS = 5  # left end, size, strand of read 1 (0 forward), MAPQ of read 1, dovetail (0 or 1)
Reasons = NDArray[np.int64]


# -- depth -------------------------------------------------------------------------------------


def _next_run(
    data: Bytes, cigar: int, operations: int, k: int, at: int, deletions: bool
) -> tuple[int, int, int, int]:
    """The next covered stretch from operation ``k`` on at offset ``at``: operation after it,
    offset after it, start, end.
    """
    begin = at
    while k < operations:
        word = u32(data, cigar + 4 * k)
        operation = word & 15
        length = word >> 4
        k += 1
        if not covers(operation):
            continue
        if operation == 3 or (operation == 2 and not deletions):
            if at > begin:
                return k, at + length, begin, at
            at += length
            begin = at
        else:
            at += length
    return k, at, begin, at


def _cover(
    data: Bytes,
    cigar: int,
    operations: int,
    start: int,
    deletions: bool,
    strand: int,
    counts: Counts,
    place: Reasons,
    far: Intervals,
) -> None:
    """Count the reference bases of M, = and X, and of D if wanted."""
    k, at, begin, end = _next_run(data, cigar, operations, 0, start, deletions)
    while begin < end:
        add(counts, place, far, strand, begin, end)
        k, at, begin, end = _next_run(data, cigar, operations, k, at, deletions)


def _extent(
    data: Bytes, cigar: int, operations: int, start: int, deletions: bool, length: int, regions: Intervals
) -> tuple[int, bool, bool]:
    """Bases that a read covers, whether one of them is inside of the contig, and whether one is wanted."""
    bases, inside, wanted = 0, False, False
    k, at, begin, end = _next_run(data, cigar, operations, 0, start, deletions)
    while begin < end:
        bases += end - begin
        inside = inside or begin < length
        wanted = wanted or (begin < length and meets(regions, begin, end))
        k, at, begin, end = _next_run(data, cigar, operations, k, at, deletions)
    return bases, inside, wanted


def _cover_rest(
    data: Bytes,
    cigar: int,
    operations: int,
    start: int,
    store: Bytes,
    stored: int,
    deletions: bool,
    strand: int,
    counts: Counts,
    place: Reasons,
    far: Intervals,
) -> None:
    """Count the bases of a read that its waiting mate does not cover."""
    other_at, others, other_cigar = waiting_read(store, stored)
    j, other_at, low, high = _next_run(store, other_cigar, others, 0, other_at, deletions)
    k, at, begin, end = _next_run(data, cigar, operations, 0, start, deletions)
    while begin < end:
        while low < high <= begin:
            j, other_at, low, high = _next_run(store, other_cigar, others, j, other_at, deletions)
        if low < high and low < end:
            add(counts, place, far, strand, begin, min(low, end))
            begin = min(high, end)
        else:
            add(counts, place, far, strand, begin, end)
            begin = end
        if begin >= end:
            k, at, begin, end = _next_run(data, cigar, operations, k, at, deletions)


@kernel
def count_depth(
    data: Bytes,
    rows: ReadColumns,
    first: int,
    n: int,
    deletions: bool,
    extend: int,
    once: bool,
    strands: int,
    table: Intervals,
    store: Bytes,
    waiting: Reasons,
    counts: Counts,
    place: Reasons,
    far: Intervals,
    regions: Intervals,
    reasons: Reasons,
) -> tuple[int, int, int]:
    """Count reads from ``first`` on; gives why it stopped, how many are done, and how many were extended."""
    extended = 0
    for k in range(first, n):
        start, end, flag, cigar, operations = (
            rows.start[k],
            rows.end[k],
            rows.flag[k],
            rows.cigar[k],
            rows.operations[k],
        )
        if place[N_FAR] + operations + 2 > far.shape[0]:
            return FAR_ROOM, k, extended
        reverse = (flag & REVERSE) != 0
        strand = 1 if strands == 2 and reverse else 0
        longer = extend > end - start and not flag & PAIRED
        if longer:
            start, end = (end - extend, end) if reverse else (start, start + extend)
        alone = longer or (operations == 1 and data[cigar] & 15 == 0)  # M alone, as most reads are
        if alone:
            bases, inside, wanted = end - start, start < place[LENGTH] and end > 0, meets(regions, start, end)
        else:
            bases, inside, wanted = _extent(data, cigar, operations, start, deletions, place[LENGTH], regions)
        if bases == 0:
            reasons[NOTHING] += 1
            continue
        if not inside:
            reasons[OUTSIDE] += 1
            continue
        if once:
            record = rows.offset[k]
            what, key, slot = role_of_mate(data, record, flag, start, end, table, store)
            if what == SECOND:
                stored = table[slot, STORE]
                if place[N_FAR] + operations + waiting_read(store, stored)[1] + 2 > far.shape[0]:
                    return FAR_ROOM, k, extended
                _cover_rest(
                    data, cigar, operations, start, store, stored, deletions, strand, counts, place, far
                )
                remove(table, slot, waiting)
                if not wanted:
                    reasons[ELSEWHERE] += 1
                continue
            if what == FIRST and not store_waiting(
                data, record, start, flag & (READ1 | READ2), cigar, operations, table, store, waiting, key
            ):
                return WAITING_ROOM, k, extended
        if not wanted:
            reasons[ELSEWHERE] += 1
            continue
        extended += longer
        if alone:
            add(counts, place, far, strand, start, end)
        else:
            _cover(data, cigar, operations, start, deletions, strand, counts, place, far)
    return DONE, n, extended


# -- ends --------------------------------------------------------------------------------------


@kernel
def count_ends(
    rows: ReadColumns,
    n: int,
    left: bool,
    forward: int,
    backward: int,
    strands: int,
    counts: Counts,
    place: Reasons,
    far: Intervals,
    regions: Intervals,
    reasons: Reasons,
) -> None:
    """Count one base of each read: its left or its 5' end, shifted along the reference by strand."""
    for k in range(n):
        reverse = (rows.flag[k] & REVERSE) != 0
        at = rows.start[k] if left or not reverse else rows.end[k] - 1
        at += backward if reverse else forward
        if at < 0 or at >= place[LENGTH]:
            reasons[OUTSIDE] += 1
        elif not meets(regions, at, at + 1):
            reasons[ELSEWHERE] += 1
        else:
            add(counts, place, far, 1 if strands == 2 and reverse else 0, at, at + 1)


# -- pairs -------------------------------------------------------------------------------------


def _overlap(data: Bytes, record: int, start: int, end: int, mate: int) -> bool:
    """Whether a read on [start, end) and its mate, which begins at ``mate``, share a base.

    Where the mate is the left one its length decides: TLEN, if it says that the mate ends last, else
    the tag MC, else that mates are as long as each other.
    """
    if start <= mate:
        return mate < end
    if mate + abs(i32(data, record + 32)) > end:
        return True
    span = mate_span(data, record)
    return mate + (end - start if span < 0 else span) > start


@kernel
def find_fragments(
    data: Bytes, rows: ReadColumns, n: int, most_back: int, out: Intervals, reasons: Reasons
) -> int:
    """Fragments of pairs, one row each, see FRAGMENT_COLUMNS; read 1 decides.

    A fragment begins at the left one of both mates and has abs(TLEN) bases: which mate has the minus
    sign differs among aligners (SAM specification, section 1.4, TLEN; hts-specs issue 366), and where
    both begin at one base it is open. A mate may begin ``most_back`` bp (at most) before its read. In
    a dovetail the forward read begins after the reverse one, and they overlap; mates that do not face
    outward, and no fragment lies between them.
    """
    fragments = 0
    for k in range(n):
        flag = rows.flag[k]
        record = rows.offset[k]
        if (
            not flag & PAIRED
            or flag & (MATE_UNMAPPED | NOT_PRIMARY)
            or i32(data, record + 24) != i32(data, record + 4)
        ):
            reasons[NOT_A_PAIR] += 1
        elif flag & (READ1 | READ2) != READ1:
            reasons[NOT_FIRST] += 1
        elif ((flag & REVERSE) != 0) == ((flag & MATE_REVERSE) != 0):
            reasons[SAME_STRAND] += 1
        elif i32(data, record + 32) == 0:
            reasons[NO_SIZE] += 1
        elif rows.start[k] - i32(data, record + 28) > most_back:
            reasons[FAR_MATE] += 1
        else:
            start, mate = rows.start[k], i32(data, record + 28)
            reverse = (flag & REVERSE) != 0
            crossed = mate > start if reverse else start > mate
            if crossed and not _overlap(data, record, start, rows.end[k], mate):
                reasons[OUTWARD] += 1
                continue
            out[fragments, 0] = min(start, mate)
            out[fragments, 1] = abs(i32(data, record + 32))
            out[fragments, 2] = 1 if reverse else 0
            out[fragments, 3] = data[record + 13]
            out[fragments, 4] = 1 if crossed else 0
            fragments += 1
    return fragments


@kernel
def select_fragments(
    fragments: Intervals,
    least: int,
    most: int,
    place: Reasons,
    dyads: bool,
    whole: bool,
    regions: Intervals,
    reasons: Reasons,
) -> int:
    """Move fragments of the sizes wanted, and inside the chromosome, to the front; gives their number."""
    kept = 0
    for k in range(fragments.shape[0]):
        left, size = fragments[k, 0], fragments[k, 1]
        start, end = (left + size // 2, left + size // 2 + 1) if dyads else (left, left + size)
        if size < least or size > most:
            reasons[SIZE] += 1
        elif left < 0 or start >= place[LENGTH] or (whole and end > place[LENGTH]):
            reasons[OUTSIDE] += 1
        elif not meets(regions, start, end):
            reasons[ELSEWHERE] += 1
        else:
            fragments[kept] = fragments[k]
            kept += 1
    return kept


@kernel
def add_fragments(
    fragments: Intervals, dyads: bool, strands: int, counts: Counts, place: Reasons, far: Intervals
) -> None:
    """Add fragments, or their dyads, to the counts."""
    for k in range(fragments.shape[0]):
        left, size = fragments[k, 0], fragments[k, 1]
        start, end = (left + size // 2, left + size // 2 + 1) if dyads else (left, left + size)
        add(counts, place, far, fragments[k, 2] if strands == 2 else 0, start, end)
