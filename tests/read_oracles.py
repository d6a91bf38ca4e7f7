"""Slow, obvious versions of what reads become, from pysam's records."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Read(NamedTuple):
    """One record, as pysam tells it."""

    contig: str
    start: int
    end: int  # of its reference bases
    blocks: list[tuple[int, int, int]]  # operation, start, end, of those that advance along the reference
    flag: int
    mapq: int
    name: str
    mate_contig: str
    mate_start: int
    size: int


def reads_of(path, reference=None):
    """All records of a BAM, SAM or CRAM with a place, by pysam."""
    import pysam

    options = [] if reference or not str(path).endswith("cram") else ["required_fields=0x1ff"]
    with pysam.AlignmentFile(
        str(path), check_sq=False, reference_filename=reference, format_options=options
    ) as file:
        for record in file:
            if record.is_unmapped or record.reference_id < 0 or record.reference_start < 0:
                continue
            at, blocks = record.reference_start, []
            for operation, length in record.cigartuples or ():
                if operation in (0, 2, 3, 7, 8):
                    blocks.append((operation, at, at + length))
                    at += length
            yield Read(
                record.reference_name, record.reference_start, at, blocks, record.flag, record.mapping_quality, record.query_name,
                record.next_reference_name or "", record.next_reference_start, record.template_length,
            )  # fmt: skip


def passes(read, min_mapq=10, exclude_flags=1796, require_flags=0):
    """Whether a read passes the filters and has a base on the reference."""
    return (
        not read.flag & exclude_flags
        and read.flag & require_flags == require_flags
        and read.mapq >= min_mapq
        and read.end > read.start
    )


def covered(read, deletions):
    """Intervals of M, = and X, and D if wanted."""
    return [
        (start, end)
        for operation, start, end in read.blocks
        if operation in (0, 7, 8) or (operation == 2 and deletions)
    ]


class Counts:
    """Counts on every contig, strands apart, as intervals that each count one; what is outside is left out."""

    def __init__(self, lengths):
        self.lengths = lengths
        self.intervals = {}

    def add(self, contig, strand, start, end):
        start, end = max(start, 0), min(end, self.lengths[contig])
        if start < end:
            self.intervals.setdefault((contig, strand), []).append((start, end))

    def runs(self, contig, strand=None):
        """(start, end, count) of all stretches that are not 0."""
        changes = {}
        for s in (0, 1) if strand is None else (strand,):
            for start, end in self.intervals.get((contig, s), ()):
                changes[start] = changes.get(start, 0) + 1
                changes[end] = changes.get(end, 0) - 1
        count, runs, places = 0, [], sorted(changes)
        for place, following in zip(places, [*places[1:], 0], strict=False):
            count += changes[place]
            if count:
                runs.append((place, following, count))
        return runs


def differences(track, counts, strand=None, most=65535):
    """Where a track differs from counts, as text; the sums in its statistics vouch for the bases without counts."""
    found = []
    sums = dict(
        zip(
            counts.lengths,
            track.region_stats([(name, 0, n) for name, n in counts.lengths.items()])["sum"],
            strict=True,
        )
    )
    for contig in counts.lengths:
        total = 0
        runs = counts.runs(contig, strand)
        if runs:
            low, high = runs[0][0], runs[-1][1]
            expected = np.zeros(high - low, np.int64)
            for start, end, count in runs:
                expected[start - low : end - low] = min(count, most)
            total = int(expected.sum())
            got = track.values(contig, low, high)
            wrong = np.flatnonzero(got != expected)
            if wrong.size:
                k = int(wrong[0])
                found.append(
                    f"{contig} offset {low + k}: {got[k]}, not {expected[k]}; {wrong.size} bases differ"
                )
        if sums[contig] != total:
            found.append(f"{contig}: sum {sums[contig]}, not {total}")
    return found


def strand_of(read):
    return 1 if read.flag & 16 else 0


def depth_of(reads, lengths, deletions=True, once=False, extend=0):
    """Read depth; once: the union of the bases of the two primary records of a proper pair."""
    counts, seen = Counts(lengths), {}
    for read in reads:
        strand = strand_of(read)
        intervals = covered(read, deletions)
        if extend > read.end - read.start and not read.flag & 1:
            intervals = [(read.end - extend, read.end) if strand else (read.start, read.start + extend)]
        primary_pair = read.flag & 3 == 3 and not read.flag & 0x900 and read.contig == read.mate_contig
        if once and primary_pair:
            number = read.flag & 0xC0  # a file may hold the same record twice: a mate is the other read
            other = seen.pop((read.contig, read.name, number ^ 0xC0), None)
            if other is not None:
                mine = {base for start, end in intervals for base in range(start, end)}
                for base in sorted(mine - other):
                    counts.add(read.contig, strand, base, base + 1)
                continue
            seen[read.contig, read.name, number] = {
                base for start, end in intervals for base in range(start, end)
            }
        for start, end in intervals:
            counts.add(read.contig, strand, start, end)
    return counts


def ends_of(reads, lengths, left=False, forward=0, reverse=0):
    """5' ends or left ends, shifted by strand; those outside are dropped."""
    counts = Counts(lengths)
    for read in reads:
        at = read.start + forward if not read.flag & 16 else (read.start if left else read.end - 1) + reverse
        if at >= 0:
            counts.add(read.contig, strand_of(read), at, at + 1)
    return counts


def fragments_of(reads, least, most, duplicates=0):
    """(contig, left, size, strand of read 1, MAPQ) of pairs; read 1 decides."""
    kept, seen = [], {}
    for read in reads:
        first = read.flag & 0xC0 == 0x40
        if not read.flag & 1 or not first or read.flag & 0x908 or read.contig != read.mate_contig:
            continue
        if bool(read.flag & 16) == bool(read.flag & 32):
            continue
        strand = strand_of(read)
        size = abs(read.size)
        left = min(read.mate_start, read.start)
        forward, backward = (read.mate_start, read.start) if strand else (read.start, read.mate_start)
        if strand:  # read 1 is the left one of crossed mates
            overlap = read.mate_start < read.end
        else:  # the mate is: it ends where TLEN says, or after as many bases as read 1 has
            overlap = left + size > read.end or read.mate_start + read.end - read.start > read.start
        if not size or (forward > backward and not overlap):
            continue  # unknown, or outward
        key = read.contig, left, size, strand
        seen[key] = seen.get(key, 0) + 1
        if least <= size <= most and not (duplicates and seen[key] > duplicates):
            kept.append((*key, read.mapq))
    return kept


def dyads_of(reads, lengths, least=117, most=172, duplicates=0):
    """Middles of fragments."""
    counts = Counts(lengths)
    for contig, left, size, strand, _ in fragments_of(reads, least, most, duplicates):
        counts.add(contig, strand, left + size // 2, left + size // 2 + 1)
    return counts


def whole_fragments_of(reads, lengths, least=1, most=500, duplicates=0):
    """Depth of whole fragments."""
    counts = Counts(lengths)
    for contig, left, size, strand, _ in fragments_of(reads, least, most, duplicates):
        counts.add(contig, strand, left, left + size)
    return counts
