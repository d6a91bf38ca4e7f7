"""Tracks as stores outside of a database: HDF5 or Zarr, whole or a part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from genomearray.choices import STORES, check
from genomearray.database.save import copy_track
from genomearray.errors import FormatError
from genomearray.reference.assembly import Assembly
from genomearray.track.track import Track

from .exporting.files import refuse_target
from .exporting.options import Out
from .exporting.runs import stretches, wanted


def export_store(
    track: Track,
    out: Out,
    store: Any = "h5",
    *,
    region: str | None = None,
    chroms: Any = None,
    overwrite: bool = False,
    threads: int | None = None,
    progress: bool = False,
) -> int:
    """Write a track as one HDF5 file or Zarr store outside of a database; ``open_track(out)`` opens it.

    Parameters
    ----------
    track : Track
    out : path
        Ends in ``.h5`` or ``.zarr``, as ``store`` says.
    store : {"h5", "zarr"}
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

    Notes
    -----
    With ``region`` or ``chroms`` all chromosomes are there, and hold nothing outside of these.

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray import open_track
    >>> from genomearray_converters import export_store
    >>> export_store(db["counts"], Path(tmp, "a.zarr"), "zarr")
    1860
    >>> open_track(Path(tmp, "a.zarr")).sum() == db["counts"].sum()
    True
    """
    check("store", store, STORES)
    path = Path(out).absolute()
    if path.suffix != f".{store}":
        raise FormatError(f"{out} does not end in .{store}, by which a {store} store is known; name it {path.stem}.{store}")
    refuse_target(Path(out), overwrite, folder=True)
    source = track.source
    asked = 0
    if region is not None or chroms is not None:
        told = track.attributes.get("source", "")
        tasks = wanted(source, region, chroms)
        asked = sum(int((task.end - task.start).sum()) for task in tasks)
        track = track.where([part for task in tasks for part in stretches(task)])
        track.source.text = str(told)  # type: ignore[attr-defined]
    sizes = zip(source.names, source.lengths_of(source.names).tolist(), strict=True)
    assembly = Assembly.from_sizes(track.assembly, sizes)
    lock = path.parent / ".lock"
    locked = lock.exists()
    try:
        report = copy_track(path.parent, assembly, path.stem, track, store=store, overwrite=overwrite, alone=True, threads=threads, progress=progress)
    finally:
        if not locked:  # a folder that is no database keeps nothing
            lock.unlink(missing_ok=True)
    return asked or report.bases
