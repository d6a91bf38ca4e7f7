"""Tracks as stores outside of a database: HDF5 or Zarr, whole or a part."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from genomearray.choices import STORES, Store, check
from genomearray.database.save import copy_track
from genomearray.errors import FormatError
from genomearray.reference.assembly import Assembly
from genomearray.storage.write.options import TrackSettings
from genomearray.track.track import Track

from .exporting.files import refuse_target
from .exporting.options import ExportOptions, ExportSettings, Out
from .exporting.report import ExportReport
from .exporting.runs import stretches, wanted


def export_store(
    track: Track,
    out: Out,
    store: Store = "h5",
    **options: Unpack[ExportSettings],
) -> ExportReport:
    """Write a track as one HDF5 file or Zarr store outside of a database; ``open_track(out)`` opens it.

    Parameters
    ----------
    track : Track
    out : path
        Ends in ``.h5`` or ``.zarr``, as ``store`` says.
    store : {"h5", "zarr"}
    **options
        Those of :class:`genomearray_converters.exporting.options.ExportOptions`.

    Returns
    -------
    ExportReport
        As a number: bases.

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
    >>> print(export_store(db["counts"], Path(tmp, "a.zarr"), "zarr"))
    1,860 bases
    >>> open_track(Path(tmp, "a.zarr")).sum() == db["counts"].sum()
    True
    """
    asked = ExportOptions.of(options)
    check("store", store, STORES)
    path = Path(out).absolute()
    if path.suffix != f".{store}":
        raise FormatError(
            f"{out} does not end in .{store}, by which a {store} store is known; name it {path.stem}.{store}"
        )
    refuse_target(Path(out), asked.overwrite, folder=True)
    source = track.source
    bases = 0
    settings: TrackSettings = {"store": store, "overwrite": asked.overwrite, "threads": asked.threads}
    settings["source"] = str(track.attributes.get("source", ""))  # also of a part
    if asked.region is not None or asked.chroms is not None:
        tasks = wanted(source, asked)
        bases = sum(int((task.end - task.start).sum()) for task in tasks)
        track = track.where([part for task in tasks for part in stretches(task)])
    sizes = zip(source.names, source.lengths_of(source.names).tolist(), strict=True)
    assembly = Assembly.from_sizes(track.assembly, sizes)
    lock = path.parent / ".lock"
    locked = lock.exists()
    try:
        report = copy_track(
            path.parent, assembly, path.stem, track, progress=asked.progress, alone=True, **settings
        )
    finally:
        if not locked:  # a folder that is not a database keeps nothing
            lock.unlink(missing_ok=True)
    return ExportReport(bases or report.bases, "bases")
