"""Real files of reads against slow oracles, against what other tools printed, and against those tools where they are installed."""

import gzip
import shutil
import subprocess
from collections import defaultdict

import numpy as np
import pysam
import pytest
from genomearray_converters import (
    import_bedgraph,
    import_bigwig,
    import_depth,
    import_five_prime,
    import_left_ends,
    import_mnase,
    import_wig,
)

from genomearray import GenomeDB
from genomearray.errors import FormatError
from tests import read_oracles as oracles
from tests.shared_data import DATA, PEERS, files, needs_shared

pytestmark = needs_shared

READS = [
    path
    for kind in ("bam", "sam", "cram")
    for path in files(kind)
    if path.suffix in (".bam", ".sam", ".cram")
]
# Reads on all chromosomes of a human genome, whose import takes seconds: a few chromosomes stand for them.
PARTS = {
    "hg18_index_test": ["chr5", "chrM"],
    "hg19_se_CTCF_ChIP_200K.derived": ["chr20", "chr22"],
    "hg38_10x_rna_cell1": ["chr19", "chr22", "chrM"],
}
# Hundred thousands of reads, or large genomes: fewer modes.
MANY = {
    "sacCer3_atac_pe_500k_SRR1822137.derived",
    "sacCer3_mnase_pe_cellcycleG2_chrII.derived",
    "hg19_atac_pe_GL1",
    "hg19_se_CTCF_ChIP_200K.derived",
    "hg38_10x_rna_cell1",
    "mm10_rna_se_MACA59_chr19",
}
UNSORTED = {
    "epic2_test.bam": "chr7:107,153,364.*stands after chr8",
    "yeast_RNASeq_excerpt.sam": "stands after reads without a contig",
}


def lengths_of(path):
    options = ["required_fields=0x1ff"] if path.suffix == ".cram" else []
    with pysam.AlignmentFile(str(path), check_sq=False, format_options=options) as file:
        return dict(zip(file.references, file.lengths, strict=True))


def database(folder, path):
    return GenomeDB.create(folder, "own", lengths_of(path))


@pytest.mark.parametrize("path", READS, ids=lambda path: path.name)
def test_real_files_equal_the_oracles(tmp_path, path):
    db = database(tmp_path, path)
    if path.name in UNSORTED:
        with pytest.raises(FormatError, match=UNSORTED[path.name]):
            import_depth(db, "d", path)
        return
    chroms = PARTS.get(path.stem, [])
    lengths = lengths_of(path)
    reads = [read for read in oracles.reads_of(path) if not chroms or read.contig in chroms]
    used = [read for read in reads if oracles.passes(read)]
    empty = {"allow_empty": True, "chroms": chroms}

    def same(track, counts, strand=None):
        assert oracles.differences(db[track], counts, strand) == [], track

    report = import_five_prime(db, "f", "r", path, shift_forward=4, shift_reverse=-5, **empty)
    same("f", oracles.ends_of(used, lengths, forward=4, reverse=-5), 0)
    same("r", oracles.ends_of(used, lengths, forward=4, reverse=-5), 1)
    assert report.used + report.dropped["outside of their chromosome"] == len(used)
    import_depth(db, "d", path, **empty)
    same("d", oracles.depth_of(used, lengths))
    if path.stem in MANY:
        return
    import_depth(db, "n", path, preset="samtools", reverse_track="nr", **empty)
    counts = oracles.depth_of((read for read in reads if oracles.passes(read, 0)), lengths, deletions=False)
    same("n", counts, 0)
    same("nr", counts, 1)
    import_depth(db, "o", path, preset="mosdepth", **empty)
    same(
        "o",
        oracles.depth_of(
            (read for read in reads if oracles.passes(read, 0)), lengths, deletions=False, once=True
        ),
    )
    import_left_ends(db, "l", path, preset="genome", **empty)
    same("l", oracles.ends_of((read for read in reads if oracles.passes(read, 10, 4)), lengths, left=True))
    import_mnase(db, "m", path, paired_end=True, max_duplicates=1, **empty)
    same("m", oracles.dyads_of(used, lengths, duplicates=1))
    import_mnase(db, "s", path, paired_end=False, **empty)
    same("s", oracles.ends_of(used, lengths, forward=74, reverse=-74))
    import_depth(db, "w", path, paired_fragments=True, **empty)
    same("w", oracles.whole_fragments_of(used, lengths))


# -- what other tools printed ------------------------------------------------------------------


def runs_of(lines):
    """Runs of a bedGraph by contig; those of 0 are left out."""
    runs = defaultdict(list)
    for line in lines:
        contig, start, end, value = line.split()
        if float(value):
            runs[contig].append((int(start), int(end), int(float(value))))
    return runs


def depth_runs(lines):
    """The same for samtools depth: contig, position (1-based), depth."""
    return runs_of(
        f"{contig} {int(pos) - 1} {pos} {depth}" for contig, pos, depth in (line.split() for line in lines)
    )


def assert_runs(track, runs):
    """A track has these runs, and no other counts."""
    for contig in track.chromosomes:
        wanted = runs.get(contig, [])
        total = int(track.region_stats([(contig, 0, track.length(contig))])["sum"].iloc[0])
        assert total == sum((end - start) * value for start, end, value in wanted), contig
        if wanted:
            low, high = min(run[0] for run in wanted), max(run[1] for run in wanted)
            expected = np.zeros(high - low, np.int64)
            for start, end, value in wanted:
                expected[start - low : end - low] = value
            assert np.array_equal(track.values(contig, low, high), expected), contig


def lines_of(name):
    return gzip.decompress((PEERS / "generated" / name).read_bytes()).decode().splitlines()


GENERATED = sorted(PEERS.glob("generated/*.genomecov_5p_fwd.bedgraph.gz")) if PEERS.is_dir() else []


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name.split(".genomecov")[0])
def test_outputs_of_bedtools_and_samtools(tmp_path, path):
    stem = path.name.split(".genomecov")[0]
    bam = DATA / "bam" / f"{stem}.bam"
    db = database(tmp_path, bam)
    chroms = PARTS.get(stem, [])
    wide = {"preset": "bedtools", "dtype": "uint32", "chroms": chroms}

    def golden(name):
        runs = runs_of(lines_of(name))
        return {contig: found for contig, found in runs.items() if not chroms or contig in chroms}

    import_five_prime(db, "f", "r", bam, **wide)
    assert_runs(db["f"], golden(path.name))
    assert_runs(db["r"], golden(f"{stem}.genomecov_5p_rev.bedgraph.gz"))
    folder = PEERS / "generated"
    spliced = (folder / f"{stem}.genomecov_split_bg.bedgraph.gz").exists() or stem == "dm3_chip_se_x"
    if (folder / f"{stem}.genomecov_split_bg.bedgraph.gz").exists():
        import_depth(db, "split", bam, **wide)
        assert_runs(db["split"], golden(f"{stem}.genomecov_split_bg.bedgraph.gz"))
    if not spliced:
        import_depth(db, "bg", bam, **wide)  # bedtools leaves deletions out, also without -split
        assert_runs(db["bg"], golden(f"{stem}.genomecov_bg.bedgraph.gz"))
    # In the ATAC file both mates of a short fragment begin at one base and have a negative TLEN: the size is TLEN, so we drop them.
    if (folder / f"{stem}.genomecov_pc_bg.bedgraph.gz").exists() and "atac" not in stem:
        import_depth(db, "pc", bam, paired_fragments=True, require_flags=2, max_frag_size=100_000, **wide)
        assert_runs(db["pc"], golden(f"{stem}.genomecov_pc_bg.bedgraph.gz"))
    if (folder / f"{stem}.samtools_depth.txt.gz").exists():
        import_depth(db, "samtools", bam, preset="samtools", dtype="uint32")
        assert_runs(db["samtools"], depth_runs(lines_of(f"{stem}.samtools_depth.txt.gz")))


def test_output_of_metaseq(tmp_path):
    bam = DATA / "bam" / "dm3_chip_se_x.bam"
    db = database(tmp_path, bam)
    import_depth(db, "d", bam, preset="bedtools")
    bigwig = next(PEERS.glob("metaseq/metaseq/test/data/x.bigwig"))
    import_bigwig(db, "x", bigwig, skip_unknown=True)
    for contig in ("chr2L",):
        assert np.array_equal(db["d"].values(contig), np.nan_to_num(db["x"].values(contig)))


@pytest.mark.parametrize(("end", "strand"), [("fiveprime", "fw"), ("fiveprime", "rc")])
def test_output_of_plastid(tmp_path, end, strand):
    bam = DATA / "bam" / "sacCer3_riboseq_like_plastid_gen_reads.bam"
    db = database(tmp_path, bam)
    import_five_prime(db, "fw", "rc", bam, preset="bedtools")
    wig = PEERS / "plastid" / f"gen_reads_{end}_0_{strand}.wig"
    lines = [line for line in wig.read_text().splitlines() if not line.startswith("track")]
    load = import_wig if any("Step" in line for line in lines) else import_bedgraph
    load(db, "golden", wig)
    assert sum(int(db[strand].values(contig).sum()) for contig in db[strand].chromosomes) > 0
    for contig in db[strand].chromosomes:
        assert np.array_equal(db[strand].values(contig), np.nan_to_num(db["golden"].values(contig))), contig


def test_goldens_of_mosdepth(tmp_path):
    """functional-tests.sh of mosdepth: mates of ovl.bam cover 80 bases once; with fast mode, which we have not, 6 twice."""
    bam = PEERS / "mosdepth" / "tests" / "ovl.bam"
    db = database(tmp_path, bam)
    import_depth(db, "once", bam, preset="mosdepth")
    assert_runs(db["once"], {"MT": [(0, 80, 1)]})
    import_depth(db, "twice", bam, preset="mosdepth", mates="twice")
    assert int(db["twice"].values("MT").max()) == 2


def test_goldens_of_bedtools(tmp_path):
    """test-genomecov.sh of bedtools: t2 (three blocks, -split) and the deletion of sam-w-del (t9: -split leaves it out)."""
    folder = PEERS / "bedtools2" / "test" / "genomecov"
    db = database(tmp_path, folder / "three_blocks.sam")
    import_depth(db, "t2", folder / "three_blocks.sam", preset="bedtools")
    assert_runs(db["t2"], {"chr1": [(0, 10, 1), (20, 30, 1), (40, 50, 1)]})
    blocks = [folder / f"{name}.sam" for name in ("one_block", "two_blocks", "three_blocks")]
    import_depth(db, "merged", blocks, preset="bedtools")
    expected = np.zeros(1000, int)
    for path in blocks:
        import_depth(db, path.stem, path, preset="bedtools")
        expected += db[path.stem].values("chr1")
    assert np.array_equal(db["merged"].values("chr1"), expected)


# -- the tools themselves ----------------------------------------------------------------------

LIVE = [
    "hg19_wgs_pe_NA12878_chr20_10_10p1mb.bam",
    "rCRS_mt_pe_deep450x.bam",
    "mosdepth_empty-tids_199refs.bam",
    "dm3_rna_se_GSM461176.bam",
    "nanopore_longread_mosdepth.bam",
]


def needs(tool):
    found = (
        shutil.which(tool) is not None
        and subprocess.run([tool, "--version"], capture_output=True, check=False).returncode == 0
    )
    return pytest.mark.skipif(not found, reason=f"{tool} is not installed")


@needs("mosdepth")
@pytest.mark.parametrize("name", LIVE)
def test_mosdepth_itself(tmp_path, name):
    bam = tmp_path / name
    shutil.copy(DATA / "bam" / name, bam)
    pysam.index(str(bam))
    subprocess.run(["mosdepth", tmp_path / "m", bam], check=True)
    db = database(tmp_path / "db", bam)
    import_depth(db, "d", bam, preset="mosdepth", dtype="uint32", allow_empty=True)
    assert_runs(
        db["d"], runs_of(gzip.decompress((tmp_path / "m.per-base.bed.gz").read_bytes()).decode().splitlines())
    )


@needs("samtools")
@pytest.mark.parametrize("name", LIVE)
def test_samtools_depth_itself(tmp_path, name):
    bam = DATA / "bam" / name
    db = database(tmp_path, bam)
    for options, more in (({}, []), ({"deletions": True, "min_mapq": 20}, ["-J", "-Q", "20"])):
        import_depth(
            db, "d", bam, preset="samtools", dtype="uint32", overwrite=True, allow_empty=True, **options
        )
        reported = subprocess.run(
            ["samtools", "depth", *more, bam], check=True, capture_output=True, text=True
        ).stdout
        assert_runs(db["d"], depth_runs(reported.splitlines()))


@needs("bedtools")
@pytest.mark.parametrize("name", LIVE[1:])  # on a human genome it takes a minute
def test_bedtools_genomecov_itself(tmp_path, name):
    bam = DATA / "bam" / name
    db = database(tmp_path, bam)

    def reported(*words):
        return runs_of(
            subprocess.run(
                ["bedtools", "genomecov", "-ibam", bam, "-bg", *words],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.splitlines()
        )

    import_depth(db, "d", bam, preset="bedtools", dtype="uint32")
    assert_runs(db["d"], reported("-split"))
    import_five_prime(db, "f", "r", bam, preset="bedtools", dtype="uint32")
    assert_runs(db["f"], reported("-5", "-strand", "+"))
    assert_runs(db["r"], reported("-5", "-strand", "-"))


# -- odd files ---------------------------------------------------------------------------------

ODD = {
    "index_test_no_eof.bam": "end-of-file marker is missing",
    "samtools_1.quickcheck.badeof.bam": "end-of-file marker is missing",
    "samtools_2.quickcheck.badheader.bam": "its header cannot be read",
    "samtools_10.quickcheck.notargets.bam": "names no contig",
    "truncated_htsjdk.bam": "end-of-file marker is missing",
}


@pytest.mark.parametrize(
    "path", [path for path in files("odd") if path.suffix in (".bam", ".sam")], ids=lambda path: path.name
)
def test_odd_files(tmp_path, path):
    """Each gives the right track or a clear error and no track."""
    if path.name in ODD:
        db = GenomeDB.create(tmp_path, "own", {"chr1": 247249719})
        with pytest.raises(FormatError, match=ODD[path.name]):
            import_depth(db, "d", path)
        assert db.list_tracks() == []
        return
    db, lengths = database(tmp_path, path), lengths_of(path)
    import_depth(db, "d", path)
    import_depth(db, "part", path, chroms=[next(iter(lengths))], allow_empty=True)  # .csi beyond 2^29
    counts = oracles.depth_of((read for read in oracles.reads_of(path) if oracles.passes(read)), lengths)
    assert oracles.differences(db["d"], counts) == []
    first = next(iter(lengths))
    low, high = (counts.runs(first)[0][0], counts.runs(first)[-1][1]) if counts.runs(first) else (0, 0)
    assert np.array_equal(db["part"].values(first, low, high), db["d"].values(first, low, high))


def test_without_its_marker_a_whole_file_still_imports(tmp_path):
    db = GenomeDB.create(tmp_path, "hg18", DATA / "chromsizes" / "hg18.chrom.sizes")
    report = import_left_ends(
        db, "l", DATA / "odd" / "index_test_no_eof.bam", allow_missing_eof=True, chroms=["chr22"]
    )
    assert report.used == int(db["l"].values("chr22").sum()) > 0


def test_a_cut_file_is_read_as_far_as_it_goes(tmp_path):
    db = GenomeDB.create(tmp_path, "own", {"chr1": 1_000_000})
    bam = tmp_path / "a.bam"
    with pysam.AlignmentFile(bam, "wb", reference_names=["chr1"], reference_lengths=[1_000_000]) as out:
        for k in range(5000):
            read = pysam.AlignedSegment(out.header)
            (
                read.query_name,
                read.flag,
                read.reference_id,
                read.reference_start,
                read.mapping_quality,
                read.cigarstring,
            ) = (
                f"read{k}",
                0,
                0,
                7 * k,
                60,
                "5M",
            )
            out.write(read)
    raw = bam.read_bytes()
    bam.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(FormatError, match="end-of-file marker is missing"):
        import_left_ends(db, "l", bam)
    report = import_left_ends(db, "l", bam, allow_missing_eof=True)
    assert 0 < report.used < 5000
    assert np.array_equal(np.flatnonzero(db["l"].values("chr1")), 7 * np.arange(report.used))
    assert "is cut: what stood after its last whole record is lost" in str(report)
