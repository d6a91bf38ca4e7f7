"""Aligned reads (BAM, SAM, CRAM) as tracks: depth, 5' ends, left ends, nucleosome dyads.

Offsets are 0-based and half-open, as in BAM; what each kind counts, and which options equal which other tool,
stands in docs/reads.md.

References
----------
SAM/BAM format specification v1, https://samtools.github.io/hts-specs/SAMv1.pdf
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from genomearray_converters.importing import (
    Create,
    Describe,
    Files,
    ImportJob,
    ImportOptions,
    ImportReport,
    check_options,
    creates_table,
    readable_twice,
    run_import,
)
from genomearray_converters.lengths import matching
from genomearray_converters.reads import counters
from genomearray_converters.reads.counters import Counter, DepthCounter, EndCounter, FragmentCounter, Sizes, TableCounter, find_fragments
from genomearray_converters.reads.counting import Placed, Regions, Tally, count_reads, order_files
from genomearray_converters.reads.records import FLAGS, MAPQ, N_COUNTS, NO_BASES, REQUIRED, SEEN, UNMAPPED, Rows, read_lengths
from genomearray_converters.reads.rule import Rule, make_rule
from genomearray_converters.reads.sources import open_stream
from genomearray_converters.reads.stream import RecordStream
from numpy.typing import NDArray

from genomearray.aliases import ChromosomeNames
from genomearray.assembly import Assembly, Chromosome
from genomearray.errors import FormatError, ValueRangeError
from genomearray.region import parse_region
from genomearray.storage.chunk_map import workers
from genomearray.storage.feature_file import FeatureWriter
from genomearray.storage.writer import WriteReport

if TYPE_CHECKING:
    from genomearray.database import GenomeDB

NUCLEOSOME = 147  # bp around a dyad, which is the base 74 of them
_MOST_SHIFT = 1_000_000  # bp: what the window of counts must reach back
_MOST_COUNTED = 1 << 20  # bp: lengths and sizes beyond stand in the last place of their histogram
_SLABS = 24  # that wait inflated, over all files: some 2 MB each


@dataclass
class Histogram:
    """Lengths of reads, or sizes of fragments (bp).

    Attributes
    ----------
    counts : ndarray of int64
        How many of each length; those beyond the end stand in the last place.
    least, most : int
    total : int
        Sum of all lengths.
    """

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(_MOST_COUNTED, np.int64))
    extremes: NDArray[np.int64] = field(default_factory=lambda: np.array([np.iinfo(np.int64).max, 0, 0]))

    @property
    def n(self) -> int:
        """How many there are."""
        return int(self.counts.sum())

    @property
    def median(self) -> int:
        """The length that half of them do not exceed (the lower one of two)."""
        return int(np.searchsorted(np.cumsum(self.counts), (self.n + 1) // 2))

    def line(self, what: str) -> str:
        """The numbers for people."""
        if not self.n:
            return f"{what}: none"
        least, most, total = self.extremes.tolist()
        return f"{what}: {self.n:,}, {least:,} to {most:,} bp, median {self.median:,}, mean {total / self.n:,.1f}"

    def rows(self) -> list[tuple[int, int]]:
        """(bp, how many), those that occur."""
        return [(int(k), int(self.counts[k])) for k in np.flatnonzero(self.counts)]


@dataclass
class ReadReport(ImportReport):  # type: ignore[misc]  # checked under the name of its folder
    """What an import of reads did.

    Attributes
    ----------
    rule : list of str
        What was counted, for people.
    seen, used : int
        Reads in the files (without those an index let us leave out), and those that count; of pairs, fragments.
    dropped : dict of str to int
        Reads by the reason why they do not count.
    read_lengths, fragment_sizes : Histogram, optional
        Where they were asked for.
    """

    rule: list[str] = field(default_factory=list)
    seen: int = 0
    used: int = 0
    used_what: str = "reads"
    dropped: dict[str, int] = field(default_factory=dict)
    extended: int | None = None
    scale: float | None = None
    cut: list[str] = field(default_factory=list)
    read_lengths: Histogram | None = None
    fragment_sizes: Histogram | None = None

    def written_lines(self, track: str, written: WriteReport) -> list[str]:
        """What went into a track: bases are no measure of reads."""
        if self.dtype == "features":
            return [f"table {track}: {self.used:,} fragments"]
        n = len(written.chromosomes)
        told = [f"track {track}: counts on {n:,} chromosome{'' if n == 1 else 's'}, {self.dtype}"]
        if written.saturated:
            told.append(f"{written.saturated:,} sites exceed {self.dtype} and were set to its greatest value")
        return told

    def read_lines(self) -> list[str]:
        """What was read from the files."""
        told = list(self.rule)
        told.append(f"reads: {self.seen:,} seen; {self.used:,} {self.used_what} used")
        told += [f"not counted: {count:,} {why}" for why, count in self.dropped.items() if count]
        if self.extended is not None:
            told.append(f"{self.extended:,} single reads were extended; reads of pairs, and longer reads, count as they are aligned")
        told += [f"{path} is cut: what stood behind its last whole record is lost" for path in self.cut]
        if self.scale is not None:
            told.append(f"counts were multiplied by {self.scale:.10g}")
        if self.read_lengths is not None:
            told.append(self.read_lengths.line("read lengths"))
        if self.fragment_sizes is not None:
            told.append(self.fragment_sizes.line("fragment sizes"))
        with_reads = {name: count for name, count in self.skipped.items() if count}
        if self.skipped:
            names = ", ".join(f"{name} {count:,}" for name, count in list(with_reads.items())[:5]) + (", ..." if len(with_reads) > 5 else "")
            told.append(
                f"skipped: {len(self.skipped):,} contigs that the assembly does not have, {sum(with_reads.values()):,} reads"
                + (f" ({names})" if names else "")
            )
        return told

    def nothing(self) -> str:
        """Why a track would be empty."""
        why = "; ".join(f"{count:,} {reason}" for reason, count in self.dropped.items() if count)
        skipped = sum(self.skipped.values())
        why += f"{'; ' if why else ''}{skipped:,} on contigs that the assembly does not have" if skipped else ""
        return f"none of {self.seen:,} reads counts{f' ({why})' if why else ''}; --allow-empty makes a track without reads"


@dataclass(frozen=True)
class ReadOptions:
    """How reads are read and chosen; the same for every kind of track.

    Attributes
    ----------
    preset : {"genome", "samtools", "mosdepth", "bedtools"}, optional
        Filters and rules of another tool at once; the options below override it.
    min_mapq : int
        Least mapping quality, default 10; 255 (unknown) always passes.
    exclude_flags : int
        Default 1796: unmapped, secondary, QC-fail, duplicate. Unmapped reads are always dropped.
    require_flags : int
        Default 0.
    chroms : sequence of str
        Chromosomes of the assembly, or regions (1-based, both ends in), that are wanted: elsewhere the track is 0.
        An index (.bai, .csi) beside a BAM is used.
    strict : bool
        A contig that the assembly does not have is an error; else it is skipped and reported.
    allow_missing_eof : bool
        Read a BAM without its end-of-file marker.
    reference : path, optional
        FASTA, for a CRAM that cannot be read without.
    read_length, fragment_sizes : bool
        Collect histograms for the report.
    scale : "cpm" or float, optional
        Multiply counts: by a factor, or to counts per million of the reads (fragments) used, with ``chroms`` of those there.
        The track is float32.
    """

    preset: str | None = None
    min_mapq: int | None = None
    exclude_flags: int | None = None
    require_flags: int | None = None
    chroms: Sequence[str] = ()
    strict: bool = False
    allow_missing_eof: bool = False
    reference: str | os.PathLike[str] | None = None
    read_length: bool = False
    fragment_sizes: bool = False
    scale: str | float | None = None


def import_depth(
    db: GenomeDB,
    track: str,
    files: Files,
    *,
    reverse_track: str | None = None,
    deletions: bool | None = None,
    mates: str | None = None,
    extend: int = 0,
    paired_fragments: bool = False,
    min_frag_size: int | None = None,
    max_frag_size: int | None = None,
    max_duplicates: int = 0,
    **options: Any,
) -> ReadReport:
    """Import read depth: how many reads cover each base.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    files : path or iterable of path
        BAM, SAM or CRAM, sorted by coordinate; they are summed. ``-`` is standard input.
    reverse_track : str, optional
        Name of a second track for reverse reads (of pairs: read 1 is reverse); ``track`` has the forward ones then.
    deletions : bool, optional
        Whether D counts as covered. Default: yes, or what the preset says. M, = and X count, N never.
    mates : {"twice", "once"}, optional
        Whether bases of both primary records of a proper pair count twice (default) or once; apart by strand, they count
        for the record that comes first.
    extend : int
        Extend single reads from their 5' end to this length (bp), without gaps; 0 leaves them.
    paired_fragments : bool
        Count whole fragments of pairs: read 1 decides, from its left end (or that of its mate) and TLEN.
    min_frag_size, max_frag_size : int
        Sizes of fragments that count (bp, both included); default 1 and 500.
    max_duplicates : int
        At most so many fragments of one (strand, left end, size), over all files; 0: all.
    **options
        Those of :class:`ReadOptions`, and of :class:`genomearray_converters.importing.ImportOptions` (dtype: uint16).

    Returns
    -------
    ReadReport

    Raises
    ------
    FormatError
        Not sorted, damaged, cut, of another assembly.
    ValueRangeError, TrackExistsError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import import_depth
    >>> sam = Path(tmp, "a.sam")
    >>> _ = sam.write_text("@SQ\\tSN:chr1\\tLN:1000\\nr\\t0\\tchr1\\t5\\t60\\t3M1D2M\\t*\\t0\\t0\\t*\\t*\\n")
    >>> import_depth(db, "depth", sam).used
    1
    >>> db["depth"].values("chr1", 3, 11)
    array([0, 1, 1, 1, 1, 1, 1, 0], dtype=uint16)
    """
    reads, rest = _split(options)
    rule = _rule(reads, deletions=deletions, mates=mates)
    _check("extend", extend, 0, _MOST_SHIFT)
    if deletions not in (None, True, False):
        raise ValueRangeError(f"deletions is {deletions!r}; allowed are True, False, and None (what the preset says)")
    if not paired_fragments and (max_duplicates or min_frag_size is not None or max_frag_size is not None):
        raise ValueRangeError("sizes and duplicates are of fragments; give paired_fragments=True (--paired-fragments) too")
    if paired_fragments and (extend or deletions is not None or mates is not None):
        raise ValueRangeError("paired_fragments (--paired-fragments) counts whole fragments; extend, deletions and mates are for reads")
    sizes = _sizes(1 if min_frag_size is None else min_frag_size, 500 if max_frag_size is None else max_frag_size, max_duplicates)
    strands = 1 if reverse_track is None else 2

    def counter(n_files: int) -> Counter:
        if paired_fragments:
            return FragmentCounter(strands, sizes, dyads=False)
        return DepthCounter(strands, deletions=rule.deletions, once=rule.mates == "once", extend=extend, files=n_files)

    what = [rule.line(depth=not paired_fragments)]
    what += [_pairs_line("whole fragments", sizes)] if paired_fragments else []
    what += [f"single reads are extended to {extend} bp"] if extend else []
    return _import(db, track, reverse_track, files, rule, reads, rest, counter, what, pairs=paired_fragments)


def import_five_prime(
    db: GenomeDB, forward: str, reverse: str, files: Files, *, shift_forward: int = 0, shift_reverse: int = 0, **options: Any
) -> ReadReport:
    """Import counts of 5' ends: the left end of a forward read, the right end of a reverse read.

    Parameters
    ----------
    db : GenomeDB
    forward, reverse : str
        Names of the new tracks; the same name twice makes one track of both strands.
    files : path or iterable of path
        BAM, SAM or CRAM, sorted by coordinate; they are summed. ``-`` is standard input.
    shift_forward, shift_reverse : int
        Added to the place of forward and reverse reads (bp, along the reference); 4 and -5 for ATAC-seq.
    **options
        Those of :class:`ReadOptions`, and of :class:`genomearray_converters.importing.ImportOptions` (dtype: uint16).

    Returns
    -------
    ReadReport

    Raises
    ------
    FormatError, ValueRangeError, TrackExistsError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import import_five_prime
    >>> sam = Path(tmp, "b.sam")
    >>> _ = sam.write_text("@SQ\\tSN:chr1\\tLN:1000\\nr\\t16\\tchr1\\t5\\t60\\t4M\\t*\\t0\\t0\\t*\\t*\\n")
    >>> _ = import_five_prime(db, "ends/forward", "ends/reverse", sam)
    >>> db["ends/reverse"]["chr1:7-9"].values
    array([0, 1, 0], dtype=uint16)
    """
    together = forward == reverse
    return _import_ends(db, forward, None if together else reverse, files, left=False, shifts=(shift_forward, shift_reverse), options=options)


def import_left_ends(
    db: GenomeDB, track: str, files: Files, *, reverse_track: str | None = None, shift_forward: int = 0, shift_reverse: int = 0, **options: Any
) -> ReadReport:
    """Import counts of left ends: the first reference base of every read, whatever its strand.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    files : path or iterable of path
        BAM, SAM or CRAM, sorted by coordinate; they are summed. ``-`` is standard input.
    reverse_track : str, optional
        Name of a second track, for reverse reads.
    shift_forward, shift_reverse : int
        Added to the place of forward and reverse reads (bp, along the reference).
    **options
        Those of :class:`ReadOptions`, and of :class:`genomearray_converters.importing.ImportOptions` (dtype: uint16).

    Returns
    -------
    ReadReport

    Raises
    ------
    FormatError, ValueRangeError, TrackExistsError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import import_left_ends
    >>> sam = Path(tmp, "c.sam")
    >>> _ = sam.write_text("@SQ\\tSN:chr1\\tLN:1000\\nr\\t16\\tchr1\\t5\\t60\\t4M\\t*\\t0\\t0\\t*\\t*\\n")
    >>> _ = import_left_ends(db, "left", sam)
    >>> int(db["left"].get_val("chr1", 5))
    1
    """
    return _import_ends(db, track, reverse_track, files, left=True, shifts=(shift_forward, shift_reverse), options=options)


def import_mnase(
    db: GenomeDB,
    track: str,
    files: Files,
    *,
    paired_end: bool,
    reverse_track: str | None = None,
    min_frag_size: int | None = None,
    max_frag_size: int | None = None,
    max_duplicates: int = 0,
    **options: Any,
) -> ReadReport:
    """Import nucleosome dyads from MNase reads: one base for each fragment, in its middle.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    files : path or iterable of path
        BAM, SAM or CRAM, sorted by coordinate; they are summed. ``-`` is standard input.
    paired_end : bool
        True: offset ``left + size // 2`` of each fragment whose size is in the window (read 1 decides). False: 74 bp
        downstream of each 5' end, half a nucleosome of 147 bp.
    reverse_track : str, optional
        Name of a second track, for reverse reads (of pairs: read 1 is reverse).
    min_frag_size, max_frag_size : int
        Sizes of fragments that count (bp, both included); default 117 and 172. Single-end reads have none.
    max_duplicates : int
        At most so many fragments of one (strand, left end, size), or single-end reads of one (strand, 5' end), over all
        files; 0: all.
    **options
        Those of :class:`ReadOptions`, and of :class:`genomearray_converters.importing.ImportOptions` (dtype: uint16).

    Returns
    -------
    ReadReport

    Raises
    ------
    FormatError, ValueRangeError, TrackExistsError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import import_mnase
    >>> sam = Path(tmp, "d.sam")
    >>> _ = sam.write_text("@SQ\\tSN:chr1\\tLN:1000\\nr\\t97\\tchr1\\t101\\t60\\t50M\\t=\\t198\\t147\\t*\\t*\\n")
    >>> _ = import_mnase(db, "dyads", sam, paired_end=True)
    >>> int(db["dyads"].get_val("chr1", 174))
    1
    """
    reads, rest = _split(options)
    rule = _rule(reads)
    if not paired_end and (min_frag_size is not None or max_frag_size is not None):
        raise ValueRangeError("single-end reads have no fragment size; min_frag_size and max_frag_size are for paired_end=True (--paired-end)")
    sizes = _sizes(117 if min_frag_size is None else min_frag_size, 172 if max_frag_size is None else max_frag_size, max_duplicates)
    strands = 1 if reverse_track is None else 2
    half = NUCLEOSOME // 2 + 1

    def counter(n_files: int) -> Counter:
        if paired_end:
            return FragmentCounter(strands, sizes, dyads=True)
        return EndCounter(strands, left=False, forward=half, backward=-half, limit=max_duplicates)

    what = [rule.line()]
    what.append(_pairs_line("dyads", sizes) if paired_end else f"dyads of single reads: {half} bp downstream of the 5' end")
    return _import(db, track, reverse_track, files, rule, reads, rest, counter, what, pairs=paired_end)


def import_fragments(
    db: GenomeDB,
    table: str,
    files: Files,
    *,
    min_frag_size: int = 1,
    max_frag_size: int = 500,
    max_duplicates: int = 0,
    **options: Any,
) -> ReadReport:
    """Import the fragments of pairs as a feature table: one row each, sorted by chromosome, start and end.

    Parameters
    ----------
    db : GenomeDB
    table : str
        Name of the new feature table; columns chrom, start, end (offsets, half-open), strand and score (MAPQ), of read 1.
    files : path or iterable of path
        BAM, SAM or CRAM, sorted by coordinate. ``-`` is standard input.
    min_frag_size, max_frag_size : int
        Sizes of fragments that count (bp, both included).
    max_duplicates : int
        At most so many fragments of one (strand, left end, size), over all files; 0: all.
    **options
        Those of :class:`ReadOptions` but ``scale``; store, overwrite, chrom_alias, allow_empty, threads and progress of
        :class:`genomearray_converters.importing.ImportOptions`.

    Returns
    -------
    ReadReport

    Raises
    ------
    FormatError, ValueRangeError, TrackExistsError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import import_fragments
    >>> sam = Path(tmp, "e.sam")
    >>> _ = sam.write_text("@SQ\\tSN:chr1\\tLN:1000\\nr\\t97\\tchr1\\t101\\t60\\t50M\\t=\\t198\\t147\\t*\\t*\\n")
    >>> _ = import_fragments(db, "pairs", sam)
    >>> db.open_features("pairs")["chr1:150-160"].to_dataframe().values.tolist()
    [['chr1', 100, 247, '+', 60]]
    """
    for name in ("scale", "dtype", "overflow", "units"):
        if options.pop(name, None) is not None:
            raise ValueRangeError(f"{name} is for tracks; a table of fragments has none")
    reads, rest = _split(options)
    rule = _rule(reads)
    sizes = _sizes(min_frag_size, max_frag_size, max_duplicates)
    writers: list[FeatureWriter] = []

    made = creates_table(db, table, {"score": "uint8"})

    def create(settings: ImportOptions, source: str, describe: Describe) -> FeatureWriter:
        writers[:] = [made(settings, source, describe)]
        return writers[0]

    def emit(chrom: Chromosome, fragments: NDArray[np.int64]) -> None:
        left, size, strand, mapq = fragments.T
        writers[0].append(chrom.name, {"start": left, "end": left + size, "strand": 1 - 2 * strand, "score": mapq})

    what = [rule.line(), _pairs_line("fragments", sizes)]
    return _import(db, table, None, files, rule, reads, rest, lambda _: TableCounter(sizes, emit), what, pairs=True, create=create)


# -- options -----------------------------------------------------------------------------------


def _split(options: dict[str, Any]) -> tuple[ReadOptions, dict[str, Any]]:
    """Options of reading, and those that every importer has."""
    own = {name: options[name] for name in options if name in ReadOptions.__dataclass_fields__}
    rest = {name: value for name, value in options.items() if name not in own}
    reads = ReadOptions(**own)
    check_options(rest, own=list(ReadOptions.__dataclass_fields__))
    if isinstance(reads.chroms, str):
        raise ValueRangeError(f"chroms is {reads.chroms!r}; give a list of names or regions")
    scaled = reads.scale is not None
    rest.setdefault("dtype", "float32" if scaled else "uint16")
    if scaled:
        _check_scale(reads.scale, rest["dtype"])
    if reads.scale == "cpm" and rest.get("units") is None:
        rest["units"] = "cpm"
    rest["skip_unknown"] = not reads.strict
    return reads, rest


def _check_scale(scale: Any, dtype: Any) -> None:
    if np.dtype(dtype).kind != "f":
        raise ValueRangeError(f"scaled counts are fractions, and the track is {dtype}; give dtype float32 or float64")
    if scale == "cpm":
        return
    try:
        fine = not isinstance(scale, bool) and 1e-30 <= float(scale) <= 1e30
    except (TypeError, ValueError):
        fine = False
    if not fine:
        raise ValueRangeError(f"scale {scale!r} is not known; give cpm, or a factor above 0")


def _rule(reads: ReadOptions, **more: Any) -> Rule:
    return make_rule(reads.preset, min_mapq=reads.min_mapq, exclude_flags=reads.exclude_flags, require_flags=reads.require_flags, **more)


def _check(name: str, value: Any, least: int, most: int) -> None:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not least <= value <= most:
        raise ValueRangeError(f"{name} is {value!r}; allowed are whole numbers from {least:,} to {most:,}")


def _sizes(least: int, most: int, duplicates: int) -> Sizes:
    _check("min_frag_size", least, 1, _MOST_SHIFT)
    _check("max_frag_size", most, 1, _MOST_SHIFT)
    _check("max_duplicates", duplicates, 0, 2**31 - 1)
    if least > most:
        raise ValueRangeError(f"min_frag_size {least} is greater than max_frag_size {most}")
    return Sizes(least, most, duplicates)


def _pairs_line(what: str, sizes: Sizes) -> str:
    limit = f", at most {sizes.duplicates} of one strand, left end and size" if sizes.duplicates else ""
    return f"{what} of pairs of {sizes.least} to {sizes.most} bp{limit}"


def _import_ends(
    db: GenomeDB, track: str, reverse_track: str | None, files: Files, *, left: bool, shifts: tuple[int, int], options: dict[str, Any]
) -> ReadReport:
    reads, rest = _split(options)
    rule = _rule(reads)
    for name, shift in zip(("shift_forward", "shift_reverse"), shifts, strict=True):
        _check(name, shift, -_MOST_SHIFT, _MOST_SHIFT)
    strands = 1 if reverse_track is None else 2
    ends = "left ends" if left else "5' ends"
    what = [f"{rule.line()}; {ends}"]
    if any(shifts):
        what.append(f"ends are shifted by {shifts[0]:+d} (forward) and {shifts[1]:+d} (reverse) bp")
    return _import(
        db, track, reverse_track, files, rule, reads, rest, lambda _: EndCounter(strands, left=left, forward=shifts[0], backward=shifts[1]), what
    )


# -- the work ----------------------------------------------------------------------------------


def _import(
    db: GenomeDB,
    track: str,
    reverse_track: str | None,
    files: Files,
    rule: Rule,
    reads: ReadOptions,
    options: dict[str, Any],
    counter: Callable[[int], Counter],
    what: list[str],
    *,
    pairs: bool = False,
    create: Create | None = None,
) -> ReadReport:
    wanted = _regions(db.assembly, reads.chroms)

    def work(job: ImportJob, paths: list[str]) -> None:
        report = job.report
        assert isinstance(report, ReadReport)
        report.rule = what
        report.used_what = "fragments" if pairs else "reads"
        factor = 1.0
        if reads.scale == "cpm":
            if not readable_twice(paths):
                raise ValueRangeError("counts per million need all reads first, and a pipe cannot be read twice; give a file, or a factor")
            _Pass(job, reads, rule, wanted, counter(len(paths)), None).run(paths)
            factor = 1e6 / report.used if report.used else 1.0
        elif reads.scale is not None:
            factor = float(reads.scale)
        report.scale = factor if reads.scale is not None else None
        _Pass(job, reads, rule, wanted, counter(len(paths)), factor).run(paths)

    done = run_import(db, track, files, options, work, other=reverse_track, absent=0, create=create, report=ReadReport)
    assert isinstance(done, ReadReport)
    return done


class _Pass:
    """One reading of all files; without a factor they are only counted."""

    def __init__(
        self, job: ImportJob, reads: ReadOptions, rule: Rule, wanted: dict[str, NDArray[np.int64]], counter: Counter, factor: float | None
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
        self._told = 0

    def run(self, paths: list[str]) -> None:
        """Read the files, write the tracks, fill the report."""
        threads = self.job.options.threads or workers()
        reads = self.reads
        names = ChromosomeNames(
            self.job.names.assembly, self.job.options.chrom_alias, skip_unknown=not reads.strict, to_skip="by leaving out --strict"
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
                    reference=os.fspath(reads.reference) if reads.reference is not None else None,
                    allow_missing_eof=reads.allow_missing_eof,
                )
                stream = stack.enter_context(opened)
                self._streams.append(stream)
                placed.append(self._place(path, stream, names))
            restricted = bool(self.wanted)
            regions: Regions = {name: bounds for name, bounds in self.wanted.items() if bounds.size}
            order = order_files(placed, regions, self.counter.ahead, restricted=restricted)
            tally = count_reads(placed, order, self.counter, regions, self._write, self._look, restricted=restricted)
        self._report(tally, names)

    def _place(self, path: str, stream: RecordStream, names: ChromosomeNames) -> Placed:
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
                    raise FormatError(f"{stream.name}: contigs {taken[chrom.name]!r} and {contig.name!r} are both {chrom.name!r} of the assembly")
                taken[chrom.name] = contig.name
                matching(
                    stream.name, contig.name, contig.length, chrom, names.assembly, "--chrom NAME restricts the import to chromosomes that agree"
                )
            chromosomes.append(chrom)
        if len(unknown) == len(chromosomes):
            raise FormatError(
                f"{stream.name}: none of its contigs ({', '.join(c.name for c in stream.contigs[:3])}, ...) is in assembly {names.assembly.name!r} "
                f"({', '.join(names.assembly.names[:3])}, ...); translate the names with --chrom-alias (ucsc adds 'chr', ensembl strips it)"
            )
        return Placed(stream, path, chromosomes, unknown)

    def _look(self, data: NDArray[np.uint8], rows: Rows, n: int) -> None:
        """See every read that passed the filters."""
        taken = sum(stream.reader.taken for stream in self._streams)
        self.job.progress(taken - self._told)
        self._told = taken
        if self.lengths is not None:
            read_lengths(data, rows, n, self.lengths.counts, self.lengths.extremes)
        if self.sizes is not None:
            found = np.empty((n, 4), np.int64)
            sizes = found[: find_fragments(data, rows, n, found, np.zeros(counters.N_REASONS, np.int64)), 1]
            sizes = sizes[sizes > 0]
            if sizes.size:
                self.sizes.counts += np.bincount(np.minimum(sizes, _MOST_COUNTED - 1), minlength=_MOST_COUNTED)
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
        for name, passed in tally.skipped.items():
            names.find(name, passed)
        self.job.names = names
        report.seen = seen[SEEN]
        report.used = report.rows = tally.kept - sum(reasons) - self.counter.duplicates
        report.extended = self.counter.extended if self.counter.extends else None
        report.cut = [stream.name for stream in self._streams if stream.reader.cut]
        report.read_lengths, report.fragment_sizes = self.lengths, self.sizes
        report.dropped = {
            "unmapped": seen[UNMAPPED] + tally.unplaced,
            f"with one of the flags {self.rule.exclude_flags}": seen[FLAGS],
            f"without the flags {self.rule.require_flags}": seen[REQUIRED],
            f"with MAPQ below {self.rule.min_mapq}": seen[MAPQ],
            "without a base on the reference": seen[NO_BASES] + reasons[counters.NOTHING],
            "not asked for (--chrom)": tally.elsewhere + reasons[counters.ELSEWHERE],
            "outside of their chromosome": reasons[counters.OUTSIDE],
            "not of a pair with both mates on one chromosome": reasons[counters.NOT_A_PAIR],
            "second reads of pairs: read 1 stands for both": reasons[counters.NOT_FIRST],
            "of pairs on one strand": reasons[counters.SAME_STRAND],
            "with a mate further away than a fragment can be": reasons[counters.FAR_MATE],
            "of fragments of other sizes": reasons[counters.SIZE],
            "duplicates beyond --max-duplicates": self.counter.duplicates,
        }


def _regions(assembly: Assembly, chroms: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """Chromosomes that are wanted, with the sorted, disjoint parts of each (offsets); no parts: all of it."""
    wanted: dict[str, list[tuple[int, int]]] = {}
    for text in chroms:
        name, start, end = parse_region(text, lambda name: assembly[name].length, lambda name: name in assembly)[:3]
        wanted.setdefault(name, []).append((start, end))
    merged = {}
    for name, parts in wanted.items():
        joined: list[list[int]] = []
        for start, end in sorted(parts):
            if joined and start <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], end)
            else:
                joined.append([start, end])
        whole = joined == [[0, assembly[name].length]]
        merged[name] = np.array([] if whole else joined, np.int64).reshape(-1, 2)
    return merged
