"""Matrices of profiles as the files of deepTools, which plotHeatmap and plotProfile open.

References
----------
Ramirez et al. 2016, doi:10.1093/nar/gkw257; the file is that of ``computeMatrix`` of deepTools 3.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError, LayoutError

from .exporting.files import text_output
from .exporting.options import Out
from .exporting.report import ExportReport

if TYPE_CHECKING:
    import xarray as xr

_POINTS = {"start": "TSS", "end": "TES", "middle": "center"}
_ROWS = 256  # written together


def export_matrix(profile: xr.Dataset, out: Out, *, overwrite: bool = False) -> ExportReport:
    """Write a profile of a stack as a matrix file of deepTools, gzip.

    Parameters
    ----------
    profile : Dataset
        As :meth:`genomearray.Stack.profile` gives it: ``matrix`` (track, window, offset).
    out : path, or "-" for standard output
        Compressed when it ends in ``.gz``, which plotHeatmap expects.
    overwrite : bool

    Returns
    -------
    ExportReport
        As a number: regions.

    Raises
    ------
    FormatError, LayoutError

    Notes
    -----
    The numbers have all their digits, where computeMatrix writes six after the point.

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import export_matrix
    >>> made = db.stack("counts").profile({"up": ["chr1:101-200"]}, before=20, after=20, bin_size=10)
    >>> print(export_matrix(made, Path(tmp, "m.gz")))
    1 regions
    """
    if "matrix" not in profile or profile["matrix"].dims != ("track", "window", "offset"):
        raise LayoutError("this is no profile of a stack: it has no matrix (track, window, offset)")
    matrix = profile["matrix"]
    groups = profile["group"].values
    labels = list(dict.fromkeys(groups.tolist()))
    borders = np.flatnonzero(np.append(True, groups[1:] != groups[:-1])) if groups.size else np.zeros(0, int)
    if borders.size > len(labels):
        raise FormatError("the windows of a group do not follow each other; sort the profile by group")
    names, n, width = matrix["track"].values.tolist(), matrix.sizes["window"], matrix.sizes["offset"]
    header = _header(profile.attrs, names, labels, [*borders.tolist(), n], width)
    with text_output(out, overwrite=overwrite) as file:
        file.write(f"@{json.dumps(header, separators=(',', ':'))}\n".encode())
        for low in range(0, n, _ROWS):
            some = slice(low, min(low + _ROWS, n))
            values = np.concatenate([matrix.values[k, some] for k in range(len(names))], axis=1)
            file.writelines(_lines(profile, some, values))
    return ExportReport(n, "regions", ())


def _header(
    attrs: dict[str, Any], names: list[str], groups: list[str], borders: list[int], width: int
) -> dict[str, Any]:
    """What plotHeatmap must know; one value a track where it may differ between them."""

    def each(value: Any) -> list[Any]:
        return [value] * len(names)

    size, body = int(attrs["bin_size"]), int(attrs["body_bins"])
    return {
        "upstream": each(int(attrs["before"])),
        "downstream": each(int(attrs["after"])),
        "body": each(body * size),
        "bin size": each(size),
        "ref point": each(None if body else _POINTS[str(attrs["reference"])]),
        "unscaled 5 prime": each(0),
        "unscaled 3 prime": each(0),
        "bin avg type": str(attrs["how"]).partition(":")[0],
        "missing data as zero": False,
        "min threshold": None,
        "max threshold": None,
        "scale": 1,
        "skip zeros": False,
        "nan after end": False,
        "proc number": 1,
        "verbose": False,
        "sort regions": "keep",
        "sort using": "mean",
        "group_labels": groups,
        "group_boundaries": borders,
        "sample_labels": names,
        "sample_boundaries": [k * width for k in range(len(names) + 1)],
    }


def _lines(profile: xr.Dataset, some: slice, values: NDArray[Any]) -> list[bytes]:
    columns = [
        profile[key].values[some].tolist() for key in ("chrom", "region_start", "region_end", "strand")
    ]
    names = profile["name"].values[some].tolist() if "name" in profile.coords else [None] * len(columns[0])
    lines = []
    for chrom, start, end, strand, name, row in zip(*columns, names, values.tolist(), strict=True):
        label = name or f"{chrom}:{start}-{end}"
        numbers = "\t".join("nan" if value != value else repr(value) for value in row)
        lines.append(f"{chrom}\t{start}\t{end}\t{label}\t.\t{strand}\t{numbers}\n".encode())
    return lines
