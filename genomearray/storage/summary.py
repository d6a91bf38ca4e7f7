"""Statistics of chunks and other parts of an array: computed, merged, and what they tell of the data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.storage.layout import SUMMARY_COLUMNS, summary_dtype

Columns = dict[str, NDArray[Any]]


def empty_columns(size: int, dtype: np.dtype[Any]) -> Columns:
    """Uninitialised summary columns of ``size`` parts."""
    return {name: np.empty(size, dtype=summary_dtype(name, dtype)) for name in SUMMARY_COLUMNS}


def filled_columns(lengths: NDArray[np.int64], fill: Any, dtype: np.dtype[Any]) -> Columns:
    """Summary of parts of the given lengths (bp) that hold nothing but the fill value."""
    columns = empty_columns(lengths.size, dtype)
    missing = fill != fill
    columns["n"][:] = 0 if missing else lengths
    columns["sum"][:] = 0 if missing else lengths.astype(columns["sum"].dtype) * columns["sum"].dtype.type(fill)
    columns["m2"][:] = 0
    columns["min"][:] = fill
    columns["max"][:] = fill
    return columns


def chunk_bounds(length: int, chunk: int) -> NDArray[np.int64]:
    """Borders of the chunks of a block of ``length`` positions, both ends included."""
    return np.append(np.arange(0, length, chunk), length).astype(np.int64)


def summary(values: NDArray[Any], starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Columns:
    """Statistics of the parts [start, end) of an array of values; no part is empty."""
    # Imported here: numba is for writing and statistics, reading never loads it.
    from genomearray.storage.kernels import summarise, summarise_small

    columns = empty_columns(starts.size, values.dtype)
    if values.dtype.kind == "f" or values.dtype.itemsize > 2:
        summarise(values, starts, ends, columns["n"], columns["sum"], columns["m2"], columns["min"], columns["max"])
        return columns
    squares = np.empty(starts.size, dtype=np.uint64)
    summarise_small(values, starts, ends, columns["sum"], squares, columns["min"], columns["max"])
    columns["n"][:] = ends - starts
    columns["m2"][:] = _exact_m2(columns["n"], columns["sum"], squares)
    return columns


def _exact_m2(n: NDArray[np.int64], total: NDArray[Any], squares: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Sums of squared deviations of 16-bit numbers: no digit is lost before the one division."""
    wide = n.astype(np.uint64)
    product = total.astype(np.int64).view(np.uint64)  # its square is right modulo 2**64, also of a negative sum
    m2 = (wide * squares - product * product).astype(np.float64) / n
    for k in np.flatnonzero(n >= 1 << 16).tolist():  # beyond 64 bits: whole numbers of Python
        m2[k] = (int(n[k]) * int(squares[k]) - int(total[k]) ** 2) / int(n[k])
    return m2


def columns_of_data(fill: Any) -> tuple[str, ...]:
    """The summary columns that :func:`holds_data` needs."""
    return ("n",) if fill != fill else ("min", "max")


def holds_data(columns: Columns, fill: Any) -> NDArray[np.bool_]:
    """Which parts hold anything but the fill value, and so must be on disk.

    Examples
    --------
    >>> parts = filled_columns(np.array([4, 4]), np.uint8(0), np.dtype("uint8"))
    >>> parts["max"][1] = 3
    >>> holds_data(parts, 0).tolist()
    [False, True]
    """
    if fill != fill:
        return np.asarray(columns["n"] > 0)
    return np.asarray((columns["min"] != fill) | (columns["max"] != fill))


def merge(columns: Columns, dtype: np.dtype[Any]) -> tuple[int, Any, float, Any, Any]:
    """Statistics of parts taken together: n, sum, m2, min, max.

    Notes
    -----
    The sum of squared deviations follows Chan, Golub and LeVeque (1983),
    doi:10.1080/00031305.1983.10483115, for any number of parts at once.

    Examples
    --------
    >>> parts = filled_columns(np.array([2, 2]), np.uint8(0), np.dtype("uint8"))
    >>> parts["sum"][1], parts["min"][1], parts["max"][1] = 2, 1, 1
    >>> [float(x) for x in merge(parts, np.dtype("uint8"))]
    [4.0, 2.0, 1.0, 0.0, 1.0]
    """
    some = columns["n"] > 0
    n = columns["n"][some].astype(np.float64)
    count = int(columns["n"].sum())
    nothing = dtype.type(np.nan) if dtype.kind == "f" else dtype.type(0)
    sums = columns["sum"][some]
    if not count:
        return 0, sums.dtype.type(0), 0.0, nothing, nothing
    total = sums.sum() if sums.dtype.kind in "iu" else _fsum(sums)
    means = sums / n
    with np.errstate(invalid="ignore"):  # infinite values have no deviation
        between = n * (means - float(total) / count) ** 2
    m2 = _fsum(columns["m2"][some]) + _fsum(between)
    return count, total, m2, columns["min"][some].min(), columns["max"][some].max()


def _fsum(values: NDArray[Any]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # beyond float64, or infinities of both signs
        with np.errstate(all="ignore"):
            return float(np.sum(values, dtype=np.float64))
