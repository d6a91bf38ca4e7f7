"""Values of one assembly on another one, gathered through the segments of a chain."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import ValueRangeError
from genomearray.reference.assembly import Assembly
from genomearray.reference.dna import complement_codes
from genomearray.reference.intervals import Intervals
from genomearray.source import Source, is_sequence
from genomearray.sources.computed import OnAssembly, least_integer


class Layer(NamedTuple):
    """Disjoint segments of a target chromosome in order: [start, end), and where each comes from."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    source: NDArray[np.int64]  # index of the source chromosome
    at: NDArray[np.int64]  # offset there; of the first base on the target
    strand: NDArray[np.int8]


class Lifted(OnAssembly):
    """Values of the target assembly, gathered from the source."""

    def __init__(
        self,
        plus: Source,
        minus: Source,
        names: tuple[str, ...],
        target: Assembly,
        layers: dict[str, list[Layer]],
        collisions: str,
        text: str,
    ) -> None:
        dtype = plus.dtype
        depth = max((len(layer) for layer in layers.values()), default=1)
        if collisions == "sum" and dtype.kind in "iub":
            low, high = plus.limits
            wide = least_integer(min(low * depth, low), high * depth)
            if wide is None:
                raise ValueRangeError(
                    "sums of 64-bit integers may not fit 64 bits; lift over floats: track.astype('float64')"
                )
            dtype = wide
        elif collisions == "mean" and dtype.kind in "iub":
            dtype = np.dtype(np.float64)
        super().__init__(target, dtype, text, plus.kind)
        self.parts = (plus, minus)
        self._names = names
        self._layers = layers
        self._collisions = collisions

    # -- values -------------------------------------------------------------------------------

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.sources.computed.ComputedSource`."""
        layers = [layer for layer in self._layers.get(chrom, []) if _reaches(layer, start, end)]
        missing = self.missing_value()
        if len(layers) <= 1 or self._collisions not in ("sum", "mean"):
            out = np.full(end - start, missing, self.dtype)
            for layer in layers:
                self._pull(layer, start, end, out, threads)
            return out
        return self._together(layers, start, end, missing, threads)

    def _together(
        self, layers: list[Layer], start: int, end: int, missing: Any, threads: bool
    ) -> NDArray[Any]:
        """Sums, or means, of what several layers bring; missing values are skipped."""
        total = np.zeros(end - start, np.float64 if self.dtype.kind == "f" else self.dtype)
        count = np.zeros(end - start, np.int64)
        for layer in layers:
            values = np.full(end - start, self.parts[0].missing_value(), self.parts[0].dtype)
            self._pull(layer, start, end, values, threads)
            reached = _inside(layer, start, end)
            if values.dtype.kind == "f":
                reached &= ~np.isnan(values)
            total[reached] += values[reached].astype(total.dtype)
            count += reached
        if self._collisions == "mean":
            with np.errstate(invalid="ignore"):
                total = total / np.maximum(count, 1)
        total[count == 0] = missing
        return total.astype(self.dtype, copy=False)

    def _pull(self, layer: Layer, start: int, end: int, out: NDArray[Any], threads: bool) -> None:
        """Put the segments of [start, end) of a layer into ``out``."""
        rows = segments(layer, start, end)
        low, high = np.maximum(layer.start[rows], start), np.minimum(layer.end[rows], end)
        strand = layer.strand[rows]
        size = high - low
        cut = low - layer.start[rows]
        at = np.where(strand > 0, layer.at[rows] + cut, layer.at[rows] - cut - size + 1)
        codes, names = np.unique(layer.source[rows], return_inverse=True)
        known = tuple(self._names[code] for code in codes.tolist())
        for sign, source in ((1, self.parts[0]), (-1, self.parts[1])):
            here = np.flatnonzero(strand == sign)
            if here.size:
                dest = low[here] - start if sign > 0 else high[here] - start - 1
                intervals = Intervals(known, names[here].astype(np.int64), at[here], (at + size)[here])
                place = out if source.dtype == out.dtype else np.empty(out.size, source.dtype)
                source.gather(intervals, place, dest, np.full(here.size, sign), threads)
                for begin, stop in zip(
                    (low[here] - start).tolist(), (high[here] - start).tolist(), strict=True
                ):
                    if place is not out:
                        out[begin:stop] = place[begin:stop]
                    if sign < 0 and is_sequence(self):
                        out[begin:stop] = complement_codes()[out[begin:stop]]


def _inside(layer: Layer, start: int, end: int) -> NDArray[np.bool_]:
    """Which bases of [start, end) lie in a segment."""
    rows = segments(layer, start, end)
    inside = np.zeros(end - start, np.bool_)
    for low, high in zip(layer.start[rows].tolist(), layer.end[rows].tolist(), strict=True):
        inside[max(low, start) - start : min(high, end) - start] = True
    return inside


def segments(layer: Layer, start: int, end: int) -> slice:
    """Rows of the segments that overlap [start, end)."""
    return slice(int(np.searchsorted(layer.end, start, side="right")), int(np.searchsorted(layer.start, end)))


def _reaches(layer: Layer, start: int, end: int) -> bool:
    rows = segments(layer, start, end)
    return bool(rows.start < rows.stop)
