"""Statistics of chunks, as a track has them on disk."""

from __future__ import annotations

from collections.abc import Callable

from genomearray.storage.chunks.chunk_map import ChunkedArray
from genomearray.summary import Summary


class StoredStatistics:
    """The rows of /summary that belong to a variable.

    Parameters
    ----------
    array : ChunkedArray
        Of the variable.
    first : int
        Its first row.
    summary : callable
        Gives rows [low, high) of /summary.
    """

    def __init__(self, array: ChunkedArray, first: int, summary: Callable[[int, int], Summary]) -> None:
        self.chunk = array.chunk
        self.stop = array.length
        self._first = first
        self._summary = summary

    def rows(self, first: int, last: int) -> Summary:
        """n, sum, m2, min and max of the chunks [first, last) of the variable."""
        return self._summary(self._first + first, self._first + last)
