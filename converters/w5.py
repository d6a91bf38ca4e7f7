"""w5, the training data of Basenji and Borzoi: HDF5 with a dataset of float16 for each chromosome."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import h5py
import numpy as np

from genomearray.errors import FormatError, GenomeArrayError

from .importing.options import Files, ImportSettings
from .importing.pipeline import ImportJob, run_import
from .importing.report import ImportReport

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB
    from genomearray.reference.assembly import Chromosome

_PIECE = 1 << 22  # bases read together
_FAILURES = (OSError, RuntimeError, KeyError, ValueError)  # of a damaged file


def import_w5(db: GenomeDB, track: str, files: Files, **options: Unpack[ImportSettings]) -> ImportReport:
    """Import w5 files as one track.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    files : path or iterable of path
        HDF5, at its root a one-dimensional dataset of numbers for each chromosome, as long as it (bp).
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`. The default dtype, float32,
        holds every float16.

    Returns
    -------
    ImportReport

    Raises
    ------
    FormatError
        Another kind of file; a dataset that is none of a chromosome, or has another length.

    Notes
    -----
    The programs that write w5 make missing bases 0 and cut values to what float16 holds: both are in the
    file as values, and stay so.

    Examples
    --------
    >>> import h5py
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from genomearray_converters import import_w5
    >>> with h5py.File(Path(tmp, "a.w5"), "w") as file:
    ...     file["chr2"] = np.full(500, 1.5, "float16")
    >>> report = import_w5(db, "signal", Path(tmp, "a.w5"))
    >>> db["signal"].values("chr2", 0, 2)
    array([1.5, 1.5], dtype=float32)
    """

    def work(job: ImportJob[ImportReport], paths: list[str]) -> None:
        for path in paths:
            with _open(path) as file:
                for name in file:
                    _read(job, path, file, name)
            job.progress(Path(path).stat().st_size)

    return run_import(db, track, files, options, work, ImportReport)


def _open(path: str) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except (OSError, RuntimeError) as error:
        raise FormatError(
            f"{path} cannot be opened as w5, which is HDF5: {error}; is it cut, or another kind of file?"
        ) from error


def _read(job: ImportJob[ImportReport], path: str, file: h5py.File, name: str) -> None:
    try:
        dataset = file[name]
        if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1 or dataset.dtype.kind not in "fiu":
            raise FormatError(
                f"{path}: /{name} is not a row of numbers; a w5 file holds nothing but a dataset for each "
                "chromosome"
            )
        chrom = job.names.find(name, dataset.shape[0], path)
        if chrom is not None and job.same_length(path, name, dataset.shape[0], chrom):
            _copy(job, dataset, chrom)
    except _FAILURES as error:
        if isinstance(error, GenomeArrayError):
            raise
        raise FormatError(f"{path}: /{name} cannot be read: {error}; is the file damaged?") from error


def _copy(job: ImportJob[ImportReport], dataset: h5py.Dataset, chrom: Chromosome) -> None:
    for low in range(0, chrom.length, _PIECE):
        values = dataset[low : low + _PIECE]
        job.writer.write(chrom, low, values.astype(np.float32) if values.dtype == np.float16 else values)
        job.report.rows += values.size
