"""Tab- or blank-separated text: one column of positions (1-based), one of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import NDArray

from genomearray._deprecated import warn
from genomearray.errors import ArgumentError

from .importing.options import Files, ImportSettings
from .importing.pipeline import import_rows
from .importing.report import ImportReport
from .loops import kernel
from .text.scanner import Buffers, Scanned, Scanner, explain
from .text.scanning import (
    BAD_INTEGER,
    BAD_NUMBER,
    BAD_START,
    FINE,
    MISSING,
    NOT_A_NUMBER,
    SLOW,
    TOO_FEW,
    Bytes,
    find_fields,
    is_comment,
    line_end,
    number,
    same_token,
    skip_blanks,
    whole,
)

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB


_FIXED_CHROM = -1


@kernel
def scan_columns(
    text: Bytes,
    columns: tuple[int, int, int],
    first_base: int,
    seen: bool,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    values: NDArray[np.float64],
    lines: NDArray[np.int32],
    runs: NDArray[np.int64],
    slow: NDArray[np.int64],
    n: NDArray[np.int64],
) -> tuple[int, int, int, int, int]:
    """Lines into rows, of columns of position, value and chromosome (-1: none).

    ``first_base``: the position of the first base of a chromosome, 1 or 0.
    ``seen``: lines came before, so that no header is expected.
    """
    pos_column, val_column, chrom_column = columns
    at = 0
    line = 0
    while at < text.size:
        newline = line_end(text, at)
        end = newline - 1 if newline > at and text[newline - 1] == 13 else newline  # CRLF
        start = at
        at = skip_blanks(text, at, end)
        if at == end or is_comment(text, at, end):
            at = newline + 1
            line += 1
            continue
        too_few, fields = find_fields(text, start, end, columns, 0)
        if too_few >= 0:
            return line, TOO_FEW, at, end, too_few
        (pos, pos_end), (val, val_end), (chrom, chrom_end) = fields
        row = n[0]
        fine, position = whole(text, pos, pos_end)
        kind, amount = number(text, val, val_end)
        header = not seen and not fine and kind == NOT_A_NUMBER
        seen = True
        if val == val_end:
            kind, amount = MISSING, np.nan
        if not header:
            if not fine:
                return line, BAD_INTEGER, pos, pos_end, pos_column
            if kind == NOT_A_NUMBER:
                return line, BAD_NUMBER, val, val_end, val_column
            if position < first_base:
                return line, BAD_START, pos, pos_end, pos_column
            if kind == SLOW:
                slow[n[2], 0] = row
                slow[n[2], 1] = val
                slow[n[2], 2] = val_end
                n[2] += 1
            last = n[1] - 1
            if last < 0 or (
                chrom_column >= 0 and not same_token(text, chrom, chrom_end, runs[last, 1], runs[last, 2])
            ):
                runs[last + 1, 0] = row
                runs[last + 1, 1] = chrom if chrom_column >= 0 else _FIXED_CHROM
                runs[last + 1, 2] = chrom_end
                n[1] += 1
            starts[row] = position - first_base
            ends[row] = position - first_base + 1
            values[row] = amount
            lines[row] = line
            n[0] += 1
        at = newline + 1
        line += 1
    return line, FINE, 0, 0, 0


class ColumnScanner(Scanner):
    """Lines of columns into rows; a first line of column names is skipped."""

    def __init__(
        self, pos_col: int, val_col: int, chrom_col: int | None, chrom: str | None, first_base: int
    ) -> None:
        self._first_base = first_base
        self._columns = (pos_col, val_col, -1 if chrom_col is None else chrom_col)
        self._seen = False
        self.chrom = chrom

    def scan(self, text: NDArray[np.uint8], out: Buffers) -> Scanned:
        n = np.zeros(3, dtype=np.int64)
        stopped = scan_columns(
            text,
            self._columns,
            self._first_base,
            self._seen,
            out.starts,
            out.ends,
            out.values,
            out.lines,
            out.runs,
            out.slow,
            n,
        )
        self._seen = self._seen or n[0] > 0 or stopped[0] > 0 or stopped[1] != FINE
        return Scanned.of(n, stopped)

    def explain(self, error: int, token: str, column: int) -> str:
        if error == TOO_FEW:
            return (
                f"{token!r} has {column} columns; the ones asked for go up to number "
                f"{max(self._columns)} (counted from 0)"
            )
        if error == BAD_START:
            least = self._first_base
            return f"column {column}: position {token} is below {least}; positions count from {least}"
        return str(explain(error, token, column))


def import_text(
    db: GenomeDB,
    track: str,
    files: Files,
    *,
    pos_col: int,
    val_col: int,
    chrom_col: int | None = None,
    chrom_name: str | None = None,
    chrom: str | None = None,
    zero_based: bool = False,
    **options: Unpack[ImportSettings],
) -> ImportReport:
    """Import columns of positions and values (plain, gzip, ``-`` for standard input) as one track.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    files : path or iterable of path
    pos_col, val_col : int
        Columns of the position and of the value, counted from 0.
    chrom_col : int, optional
        Column of the chromosome's name, counted from 0.
    chrom_name : str, optional
        Chromosome of all lines, where no column names it.
    chrom : str, optional
        Old spelling of ``chrom_name``.
    zero_based : bool
        Positions count from 0. Default: from 1.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`.

    Returns
    -------
    ImportReport

    Raises
    ------
    FormatError, TrackExistsError, ValueRangeError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import import_text
    >>> file = Path(tmp, "a.txt")
    >>> _ = file.write_text("pos score\\n3 7\\n4 9\\n")
    >>> report = import_text(db, "text", file, pos_col=0, val_col=1, chrom_name="chr1", dtype="uint8")
    >>> db["text"].get_nparray("chr1", 2, 5)
    array([0, 7, 9, 0], dtype=uint8)
    """
    if chrom is not None:
        warn("chrom names the chromosome of all lines", f"chrom_name={chrom!r}")
        chrom_name = chrom
    if (chrom_col is None) == (chrom_name is None):
        raise ArgumentError(
            "the chromosome must come from a column, or be named, one of both",
            hint="give {chrom_col=} or {chrom_name=}",
        )
    columns = [column for column in (pos_col, val_col, chrom_col) if column is not None]
    if min(columns) < 0 or len(set(columns)) < len(columns):
        raise ArgumentError(f"columns {columns} cannot be; they count from 0 and differ")
    return import_rows(
        db,
        track,
        files,
        lambda: ColumnScanner(pos_col, val_col, chrom_col, chrom_name, int(not zero_based)),
        **options,
    )
