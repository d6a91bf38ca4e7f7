"""Compiled loops of tracks that are computed from features."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.loops import kernel


@kernel
def paint_scores(
    out: NDArray[Any], starts: NDArray[np.int64], ends: NDArray[np.int64], values: NDArray[Any]
) -> None:
    """Put values on [start, end) of ``out``, the last wins."""
    for k in range(starts.size):
        for i in range(starts[k], ends[k]):
            out[i] = values[k]


@kernel
def cover(depth: NDArray[np.uint32], starts: NDArray[Any], ends: NDArray[Any], first: int) -> None:
    """Number of intervals [start, end) on each base from ``first`` on; ``depth`` holds zeros, and
    one more number than bases.
    """
    last = first + depth.size - 1
    for k in range(starts.size):
        low, high = max(starts[k], first), min(ends[k], last)
        if low < high:
            depth[low - first] += np.uint32(1)
            depth[high - first] -= np.uint32(1)  # modulo 2**32, which the sums undo
    total = np.uint32(0)
    for k in range(depth.size):
        total += depth[k]
        depth[k] = total


@kernel
def fill_distances(
    out: NDArray[Any],
    first: int,
    row: int,
    starts: NDArray[Any],
    reach: NDArray[Any],
    furthest: NDArray[np.int64],
    upstream: NDArray[np.int8],
    signed: bool,
) -> None:
    """Distance of each base from ``first`` on to the nearest feature.

    ``row`` is the first feature that starts after ``first``; ``reach`` the greatest end up to a
    row, and ``furthest`` the row that has it; ``upstream`` is 1 for features whose left side is
    negative, else -1.
    """
    n = starts.size
    for k in range(out.size):
        base = first + k
        while row < n and starts[row] <= base:
            row += 1
        if row > 0 and reach[row - 1] > base:
            out[k] = 0
            continue
        left = base - reach[row - 1] + 1 if row > 0 else -1
        right = starts[row] - base if row < n else -1
        if left >= 0 and (right < 0 or left <= right):
            out[k] = left * upstream[furthest[row - 1]] if signed else left
        else:
            out[k] = -right * upstream[row] if signed else right
