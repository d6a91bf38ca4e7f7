"""Layout of a feature table: its variables and attributes, and the checksums of texts."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEATURES = "features"
INDEX = ("chrom", "start", "end", "strand", "reach", "input_row")
SEQUENCE_TABLE = ("sequence_name", "sequence_length", "first_feature", "n_features")
ORDER = "columns"  # attribute: names of the columns besides the index, in the order of the input
TEXT = np.dtype(object)
NO_CODING = -1  # cds_start and cds_end of a transcript that is not translated
CRC = "crc32_"  # of texts: variables with a checksum for every so many rows
CRC_ROWS = 512
CHUNK = 1 << 15  # rows
TEXT_CHUNK = 1 << 12  # rows of texts
END_OF_TEXT = "\0"  # of a text, where texts wait end to end
FAILURES = (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError, IndexError)


def text_array(texts: Iterable[str]) -> NDArray[Any]:
    """Texts as an ndarray of objects, shape (n,)."""
    listed = list(texts)
    out = np.empty(len(listed), dtype=object)
    out[:] = listed
    return out


class Checksums:
    """Checksums of a column of texts, one for every so many rows."""

    def __init__(self) -> None:
        self._rest: list[str] = []
        self._found: list[int] = []

    def add(self, texts: NDArray[Any]) -> None:
        """Take the next rows."""
        self._rest += texts.tolist()
        whole = len(self._rest) // CRC_ROWS * CRC_ROWS
        self._found += checksums_of(self._rest[:whole])
        del self._rest[:whole]

    def finish(self) -> NDArray[np.uint32]:
        """All of them."""
        return np.array(self._found + checksums_of(self._rest), np.uint32)


def checksums_of(texts: list[str]) -> list[int]:
    """CRC-32 of every so many texts, each with its end."""
    return [
        zlib.crc32((END_OF_TEXT.join(texts[k : k + CRC_ROWS]) + END_OF_TEXT).encode())
        for k in range(0, len(texts), CRC_ROWS)
    ]
