"""Rows of features -> a feature table, or a dense track of them: what importers of BED and genes share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import FEATURE_HOW, FeatureHow, check
from genomearray.database.save import write_source
from genomearray.errors import ArgumentError, FormatError
from genomearray.features.table import FeatureTable
from genomearray.reference.assembly import Chromosome
from genomearray.source import Source
from genomearray.storage.write.create import create_feature_writer
from genomearray.storage.write.feature_table import FeatureWriter
from genomearray.storage.write.options import WriteOptions, WriteReport

from .options import Files, ImportSettings
from .pipeline import ImportJob, Target, run_import
from .report import ImportReport
from .rows import CLIP

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB


_MOST_NAMED = 6
_SCORE = "score"
AS_TRACK = "{how=|--as} makes a track"
_DTYPES = {"mask": "uint8", "coverage": "uint16", "score": "float32"}


@dataclass
class TableReport(ImportReport):
    """What an import of features did.

    Attributes
    ----------
    left_out : dict of str to int
        Lines that are not features of this table, by the reason.
    """

    features: int = 0
    left_out: dict[str, int] | None = None

    def written_lines(self, track: str, written: WriteReport) -> list[str]:
        """What went into the table, or the track."""
        if self.dtype == "features":
            return [f"table {track}: {self.features:,} features"]
        return [f"features: {self.features:,}", *super().written_lines(track, written)]

    def nothing(self) -> str:
        """Why a table would be empty."""
        left_out = f"; there are {self._left_out()}, which make no feature" if self.left_out else ""
        return f"no line of data{left_out}"

    @property
    def nothing_hint(self) -> str:
        """What one may do about it."""
        return "{allow_empty} makes a table without features"

    def _left_out(self) -> str:
        most = sorted((self.left_out or {}).items(), key=lambda reason: -reason[1])
        return ", ".join(f"{count:,} {why}" for why, count in most[:_MOST_NAMED]) + (
            ", ..." if len(most) > _MOST_NAMED else ""
        )

    def read_lines(self) -> list[str]:
        """What was read from the files."""
        return [*super().read_lines(), *([f"left out: {self._left_out()}"] if self.left_out else [])]


Cut = Callable[[dict[str, Any], int, int], None]  # columns, row, length of the chromosome (bp)


class FeatureRows(NamedTuple):
    """Features of one block of a file: names of the columns besides start, end and strand, and all
    columns.
    """

    chrom: list[str]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    strand: NDArray[np.int8]
    columns: dict[str, list[str] | NDArray[Any]]
    where: Callable[[int], str]  # file and line of a row
    cut: Cut | None = None  # of other columns, where a feature is cut at the end of its chromosome


Reader = Callable[[ImportJob[TableReport], str], Iterator[FeatureRows]]  # job, path
Kinds = Callable[[], dict[str, Any]]  # dtypes of the columns, known when the first features are


class _Collector:
    """Puts features where they belong: checks their places, and appends them to the writer
    chromosome by chromosome.
    """

    def __init__(self, job: ImportJob[TableReport], writer: FeatureWriter, kinds: Kinds) -> None:
        self._job = job
        self._writer = writer
        self._kinds = kinds
        self._declared = False
        self.features = 0

    def take(self, features: FeatureRows) -> None:
        if not self._declared:
            self._writer.declare(self._kinds())
            self._declared = True
        refused = self._job.report.bad.count
        for name, rows in _by_name(features.chrom):
            chrom = self._job.names.find(name, rows.size, features.where(int(rows[0])))
            if chrom is None:
                continue
            kept, end = self._inside(features, rows, chrom)
            if not kept.size:
                continue
            # After _inside, which may cut them.
            columns: dict[str, Any] = {
                "start": features.start[kept],
                "end": end,
                "strand": features.strand[kept],
            }
            columns |= {column: _taken(values, kept) for column, values in features.columns.items()}
            self._writer.append(chrom.name, columns, self.features + kept)
        self.features += len(features.chrom)
        self._job.report.rows += len(features.chrom) - (self._job.report.bad.count - refused)

    def _inside(
        self, features: FeatureRows, rows: NDArray[np.int64], chrom: Chromosome
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that lie on the chromosome, and their ends, cut if that is allowed."""
        start, end = features.start[rows], features.end[rows]
        past = end > chrom.length
        if not past.any():
            return rows, end
        if not self._job.options.clip:
            for k in np.flatnonzero(past).tolist():
                where = features.where(int(rows[k]))
                self._job.past_the_end(where, f"end {int(end[k])}", chrom, hint=CLIP)
            rows, start, end, past = rows[~past], start[~past], end[~past], past[~past]
        # A feature of no base may stand at the very end.
        kept = (start < chrom.length) | ((start == end) & (start == chrom.length))
        self._job.report.clipped += int((past & kept).sum())
        self._job.report.outside += int((~kept).sum())
        if features.cut is not None:
            columns = features.columns | {"start": features.start}
            for row in rows[kept & past].tolist():
                features.cut(columns, row, chrom.length)
        return rows[kept], np.minimum(end, chrom.length)[kept]


def _by_name(names: list[str]) -> Iterator[tuple[str, NDArray[np.int64]]]:
    rows: dict[str, list[int]] = {}
    for k, name in enumerate(names):
        rows.setdefault(name, []).append(k)
    for name, numbers in rows.items():
        yield name, np.array(numbers, np.int64)


def _taken(values: list[str] | NDArray[Any], rows: NDArray[np.int64]) -> Any:
    if isinstance(values, list):
        return values if rows.size == len(values) else [values[k] for k in rows.tolist()]
    return values[rows]


def _source(table: FeatureTable, how: FeatureHow, dtype: np.dtype[Any]) -> Source:
    """Values for a track of ``dtype``, exact; what does not fit is the writer's business, which counts it."""
    if how != "score":
        return table.as_track(how).source
    stored = table.dtype(_SCORE)
    if dtype.kind == "f":
        return table.as_track(how, column=_SCORE, dtype=np.float64).source
    return table.as_track(how, column=_SCORE, dtype=stored, missing=0).source


def _write_track(job: ImportJob[TableReport], table: FeatureTable, how: FeatureHow, name: str) -> None:
    if how == "score" and (_SCORE not in table.columns or table.dtype(_SCORE).kind not in "iuf"):
        known = ", ".join(table.columns)
        raise FormatError(
            f"the features have no {_SCORE} (column 5 of BED) of numbers that a track holds; their "
            f"columns are {known}"
        )
    if how == "score" and np.isnan(table[_SCORE].astype(np.float64)).all():
        raise FormatError(f"no feature has a {_SCORE}", hint="{how=|--as} mask or coverage needs none")
    write_source(job.writer, _source(table, how, job.writer.dtype), name, job.options.threads, progress=False)
    lengths = table["end"].astype(np.int64) - table["start"]
    again = table.overlapped_bases()
    report = job.writer.report
    report.bases = int(lengths.sum()) - again
    report.overwritten += again if how == "score" else 0


def import_features(
    db: GenomeDB,
    name: str,
    files: Files,
    reader: Reader,
    kinds: Kinds,
    options: ImportSettings,
    *,
    how: FeatureHow | None = None,
) -> TableReport:
    """Read files into a feature table; or, with ``how``, into a track as of :meth:`FeatureTable.as_track`."""
    if how is None:
        for option in ("dtype", "units"):
            if options.get(option) is not None:
                raise ArgumentError(f"{option} is for tracks, and a table of features is made", hint=AS_TRACK)
        if options.get("overflow", "saturate") != "saturate" or options.get("round"):
            raise ArgumentError(
                "overflow and round are for tracks, and a table of features is made", hint=AS_TRACK
            )
    else:
        check("how", how, FEATURE_HOW)
    given = cast("ImportSettings", {option: value for option, value in options.items() if value is not None})

    def collect(job: ImportJob[TableReport], writer: FeatureWriter, paths: list[str]) -> None:
        collector = _Collector(job, writer, kinds)
        for path in paths:
            before = collector.features
            for features in reader(job, path):
                collector.take(features)
            if collector.features == before and not job.options.allow_empty:
                raise FormatError(f"{path}: {job.report.nothing()}", hint=job.report.nothing_hint)
        job.report.features = sum(writer.rows.values())

    def make_table(job: ImportJob[TableReport], paths: list[str]) -> None:
        collect(job, job.tables[0], paths)

    def make_track(job: ImportJob[TableReport], paths: list[str]) -> None:
        # A part that never appears: what a killed import leaves, the next one removes.
        writer = create_feature_writer(db.folder, db.assembly, name, {}, WriteOptions(overwrite=True))
        try:
            collect(job, writer, paths)
            writer.finish()
            if job.report.rows:
                with FeatureTable(writer.hidden_path, name) as table:
                    _write_track(job, table, cast("FeatureHow", how), name)
        finally:
            writer.abort()

    if how is None:
        return run_import(db, name, files, given, make_table, TableReport, Target(columns={}, lines=True))
    given = {"dtype": _DTYPES[how], **given}
    return run_import(
        db, name, files, given, make_track, TableReport, Target(zero_fill=how != "score", lines=True)
    )
