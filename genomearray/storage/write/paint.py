"""The compiled loop of writing: intervals onto a block of values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.loops import kernel


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
