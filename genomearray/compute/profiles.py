"""Profiles: matrices of windows around a point of regions, or of scaled regions and what lies beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.compute.windows import Options, labelled_windows, scaled, windows
from genomearray.errors import RegionError
from genomearray.reference.region import integer
from genomearray.reference.region_table import Regions, RegionTable, read_regions
from genomearray.source import Source
from genomearray.text_table import MOST

if TYPE_CHECKING:
    import xarray as xr


class Sides(NamedTuple):
    """bp before and after the body, and of a bin that is not scaled."""

    before: int
    after: int
    bin_size: int


def sides(flank: object, bin_size: object, before: object = None, after: object = None) -> Sides:
    """What lies beside the body, checked; ``before`` and ``after`` instead of a ``flank`` on both sides."""
    size = integer(bin_size, "bin_size")
    given = {
        "before": integer(flank if before is None else before, "before" if before is not None else "flank"),
        "after": integer(flank if after is None else after, "after" if after is not None else "flank"),
    }
    for name, bp in given.items():
        if not 0 <= bp < MOST or size < 1 or bp % size:
            what = "flank" if before is None and after is None else name
            raise RegionError(
                f"{what}={bp} and bin_size={size}: the {what} is a whole number of bins, each of 1 bp or more"
            )
    return Sides(given["before"], given["after"], size)


def profile(
    source: Source, regions: Regions, options: Options, beside: Sides, *, around: bool = False
) -> xr.Dataset:
    """See :meth:`genomearray.Track.profile`; ``around``: the sides are those of a point, and there is no
    body.
    """
    import xarray as xr

    size = beside.bin_size
    if around:
        options = options._replace(around=(beside.before, beside.after), bins=None)
        n_bins = (beside.before + beside.after) // size
        origin, beside = beside.before, Sides(0, 0, size)
        if not n_bins:
            raise RegionError("before=0 and after=0: a window holds one bin at least")
    else:
        n_bins, origin = _bins_of_body(options, size), None
    options = options._replace(bins=n_bins)
    asked = read_regions(regions, source)
    (body,), table = windows([source], asked, options)
    options = options.checked(source)
    matrix = _with_flanks(source, body, table, options, beside)
    before, after = beside.before // size, beside.after // size
    where = np.arange(-before, n_bins + after)
    array = labelled_windows(
        matrix, table, ("window", "offset"), {"assembly": source.assembly, "how": options.how}, None
    )
    coords: dict[str, Any] = {
        "part": ("offset", np.where(where < 0, "upstream", np.where(where < n_bins, "body", "downstream")))
    }
    if origin is not None:
        coords["distance"] = ("offset", where * size - origin)
    elif options.width is not None:
        width = integer(options.width, "width")
        inside = np.clip(where, 0, n_bins) * width / n_bins
        coords["distance"] = (
            "offset",
            inside + np.minimum(where, 0) * size + np.maximum(where - n_bins, 0) * size - width // 2,
        )
    with np.errstate(invalid="ignore", divide="ignore"):  # a bin without a value has no mean
        valid = ~np.isnan(matrix)
        n = valid.sum(axis=0)
        mean = np.where(valid, matrix, 0).sum(axis=0) / n
        std = np.sqrt(np.where(valid, (matrix - mean) ** 2, 0).sum(axis=0) / n)
    results = {
        "matrix": array.assign_coords(offset=where),
        "mean": ("offset", mean),
        "std": ("offset", std),
        "n": ("offset", n),
    }
    coords["region_start"], coords["region_end"] = ("window", asked.start), ("window", asked.end)
    if table.label is not None:
        coords["name"] = ("window", np.asarray(table.label, dtype=object))
    attrs = {"assembly": source.assembly, "how": options.how, **_described(options, beside, origin, n_bins)}
    return xr.Dataset(results, coords, attrs)


def _described(options: Options, beside: Sides, origin: int | None, n_bins: int) -> dict[str, Any]:
    """How a matrix is laid out: bp before and after the reference, or beside a body of scaled bins."""
    laid = {"reference": options.reference, "bin_size": beside.bin_size}
    if origin is not None:
        return laid | {"before": origin, "after": n_bins * beside.bin_size - origin, "body_bins": 0}
    if options.width is not None and n_bins * beside.bin_size == options.width:
        middle = options.width // 2
        sides = {"before": beside.before + middle, "after": beside.after + options.width - middle}
        return laid | sides | {"body_bins": 0}
    return laid | {"before": beside.before, "after": beside.after, "body_bins": n_bins}


def _bins_of_body(options: Options, size: int) -> int:
    """How many bins the body has: regions scaled to so many, or windows of a width."""
    n_bins = options.bins
    if options.width is not None and n_bins is None:
        n_bins, rest = divmod(integer(options.width, "width"), size)
        if rest or not n_bins:
            raise RegionError(
                f"width={options.width} and bin_size={size}: the width is a whole number of bins"
            )
    if n_bins is None:
        raise RegionError(
            "give width=, or before= and after=, for windows around a point of the regions, or bins= to "
            "scale them"
        )
    return integer(n_bins, "number of bins")


def _with_flanks(
    source: Source, body: NDArray[Any], table: RegionTable, options: Options, beside: Sides
) -> NDArray[Any]:
    """The matrix of the regions with that of the bp on both sides."""
    parts = []
    for side, bp in ((-1, beside.before), (1, beside.after)):
        if bp:
            flanks = _beside(table, bp, side, strand_aware=options.strand_aware)
            if options.bounds == "raise":
                flanks = flanks.inside(source, pad=False)
            parts.append(scaled(source, flanks, bp // beside.bin_size, options))
        else:
            parts.append(body[:, :0])
    return np.concatenate([parts[0], body, parts[1]], axis=1)


def _beside(table: RegionTable, flank: int, side: int, *, strand_aware: bool) -> RegionTable:
    """The ``flank`` bp upstream (side -1) or downstream (side 1) of each region."""
    left = (np.where(table.strand < 0, -side, side) if strand_aware else np.full(len(table), side)) < 0
    start = np.where(left, table.start - flank, table.end)
    return replace(table, start=start, end=start + flank)
