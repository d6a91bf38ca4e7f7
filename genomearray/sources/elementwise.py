"""Expressions of tracks: numpy's functions base by base, masks, shifts, and other dtypes.

Integers never wrap around. A sum, difference or product has the smallest integer dtype that holds
every value it can have; beyond 64 bits a value that does not fit is an error. Division by zero
follows IEEE 754 (inf, NaN) in floats; where the result is an integer (``//``, ``%``), it is an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from genomearray.choices import Overflow
from genomearray.errors import LayoutError, ValueRangeError
from genomearray.reference.intervals import merged_regions
from genomearray.reference.region import integer
from genomearray.reference.region_table import Regions, read_regions
from genomearray.source import Limits, Source, Unconverted, check_signal, check_together
from genomearray.sources.computed import ComputedSource, least_integer
from genomearray.storage.layout import track_dtype
from genomearray.storage.write.cast import Caster

Operand = Any  # Source, or a number
_SIGNS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "true_divide": "/",
    "divide": "/",
    "floor_divide": "//",
    "remainder": "%",
    "power": "**",
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
    "bitwise_and": "&",
    "bitwise_or": "|",
    "bitwise_xor": "^",
}
# Functions that stay among the integers; the others see float64.
_WHOLE = {
    "add",
    "subtract",
    "multiply",
    "negative",
    "positive",
    "absolute",
    "square",
    "sign",
    "maximum",
    "minimum",
    "fmax",
    "fmin",
}
_DIVIDING = {"floor_divide", "remainder"}
_COMPARING = {
    "greater",
    "greater_equal",
    "less",
    "less_equal",
    "equal",
    "not_equal",
    "logical_and",
    "logical_or",
    "logical_not",
    "logical_xor",
    "isnan",
    "isfinite",
    "isinf",
    "signbit",
}
_BITS = {"bitwise_and", "bitwise_or", "bitwise_xor", "invert"}


class Elementwise(ComputedSource):
    """A numpy function of sources and numbers, base by base."""

    def __init__(self, ufunc: np.ufunc, operands: tuple[Operand, ...], labels: tuple[str, ...]) -> None:
        parts = tuple(operand for operand in operands if not _is_number(operand))
        self._ufunc = ufunc
        self._operands = operands
        dtype, self._work, bounds = _types(ufunc, operands)
        self._checked = (
            self._work is not None and dtype.kind in "iu" and bounds is None and ufunc.__name__ in _WHOLE
        )
        super().__init__(parts, dtype, _text(ufunc, labels), bounds)

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        values = [
            operand if _is_number(operand) else operand.read(chrom, start, end, threads)
            for operand in self._operands
        ]
        with np.errstate(all="ignore"):  # IEEE 754 says what a float becomes; integers are looked after here
            if self._work is None:
                return np.asarray(self._ufunc(*values), dtype=self.dtype)
            if self._checked:
                self._refuse_overflow(values, chrom, start)
            work = [np.asarray(value).astype(self._work, copy=False) for value in values]
            if self._ufunc.__name__ in _DIVIDING:
                zero = np.flatnonzero(np.broadcast_to(work[1] == 0, (end - start,)))
                if zero.size:
                    raise ValueRangeError(
                        f"{chrom}:{start + int(zero[0]) + 1}: division by zero has no whole number "
                        f"({self.label}); divide with '/', or mask zeros"
                    )
            return np.asarray(self._ufunc(*work), dtype=self.dtype)

    def _refuse_overflow(self, values: list[Any], chrom: str, start: int) -> None:
        """An error where 64 bits may not be enough: within 2048 of the limit floats cannot tell."""
        info = np.iinfo(self.dtype)
        rough = np.asarray(self._ufunc(*(np.asarray(value).astype(np.float64) for value in values)))
        bad = (rough > float(info.max) - 2048) | (rough < float(info.min) + (2048 if info.min else 0))
        for value in values:
            side = np.asarray(value)
            if side.dtype == np.uint64 and self.dtype == np.int64:
                bad = bad | (side > np.uint64(info.max))
        if bad.any():
            at = int(np.argmax(bad))
            raise ValueRangeError(
                f"{chrom}:{start + at + 1}: {self.label} does not fit {self.dtype}; use floats: "
                "track.astype('float64')"
            )


def _is_number(operand: Operand) -> bool:
    return isinstance(operand, (bool, int, float, np.generic))


def _types(
    ufunc: np.ufunc, operands: tuple[Operand, ...]
) -> tuple[np.dtype[Any], np.dtype[Any] | None, Limits | None]:
    """Dtype of the result, dtype to compute in (None: numpy's own), and limits of an integer result."""
    name = ufunc.__name__
    dtypes = [np.asarray(operand).dtype if _is_number(operand) else operand.dtype for operand in operands]
    if name in _COMPARING:
        return np.dtype(bool), None, None
    if all(dtype.kind == "b" for dtype in dtypes) and name in _BITS:
        return np.dtype(bool), None, None
    if all(dtype.kind in "iub" for dtype in dtypes) and name in _WHOLE | _DIVIDING:
        return _whole_types(name, [_limits_of(operand) for operand in operands])
    if name in _BITS:
        return _numpy_type(ufunc, operands), None, None
    if all(dtype.kind in "iub" for dtype in dtypes):
        return _numpy_type(ufunc, tuple(np.float64(0.5) for _ in operands)), np.dtype(np.float64), None
    return _numpy_type(ufunc, operands), None, None


def _numpy_type(ufunc: np.ufunc, operands: tuple[Operand, ...]) -> np.dtype[Any]:
    ones = [operand if _is_number(operand) else np.ones(1, operand.dtype) for operand in operands]
    try:
        with np.errstate(all="ignore"):
            result = np.asarray(ufunc(*ones))
    except (TypeError, OverflowError, ValueError) as error:
        raise ValueRangeError(f"numpy.{ufunc.__name__} cannot be applied to these tracks: {error}") from None
    return (
        result.dtype
        if result.dtype.kind == "b"
        else track_dtype(np.float32 if result.dtype == np.float16 else result.dtype)
    )


def _limits_of(operand: Operand) -> Limits:
    return (int(operand), int(operand)) if _is_number(operand) else operand.limits


def _whole_types(name: str, sides: list[Limits]) -> tuple[np.dtype[Any], np.dtype[Any], Limits | None]:
    (a, b), (c, d) = sides[0], sides[-1]
    if name == "add":
        low, high = a + c, b + d
    elif name == "subtract":
        low, high = a - d, b - c
    elif name in ("multiply", "square"):
        products = [x * y for x in (a, b) for y in (c, d)]
        low, high = (0 if name == "square" else min(products)), max(products)
    elif name == "negative":
        low, high = -b, -a
    elif name == "absolute":
        low, high = 0, max(abs(a), abs(b))
    elif name == "sign":
        low, high = -1, 1
    elif name in ("maximum", "fmax"):
        low, high = max(a, c), max(b, d)
    elif name in ("minimum", "fmin"):
        low, high = min(a, c), min(b, d)
    elif name == "floor_divide":
        most = max(abs(a), abs(b))
        low, high = (0 if a >= 0 and c >= 0 else -most), most
    elif name == "remainder":  # it has the sign of the divisor
        low, high = min(c, 0), max(d, 0)
    else:
        low, high = a, b
    # Everything on the way has to fit too.
    low_work, high_work = min(low, a, c), max(high, b, d)
    work = least_integer(low_work, high_work)
    if work is not None:
        return work, work, (low, high)
    if name in _DIVIDING:
        raise ValueRangeError(
            "no 64-bit integer holds both sides of this division; use floats: track.astype('float64')"
        )
    wide = np.dtype("int64" if low_work < 0 else "uint64")
    return wide, wide, None


def _text(ufunc: np.ufunc, labels: tuple[str, ...]) -> str:
    sign = _SIGNS.get(ufunc.__name__)
    if sign and len(labels) == 2:
        return f"({labels[0]} {sign} {labels[1]})"
    return f"{ufunc.__name__}({', '.join(labels)})"


def elementwise(ufunc: np.ufunc, operands: tuple[Operand, ...], labels: tuple[str, ...]) -> Elementwise:
    """A numpy function of sources and numbers as a source.

    Raises
    ------
    AssemblyError, LayoutError, ValueRangeError
    """
    if ufunc.__name__ == "clip" and len(operands) == 3:
        inner = elementwise(np.maximum, operands[:2], labels[:2])
        return elementwise(np.minimum, (inner, operands[2]), (inner.label, labels[2]))
    if ufunc.nout != 1:
        raise ValueRangeError(
            f"numpy.{ufunc.__name__} gives {ufunc.nout} results; a track has one value per base"
        )
    for operand, label in zip(operands, labels, strict=True):
        if not _is_number(operand):
            check_signal(operand, label, "arithmetic")
        elif np.asarray(operand).dtype.kind not in "biuf" or (
            isinstance(operand, int) and not -(2**63) <= operand < 2**64
        ):
            raise ValueRangeError(
                f"{operand!r} is not a number that a track can be computed with; it needs more than 64 "
                "bits, or is complex"
            )
    both = [
        (operand, label) for operand, label in zip(operands, labels, strict=True) if not _is_number(operand)
    ]
    check_together(tuple(source for source, _ in both), tuple(label for _, label in both))
    return Elementwise(ufunc, operands, labels)


class Converted(ComputedSource):
    """The values in another dtype; one that does not fit saturates, or is an error."""

    def __init__(
        self,
        source: Source,
        dtype: DTypeLike,
        what: str,
        *,
        overflow: Overflow = "error",
        round: bool = False,
        label: str | None = None,
    ) -> None:
        check_signal(source, what, "other type")
        super().__init__(
            (source,), track_dtype(dtype), label or f"{what}.astype({str(track_dtype(dtype))!r})"
        )
        self.overflow = overflow
        self.round = round
        Caster(self.dtype, overflow, round=round)  # wrong arguments are reported here

    def unconverted(self) -> Unconverted:
        """The values before the conversion, where what does not fit is counted."""
        return (
            Unconverted(self.parts[0], self.dtype, self.round)
            if self.overflow == "saturate"
            else super().unconverted()
        )

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        values = self.parts[0].read(chrom, start, end, threads)
        try:
            return Caster(self.dtype, self.overflow, round=self.round)(values)
        except ValueRangeError as error:
            raise error.within(f"{chrom}:{start + 1}-{end}", ValueRangeError) from None


class Shifted(ComputedSource):
    """The values moved to higher positions; those moved in are missing."""

    def __init__(self, source: Source, by: object, label: str) -> None:
        self._by = integer(by, "shift")
        limits = (
            (min(source.limits[0], 0), max(source.limits[1], 0)) if source.dtype.kind in "iub" else None
        )  # 0 moves in
        super().__init__((source,), source.dtype, f"{label}.shift({self._by})", limits)

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        out = np.full(end - start, self.missing_value(), self.dtype)
        low, high = max(start - self._by, 0), min(end - self._by, self.length(chrom))
        if low < high:
            out[low + self._by - start : high + self._by - start] = self.parts[0].read(
                chrom, low, high, threads
            )
        return out


class Masked(ComputedSource):
    """The values inside of regions, or outside of them; the others become ``other``."""

    def __init__(self, source: Source, regions: Regions, label: str, *, inside: bool, other: Any) -> None:
        self._other, dtype = _replacement(source, other)
        bounds = (
            (min(source.limits[0], int(self._other)), max(source.limits[1], int(self._other)))
            if dtype.kind in "iu"
            else None
        )
        super().__init__((source,), dtype, f"{label}.{'mask' if inside else 'where'}(regions)", bounds)
        self._inside = inside
        self._merged = merged_regions(read_regions(regions, source).inside(source).intervals)

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        values = self.parts[0].read(chrom, start, end, threads).astype(self.dtype, copy=False)
        out = values if self._inside else np.full(end - start, self._other, self.dtype)
        starts, ends = self._merged.get(chrom, (np.empty(0, np.int64),) * 2)
        first, last = int(np.searchsorted(ends, start, side="right")), int(np.searchsorted(starts, end))
        if self._inside and first < last and not out.flags.writeable:
            out = out.copy()
        for low, high in zip(starts[first:last].tolist(), ends[first:last].tolist(), strict=True):
            part = slice(max(low, start) - start, min(high, end) - start)
            out[part] = self._other if self._inside else values[part]
        return out


class Where(ComputedSource):
    """The values where a condition holds; elsewhere ``other``."""

    def __init__(self, source: Source, condition: Source, label: str, what: str, other: Any) -> None:
        if condition.dtype.kind != "b":
            raise ValueRangeError(
                f"{what} has values of dtype {condition.dtype}, not yes or no; compare it, for "
                f"instance {what} > 0"
            )
        check_together((source, condition), (label, what))
        self._other, dtype = _replacement(source, other)
        bounds = (
            (min(source.limits[0], int(self._other)), max(source.limits[1], int(self._other)))
            if dtype.kind in "iu"
            else None
        )
        super().__init__((source, condition), dtype, f"{label}.where({what})", bounds)

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`ComputedSource`."""
        values = self.parts[0].read(chrom, start, end, threads)
        return np.where(self.parts[1].read(chrom, start, end, threads), values, self._other).astype(
            self.dtype, copy=False
        )


def _replacement(source: Source, other: Any) -> tuple[Any, np.dtype[Any]]:
    """What stands where values are taken away, and the dtype that holds both."""
    if other is None:
        return source.missing_value(), source.dtype
    if source.kind != "signal":
        raise LayoutError("a sequence becomes N where it is masked; other= is for signals")
    if not _is_number(other) or np.asarray(other).dtype.kind not in "biuf":
        raise ValueRangeError(f"other={other!r} is not a number")
    if np.asarray(other).dtype.kind == "f" or source.dtype.kind == "f":
        dtype = np.result_type(source.dtype, np.float32) if source.dtype.kind in "iub" else source.dtype
        return dtype.type(other), dtype
    low, high = source.limits
    wide = least_integer(min(low, int(other)), max(high, int(other)))
    if wide is None:
        raise ValueRangeError(f"no 64-bit integer holds both {other} and the values, {low} to {high}")
    return wide.type(
        other
    ), wide if wide.itemsize > source.dtype.itemsize or source.dtype.kind == "b" else np.result_type(
        source.dtype, wide
    )
