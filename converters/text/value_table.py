"""Tables whose lines begin as BED does, with the value in any column: bedMethyl, and others like bedGraph.

References
----------
BED v1, https://samtools.github.io/hts-specs/BEDv1.pdf; bedMethyl of ENCODE (BED9+2),
https://www.encodeproject.org/data-standards/wgbs/, and of modkit (18 columns),
https://nanoporetech.github.io/modkit/intro_pileup.html
"""

from __future__ import annotations

from dataclasses import dataclass, field

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
_LEAST = 10  # columns that tabs divide in bedMethyl with blanks after them
_STANDARD = ("chrom", "start", "end", "name", "score", "strand", "thickStart", "thickEnd", "itemRgb")
# Columns after the ninth have names where a file does not say them: those of ENCODE and of modkit's manual.
_ENCODE = (*_STANDARD, "coverage", "percent_modified")
# ENCODE's later files go on with genotypes and their quality.
_GENOTYPES = ("reference_genotype", "sample_genotype", "genotype_quality")
_MODKIT = (
    *_STANDARD, "N_valid_cov", "percent_modified", "N_mod", "N_canonical", "N_other_mod", "N_delete",
    "N_fail", "N_diff", "N_nocall",
)  # fmt: skip
_METHYL = {len(names): names for names in (_ENCODE, (*_ENCODE, *_GENOTYPES), _MODKIT)}
_NONE = np.zeros(0, np.uint8)
_BEYOND = 1 << 30  # a column that no line has


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
        header = not seen and not any(fine for fine, _ in found)
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


@dataclass
class Codes:
    """Names in the fourth column, over all files of an import.

    Attributes
    ----------
    first : bytes or None
        Of the first line of data.
    differ : dict of str to None
        Of bedMethyl, two that are not the same.
    """

    first: bytes | None = None
    differ: dict[str, None] = field(default_factory=dict)


class ValueTableScanner(Scanner):
    """Lines of a table into rows.

    Parameters
    ----------
    value_col : int or str
        Column of the value, counted from 0, or its name: in a line that begins with ``#``, or in a first
        line of names; bedMethyl without such a line has names too.
    name_col : str, optional
        Only lines with this in the fourth column.
    start_offset : int
        What makes a start a 1-based position.
    codes : Codes
        Filled with what is met.
    """

    fatal = frozenset({NO_COLUMN, NAMES_DIFFER})

    def __init__(self, value_col: int | str, name_col: str | None, start_offset: int, codes: Codes) -> None:
        self._asked = value_col
        self._column = value_col if isinstance(value_col, int) else -1
        self._wanted = _NONE if name_col is None else np.frombuffer(name_col.encode(), np.uint8)
        self._offset = start_offset - 1
        self._codes = codes
        self._methyl = self._known = self._seen = False
        self._names: tuple[str, ...] = ()  # of the columns, as the file has them

    def scan(self, text: NDArray[np.uint8], out: Buffers) -> Scanned:
        if not self._known:
            lost = self._look(text)
            if lost is not None:
                return lost
        n = np.zeros(3, dtype=np.int64)
        other = np.full(2, -1, np.int64)
        first = np.frombuffer(self._codes.first or b"", np.uint8)
        stopped = scan_table(
            text,
            self._column if self._column >= 0 else _BEYOND,  # no line of data was met yet
            self._methyl,
            self._seen,
            self._wanted,
            first,
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
            names = first.tobytes(), text[other[0] : other[1]].tobytes()
            self._codes.differ.update(dict.fromkeys(map(_text, names)))
        out.starts[: n[0]] += self._offset
        return Scanned.of(n, stopped)

    def _look(self, text: NDArray[np.uint8]) -> Scanned | None:
        """Find the column by the first lines; what a scan gives at the line of data where it is unknown."""
        at = 0
        for k, line in enumerate(text.tobytes().splitlines(keepends=True)):
            fields = _fields(line)
            is_data = len(fields) > _CODE and not line.lstrip().startswith((b"#", b"track", b"browser"))
            if is_data and len(fields) > 1 and fields[1][:1].isdigit():
                self._known = True
                self._decide(fields)
                if self._column >= 0:
                    return None
                return Scanned(0, 0, 0, k, NO_COLUMN, at, at + len(line.rstrip()), 0)
            named = isinstance(self._asked, str) and self._asked in self._names
            if fields and not named and (is_data or line.lstrip().startswith(b"#")):
                self._names = tuple(_text(name).lstrip("#").strip("'\"") for name in fields)
            at += len(line)
        return None

    def _decide(self, fields: list[bytes]) -> None:
        """Which column it is, by the names and the first line of data."""
        self._methyl = _is_methyl(fields)
        if len(fields) > _CODE and self._codes.first is None:
            self._codes.first = fields[_CODE]
        if isinstance(self._asked, int):
            return
        if self._methyl and self._asked not in self._names and len(fields) in _METHYL:
            self._names = _METHYL[len(fields)]
        if self._names.count(self._asked) == 1 and self._names.index(self._asked) >= _CODE:
            self._column = self._names.index(self._asked)

    def explain(self, error: int, token: str, column: int) -> str:
        if error == TOO_FEW:
            return (
                f"{token!r} has {column} columns, and the value is in column {self._column} (counted from 0)"
            )
        if error == NO_COLUMN:
            return self._explained_names()
        if error == NAMES_DIFFER:
            return (
                "this line and the one before lie on the same base, and have different names in the fourth "
                f"column (this one has {token!r})"
            )
        return f"{explain(error, token, column)} (columns count from 0)"

    def _explained_names(self) -> str:
        asked = repr(self._asked)
        if asked[1:-1] in self._names[:_CODE]:
            return f"column {asked} is one of the first three, which are chrom, start and end"
        if asked[1:-1] in self._names:
            return (
                f"{self._names.count(asked[1:-1])} columns are called {asked}; give a number, counted from 0"
            )
        names = ", ".join(self._names) or "no line begins with # and names them"
        return f"no column is called {asked} ({names}); name one, or give its number, counted from 0"

    def hint(self, error: int) -> str:
        return "give {name_col=} with the one that counts" if error == NAMES_DIFFER else ""

    def nothing(self) -> str:
        if not self._wanted.size or self._codes.first is None:
            return ""
        wanted = _text(self._wanted.tobytes())
        return f"no line has {wanted!r} in its fourth column; the first line has {_text(self._codes.first)!r}"


def _is_methyl(fields: list[bytes]) -> bool:
    """Whether a line is bedMethyl: BED9 whose thick part is the feature, then numbers."""
    if len(fields) <= len(_STANDARD) + 1 or len(fields[5]) > 1 or fields[6:8] != fields[1:3]:
        return False
    return fields[len(_STANDARD)].isdigit()


def _fields(line: bytes) -> list[bytes]:
    """As :func:`scan_table` finds them."""
    line = line.strip(b"\r\n")
    if b"\t" not in line:
        return line.split()
    fields = line.split(b"\t")
    return fields[:-1] + fields[-1].split() if len(fields) == _LEAST else fields


def _text(word: bytes) -> str:
    return word.decode(errors="replace").strip()
