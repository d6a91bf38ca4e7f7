"""Tables whose lines begin as BED does, with the value in any column: bedMethyl, and others like bedGraph.

References
----------
BED v1, https://samtools.github.io/hts-specs/BEDv1.pdf; bedMethyl of ENCODE (BED9+2),
https://www.encodeproject.org/data-standards/wgbs/, and of modkit (18 columns),
https://nanoporetech.github.io/modkit/intro_pileup.html
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..loops import kernel
from .scanner import Buffers, Scanned, Scanner, explain
from .scanning import (
    BAD_INTEGER,
    BAD_NUMBER,
    FINE,
    MISSING,
    NAMES_DIFFER,
    NO_COLUMN,
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

_CODE = 3  # column of the name, the modification of bedMethyl
_LEAST = 10  # columns of bedMethyl
_STRANDS = (b"+", b"-", b".")
_STANDARD = ("chrom", "start", "end", "name", "score", "strand", "thickStart", "thickEnd", "itemRgb")
# Columns after the ninth have names where a file does not say them: those of ENCODE and of modkit's manual.
_ENCODE = (*_STANDARD, "coverage", "percent_modified")
_MODKIT = (
    *_STANDARD, "N_valid_cov", "percent_modified", "N_mod", "N_canonical", "N_other_mod", "N_delete",
    "N_fail", "N_diff", "N_nocall",
)  # fmt: skip
_NONE = np.zeros(0, np.uint8)


@kernel
def scan_table(
    text: Bytes,
    value_column: int,
    methyl: bool,
    seen: bool,
    wanted: Bytes,
    first: Bytes,
    other: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    values: NDArray[np.float64],
    lines: NDArray[np.int32],
    runs: NDArray[np.int64],
    slow: NDArray[np.int64],
    n: NDArray[np.int64],
) -> tuple[int, int, int, int, int]:
    """Lines into rows: only those called ``wanted``, unless it is empty.

    In bedMethyl (``methyl``), lines on one base must have one name; ``other`` becomes the place of a name
    that is not the ``first`` one of the file. ``seen``: lines came before, so that no line of names is
    expected.
    """
    columns = (0, 1, 2, _CODE if methyl or wanted.size else -1, value_column)
    at = line = last = last_end = 0
    while at < text.size:
        newline = line_end(text, at)
        end = newline - 1 if newline > at and text[newline - 1] == 13 else newline  # CRLF
        start = at
        at = skip_blanks(text, at, end)
        left_out = at == end or is_comment(text, at, end)
        if not left_out:
            too_few, fields = find_fields(text, start, end, columns, _LEAST if methyl else 0)
            if too_few >= 0:
                return line, TOO_FEW, at, end, too_few
            (chrom, chrom_end), *places, (name, name_end), (val, val_end) = fields
            left_out = wanted.size > 0 and text[name:name_end].tobytes() != wanted.tobytes()
        at = newline + 1
        line += 1
        if left_out:
            continue
        row = n[0]
        found = [whole(text, low, high) for low, high in places]
        offsets = [offset for _, offset in found]
        kind, amount = number(text, val, val_end)
        header = not seen and not any(fine for fine, _ in found) and kind == NOT_A_NUMBER
        seen = True
        if header:
            continue
        for k, (low, high) in enumerate(places):
            if not found[k][0]:
                return line - 1, BAD_INTEGER, low, high, k + 1
        if val == val_end:
            kind, amount = MISSING, np.nan
        if kind == NOT_A_NUMBER:
            return line - 1, BAD_NUMBER, val, val_end, value_column
        run = n[1] - 1
        goes_on = run >= 0 and same_token(text, chrom, chrom_end, runs[run, 1], runs[run, 2])
        if methyl and not wanted.size and text[name:name_end].tobytes() != first.tobytes():
            other[0], other[1] = name, name_end
        overlaps = goes_on and row and offsets[0] < ends[row - 1] and offsets[1] > starts[row - 1]
        if methyl and overlaps and not same_token(text, name, name_end, last, last_end):
            return line - 1, NAMES_DIFFER, name, name_end, _CODE
        if kind == SLOW:
            slow[n[2], 0] = row
            slow[n[2], 1] = val
            slow[n[2], 2] = val_end
            n[2] += 1
        if not goes_on:
            runs[n[1], 0] = row
            runs[n[1], 1] = chrom
            runs[n[1], 2] = chrom_end
            n[1] += 1
        starts[row] = offsets[0]
        ends[row] = offsets[1]
        values[row] = amount
        lines[row] = line - 1
        n[0] += 1
        last, last_end = name, name_end
    return line, FINE, 0, 0, 0


class ValueTableScanner(Scanner):
    """Lines of a table into rows.

    Parameters
    ----------
    value_col : int or str
        Column of the value, counted from 0, or its name: in a line that begins with ``#``, or in a first
        line of names; bedMethyl without such a line has names too.
    name_col : str, optional
        Only lines with this in column 4.
    codes : dict
        Filled with names in column 4 of bedMethyl that are not the same: all that are met, or two.
    """

    def __init__(self, value_col: int | str, name_col: str | None, codes: dict[str, None]) -> None:
        self._asked = value_col
        self._column = value_col if isinstance(value_col, int) else -1
        self._wanted = _NONE if name_col is None else np.frombuffer(name_col.encode(), np.uint8)
        self._codes = codes
        self._first = _NONE  # name in column 4
        self._methyl = self._known = self._seen = False
        self._names: tuple[str, ...] = ()  # of the columns, as the file has them

    def scan(self, text: NDArray[np.uint8], out: Buffers) -> Scanned:
        if not self._known:
            lost = self._look(text)
            if lost is not None:
                return lost
        n = np.zeros(3, dtype=np.int64)
        other = np.full(2, -1, np.int64)
        stopped = scan_table(
            text,
            self._column,
            self._methyl,
            self._seen,
            self._wanted,
            self._first,
            other,
            out.starts,
            out.ends,
            out.values,
            out.lines,
            out.runs,
            out.slow,
            n,
        )
        self._seen = self._seen or n[0] > 0 or stopped[0] > 0 or stopped[1] != FINE
        if other[0] >= 0:
            names = self._first.tobytes(), text[other[0] : other[1]].tobytes()
            self._codes.update(dict.fromkeys(map(_text, names)))
        return Scanned.of(n, stopped)

    def _look(self, text: NDArray[np.uint8]) -> Scanned | None:
        """Find the column by the first lines; what a scan gives at the line of data where it is unknown."""
        at = 0
        for k, line in enumerate(text.tobytes().splitlines(keepends=True)):
            fields = _fields(line)
            is_data = bool(fields) and not line.lstrip().startswith((b"#", b"track", b"browser"))
            if is_data and len(fields) > 1 and fields[1][:1].isdigit():
                self._known = True
                self._decide(fields)
                if self._column >= 0:
                    return None
                self._column = 0  # of lines that follow, where this one is skipped
                return Scanned(0, 0, 0, k, NO_COLUMN, at, at + len(line.rstrip()), 0)
            if fields and (is_data or line.lstrip().startswith(b"#")):
                self._names = tuple(_text(field).lstrip("#") for field in fields)
            at += len(line)
        return None

    def _decide(self, fields: list[bytes]) -> None:
        """Which column it is, by the names and the first line of data."""
        self._methyl = len(fields) >= _LEAST and fields[5] in _STRANDS
        if len(fields) > _CODE:
            self._first = np.frombuffer(fields[_CODE], np.uint8)
        if isinstance(self._asked, int):
            return
        if self._methyl and self._asked not in self._names:
            self._names = _ENCODE if len(fields) <= len(_ENCODE) else _MODKIT
        if self._asked in self._names:
            self._column = self._names.index(self._asked)

    def explain(self, error: int, token: str, column: int) -> str:
        if error == TOO_FEW:
            return (
                f"{token!r} has {column} columns, and the value is in column {self._column} (counted from 0)"
            )
        if error == NO_COLUMN:
            names = ", ".join(self._names) or "no line begins with # and names them"
            return (
                f"no column is called {self._asked!r} ({names}); name one, or give its number, counted from 0"
            )
        if error == NAMES_DIFFER:
            return (
                "this line and the one before lie on the same base, and have different names in column 4 "
                f"(this one has {token!r})"
            )
        return str(explain(error, token, column))

    def hint(self, error: int) -> str:
        return "give {name_col=} with the one that counts" if error == NAMES_DIFFER else ""


def _fields(line: bytes) -> list[bytes]:
    """As :func:`scan_table` finds them."""
    line = line.strip(b"\r\n")
    if b"\t" not in line:
        return line.split()
    fields = line.split(b"\t")
    return fields[:-1] + fields[-1].split() if len(fields) == _LEAST else fields


def _text(word: bytes) -> str:
    return word.decode(errors="replace").strip()
