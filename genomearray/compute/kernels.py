"""Compiled loops of the answers over many bases."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import How
from genomearray.loops import kernel

_MEAN, _SUM, _MIN = int(How.MEAN), int(How.SUM), int(How.MIN)


@kernel
def scale_regions(
    values: NDArray[Any],
    starts: NDArray[np.int64],
    lengths: NDArray[np.int64],
    reverse: NDArray[np.bool_],
    how: int,
    out: NDArray[np.float64],
) -> None:
    """Regions of any length as rows of ``out`` with one number for each bin.

    Bin j of n covers the bases [j * length / n, (j + 1) * length / n) of a region; a base at
    a border counts by the part that is inside. Weights are whole numbers (n for a base), so
    that nothing is rounded before the last division. ``how`` is one of :class:`genomearray.choices.How`.
    """
    n = out.shape[1]
    for k in range(starts.size):
        length = lengths[k]
        base = starts[k]
        for j in range(n):
            begin = j * length
            end = begin + length
            first = begin // n
            last = (end - 1) // n
            total = 0.0
            weights = 0
            low = np.inf
            high = -np.inf
            for i in range(first, last + 1):
                value = values[base + i]
                if value != value:
                    continue
                weight = min(end, (i + 1) * n) - max(begin, i * n)
                total += weight * np.float64(value)
                weights += weight
                low = min(low, np.float64(value))
                high = max(high, np.float64(value))
            at = n - 1 - j if reverse[k] else j
            if weights == 0:
                out[k, at] = np.nan
            elif how == _MEAN:
                out[k, at] = total / weights
            elif how == _SUM:
                out[k, at] = total / n
            elif how == _MIN:
                out[k, at] = low
            else:
                out[k, at] = high


@kernel
def add_up(values: NDArray[Any]) -> Any:
    """The sum of integers of up to 32 bits, not too many."""
    whole = np.int64(0)
    for value in values:
        whole += np.int64(value)
    return whole


# -- the values themselves ------------------------------------------------------------------


@kernel
def count_small(values: NDArray[Any], low: int, counts: NDArray[np.int64]) -> None:
    """Count how often each small integer occurs, from ``low`` on."""
    for value in values:
        counts[np.int64(value) - low] += 1


@kernel
def count_digits(
    keys: NDArray[Any], shift: int, width: int, prefixes: NDArray[np.uint64], counts: NDArray[np.int64]
) -> None:
    """For every key whose digits above ``shift + width`` bits are a prefix: how often its next
    digit comes.
    """
    mask = np.uint64((1 << width) - 1)
    last = prefixes.size - 1
    for key in keys:
        above = np.uint64(key) >> np.uint64(shift)
        digit = above & mask
        prefix = above >> np.uint64(width)
        low = 0
        high = last
        while low < high:
            middle = (low + high) // 2
            if prefixes[middle] < prefix:
                low = middle + 1
            else:
                high = middle
        if prefixes[low] == prefix:
            counts[low, digit] += 1


@kernel
def count_letters(letters: NDArray[np.uint8], counts: NDArray[np.int64]) -> None:
    """Add to the count of each byte."""
    for letter in letters:
        counts[letter] += 1


@kernel
def count_codes(codes: NDArray[np.int64], k: int, starts: int, counts: NDArray[np.int64]) -> None:
    """Add to the counts of the k-mers that begin at the first ``starts`` bases; others than A, C, G
    and T break them.
    """
    mask = (1 << (2 * k)) - 1
    value = 0
    good = 0
    for at in range(codes.size):
        code = codes[at]
        if code < 0:
            good = 0
            value = 0
            continue
        value = ((value << 2) | code) & mask
        good += 1
        if good >= k and at - k + 1 < starts:
            counts[value] += 1
