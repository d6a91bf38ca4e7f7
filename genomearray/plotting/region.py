"""Drawing a region of a track."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from genomearray.choices import SIGNAL
from genomearray.compute.region_statistics import binned
from genomearray.errors import LayoutError, RegionError
from genomearray.reference.region import integer, parse_region
from genomearray.source import Source

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot(source: Source, name: str, region: str, bins: int, ax: Axes | None) -> Axes:
    """See :meth:`genomearray.Track.plot`."""
    if source.kind != SIGNAL:
        raise LayoutError("the track holds a sequence, which cannot be drawn; plots are for signals")
    most = integer(bins, "number of bins")
    if most < 1:
        raise RegionError(f"bins={most}: at least one is drawn")
    place = parse_region(region, source.length, source.has)
    if ax is None:
        ax = _new_axes()
    length = place.end - place.start
    if length <= most:
        ax.step(
            np.arange(place.start + 1, place.end + 1),
            source.read(place.chrom, place.start, place.end),
            where="mid",
        )
    else:
        borders = place.start + np.arange(most + 1) * length // most
        summaries = binned(source, place.chrom, borders)
        middles = (borders[:-1] + borders[1:] + 1) / 2
        ax.fill_between(
            middles,
            summaries["min"],
            summaries["max"],
            step="mid",
            color="C0",
            alpha=0.4,
            linewidth=0.5,
            label="minimum to maximum",
        )
        ax.step(
            middles, summaries["mean"], where="mid", linewidth=1, label=f"mean of {length / most:,.0f} bp"
        )
        ax.legend(loc="upper right", frameon=False)
    if np.isnan(ax.lines[-1].get_ydata()).all():
        ax.text(0.5, 0.5, "no data", transform=ax.transAxes, ha="center", va="center")
    ax.set_xlim(place.start + 0.5, place.end + 0.5)
    ax.set_xlabel(f"{place.chrom}, position")
    ax.set_ylabel(name or "value")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return ax


def _new_axes() -> Axes:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "plots need matplotlib; install it with: pip install 'genomearray[plot]'"
        ) from error
    axes: Axes
    _, axes = plt.subplots(figsize=(10, 3), layout="constrained")
    return axes
