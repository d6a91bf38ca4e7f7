"""Random tracks: what was written, and what a dictionary of arrays says must be there."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from genomearray import Assembly
from genomearray.storage.layout import DTYPES

# Own variables, a packed one (a name that cannot be a variable), a chromosome of one base.
SIZES = {"chr1": 40_000, "chr2": 4_097, "chrX": 300, "a/b": 5_000, "pos_1": 1, "one": 1}
ASSEMBLY = Assembly.from_sizes("toy", SIZES.items())

dtypes = st.sampled_from(DTYPES)
stores = st.sampled_from(["h5", "zarr"])
chunks = st.sampled_from([64, 1024, 16384])


def empty(dtype: str) -> dict[str, np.ndarray]:
    """Arrays of nothing but the fill value."""
    fill = np.nan if np.dtype(dtype).kind == "f" else 0
    return {name: np.full(length, fill, dtype=dtype) for name, length in SIZES.items()}


def numbers(dtype: str, size: int, seed: int) -> np.ndarray:
    """Random values over the whole range of a dtype; NaN among floats."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        values = rng.normal(0, 1e3, size).astype(kind)
        values[rng.random(size) < 0.2] = np.nan
        return values
    info = np.iinfo(kind)
    return rng.integers(info.min, info.max, size, dtype=kind, endpoint=True)


@st.composite
def writes(draw: st.DrawFn) -> list[tuple[str, int, int, int, bool]]:
    """Writes (chromosome, start, size, seed, as intervals) in any order, overlapping."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        name = draw(st.sampled_from(sorted(SIZES)))
        start = draw(st.integers(0, SIZES[name] - 1))
        size = draw(st.integers(1, min(SIZES[name] - start, 9_000)))
        found.append((name, start, size, draw(st.integers(0, 99)), draw(st.booleans())))
    return found
