"""Reads into counts: what each kind of track makes of a read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from genomearray.reference.assembly import Chromosome

from .count_kernels import (
    DONE,
    FAR_ROOM,
    FRAGMENT_COLUMNS,
    N_REASONS,
    add_fragments,
    count_depth,
    count_ends,
    find_fragments,
    select_fragments,
)
from .mates import Waiting
from .records import SAM_QNAME, SAM_TLEN, Bytes, ReadColumns
from .window import Counts, Intervals, Window


def at_most(fragments: Intervals, limit: int) -> tuple[Intervals, int]:
    """At most ``limit`` fragments of one (left, size, strand), the first ones; gives them in that
    order, and how many were left out. Rows as of :func:`.count_kernels.find_fragments`.

    Examples
    --------
    >>> import numpy as np
    >>> from genomearray_converters.reads.counters import at_most
    >>> kept, dropped = at_most(np.array([[9, 100, 0, 60, 0], [5, 100, 0, 60, 0], [9, 100, 0, 1, 0]]), 1)
    >>> kept.tolist(), dropped
    ([[5, 100, 0, 60, 0], [9, 100, 0, 60, 0]], 1)
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


_APART = 1 << 18  # bp: mates further apart than this, and than the greatest fragment, have stale places


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
        How far before its start, and after its end, a read may count (bp).
    reasons : ndarray of int64
        Reads not counted, by reason.
    dovetails : int
        Of the fragments, those whose forward read begins after the reverse one.
    fields : int
        What it looks at beside flags, places and CIGARs, as bits of htslib's ``SAM_QNAME`` and so on.
    """

    fields = 0

    def __init__(self, strands: int, back: int, ahead: int) -> None:
        self.strands = strands
        self.back = back
        self.ahead = ahead
        self.reasons = np.zeros(N_REASONS, np.int64)
        self.duplicates = 0
        self.dovetails = 0
        self.extends = False
        self.extended = 0

    @abstractmethod
    def count(self, data: Bytes, rows: ReadColumns, n: int, window: Window, file: int) -> None:
        """Count ``n`` reads of a file."""

    def finish_window(self, window: Window) -> None:
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
        self.fields = SAM_QNAME if once else 0
        self.extends = extend > 0
        self._waiting = [Waiting() for _ in range(files if once else 1)]

    def begin(self, chrom: Chromosome) -> None:
        for waiting in self._waiting:
            waiting.clear()

    def count(self, data: Bytes, rows: ReadColumns, n: int, window: Window, file: int) -> None:
        waiting = self._waiting[file if self._once else 0]
        done = 0
        while True:
            why, done, extended = count_depth(
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
        count_ends(
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

    fields = SAM_TLEN
    _whole = False  # whether a fragment must lie inside its chromosome, all of it

    def __init__(self, strands: int, sizes: Sizes, *, dyads: bool) -> None:
        super().__init__(strands, max(sizes.most, _APART), sizes.most)
        self._sizes, self._dyads = sizes, dyads
        self._must_wait = sizes.duplicates > 0
        self._waiting: list[Intervals] = []
        self._found = np.empty((0, FRAGMENT_COLUMNS), np.int64)

    def begin(self, chrom: Chromosome) -> None:
        self._waiting = []

    def pending(self) -> bool:
        return bool(self._waiting)

    def _fragments(self, data: Bytes, rows: ReadColumns, n: int, window: Window) -> Intervals:
        if self._found.shape[0] < n:
            self._found = np.empty((n, FRAGMENT_COLUMNS), np.int64)
        fragments = self._found[: find_fragments(data, rows, n, self.back, self._found, self.reasons)]
        return fragments[
            : select_fragments(
                fragments,
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

    def finish_window(self, window: Window) -> None:
        if self._waiting:
            kept, dropped = at_most(np.concatenate(self._waiting), self._sizes.duplicates)
            self.duplicates += dropped
            ready = int(np.searchsorted(kept[:, 0], window.limit - window.back))
            self._add(kept[:ready], window)
            self._waiting = [kept[ready:]] if ready < kept.shape[0] else []

    def _add(self, fragments: Intervals, window: Window) -> None:
        self.dovetails += int(fragments[:, 4].sum())
        window.reserve(fragments.shape[0])
        add_fragments(fragments, self._dyads, self.strands, window.counts, window.place, window.far)


class TableCounter(FragmentCounter):
    """Fragments of pairs as rows, handed on in the order of their left ends.

    Parameters
    ----------
    emit : callable
        Takes a chromosome and fragments, rows as of :func:`.count_kernels.find_fragments`.
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
        self.dovetails += int(fragments[:, 4].sum())
        if fragments.size:
            self._emit(self._chrom, fragments)
