"""Reads into counts: what each kind of track makes of a read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genomearray._kernels import kernel
from genomearray.reference.assembly import Chromosome

from .mates import FIRST, SECOND, STORE, Waiting, keep, remove, role, waiting_read
from .records import (
    MATE_REVERSE,
    MATE_UNMAPPED,
    NOT_PRIMARY,
    PAIRED,
    READ1,
    REVERSE,
    Bytes,
    ReadColumns,
    covers,
    i32,
    u32,
)
from .window import LENGTH, N_FAR, Counts, Intervals, Window, add, meets

# Reasons why a read that passed the filters is not counted.
OUTSIDE, ELSEWHERE, NOTHING, NOT_A_PAIR, NOT_FIRST, SAME_STRAND, SIZE, FAR_MATE = range(8)
N_REASONS = 8
MOST_APART = 1 << 18  # bp from a reverse read 1 back to its mate: what the window of counts reaches back
# Why counting stopped.
DONE, FAR_ROOM, WAITING_ROOM = range(3)
Reasons = NDArray[np.int64]


# -- depth -------------------------------------------------------------------------------------


@kernel
def _next_run(
    data: Bytes, cigar: int, operations: int, k: int, at: int, deletions: bool
) -> tuple[int, int, int, int]:
    """The next covered stretch from operation ``k`` on at offset ``at``: operation behind it,
    offset behind it, start, end.
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


@kernel
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


@kernel
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


@kernel
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
def _count_depth(
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
            what, key, slot = role(data, record, flag, start, end, table, store)
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
            if what == FIRST and not keep(data, record, start, cigar, operations, table, store, waiting, key):
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
def _count_ends(
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


@kernel
def find_fragments(data: Bytes, rows: ReadColumns, n: int, out: Intervals, reasons: Reasons) -> int:
    """Fragments of pairs: rows of left end, size, strand of read 1 (0 forward), MAPQ of read 1.
    Read 1 decides.
    """
    found = 0
    for k in range(n):
        flag = rows.flag[k]
        record = rows.offset[k]
        if (
            not flag & PAIRED
            or flag & (MATE_UNMAPPED | NOT_PRIMARY)
            or i32(data, record + 24) != i32(data, record + 4)
        ):
            reasons[NOT_A_PAIR] += 1
        elif not flag & READ1:
            reasons[NOT_FIRST] += 1
        elif ((flag & REVERSE) != 0) == ((flag & MATE_REVERSE) != 0):
            reasons[SAME_STRAND] += 1
        elif (flag & REVERSE) != 0 and rows.start[k] - i32(data, record + 28) > MOST_APART:
            reasons[FAR_MATE] += 1
        else:
            size = i32(data, record + 32)
            reverse = (flag & REVERSE) != 0
            out[found, 0] = i32(data, record + 28) if reverse else rows.start[k]
            out[found, 1] = -size if reverse else size
            out[found, 2] = 1 if reverse else 0
            out[found, 3] = data[record + 13]
            found += 1
    return found


@kernel
def _select(
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
def _add_fragments(
    fragments: Intervals, dyads: bool, strands: int, counts: Counts, place: Reasons, far: Intervals
) -> None:
    for k in range(fragments.shape[0]):
        left, size = fragments[k, 0], fragments[k, 1]
        start, end = (left + size // 2, left + size // 2 + 1) if dyads else (left, left + size)
        add(counts, place, far, fragments[k, 2] if strands == 2 else 0, start, end)


def at_most(fragments: Intervals, limit: int) -> tuple[Intervals, int]:
    """At most ``limit`` fragments of one (left, size, strand), the first ones; gives them in that
    order, and how many were left out.

    Examples
    --------
    >>> import numpy as np
    >>> from genomearray_converters.reads.counters import at_most
    >>> kept, dropped = at_most(np.array([[9, 100, 0, 60], [5, 100, 0, 60], [9, 100, 0, 1]]), 1)
    >>> kept.tolist(), dropped
    ([[5, 100, 0, 60], [9, 100, 0, 60]], 1)
    """
    order = np.lexsort((fragments[:, 2], fragments[:, 1], fragments[:, 0]))
    ordered = fragments[order]
    if not limit or not order.size:
        return ordered, 0
    new = np.ones(order.size, bool)
    new[1:] = (ordered[1:, :3] != ordered[:-1, :3]).any(axis=1)
    rows = np.arange(order.size)
    rank = rows - np.maximum.accumulate(np.where(new, rows, 0))
    kept = ordered[rank < limit]
    return kept, order.size - kept.shape[0]


# -- the kinds ---------------------------------------------------------------------------------


class Counter(ABC):
    """What a kind of track makes of reads.

    Parameters
    ----------
    strands : int
        1: together; 2: apart, by the strand of the read.

    Attributes
    ----------
    back, ahead : int
        How far before its start, and behind its end, a read may count (bp).
    reasons : ndarray of int64
        Reads not counted, by reason.
    """

    def __init__(self, strands: int, back: int, ahead: int) -> None:
        self.strands = strands
        self.back = back
        self.ahead = ahead
        self.reasons = np.zeros(N_REASONS, np.int64)
        self.duplicates = 0
        self.extends = False
        self.extended = 0

    @abstractmethod
    def count(self, data: Bytes, rows: ReadColumns, n: int, window: Window, file: int) -> None:
        """Count ``n`` reads of a file."""

    def settle(self, window: Window) -> None:
        """Count what had to wait until all reads of the block were seen."""

    def result(self, counts: Counts) -> Counts:
        """Counts of a window, all reads seen, as they go into tracks: shape (tracks, n)."""
        return counts

    def begin(self, chrom: Chromosome) -> None:
        """Another chromosome begins."""

    def pending(self) -> bool:
        """Whether something waits to be settled."""
        return False


class DepthCounter(Counter):
    """Bases that reads cover.

    Parameters
    ----------
    deletions : bool
        Whether D is covered.
    once : bool
        Whether bases of both mates of a proper pair count once.
    extend : int
        Length of fragments (bp) to which single reads are extended from their 5' end; 0 leaves them.
    files : int
    """

    def __init__(self, strands: int, *, deletions: bool, once: bool, extend: int, files: int) -> None:
        super().__init__(strands, extend, extend)
        self._deletions, self._once, self._extend = deletions, once, extend
        self.extends = extend > 0
        self._waiting = [Waiting() for _ in range(files if once else 1)]

    def begin(self, chrom: Chromosome) -> None:
        for waiting in self._waiting:
            waiting.clear()

    def count(self, data: Bytes, rows: ReadColumns, n: int, window: Window, file: int) -> None:
        waiting = self._waiting[file if self._once else 0]
        done = 0
        while True:
            why, done, extended = _count_depth(
                data,
                rows,
                done,
                n,
                self._deletions,
                self._extend,
                self._once,
                self.strands,
                waiting.table,
                waiting.store,
                waiting.state,
                window.counts,
                window.place,
                window.far,
                window.regions,
                self.reasons,
            )
            self.extended += extended
            if why == DONE:
                return
            if why == FAR_ROOM:
                window.reserve(window.far.shape[0] + int(rows.operations[done]))
            else:
                waiting.make_room(int(rows.start[done]), 4 * int(rows.operations[done]) + 300)


class EndCounter(Counter):
    """One base of each read.

    Parameters
    ----------
    left : bool
        The left end of every read; else its 5' end, which is the left one of a forward and the
        right one of a reverse read.
    forward, backward : int
        Added to the offsets of forward and reverse reads (bp).
    limit : int
        At most so many reads of one strand at one base; 0: all.
    """

    def __init__(
        self, strands: int, *, left: bool, forward: int = 0, backward: int = 0, limit: int = 0
    ) -> None:
        # Reads are limited for each strand by itself.
        super().__init__(2 if limit else strands, max(0, -forward, -backward), max(0, forward, backward))
        self._left, self._forward, self._backward, self._limit, self._tracks = (
            left,
            forward,
            backward,
            limit,
            strands,
        )

    def count(self, data: Bytes, rows: ReadColumns, n: int, window: Window, file: int) -> None:
        window.reserve(n)
        _count_ends(
            rows,
            n,
            self._left,
            self._forward,
            self._backward,
            self.strands,
            window.counts,
            window.place,
            window.far,
            window.regions,
            self.reasons,
        )

    def result(self, counts: Counts) -> Counts:
        if not self._limit:
            return counts
        kept = np.minimum(counts, np.uint32(self._limit))
        self.duplicates += int(counts.sum(dtype=np.int64) - kept.sum(dtype=np.int64))
        return kept if self._tracks == 2 else kept.sum(axis=0, keepdims=True, dtype=np.uint32)


@dataclass(frozen=True)
class Sizes:
    """Fragments that count: least and most bp, and how many of one place (0: all)."""

    least: int
    most: int
    duplicates: int = 0


class FragmentCounter(Counter):
    """Whole fragments of pairs, or the base in their middle.

    Parameters
    ----------
    sizes : Sizes
    dyads : bool
        Count offset ``left + size // 2`` of each fragment; else all its bases.
    """

    _whole = False  # whether a fragment must lie inside its chromosome, all of it

    def __init__(self, strands: int, sizes: Sizes, *, dyads: bool) -> None:
        super().__init__(strands, max(sizes.most, MOST_APART), sizes.most)
        self._sizes, self._dyads = sizes, dyads
        self._must_wait = sizes.duplicates > 0
        self._waiting: list[Intervals] = []
        self._found = np.empty((0, 4), np.int64)

    def begin(self, chrom: Chromosome) -> None:
        self._waiting = []

    def pending(self) -> bool:
        return bool(self._waiting)

    def _fragments(self, data: Bytes, rows: ReadColumns, n: int, window: Window) -> Intervals:
        if self._found.shape[0] < n:
            self._found = np.empty((n, 4), np.int64)
        found = self._found[: find_fragments(data, rows, n, self._found, self.reasons)]
        return found[
            : _select(
                found,
                self._sizes.least,
                self._sizes.most,
                window.place,
                self._dyads,
                self._whole,
                window.regions,
                self.reasons,
            )
        ]

    def count(self, data: Bytes, rows: ReadColumns, n: int, window: Window, file: int) -> None:
        fragments = self._fragments(data, rows, n, window)
        if not self._must_wait:
            self._add(fragments, window)
        elif fragments.size:
            self._waiting.append(fragments.copy())
            if self._sizes.duplicates and sum(part.shape[0] for part in self._waiting) > 1 << 21:
                # Of those alike only the first ones are kept: that bounds what waits.
                kept, dropped = at_most(np.concatenate(self._waiting), self._sizes.duplicates)
                self._waiting = [kept]
                self.duplicates += dropped

    def settle(self, window: Window) -> None:
        if self._waiting:
            kept, dropped = at_most(np.concatenate(self._waiting), self._sizes.duplicates)
            self.duplicates += dropped
            ready = int(np.searchsorted(kept[:, 0], window.limit - window.back))
            self._add(kept[:ready], window)
            self._waiting = [kept[ready:]] if ready < kept.shape[0] else []

    def _add(self, fragments: Intervals, window: Window) -> None:
        window.reserve(fragments.shape[0])
        _add_fragments(fragments, self._dyads, self.strands, window.counts, window.place, window.far)


class TableCounter(FragmentCounter):
    """Fragments of pairs as rows, handed on in the order of their left ends.

    Parameters
    ----------
    emit : callable
        Takes a chromosome and fragments: rows of left end, size, strand (0 forward), MAPQ.
    """

    _whole = True

    def __init__(self, sizes: Sizes, emit: Callable[[Chromosome, Intervals], None]) -> None:
        super().__init__(1, sizes, dyads=False)
        self._must_wait = True
        self._emit = emit
        self._chrom: Chromosome | None = None

    def begin(self, chrom: Chromosome) -> None:
        super().begin(chrom)
        self._chrom = chrom

    def _add(self, fragments: Intervals, window: Window) -> None:
        assert self._chrom is not None
        if fragments.size:
            self._emit(self._chrom, fragments)
