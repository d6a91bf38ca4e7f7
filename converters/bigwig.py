"""bigWig, read through pybigtools: exact float32 values, gaps are missing.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np

from genomearray.compute.blocks import chosen
from genomearray.errors import FormatError, ValueRangeError
from genomearray.input_file import STDIN, open_input
from genomearray.reference.assembly import Chromosome
from genomearray.storage.layout import BLOCK
from genomearray.track.track import Track

from .bigwig_index import check_structure
from .exporting.bigwig_file import Stretches, write_bigwig
from .exporting.files import new_file
from .exporting.options import STDOUT, ExportOptions, ExportSettings, Out, check_kind
from .exporting.report import ExportReport
from .exporting.runs import Runs, in_rows, signal_runs
from .importing.options import Files, ImportSettings
from .importing.pipeline import ImportJob, run_import
from .importing.report import ImportReport

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB

_MAGIC = 0x888FFC26
_TOGETHER = 1 << 16  # intervals
_DENSE = 20  # bp an interval; a list of intervals is slower than bases below


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
    structure = check_structure(path)
    before, done = job.report.rows, 0
    size = Path(path).stat().st_size
    with _translated(path):
        import pybigtools

        with _with_suffix(path) as named, pybigtools.open(named) as reader:
            lengths: dict[str, int] = reader.chroms()
            found = list(_chromosomes(job, path, reader, lengths))
            wanted = [(name, chrom) for name, chrom in found if chrom is not None]
            total = sum(lengths[name] for name, _ in wanted) or 1
            for name, chrom in wanted:
                _copy_chromosome(job, reader, name, chrom)
                done += lengths[name]
                job.progress(size * done // total - size * (done - lengths[name]) // total)
    read = job.report.rows - before
    if len(wanted) == len(found) and structure.bases is not None and read < structure.bases:
        job.report.notes.append(
            f"{path}: its own summary counts {structure.bases:,} bases with a value, and {read:,} were "
            "found: part of it may have been lost"
        )
    if wanted and job.report.rows == before and not job.options.allow_empty:
        raise FormatError(f"{path}: no base has a value", hint="{allow_empty} accepts such files")


def _chromosomes(
    job: ImportJob[ImportReport], path: str, reader: Any, lengths: dict[str, int]
) -> Iterator[tuple[str, Chromosome | None]]:
    """Chromosomes of the file; an unknown one matters only when it has values."""
    for name, length in lengths.items():
        if next(iter(reader.records(name)), None) is None:
            continue
        chrom = job.names.find(name, 1, path)
        if chrom is not None and not job.same_length(path, name, length, chrom):
            chrom = None
        yield name, chrom


def _copy_chromosome(job: ImportJob[ImportReport], reader: Any, name: str, chrom: Chromosome) -> None:
    """Write a chromosome: interval by interval where they are far or long, else in blocks of bases."""
    position = 0
    while position < chrom.length:
        records = list(itertools.islice(reader.records(name, position, chrom.length), _TOGETHER))
        if not records:
            return
        starts, ends, values = (np.array(column) for column in zip(*records, strict=True))
        starts = np.maximum(starts, position)
        if int(ends[-1]) - position > _DENSE * len(records) or len(records) < _TOGETHER:
            kept = starts < ends  # some writers leave intervals without a base
            if kept.any():
                job.writer.write_intervals(chrom, starts[kept], ends[kept], values[kept].astype(np.float32))
                job.report.rows += int((ends - starts)[kept].sum())
            position = max(int(ends[-1]), position + 1) if len(records) == _TOGETHER else chrom.length
        else:
            start, position = int(starts[0]), min(int(starts[0]) + BLOCK, chrom.length)
            _copy_bases(job, reader, name, chrom, start, position)


def _copy_bases(
    job: ImportJob[ImportReport], reader: Any, name: str, chrom: Chromosome, start: int, end: int
) -> None:
    """Write the bases of [start, end) that have a value."""
    values = reader.values(name, start, end, fillna=None)
    known = np.flatnonzero(~np.isnan(values))
    job.report.rows += known.size
    single = values.astype(np.float32)  # what a bigWig holds
    if known.size == values.size:
        job.writer.write(chrom, start, single)
    elif known.size:
        job.writer.write_intervals(chrom, known + start, known + start + 1, single[known])


def _check_magic(path: str) -> None:
    if path == STDIN or not Path(path).is_file():
        raise FormatError(f"a bigWig is read here and there, and {path} is not a regular file; give one")
    with open_input(path) as source:
        head, compressed = source.read(4), source.gzip
    if compressed and _MAGIC in (int.from_bytes(head, "little"), int.from_bytes(head, "big")):
        raise FormatError(
            f"{path} is a bigWig that was compressed once more (gzip), and a bigWig is read here and "
            "there: decompress it first, with gunzip"
        )
    if _MAGIC not in (int.from_bytes(head, "little"), int.from_bytes(head, "big")) or len(head) < 4:
        raise FormatError(f"{path} is not a bigWig file: it begins with {head!r}")


@contextmanager
def _with_suffix(path: str) -> Iterator[str]:
    """A name that pybigtools takes for a bigWig: it judges by the suffix, we by the content."""
    with tempfile.TemporaryDirectory(prefix="genomearray-") as folder:
        link = Path(folder, "input.bigWig")
        link.symlink_to(Path(path).absolute())
        yield str(link)


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Errors of pybigtools as ours."""
    try:
        yield
    except FormatError:
        raise
    except ValueRangeError as error:
        raise error.within(path, FormatError) from error
    except BaseException as error:
        # pybigtools' own classes derive from Exception, its panics from BaseException.
        if type(error).__module__.split(".")[0] in ("pybigtools", "pyo3_runtime"):
            raise FormatError(f"{path}: the bigWig file is cut or damaged ({error}); get it again") from error
        raise


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
