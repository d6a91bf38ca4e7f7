"""Tracks as arrays of numpy."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Unpack

import numpy as np

from genomearray.compute.blocks import chroms_named
from genomearray.errors import FormatError, RegionError
from genomearray.reference.assembly import Chromosome
from genomearray.reference.region import parse_region
from genomearray.storage.layout import BLOCK
from genomearray.track.track import Track

from .exporting.files import new_file
from .exporting.options import ExportOptions, ExportSettings, Out
from .exporting.report import ExportReport
from .exporting.runs import numbers


def export_npy(
    track: Track,
    out: Out,
    **options: Unpack[ExportSettings],
) -> ExportReport:
    """Write a region, or chromosomes, as ``.npy`` files that ``numpy.load`` opens.

    Parameters
    ----------
    track : Track
    out : path
        With a region or one chromosome, a file; else a folder, for a file ``<chromosome>.npy`` each.
    **options
        Those of :class:`genomearray_converters.exporting.options.ExportOptions`.

    Returns
    -------
    ExportReport
        As a number: bases.

    Raises
    ------
    FormatError, RegionError, UnknownChromosomeError

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from genomearray_converters import export_npy
    >>> print(export_npy(db["counts"], Path(tmp, "a.npy"), region="chr1:1-3"))
    3 bases
    >>> np.load(Path(tmp, "a.npy"))
    array([1, 2, 3], dtype=uint16)
    """
    asked = ExportOptions.of(options)
    source = track.source
    if asked.region is not None:
        if asked.chroms is not None:
            raise RegionError("give a region or chromosomes, not both")
        place = parse_region(asked.region, source.length, source.has)
        return ExportReport(
            _write_array(track, Path(out), place.chrom, place.start, place.end, asked.overwrite), "bases"
        )
    if isinstance(asked.chroms, (str, Chromosome)):
        chrom = str(asked.chroms)
        return ExportReport(
            _write_array(track, Path(out), chrom, 0, source.length(chrom), asked.overwrite), "bases"
        )
    names = source.names if asked.chroms is None else chroms_named(asked.chroms)
    folder = Path(out)
    if folder.suffix == ".npy" and not folder.is_dir():
        raise FormatError(
            f"{out} would be one array, and these are {len(names)} chromosomes; name a region, a "
            "chromosome, or a folder"
        )
    if folder.is_file():
        raise FormatError(f"{out} is a file; several chromosomes need a folder, for a file each")
    bad = [name for name in names if os.sep in name or name.startswith(".")]
    if bad:
        raise FormatError(
            f"chromosome {bad[0]!r} cannot name a file",
            hint=f"export it alone with {{chroms={bad[0]}|--chrom {bad[0]}}}",
        )
    existed = folder.is_dir()
    folder.mkdir(exist_ok=True)
    try:
        return ExportReport(_write_arrays(track, folder, names, asked.overwrite), "bases")
    except BaseException:
        if not existed:
            with suppress(OSError):
                folder.rmdir()
        raise


def _write_arrays(track: Track, folder: Path, names: tuple[str, ...], overwrite: bool) -> int:
    return sum(
        _write_array(track, folder / f"{name}.npy", name, 0, track.length(name), overwrite) for name in names
    )


def _write_array(track: Track, path: Path, chrom: str, start: int, end: int, overwrite: bool) -> int:
    """Block by block: a chromosome is never held whole."""
    dtype = np.dtype(np.uint8) if track.dtype.kind == "b" else track.dtype
    with new_file(path, overwrite=overwrite) as part, part.open("wb") as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(dtype),
            "fortran_order": False,
            "shape": (end - start,),
        }
        np.lib.format.write_array_header_1_0(file, header)
        for low in range(start, end, BLOCK):
            file.write(numbers(track.values(chrom, low, min(low + BLOCK, end))).tobytes())
    return end - start
