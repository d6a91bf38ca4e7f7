"""From files to a published track: what all importers share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genomearray_converters.rows import RowImporter, Scanner

from genomearray.aliases import Alias, ChromosomeNames
from genomearray.errors import FormatError, ValueRangeError, nearest_names
from genomearray.input_file import STDIN
from genomearray.running import Cluster, progress_bar, runner
from genomearray.storage.cast import NeedsWiderDtype, Overflow
from genomearray.storage.create import command_line, create_feature_writer
from genomearray.storage.feature_file import FeatureWriter
from genomearray.storage.publish import Form, created_together
from genomearray.storage.writer import TrackWriter, WriteReport

if TYPE_CHECKING:
    from genomearray.database import GenomeDB

Files = Iterable[str | os.PathLike[str]] | str | os.PathLike[str]


@dataclass(frozen=True)
class ImportOptions:
    """How files become a track; the same for every format.

    Attributes
    ----------
    dtype : str
        Of the track: an integer of 1-8 bytes, float32 (default) or float64.
    store : {"h5", "zarr"}
    overwrite : bool
        Replace a track of that name.
    overflow : {"saturate", "error", "widen"}
        For values the dtype cannot hold. ``widen`` reads the files again with a wider dtype.
    round : bool
        Round fractions into an integer dtype; else they are an error.
    clip : bool
        Cut what lies past the end of a chromosome; else it is an error.
    skip_unknown : bool
        Skip chromosomes that the assembly does not have; else they are an error.
    allow_empty : bool
        Accept files without a line of data.
    chrom_alias : path, mapping, "ucsc" or "ensembl"
        Names of the files to names of the assembly.
    units : str, optional
    threads : int, optional
    progress : bool
        Show a bar on a terminal.
    """

    dtype: str = "float32"
    store: Form = "h5"
    overwrite: bool = False
    overflow: Overflow = "saturate"
    round: bool = False
    clip: bool = False
    skip_unknown: bool = False
    allow_empty: bool = False
    chrom_alias: Alias = None
    units: str | None = None
    threads: int | None = None
    progress: bool = False
    command: str | None = None


@dataclass
class ImportReport:
    """What an import did.

    Attributes
    ----------
    track : str
    dtype : str
        Of the track; wider than asked for after ``overflow="widen"``.
    rows : int
        Lines of data, intervals or records taken from the files.
    clipped : int
        Intervals cut at the end of their chromosome.
    skipped : dict of str to int
        Unknown chromosomes, and their rows.
    unfinished : list of str
        Texts whose last line has no newline: whole, or cut in the middle of a number.
    tracks : dict of str to WriteReport
        What went into each track; ``written`` is the first one.
    """

    track: str
    dtype: str = ""
    rows: int = 0
    clipped: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    unfinished: list[str] = field(default_factory=list)
    tracks: dict[str, WriteReport] = field(default_factory=dict)

    @property
    def written(self) -> WriteReport:
        """Of the only, or first, track."""
        return next(iter(self.tracks.values()), WriteReport())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def nothing(self) -> str:
        """Why a track would be empty."""
        return "no line of data; --allow-empty makes a track without values"

    def lines(self) -> list[str]:
        """The report for people, a line each thing."""
        return [line for track, written in self.tracks.items() for line in self.written_lines(track, written)] + self.read_lines()

    def written_lines(self, track: str, written: WriteReport) -> list[str]:
        """What went into a track."""
        told = [f"track {track}: {written.bases:,} bases on {len(written.chromosomes)} chromosomes, {self.dtype}"]
        if written.overwritten:
            told.append(f"{written.overwritten:,} bases had more than one value; the last one counts")
        if written.saturated:
            told.append(f"{written.saturated:,} values did not fit {self.dtype} and were set to its least or greatest value")
        if written.nan_to_zero:
            told.append(f"{written.nan_to_zero:,} missing values became 0: {self.dtype} cannot hold NaN")
        return told

    def read_lines(self) -> list[str]:
        """What was read from the files."""
        told = []
        if self.clipped:
            told.append(f"{self.clipped:,} intervals were cut at the end of their chromosome")
        if self.skipped:
            names = ", ".join(list(self.skipped)[:5]) + (", ..." if len(self.skipped) > 5 else "")
            told.append(f"{sum(self.skipped.values()):,} rows of {len(self.skipped)} unknown chromosomes were skipped: {names}")
        told += [f"the last line of {name} has no newline; if the file was cut there, its last value is wrong" for name in self.unfinished]
        return told


class ImportJob:
    """One attempt to import: the writers of the tracks, the names, the report and the progress."""

    def __init__(
        self, writers: list[TrackWriter], names: ChromosomeNames, options: ImportOptions, report: ImportReport, progress: Callable[[int], None]
    ) -> None:
        self.writers = writers
        self.names = names
        self.options = options
        self.report = report
        self.progress = progress

    @property
    def writer(self) -> TrackWriter:
        """Of the only, or first, track."""
        return self.writers[0]


Work = Callable[[ImportJob, list[str]], None]
Describe = Callable[[WriteReport], dict[str, str | int]]
Create = Callable[[ImportOptions, str, Describe], Any]  # options, source


def creates_table(db: GenomeDB, name: str, columns: dict[str, Any]) -> Create:
    """What makes the writer of a feature table for :func:`run_import`; ``columns`` are those besides start, end and strand."""

    def create(settings: ImportOptions, source: str, describe: Describe) -> FeatureWriter:
        return create_feature_writer(
            db.folder,
            db.assembly,
            name,
            columns,
            store=settings.store,
            overwrite=settings.overwrite,
            source=source,
            command=settings.command,
            describe=lambda: describe(WriteReport()),
        )

    return create


def run_import(
    db: GenomeDB,
    track: str,
    files: Files,
    options: dict[str, Any],
    work: Work,
    *,
    kind: str = "signal",
    other: str | None = None,
    absent: float | None = None,
    create: Create | None = None,
    report: Callable[[str], ImportReport] = ImportReport,
) -> ImportReport:
    """Create the track, let a format do its work, and publish.

    Parameters
    ----------
    work : callable
        Feeds all files to ``job.writers`` and counts in ``job.report``.
    kind : {"signal", "sequence"}
    other : str, optional
        A second track that appears together with the first one.
    absent : 0, optional
        Bases without a value are 0 in float tracks too.
    create : callable, optional
        Makes the writer of something else than a track.
    report : callable
        Makes the report from the name of the track.
    """
    paths = _paths(files)
    settings = _settings(options)
    somewhere = runner(settings.threads)
    if isinstance(somewhere, Cluster):
        # One import is one task: it reads its files from the first to the last byte. Several run side by side.
        far = [os.path.abspath(path) for path in paths]  # noqa: PTH100 - a worker stands elsewhere
        if not readable_twice(paths):
            raise ValueRangeError("standard input and pipes cannot be read by a cluster; give files, or import here with --threads")
        named = {"command": command_line()} | options
        task = partial(run_import, work=work, kind=kind, other=other, absent=absent, create=create, report=report)
        found = [result for _, result in somewhere.run(_far_import, (task, db, track), [(far, named)], "import")]
        return found[0]
    dtype: Any = settings.dtype
    tracks = [track] if other is None else [track, other]
    if len(set(tracks)) < len(tracks):
        raise ValueRangeError(f"both tracks are called {track!r}; give two names")
    while True:
        try:
            return _attempt(db, tracks, paths, settings, dtype, work, kind, absent, create, report(track))
        except NeedsWiderDtype as need:
            if not readable_twice(paths):
                raise ValueRangeError(f"{need}, and a pipe cannot be read twice; give --dtype {need.dtype}") from None
            dtype = need.dtype


def _far_import(shared: tuple[Callable[..., ImportReport], GenomeDB, str], task: tuple[list[str], dict[str, Any]]) -> ImportReport:
    run, db, track = shared
    return run(db, track, *task)


def _attempt(
    db: GenomeDB, tracks: list[str], paths: list[str], settings: ImportOptions, dtype: Any, work: Work, kind: str, absent: float | None,
    create: Create | None, report: ImportReport,
) -> ImportReport:  # fmt: skip
    report.tracks = {name: WriteReport() for name in tracks}

    def describer(track: str) -> Describe:
        def describe(written: WriteReport) -> dict[str, str | int]:
            report.tracks[track] = written
            return {"import_report": "\n".join(report.written_lines(track, written) + report.read_lines())}

        return describe

    source = ", ".join(path if path == STDIN else str(Path(path).absolute()) for path in paths)

    def made(name: str) -> Any:
        if create is not None:
            return create(settings, source, describer(name))
        return db.create_track(
            name,
            dtype,
            kind=kind,
            store=settings.store,
            overwrite=settings.overwrite,
            units=settings.units,
            source=source,
            overflow=settings.overflow,
            round=settings.round,
            threads=settings.threads,
            command=settings.command,
            describe=describer(name),
            absent=absent,
        )

    with created_together(made(name) for name in tracks) as writers, _progress(paths, tracks[0], settings.progress) as progress:
        report.dtype = str(writers[0].dtype)
        names = ChromosomeNames(db.assembly, settings.chrom_alias, skip_unknown=settings.skip_unknown)
        job = ImportJob(writers, names, settings, report, progress)
        work(job, paths)
        names = job.names
        report.skipped = dict(names.skipped)
        if names.skipped and not names.any_known and not settings.allow_empty:
            raise FormatError(
                f"{', '.join(paths)}: no chromosome is in assembly {db.assembly.name!r} ({', '.join(list(names.skipped)[:3])}, ...); "
                "translate the names with --chrom-alias (ucsc adds 'chr', ensembl strips it)"
            )
        if not report.rows and not settings.allow_empty:
            raise FormatError(f"{', '.join(paths)}: {report.nothing()}")
    return report


def import_rows(db: GenomeDB, track: str, files: Files, scanner: Callable[[], Scanner], options: dict[str, Any]) -> ImportReport:
    """Import text files through a scanner, one after the other."""

    def work(job: ImportJob, paths: list[str]) -> None:
        reader = RowImporter(job.writer, job.names, clip=job.options.clip, progress=job.progress)
        for path in paths:
            before = reader.counts.rows
            reader.read(path, scanner())
            if reader.counts.rows == before and not job.options.allow_empty:
                raise FormatError(f"{path}: no line of data; --allow-empty accepts such files")
        job.report.rows = reader.counts.rows
        job.report.clipped = reader.counts.clipped
        job.report.unfinished = reader.counts.unfinished

    return run_import(db, track, files, options, work)


def readable_twice(paths: list[str]) -> bool:
    """Whether all are files: standard input and other pipes give their bytes once."""
    return all(path != STDIN and Path(path).is_file() for path in paths)


def _paths(files: Files) -> list[str]:
    paths = [os.fspath(files)] if isinstance(files, (str, os.PathLike)) else [os.fspath(path) for path in files]
    if not paths:
        raise FormatError("no file is given; give at least one, or '-' for standard input")
    for path in paths:
        if path != STDIN and not Path(path).exists():
            raise FormatError(f"{path} is not there; check the path")
    if paths.count(STDIN) > 1:
        raise FormatError("standard input ('-') is given twice; it can be read once")
    return paths


def check_options(options: dict[str, Any], own: list[str]) -> None:
    """ValueRangeError for an option that neither every importer has, nor this one (``own``)."""
    allowed = {f.name for f in fields(ImportOptions)} | set(own)
    unknown = sorted(set(options) - allowed)
    if unknown:
        near = nearest_names(unknown[0], sorted(allowed))
        hint = f"; nearest names: {', '.join(map(repr, near))}" if near else ""
        raise ValueRangeError(f"option {unknown[0]!r} is not known{hint}; allowed are {', '.join(sorted(allowed))}")


def _settings(options: dict[str, Any]) -> ImportOptions:
    check_options(options, own=[])
    return ImportOptions(**options)


@contextmanager
def _progress(paths: list[str], track: str, wanted: bool) -> Iterator[Callable[[int], None]]:
    """A function that takes the bytes read; a bar on a terminal, nothing in a pipe."""
    total = None if STDIN in paths else sum(Path(path).stat().st_size for path in paths)
    with progress_bar(total, track, "B", wanted=wanted) as told:
        yield told
