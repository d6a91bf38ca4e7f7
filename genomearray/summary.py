"""Statistics of parts of an array: computed, merged, and what they say of the data.

A new statistic is a field of :class:`Summary`, a line in each of its compiled loops
(``summary_kernels``), and one in :meth:`Summary.merged`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from genomearray._typing import Number


class Total(NamedTuple):
    """Statistics of everything together."""

    n: int
    sum: Number
    m2: float
    min: Number
    max: Number


class Summary(NamedTuple):
    """Statistics of parts, one row for each; also the columns of ``/summary`` on disk.

    Attributes
    ----------
    n : ndarray of int64
        Valid values.
    sum : ndarray
        Exact in 64 bits for integers up to 32 bits, else float64.
    m2 : ndarray of float64
        Sum of squared deviations from the mean of the part.
    min, max : ndarray
        In the dtype of the values.
    """

    n: NDArray[np.int64]
    sum: NDArray[Any]
    m2: NDArray[np.float64]
    min: NDArray[Any]
    max: NDArray[Any]

    @classmethod
    def empty(cls, size: int, dtype: np.dtype[Any]) -> Self:
        """Uninitialised rows of ``size`` parts."""
        columns = [np.empty(size, dtype=summary_dtype(name, dtype)) for name in cls._fields]
        return cls(*columns)

    @classmethod
    def filled(cls, lengths: NDArray[np.int64], fill: Number, dtype: np.dtype[Any]) -> Self:
        """Of parts of the given lengths (bp) that hold nothing but the fill value."""
        summary = cls.empty(lengths.size, dtype)
        missing = fill != fill
        summary.n[:] = 0 if missing else lengths
        summary.sum[:] = 0 if missing else lengths.astype(summary.sum.dtype) * summary.sum.dtype.type(fill)
        summary.m2[:] = 0
        summary.min[:] = fill
        summary.max[:] = fill
        return summary

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """The rows of several summaries, one after the other."""
        return cls._make(map(np.concatenate, zip(*parts, strict=True)))

    def rows(self, which: slice | NDArray[np.int64]) -> Self:
        """Some rows."""
        return type(self)(self.n[which], self.sum[which], self.m2[which], self.min[which], self.max[which])

    def put(self, which: int | slice | NDArray[np.int64], other: Summary | Total) -> None:
        """Replace some rows."""
        for column, values in zip(self, other, strict=True):
            column[which] = values

    def holds_data(self, fill: Number) -> NDArray[np.bool_]:
        """Which parts hold anything but the fill value, and so must be on disk.

        Examples
        --------
        >>> parts = Summary.filled(np.array([4, 4]), np.uint8(0), np.dtype("uint8"))
        >>> parts.max[1] = 3
        >>> parts.holds_data(0).tolist()
        [False, True]
        """
        return parts_with_data(lambda name: np.asarray(getattr(self, name)), fill)

    def merged(self, dtype: np.dtype[Any]) -> Total:
        """Statistics of all parts together.

        Notes
        -----
        The sum of squared deviations follows Chan, Golub and LeVeque (1983),
        doi:10.1080/00031305.1983.10483115, for any number of parts at once.

        Examples
        --------
        >>> parts = Summary.filled(np.array([2, 2]), np.uint8(0), np.dtype("uint8"))
        >>> parts.sum[1], parts.min[1], parts.max[1] = 2, 1, 1
        >>> [float(x) for x in parts.merged(np.dtype("uint8"))]
        [4.0, 2.0, 1.0, 0.0, 1.0]
        """
        with_data = self.n > 0
        n = self.n[with_data].astype(np.float64)
        count = int(self.n.sum())
        missing = dtype.type(np.nan) if dtype.kind == "f" else dtype.type(0)
        sums = self.sum[with_data]
        if not count:
            return Total(0, sums.dtype.type(0), 0.0, missing, missing)
        total = sums.sum() if sums.dtype.kind in "iu" else _fsum(sums)
        means = sums / n
        with np.errstate(invalid="ignore"):  # infinite values have no deviation
            between = n * (means - float(total) / count) ** 2
        m2 = _fsum(self.m2[with_data]) + _fsum(between)
        return Total(count, total, m2, self.min[with_data].min(), self.max[with_data].max())


def sum_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """np.dtype[Any] of sums: exact in 64 bits for integers up to 32 bits, else float64.

    Examples
    --------
    >>> sum_dtype(np.dtype("uint16")), sum_dtype(np.dtype("int64"))
    (dtype('uint64'), dtype('float64'))
    """
    if dtype.kind in "iu" and dtype.itemsize < 8:
        return np.dtype("uint64" if dtype.kind == "u" else "int64")
    return np.dtype("float64")


def summary_dtype(column: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """np.dtype[Any] of one column of the summary of values of ``dtype``."""
    known: dict[str, np.dtype[Any]] = {
        "n": np.dtype("int64"),
        "sum": sum_dtype(dtype),
        "m2": np.dtype("float64"),
    }
    return known.get(column, dtype)


def chunk_bounds(length: int, chunk: int) -> NDArray[np.int64]:
    """Borders of the chunks of a block of ``length`` positions, both ends included."""
    return np.append(np.arange(0, length, chunk), length).astype(np.int64)


def parts_with_data(column: Callable[[str], NDArray[Any]], fill: Number) -> NDArray[np.bool_]:
    """As :meth:`Summary.holds_data`, of columns that are read one by one: not all are needed."""
    if fill != fill:
        return np.asarray(column("n") > 0)
    return np.asarray((column("min") != fill) | (column("max") != fill))


def _fsum(values: NDArray[Any]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # beyond float64, or infinities of both signs
        with np.errstate(all="ignore"):
            return float(np.sum(values, dtype=np.float64))
