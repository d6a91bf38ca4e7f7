"""Wiggle: fixedStep and variableStep, 1-based; also the bare bedGraph lines bigWigToWig writes.

References
----------
https://genome.ucsc.edu/goldenPath/help/wiggle.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import NDArray

from genomearray.reference.intervals import Intervals
from genomearray.source import Source
from genomearray.track.track import Track

from .exporting.files import text_output
from .exporting.options import ExportOptions, ExportSettings, Out, check_kind
from .exporting.report import ExportReport
from .exporting.runs import in_order, number_texts, numbers, stretches
from .importing.options import Files, ImportSettings
from .importing.pipeline import import_rows
from .importing.report import ImportReport
from .loops import kernel
from .text.scanner import CONTINUED, Buffers, Scanned, Scanner, explain
from .text.scanning import (
    BAD_INTEGER,
    BAD_KEY,
    BAD_NUMBER,
    BAD_SPAN,
    BAD_START,
    FINE,
    KEY_TWICE,
    NO_CHROM,
    NO_DECLARATION,
    NO_START,
    NOT_A_NUMBER,
    SLOW,
    TOO_FEW,
    TOO_MANY,
    Bytes,
    is_comment,
    is_word,
    line_end,
    number,
    scan_fields,
    skip_blanks,
    token_end,
    whole,
)

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB

# The declaration in force: kind, next position, step, span.
KIND, NEXT, STEP, SPAN = range(4)
NONE, FIXED, VARIABLE, BARE = range(4)
_FIXED_STEP = np.frombuffer(b"fixedStep", np.uint8)
_VARIABLE_STEP = np.frombuffer(b"variableStep", np.uint8)
_KEYS = np.frombuffer(b"chrom\0start\0step\0\0span\0\0", np.uint8).reshape(4, 6)


def _key(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """Which key a word ``key=value`` has, and where the value begins."""
    for k in range(_KEYS.shape[0]):
        j = 0
        while j < _KEYS.shape[1] and _KEYS[k, j] != 0 and at + j < end and text[at + j] == _KEYS[k, j]:
            j += 1
        if (j == _KEYS.shape[1] or _KEYS[k, j] == 0) and at + j < end and text[at + j] == 61:  # "="
            return k, at + j + 1
    return -1, at


def _declare(
    text: Bytes,
    begin: int,
    at: int,
    end: int,
    row: int,
    state: NDArray[np.int64],
    runs: NDArray[np.int64],
    n: NDArray[np.int64],
) -> tuple[int, int, int]:
    """Read the words of a declaration into the state, and begin a run."""
    state[NEXT] = 0
    state[STEP] = 1
    state[SPAN] = 1
    seen = 0
    named = False
    started = False
    while True:
        at = skip_blanks(text, at, end)
        if at == end:
            break
        stop = token_end(text, at, end)
        key, value_at = _key(text, at, stop)
        if key < 0 or value_at == stop or (state[KIND] == VARIABLE and key in (1, 2)):
            return BAD_KEY, at, stop
        if seen & (1 << key):
            return KEY_TWICE, at, stop
        seen |= 1 << key
        if key == 0:
            named = True
            runs[n[1], 0] = row
            runs[n[1], 1] = value_at
            runs[n[1], 2] = stop
        else:
            fine, value = whole(text, value_at, stop)
            if not fine:
                return BAD_INTEGER, value_at, stop
            if value < 1:
                return BAD_START if key == 1 else BAD_SPAN, at, stop
            started = started or key == 1
            state[key] = value
        at = stop
    if not named:
        return NO_CHROM, begin, end
    if state[KIND] == FIXED and not started:
        return NO_START, begin, end
    n[1] += 1
    return FINE, 0, 0


@kernel
def scan_wig(
    text: Bytes,
    state: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    values: NDArray[np.float64],
    lines: NDArray[np.int32],
    runs: NDArray[np.int64],
    slow: NDArray[np.int64],
    n: NDArray[np.int64],
) -> tuple[int, int, int, int, int]:
    """Lines into rows; ``state`` is the declaration in force."""
    at = 0
    line = 0
    if state[KIND] == FIXED or state[KIND] == VARIABLE:
        runs[0, 0] = 0
        runs[0, 1] = CONTINUED
        runs[0, 2] = CONTINUED
        n[1] = 1
    while at < text.size:
        end = line_end(text, at)
        at = skip_blanks(text, at, end)
        if at == end or is_comment(text, at, end):
            at = end + 1
            line += 1
            continue
        stop = token_end(text, at, end)
        second = skip_blanks(text, stop, end)
        if text[at] == 102 or text[at] == 118:  # "f", "v"
            kind = (
                FIXED
                if is_word(text, at, stop, _FIXED_STEP)
                else VARIABLE
                if is_word(text, at, stop, _VARIABLE_STEP)
                else NONE
            )
            if kind != NONE:
                state[KIND] = kind
                error, begin, finish = _declare(text, at, stop, end, n[0], state, runs, n)
                if error != FINE:
                    return line, error, begin, finish, 0
                at = end + 1
                line += 1
                continue
        row = n[0]
        value_at = at
        value_end = stop
        column = 1
        if state[KIND] == FIXED and second == end:
            starts[row] = state[NEXT] - 1  # wig is 1-based
            state[NEXT] = min(state[NEXT] + state[STEP], 1 << 60)  # past every end
        else:
            second_end = token_end(text, second, end)
            third = skip_blanks(text, second_end, end)
            if state[KIND] == VARIABLE and second < end and third == end:
                fine, position = whole(text, at, stop)
                if not fine:
                    return line, BAD_INTEGER, at, stop, 1
                if position < 1:
                    return line, BAD_START, at, stop, 1
                starts[row] = position - 1  # wig is 1-based
                value_at = second
                value_end = second_end
                column = 2
            elif third < end and skip_blanks(text, token_end(text, third, end), end) < end:
                # Four columns: what bigWigToWig writes for a bedGraph section.
                state[KIND] = BARE
                error, begin, finish, column = scan_fields(
                    text, at, end, line, starts, ends, values, lines, runs, slow, n
                )
                if error != FINE:
                    return line, error, begin, finish, column
                at = end + 1
                line += 1
                continue
            elif state[KIND] == NONE or state[KIND] == BARE:
                return line, NO_DECLARATION, at, end, 0
            else:
                return line, TOO_FEW if second == end else TOO_MANY, at, end, 0
        kind, amount = number(text, value_at, value_end)
        if kind == NOT_A_NUMBER:
            return line, BAD_NUMBER, value_at, value_end, column
        if kind == SLOW:
            slow[n[2], 0] = row
            slow[n[2], 1] = value_at
            slow[n[2], 2] = value_end
            n[2] += 1
        values[row] = amount
        ends[row] = starts[row] + state[SPAN]
        lines[row] = line
        n[0] += 1
        at = end + 1
        line += 1
    return line, FINE, 0, 0, 0


class WigScanner(Scanner):
    """Lines of wiggle into rows; the declaration goes on from block to block."""

    def __init__(self) -> None:
        self._state = np.zeros(4, dtype=np.int64)

    def scan(self, text: NDArray[np.uint8], out: Buffers) -> Scanned:
        n = np.zeros(3, dtype=np.int64)
        stopped = scan_wig(
            text,
            self._state,
            out.starts,
            out.ends,
            out.values,
            out.lines,
            out.runs,
            out.slow,
            n,
        )
        return Scanned.of(n, stopped)

    def explain(self, error: int, token: str, column: int) -> str:
        if error in (BAD_NUMBER, BAD_INTEGER):
            return explain(error, token, column) if column else f"{token!r} is not a whole number"
        return {
            TOO_FEW: f"{token!r} has one column; a variableStep line has a position and a value",
            TOO_MANY: f"{token!r} has {len(token.split())} columns; a fixedStep line has a value, a "
            "variableStep line a position and a value",
            NO_DECLARATION: f"{token!r} stands before any declaration; a wiggle file begins with "
            "fixedStep or variableStep",
            NO_CHROM: f"{token!r} names no chromosome; add chrom=",
            NO_START: f"{token!r} has no start; add start= (1-based)",
            BAD_KEY: f"{token!r} is not known in this declaration; allowed are chrom=, span= and, for "
            "fixedStep, start= and step=",
            KEY_TWICE: f"{token!r} is there twice; each word of a declaration comes once",
            BAD_START: f"{token!r}: positions of a wiggle file count from 1",
            BAD_SPAN: f"{token!r}: step and span are at least 1",
        }[error]


def import_wig(db: GenomeDB, track: str, files: Files, **options: Unpack[ImportSettings]) -> ImportReport:
    """Import wiggle files (plain, gzip, ``-`` for standard input) as one track.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    files : path or iterable of path
        The chromosome in the file counts, never the file name.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`.

    Returns
    -------
    ImportReport

    Raises
    ------
    FormatError, TrackExistsError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import import_wig
    >>> file = Path(tmp, "a.wig")
    >>> _ = file.write_text("fixedStep chrom=chr1 start=3 step=2 span=2\\n1.5\\nNA\\n")
    >>> report = import_wig(db, "scores", file)
    >>> db["scores"].get_nparray("chr1", 1, 5)
    array([nan, nan, 1.5, 1.5, nan], dtype=float32)
    """
    # A line that is left out would move the values of a fixedStep block, or give them another place.
    return import_rows(db, track, files, WigScanner, lines=False, **options)


_GAP = 10  # missing bases that are worth a new declaration


def export_wig(
    track: Track,
    out: Out,
    **options: Unpack[ExportSettings],
) -> ExportReport:
    """Write a signal as wiggle: fixedStep, one line per base, where there are values.

    Absent bases (NaN, and zeros of integers, where ten or more lie side by side) are left out: imported again
    they are missing.

    Parameters
    ----------
    track : Track
    out : path, or "-" for standard output
        Compressed when it ends in ``.gz``.
    **options
        Those of :class:`genomearray_converters.exporting.options.ExportOptions`.

    Returns
    -------
    ExportReport
        As a number: bases.

    Raises
    ------
    LayoutError, RegionError, UnknownChromosomeError, FormatError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import export_wig
    >>> print(export_wig(db["counts"], Path(tmp, "a.wig"), region="chr1:1-3"))
    3 bases
    >>> Path(tmp, "a.wig").read_text().split("\\n")[:3]
    ['fixedStep chrom=chr1 start=1 step=1', '1', '2']
    """
    asked = ExportOptions.of(options)
    check_kind(track, "signal", "wiggle")
    bases = 0
    with text_output(out, overwrite=asked.overwrite) as file:
        for text, n in in_order(_block_text, track.source, asked):
            file.write(text)
            bases += n
    return ExportReport(bases, "bases")


def _block_text(source: Source, task: Intervals) -> tuple[bytes, int]:
    """The lines of a block, and how many bases they hold."""
    texts: list[bytes] = []
    bases = 0
    for name, start, end in stretches(task):
        values = numbers(source.read(name, start, end, threads=False))
        with_data = np.flatnonzero(~np.isnan(values) if values.dtype.kind == "f" else values != 0)
        if not with_data.size:
            continue
        far = np.flatnonzero(np.diff(with_data) > (1 if values.dtype.kind == "f" else _GAP))
        firsts, lasts = (
            with_data[np.append(0, far + 1)].tolist(),
            with_data[np.append(far, with_data.size - 1)].tolist(),
        )
        lines = number_texts(values[with_data[0] : with_data[-1] + 1])
        for first, last in zip(firsts, lasts, strict=True):
            # Positions of wiggle count from 1 (https://genome.ucsc.edu/goldenPath/help/wiggle.html).
            texts.append(b"fixedStep chrom=%b start=%d step=1" % (name.encode(), start + first + 1))
            texts += lines[first - with_data[0] : last + 1 - with_data[0]]
            bases += last + 1 - first
    return (b"\n".join(texts) + b"\n" if texts else b""), bases
