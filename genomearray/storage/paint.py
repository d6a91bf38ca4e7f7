"""Inner loops of writing: intervals onto a block of values, and the summary of its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray._kernels import kernel


@kernel
def paint_intervals(
    block: NDArray[Any],
    written: NDArray[np.bool_],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    values: NDArray[Any],
) -> int:
    """Put values on [start, end) of a block, the last wins; gives the bases written twice."""
    again = 0
    for k in range(starts.size):
        value = values[k]
        for i in range(starts[k], ends[k]):
            again += written[i]
            written[i] = True
            block[i] = value
    return again


@kernel
def summarise(
    values: NDArray[Any],
    bounds: NDArray[np.int64],
    n: NDArray[np.int64],
    total: NDArray[Any],
    m2: NDArray[np.float64],
    low: NDArray[Any],
    high: NDArray[Any],
) -> None:
    """Statistics of the parts [bounds[k], bounds[k + 1]) of a block.

    ``n`` counts values that are not NaN; ``m2`` is the sum of squared deviations from
    the mean of the part, in two passes. A part without values keeps NaN in low and high.
    """
    zero = total.dtype.type(0)
    for k in range(bounds.size - 1):
        count = 0
        part = zero
        first = bounds[k]
        # Floats: the first value that is not NaN opens the range.
        while first < bounds[k + 1] and values[first] != values[first]:
            first += 1
        if first == bounds[k + 1]:
            n[k] = 0
            total[k] = zero
            m2[k] = 0.0
            if first > bounds[k]:
                low[k] = values[bounds[k]]
                high[k] = values[bounds[k]]
            continue
        least = values[first]
        most = values[first]
        for i in range(first, bounds[k + 1]):
            value = values[i]
            if value == value:
                count += 1
                part += value
                least = min(least, value)
                most = max(most, value)
        mean = part / count
        squares = 0.0
        if least < most:
            for i in range(first, bounds[k + 1]):
                value = values[i]
                if value == value:
                    difference = value - mean
                    squares += difference * difference
        n[k] = count
        total[k] = part
        m2[k] = squares
        low[k] = least
        high[k] = most
