"""Compiled loops of summaries: statistics of parts, and parts merged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.loops import kernel
from genomearray.summary import Summary, sum_dtype


def summarise(values: NDArray[Any], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Summary:
    """Statistics of the parts [start, end) of an array of values; no part is empty."""
    if values.dtype.kind == "b":
        counted = summarise(values.view(np.uint8), starts, ends)
        return Summary(
            counted.n,
            counted.sum.astype(sum_dtype(values.dtype)),
            counted.m2,
            counted.min.view(values.dtype),
            counted.max.view(values.dtype),
        )
    summary = Summary.empty(starts.size, values.dtype)
    if values.dtype.kind == "f" or values.dtype.itemsize > 2:
        summarise_any(values, starts, ends, summary)
        return summary
    squares = np.empty(starts.size, dtype=np.uint64)
    summarise_small(values, starts, ends, squares, summary)
    summary.n[:] = ends - starts
    summary.m2[:] = _exact_m2(summary.n, summary.sum, squares)
    return summary


def _exact_m2(n: NDArray[np.int64], total: NDArray[Any], squares: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Sums of squared deviations of 16-bit numbers: no digit is lost before the one division."""
    wide = n.astype(np.uint64)
    product = total.astype(np.int64).view(
        np.uint64
    )  # its square is right modulo 2**64, also of a negative sum
    m2 = (wide * squares - product * product).astype(np.float64) / n
    for k in np.flatnonzero(n >= 1 << 16).tolist():  # beyond 64 bits: whole numbers of Python
        m2[k] = (int(n[k]) * int(squares[k]) - int(total[k]) ** 2) / int(n[k])
    return np.asarray(m2)


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
    squares: NDArray[np.uint64],
    out: Summary,
) -> None:
    """Exact sums, sums of squares and ranges of the parts [start, end) of 8- or 16-bit integers."""
    for k in range(starts.size):
        part = values[starts[k] : ends[k]]
        out.min[k], out.max[k] = _range(part)
        whole = out.sum.dtype.type(0)
        for i in range(part.size):
            whole += out.sum.dtype.type(part[i])
        out.sum[k] = whole
        square = np.uint64(0)
        for i in range(part.size):
            wide = np.int64(part[i])
            square += np.uint64(wide * wide)
        squares[k] = square


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


def _missing(part: NDArray[Any]) -> int:
    count = np.int32(0)
    for i in range(part.size):
        if np.isnan(part[i]):
            count += np.int32(1)
    return int(count)


@kernel
def summarise_any(
    values: NDArray[Any],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    out: Summary,
) -> None:
    """Statistics of the parts [start, end) of values of any dtype.

    ``n`` counts values that are not NaN; ``m2`` is the sum of squared deviations from
    the mean of the part, in two passes. A part without values keeps NaN in min and max.
    """
    zero = out.sum.dtype.type(0)
    largest = 0
    for k in range(starts.size):
        largest = max(largest, ends[k] - starts[k])
    valid = np.empty(largest, dtype=values.dtype)
    for k in range(starts.size):
        part = values[starts[k] : ends[k]]
        count = part.size - _missing(part)
        if count == 0:
            out.n[k] = 0
            out.sum[k] = zero
            out.m2[k] = 0.0
            out.min[k] = part[0]
            out.max[k] = part[0]
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
        out.n[k] = count
        out.sum[k] = whole
        out.m2[k] = _squares(part, whole / count) if least < most else 0.0
        out.min[k] = least
        out.max[k] = most


def _merge_one(
    n: int,
    total: Any,
    m2: float,
    low: Any,
    high: Any,
    n2: int,
    total2: Any,
    m22: float,
    low2: Any,
    high2: Any,
) -> tuple[int, Any, float, Any, Any]:
    """Two parts, each with at least one value, as one (Chan, Golub and LeVeque 1983)."""
    delta = total2 / n2 - total / n
    return (
        n + n2,
        total + total2,
        m2 + m22 + delta * delta * (n * n2 / (n + n2)),
        min(low, low2),
        max(high, high2),
    )


@kernel
def merge_parts(
    n_left: NDArray[np.int64],
    n_right: NDArray[np.int64],
    first_row: NDArray[np.int64],
    n_rows: NDArray[np.int64],
    rows: Summary,
    edges: Summary,
    right_edges: int,
    out: Summary,
) -> None:
    """Merge, for every interval, its left edges, whole chunks and right edges, in that order."""
    missing = out.min.dtype.type(np.nan if out.min.dtype.kind == "f" else 0)
    left = 0
    right = right_edges
    for k in range(n_left.size):
        n = 0
        total = out.sum.dtype.type(0)
        m2 = 0.0
        low = missing
        high = missing
        for part in range(n_left[k] + n_rows[k] + n_right[k]):
            if part < n_left[k]:
                at = left + part
            elif part < n_left[k] + n_rows[k]:
                at = first_row[k] + part - n_left[k]
            else:
                at = right + part - n_left[k] - n_rows[k]
            if n_left[k] <= part < n_left[k] + n_rows[k]:
                n2, total2, m22, low2, high2 = (
                    rows.n[at],
                    rows.sum[at],
                    rows.m2[at],
                    rows.min[at],
                    rows.max[at],
                )
            else:
                n2, total2, m22, low2, high2 = (
                    edges.n[at],
                    edges.sum[at],
                    edges.m2[at],
                    edges.min[at],
                    edges.max[at],
                )
            if n2 == 0:
                continue
            if n == 0:
                n, total, m2, low, high = n2, total2, m22, low2, high2
            else:
                n, total, m2, low, high = _merge_one(n, total, m2, low, high, n2, total2, m22, low2, high2)
        left += n_left[k]
        right += n_right[k]
        out.n[k] = n
        out.sum[k] = total
        out.m2[k] = m2
        out.min[k] = low
        out.max[k] = high
