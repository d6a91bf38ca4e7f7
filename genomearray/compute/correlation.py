"""Pearson's correlation of tracks, base by base."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genomearray._typing import Chroms
from genomearray.compute.blocks import Run, chosen, over_blocks, pieces
from genomearray.reference.intervals import Intervals
from genomearray.source import Source, check_signal, check_together

if TYPE_CHECKING:
    import pandas as pd


# -- several tracks -------------------------------------------------------------------------


def correlation(
    sources: tuple[Source, ...], labels: list[str], chroms: Chroms, threads: int | None, progress: bool
) -> pd.DataFrame:
    """See :func:`genomearray.corr`."""
    import pandas as pd

    for source, label in zip(sources, labels, strict=True):
        check_signal(source, label, "correlation")
    check_together(sources, tuple(labels))
    names = chosen(sources[0], chroms)
    products = over_blocks(_block_products, sources[0], sources, names, Run("correlation", threads, progress))
    matrix = np.eye(len(sources))
    for pair, (i, j) in enumerate(_pairs(len(sources))):
        r = _pearson(np.array([block[pair] for block in products]))
        matrix[i, j] = matrix[j, i] = r
    return pd.DataFrame(matrix, index=labels, columns=labels)


def _pairs(n: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(n) for j in range(i, n)]


def _block_products(sources: tuple[Source, ...], task: Intervals) -> NDArray[np.float64]:
    """For each pair of sources over the bases where both have a value: n, means, and sums of
    products of deviations.
    """
    out = np.zeros((len(_pairs(len(sources))), 6))
    for piece in pieces(task):
        values = [source.read_intervals(piece) for source in sources]
        columns = [value.astype(np.float64) for value in values]
        known = [None if value.dtype.kind != "f" else ~np.isnan(value) for value in values]
        for pair, (i, j) in enumerate(_pairs(len(sources))):
            x, y = columns[i], columns[j]
            masks = [mask for mask in (known[i], known[j]) if mask is not None and not mask.all()]
            if masks:
                both = np.logical_and.reduce(masks)
                x, y = x[both], y[both]
            if x.size:
                with np.errstate(invalid="ignore"):
                    mx, my = x.mean(), y.mean()
                    dx, dy = x - mx, y - my  # multiplied by numpy, not BLAS, whose sums depend on its threads
                    out[pair] = _joined(
                        out[pair],
                        np.array([x.size, mx, my, (dx * dx).sum(), (dy * dy).sum(), (dx * dy).sum()]),
                    )
    return out


def _joined(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two parts as one (Chan, Golub and LeVeque 1983)."""
    if not a[0] or not b[0]:
        return a if a[0] else b
    n = a[0] + b[0]
    dx, dy, weight = b[1] - a[1], b[2] - a[2], a[0] * b[0] / n
    shift = b[0] / n
    return np.array([n, a[1] + dx * shift, a[2] + dy * shift, a[3] + b[3] + dx * dx * weight, a[4] + b[4] + dy * dy * weight, a[5] + b[5] + dx * dy * weight])  # fmt: skip # noqa: E501


def _pearson(parts: NDArray[np.float64]) -> float:
    total = np.zeros(6)
    for part in parts:
        total = _joined(total, part)
    scale = (total[3] * total[4]) ** 0.5
    return float(np.clip(total[5] / scale, -1, 1)) if scale > 0 else float("nan")
