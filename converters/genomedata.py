"""Genomedata archives (HDF5, format versions 0 and 1): a file, or a folder with a file for each chromosome.

References
----------
Hoffman, Buske and Noble (2010), doi:10.1093/bioinformatics/btq164: groups for chromosomes, in them
supercontigs with the datasets ``continuous`` (bases, tracks) of float32, NaN where there is
nothing, and ``seq`` (ASCII codes). Offsets are 0-based, half-open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import h5py
import numpy as np

from genomearray.choices import SEQUENCE, SIGNAL
from genomearray.errors import FormatError, GenomeArrayError, nearest_names

from .importing.options import ImportSettings
from .importing.pipeline import ImportJob, Target, run_import
from .importing.report import ImportReport

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB
    from genomearray.reference.assembly import Chromosome

_PIECE = 260_000  # bases; chunks of an archive have 10,000
_ENDING = ".genomedata"


def _files(archive: Path) -> list[Path]:
    if not archive.is_dir():
        return [archive]
    files = sorted(archive.glob(f"*{_ENDING}"))
    if not files:
        raise FormatError(f"{archive} holds no file *{_ENDING}; is it a Genomedata archive?")
    return files


def _open(path: Path) -> h5py.File:
    try:
        file = h5py.File(path, "r")
    except (OSError, RuntimeError) as error:
        raise FormatError(
            f"{path} cannot be opened as a Genomedata archive: {error}; is it cut, or another kind of file?"
        ) from error
    if "genomedata_format_version" not in file.attrs:
        file.close()
        raise FormatError(
            f"{path} is not a Genomedata archive: it has no attribute genomedata_format_version"
        )
    return file


def _names(file: h5py.File) -> list[str]:
    names = np.atleast_1d(file.attrs.get("tracknames", np.empty(0, "S1")))
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names.tolist()]


def _column(file: h5py.File, archive: Path, name: str | None) -> int:
    """Which track of a file is meant: each file of a folder has its own order."""
    known = _names(file)
    if not known:
        raise FormatError(f"{archive} holds no tracks, only the sequence", hint="{sequence} imports it")
    if name is None:
        if len(known) > 1:
            raise FormatError(
                f"{archive} holds {len(known)} tracks: {', '.join(known)}", hint="say which one with {name=}"
            )
        return 0
    if name not in known:
        near = nearest_names(name, known)
        raise FormatError(
            f"{archive} has no track {name!r}; {'nearest names' if near else 'it has'}: "
            f"{', '.join(near or known)}"
        )
    return known.index(name)


def _supercontigs(path: Path, chrom: str, group: h5py.Group) -> Iterator[tuple[int, int, h5py.Group]]:
    """Start, end and group of each, by start."""
    contigs = [
        group[name]
        for name in group
        if name.startswith("supercontig_") and isinstance(group[name], h5py.Group)
    ]
    if not contigs:
        raise FormatError(
            f"{path}: chromosome {chrom!r} has no supercontig; the archive was not finished, or is damaged"
        )
    for contig in sorted(contigs, key=lambda contig: int(contig.attrs["start"])):
        yield int(contig.attrs["start"]), int(contig.attrs["end"]), contig


def _read_chromosome(
    job: ImportJob[ImportReport], path: Path, group: h5py.Group, chrom: Chromosome, column: int | None
) -> None:
    dataset_name = "seq" if column is None else "continuous"
    for start, end, contig in _supercontigs(path, chrom.name, group):
        if end > chrom.length:
            job.past_the_end(str(path), f"the end of {contig.name}, {end},", chrom)
            return
        if dataset_name not in contig:
            raise FormatError(
                f"{path}: {contig.name} has no {dataset_name!r}; the archive was not finished, or is damaged"
            )
        dataset = contig[dataset_name]
        shape = (end - start,) if column is None else (end - start, len(_names(contig.file)))
        if dataset.shape != shape:
            raise FormatError(
                f"{path}: {dataset.name} has the shape {dataset.shape}, and its supercontig [{start}, {end})"
            )
        for low in range(0, end - start, _PIECE):
            high = min(low + _PIECE, end - start)
            values = dataset[low:high] if column is None else dataset[low:high, column]
            job.writer.write(chrom, start + low, values)


def import_genomedata(
    db: GenomeDB,
    track: str,
    archive: str | os.PathLike[str],
    *,
    name: str | None = None,
    sequence: bool = False,
    **options: Unpack[ImportSettings],
) -> ImportReport:
    """Import one track, or the sequence, of a Genomedata archive.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    archive : path
        A file, or a folder of files ``<chromosome>.genomedata``.
    name : str, optional
        Of the track in the archive. Default: the only one.
    sequence : bool
        Import the sequence.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`. Bases between the
        supercontigs are missing.

    Returns
    -------
    ImportReport

    Raises
    ------
    FormatError, TrackExistsError

    Examples
    --------
    ``import_genomedata(db, "phylop", "hg18.genomedata", name="placental")``
    """

    def work(job: ImportJob[ImportReport], paths: list[str]) -> None:
        source = Path(paths[0])
        for path in _files(source):
            with _open(path) as file:
                column = None if sequence else _column(file, path, name)
                groups = [chrom for chrom in file if isinstance(file[chrom], h5py.Group)]
                if not groups:
                    raise FormatError(f"{path} holds no chromosome")
                for chrom_name in groups:
                    chrom = job.names.find(chrom_name, 1, str(path))
                    if chrom is not None:
                        try:
                            _read_chromosome(job, path, file[chrom_name], chrom, column)
                        except (OSError, RuntimeError, KeyError, IndexError, ValueError) as error:
                            if isinstance(error, GenomeArrayError):
                                raise
                            raise FormatError(
                                f"{path}: chromosome {chrom_name!r} cannot be read: {error}; is the "
                                "archive damaged?"
                            ) from error
                        job.report.rows += 1
            job.progress(path.stat().st_size)

    return run_import(
        db, track, archive, options, work, ImportReport, Target(kind=SEQUENCE if sequence else SIGNAL)
    )
