"""The records of one file, in order, from a header on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError

from .bgzf import HEADROOM, BgzfReader, InflatedBytes
from .records import (
    BAD,
    CONTIG,
    FULL,
    LAST_CONTIG,
    LAST_POS,
    LIMIT,
    N_COUNTS,
    N_STATE,
    POS,
    SEEN,
    UNSORTED,
    WANTED,
    ReadColumns,
    empty_rows,
    problem,
    scan_records,
)

_ROWS = 1 << 13  # reads handed on together: their rows and bytes stay in the cache
FAR = np.iinfo(np.int64).max
Consume = Callable[[NDArray[np.uint8], ReadColumns, int], None]


@dataclass(frozen=True)
class Contig:
    """A reference sequence of the header: name and length (bp)."""

    name: str
    length: int


class RecordStream:
    """Reads a header, then records contig by contig, position by position.

    Parameters
    ----------
    reader : BgzfReader
    rule : ndarray of int64
        As :func:`genomearray_converters.reads.records.scan` takes it.

    Attributes
    ----------
    contigs : list of Contig
    contig : int
        Index of the contig of the next record; ``len(contigs)`` for reads without one, one more at the end.
    pos : int
        Offset of the next record.
    counts : ndarray of int64
        Reads seen and dropped, by reason.

    Raises
    ------
    FormatError
        Cut, damaged, not BAM, or not sorted by coordinate.
    """

    def __init__(self, reader: BgzfReader, rule: NDArray[np.int64]) -> None:
        self.reader = reader
        self.name = reader.name
        self.counts = np.zeros(N_COUNTS, np.int64)
        self._rule = rule
        self._data = np.empty(0, np.uint8)
        self._slab: InflatedBytes | None = None
        self._at = self._end = 0
        self._rows = empty_rows(_ROWS)
        self._state = np.zeros(N_STATE, np.int64)
        self.contigs = self._header()
        self.contig, self.pos = 0, 0
        self._peek()

    # -- bytes ---------------------------------------------------------------------------

    def _need(self, count: int) -> bool:
        """Have ``count`` bytes in a row; False at the end of the file."""
        while self._end - self._at < count:
            slab = self.reader.next()
            if slab is None:
                return False
            left = self._end - self._at
            if left <= HEADROOM:
                slab.buffer[HEADROOM - left : HEADROOM] = self._data[self._at : self._end]
                start, buffer, end = HEADROOM - left, slab.buffer, slab.end
            else:
                buffer = np.concatenate([self._data[self._at : self._end], slab.buffer[HEADROOM : slab.end]])
                start, end = 0, buffer.size
            if self._slab is not None:
                self.reader.release(self._slab)
            self._slab = slab if buffer is slab.buffer else None
            self._data, self._at, self._end = buffer, start, end
        return True

    def _take(self, count: int, what: str) -> bytes:
        if not self._need(count):
            raise FormatError(f"{self.name}: the file ends inside {what}; it is cut: get it again")
        self._at += count
        return self._data[self._at - count : self._at].tobytes()

    def _integer(self, what: str) -> int:
        return int.from_bytes(self._take(4, what), "little", signed=True)

    # -- header --------------------------------------------------------------------------

    def _header(self) -> list[Contig]:
        """Section 4.2: magic, text, and the name and length of every reference sequence."""
        what = "the header"
        if self._take(4, what) != b"BAM\x01":
            raise FormatError(
                f"{self.name}: it is compressed, and what is in it is not a BAM; give a BAM, SAM or CRAM file"
            )
        length = self._integer(what)
        if length < 0:
            raise self._bad_header(f"its text has {length} bytes")
        self._take(length, what)
        count = self._integer(what)
        if count < 0:
            raise self._bad_header(f"it has {count} contigs")
        contigs = []
        for k in range(count):
            size = self._integer(what)
            if size < 1:
                raise self._bad_header(f"the name of contig {k} has {size} bytes")
            name = self._take(size, what)[:-1].decode(errors="replace")
            bases = self._integer(what)
            if bases < 0:
                raise self._bad_header(f"contig {name!r} has {bases} bp")
            contigs.append(Contig(name, bases))
        return contigs

    def _bad_header(self, why: str) -> FormatError:
        return FormatError(f"{self.name}: the header is damaged: {why}; get the file again")

    # -- records -------------------------------------------------------------------------

    @property
    def ended(self) -> bool:
        """Whether all records were walked."""
        return self.contig > len(self.contigs)

    def walk(self, limit: int, consume: Consume | None) -> None:
        """Hand on the reads of the present contig that begin before ``limit``; without ``consume``
        they are counted only.

        Parameters
        ----------
        limit : int
            Offset.
        consume : callable
            Takes bytes, rows, and the number of rows.
        """
        contig = self.contig
        n_contigs = len(self.contigs)
        while True:
            why, at, n = scan_records(
                self._data,
                self._at,
                self._end,
                contig,
                limit,
                n_contigs,
                consume is not None,
                self._rule,
                self._state,
                self.counts,
                self._rows,
            )
            if n and consume is not None:
                consume(self._data, self._rows, n)
            self._at = at
            if why == FULL:
                continue
            if why == LIMIT:
                self.contig, self.pos = int(self._state[CONTIG]), int(self._state[POS])
                return
            if why == BAD:
                raise FormatError(
                    f"{self._record()} is damaged: {problem(self._state[WANTED])}; get the file again"
                )
            if why == UNSORTED:
                raise self._unsorted()
            if not self._need(int(self._state[WANTED])):
                if self._end != self._at and not self.reader.cut:
                    raise FormatError(f"{self._record()} is cut at the end of the file; get the file again")
                self.contig, self.pos = n_contigs + 1, 0
                return

    def _peek(self) -> None:
        """Find contig and place of the next record without taking it."""
        self.contig = -1
        self.walk(FAR, None)

    def jump(self, place: int) -> None:
        """Go on at the record at a virtual offset, as indexes have them: byte of the block << 16,
        byte inside of it.
        """
        within = place & 0xFFFF
        try:
            self._restart(place >> 16)
            if self._need(max(within, 1)):
                self._at += within
                self._peek()
            elif within:
                raise FormatError("it points past the end of the file")
            else:
                self.contig = len(self.contigs) + 1
        except (FormatError, OSError, OverflowError) as error:
            raise FormatError(
                f"{self.name}: its index does not fit ({error}); make it again with: samtools index"
            ) from None

    def _restart(self, offset: int) -> None:
        """Forget what was read; the next byte is that of the block at ``offset``."""
        self.reader.seek(offset)
        self._at = self._end = 0
        self._state[:] = 0

    def rewind(self) -> None:
        """Go back to the first record."""
        self._restart(0)
        self._header()
        self._peek()

    def _record(self) -> str:
        return f"{self.name}: record {int(self.counts[SEEN]) + 1:,}"

    def _unsorted(self) -> FormatError:
        def place(contig: int, pos: int) -> str:
            return (
                f"{self.contigs[contig].name}:{pos + 1:,}"
                if contig < len(self.contigs)
                else "reads without a contig"
            )

        state = self._state
        here, before = (
            place(int(state[CONTIG]), int(state[POS])),
            place(int(state[LAST_CONTIG]), int(state[LAST_POS])),
        )
        return FormatError(
            f"{self._record()} ({here}) stands after {before}: the reads are not sorted by "
            "coordinate; sort them with: "
            f"samtools sort -o sorted.bam {self.name if self.name != 'standard input' else 'FILE'}"
        )
