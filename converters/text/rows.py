"""The one way of text formats into a track: blocks of lines -> rows -> intervals of the writer.

A format gives a scanner, compiled, that turns a block of lines into rows (start, end, value)
and runs of rows of one chromosome. Everything else is here: reading in blocks, exact numbers,
chromosome names, limits, and messages with file and line.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError, ValueRangeError
from genomearray.input_file import open_input
from genomearray.reference.aliases import ChromosomeNames
from genomearray.storage.write.track_writer import TrackWriter

from .lines import line_blocks
from .scanning import BAD_INTEGER, BAD_NUMBER

CONTINUED = -1  # start of the name of a run that goes on from the block before


class Buffers:
    """Rows of one block; allocated once, filled again and again."""

    def __init__(self, size: int) -> None:
        most = size // 2 + 2  # the shortest line of data is one digit and its newline
        self.starts = np.empty(most, dtype=np.int64)
        self.ends = np.empty(most, dtype=np.int64)
        self.values = np.empty(most, dtype=np.float64)
        self.lines = np.empty(most, dtype=np.int32)
        self.runs = np.empty((most, 3), dtype=np.int64)  # first row; begin and end of the chromosome's name
        self.slow = np.empty((most, 3), dtype=np.int64)  # row; begin and end of the number


class Scanned(NamedTuple):
    """What a scanner gives: rows, runs and slow numbers it filled; how many lines it passed; why it
    stopped.
    """

    rows: int
    runs: int
    slow: int
    lines: int
    error: int
    begin: int
    end: int
    column: int

    @classmethod
    def of(cls, counts: NDArray[np.int64], stopped: tuple[int, int, int, int, int]) -> Self:
        """From the counts of rows, runs and slow numbers, and where a compiled scanner stopped."""
        rows, runs, slow = counts.tolist()
        return cls(rows, runs, slow, *stopped)


class Scanner(ABC):
    """A format: knows its state from one block to the next, and its own messages."""

    chrom: str | None = None  # of rows before the first name in the file

    @abstractmethod
    def scan(self, text: NDArray[np.uint8], out: Buffers) -> Scanned:
        """Fill the buffers with the rows of a block of lines."""

    @abstractmethod
    def explain(self, error: int, token: str, column: int) -> str:
        """The message of an error code."""


@dataclass
class RowCounts:
    """What happened to the lines of the input."""

    rows: int = 0
    clipped: int = 0
    unfinished: list[str] = field(default_factory=list)  # inputs whose last line has no newline


class RowImporter:
    """Feeds text files to a writer through a scanner.

    Parameters
    ----------
    writer : TrackWriter
    names : ChromosomeNames
    clip : bool
        Cut intervals at the end of their chromosome instead of an error.
    progress : callable
        Told how many bytes of the input were read.
    """

    def __init__(
        self, writer: TrackWriter, names: ChromosomeNames, *, clip: bool, progress: Callable[[int], None]
    ) -> None:
        self.counts = RowCounts()
        self._writer = writer
        self._names = names
        self._clip = clip
        self._progress = progress

    def read(self, path: str | os.PathLike[str], scanner: Scanner) -> None:
        """Write all rows of a file."""
        out: Buffers | None = None
        chrom = scanner.chrom
        with open_input(path) as source:
            for block, first_line in line_blocks(source, self._progress):
                if out is None or out.values.size < len(block) // 2 + 2:
                    out = Buffers(len(block))
                scanned = scanner.scan(np.frombuffer(block, np.uint8), out)
                # What stands before the offending line is checked first: the first error is reported.
                chrom = self._write(source.name, block, first_line, out, scanned, chrom)
                if scanned.error:
                    token = block[scanned.begin : scanned.end].decode(errors="replace").strip()
                    shown = token if len(token) <= 80 else token[:77] + "..."
                    why = scanner.explain(scanned.error, shown, scanned.column)
                    raise FormatError(f"{source.name}:{first_line + scanned.lines}: {why}")
                self.counts.rows += scanned.rows
            if source.unfinished:
                self.counts.unfinished.append(source.name)

    def _write(
        self, name: str, block: bytes, first_line: int, out: Buffers, scanned: Scanned, chrom: str | None
    ) -> str | None:
        try:
            values = self._exact(block, out, scanned)
        except ValueRangeError as error:
            line = first_line + int(out.lines[out.slow[0, 0]])
            raise error.within(f"{name}:{line}", FormatError) from error
        borders = [*out.runs[: scanned.runs, 0].tolist(), scanned.rows]
        for k in range(scanned.runs):
            low, high = borders[k], borders[k + 1]
            _, begin, end = out.runs[k].tolist()
            if begin != CONTINUED:
                chrom = block[begin:end].decode(errors="replace")
            assert chrom is not None
            if high == low:
                continue
            where = f"{name}:{first_line + int(out.lines[low])}"
            chromosome = self._names.find(chrom, high - low, where)
            if chromosome is None:
                continue
            rows = slice(low, high)
            starts, ends = out.starts[rows], out.ends[rows]
            keep = self._check(name, first_line, out.lines[rows], chromosome, starts, ends)
            if keep is None:
                self._put(name, first_line, out.lines[rows], chromosome, starts, ends, values[rows])
            elif keep.any():
                clipped = np.minimum(ends[keep], chromosome.length)
                self._put(
                    name,
                    first_line,
                    out.lines[rows][keep],
                    chromosome,
                    starts[keep],
                    clipped,
                    values[rows][keep],
                )
        return chrom

    def _exact(self, block: bytes, out: Buffers, scanned: Scanned) -> NDArray[Any]:
        """The values; numbers too long for the compiled loop are parsed by Python."""
        values = out.values[: scanned.rows]
        slow = out.slow[: scanned.slow].tolist()
        if not slow:
            return values
        tokens = [block[begin:end] for _, begin, end in slow]
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

    def _put(
        self,
        where: str,
        first_line: int,
        lines: NDArray[np.int32],
        chromosome: Any,
        starts: Any,
        ends: Any,
        values: NDArray[Any],
    ) -> None:
        """Hand rows to the writer; the message of a refused value names its line."""
        try:
            self._writer.write_intervals(chromosome, starts, ends, values)
        except ValueRangeError:
            for line, value in zip(lines.tolist(), values, strict=True):
                try:
                    self._writer.cast(np.array([value]))
                except ValueRangeError as error:
                    raise error.within(f"{where}:{first_line + line}", FormatError) from error
            raise

    def _check(
        self,
        name: str,
        first_line: int,
        lines: NDArray[np.int32],
        chromosome: Any,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> NDArray[np.bool_] | None:
        """None when all intervals are inside; with clip, which of them begin inside."""
        if not starts.size:
            return None
        if starts.min() >= 0 and ends.max() <= chromosome.length and (starts < ends).all():
            return None
        bad = (starts < 0) | (starts >= ends)
        past = ends > chromosome.length
        wrong = bad if self._clip else bad | past
        if wrong.any():
            k = int(np.argmax(wrong))
            where = f"{name}:{first_line + int(lines[k])}"
            start, end = int(starts[k]), int(ends[k])
            if start < 0:
                raise FormatError(f"{where}: start {start} is negative; offsets count from 0")
            if start >= end:
                raise FormatError(
                    f"{where}: end {end} is not after start {start}; an interval holds at least one base"
                )
            raise FormatError(
                f"{where}: position {max(start + 1, chromosome.length + 1)} is past the end of "
                f"{chromosome.name!r} ({chromosome.length} bp) in "
                f"{self._names.assembly.name!r}; is the file on another assembly?",
                hint="{clip} cuts at the end",
            )
        self.counts.clipped += int(past.sum())
        inside: NDArray[np.bool_] = starts < chromosome.length
        return inside


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


def explain(error: int, token: str, column: int) -> str:
    """The messages that all text formats share."""
    return {
        BAD_NUMBER: f"column {column}: {token!r} is not a number",
        BAD_INTEGER: f"column {column}: {token!r} is not a whole number",
    }[error]
