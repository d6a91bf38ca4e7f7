"""Aligned reads: the golden values of the old library, random reads against slow oracles, options, messages."""

import contextlib
import gzip
import os
import random
import shutil
import struct
import subprocess
import sys
import threading
from pathlib import Path

import h5py
import numpy as np
import pysam
import pytest
import xarray as xr
from genomearray_converters import (
    import_depth,
    import_five_prime,
    import_fragments,
    import_left_ends,
    import_mnase,
)
from genomearray_converters.reads.bgzf import EOF_MARKER
from hypothesis import given, settings
from hypothesis import strategies as st
from zlib_ng import zlib_ng

from genomearray import GenomeDB
from genomearray.errors import FormatError, GenomeArrayError, TrackExistsError, ValueRangeError
from tests import read_oracles as oracles

CONTIGS = {
    "chr2": 900, "chr1": 1000, "chr10": 700, "chrX": 500, "chrY": 400, "chrM": 160, "chr1_random": 100, "chr6_apd_hap1": 120, "chrUn_gl000211": 110,
    "chr21": 600, "chr1_KI270762v1_alt": 90, "chrEBV": 80,
}  # fmt: skip
# The appendix of the description of the old library: flag, position, CIGAR, MAPQ.
SINGLE = [
    (0, 100, "36M", 60), (16, 200, "36M", 60), (1024, 100, "36M", 60), (256, 300, "10M", 60), (2048, 300, "10M", 60), (512, 300, "10M", 60),
    (0, 400, "10M", 9), (0, 401, "10M", 10), (0, 400, "10M", 255), (0, 500, "10M20N10M", 60), (16, 500, "10M20N10M", 60), (0, 600, "10M5D10M", 60),
    (0, 650, "10M3I10M", 60), (16, 700, "5S10M5S", 60), (0, 1, "1M", 60), (0, 1, "2M", 60), (0, 990, "11M", 60),
]  # fmt: skip


def header(contigs):
    return "@HD\tVN:1.6\tSO:coordinate\n" + "".join(
        f"@SQ\tSN:{name}\tLN:{length}\n" for name, length in contigs.items()
    )


def write_sam(path, lines, contigs=CONTIGS):
    path.write_text(header(contigs) + "".join("\t".join(map(str, line)) + "\n" for line in lines))
    return path


def single_line(k, flag, pos, cigar, mapq, contig="chr1"):
    return (f"r{k}", flag, contig, pos, mapq, cigar, "*", 0, 0, "*", "*")


def pair_lines():
    """The pairs of the appendix, both mates."""
    lines, k = [], 0

    def pair(left, size, strand, *, flags=(0, 0), mapqs=(60, 60), read=20):
        nonlocal k
        k += 1
        right = left + size - read
        first, second = (left, right) if strand == "+" else (right, left)
        reverse = (0, 16) if strand == "+" else (16, 0)
        sizes = (size, -size) if strand == "+" else (-size, size)
        for at, mate, own, other, number, sign, extra, mapq in (
            (first, second, reverse[0], reverse[1], 64, sizes[0], flags[0], mapqs[0]),
            (second, first, reverse[1], reverse[0], 128, sizes[1], flags[1], mapqs[1]),
        ):
            lines.append(
                (
                    f"p{k}",
                    1 | own | 2 * other | number | extra,
                    "chr1",
                    at,
                    mapq,
                    f"{read}M",
                    "=",
                    mate,
                    sign,
                    "*",
                    "*",
                )
            )

    for left, size, strand in [(101, 147, "+"), (201, 147, "-"), (301, 148, "+"), (401, 148, "-")]:
        pair(left, size, strand)
    for left, size, strand in [(501, 116, "+"), (601, 117, "+"), (701, 172, "+"), (801, 173, "+")]:
        pair(left, size, strand)
    pair(10, 150, "+")
    pair(10, 150, "+", flags=(1024, 1024))
    pair(10, 150, "+", flags=(1024, 1024))
    pair(320, 150, "+", mapqs=(60, 0))
    pair(330, 150, "+", mapqs=(0, 60))
    lines.append(
        ("out", 1 | 16 | 64, "chr1", 200, 60, "20M", "=", 300, 120, "*", "*")
    )  # outward: read 1 is reverse and left
    lines.append(("same", 1 | 64, "chr1", 250, 60, "20M", "=", 380, 150, "*", "*"))
    lines.append(("cross", 1 | 32 | 64, "chr1", 260, 60, "20M", "chr2", 380, 0, "*", "*"))
    lines.append(("p1", 1 | 32 | 64 | 2048, "chr1", 101, 60, "20M", "=", 228, 147, "*", "*"))
    return sorted(lines, key=lambda line: line[3])


def spans(text):
    """``1:2 100-135:2`` as a dictionary of positions."""
    found = {}
    for word in text.split():
        where, count = word.split(":")
        first, _, last = where.partition("-")
        found.update(dict.fromkeys(range(int(first), int(last or first) + 1), int(count)))
    return found


def counted(db, track, chrom="chr1"):
    values = db[track].values(chrom)
    return {int(k) + 1: int(values[k]) for k in np.flatnonzero(values)}


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    lines = sorted((single_line(k, *read) for k, read in enumerate(SINGLE)), key=lambda line: line[3])
    sam = write_sam(folder / "single.sam", lines)
    bam = folder / "single.bam"
    pysam.view("-b", "-o", str(bam), str(sam), catch_stdout=False)
    return GenomeDB.create(folder / "db", "toy", CONTIGS), bam, write_sam(folder / "pairs.sam", pair_lines())


def test_golden_five_prime_ends(golden):
    db, bam, _ = golden
    import_five_prime(db, "f", "r", bam, preset="genome")
    assert counted(db, "f") == spans("1:2 100:2 300:3 400-401:1 500:1 600:1 650:1 990:1")
    assert counted(db, "r") == spans("235:1 539:1 709:1")
    import_five_prime(db, "both", "both", bam, preset="genome")
    assert counted(db, "both") == spans("1:2 100:2 235:1 300:3 400-401:1 500:1 539:1 600:1 650:1 709:1 990:1")


def test_golden_left_ends(golden):
    db, bam, _ = golden
    import_left_ends(db, "left", bam, preset="genome")
    assert counted(db, "left") == spans("1:2 100:2 200:1 300:3 400-401:1 500:2 600:1 650:1 700:1 990:1")


def test_golden_depth(golden):
    db, bam, _ = golden
    import_depth(db, "depth", bam, exclude_flags=4)
    reported = "1:2 2:1 100-135:2 200-235:1 300-309:3 400:1 401-409:2 410:1 500-509:2 530-539:2 600-624:1 650-669:1 700-709:1 990-1000:1"
    assert counted(db, "depth") == spans(reported)


def test_golden_single_end_dyads(golden):
    db, bam, _ = golden
    import_mnase(db, "se", bam, paired_end=False, reverse_track="se_r", preset="genome")
    # The golden values have 1:1 read only once at base 1 (the old library lost the other), and 1000:1 clamped.
    assert counted(db, "se") == spans("75:2 174:2 374:3 474-475:1 574:1 674:1 724:1")
    assert counted(db, "se_r") == spans("161:1 465:1 635:1")
    report = import_mnase(db, "se1", bam, paired_end=False, preset="genome", max_duplicates=1)
    assert counted(db, "se1")[374] == 1
    assert report.dropped["duplicates beyond the most that count"] == 4


def test_golden_paired_end_dyads(golden):
    db, _, sam = golden
    report = import_mnase(db, "pe", sam, paired_end=True, preset="genome")
    # 174 has no second count from the supplementary copy: secondary and supplementary records are dropped.
    assert counted(db, "pe") == spans("85:3 174:1 274:1 375:1 395:1 475:1 659:1 787:1")
    assert report.used == 10
    import_mnase(db, "pf", sam, paired_end=True, preset="genome", reverse_track="pr", max_duplicates=1)
    assert counted(db, "pf") == spans("85:1 174:1 375:1 395:1 659:1 787:1")
    assert counted(db, "pr") == spans("274:1 475:1")


def test_report_is_told_and_stored(golden):
    db, bam, _ = golden
    report = import_depth(db, "report", bam, read_length=True)
    assert report.seen == len(SINGLE)
    assert report.used == len(SINGLE) - 4
    assert report.dropped["with MAPQ below 10"] == 1
    assert report.dropped["with one of the flags 1796"] == 3
    text = db["report"].attributes["import_report"]
    assert "counted: reads with MAPQ >= 10, without flags 1796" in text
    assert "reads: 17 seen; 13 reads used" in text
    assert "read lengths: 13, 1 to 36 bp" in text


# -- random reads against the oracles ----------------------------------------------------------

BIG = {"chr1": 9_000_000, "chr2": 5_000, "tiny": 30}
EDGE = 1 << 22


def random_reads(seed, n=300, contigs=BIG):
    """Reads of all kinds, many of them around the borders of blocks and contigs."""
    rng = random.Random(seed)
    reads = []

    def cigar():
        ops = []
        for _ in range(rng.randint(1, 6)):
            kind = rng.choice("MMMMDNISHPX=")
            ops.append((kind, rng.randint(1, 3_000_000 if kind == "N" and rng.random() < 0.3 else 60)))
        return "".join(f"{length}{kind}" for kind, length in ops) if rng.random() > 0.03 else "*"

    for _ in range(n):
        contig = rng.choice(list(contigs))
        length = contigs[contig]
        near = rng.choice(
            [0, length - 1, min(EDGE, length - 1), min(2 * EDGE, length - 1), rng.randrange(length)]
        )
        pos = min(max(near + rng.randint(-120, 120), 0), length - 1)
        flag = rng.choice([0, 16, 0, 16, 4, 256, 512, 1024, 2048])
        if rng.random() < 0.6:
            size = rng.choice([rng.randint(1, 400), rng.randint(100, 180)])
            mate = (
                min(max(pos + rng.randint(-60, 60), 0), length - 1)
                if flag & 16 == 0
                else max(pos - size + 20, 0)
            )
            flag |= 1 | rng.choice([0, 2, 2]) | rng.choice([64, 128]) | rng.choice([32, 32, 0, 8])
            where = rng.choice(["=", "=", "=", "chr2"])
            tail = (where, mate + 1, size if not flag & 16 else -size)
        else:
            tail = ("*", 0, 0)
        reads.append(
            (
                f"n{rng.randrange(n // 2)}",
                flag,
                contig,
                pos + 1,
                rng.choice([0, 9, 10, 60, 255]),
                cigar(),
                *tail,
                "*",
                "*",
            )
        )
    order = list(contigs)
    return sorted(reads, key=lambda read: (order.index(read[2]), read[3]))


def make_bam(folder, name, lines, contigs=BIG):
    sam = write_sam(folder / f"{name}.sam", lines, contigs)
    bam = folder / f"{name}.bam"
    pysam.view("-b", "-o", str(bam), str(sam), catch_stdout=False)
    return bam


def reblock(bam, size):
    """The same bytes in BGZF blocks of a few bytes, with empty ones between: records cross their borders in every way."""
    plain = gzip.decompress(bam.read_bytes())
    out = []
    for at in range(0, len(plain), size):
        out.append(member(plain[at : at + size]))
        if at // size % 5 == 0:
            out.append(EOF_MARKER)
    bam.write_bytes(b"".join(out) + EOF_MARKER)
    return bam


def member(plain):
    packer = zlib_ng.compressobj(1, zlib_ng.DEFLATED, -15)
    raw = packer.compress(plain) + packer.flush()
    head = struct.pack("<4BI2BHBBHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(raw) + 25)
    return head + raw + struct.pack("<II", zlib_ng.crc32(plain), len(plain))


def check_all(db, bams, note=""):
    """Every mode equals its oracle."""
    reads = sorted(
        (read for bam in bams for read in oracles.reads_of(bam)),
        key=lambda read: (list(BIG).index(read.contig), read.start),
    )
    used = [read for read in reads if oracles.passes(read)]
    any_quality = [read for read in reads if oracles.passes(read, 0)]
    options = {"overwrite": True, "allow_empty": True}

    def same(track, counts, strand=None):
        assert oracles.differences(db[track], counts, strand) == [], note

    import_depth(db, "d", bams, reverse_track="dr", **options)
    same("d", oracles.depth_of(used, BIG), 0)
    same("dr", oracles.depth_of(used, BIG), 1)
    import_depth(db, "n", bams, preset="samtools", **options)
    same("n", oracles.depth_of(any_quality, BIG, deletions=False))
    import_depth(db, "x", bams, extend=250, **options)
    same("x", oracles.depth_of(used, BIG, extend=250))
    import_five_prime(db, "f", "r", bams, shift_forward=-200, shift_reverse=-5, **options)
    same("f", oracles.ends_of(used, BIG, forward=-200, reverse=-5), 0)
    same("r", oracles.ends_of(used, BIG, forward=-200, reverse=-5), 1)
    import_left_ends(db, "l", bams, min_mapq=60, require_flags=1, exclude_flags=16, **options)
    same("l", oracles.ends_of([read for read in reads if oracles.passes(read, 60, 16, 1)], BIG, left=True))
    import_mnase(db, "p", bams, paired_end=True, **options)
    same("p", oracles.dyads_of(used, BIG))
    import_mnase(
        db, "p2", bams, paired_end=True, max_duplicates=1, min_frag_size=1, max_frag_size=400, **options
    )
    same("p2", oracles.dyads_of(used, BIG, 1, 400, duplicates=1))
    import_depth(db, "w", bams, paired_fragments=True, **options)
    same("w", oracles.whole_fragments_of(used, BIG))


@pytest.mark.parametrize("seed", range(4))
def test_every_mode_equals_its_oracle(tmp_path, seed):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    bam = reblock(make_bam(tmp_path, "a", random_reads(seed)), 7 + 50 * seed)
    check_all(db, [bam], f"seed {seed}")


def test_many_files_are_summed_in_one_pass(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    check_all(db, [make_bam(tmp_path, f"f{seed}", random_reads(seed, 100)) for seed in range(10, 15)])


@st.composite
def proper_pairs(draw):
    """Overlapping pairs of every kind, in one small region."""
    lines = []
    for k in range(draw(st.integers(1, 25))):
        left, shift = draw(st.integers(0, 60)), draw(st.integers(0, 40))
        cigars = [
            draw(st.sampled_from(["30M", "10M5D10M", "5M30N5M", "3S8M2I9M", "1M1N1M1N40M", "12=3X2D4M"]))
            for _ in range(2)
        ]
        flags = [
            draw(st.sampled_from([3, 3, 3, 1, 3 | 2048, 3 | 1024])),
            draw(st.sampled_from([3, 3, 3, 1, 3 | 256])),
        ]
        mapqs = [draw(st.sampled_from([60, 60, 0])), draw(st.sampled_from([60, 60, 0]))]
        places = left, left + shift
        for n in range(2):
            bits = flags[n] | (64, 128)[n] | (32, 16)[n]
            lines.append(
                (
                    f"q{k}",
                    bits,
                    "chr2",
                    places[n] + 1,
                    mapqs[n],
                    cigars[n],
                    "=",
                    places[1 - n] + 1,
                    0,
                    "*",
                    "*",
                )
            )
    return sorted(lines, key=lambda line: line[3])


@given(proper_pairs())
@settings(max_examples=40, deadline=None)
def test_mates_count_once(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("once")
    db = GenomeDB.create(folder / "db", "toy", BIG)
    sam = write_sam(folder / "a.sam", lines, BIG)
    for deletions in (True, False):
        import_depth(
            db, f"once{deletions:d}", sam, mates="once", min_mapq=10, deletions=deletions, allow_empty=True
        )
        used = [read for read in oracles.reads_of(sam) if oracles.passes(read)]
        assert (
            oracles.differences(db[f"once{deletions:d}"], oracles.depth_of(used, BIG, deletions, once=True))
            == []
        )


def test_many_mates_wait(tmp_path):
    """More names than the first table holds, and mates that were filtered out never come."""
    lines = []
    for k in range(9000):
        at = 1 + k // 10
        mapq = 0 if k % 3 == 0 else 60
        lines.append((f"pair-with-a-long-name-{k}", 99, "chr2", at, 60, "90M", "=", at + 40, 130, "*", "*"))
        lines.append(
            (f"pair-with-a-long-name-{k}", 147, "chr2", at + 40, mapq, "90M", "=", at, -130, "*", "*")
        )
    lines.sort(key=lambda line: line[3])
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    sam = write_sam(tmp_path / "a.sam", lines, BIG)
    import_depth(db, "once", sam, mates="once")
    used = [read for read in oracles.reads_of(sam) if oracles.passes(read)]
    assert oracles.differences(db["once"], oracles.depth_of(used, BIG, once=True)) == []


def test_long_cigars(tmp_path):
    """More than 65,535 operations stand in the tag CG (section 4.2.2)."""
    cigar = "1M1D" * 40_000 + "5M"
    bam = tmp_path / "long.bam"
    with pysam.AlignmentFile(bam, "wb", reference_names=["chr1"], reference_lengths=[BIG["chr1"]]) as out:
        for k, tags in enumerate([[("XA", "text"), ("XB", [1, 2])], [("XH", 1.5)]]):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.flag, read.reference_id, read.reference_start, read.mapping_quality = (
                f"r{k}",
                0,
                0,
                EDGE - 100 + k,
                60,
            )
            read.cigarstring = cigar
            read.query_sequence = "A" * 40_005 if k else None
            read.tags = tags
            out.write(read)
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    import_depth(db, "d", bam, deletions=False)
    values = db["d"].values("chr1", EDGE - 100, EDGE - 100 + 80_006)
    expected = np.zeros(80_006, int)
    for k in range(2):
        expected[k : k + 80_000 : 2] += 1
        expected[k + 80_000 : k + 80_005] += 1
    assert np.array_equal(values, expected)
    import_five_prime(db, "f", "r", bam)
    assert int(db["f"].values("chr1").sum()) == 2


def test_counts_saturate_widen_or_are_refused(tmp_path):
    lines = [(f"r{k}", 0, "chr2", 11, 60, "3M", "*", 0, 0, "*", "*") for k in range(70_000)]
    sam = write_sam(tmp_path / "deep.sam", lines, BIG)
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    report = import_depth(db, "sat", sam)
    assert db["sat"].values("chr2", 9, 14).tolist() == [0, 65535, 65535, 65535, 0]
    assert report.written.saturated == 3
    assert import_depth(db, "wide", sam, overflow="widen").dtype == "uint32"
    assert db["wide"].values("chr2", 9, 14).tolist() == [0, 70000, 70000, 70000, 0]
    with pytest.raises(ValueRangeError, match="70000 does not fit"):
        import_depth(db, "no", sam, overflow="error")
    assert not db.has_track("no")


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_scaled_counts(tmp_path, store):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    bam = make_bam(tmp_path, "a", random_reads(5))
    plain = import_depth(db, "d", bam)
    report = import_depth(db, "cpm", bam, scale="cpm", store=store)
    assert report.dtype == "float32"
    import_depth(db, "half", bam, scale=0.5, dtype="float64", store=store)
    import_depth(db, "float", bam, dtype="float32", chroms=["chr1"], store=store)
    for name in BIG:
        counts = db["d"].values(name).astype(float)
        assert np.array_equal(db["cpm"].values(name), (counts * (1e6 / plain.used)).astype("float32"))
        assert np.array_equal(db["half"].values(name), counts / 2)
        assert np.array_equal(
            db["float"].values(name), counts if name == "chr1" else 0 * counts
        )  # 0 where no read lies, never NaN
    with xr.open_dataset(
        db.get_track_path("float"), engine="zarr" if store == "zarr" else "h5netcdf"
    ) as plainly:
        assert float(plainly["chr2"].sum()) == 0
        assert not bool(plainly["chr1"].isnull().any())
    with pytest.raises(ValueRangeError, match="scaled counts are fractions"):
        import_depth(db, "int", bam, scale=0.5, dtype="uint16")
    with pytest.raises(ValueRangeError, match="scale 'rpkm' is not known"):
        import_depth(db, "int", bam, scale="rpkm")
    with pytest.raises(ValueRangeError, match="option 'min_map' is not known; nearest names: 'min_mapq'"):
        import_depth(db, "int", bam, min_map=3)


# -- parts, indexes, orders --------------------------------------------------------------------


@pytest.mark.parametrize("index", [None, "bai", "csi"])
def test_parts_have_the_values_of_the_whole(tmp_path, index):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    bam = make_bam(tmp_path, "a", random_reads(21, 600))
    if index:
        pysam.index(*(["-c"] if index == "csi" else []), str(bam))
    import_depth(db, "all", bam)
    regions = ["chr1:4,194,200-4,194,400", "chr1:4194390-4194500", "chr1:8,388,000-8,389,000", "tiny"]
    bounds = {"chr1": [(4_194_199, 4_194_500), (8_387_999, 8_389_000)], "tiny": [(0, 30)], "chr2": []}
    for mode, options in (("depth", {}), ("extended", {"extend": 300})):
        import_depth(db, f"all_{mode}", bam, **options)
        import_depth(db, f"part_{mode}", bam, chroms=regions, **options)
        for name, wanted in bounds.items():
            expected = np.zeros(BIG[name], int)
            whole = db[f"all_{mode}"].values(name)
            for start, end in wanted:
                expected[start:end] = whole[start:end]
            assert np.array_equal(db[f"part_{mode}"].values(name), expected), (mode, name)
    import_mnase(db, "dyads", bam, paired_end=True, min_frag_size=1, max_frag_size=400)
    report = import_mnase(
        db, "part", bam, paired_end=True, min_frag_size=1, max_frag_size=400, chroms=regions
    )
    inside = sum(
        int(db["dyads"].values(name)[start:end].sum())
        for name, wanted in bounds.items()
        for start, end in wanted
    )
    assert report.used == inside == sum(int(db["part"].values(name).sum()) for name in BIG)


def test_an_old_index_is_not_used(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    bam = make_bam(tmp_path, "a", random_reads(3, 10))
    pysam.index(str(bam))
    index = Path(f"{bam}.bai")
    os.utime(index, (1, 1))
    bam = make_bam(tmp_path, "a", random_reads(4, 400))
    import_depth(db, "all", bam)
    import_depth(db, "part", bam, chroms=["chr2"])
    assert np.array_equal(db["all"].values("chr2"), db["part"].values("chr2"))


def test_contigs_in_another_order_need_an_index(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    one = make_bam(tmp_path, "one", random_reads(1, 200))
    turned = dict(reversed(BIG.items()))
    other = make_bam(tmp_path, "other", random_reads(2, 200, turned), turned)
    with pytest.raises(FormatError, match=r"other order than those of .*one.bam.*samtools index .*other.bam"):
        import_depth(db, "sum", [one, other])
    pysam.index(str(other))
    import_depth(db, "sum", [one, other])
    import_depth(db, "a", one)
    import_depth(db, "b", other)
    for name in BIG:
        assert np.array_equal(db["sum"].values(name), db["a"].values(name) + db["b"].values(name))


# -- forms of files ----------------------------------------------------------------------------


def test_sam_bam_cram_and_pipes_are_the_same(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    lines = random_reads(8)
    bam = make_bam(tmp_path, "a", lines)
    sam = tmp_path / "a.sam"
    packed = tmp_path / "a.sam.gz"
    packed.write_bytes(gzip.compress(sam.read_bytes()))
    cram = tmp_path / "a.cram"
    pysam.view(
        "-C", "--no-PG", "--output-fmt-option", "no_ref=1", "-o", str(cram), str(bam), catch_stdout=False
    )
    import_depth(db, "bam", bam)
    expected = {name: db["bam"].values(name) for name in BIG}
    for k, path in enumerate((sam, packed, cram)):
        import_depth(db, f"t{k}", path)
        assert all(np.array_equal(db[f"t{k}"].values(name), values) for name, values in expected.items()), (
            path
        )
    for k, path in enumerate((bam, sam, packed, cram)):
        fifo = tmp_path / f"fifo{k}"
        os.mkfifo(fifo)
        feeder = threading.Thread(target=lambda fifo=fifo, path=path: fifo.write_bytes(path.read_bytes()))
        feeder.start()
        import_depth(db, f"p{k}", fifo)
        feeder.join()
        assert all(np.array_equal(db[f"p{k}"].values(name), values) for name, values in expected.items()), (
            path
        )


def command(db, *words, stdin=None):
    program = Path(sys.executable).with_name("genomearray")
    where = ["--db", str(db.path), "--assembly", db.folder.name]
    return subprocess.run(
        [str(program), *where, *map(str, words)], input=stdin, capture_output=True, check=False
    )


def test_the_command_line(tmp_path, golden):
    _, bam, pairs = golden
    db = GenomeDB.create(tmp_path / "db", "toy", CONTIGS)
    done = command(
        db, "import", "depth", "d", "-", "--preset", "genome", "--read-length", stdin=bam.read_bytes()
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"reads: 17 seen; 16 reads used" in done.stderr
    assert counted(db, "d")[300] == 3
    done = command(
        db, "import", "mnase", "m", pairs, "--paired-end", "--exclude-flags", "0x4", "--fragment-sizes", "-"
    )
    assert done.returncode == 0
    assert b"150\t" in done.stdout
    done = command(
        db,
        "import",
        "five-prime",
        "f",
        "r",
        bam,
        "--shift-forward",
        "4",
        "--shift-reverse",
        "-5",
        "--store",
        "zarr",
    )
    assert done.returncode == 0
    assert counted(db, "f")[5] == 2
    done = command(db, "import", "left-ends", "l", bam, "--chrom", "chr1:100-300")
    assert (done.returncode, counted(db, "l")) == (
        0,
        {100: 1, 200: 1, 300: 1},
    )  # 300: supplementary, which passes
    for words, code, reported in [
        (["import", "mnase", "x", bam], 2, b"--single-end or --paired-end"),
        (["import", "depth", "x", bam, "--min-mapq", "256"], 2, b"0<=x<=255"),
        (["import", "depth", "x", bam, "--exclude-flags", "65536"], 2, b"not a set of flags"),
        (["import", "depth", "x", bam, "--extend", "-1"], 2, b"0<=x<=1000000"),
        (["import", "depth", "x", bam, "--require-flags", "4"], 1, b"no read can pass"),
        (["import", "depth", "x", "missing.bam"], 1, b"missing.bam is not there"),
        (["import", "depth", "x", tmp_path], 1, b"is a folder"),
        (["import", "five-prime", "x", "d", bam], 1, b"track 'd' exists"),
        (["import", "depth", "x", bam, "--reverse-track", "x"], 1, b"both tracks are called 'x'"),
        (["import", "depth", "x", bam, "--chrom", "chr77"], 1, b"chr77"),
        (["import", "depth", "x", bam, "--max-duplicates", "2"], 1, b"--paired-fragments"),
    ]:
        done = command(db, *words)
        assert (done.returncode, reported in done.stderr, b"Traceback" in done.stderr) == (
            code,
            True,
            False,
        ), (
            words,
            done.stderr,
        )
    assert db.list_tracks() == ["d", "f", "l", "m", "r"]
    assert not list((tmp_path / "db" / "toy").glob(".*.part"))


# -- names -------------------------------------------------------------------------------------


def test_names_and_lengths_of_contigs(tmp_path, golden):
    _, bam, _ = golden
    db = GenomeDB.create(tmp_path / "db", "small", {"chr1": 1000, "chr2": 900})
    report = import_depth(db, "d", bam)
    assert set(report.skipped) == set(CONTIGS) - {"chr1", "chr2"}
    with pytest.raises(FormatError, match="chromosome 'chr10' is not in assembly"):
        import_depth(db, "s", bam, strict=True)
    other = GenomeDB.create(tmp_path / "db", "other", {"chr1": 1001, "chr2": 900})
    with pytest.raises(FormatError, match=r"'chr1' has 1000 bp, and 'chr1' .* has 1001 bp.*chroms="):
        import_depth(other, "d", bam)
    import_depth(other, "d", bam, chroms=["chr2"], allow_empty=True)
    bare = GenomeDB.create(tmp_path / "db", "bare", {"1": 1000, "2": 900})
    with pytest.raises(FormatError, match=r"none of its contigs .* chrom_alias="):
        import_depth(bare, "d", bam)
    import_depth(bare, "d", bam, chrom_alias="ensembl")
    assert counted(bare, "d", "1")[200] == 1
    twice = GenomeDB.create(tmp_path / "db", "twice", {"chr1": 1000})
    sam = write_sam(tmp_path / "twice.sam", [], {"1": 1000, "chr1": 1000})
    with pytest.raises(FormatError, match="contigs '1' and 'chr1' are both 'chr1'"):
        import_depth(twice, "d", sam, chrom_alias={"1": "chr1"})


def test_no_read_is_an_error(tmp_path, golden):
    db, bam, _ = golden
    with pytest.raises(
        FormatError, match=r"none of 17 reads counts \(.*without the flags 2.*allow_empty=True"
    ):
        import_depth(db, "none", bam, require_flags=2)
    assert not db.has_track("none")
    import_depth(db, "none", bam, require_flags=2, allow_empty=True)
    assert not db["none"].values("chr1").any()


# -- damaged files -----------------------------------------------------------------------------


def refused(db, path, reported, **options):
    before = db.list_tracks()
    with pytest.raises(FormatError, match=reported) as caught:
        import_depth(db, "bad", path, **options)
    assert str(path) in str(caught.value)
    assert db.list_tracks() == before
    assert not list(db.folder.glob(".*.part"))


def test_damaged_files_are_refused(tmp_path, golden):
    db, bam, _ = golden
    raw = bam.read_bytes()
    path = tmp_path / "bad.bam"

    def with_bytes(data):
        path.write_bytes(data)
        return path

    refused(db, with_bytes(raw[:-28]), "end-of-file marker is missing.*allow_missing_eof=True")
    import_depth(db, "no_eof", path, allow_missing_eof=True)
    refused(db, with_bytes(raw[:-40]), "none of 0 reads counts", allow_missing_eof=True)
    refused(db, with_bytes(raw + b"garbage"), "end-of-file marker is missing")
    refused(db, with_bytes(raw + b"garbage" + EOF_MARKER), rf"block at byte {len(raw):,} is damaged")
    refused(db, with_bytes(b""), "is empty")
    refused(db, with_bytes(b"\0" * 100), "is not a BAM, SAM or CRAM file")
    for cut in (1, 9, 300):
        refused(db, with_bytes(gzip.compress(gzip.decompress(raw))[:-cut]), "htslib|cut|ends inside")
    flipped = bytearray(raw)
    flipped[100] ^= 1
    refused(db, with_bytes(bytes(flipped)), "block at byte 0 is damaged")
    plain = gzip.decompress(raw)
    refused(db, with_bytes(member(plain[:-7]) + EOF_MARKER), "record 17 is cut")
    refused(db, with_bytes(member(plain[:50]) + EOF_MARKER), "ends inside the header")
    refused(db, with_bytes(member(b"BAM\1" + struct.pack("<i", -5)) + EOF_MARKER), "header is damaged")
    refused(db, with_bytes(member(b"BAM\1" + struct.pack("<ii", 0, 0)) + EOF_MARKER), "names no contig")
    refused(
        db,
        write_sam(tmp_path / "x.sam", [("r", 0, "chr1", "x", 60, "3M", "*", 0, 0, "*", "*")]),
        "htslib cannot read it as SAM",
    )


def test_unsorted_reads_are_refused_by_their_order_not_by_the_header(tmp_path, golden):
    db = golden[0]
    lines = [single_line(0, 0, 200, "5M", 60), single_line(1, 0, 100, "5M", 60)]
    refused(
        db,
        write_sam(tmp_path / "a.sam", lines),
        r"record 2 \(chr1:100\) stands after chr1:200.*samtools sort",
    )
    lines = [single_line(0, 4, 0, "*", 0, "*"), single_line(1, 0, 100, "5M", 60)]
    refused(db, write_sam(tmp_path / "b.sam", lines), "stands after reads without a contig")
    reported = tmp_path / "c.sam"
    reported.write_text(
        write_sam(tmp_path / "d.sam", [single_line(0, 0, 100, "5M", 60)])
        .read_text()
        .replace("SO:coordinate", "SO:unsorted")
    )
    import_depth(db, "sorted_after_all", reported)


def test_every_cut_and_flipped_byte_is_told_or_harmless(tmp_path):
    """On the level of blocks: an error that names the file, or the right track."""
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    bam = reblock(make_bam(tmp_path, "a", random_reads(2, 60)), 900)
    import_left_ends(db, "right", bam)
    right = {name: db["right"].values(name) for name in BIG}
    raw, rng = bam.read_bytes(), random.Random(1)
    path = tmp_path / "b.bam"
    for _ in range(150):
        data = bytearray(raw)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(data) if rng.random() < 0.7 else raw[: rng.randrange(len(raw))])
        try:
            import_left_ends(db, "again", path, overwrite=True)
        except FormatError as error:
            assert str(path) in str(error)
        else:
            assert all(np.array_equal(db["again"].values(name), values) for name, values in right.items())


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6), st.integers(0, 3)
)
@settings(max_examples=120, deadline=None)
def test_fuzzed_records_never_crash(fuzz_files, changes, width):
    """Inside intact blocks: any bytes in any record give an error of ours or some track, never a crash or an endless loop."""
    db, plain, first, folder = fuzz_files
    data = bytearray(plain)
    for where, value in changes:
        at = first + where % (len(plain) - first)
        data[at : at + width + 1] = bytes([value]) * len(data[at : at + width + 1])
    path = folder / "fuzz.bam"
    path.write_bytes(
        b"".join(member(bytes(data[k : k + 4000])) for k in range(0, len(data), 4000)) + EOF_MARKER
    )
    for work in (
        lambda: import_depth(
            db, "a", path, overwrite=True, mates="once", min_mapq=0, read_length=True, fragment_sizes=True
        ),
        lambda: import_mnase(db, "b", path, overwrite=True, paired_end=True, max_duplicates=1, min_mapq=0),
    ):
        try:
            work()
        except GenomeArrayError as error:
            assert str(error)


@pytest.fixture(scope="module")
def fuzz_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    bam = make_bam(
        folder,
        "a",
        [line for line in random_reads(6, 80, {"chr2": 5000}) if "N" not in line[5]],
        {"chr2": 5000},
    )
    plain = gzip.decompress(bam.read_bytes())
    length = struct.unpack_from("<i", plain, 4)[0]
    return GenomeDB.create(folder / "db", "toy", {"chr2": 5000}), plain, 8 + length + 4 + 4 + 5 + 4, folder


def test_two_tracks_appear_together_or_not_at_all(tmp_path, golden, monkeypatch):
    _, bam, _ = golden
    db = GenomeDB.create(tmp_path / "db", "toy", CONTIGS)
    from genomearray.storage.write.publish import Part

    publish = Part.publish

    def taken(part):
        if part.name == "r":
            raise TrackExistsError("track 'r' exists")
        return publish(part)

    monkeypatch.setattr(Part, "publish", taken)
    with pytest.raises(TrackExistsError):
        import_five_prime(db, "f", "r", bam)
    assert db.list_tracks() == []
    assert not list(db.folder.glob(".*.part"))


def test_a_cram_without_its_reference_needs_no_network(tmp_path, golden, monkeypatch):
    """Bases are not asked for, so htslib looks for no reference: not even where REF_PATH tells it to."""
    db = GenomeDB.create(tmp_path / "db", "toy", {"chr1": 1000})
    fasta = tmp_path / "ref.fa"
    fasta.write_text(">chr1\n" + "ACGT" * 250 + "\n")
    pysam.faidx(str(fasta))
    sam = write_sam(
        tmp_path / "a.sam", [("r", 0, "chr1", 5, 60, "8M", "*", 0, 0, "ACGTACGT", "*")], {"chr1": 1000}
    )
    cram = tmp_path / "a.cram"
    pysam.view("-C", "-T", str(fasta), "-o", str(cram), str(sam), catch_stdout=False)
    shutil.move(fasta, tmp_path / "gone.fa")
    asked = tmp_path / "asked"
    monkeypatch.setenv("REF_PATH", f"{asked}/%s")
    import_depth(db, "d", cram)
    assert counted(db, "d") == dict.fromkeys(range(5, 13), 1)
    import_depth(db, "d2", cram, reference=tmp_path / "gone.fa")


def test_files_open_with_h5py(golden):
    db, bam, _ = golden
    import_depth(db, "plain", bam, overwrite=True)
    with h5py.File(db.get_track_path("plain")) as file:
        assert file["chr1"].dtype == np.uint16
        assert int(file["chr1"][...].sum()) == sum(counted(db, "plain").values())


# -- what a stranger broke ---------------------------------------------------------------------


def test_mates_with_many_runs_beyond_the_window(tmp_path):
    """The second mate leaves as many stretches beyond the window as both have operations."""
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    lines = []
    for k in range(5):
        at = EDGE - 1000 + k
        lines.append(
            (f"p{k}", 99, "chr1", at + 1, 60, "80000M" + "1N1M" * 10_000, "=", at + 11, 100_010, "*", "*")
        )
        lines.append((f"p{k}", 147, "chr1", at + 11, 60, "100000M", "=", at + 1, -100_010, "*", "*"))
    sam = write_sam(tmp_path / "a.sam", sorted(lines, key=lambda line: line[3]), BIG)
    import_depth(db, "d", sam, mates="once")
    used = [read for read in oracles.reads_of(sam) if oracles.passes(read)]
    assert oracles.differences(db["d"], oracles.depth_of(used, BIG, once=True)) == []


@pytest.mark.parametrize(
    ("cigar", "options"),
    [("10N", {}), ("10D", {"deletions": False}), ("4I", {}), ("5M", {"chroms": ["chr1:500-600"]})],
)
def test_reads_that_cover_nothing_do_not_count(tmp_path, cigar, options):
    db = GenomeDB.create(tmp_path / "db", "toy", CONTIGS)
    sam = write_sam(tmp_path / "a.sam", [single_line(0, 0, 5, cigar, 60)])
    with pytest.raises(FormatError, match="none of 1 reads counts"):
        import_depth(db, "d", sam, **options)
    spliced = write_sam(tmp_path / "b.sam", [single_line(0, 0, 5, "10M100N10M", 60)])
    with pytest.raises(FormatError, match=r"1 not on the chromosomes asked for"):
        import_depth(db, "d", spliced, chroms=["chr1:50-60"])


def test_shifts_and_an_index(tmp_path):
    """A read may count far behind its end: the index is asked for what lies that far before the region."""
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    lines = [
        (f"r{k}", 0, "chr1", at + 1, 60, "36M", "*", 0, 0, "*", "*")
        for k, at in enumerate([10, 114_000, 200_000])
    ]
    bam = make_bam(tmp_path, "a", lines)
    pysam.index(str(bam))
    report = import_left_ends(db, "l", bam, shift_forward=1000, chroms=["chr1:114689-200000"])
    assert report.used == 1
    assert np.flatnonzero(db["l"].values("chr1")).tolist() == [115_000]
    report = import_depth(db, "x", bam, extend=50_000, chroms=["chr1:160000-160001"])
    assert (report.used, int(db["x"].values("chr1").sum())) == (1, 2)


def test_an_index_of_another_file_is_refused(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    lines = random_reads(3, 300)
    pysam.index(str(make_bam(tmp_path, "a", [line for line in lines if line[2] == "chr1"])))
    index = (tmp_path / "a.bam.bai").read_bytes()
    bam = make_bam(tmp_path, "a", lines)
    (tmp_path / "a.bam.bai").write_bytes(index)
    for chroms in (["chr2"], ["chr1", "chr2"]):
        with pytest.raises(FormatError, match=r"its index does not fit.*samtools index"):
            import_depth(db, "d", bam, chroms=chroms)
    rng = random.Random(1)
    pysam.index(str(bam))
    index = (tmp_path / "a.bam.bai").read_bytes()
    for _ in range(100):
        data = bytearray(index)
        at = rng.randrange(len(data))
        data[at : at + 2] = bytes([rng.choice([0, 255, rng.randrange(256)])] * len(data[at : at + 2]))
        (tmp_path / "a.bam.bai").write_bytes(bytes(data))
        try:
            import_depth(db, "d", bam, chroms=["chr2"], overwrite=True, allow_empty=True)
        except FormatError as error:
            assert "index" in str(error) or "damaged" in str(error)


def test_a_pipe_is_not_read_twice(tmp_path, golden):
    db, bam, _ = golden
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def feed():
        with contextlib.suppress(BrokenPipeError):
            fifo.write_bytes(bam.read_bytes())

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    with pytest.raises(ValueRangeError, match="a pipe cannot be read twice"):
        import_depth(db, "pipe", fifo, scale="cpm")
    feeder.join(0.1)
    if feeder.is_alive():
        fifo.open("rb").close()


def test_contigs_that_the_header_lacks(tmp_path, golden):
    db = golden[0]
    refused(
        db,
        write_sam(
            tmp_path / "a.sam", [single_line(0, 0, 5, "10M", 60), single_line(1, 0, 5, "10M", 60, "chrZ")]
        ),
        "no such contig",
    )


def test_far_mates_are_dropped_wherever_they_lie(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    for k, (pos, mate) in enumerate([(900_000, 500_000), (8_500_000, 4_000_000)]):
        sam = write_sam(
            tmp_path / f"{k}.sam", [("r", 81, "chr1", pos, 60, "50M", "=", mate, -150, "*", "*")], BIG
        )
        report = import_mnase(db, f"m{k}", sam, paired_end=True, allow_empty=True)
        assert report.dropped["with a mate further away than a fragment can be"] == 1


def test_a_cigar_must_fit_its_sequence(tmp_path, golden):
    db = golden[0]
    sam = write_sam(tmp_path / "a.sam", [("r0", 0, "chr1", 5, 60, "4M", "*", 0, 0, "ACGT", "*")])
    bam = tmp_path / "a.bam"
    pysam.view("-b", "-o", str(bam), str(sam), catch_stdout=False)
    plain = gzip.decompress(bam.read_bytes())
    changed = plain.replace(struct.pack("<I", 4 << 4), struct.pack("<I", 40 << 4))
    assert changed != plain
    bam.write_bytes(member(changed) + EOF_MARKER)
    refused(db, bam, "its CIGAR and its sequence differ in length")


def test_a_cut_cram_is_refused(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    bam = make_bam(tmp_path, "a", random_reads(2, 3000))
    for version in ("2.1", "3.0", "3.1"):
        cram = tmp_path / "a.cram"
        pysam.view(
            "-C",
            "--output-fmt-option",
            f"version={version}",
            "--output-fmt-option",
            "no_ref=1",
            "-o",
            str(cram),
            str(bam),
            catch_stdout=False,
        )
        import_depth(db, "whole", cram, overwrite=True)
        raw = cram.read_bytes()
        for size in (len(raw) - 38, len(raw) - 30, len(raw) // 2):
            cram.write_bytes(raw[:size])
            refused(db, cram, "end-of-file marker is missing")


def test_a_first_block_of_one_byte(tmp_path, golden):
    db, bam, _ = golden
    plain = gzip.decompress(bam.read_bytes())
    path = tmp_path / "tiny.bam"
    path.write_bytes(member(plain[:1]) + member(plain[1:]) + EOF_MARKER)
    pysam.index(str(path))
    assert import_depth(db, "tiny", path, chroms=["chr1"]).used == 13


# -- fragments ---------------------------------------------------------------------------------


@pytest.mark.parametrize("store", ["h5", "zarr"])
@pytest.mark.parametrize("duplicates", [0, 1])
def test_fragments_equal_the_oracle(tmp_path, store, duplicates):
    db = GenomeDB.create(tmp_path / "db", "toy", BIG)
    bams = [make_bam(tmp_path, f"f{seed}", random_reads(seed, 2000)) for seed in (31, 32)]
    report = import_fragments(db, "t", bams, max_duplicates=duplicates, store=store)
    reads = sorted(
        (read for bam in bams for read in oracles.reads_of(bam)),
        key=lambda read: (list(BIG).index(read.contig), read.start),
    )
    found = oracles.fragments_of([read for read in reads if oracles.passes(read)], 1, 500, duplicates)
    expected = sorted(
        (contig, left, left + size, "+-"[strand])
        for contig, left, size, strand, _ in found
        if left >= 0 and left + size <= BIG[contig]
    )
    rows = db.open_features("t").to_dataframe()
    assert report.used == len(rows) == len(expected) > 20
    assert sorted(zip(rows.chrom, rows.start, rows.end, rows.strand, strict=True)) == expected
    assert (rows.score >= 10).all()


def test_fragments_on_the_command_line(tmp_path, golden):
    pairs = golden[2]
    db = GenomeDB.create(tmp_path / "db", "toy", CONTIGS)
    done = command(
        db,
        "import",
        "fragments",
        "pairs",
        pairs,
        "--preset",
        "genome",
        "--min-frag-size",
        "147",
        "--max-frag-size",
        "148",
    )
    assert done.returncode == 0
    assert b"table pairs: 4 fragments" in done.stderr
    rows = db.open_features("pairs").to_dataframe()
    assert rows.values.tolist() == [
        ["chr1", at, at + size, strand, 60]
        for at, size, strand in [(100, 147, "+"), (200, 147, "-"), (300, 148, "+"), (400, 148, "-")]
    ]
    assert b"exists" in command(db, "import", "fragments", "pairs", pairs).stderr
    with pytest.raises(ValueRangeError, match="scale is for tracks"):
        import_fragments(db, "x", pairs, scale="cpm")
