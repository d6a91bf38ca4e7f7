"""From files to a published track or feature table: what all importers share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, Unpack

from numpy.typing import DTypeLike

from genomearray._typing import Attributes
from genomearray.bad_lines import BadLines
from genomearray.choices import SIGNAL, Kind
from genomearray.errors import (
    ArgumentError,
    AssemblyError,
    FormatError,
    RegionError,
    TrackError,
    ValueRangeError,
)
from genomearray.executor import Cluster, progress_bar, runner
from genomearray.input_file import STDIN
from genomearray.reference.aliases import ChromosomeNames
from genomearray.reference.assembly import Chromosome
from genomearray.storage.read_report import REPORT
from genomearray.storage.write.cast import NeedsWiderDtype
from genomearray.storage.write.create import command_line, create_feature_writer, create_writer
from genomearray.storage.write.feature_table import FeatureWriter
from genomearray.storage.write.options import Describe, WriteOptions, WriteReport
from genomearray.storage.write.publish import created_together
from genomearray.storage.write.track_writer import TrackWriter

from ..text.scanner import Scanner
from .options import Files, ImportOptions, ImportSettings, import_settings, input_paths, readable_twice
from .report import ImportReport
from .rows import RowImporter

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB

R = TypeVar("R", bound=ImportReport)
TRANSLATE = "translate the names with {chrom_alias=} (ucsc adds 'chr', ensembl strips it)"


@dataclass
class ImportJob(Generic[R]):
    """One attempt to import: what is written, the names, the report and the progress.

    Attributes
    ----------
    writers : list of TrackWriter
        Of the tracks; none where a feature table is made.
    tables : list of FeatureWriter
        Of the feature table, if one is made.
    names : ChromosomeNames
    options : ImportOptions
    report : ImportReport
    progress : callable
        Takes how many more bytes were read.
    """

    writers: list[TrackWriter]
    tables: list[FeatureWriter]
    names: ChromosomeNames
    options: ImportOptions
    report: R
    progress: Callable[[int], None]
    _equal: set[str] = field(default_factory=set)  # chromosomes whose length a file confirmed
    _written_in_vain: bool = False

    @property
    def writer(self) -> TrackWriter:
        """Of the only, or first, track."""
        return self.writers[0]

    def same_length(
        self,
        where: str,
        name: str,
        length: int,
        chrom: Chromosome,
        *,
        written: bool = False,
        hint: str = "",
    ) -> bool:
        """Whether a sequence of a file is as long (bp) as its chromosome.

        Where it is not: False if such chromosomes are skipped, else a FormatError. ``written``: some
        of it is in the track already.
        """
        if length == chrom.length:
            self._equal.add(chrom.name)
            return True
        message = (
            f"{where}: {name!r} has {length} bp, and {chrom.name!r} of assembly "
            f"{self.names.assembly.name!r} has {chrom.length} bp"
        )
        self._leave_out(chrom, message, hint, written or chrom.name in self._equal)
        return False

    def past_the_end(self, where: str, what: str, chrom: Chromosome, *, hint: str = "") -> None:
        """Something of a file, such as ``position 1000``, lies past the end of its chromosome: skip
        the chromosome, or raise a FormatError.
        """
        message = (
            f"{where}: {what} is past the end of {chrom.name!r} ({chrom.length} bp) in "
            f"{self.names.assembly.name!r}"
        )
        self._leave_out(chrom, message, hint, True)

    def _leave_out(self, chrom: Chromosome, message: str, hint: str, written: bool) -> None:
        if not self.options.skip_unequal:
            skip = "{skip_unequal} leaves such chromosomes out"
            self.report.bad.refuse(
                FormatError(
                    f"{message}; is the file on another assembly?", hint=f"{hint}, {skip}" if hint else skip
                )
            )
            return
        self.report.unequal.setdefault(chrom.name, message)
        self._written_in_vain |= written

    @property
    def again(self) -> bool:
        """Whether something was written of a chromosome that turned out to be left out."""
        return self._written_in_vain


Work: TypeAlias = Callable[[ImportJob[R], list[str]], None]


@dataclass(frozen=True)
class Target:
    """What an import makes.

    Attributes
    ----------
    kind : {"signal", "sequence"}
    other : str, optional
        A second track that appears together with the first one.
    zero_fill : bool
        Bases without a value are 0 in float tracks too.
    columns : mapping, optional
        Instead of a track a feature table, with these columns besides start, end and strand.
    lines : bool
        A line of the files can be skipped, and the others still mean what they say.
    """

    kind: Kind = SIGNAL
    other: str | None = None
    zero_fill: bool = False
    columns: Mapping[str, DTypeLike] | None = None
    lines: bool = False


def run_import(
    db: GenomeDB,
    name: str,
    files: Files,
    options: ImportSettings,
    work: Work[R],
    report: Callable[[str], R],
    target: Target = Target(),
) -> R:
    """Create the track or table, let a format do its work, and publish.

    Parameters
    ----------
    work : callable
        Feeds all files to the writers of the job and counts in ``job.report``.
    report : callable
        Makes the report from the name of the track.
    target : Target
    """
    paths = input_paths(files)
    settings = import_settings(options)
    somewhere = runner(settings.threads)
    if isinstance(somewhere, Cluster):
        # One import is one task: it reads its files from the first to the last byte.
        far = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - a worker stands elsewhere
        if not readable_twice(paths):
            raise ValueRangeError(
                "standard input and pipes cannot be read by a cluster",
                hint="give files, or import here with {threads=}",
            )
        named: ImportSettings = {"command": command_line(), **options}
        task: Callable[..., R] = partial(run_import, work=work, report=report, target=target)
        ((_, done),) = somewhere.run(_far_import, (task, db, name), [(far, named)], "import")
        return done
    dtype: DTypeLike = settings.dtype
    if settings.skip_bad and not target.lines:
        raise ArgumentError(
            "skip_bad is for formats of which a line can be left out: BED, gene tables, bedGraph, text"
        )
    names = [name] if target.other is None else [name, target.other]
    if len(set(names)) < len(names):
        raise ArgumentError(f"both tracks are called {name!r}; give two names")
    unequal: dict[str, str] = {}
    while True:
        attempt = report(name)
        attempt.bad = BadLines(settings.skip_bad, target.lines)
        attempt.unequal = unequal  # those that an attempt before this one saw are left out from the start
        try:
            return _attempt(db, names, paths, settings, dtype, work, attempt, target)
        except NeedsWiderDtype as need:
            if not readable_twice(paths):
                raise ValueRangeError(
                    f"{need}, and a pipe cannot be read twice", hint=f"give {{dtype={need.dtype}}}"
                ) from None
            dtype = need.dtype
        except _WrittenInVain:
            if not readable_twice(paths):
                raise FormatError(
                    f"{', '.join(unequal.values())}; to leave a chromosome out, the input is read a "
                    "second time, which a pipe cannot be: give a file"
                ) from None


class _WrittenInVain(Exception):
    """Chromosomes turned out to be left out after some of them was written."""


def _far_import(shared: tuple[Callable[..., R], GenomeDB, str], task: tuple[list[str], ImportSettings]) -> R:
    run, db, name = shared
    return run(db, name, *task)


def _attempt(
    db: GenomeDB,
    names: list[str],
    paths: list[str],
    settings: ImportOptions,
    dtype: DTypeLike,
    work: Work[R],
    report: R,
    target: Target,
) -> R:
    report.tracks = {name: WriteReport() for name in names}
    source = ", ".join(path if path == STDIN else str(Path(path).absolute()) for path in paths)

    def describer(name: str) -> Describe:
        def describe(written: WriteReport) -> Attributes:
            report.tracks[name] = written
            report.judge(written)
            return {REPORT: "\n".join(report.written_lines(name, written) + report.read_lines())}

        return describe

    options = {name: _write_options(settings, target, source, describer(name)) for name in names}
    known = ChromosomeNames(
        db.assembly, settings.chrom_alias, skip_unknown=settings.skip_unknown, left_out=report.unequal
    )
    with _progress(paths, names[0], settings.progress) as progress:
        if target.columns is None:
            made = (create_writer(db.folder, db.assembly, name, dtype, options[name]) for name in names)
            with created_together(made) as writers:
                report.dtype = str(writers[0].dtype)
                _work(ImportJob(writers, [], known, settings, report, progress), work, paths)
        else:
            table = create_feature_writer(db.folder, db.assembly, names[0], target.columns, options[names[0]])
            with created_together([table]) as tables:
                report.dtype = table.dtype
                _work(ImportJob([], tables, known, settings, report, progress), work, paths)
    return report


def _write_options(settings: ImportOptions, target: Target, source: str, describe: Describe) -> WriteOptions:
    return WriteOptions(
        kind=target.kind,
        store=settings.store,
        overwrite=settings.overwrite,
        units=settings.units,
        source=source,
        overflow=settings.overflow,
        round=settings.round,
        threads=settings.threads,
        command=settings.command,
        describe=describe,
        zero_fill=target.zero_fill,
    )


def _work(job: ImportJob[R], work: Work[R], paths: list[str]) -> None:
    """Read everything, and refuse what gave nothing."""
    work(job, paths)
    if job.again:
        raise _WrittenInVain
    names, report, allowed = job.names, job.report, job.options.allow_empty
    report.skipped = dict(names.skipped)
    if names.skipped and not names.any_known and not allowed:
        shown = ", ".join(list(names.skipped)[:3])
        raise FormatError(
            f"{', '.join(paths)}: no chromosome is in assembly {names.assembly.name!r} ({shown}, ...)",
            hint=TRANSLATE,
        )
    if not report.rows and not allowed:
        why = next(iter(report.unequal.values()), report.nothing())
        raise FormatError(f"{', '.join(paths)}: {why}", hint=report.nothing_hint)


def import_rows(
    db: GenomeDB,
    track: str,
    files: Files,
    scanner: Callable[[], Scanner],
    *,
    lines: bool = True,
    report: Callable[[str], ImportReport] = ImportReport,
    **options: Unpack[ImportSettings],
) -> ImportReport:
    """Import text files through a scanner, one after the other; ``lines``: see :class:`Target`,
    ``report``: see :func:`run_import`.
    """

    def work(job: ImportJob[ImportReport], paths: list[str]) -> None:
        reader = RowImporter(job)
        for path in paths:
            before, lines_of = job.report.rows, scanner()
            reader.read(path, lines_of)
            if job.report.rows == before and not job.options.allow_empty:
                why = lines_of.nothing()
                hint = "" if why else "{allow_empty} accepts such files"
                raise FormatError(f"{path}: {why or 'no line of data'}", hint=hint)

    return run_import(db, track, files, options, work, report, Target(lines=lines))


@contextmanager
def _progress(paths: list[str], track: str, wanted: bool) -> Iterator[Callable[[int], None]]:
    """A function that takes the bytes read; a bar on a terminal, nothing in a pipe."""
    total = None if STDIN in paths else sum(Path(path).stat().st_size for path in paths)
    with progress_bar(total, track, "B", wanted=wanted) as advance:
        yield advance


@contextmanager
def as_format_errors(path: str) -> Iterator[None]:
    """What is wrong with a file that is imported is an error of its format."""
    try:
        yield
    except (ValueRangeError, RegionError) as error:
        raise error.within(path, FormatError) from error
    except (TrackError, AssemblyError) as error:
        if isinstance(error, FormatError):
            raise
        raise FormatError(error.message, hint=error.hint) from error
