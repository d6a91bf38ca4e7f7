"""D4, dense depth: the format of d4tools and of mosdepth --d4."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError, nearest_names
from genomearray.storage.write.cast import NeedsWiderDtype

from .importing.d4_container import D4Container
from .importing.d4_values import D4Track
from .importing.options import Files, ImportSettings
from .importing.pipeline import ImportJob, run_import
from .importing.report import ImportReport

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB
    from genomearray.reference.assembly import Chromosome

_PIECE = 1 << 22  # bases read together


def import_d4(
    db: GenomeDB, track: str, files: Files, *, name: str | None = None, **options: Unpack[ImportSettings]
) -> ImportReport:
    """Import D4 files as one track.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    files : path or iterable of path
        Where files have a chromosome in common, the last one wins.
    name : str, optional
        Of the track, in files that hold several.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`. The default dtype is int32, and
        float32 where a file divides its values by a denominator.

    Returns
    -------
    ImportReport

    Raises
    ------
    FormatError
        Another kind of file; a damaged one; several tracks and no name; a chromosome of another length.

    Notes
    -----
    A D4 file has a value for each base of its chromosomes, and none is missing
    (Hou et al. 2021, doi:10.1038/s43588-021-00085-0).

    Examples
    --------
    >>> from genomearray_converters import import_d4
    >>> import_d4(db, "depth", "missing.d4")
    Traceback (most recent call last):
    genomearray.errors.FormatError: missing.d4 is not there; check the path
    """
    chosen = options.get("dtype")

    def work(job: ImportJob[ImportReport], paths: list[str]) -> None:
        for path in paths:
            with D4Container(path) as file:
                found = _track(file, name)
                if found.denominator is not None and chosen is None and job.writer.dtype.kind == "i":
                    raise NeedsWiderDtype(np.dtype(np.float32), 1 / found.denominator)
                _read(job, path, found)
            job.progress(Path(path).stat().st_size)

    return run_import(db, track, files, {"dtype": "int32", **options}, work, ImportReport)


def _track(file: D4Container, name: str | None) -> D4Track:
    """The track that is meant."""
    known = file.tracks()
    if name is None:
        if len(known) > 1:
            raise FormatError(
                f"{file.path} holds {len(known)} tracks: {', '.join(known)}",
                hint="say which one with {name=}",
            )
        name = next(iter(known))
    if name not in known:
        names = [inner for inner in known if inner]
        near = nearest_names(name, names)
        has = ", ".join(near or names)
        raise FormatError(
            f"{file.path} has no track {name!r}"
            + (f"; {'nearest names' if near else 'it has'}: {has}" if names else ", only one without a name")
        )
    return D4Track(file, known[name])


def _read(job: ImportJob[ImportReport], path: str, track: D4Track) -> None:
    for name, length in track.lengths.items():
        chrom = job.names.find(name, length, path)
        if chrom is not None and job.same_length(path, name, length, chrom):
            _copy(job, track, name, chrom)


def _copy(job: ImportJob[ImportReport], track: D4Track, name: str, chrom: Chromosome) -> None:
    job.report.rows += chrom.length
    if not chrom.length:
        return
    if track.is_plain(name):
        ends = np.array([chrom.length])
        job.writer.write_intervals(chrom, ends - ends, ends, _divided(np.array([track.default]), track))
        return
    for low in range(0, chrom.length, _PIECE):
        values = track.read(name, low, min(low + _PIECE, chrom.length))
        job.writer.write(chrom, low, _divided(values, track))


def _divided(values: NDArray[Any], track: D4Track) -> NDArray[Any]:
    return values if track.denominator is None else values / track.denominator
