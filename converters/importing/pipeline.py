"""From files to a published track: what all importers share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genomearray.errors import FormatError, ValueRangeError
from genomearray.executor import Cluster, progress_bar, runner
from genomearray.input_file import STDIN
from genomearray.reference.aliases import ChromosomeNames
from genomearray.storage.write.cast import NeedsWiderDtype
from genomearray.storage.write.create import command_line, create_feature_writer
from genomearray.storage.write.feature_table import FeatureWriter
from genomearray.storage.write.publish import created_together
from genomearray.storage.write.track_writer import TrackWriter, WriteReport

from ..text.rows import RowImporter, Scanner
from .options import Files, ImportOptions, import_settings, input_paths, readable_twice
from .report import ImportReport

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB


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
    paths = input_paths(files)
    settings = import_settings(options)
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


@contextmanager
def _progress(paths: list[str], track: str, wanted: bool) -> Iterator[Callable[[int], None]]:
    """A function that takes the bytes read; a bar on a terminal, nothing in a pipe."""
    total = None if STDIN in paths else sum(Path(path).stat().st_size for path in paths)
    with progress_bar(total, track, "B", wanted=wanted) as told:
        yield told
