"""The one way of text formats into a track: blocks of lines -> rows -> intervals of the writer.

A format gives a scanner, compiled, that turns a block of lines into rows (start, end, value)
and runs of rows of one chromosome. Everything else is here: reading in blocks, exact numbers,
chromosome names, limits, bad lines, and messages with file and line.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError, ValueRangeError
from genomearray.input_file import line_blocks, open_input
from genomearray.reference.assembly import Chromosome

from ..text.scanner import CONTINUED, Buffers, Scanned, Scanner
from .report import ImportReport

if TYPE_CHECKING:
    from .pipeline import ImportJob

_NO_BASE = "{clip} leaves out intervals without a base"


class _Rows(NamedTuple):
    """Rows of one chromosome."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    values: NDArray[Any]
    lines: NDArray[np.int32]

    def take(self, rows: NDArray[np.bool_]) -> _Rows:
        return _Rows(self.starts[rows], self.ends[rows], self.values[rows], self.lines[rows])


@dataclass
class _Piece:
    """Whole lines of a file, from an offset in a block on."""

    name: str  # of the file
    block: bytes
    offset: int
    first_line: int

    def text(self, begin: int, end: int) -> bytes:
        return self.block[self.offset + begin : self.offset + end]

    def where(self, line: int) -> str:
        return f"{self.name}:{self.first_line + line}"

    def after(self, scanned: Scanned) -> _Piece | None:
        """What follows the line at which the scanner stopped."""
        at = self.block.find(b"\n", self.offset + scanned.begin) + 1
        if not 0 < at < len(self.block):
            return None
        return _Piece(self.name, self.block, at, self.first_line + scanned.lines + 1)


class RowImporter:
    """Feeds text files to the track of a job through a scanner.

    Parameters
    ----------
    job : ImportJob
    """

    def __init__(self, job: ImportJob[ImportReport]) -> None:
        self._job = job
        self._writer = job.writer

    def read(self, path: str | os.PathLike[str], scanner: Scanner) -> None:
        """Write all rows of a file."""
        out: Buffers | None = None
        chrom = scanner.chrom
        with open_input(path) as source:
            for block, first_line in line_blocks(source, self._job.progress):
                if out is None or out.values.size < len(block) // 2 + 2:
                    out = Buffers(len(block))
                text = np.frombuffer(block, np.uint8)
                piece: _Piece | None = _Piece(source.name, block, 0, first_line)
                while piece is not None:
                    scanned = scanner.scan(text[piece.offset :], out)
                    # What stands before the offending line is checked first: the first error is reported.
                    refused = self._job.report.bad.count
                    chrom = self._write(piece, out, scanned, chrom)
                    self._job.report.rows += scanned.rows - (self._job.report.bad.count - refused)
                    if not scanned.error:
                        break
                    token = piece.text(scanned.begin, scanned.end).decode(errors="replace").strip()
                    shown = token if len(token) <= 80 else token[:77] + "..."
                    why = scanner.explain(scanned.error, shown, scanned.column)
                    where = piece.where(scanned.lines)
                    refused_line = FormatError(f"{where}: {why}", hint=scanner.hint(scanned.error))
                    if scanned.error in scanner.fatal:
                        raise refused_line
                    self._job.report.bad.refuse(refused_line)
                    piece = piece.after(scanned)
            if source.unfinished:
                self._job.report.unfinished.append(source.name)

    def _write(self, piece: _Piece, out: Buffers, scanned: Scanned, chrom: str | None) -> str | None:
        try:
            values = self._exact(piece, out, scanned)
        except ValueRangeError as error:
            raise error.within(piece.where(int(out.lines[out.slow[0, 0]])), FormatError) from error
        borders = [*out.runs[: scanned.runs, 0].tolist(), scanned.rows]
        for k in range(scanned.runs):
            low, high = borders[k], borders[k + 1]
            _, begin, end = out.runs[k].tolist()
            if begin != CONTINUED:
                chrom = piece.text(begin, end).decode(errors="replace")
            assert chrom is not None
            if high == low:
                continue
            chromosome = self._job.names.find(chrom, high - low, piece.where(int(out.lines[low])))
            if chromosome is None:
                continue
            run = slice(low, high)
            rows = _Rows(out.starts[run], out.ends[run], values[run], out.lines[run])
            self._put(piece, chromosome, self._inside(piece, rows, chromosome))
        return chrom

    def _exact(self, piece: _Piece, out: Buffers, scanned: Scanned) -> NDArray[Any]:
        """The values; numbers too long for the compiled loop are parsed by Python."""
        values = out.values[: scanned.rows]
        slow = out.slow[: scanned.slow].tolist()
        if not slow:
            return values
        tokens = [piece.text(begin, end) for _, begin, end in slow]
        rows = [row for row, _, _ in slow]
        if self._writer.dtype.kind in "iu" and self._writer.dtype.itemsize == 8:
            # Integers beyond 2**53 are not float64.
            return self._replaced(values, rows, [_integer(token) for token in tokens])
        values[rows] = np.array(tokens, dtype=bytes).astype(np.float64)
        beyond = [k for k, row in enumerate(rows) if np.isinf(values[row])]
        if not beyond:
            return values
        # 1e400 is finite, and does not fit: the caster must see it.
        return self._replaced(
            values, [rows[k] for k in beyond], [np.longdouble(tokens[k].decode()) for k in beyond]
        )

    def _replaced(self, values: NDArray[Any], rows: list[int], numbers: list[Any]) -> NDArray[Any]:
        values[rows] = 0
        cast = self._writer.cast(values)
        for row, number in zip(rows, numbers, strict=True):
            cast[row] = self._writer.cast(np.array([number]))[0]
        return cast

    def _put(self, piece: _Piece, chromosome: Chromosome, rows: _Rows) -> None:
        """Hand rows to the writer; the message of a refused value names its line."""
        if not rows.starts.size:
            return
        try:
            self._writer.write_intervals(chromosome, rows.starts, rows.ends, rows.values)
        except ValueRangeError:
            for line, value in zip(rows.lines.tolist(), rows.values, strict=True):
                try:
                    self._writer.cast(np.array([value]))
                except ValueRangeError as error:
                    raise error.within(piece.where(line), FormatError) from error
            raise

    def _inside(self, piece: _Piece, rows: _Rows, chromosome: Chromosome) -> _Rows:
        """The rows that lie on the chromosome, cut if that is allowed."""
        starts, ends = rows.starts, rows.ends
        if starts.min() >= 0 and ends.max() <= chromosome.length and (starts < ends).all():
            return rows
        report, clip = self._job.report, self._job.options.clip
        wrong = (starts < 0) | (starts > ends if clip else starts >= ends)
        for k in np.flatnonzero(wrong).tolist():
            where = piece.where(int(rows.lines[k]))
            report.bad.refuse(_not_an_interval(where, int(starts[k]), int(ends[k])))
        rows = rows.take(~wrong)
        starts, ends = rows.starts, rows.ends
        past = ends > chromosome.length
        if clip:
            kept = (starts < chromosome.length) & (starts < ends)
            report.clipped += int((past & kept).sum())
            report.outside += int((~kept).sum())
            cut = rows.take(kept)
            return cut._replace(ends=np.minimum(cut.ends, chromosome.length))
        for k in np.flatnonzero(past).tolist():
            position = max(int(starts[k]) + 1, chromosome.length + 1)
            where = piece.where(int(rows.lines[k]))
            self._job.past_the_end(where, f"position {position}", chromosome, hint=CLIP)
        return rows.take(~past)


CLIP = "{clip} cuts at the end"


def _not_an_interval(where: str, start: int, end: int) -> FormatError:
    if start < 0:
        return FormatError(f"{where}: start {start} is negative; offsets count from 0")
    return FormatError(
        f"{where}: end {end} is not after start {start}; an interval holds at least one base",
        hint=_NO_BASE if start == end else "",
    )


def _integer(token: bytes) -> Any:
    """A number as an exact integer where it is one, of the 64-bit type that holds it."""
    exact = Decimal(token.decode())
    if exact != exact.to_integral_value():
        return float(exact)
    value = int(exact)
    if -(1 << 63) <= value < 1 << 63:
        return np.int64(value)
    if 0 <= value < 1 << 64:
        return np.uint64(value)
    # The limits themselves are not float64: step beyond them, so that they count as not fitting.
    return np.nextafter(float(value), np.inf if value > 0 else -np.inf)
