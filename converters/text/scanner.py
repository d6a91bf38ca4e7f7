"""What a format of lines gives: a compiled scanner that turns a block of lines into rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

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
    fatal: frozenset[int] = frozenset()  # errors of the whole file, not of a line that can be skipped

    @abstractmethod
    def scan(self, text: NDArray[np.uint8], out: Buffers) -> Scanned:
        """Fill the buffers with the rows of a block of lines."""

    @abstractmethod
    def explain(self, error: int, token: str, column: int) -> str:
        """The message of an error code."""

    def hint(self, error: int) -> str:
        """What one may do about it."""
        return ""

    def nothing(self) -> str:
        """Why a file gave no row, where the format knows better than that there was no line of data."""
        return ""


def explain(error: int, token: str, column: int) -> str:
    """The messages that all text formats share."""
    return {
        BAD_NUMBER: f"column {column}: {token!r} is not a number",
        BAD_INTEGER: f"column {column}: {token!r} is not a whole number",
    }[error]
