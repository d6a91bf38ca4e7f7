"""Two tracks compared base by base: ratios, differences, means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from genomearray.choices import COMPARE_HOW, CompareHow, Normalization, check
from genomearray.errors import ArgumentError
from genomearray.stacks.reductions import number_of
from genomearray.track.track import Track

_RATIOS = ("log2", "ratio", "reciprocal_ratio")
_PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "subtract": lambda a, b: a - b,
    "add": lambda a, b: a + b,
    "mean": lambda a, b: (a + b) / 2,
}


def compare(
    a: Track,
    b: Track,
    how: CompareHow = "log2",
    *,
    pseudocount: float = 1.0,
    scale: Normalization | None = None,
    missing_as_zero: bool = False,
) -> Track:
    """Two tracks as one, base by base, lazy, float32.

    Parameters
    ----------
    a, b : Track
        Signals of one assembly.
    how : {"log2", "ratio", "subtract", "add", "mean", "reciprocal_ratio"}
        ``log2`` of the ratio; ``reciprocal_ratio`` is the ratio where it is 1 or more, else -1 / ratio.
    pseudocount : float
        Added to both before a ratio is taken.
    scale : {"cpm", "sum", "zscore", "1x"}, optional
        Normalise both first; see :meth:`Track.normalize`.
    missing_as_zero : bool
        Take missing values for 0; else a base where either is missing is missing.

    Returns
    -------
    Track

    Raises
    ------
    ArgumentError, AssemblyError, LayoutError, ValueRangeError

    Notes
    -----
    The numbers are those of ``bigwigCompare -bs 1`` of deepTools, which takes missing values for 0.

    Examples
    --------
    >>> from genomearray import compare
    >>> compare(track, track * 3, "ratio", pseudocount=0).values("chr1", 0, 2)
    array([0.33333334, 0.33333334], dtype=float32)
    """
    check("how", how, COMPARE_HOW)
    added = number_of(pseudocount, "pseudocount")
    if not np.isfinite(added):
        raise ArgumentError(f"pseudocount={pseudocount!r} is not finite")
    sides = [side if scale is None else side.normalize(scale) for side in (a, b)]
    one, other = (side.astype("float64") for side in sides)
    if missing_as_zero:
        one, other = one.fillna(0), other.fillna(0)
    label = f"{how} of {a.label} and {b.label}"
    if how not in _RATIOS:
        return as_float32(_PLAIN[how](one, other), label)
    ratio: Any = (one + added) / (other + added)
    if how == "log2":
        ratio = np.log2(ratio)
    elif how == "reciprocal_ratio":
        below: Any = -1 / ratio
        ratio = ratio.where(~(ratio < 1), 0) + below.where(ratio < 1, 0)
    return as_float32(ratio, label)


def as_float32(track: Any, label: str) -> Track:
    """A track of float32; what lies beyond is its greatest or least number."""
    from genomearray.sources.elementwise import Converted

    return Track(Converted(track.source, np.float32, label, overflow="saturate", label=label))
