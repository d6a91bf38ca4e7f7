"""Tokens and numbers in a block of bytes, for the plain scanners of text; compiled: ``loops/text.c``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
# What a number token turned out to be.
NUMBER, MISSING, NOT_A_NUMBER, SLOW = 0, 1, 2, 3
# Why a scanner stopped; the texts are in rows.py.
(
    FINE,
    TOO_FEW,
    TOO_MANY,
    BAD_NUMBER,
    BAD_INTEGER,
    NO_DECLARATION,
    NO_CHROM,
    NO_START,
    BAD_KEY,
    BAD_START,
    BAD_SPAN,
    KEY_TWICE,
    NAMES_DIFFER,
    NO_COLUMN,
) = range(14)
_POWERS = 10.0 ** np.arange(23)
_INFINITY = np.frombuffer(b"infinity", np.uint8)
_TRACK = np.frombuffer(b"track", np.uint8)
_BROWSER = np.frombuffer(b"browser", np.uint8)
_SPACE, _TAB, _RETURN, _NEWLINE = 32, 9, 13, 10


def skip_blanks(text: Bytes, at: int, end: int) -> int:
    """The first byte of [at, end) that is not a blank, or ``end``."""
    while at < end and (text[at] == _SPACE or text[at] == _TAB or text[at] == _RETURN):
        at += 1
    return at


def token_end(text: Bytes, at: int, end: int) -> int:
    """The end of the token that begins at ``at``."""
    while at < end and text[at] != _SPACE and text[at] != _TAB and text[at] != _RETURN:
        at += 1
    return at


def line_end(text: Bytes, at: int) -> int:
    """The next newline, or the end of the text."""
    size = text.size
    while at < size and text[at] != _NEWLINE:
        at += 1
    return at


def same_token(text: Bytes, one: int, one_end: int, other: int, other_end: int) -> bool:
    """Whether two tokens are the same bytes."""
    if one_end - one != other_end - other:
        return False
    for k in range(one_end - one):
        if text[one + k] != text[other + k]:
            return False
    return True


def is_word(text: Bytes, at: int, end: int, word: Bytes) -> bool:
    """Whether a token is a word."""
    if end - at != word.size:
        return False
    for k in range(word.size):
        if text[at + k] != word[k]:
            return False
    return True


def is_comment(text: Bytes, at: int, end: int) -> bool:
    """Whether a line whose text is [at, end) is a comment, a track or a browser line."""
    if text[at] == 35:  # "#"
        return True
    if text[at] != 116 and text[at] != 98:  # "t", "b"
        return False
    stop = token_end(text, at, end)
    return is_word(text, at, stop, _TRACK) or is_word(text, at, stop, _BROWSER)


def number(text: Bytes, at: int, end: int) -> tuple[int, float]:
    """A token as float64: what it is, and its value.

    Correctly rounded: at most 15-16 digits and a small power of ten take Clinger's fast path
    (1990, doi:10.1145/93542.93557); anything longer is SLOW, and Python parses it.
    """
    first = at
    negative = at < end and text[at] == 45
    if negative or (at < end and text[at] == 43):
        at += 1
    mantissa = 0
    digits = 0
    exponent = 0
    seen = False
    while at < end and 48 <= text[at] <= 57:
        seen = True
        if digits < 19:
            mantissa = mantissa * 10 + int(text[at]) - 48
            if mantissa > 0:
                digits += 1
        else:
            digits += 1
            exponent += 1
        at += 1
    if at < end and text[at] == 46:
        at += 1
        while at < end and 48 <= text[at] <= 57:
            seen = True
            if digits < 19:
                mantissa = mantissa * 10 + int(text[at]) - 48
                if mantissa > 0:
                    digits += 1
                exponent -= 1
            else:
                digits += 1
            at += 1
    if not seen:
        return _word(text, first, end)
    if at < end and (text[at] == 101 or text[at] == 69):
        at += 1
        down = at < end and text[at] == 45
        if at < end and (down or text[at] == 43):
            at += 1
        if at == end:
            return NOT_A_NUMBER, 0.0
        power = 0
        while at < end and 48 <= text[at] <= 57:
            power = min(power * 10 + int(text[at]) - 48, 100000)
            at += 1
        exponent += -power if down else power
    if at != end:
        return NOT_A_NUMBER, 0.0
    if mantissa == 0:
        return NUMBER, -0.0 if negative else 0.0
    if mantissa >= 1 << 53 or digits > 19 or exponent > 22 or exponent < -22:
        return SLOW, 0.0
    value = float(mantissa)
    value = value / float(_POWERS[-exponent]) if exponent < 0 else value * float(_POWERS[exponent])
    return NUMBER, -value if negative else value


def _word(text: Bytes, at: int, end: int) -> tuple[int, float]:
    """A token without digits: a missing value, infinity, or no number."""
    if end - at == 1 and text[at] == 46:  # "."
        return MISSING, np.nan
    negative = at < end and text[at] == 45
    if negative or (at < end and text[at] == 43):
        at += 1
    size = end - at
    lower = np.zeros(3, np.uint8)
    for k in range(min(size, 3)):
        lower[k] = text[at + k] | 32
    if lower[0] == 110 and lower[1] == 97 and (size == 2 or (size == 3 and lower[2] == 110)):  # na, nan
        return MISSING, np.nan
    if size not in (3, _INFINITY.size):
        return NOT_A_NUMBER, 0.0
    for k in range(size):  # inf, infinity
        if (text[at + k] | 32) != _INFINITY[k]:
            return NOT_A_NUMBER, 0.0
    return NUMBER, -np.inf if negative else np.inf


def whole(text: Bytes, at: int, end: int) -> tuple[bool, int]:
    """A token as a whole number: see :func:`genomearray.input_file.whole_number`."""
    for k in range(at, end):
        if text[k] == 46 or (k > at and text[k] == 45):  # a fraction, or a negative power
            return False, 0
    kind, value = number(text, at, end)
    if kind != NUMBER or value != np.floor(value) or abs(value) > 1e15:
        return False, 0
    return True, int(value)


def digits(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """The plain whole number that begins at ``at``, and where it ends; -1 when it is anything else.

    The fast path of coordinates: one pass, no sign, no exponent, up to 15 digits.
    """
    first = at
    value = 0
    while at < end:
        digit = int(text[at]) - 48
        if digit < 0 or digit > 9:
            break
        value = value * 10 + digit
        at += 1
    if (
        at == first
        or at - first > 15
        or (at < end and text[at] != _TAB and text[at] != _SPACE and text[at] != _RETURN)
    ):
        return -1, at
    return value, at


def has_tab(text: Bytes, at: int, end: int) -> bool:
    """Whether there is a tab in a line."""
    while at < end:
        if text[at] == _TAB:
            return True
        at += 1
    return False


def field_end(text: Bytes, at: int, end: int) -> int:
    """The end of the tab-separated field that begins at ``at``."""
    while at < end and text[at] != _TAB and text[at] != _RETURN:
        at += 1
    return at


def find_fields(
    text: Bytes, start: int, end: int, wanted: tuple[int, ...], mixed: int
) -> tuple[int, list[tuple[int, int]]]:
    """The fields of a line [start, end) in the wanted columns (-1: none), and -1, or how many columns
    there are where they are too few.

    Tabs, where a line has them, end a field, which may be empty; else blanks do. In the last one of
    ``mixed`` fields between tabs, blanks do: modkit --mixed-delim.
    """
    fields = [(start, start)] * len(wanted)
    at = start
    tabs = has_tab(text, start, end)
    for column in range(max(wanted) + 1):
        if mixed and column == mixed - 1 and tabs and at < end and not has_tab(text, at, end):
            tabs = False
        if not tabs:
            at = skip_blanks(text, at, end)
        if at > end or (at == end and not tabs):
            return column, fields
        stop = field_end(text, at, end) if tabs else token_end(text, at, end)
        for k, asked in enumerate(wanted):
            if asked == column:
                fields[k] = (at, stop)
        at = stop + 1 if tabs else stop
    return -1, fields


def scan_fields(
    text: Bytes,
    at: int,
    end: int,
    line: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    values: NDArray[np.float64],
    lines: NDArray[np.int32],
    runs: NDArray[np.int64],
    slow: NDArray[np.int64],
    n: NDArray[np.int64],
) -> tuple[int, int, int, int]:
    """One line ``chrom start end value``; counts of rows, runs and slow numbers are in ``n``."""
    row = n[0]
    chrom = at
    chrom_end = token_end(text, at, end)
    at = chrom_end
    for column in range(2, 5):
        at = skip_blanks(text, at, end)
        if at == end:
            return TOO_FEW, chrom, end, column - 1
        if column < 4:
            value, stop = digits(text, at, end)
            if value < 0:
                stop = token_end(text, at, end)
                fine, value = whole(text, at, stop)
                if not fine:
                    return BAD_INTEGER, at, stop, column
            if column == 2:
                starts[row] = value
            else:
                ends[row] = value
        else:
            stop = token_end(text, at, end)
            kind, amount = number(text, at, stop)
            if kind == NOT_A_NUMBER:
                return BAD_NUMBER, at, stop, column
            values[row] = amount
            if kind == SLOW:
                slow[n[2], 0] = row
                slow[n[2], 1] = at
                slow[n[2], 2] = stop
                n[2] += 1
        at = stop
    if skip_blanks(text, at, end) != end:
        return TOO_MANY, chrom, end, 5
    last = n[1] - 1
    if last < 0 or not same_token(text, chrom, chrom_end, runs[last, 1], runs[last, 2]):
        last += 1
        runs[last, 0] = row
        runs[last, 1] = chrom
        runs[last, 2] = chrom_end
        n[1] += 1
    lines[row] = line
    n[0] += 1
    return FINE, 0, 0, 0
