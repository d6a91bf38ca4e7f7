"""The dtype of a column of texts: numbers where every text is one, exactly."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from genomearray.storage.feature_layout import TEXT

GUESSED = "guessed"  # a column of texts, kept as numbers if all of them are numbers as a computer writes them
NUMBERS = "numbers"  # one of numbers as texts, whole ones or fractions
_WHOLE = re.compile(r"(?:(?:0|-?[1-9][0-9]*+)\0)*+")  # as Python writes them: 007 is a name
_ANY_WHOLE = re.compile(r"(?:[-+]?[0-9]++\0)*+")
# Every number can be read in one way only: anything else takes forever where the last text is none.
DECIMAL = r"[-+]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?+"
_NUMBER = re.compile(rf"(?:(?:{DECIMAL}|[-+]?(?:inf|Inf|INF)|nan|NaN|NA|\.)\0)*+")
_LEADING_ZERO = re.compile(r"(?:^|\0)[-+]?0[0-9]")
_LONG = re.compile(r"(?:^|\0)([-+]?[0-9]{16,})(?=\0)")
_EXACT = 1 << 53  # of float64


class TextColumn:
    """What is known of a column of texts, to choose its dtype.

    Parameters
    ----------
    numbers : bool
        They are meant as numbers: 007 is seven.
    """

    def __init__(self, *, numbers: bool) -> None:
        self._meant = numbers
        self._whole = True
        self._numbers = True
        self._least = self._most = 0

    def look(self, joined: str) -> None:
        """See texts, each with its end."""
        if self._whole and not (_ANY_WHOLE if self._meant else _WHOLE).fullmatch(joined):
            self._whole = False
        if self._numbers and (
            not _NUMBER.fullmatch(joined) or (not self._meant and _LEADING_ZERO.search(joined))
        ):
            self._numbers = False
        for text in _LONG.findall(joined):
            self._least, self._most = min(self._least, int(text)), max(self._most, int(text))
        if self._whole and not self._least and "-" in joined:
            self._least = -1

    @property
    def dtype(self) -> np.dtype[Any]:
        """A dtype that holds all of them as they are; text, where no number does."""
        if self._whole:
            for name in ("int64", "uint64"):
                info = np.iinfo(name)
                if int(info.min) <= self._least and self._most <= int(info.max):
                    return np.dtype(name)
            return TEXT
        exact = self._least >= -_EXACT and self._most <= _EXACT
        return np.dtype(np.float64) if self._numbers and exact else TEXT
