"""bigWig in and out: exact float32 values, gaps are missing.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np

from genomearray.compute.blocks import chosen
from genomearray.errors import FormatError, ValueRangeError
from genomearray.foreign.bbi_file import BIGBED, BIGWIG
from genomearray.foreign.bigwig_track import BigWigTrack
from genomearray.input_file import STDIN, open_input
from genomearray.reference.assembly import Chromosome
from genomearray.storage.layout import BLOCK
from genomearray.storage.read.remote import is_url
from genomearray.track.track import Track

from .exporting.bigwig_file import Stretches, write_bigwig
from .exporting.files import new_file
from .exporting.options import STDOUT, ExportOptions, ExportSettings, Out, check_kind
from .exporting.report import ExportReport
from .exporting.runs import Runs, in_rows, signal_runs
from .importing.options import Files, ImportSettings
from .importing.pipeline import ImportJob, as_format_errors, run_import
from .importing.report import ImportReport

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB


def import_bigwig(db: GenomeDB, track: str, files: Files, **options: Unpack[ImportSettings]) -> ImportReport:
    """Import bigWig files as one track.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    files : path or iterable of path
        Where files overlap, the last wins. Standard input is refused: a bigWig is read here and there.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`.

    Returns
    -------
    ImportReport

    Raises
    ------
    FormatError
        Damaged, or of an assembly with other lengths.

    Examples
    --------
    >>> from genomearray_converters import import_bigwig
    >>> import_bigwig(db, "depth", "missing.bw")
    Traceback (most recent call last):
    genomearray.errors.FormatError: missing.bw is not there; check the path
    """

    def work(job: ImportJob[ImportReport], paths: list[str]) -> None:
        for path in paths:
            _read(job, path)

    return run_import(db, track, files, options, work, ImportReport)


def _read(job: ImportJob[ImportReport], path: str) -> None:
    _check_magic(path)
    before, done, size = job.report.rows, 0, Path(path).stat().st_size
    with as_format_errors(path):
        file = BigWigTrack(path)
        found = [(name, _chromosome(job, path, file, name)) for name in file.chromosomes_with_data()]
        wanted = [(name, chrom) for name, chrom in found if chrom is not None]
        total = sum(file.length(name) for name, _ in wanted) or 1
        for name, chrom in wanted:
            _copy_chromosome(job, file, name, chrom)
            done += file.length(name)
            job.progress(size * done // total - size * (done - file.length(name)) // total)
    read = job.report.rows - before
    if len(wanted) == len(found) and file.total is not None and read < file.total.bases:
        job.report.notes.append(
            f"{path}: its own summary counts {file.total.bases:,} bases with a value, and {read:,} were "
            "found: part of it may have been lost, or the program that wrote it counted some twice"
        )
    if wanted and job.report.rows == before and not job.options.allow_empty:
        raise FormatError(f"{path}: no base has a value", hint="{allow_empty} accepts such files")


def _chromosome(job: ImportJob[ImportReport], path: str, file: BigWigTrack, name: str) -> Chromosome | None:
    """The chromosome of a name in the file; None for one that is skipped."""
    chrom = job.names.find(name, 1, path)
    return chrom if chrom is not None and job.same_length(path, name, file.length(name), chrom) else None


def _copy_chromosome(job: ImportJob[ImportReport], file: BigWigTrack, name: str, chrom: Chromosome) -> None:
    """Write the items of a chromosome; single bases one after the other as an array."""
    if not file.is_apart(name):
        _copy_painted(job, file, name, chrom, 0, chrom.length)
        return
    for start, end, value in file.items(name):
        known = ~np.isnan(value)
        if known.all():
            _write(job, chrom, start, end, value)
        elif (start[1:] < np.maximum.accumulate(end)[:-1]).any():  # a missing value may lie over another one
            _copy_painted(job, file, name, chrom, int(start.min()), min(int(end.max()), chrom.length))
        elif known.any():
            _write(job, chrom, start[known], end[known], value[known])


def _write(job: ImportJob[ImportReport], chrom: Chromosome, start: Any, end: Any, value: Any) -> None:
    job.report.rows += int((end - start).sum())
    if int(end[-1] - start[0]) == start.size and (np.diff(start) == 1).all() and (end - start == 1).all():
        job.writer.write(chrom, int(start[0]), value)
    else:
        job.writer.write_intervals(chrom, start, end, value)


def _copy_painted(
    job: ImportJob[ImportReport], file: BigWigTrack, name: str, chrom: Chromosome, start: int, end: int
) -> None:
    """Write the bases of [start, end) that have a value when all items are painted."""
    for low in range(start, end, BLOCK):
        values = file.read(name, low, min(low + BLOCK, end))
        known = np.flatnonzero(~np.isnan(values))
        if known.size:
            _write(job, chrom, known + low, known + low + 1, values[known])


def _check_magic(path: str) -> None:
    if is_url(path):
        raise FormatError(f"{path} is an address: open_track reads it there; to import it, download it first")
    if path == STDIN or not Path(path).is_file():
        raise FormatError(f"a bigWig is read here and there, and {path} is not a regular file; give one")
    with open_input(path) as source:
        head, compressed = source.read(4), source.gzip
    if compressed and BIGWIG in (int.from_bytes(head, "little"), int.from_bytes(head, "big")):
        raise FormatError(
            f"{path} is a bigWig that was compressed once more (gzip), and a bigWig is read here and "
            "there: decompress it first, with gunzip"
        )
    if BIGBED in (int.from_bytes(head, "little"), int.from_bytes(head, "big")):
        raise FormatError(
            f"{path} is a bigBed, a table of features: {{import_bed|genomearray import bed}} reads it"
        )
    if BIGWIG not in (int.from_bytes(head, "little"), int.from_bytes(head, "big")) or len(head) < 4:
        raise FormatError(f"{path} is not a bigWig file: it begins with {head!r}")


def export_bigwig(
    track: Track,
    out: Out,
    *,
    skip_zeros: bool = False,
    **options: Unpack[ExportSettings],
) -> BigWigReport:
    """Write a signal as bigWig: stretches of equal values, NaN is a gap.

    Parameters
    ----------
    track : Track
    out : path
    skip_zeros : bool
        Zeros are gaps too; they are values otherwise, as in the track.
    **options
        Those of :class:`genomearray_converters.exporting.options.ExportOptions`.

    Returns
    -------
    BigWigReport
        Intervals written, and bases whose value float32, all that a bigWig holds, cannot hold exactly.

    Raises
    ------
    LayoutError, RegionError, UnknownChromosomeError, FormatError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import export_bigwig, import_bigwig
    >>> export_bigwig(db["counts"], Path(tmp, "a.bw")).intervals
    1003
    >>> report = import_bigwig(db, "again", Path(tmp, "a.bw"), dtype="uint16")
    >>> db["again"].sum() == db["counts"].sum()
    True
    """
    asked = ExportOptions.of(options)
    check_kind(track, "signal", "bigWig")
    if os.fspath(out) == STDOUT:
        raise FormatError("a bigWig is written here and there; give a file, not standard output")
    source = track.source
    if asked.region is None:
        # The index of a bigWig has its chromosomes in the order of their names.
        in_order = sorted(chosen(source, asked.chroms), key=str.encode)
        asked = replace(asked, chroms=in_order)
    runs = signal_runs(track, asked)
    if skip_zeros:
        runs = (Runs(run.chrom, *(column[run.values != 0] for column in run[1:])) for run in runs)
    first = next((run for run in runs if run.starts.size), None)
    if first is None:
        raise FormatError(
            f"track {track.label!r} has no value to write there, and a bigWig without one cannot be read"
        )
    writing = _Writing(itertools.chain([first], runs))
    chromosomes = sorted(
        ((name, source.length(name)) for name in source.names), key=lambda row: row[0].encode()
    )
    number = {name: k for k, (name, _) in enumerate(chromosomes)}
    too_long = next((name for name, length in chromosomes if length >= 1 << 32), None)
    if too_long is not None:
        raise FormatError(f"{too_long!r} has {source.length(too_long):,} bp, and a bigWig has 32 bits for it")
    with new_file(out, overwrite=asked.overwrite, suffix=".bw") as part, part.open("r+b") as file:
        write_bigwig(file, chromosomes, writing.stretches(number))
    return BigWigReport.counted(writing.intervals, writing.rounded)


class BigWigReport(ExportReport):
    """What was written to a bigWig; as a number, its intervals."""

    @property
    def intervals(self) -> int:
        """Intervals that were written."""
        return int(self)

    rounded: int = 0  # bases whose value was rounded to float32

    @classmethod
    def counted(cls, intervals: int, rounded: int) -> Self:
        """From the counts of a writer."""
        note = f"{rounded:,} bases have a value that float32, all that a bigWig holds, cannot hold exactly"
        report = cls(intervals, "intervals", (note,) if rounded else ())
        report.rounded = rounded
        return report


class _Writing:
    """Runs as float32, and what was lost."""

    def __init__(self, runs: Iterator[Runs]) -> None:
        self.intervals = self.rounded = 0
        self._runs = runs

    def stretches(self, number: dict[str, int]) -> Iterator[Stretches]:
        """All runs; ``number`` is that of a chromosome in the file."""
        for runs in in_rows(self._runs):
            starts, ends, values = runs[1:]
            with np.errstate(over="ignore"):
                single = values.astype(np.float32)
            if values.dtype.itemsize > 2 and values.dtype != np.float32:
                lost = single.astype(values.dtype) != values
                beyond = np.flatnonzero(np.isinf(single) & np.isfinite(values))
                if beyond.size:
                    k = int(beyond[0])
                    raise ValueRangeError(
                        f"{runs.chrom}:{int(starts[k]) + 1}: {values[k].item()} is beyond float32, all that "
                        "a bigWig holds; divide the track first, or export it as bedGraph"
                    )
                self.rounded += int((ends - starts)[lost].sum())
            self.intervals += starts.size
            yield Stretches(number[runs.chrom], starts, ends, single)
