"""Aligned reads (BAM, SAM, CRAM) as tracks: depth, 5' ends, left ends, nucleosome dyads.

Offsets are 0-based and half-open, as in BAM; what each kind counts, and which options equal which other tool,
stands in docs/reads.md.

References
----------
SAM/BAM format specification v1, https://samtools.github.io/hts-specs/SAMv1.pdf
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import Mates
from genomearray.errors import ArgumentError
from genomearray.reference.assembly import Chromosome

from .importing.options import Files
from .importing.pipeline import ImportJob
from .reads.counters import Counter, DepthCounter, EndCounter, FragmentCounter, TableCounter
from .reads.options import (
    MOST_SHIFT,
    ReadSettings,
    check_whole,
    pairs_line,
    read_filter,
    sizes_of,
    split_options,
)
from .reads.report import ReadReport
from .reads.run import import_reads

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB


NUCLEOSOME = 147  # bp around a dyad, which is the base 74 of them


def import_depth(
    db: GenomeDB,
    track: str,
    files: Files,
    *,
    reverse_track: str | None = None,
    deletions: bool | None = None,
    mates: Mates | None = None,
    extend: int = 0,
    paired_fragments: bool = False,
    min_frag_size: int | None = None,
    max_frag_size: int | None = None,
    max_duplicates: int = 0,
    **options: Unpack[ReadSettings],
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
        Name of a second track for reverse reads (of pairs: read 1 is reverse); ``track`` has the
        forward ones then.
    deletions : bool, optional
        Whether D counts as covered. Default: yes, or what the preset says. M, = and X count, N never.
    mates : {"twice", "once"}, optional
        Whether bases of both primary records of a proper pair count twice (default) or once; apart
        by strand, they count for the record that comes first.
    extend : int
        Extend single reads from their 5' end to this length (bp), without gaps; 0 leaves them.
    paired_fragments : bool
        Count whole fragments of pairs: read 1 decides, from its left end (or that of its mate) and TLEN.
    min_frag_size, max_frag_size : int
        Sizes of fragments that count (bp, both included); default 1 and 500.
    max_duplicates : int
        At most so many fragments of one (strand, left end, size), over all files; 0: all.
    **options
        Those of :class:`ReadOptions`, and of
        :class:`genomearray_converters.importing.options.ImportOptions` (dtype: uint16).

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
    reads, rest = split_options(options)
    rule = read_filter(reads, deletions=deletions, mates=mates)
    check_whole("extend", extend, 0, MOST_SHIFT)
    if deletions not in (None, True, False):
        raise ArgumentError(
            f"deletions is {deletions!r}; allowed are True, False, and None (what the preset says)"
        )
    if not paired_fragments and (max_duplicates or min_frag_size is not None or max_frag_size is not None):
        raise ArgumentError("sizes and duplicates are of fragments", hint="give {paired_fragments} too")
    if paired_fragments and (extend or deletions is not None or mates is not None):
        raise ArgumentError(
            "whole fragments of pairs are counted; extend, deletions and mates are for reads",
            hint="leave {paired_fragments} out",
        )
    sizes = sizes_of(
        1 if min_frag_size is None else min_frag_size,
        500 if max_frag_size is None else max_frag_size,
        max_duplicates,
    )
    strands = 1 if reverse_track is None else 2

    def counter(_: ImportJob[ReadReport], n_files: int) -> Counter:
        if paired_fragments:
            return FragmentCounter(strands, sizes, dyads=False)
        return DepthCounter(
            strands, deletions=rule.deletions, once=rule.mates == "once", extend=extend, files=n_files
        )

    what = [rule.line(depth=not paired_fragments)]
    what += [pairs_line("whole fragments", sizes)] if paired_fragments else []
    what += [f"single reads are extended to {extend} bp"] if extend else []
    return import_reads(
        db, track, reverse_track, files, rule, reads, rest, counter, what, pairs=paired_fragments
    )


def import_five_prime(
    db: GenomeDB,
    forward: str,
    reverse: str,
    files: Files,
    *,
    shift_forward: int = 0,
    shift_reverse: int = 0,
    **options: Unpack[ReadSettings],
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
        Those of :class:`ReadOptions`, and of
        :class:`genomearray_converters.importing.options.ImportOptions` (dtype: uint16).

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
    return _import_ends(
        db,
        forward,
        None if together else reverse,
        files,
        left=False,
        shifts=(shift_forward, shift_reverse),
        options=options,
    )


def import_left_ends(
    db: GenomeDB,
    track: str,
    files: Files,
    *,
    reverse_track: str | None = None,
    shift_forward: int = 0,
    shift_reverse: int = 0,
    **options: Unpack[ReadSettings],
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
        Those of :class:`ReadOptions`, and of
        :class:`genomearray_converters.importing.options.ImportOptions` (dtype: uint16).

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
    return _import_ends(
        db, track, reverse_track, files, left=True, shifts=(shift_forward, shift_reverse), options=options
    )


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
    **options: Unpack[ReadSettings],
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
        True: offset ``left + size // 2`` of each fragment whose size is in the window (read 1
        decides). False: 74 bp downstream of each 5' end, half a nucleosome of 147 bp.
    reverse_track : str, optional
        Name of a second track, for reverse reads (of pairs: read 1 is reverse).
    min_frag_size, max_frag_size : int
        Sizes of fragments that count (bp, both included); default 117 and 172. Single-end reads have none.
    max_duplicates : int
        At most so many fragments of one (strand, left end, size), or single-end reads of one
        (strand, 5' end), over all files; 0: all.
    **options
        Those of :class:`ReadOptions`, and of
        :class:`genomearray_converters.importing.options.ImportOptions` (dtype: uint16).

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
    >>> read = "r\\t97\\tchr1\\t101\\t60\\t50M\\t=\\t198\\t147\\t*\\t*\\n"
    >>> _ = sam.write_text("@SQ\\tSN:chr1\\tLN:1000\\n" + read)
    >>> _ = import_mnase(db, "dyads", sam, paired_end=True)
    >>> int(db["dyads"].get_val("chr1", 174))
    1
    """
    reads, rest = split_options(options)
    rule = read_filter(reads)
    if not paired_end and (min_frag_size is not None or max_frag_size is not None):
        raise ArgumentError(
            "single-end reads have no fragment size, least or greatest", hint="sizes are for {paired_end}"
        )
    sizes = sizes_of(
        117 if min_frag_size is None else min_frag_size,
        172 if max_frag_size is None else max_frag_size,
        max_duplicates,
    )
    strands = 1 if reverse_track is None else 2
    half = NUCLEOSOME // 2 + 1

    def counter(_: ImportJob[ReadReport], n_files: int) -> Counter:
        if paired_end:
            return FragmentCounter(strands, sizes, dyads=True)
        return EndCounter(strands, left=False, forward=half, backward=-half, limit=max_duplicates)

    what = [rule.line()]
    what.append(
        pairs_line("dyads", sizes)
        if paired_end
        else f"dyads of single reads: {half} bp downstream of the 5' end"
    )
    return import_reads(db, track, reverse_track, files, rule, reads, rest, counter, what, pairs=paired_end)


def import_fragments(
    db: GenomeDB,
    table: str,
    files: Files,
    *,
    min_frag_size: int = 1,
    max_frag_size: int = 500,
    max_duplicates: int = 0,
    **options: Unpack[ReadSettings],
) -> ReadReport:
    """Import the fragments of pairs as a feature table: one row each, sorted by chromosome, start and end.

    Parameters
    ----------
    db : GenomeDB
    table : str
        Name of the new feature table; columns chrom, start, end (offsets, half-open), strand and
        score (MAPQ), of read 1.
    files : path or iterable of path
        BAM, SAM or CRAM, sorted by coordinate. ``-`` is standard input.
    min_frag_size, max_frag_size : int
        Sizes of fragments that count (bp, both included).
    max_duplicates : int
        At most so many fragments of one (strand, left end, size), over all files; 0: all.
    **options
        Those of :class:`ReadOptions` but ``scale``; store, overwrite, chrom_alias, allow_empty,
        threads and progress of :class:`genomearray_converters.importing.options.ImportOptions`.

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
    >>> read = "r\\t97\\tchr1\\t101\\t60\\t50M\\t=\\t198\\t147\\t*\\t*\\n"
    >>> _ = sam.write_text("@SQ\\tSN:chr1\\tLN:1000\\n" + read)
    >>> _ = import_fragments(db, "pairs", sam)
    >>> db.open_features("pairs")["chr1:150-160"].to_dataframe().values.tolist()
    [['chr1', 100, 247, '+', 60]]
    """
    given = {name: value for name, value in options.items() if value is not None}
    for name in ("scale", "dtype", "overflow", "units"):
        if name in given:
            raise ArgumentError(f"{name} is for tracks; a table of fragments has none")
    reads, rest = split_options(cast("ReadSettings", given))
    rule = read_filter(reads)
    sizes = sizes_of(min_frag_size, max_frag_size, max_duplicates)

    def counter(job: ImportJob[ReadReport], _: int) -> Counter:
        (table_writer,) = job.tables

        def emit(chrom: Chromosome, fragments: NDArray[np.int64]) -> None:
            left, size, strand, mapq, _ = fragments.T
            table_writer.append(
                chrom.name, {"start": left, "end": left + size, "strand": 1 - 2 * strand, "score": mapq}
            )

        return TableCounter(sizes, emit)

    what = [rule.line(), pairs_line("fragments", sizes)]
    return import_reads(
        db, table, None, files, rule, reads, rest, counter, what, pairs=True, columns={"score": "uint8"}
    )


def _import_ends(
    db: GenomeDB,
    track: str,
    reverse_track: str | None,
    files: Files,
    *,
    left: bool,
    shifts: tuple[int, int],
    options: ReadSettings,
) -> ReadReport:
    reads, rest = split_options(options)
    rule = read_filter(reads)
    for name, shift in zip(("shift_forward", "shift_reverse"), shifts, strict=True):
        check_whole(name, shift, -MOST_SHIFT, MOST_SHIFT)
    strands = 1 if reverse_track is None else 2
    ends = "left ends" if left else "5' ends"
    what = [f"{rule.line()}; {ends}"]
    if any(shifts):
        what.append(f"ends are shifted by {shifts[0]:+d} (forward) and {shifts[1]:+d} (reverse) bp")
    return import_reads(
        db,
        track,
        reverse_track,
        files,
        rule,
        reads,
        rest,
        lambda *_: EndCounter(strands, left=left, forward=shifts[0], backward=shifts[1]),
        what,
    )
