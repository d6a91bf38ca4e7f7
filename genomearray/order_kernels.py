"""Compiled loop over stretches of values: medians and quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.loops import kernel

MEDIAN = -1.0  # instead of a quantile: the mean of the middle two, which may differ from 0.5 in the last bit


@kernel
def quantiles(
    values: NDArray[np.float64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    wanted: NDArray[np.float64],
    out: NDArray[Any],
) -> None:
    """Quantiles of the values that are there in each stretch [start, end) of all values, flat; NaN of
    nothing. ``out`` has a row for each stretch, a column for each of ``wanted``.

    Interpolated as numpy.quantile and numpy.median do; selected, not sorted: Hoare (1961),
    doi:10.1145/366622.366647.
    """
    flat = values.reshape(-1)
    for i in range(starts.size):
        held = flat[starts[i] : ends[i]]
        held = np.sort(held[held == held])
        for k in range(wanted.size):
            if not held.size:
                out[i, k] = np.nan
                continue
            place = (held.size - 1) / 2 if wanted[k] < 0 else (held.size - 1) * wanted[k]
            at = int(np.floor(place))
            part = place - at
            left = held[at]
            right = held[at + 1] if part else left
            if left == right:
                out[i, k] = left
            elif wanted[k] < 0:
                out[i, k] = (left + right) / 2
            elif part < 0.5:
                out[i, k] = left + (right - left) * part
            else:
                out[i, k] = right - (right - left) * (1 - part)


def row_quantiles(rows: NDArray[np.float64], wanted: NDArray[np.float64], out: NDArray[Any]) -> None:
    """Quantiles of each row."""
    borders = np.arange(rows.shape[0] + 1) * rows.shape[1]
    quantiles(rows, borders[:-1], borders[1:], wanted, out)
