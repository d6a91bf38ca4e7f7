"""Numbers of any dtype -> the dtype of a track, with every change counted.

Nothing wraps around: a value that does not fit saturates (default), is an error, or asks
for a wider dtype.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import OVERFLOWS, Overflow, check
from genomearray.errors import ValueRangeError

_SLICE = 1 << 16  # values looked at together; their temporaries stay in the cache


class NeedsWiderDtype(Exception):
    """Under ``overflow="widen"``: the dtype that holds what was seen."""

    def __init__(self, dtype: np.dtype[Any], value: float) -> None:
        super().__init__(f"value {value} needs {dtype}")
        self.dtype = dtype
        self._value = value

    def __reduce__(self) -> tuple[Any, ...]:
        return NeedsWiderDtype, (self.dtype, self._value)


def plain_array(values: object) -> NDArray[Any]:
    """Values as a numpy array: missing ones of a nullable pandas array become NaN.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_array(pd.array([1, None], dtype="Int64"))
    array([ 1., nan])
    """
    convert, dtype = getattr(values, "to_numpy", None), getattr(values, "dtype", None)
    if convert is None or isinstance(dtype, np.dtype):
        return np.asarray(values)
    kind = getattr(dtype, "kind", "O")
    if kind not in "biuf":
        return np.asarray(values)
    missing = bool(values.isna().any())  # type: ignore[attr-defined]  # an array of pandas
    wanted = np.float64 if missing and kind != "f" else dtype.numpy_dtype  # type: ignore[union-attr]
    array: NDArray[Any] = convert(dtype=wanted, na_value=np.nan) if missing else convert(dtype=wanted)
    return array


class Caster:
    """Converts arrays to ``dtype`` and counts what it had to change.

    Parameters
    ----------
    dtype : numpy dtype
        Of the track.
    overflow : {"saturate", "error", "widen"}
        For a value beyond the dtype's range.
    round : bool
        Whether a fraction may be rounded (half to even) into an integer dtype; else it is an error.

    Attributes
    ----------
    saturated : int
        Values set to the dtype's least or greatest one.
    nan_to_zero : int
        NaN that became 0 in an integer track.

    Examples
    --------
    >>> caster = Caster(np.dtype("uint8"))
    >>> caster(np.array([1.0, 300.0, np.nan]))
    array([  1, 255,   0], dtype=uint8)
    >>> caster.saturated, caster.nan_to_zero
    (1, 1)
    """

    def __init__(self, dtype: np.dtype[Any], overflow: Overflow = "saturate", *, round: bool = False) -> None:
        check("overflow", overflow, OVERFLOWS)
        self.dtype = dtype
        self.overflow = overflow
        self.round = round
        self.saturated = 0
        self.nan_to_zero = 0
        self._lock = threading.Lock()  # values are cast in many threads
        self._low, self._high = _limits(dtype)

    def __call__(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values in the track's dtype; shape kept."""
        if values.dtype == self.dtype:
            return values
        if values.dtype.kind == "b":
            return values.astype(self.dtype)
        if values.dtype.kind not in "iuf":
            raise ValueRangeError(
                f"values of dtype {values.dtype} are not numbers; a track holds integers or floats"
            )
        out = np.empty(values.shape, dtype=self.dtype)
        for start in range(0, values.size, _SLICE):
            part = values[start : start + _SLICE]
            out[start : start + _SLICE] = (
                self._integers(part) if self.dtype.kind in "iu" else self._floats(part)
            )
        return out

    def _integers(self, part: NDArray[Any]) -> NDArray[Any]:
        if part.dtype.kind == "f":
            nan = np.isnan(part)
            if nan.any():
                with self._lock:
                    self.nan_to_zero += int(nan.sum())
                part = np.where(nan, 0, part)
            whole = np.rint(part)
            if not self.round and (whole != part).any():
                value = part[whole != part][0]
                raise ValueRangeError(
                    f"value {value} has a fraction, and the track is {self.dtype}",
                    hint="round it with {round}, or use a float dtype",
                )
            part = whole
        # Counts cannot be too low: one look less.
        low, high = (0 if part.dtype.kind == "u" else part.min()), part.max()
        # int() of both sides: numpy would compare int64 and uint64 as floats.
        below, above = _int(low) < self._low, _int(high) > self._high
        if not below and not above:
            return part.astype(self.dtype)
        self._refuse(low if below else high)
        too_low = part < self._low if below else np.zeros(part.shape, dtype=bool)
        # The greatest 64-bit integers are not float64: the next one up is beyond the range.
        inexact = part.dtype.kind == "f" and int(float(self._high)) != self._high
        too_high = part >= float(self._high) if inexact else part > self._high
        with self._lock:
            self.saturated += int(too_low.sum()) + int(too_high.sum())
        safe = np.where(too_low | too_high, 0, part).astype(self.dtype)
        safe[too_low] = self._low
        safe[too_high] = self._high
        return safe

    def _floats(self, part: NDArray[Any]) -> NDArray[Any]:
        with np.errstate(over="ignore"):
            cast = part.astype(self.dtype)
        if part.dtype.itemsize > self.dtype.itemsize or part.dtype.kind != "f":
            lost = np.isinf(cast) & np.isfinite(part)
            if lost.any():
                self._refuse(part[lost][0])
                with self._lock:
                    self.saturated += int(lost.sum())
                cast[lost] = np.copysign(np.finfo(self.dtype).max, part[lost])
        return cast

    def _refuse(self, value: Any) -> None:
        wider = _wider(self.dtype, value)
        if self.overflow == "widen" and wider != self.dtype:
            raise NeedsWiderDtype(wider, value)
        if self.overflow == "error":
            raise ValueRangeError(
                f"value {value} does not fit {self.dtype} ({self._low} to {self._high})",
                hint="use a wider dtype, or let it saturate or widen with {overflow=}",
            )


def _limits(dtype: np.dtype[Any]) -> tuple[Any, Any]:
    if dtype.kind == "f":
        return float(np.finfo(dtype).min), float(np.finfo(dtype).max)
    return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)


def _int(value: Any) -> Any:
    return value.item() if np.isinf(value) else int(value)


def _wider(dtype: np.dtype[Any], value: Any) -> np.dtype[Any]:
    """The least dtype that holds the range of ``dtype`` and the value."""
    if dtype.kind == "f" or np.isinf(value):
        return np.dtype("float64")
    low, high = _limits(dtype)
    names = (
        ("uint8", "uint16", "uint32", "uint64") if low == 0 and value >= 0 else ("int16", "int32", "int64")
    )
    for name in names:
        info = np.iinfo(name)
        if info.min <= min(low, int(value)) and max(high, int(value)) <= info.max:
            return np.dtype(name)
    return np.dtype("float64")
