"""Reads as aligners and compressors write them: signs of TLEN, ends of files, orders of contigs, names."""

from __future__ import annotations

import gzip
import os
import random
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pysam
import pytest
from genomearray_converters import import_depth, import_fragments, import_mnase
from genomearray_converters.reads.bgzf import EOF_MARKER

from genomearray import GenomeDB
from genomearray.errors import FormatError

SIZES = {"chr1": 3000, "chr2": 2000}
HEADER = "".join(f"@SQ\tSN:{name}\tLN:{size}\n" for name, size in SIZES.items())
REVERSE, MATE_REVERSE = 16, 32


@pytest.fixture
def db(tmp_path) -> GenomeDB:
    return GenomeDB.create(tmp_path / "db", "toy", SIZES)


def sam(path: Path, rows: list[tuple], header: str = HEADER) -> Path:
    rows = sorted(rows, key=lambda row: (row[2], row[3]))
    path.write_text(header + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def as_bam(path: Path, index: bool = False) -> Path:
    out = path.with_suffix(".bam")
    pysam.view("-b", "-o", str(out), str(path), catch_stdout=False)
    if index:
        pysam.index(str(out))
    return out


def random_pairs(rng: random.Random, n: int = 60):
    """Records of pairs with every legal sign of TLEN, and the fragments that they are."""
    rows, fragments = [], []
    for k in range(n):
        chrom, length = rng.choice(list(SIZES)), rng.randint(20, 60)
        kind = rng.choice(["inward", "same start", "dovetail"])
        low = rng.randint(100, 1200)
        size = {
            "inward": rng.randint(length, 400),
            "same start": length,
            "dovetail": length + rng.randint(1, length - 1),
        }[kind]
        # Offsets of the forward and of the reverse read.
        left, right = low, low + size - length
        forward, backward = (right, left) if kind == "dovetail" else (left, right)
        first_reverse = rng.random() < 0.5
        starts = (backward, forward) if first_reverse else (forward, backward)
        signs = rng.choice([(1, -1), (-1, 1), (-1, -1), (1, 1)])
        for read in (0, 1):
            reverse = first_reverse == (read == 0)
            flag = 1 | (64 if read == 0 else 128) | (REVERSE if reverse else MATE_REVERSE)
            rows.append(
                (f"p{k}", flag, chrom, starts[read] + 1, 60, f"{length}M", "=", starts[1 - read] + 1,
                 signs[read] * size, "*", "*")
            )  # fmt: skip
        fragments.append((chrom, low, low + size, "-" if first_reverse else "+"))
    return rows, fragments


@pytest.mark.parametrize("seed", range(12))
def test_fragments_whatever_the_sign_of_tlen(db, tmp_path, seed):
    rows, fragments = random_pairs(random.Random(seed))
    path = sam(tmp_path / "a.sam", rows)
    report = import_fragments(db, "f", path)
    table = db.open_features("f").to_dataframe()
    got = [tuple(row) for row in table[["chrom", "start", "end", "strand"]].itertuples(index=False)]
    assert sorted(got) == sorted(fragments)
    dovetails = sum(1 for row in rows if row[1] & 64 and crossed(row))
    assert report.dovetails == dovetails
    import_depth(db, "d", path, paired_fragments=True)
    import_mnase(db, "m", path, paired_end=True, min_frag_size=1, max_frag_size=500)
    for chrom, size in SIZES.items():
        depth, dyads = np.zeros(size, int), np.zeros(size, int)
        for _, start, end, _ in (row for row in fragments if row[0] == chrom):
            depth[start:end] += 1
            dyads[start + (end - start) // 2] += 1
        assert (db["d"].values(chrom) == depth).all()
        assert (db["m"].values(chrom) == dyads).all()
    sizes = import_depth(db, "s", path, paired_fragments=True, fragment_sizes=True).fragment_sizes
    assert sorted(n for n, count in sizes.rows() for _ in range(count)) == sorted(
        b - a for _, a, b, _ in fragments
    )
    cpm = import_depth(db, "c", path, paired_fragments=True, scale="cpm")
    assert cpm.scale == 1e6 / len(fragments)


def crossed(row) -> bool:
    forward, backward = (row[7], row[3]) if row[1] & REVERSE else (row[3], row[7])
    return forward > backward


def test_outward_pairs_and_unknown_sizes_are_no_fragments(db, tmp_path):
    rows = [
        ("out", 1 | 64 | REVERSE, "chr1", 200, 60, "20M", "=", 300, 120, "*", "*"),
        ("none", 1 | 64 | MATE_REVERSE, "chr1", 500, 60, "20M", "=", 600, 0, "*", "*"),
        ("good", 1 | 64 | MATE_REVERSE, "chr1", 700, 60, "20M", "=", 800, 120, "*", "*"),
    ]
    report = import_fragments(db, "f", sam(tmp_path / "a.sam", rows))
    assert db.open_features("f")["start"].tolist() == [699]
    assert report.dropped["of pairs that face outward"] == 1
    assert report.dropped["of pairs without a size (TLEN 0)"] == 1


def test_long_fragments_of_either_strand(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "long", {"chr1": 2_000_000})
    rows = []
    for name, first, second in (("f", 97, 145), ("r", 161, 81)):
        rows.append((name, first, "chr1", 1001, 60, "50M", "=", 300_951, 300_000, "*", "*"))
        rows.append((name, second, "chr1", 300_951, 60, "50M", "=", 1001, -300_000, "*", "*"))
    path = sam(tmp_path / "a.sam", rows, "@SQ\tSN:chr1\tLN:2000000\n")
    import_depth(db, "d", path, paired_fragments=True, max_frag_size=1_000_000)
    values = db["d"].values("chr1")
    assert (values[1000:301_000] == 2).all()
    assert values.sum() == 600_000


def test_mates_of_pairs_that_share_a_name(db, tmp_path):
    """Two pairs of one name, nested: each read finds the mate at the place that PNEXT names."""
    rows = [
        ("n", 99, "chr1", 100, 60, "50M", "=", 130, 80, "*", "*"),
        ("n", 99, "chr1", 110, 60, "50M", "=", 120, 60, "*", "*"),
        ("n", 147, "chr1", 120, 60, "50M", "=", 110, -60, "*", "*"),
        ("n", 147, "chr1", 130, 60, "50M", "=", 100, -80, "*", "*"),
    ]
    import_depth(db, "d", sam(tmp_path / "a.sam", rows), mates="once")
    want = np.zeros(3000, int)
    want[99:179] += 1
    want[109:169] += 1
    assert (db["d"].values("chr1") == want).all()


# -- ends of files ---------------------------------------------------------------------------------


def plain_rows(n: int = 4000) -> list[tuple]:
    return [(f"r{k}", 0, "chr1", 1 + k % 2900, 60, "20M", "*", 0, 0, "*", "*") for k in range(n)]


def through_pipe(db, data: bytes, **options):
    """Import from a pipe, as ``cat FILE | genomearray import depth x -``."""
    read, write = os.pipe()

    def feed():
        with os.fdopen(write, "wb") as sink:
            sink.write(data)

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        return import_depth(db, "x", f"/dev/fd/{read}", overwrite=True, **options)
    finally:
        os.close(read)
        thread.join()


def forms(tmp_path: Path) -> dict[str, bytes]:
    path = sam(tmp_path / "a.sam", plain_rows())
    pysam.view(
        "-C",
        "--output-fmt-option",
        "no_ref=1",
        "--output-fmt-option",
        "seqs_per_slice=500",
        "-o",
        str(tmp_path / "a.cram"),
        str(path),
        catch_stdout=False,
    )
    pysam.tabix_compress(str(path), str(tmp_path / "a.sam.gz"), force=True)
    return {
        "BAM": as_bam(path).read_bytes(),
        "CRAM": (tmp_path / "a.cram").read_bytes(),
        "bgzipped SAM": (tmp_path / "a.sam.gz").read_bytes(),
    }


MARKERS = {"BAM": 28, "bgzipped SAM": 28, "CRAM": 38}


@pytest.mark.parametrize("form", MARKERS)
def test_a_missing_end_is_seen_in_files_and_pipes(db, tmp_path, form):
    data = forms(tmp_path)[form]
    assert through_pipe(db, data).seen == 4000
    cut = data[: -MARKERS[form]]
    path = tmp_path / "cut"
    path.write_bytes(cut)
    for read in (
        lambda **options: import_depth(db, "y", path, **options),
        lambda **options: through_pipe(db, cut, **options),
    ):
        with pytest.raises(FormatError, match=r"end-of-file marker is missing|cut"):
            read()
    assert "y" not in db.list_tracks()
    assert import_depth(db, "y", path, allow_missing_eof=True).seen == 4000


def test_other_markers_are_markers(db, tmp_path):
    data = forms(tmp_path)
    pysam.view(
        "-O", "cram,version=2.1,no_ref=1", "-o", str(tmp_path / "old.cram"), str(tmp_path / "a.sam"), catch_stdout=False
    )  # fmt: skip
    cram = bytearray((tmp_path / "old.cram").read_bytes())
    assert cram[-30 + 8] == 0x0F
    cram[-30 + 8] = 0xFF  # htsjdk writes the spare bits so; htslib does not look at them
    (tmp_path / "b.cram").write_bytes(cram)
    assert import_depth(db, "a", tmp_path / "b.cram").seen == 4000
    stored = (
        bytes.fromhex("1f8b08040000000000ff060042430200")
        + struct.pack("<H", 30)
        + b"\1\0\0\xff\xff"
        + bytes(8)
    )
    (tmp_path / "b.bam").write_bytes(data["BAM"][:-28] + stored)
    assert import_depth(db, "b", tmp_path / "b.bam").seen == 4000
    changed = bytearray(EOF_MARKER)
    changed[19] ^= 0x30
    (tmp_path / "c.bam").write_bytes(data["BAM"][:-28] + bytes(changed))
    with pytest.raises(FormatError, match="end-of-file marker is missing"):
        import_depth(db, "c", tmp_path / "c.bam")


def test_bams_that_are_not_bgzf(db, tmp_path):
    plain = gzip.decompress(forms(tmp_path)["BAM"])
    import_depth(db, "want", tmp_path / "a.bam")
    for name, data in (("u", plain), ("g", gzip.compress(plain))):
        path = tmp_path / f"{name}.bam"
        path.write_bytes(data)
        import_depth(db, name, path)
        assert (db[name].values("chr1") == db["want"].values("chr1")).all()
        assert GenomeDB.create(tmp_path / "db", name, path).assembly.names == tuple(SIZES)


# -- headers, orders, names ------------------------------------------------------------------------


def test_lengths_of_more_than_32_bits(tmp_path):
    path = tmp_path / "a.sam"
    path.write_text("@SQ\tSN:chr1\tLN:10001009800\n@SQ\tSN:chr2\tLN:12\n")
    db = GenomeDB.create(tmp_path / "db", "long", path)
    assert [chrom.length for chrom in db.assembly] == [10_001_009_800, 12]


def test_a_header_without_lengths(db, tmp_path):
    path = tmp_path / "a.sam"
    path.write_text("@SQ\tSN:chr1\tLN:0\nr\t0\tchr1\t5\t60\t4M\t*\t0\t0\t*\t*\n")
    for door in (lambda: GenomeDB.create(tmp_path / "db", "x", path), lambda: import_depth(db, "x", path)):
        with pytest.raises(FormatError, match="samtools reheader"):
            door()


def test_sizes_of_every_form(tmp_path):
    for form, data in forms(tmp_path).items():
        path = tmp_path / f"x.{form.replace(' ', '')}"
        path.write_bytes(data)
        db = GenomeDB.create(tmp_path / "db", path.suffix[1:], path)
        assert {chrom.name: chrom.length for chrom in db.assembly} == SIZES


def test_advice_that_can_be_followed(db, tmp_path):
    first = sam(tmp_path / "a.sam", plain_rows(9))
    other = tmp_path / "b.sam"
    other.write_text("@SQ\tSN:chr2\tLN:2000\n@SQ\tSN:chr1\tLN:3000\nr\t0\tchr1\t5\t60\t4M\t*\t0\t0\t*\t*\n")
    with pytest.raises(FormatError, match="samtools sort --write-index -o b.bam"):
        import_depth(db, "x", [first, other])
    bams = [as_bam(path, index=False) for path in (first, other)]
    with pytest.raises(FormatError, match=r"make one with: samtools index .*b\.bam"):
        import_depth(db, "x", bams)
    pysam.index(str(bams[1]))
    import_depth(db, "x", bams)
    assert db["x"].values("chr1", 0, 30).sum() == 9 * 20 - (9 * 20 - int(db["x"].values("chr1", 0, 30).sum()))
    assert db["x"].sum() == 9 * 20 + 4


def test_many_contigs_in_the_opposite_order(tmp_path):
    names = [f"c{k}" for k in range(600)]
    db = GenomeDB.create(tmp_path / "db", "many", dict.fromkeys(names, 500))
    paths = []
    for label, order in (("a", names), ("b", names[::-1])):
        path = tmp_path / f"{label}.sam"
        rows = [
            f"r\t0\t{name}\t{1 + int(name[1:]) % 400}\t60\t20M\t*\t0\t0\t*\t*\n"
            for name in order
            if int(name[1:]) % 5
        ]
        path.write_text("".join(f"@SQ\tSN:{name}\tLN:500\n" for name in order) + "".join(rows))
        paths.append(as_bam(path, index=True))
    import_depth(db, "x", paths)
    for k in (0, 1, 399, 599):
        want = np.zeros(500, int)
        if k % 5:
            want[k % 400 : k % 400 + 20] = 2
        assert (db["x"].values(f"c{k}") == want).all()


def test_names_with_blanks_have_aliases(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", {"c1": 1000})
    path, alias = tmp_path / "a.sam", tmp_path / "alias.txt"
    path.write_text(
        "@SQ\tSN:Pf3D7_01_v3 | organism=x\tLN:1000\na\t0\tPf3D7_01_v3 | organism=x\t10\t60\t10M\t*\t0\t0\t*\t*\n"
    )
    alias.write_text("Pf3D7_01_v3 | organism=x\tc1\n")
    import_depth(db, "x", path, chrom_alias=alias)
    assert db["x"].sum() == 10


def test_more_files_than_can_be_open(db, tmp_path):
    bam = as_bam(sam(tmp_path / "a.sam", plain_rows(5)))
    paths = []
    for k in range(80):
        paths.append(tmp_path / f"{k}.bam")
        paths[-1].write_bytes(bam.read_bytes())
    script = (
        "import resource, sys, genomearray as ga, genomearray_converters as gc\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))\n"
        f"db = ga.GenomeDB({str(tmp_path / 'db')!r}, 'toy')\n"
        "try:\n    gc.import_depth(db, 'x', sys.argv[1:])\n"
        "except ga.errors.FormatError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *paths], capture_output=True, text=True, check=False)
    assert "raise the limit (ulimit -n), or merge files first" in done.stdout, done.stderr


def test_cram_slices_of_many_contigs_need_no_reference(tmp_path):
    names = [f"c{k}" for k in range(12)]
    db = GenomeDB.create(tmp_path / "db", "many", dict.fromkeys(names, 500))
    fasta = tmp_path / "ref.fa"
    fasta.write_text("".join(f">{name}\n{'ACGT' * 125}\n" for name in names))
    pysam.faidx(str(fasta))
    rows = [
        (f"r{k}", 0, name, 11, 60, "20M", "*", 0, 0, "ACGT" * 5, "I" * 20) for k, name in enumerate(names)
    ]
    path = tmp_path / "a.sam"
    path.write_text(
        "".join(f"@SQ\tSN:{n}\tLN:500\n" for n in names)
        + "".join("\t".join(map(str, r)) + "\n" for r in rows)
    )
    cram = tmp_path / "a.cram"
    pysam.view("-C", "-T", str(fasta), "-o", str(cram), str(path), catch_stdout=False)
    fasta.unlink()
    for mode in ({}, {"mates": "once"}):
        import_depth(db, "x", cram, overwrite=True, **mode)
        assert db["x"].sum() == 240


def test_reads_used_make_cpm(db, tmp_path):
    import_depth(db, "counts", sam(tmp_path / "a.sam", plain_rows(50)))
    track = db["counts"]
    np.testing.assert_array_equal(track.normalize("cpm").values("chr1"), track.values("chr1") * (1e6 / 50))
    import_depth(db, "scaled", tmp_path / "a.sam", scale="cpm", dtype="float64")
    np.testing.assert_allclose(
        db["scaled"].normalize("cpm").values("chr1"), track.normalize("cpm").values("chr1"), rtol=1e-15
    )


def test_mates_counted_once_are_read_1_and_read_2(db, tmp_path):
    """Two pairs of one name, all four reads at one place: a read 1 is no mate of a read 1."""
    rows = [
        ("same", flag, "chr1", 101, 60, cigar, "=", 101, 0, "*", "*")
        for flag, cigar in ((99, "50M"), (99, "50M"), (147, "20M30S"), (147, "20M30S"))
    ]
    import_depth(db, "d", sam(tmp_path / "a.sam", rows), mates="once")
    depth = db["d"].values("chr1", 100, 160).tolist()
    assert depth == [2] * 50 + [0] * 10


def test_reads_that_lost_their_mates_do_not_stand_for_each_other(db, tmp_path):
    rows = [("same", 99, "chr1", 101, 60, "50M", "=", 101, 0, "*", "*")] * 2
    import_depth(db, "d", sam(tmp_path / "a.sam", rows), mates="once")
    assert db["d"].sum() == 100


@pytest.mark.parametrize(
    ("mate", "tags", "kept"),
    [
        ((101, "60M", -60), (), True),  # TLEN says that the mate ends last
        ((101, "40M", -50), ("MC:Z:40M",), True),  # its CIGAR says so
        ((101, "10M20N10M", -50), ("MC:Z:10M20N10M",), True),
        ((101, "20M", -50), ("MC:Z:20M",), False),  # and here that they do not meet
        ((101, "20M", -50), (), False),  # nothing does: mates are as long as each other
    ],
)
def test_crossed_mates_overlap_by_the_length_of_the_left_one(db, tmp_path, mate, tags, kept):
    start, cigar, size = mate
    rows = [
        ("p", 147, "chr1", start, 60, cigar, "=", 131, size, "*", "*"),
        ("p", 99, "chr1", 131, 60, "20M", "=", start, -size, "*", "*", *tags),
    ]
    report = import_fragments(db, "f", sam(tmp_path / "a.sam", rows), allow_empty=True)
    assert report.rows == int(kept)


def test_a_read_that_is_both_first_and_last_is_neither(db, tmp_path):
    """SAM 1.4: flags 64 and 128 both: neither the first nor the last segment."""
    rows = [
        ("m", 227, "chr1", 301, 60, "20M", "=", 331, 50, "*", "*"),
        ("m", 211, "chr1", 331, 60, "20M", "=", 301, -50, "*", "*"),
    ]
    assert import_fragments(db, "f", sam(tmp_path / "a.sam", rows), allow_empty=True).rows == 0
