"""Reads of several files -> counts of a track: one pass, or two where counts are scaled."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from genomearray.errors import FormatError, ValueRangeError
from genomearray.executor import workers
from genomearray.reference.aliases import ChromosomeNames
from genomearray.reference.assembly import Assembly, Chromosome
from genomearray.reference.intervals import Intervals, merged_regions
from genomearray.reference.region import parse_region

from ..importing.options import Files, ImportSettings, readable_twice
from ..importing.pipeline import TRANSLATE, ImportJob, Target, run_import
from . import count_kernels
from .count_kernels import find_fragments
from .counters import Counter
from .filters import Rule
from .lockstep import OpenAlignment, Regions, Tally, count_reads, order_files
from .open import open_stream
from .options import ReadOptions
from .records import (
    FLAGS,
    MAPQ,
    N_COUNTS,
    NO_BASES,
    REQUIRED,
    SAM_TLEN,
    SEEN,
    UNMAPPED,
    ReadColumns,
    read_lengths,
)
from .report import MOST_COUNTED, Histogram, ReadReport
from .stream import FAR, RecordStream

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB


# Makes the counter of a pass: of a job, and of so many files.
CounterMaker: TypeAlias = Callable[[ImportJob[ReadReport], int], Counter]
_RESTRICT = "{chroms=|--chrom NAME} restricts the import to chromosomes that agree"
_SLABS = 24  # that wait inflated, over all files: some 2 MB each


def import_reads(
    db: GenomeDB,
    track: str,
    reverse_track: str | None,
    files: Files,
    rule: Rule,
    reads: ReadOptions,
    options: ImportSettings,
    counter: CounterMaker,
    what: list[str],
    *,
    pairs: bool = False,
    columns: Mapping[str, DTypeLike] | None = None,
) -> ReadReport:
    """Import reads through a counter; ``columns`` make a feature table instead of tracks."""
    wanted = wanted_regions(db.assembly, reads.chroms)

    def work(job: ImportJob[ReadReport], paths: list[str]) -> None:
        report = job.report
        report.rule = what
        report.used_what = "fragments" if pairs else "reads"
        factor = 1.0
        if reads.scale == "cpm":
            if not readable_twice(paths):
                raise ValueRangeError(
                    "counts per million need all reads first, and a pipe cannot be read twice",
                    hint="give a file, or a factor",
                )
            _Pass(job, reads, rule, wanted, counter(job, len(paths)), None).run(paths)
            factor = 1e6 / report.used if report.used else 1.0
        elif reads.scale is not None:
            factor = float(reads.scale)
        report.scale = factor if reads.scale is not None else None
        _Pass(job, reads, rule, wanted, counter(job, len(paths)), factor).run(paths)

    target = Target(other=reverse_track, zero_fill=True, columns=columns)
    return run_import(db, track, files, options, work, ReadReport, target)


class _Pass:
    """One reading of all files; without a factor they are only counted."""

    def __init__(
        self,
        job: ImportJob[ReadReport],
        reads: ReadOptions,
        rule: Rule,
        wanted: dict[str, NDArray[np.int64]],
        counter: Counter,
        factor: float | None,
    ) -> None:
        self.job = job
        self.reads = reads
        self.rule = rule
        self.wanted = wanted
        self.counter = counter
        self.factor = factor
        self.lengths = Histogram() if reads.read_length else None
        self.sizes = Histogram() if reads.fragment_sizes else None
        self._streams: list[RecordStream] = []
        self._reported = 0

    def run(self, paths: list[str]) -> None:
        """Read the files, write the tracks, fill the report."""
        threads = self.job.options.threads or workers()
        reads = self.reads
        names = ChromosomeNames(
            self.job.names.assembly,
            self.job.options.chrom_alias,
            skip_unknown=not reads.strict,
            left_out=self.job.report.unequal,
            to_skip="by leaving out {strict}",
        )
        with ExitStack() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(threads, thread_name_prefix="genomearray-inflate"))
            ahead = max(1, min(threads + 2, _SLABS // len(paths)))
            placed = []
            for path in paths:
                opened = open_stream(
                    path,
                    pool,
                    self.rule.codes(),
                    ahead=ahead,
                    fields=self.counter.fields | (SAM_TLEN if reads.fragment_sizes else 0),
                    reference=os.fspath(reads.reference) if reads.reference is not None else None,
                    allow_missing_eof=reads.allow_missing_eof,
                )
                stream = stack.enter_context(opened)
                self._streams.append(stream)
                placed.append(self._place(path, stream, names))
            restricted = bool(self.wanted)
            regions: Regions = {name: bounds for name, bounds in self.wanted.items() if bounds.size}
            order = order_files(placed, regions, self.counter.ahead, restricted=restricted)
            tally = count_reads(
                placed, order, self.counter, regions, self._write, self._look, restricted=restricted
            )
        self._report(tally, names)

    def _place(self, path: str, stream: RecordStream, names: ChromosomeNames) -> OpenAlignment:
        """What the contigs of a file are in the assembly."""
        if not stream.contigs:
            raise FormatError(f"{stream.name}: its header names no contig (@SQ): the reads are not aligned")
        chromosomes: list[Chromosome | None] = []
        unknown: set[int] = set()
        taken: dict[str, str] = {}
        for k, contig in enumerate(stream.contigs):
            chrom = names.find(contig.name, where=stream.name)
            if chrom is None:
                unknown.add(k)
            elif self.wanted and chrom.name not in self.wanted:
                chrom = None
            else:
                if chrom.name in taken:
                    raise FormatError(
                        f"{stream.name}: contigs {taken[chrom.name]!r} and {contig.name!r} are both "
                        f"{chrom.name!r} of the assembly"
                    )
                taken[chrom.name] = contig.name
                if not self.job.same_length(stream.name, contig.name, contig.length, chrom, hint=_RESTRICT):
                    unknown.add(k)
                    chrom = None
            chromosomes.append(chrom)
        if len(unknown) == len(chromosomes):
            raise FormatError(
                f"{stream.name}: none of its contigs "
                f"({', '.join(c.name for c in stream.contigs[:3])}, ...) is in assembly "
                f"{names.assembly.name!r} "
                f"({', '.join(names.assembly.names[:3])}, ...)",
                hint=TRANSLATE,
            )
        return OpenAlignment(stream, path, chromosomes, unknown)

    def _look(self, data: NDArray[np.uint8], rows: ReadColumns, n: int) -> None:
        """See every read that passed the filters."""
        taken = sum(stream.reader.taken for stream in self._streams)
        self.job.progress(taken - self._reported)
        self._reported = taken
        if self.lengths is not None:
            read_lengths(data, rows, n, self.lengths.counts, self.lengths.extremes)
        if self.sizes is not None:
            fragments = np.empty((n, count_kernels.FRAGMENT_COLUMNS), np.int64)
            reasons = np.zeros(count_kernels.N_REASONS, np.int64)
            sizes = fragments[: find_fragments(data, rows, n, FAR, fragments, reasons), 1]
            if sizes.size:
                self.sizes.counts += np.bincount(np.minimum(sizes, MOST_COUNTED - 1), minlength=MOST_COUNTED)
                low, high, total = self.sizes.extremes.tolist()
                self.sizes.extremes[:] = min(low, sizes.min()), max(high, sizes.max()), total + sizes.sum()

    def _write(self, chrom: Chromosome, offset: int, counts: NDArray[np.uint32]) -> None:
        if self.factor is None:
            return  # a first reading, for the number of reads
        for writer, strand in zip(self.job.writers, counts, strict=True):
            values = strand if self.reads.scale is None else strand * self.factor
            writer.write(chrom, offset, values, handed_over=True)

    def _report(self, tally: Tally, names: ChromosomeNames) -> None:
        report = self.job.report
        assert isinstance(report, ReadReport)
        counts = np.zeros(N_COUNTS, np.int64)
        for stream in self._streams:
            counts += stream.counts
        seen, reasons = counts.tolist(), self.counter.reasons.tolist()
        unequal = 0
        for name, passed in tally.skipped.items():
            names.find(name, passed)
            unequal += passed if name not in names.skipped else 0
        self.job.names = names
        report.seen = seen[SEEN]
        report.used = report.rows = tally.kept - sum(reasons) - self.counter.duplicates
        report.dovetails = self.counter.dovetails
        report.extended = self.counter.extended if self.counter.extends else None
        report.cut = [stream.name for stream in self._streams if stream.reader.cut]
        report.read_lengths, report.fragment_sizes = self.lengths, self.sizes
        report.dropped = {
            "unmapped": seen[UNMAPPED] + tally.unplaced,
            f"with one of the flags {self.rule.exclude_flags}": seen[FLAGS],
            f"without the flags {self.rule.require_flags}": seen[REQUIRED],
            f"with MAPQ below {self.rule.min_mapq}": seen[MAPQ],
            "without a base on the reference": seen[NO_BASES] + reasons[count_kernels.NOTHING],
            "not on the chromosomes asked for": tally.elsewhere + reasons[count_kernels.ELSEWHERE],
            "on chromosomes of another length": unequal,
            "outside of their chromosome": reasons[count_kernels.OUTSIDE],
            "not of a pair with both mates on one chromosome": reasons[count_kernels.NOT_A_PAIR],
            "second reads of pairs: read 1 stands for both": reasons[count_kernels.NOT_FIRST],
            "of pairs on one strand": reasons[count_kernels.SAME_STRAND],
            "of pairs that face outward": reasons[count_kernels.OUTWARD],
            "with a mate further away than a fragment can be": reasons[count_kernels.FAR_MATE],
            "of pairs without a size (TLEN 0)": reasons[count_kernels.NO_SIZE],
            "of fragments of other sizes": reasons[count_kernels.SIZE],
            "duplicates beyond the most that count": self.counter.duplicates,
        }


def wanted_regions(assembly: Assembly, chroms: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Chromosomes that are wanted, with the sorted, disjoint parts of each (offsets); no parts: all of it."""
    asked = [
        parse_region(text, lambda name: assembly[name].length, lambda name: name in assembly)
        for text in chroms
    ]
    names = tuple(dict.fromkeys(region.chrom for region in asked))
    number = {name: k for k, name in enumerate(names)}
    code, start, end = (
        np.array([(number[region.chrom], region.start, region.end) for region in asked], np.int64)
        .reshape(-1, 3)
        .T
    )
    wanted = {}
    for name, (starts, ends) in merged_regions(Intervals(names, code, start, end)).items():
        whole = ends[0] - starts[0] == assembly[name].length
        wanted[name] = np.stack([starts, ends], 1)[: 0 if whole else None]
    return wanted
