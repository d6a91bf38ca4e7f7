"""Tracks as arrays of numpy."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from genomearray.errors import FormatError, RegionError
from genomearray.reference.region import parse_region
from genomearray.storage.layout import BLOCK
from genomearray.track.track import Track

from .exporting.files import new_file
from .exporting.options import Out
from .exporting.runs import numbers


def export_npy(
    track: Track,
    out: Out,
    *,
    region: str | None = None,
    chroms: Any = None,
    overwrite: bool = False,
    threads: int | None = None,
    progress: bool = False,
) -> int:
    """Write a region, or chromosomes, as ``.npy`` files that ``numpy.load`` opens.

    Parameters
    ----------
    track : Track
    out : path
        With a region or one chromosome, a file; else a folder, for a file ``<chromosome>.npy`` each.
    region : str, optional
        ``chr1:1,000-2,000``: positions, both ends included. Default: everything.
    chroms : str or iterable of str, optional
        Some chromosomes.
    overwrite : bool
        Replace a file of that name.
    threads : int, optional
        Default: one a core, or the dask cluster of the session.
    progress : bool
        Show a bar on a terminal.

    Returns
    -------
    int
        Bases.

    Raises
    ------
    FormatError, RegionError, UnknownChromosomeError

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from genomearray_converters import export_npy
    >>> export_npy(db["counts"], Path(tmp, "a.npy"), region="chr1:1-3")
    3
    >>> np.load(Path(tmp, "a.npy"))
    array([1, 2, 3], dtype=uint16)
    """
    source = track.source
    if region is not None:
        if chroms is not None:
            raise RegionError("give a region or chromosomes, not both")
        found = parse_region(region, source.length, source.has)
        return _write_array(track, Path(out), found.chrom, found.start, found.end, overwrite)
    if isinstance(chroms, str):
        return _write_array(track, Path(out), chroms, 0, source.length(chroms), overwrite)
    names = source.names if chroms is None else tuple(str(chrom) for chrom in chroms)
    folder = Path(out)
    if folder.suffix == ".npy" and not folder.is_dir():
        raise FormatError(f"{out} would be one array, and these are {len(names)} chromosomes; name a region, a chromosome, or a folder")
    if folder.is_file():
        raise FormatError(f"{out} is a file; several chromosomes need a folder, for a file each")
    bad = [name for name in names if os.sep in name or name.startswith(".")]
    if bad:
        raise FormatError(f"chromosome {bad[0]!r} cannot name a file", hint=f"export it alone with {{chroms={bad[0]}|--chrom {bad[0]}}}")
    there = folder.is_dir()
    folder.mkdir(exist_ok=True)
    try:
        return _write_arrays(track, folder, names, overwrite)
    except BaseException:
        if not there:
            with suppress(OSError):
                folder.rmdir()
        raise


def _write_arrays(track: Track, folder: Path, names: tuple[str, ...], overwrite: bool) -> int:
    return sum(_write_array(track, folder / f"{name}.npy", name, 0, track.length(name), overwrite) for name in names)


def _write_array(track: Track, path: Path, chrom: str, start: int, end: int, overwrite: bool) -> int:
    """Block by block: a chromosome is never held whole."""
    dtype = np.dtype(np.uint8) if track.dtype.kind == "b" else track.dtype
    with new_file(path, overwrite=overwrite) as part, part.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (end - start,)}
        np.lib.format.write_array_header_1_0(file, header)
        for low in range(start, end, BLOCK):
            file.write(numbers(track.values(chrom, low, min(low + BLOCK, end))).tobytes())
    return end - start
