"""Inner loops of writing: intervals onto a block of values, and the summary of its parts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray._kernels import kernel, kernel_without_nan


@kernel
def paint_intervals(
    block: NDArray[Any],
    written: NDArray[np.bool_],
    starts: NDArray[np.int32],
    ends: NDArray[np.int32],
    values: NDArray[Any],
    reach: int,
) -> tuple[int, int]:
    """Put values on [start, end) of a block, the last wins.

    Nothing from ``reach`` on was written before. Gives the bases written again, and the new reach.
    """
    again = 0
    for k in range(starts.size):
        start = starts[k]
        end = ends[k]
        if start < reach:
            for i in range(start, min(end, reach)):
                again += written[i]
        written[start:end] = True
        block[start:end] = values[k]
        reach = max(reach, end)
    return again, reach


@kernel_without_nan
def _range(part: NDArray[Any]) -> tuple[Any, Any]:
    least = part[0]
    most = part[0]
    for i in range(part.size):
        value = part[i]
        least = value if value < least else least
        most = value if value > most else most
    return least, most


@kernel
def summarise_small(
    values: NDArray[Any],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    total: NDArray[Any],
    squares: NDArray[np.uint64],
    low: NDArray[Any],
    high: NDArray[Any],
) -> None:
    """Exact sums, sums of squares and ranges of the parts [start, end) of 8- or 16-bit integers."""
    for k in range(starts.size):
        part = values[starts[k] : ends[k]]
        low[k], high[k] = _range(part)
        whole = total.dtype.type(0)
        for i in range(part.size):
            whole += total.dtype.type(part[i])
        total[k] = whole
        square = np.uint64(0)
        for i in range(part.size):
            wide = np.int64(part[i])
            square += np.uint64(wide * wide)
        squares[k] = square


@kernel
def _sum(part: NDArray[Any], zero: Any) -> Any:
    """Eight sums side by side, always the same ones: one alone waits for itself at every addition."""
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = zero
    whole = part.size // 8 * 8
    for i in range(0, whole, 8):
        s0 += part[i]
        s1 += part[i + 1]
        s2 += part[i + 2]
        s3 += part[i + 3]
        s4 += part[i + 4]
        s5 += part[i + 5]
        s6 += part[i + 6]
        s7 += part[i + 7]
    for i in range(whole, part.size):
        s0 += part[i]
    return ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))


@kernel
def _squares(part: NDArray[Any], mean: float) -> float:
    """Sum of squared deviations from a mean."""
    s0 = s1 = s2 = s3 = 0.0
    whole = part.size // 4 * 4
    for i in range(0, whole, 4):
        d0 = part[i] - mean
        d1 = part[i + 1] - mean
        d2 = part[i + 2] - mean
        d3 = part[i + 3] - mean
        s0 += d0 * d0
        s1 += d1 * d1
        s2 += d2 * d2
        s3 += d3 * d3
    for i in range(whole, part.size):
        d0 = part[i] - mean
        s0 += d0 * d0
    return (s0 + s1) + (s2 + s3)


@kernel
def _missing(part: NDArray[Any]) -> int:
    count = np.int32(0)
    for i in range(part.size):
        if np.isnan(part[i]):
            count += np.int32(1)
    return int(count)


@kernel
def summarise(
    values: NDArray[Any],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    n: NDArray[np.int64],
    total: NDArray[Any],
    m2: NDArray[np.float64],
    low: NDArray[Any],
    high: NDArray[Any],
) -> None:
    """Statistics of the parts [start, end) of values of any dtype.

    ``n`` counts values that are not NaN; ``m2`` is the sum of squared deviations from
    the mean of the part, in two passes. A part without values keeps NaN in low and high.
    """
    zero = total.dtype.type(0)
    largest = 0
    for k in range(starts.size):
        largest = max(largest, ends[k] - starts[k])
    valid = np.empty(largest, dtype=values.dtype)
    for k in range(starts.size):
        part = values[starts[k] : ends[k]]
        count = part.size - _missing(part)
        if count == 0:
            n[k] = 0
            total[k] = zero
            m2[k] = 0.0
            low[k] = part[0]
            high[k] = part[0]
            continue
        if count < part.size:
            # The values without the missing ones, so that the loops need not ask.
            at = 0
            for value in part:
                valid[min(at, largest - 1)] = value
                at += value == value
            part = valid[:count]
        least, most = _range(part)
        whole = _sum(part, zero)
        n[k] = count
        total[k] = whole
        m2[k] = _squares(part, whole / count) if least < most else 0.0
        low[k] = least
        high[k] = most
