"""Text tables, a block of lines at a time: fields, and columns of exact numbers; messages name
file, line and column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from genomearray.bad_lines import BadLines
from genomearray.errors import FormatError
from genomearray.input_file import BLOCK_BYTES, Input, fields_of, is_data, line_blocks, whole_number

_WHOLE = re.compile(r"(?:[0-9]{1,18}\0)*")
_SHOWN = 80
MOST = 10**18  # sums of a few stay whole in 64 bits

T = TypeVar("T")


class Block(NamedTuple):
    """Lines of data: their numbers in the file, and their fields."""

    name: str  # of the file
    numbers: list[int]
    rows: list[list[str]]

    def where(self, k: int) -> str:
        """File and line of a row."""
        return f"{self.name}:{self.numbers[k]}"

    def column(self, k: int) -> list[str]:
        """One column, where every row has it."""
        return [row[k] for row in self.rows]

    def take(self, rows: Sequence[int]) -> Self:
        """Some rows."""
        return self._replace(numbers=[self.numbers[k] for k in rows], rows=[self.rows[k] for k in rows])


def data_blocks(
    source: Input,
    progress: Callable[[int], object] = int,
    *,
    header: Callable[[str], None] | None = None,
    size: int = BLOCK_BYTES,
) -> Iterator[Block]:
    """Lines of data; comments, ``track`` and ``browser`` lines and blank ones are skipped anywhere.

    Fields are separated by tabs where a line has one, else by blanks. ``header`` is given the lines
    that hold no data, as they come. ``size``: bytes of a block, about.
    """
    for raw, first in line_blocks(source, progress, size=size):
        try:
            lines = raw.decode("utf-8").split("\n")
        except UnicodeDecodeError as error:
            at = first + raw.count(b"\n", 0, error.start)
            raise FormatError(
                f"{source.name}:{at}: the byte {raw[error.start]:#x} is not UTF-8 text; convert the "
                "file (iconv)"
            ) from None
        numbers, rows = [], []
        returns = b"\r" in raw
        for number, text in enumerate(lines, first):
            line = text.rstrip("\r") if returns else text
            if line[:1].isalnum() and line[0] not in "tb" and "\t" in line:  # as nearly all are
                numbers.append(number)
                rows.append(line.split("\t"))
            elif is_data(line):
                numbers.append(number)
                rows.append(fields_of(line))
            elif header is not None:
                header(line)
        if rows:
            yield Block(source.name, numbers, rows)


def good_rows(block: Block, parse: Callable[[Block], T], bad: BadLines) -> T:
    """``parse(block)``; where bad lines are skipped, of the rows that ``parse`` does not refuse.

    ``parse`` raises FormatError for the first row that is wrong. The block is halved until every
    such row is found, so that a few of them cost little, and a good block nothing.
    """
    try:
        return parse(block)
    except FormatError as error:
        if not bad.skip:
            bad.refuse(error)
    return parse(block.take(_good(block, parse, bad, 0, len(block.rows))))


def _good(block: Block, parse: Callable[[Block], T], bad: BadLines, low: int, high: int) -> list[int]:
    try:
        parse(block.take(range(low, high)))
    except FormatError as error:
        if high - low == 1:
            bad.refuse(error)
            return []
        middle = (low + high) // 2
        return _good(block, parse, bad, low, middle) + _good(block, parse, bad, middle, high)
    return list(range(low, high))


def check_width(block: Block, n: int, *, first: str) -> None:
    """FormatError for a row that has not as many columns as the first one."""
    if block.rows and set(map(len, block.rows)) != {n}:
        k = next(k for k, row in enumerate(block.rows) if len(row) != n)
        raise FormatError(
            f"{block.where(k)}: {len(block.rows[k])} columns, and {first} has {n}; all lines of a "
            "table have the same number"
        )


def whole_numbers(block: Block, k: int, what: str, hint: str = "") -> NDArray[np.int64]:
    """A column of whole numbers, from 0 on; ``hint`` is what one may do about others."""
    texts = block.column(k)
    if _WHOLE.fullmatch("\0".join(texts) + "\0"):
        return np.fromiter(map(int, texts), np.int64, len(texts))
    return np.array([_whole(block, row, text, k, what, hint) for row, text in enumerate(texts)], np.int64)


def _whole(block: Block, row: int, text: str, k: int, what: str, hint: str) -> int:
    try:
        number = whole_number(text)
    except ValueError:
        number = -1
    if not 0 <= number < MOST:
        raise FormatError(
            f"{block.where(row)}: column {k + 1}: {what} {shown(text)} is not a whole number from 0 on",
            hint=hint,
        )
    return number


def whole_list(text: str) -> list[int]:
    """The whole numbers of a list such as ``1,2,3`` or ``1,2,3,``; ValueError for another text."""
    numbers = [whole_number(word) for word in text.rstrip(",").split(",")]
    if any(not 0 <= number < MOST for number in numbers):
        raise ValueError(text)
    return numbers


def shown(text: str) -> str:
    """A text for a message."""
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")


def check_all(block: Block, k: int, good: re.Pattern[str], why: str, hint: str = "") -> None:
    """FormatError for the first text of a column that does not follow a pattern."""
    for row, text in enumerate(block.column(k)):
        if not good.fullmatch(text):
            raise FormatError(f"{block.where(row)}: column {k + 1}: {shown(text)} {why}", hint=hint)
