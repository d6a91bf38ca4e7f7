"""What the old library did, row by row of its table of features, with its golden values; docs/from-genome.md cites these tests."""

from __future__ import annotations

import gzip
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from genomearray_converters import (
    export_bigwig,
    export_wig,
    export_xb,
    import_bed,
    import_bedgraph,
    import_depth,
    import_fasta,
    import_five_prime,
    import_fragments,
    import_genes,
    import_left_ends,
    import_mnase,
    import_text,
    import_wig,
    import_xb,
)

import genomearray as ga
from genomearray import GenomeDB
from genomearray.compute.composition import total
from genomearray.errors import (
    DatabaseError,
    FormatError,
    RegionError,
    TrackExistsError,
    UnknownChromosomeError,
    ValueRangeError,
)
from tests import old_files
from tests.converters.test_bam import counted, golden, spans  # noqa: F401 - golden is a fixture
from tests.old_files import CONTIGS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs" / "from-genome.md"


@pytest.fixture
def toy(tmp_path) -> GenomeDB:
    return GenomeDB.create(tmp_path / "db", "toy", CONTIGS)


def text(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    return path


# -- the rows of the table ------------------------------------------------------------------------


def test_database_of_tracks(toy, monkeypatch):
    toy.save_track("a/b/c", {"chrM": np.ones(160, "uint8")})
    assert toy.list_tracks() == ["a/b/c"]
    assert toy.has_track("a/b/c")
    monkeypatch.setenv("GENOME_DB", str(toy.path))
    monkeypatch.setenv("GENOME_ASSEMBLY", "toy")
    assert GenomeDB().open_track("a/b/c").sum() == 160
    with pytest.raises(TrackExistsError, match="a/b/c"):
        toy.create_track("a/b/c")
    toy.save_track("a/b/c", {"chrM": np.zeros(160, "uint8")}, overwrite=True, store="zarr")
    assert toy["a/b/c"].sum() == 0
    monkeypatch.delenv("GENOME_ASSEMBLY")
    with pytest.raises(DatabaseError, match="no assembly is named"):
        GenomeDB()


def test_chromosome_table(tmp_path):
    """Any order in; idnum, order and flags out, right where the old ones were not."""
    path = text(
        tmp_path,
        "chromInfo.txt.gz",
        "".join(f"{name}\t{length}\t/gbdb/x.2bit\n" for name, length in CONTIGS.items()),
    )
    db = GenomeDB.create(tmp_path / "db", "toy", path)
    chroms = db.get_all_chromosomes()
    assert [c.idnum for c in chroms] == list(range(1, 13))
    assert [c.name for c in chroms] == [
        "chr1", "chr2", "chr10", "chr21", "chrX", "chrY", "chrM", "chr1_random", "chrEBV", "chrUn_gl000211", "chr1_KI270762v1_alt", "chr6_apd_hap1",
    ]  # fmt: skip
    flags = {
        c.name: {
            flag
            for flag in ("is_auto", "is_sex", "is_x", "is_y", "is_hap", "is_rand", "is_mito")
            if getattr(c, flag)
        }
        for c in chroms
    }
    assert flags["chrX"] == {"is_sex", "is_x"}
    assert flags["chrY"] == {"is_sex", "is_y"}
    assert "is_hap" in flags["chr1_KI270762v1_alt"]
    assert flags["chrM"] == {"is_mito"}


def test_chromosome_selection(toy):
    def names(**flags):
        return [chrom.name for chrom in toy.get_chromosomes(**flags)]

    assert names() == [
        "chr1",
        "chr2",
        "chr10",
        "chr21",
        "chrX",
    ]  # autosomes and X, as the old README promises
    assert names(get_x=False) == ["chr1", "chr2", "chr10", "chr21"]
    assert names(get_y=True)[-1] == "chrY"
    assert names(get_auto=False) == ["chrX"]
    assert names(get_sex=False) == ["chr1", "chr2", "chr10", "chr21"]
    assert "chrM" in names(get_mito=True)
    assert "chr6_apd_hap1" in names(get_hap=True)
    assert "chr1_random" in names(get_rand=True)
    assert [c.name for c in toy.get_chromosomes_from_args(["1-3", "chrM"])] == [
        "chr1",
        "chr2",
        "chr10",
        "chrM",
    ]
    with pytest.raises(UnknownChromosomeError, match="chr3"):
        toy.get_chromosome("chr3")


def test_region_read(toy):
    values = np.arange(1, 1001, dtype="uint16")
    toy.save_track("t", {"chr1": values})
    track = toy["t"]
    assert track.get_nparray("chr1", 1000, 1000).tolist() == [1000]
    assert track.get_nparray("chr1").size == 1000
    assert track.get_nparray("chr1", 999).tolist() == [999, 1000]
    assert track.get_nparray("chr1", end=2).tolist() == [1, 2]
    assert track["chr1:5-7"].values.tolist() == [5, 6, 7]
    assert (
        track.get_nparray(toy.get_chromosome("chr2"), 1, 2).tolist()
        == track.get_nparray("chr2", 1, 2).tolist()
        == [0, 0]
    )
    for start, end in ((0, 5), (5, 4), (1, 1001)):
        with pytest.raises(ValueError, match=r"chr1|position|range"):
            track.get_nparray("chr1", start, end)
    with pytest.raises(RegionError):
        track.get_val("chr1", 0)  # the old library gave the last base


def test_sequence_read(toy, tmp_path):
    db = GenomeDB.create(tmp_path / "s", "s", {"chr1": 24})
    import_fasta(db, "seq", text(tmp_path, "a.fa", ">chr1\nacgtACGTNnRYSWKMBDHVX-.*\n"))
    assert db["seq"].get_seq_str("chr1") == "ACGTACGTNNRYSWKMBDHVN---"  # the old one lost B, D, H and V
    assert db["seq"].values("chr1", 0, 10).tobytes() == b"acgtACGTNn"
    assert ga.revcomp("ACGTACGTNNRYSWKMNNNNN---AA") == "TT---NNNNNKMWSRYNNACGTACGT"


def test_text_import(toy, tmp_path):
    """The golden lines; files may be called anything and hold all chromosomes."""
    lines = "chr1 0 5 1.5\nchr1 3 8 2.5\nchr2 100 102 9\nchr1 20 21 NaN\nchr1 30 31 NA\nchr1 40 41 .\nchr1 995 1005 4\n"
    import_bedgraph(toy, "bedgraph", text(tmp_path, "chr21.bedgraph", lines), clip=True)
    want = np.full(1000, np.nan, "float32")
    want[0:3], want[3:8], want[995:] = 1.5, 2.5, 4
    np.testing.assert_array_equal(toy["bedgraph"].values("chr1"), want)
    assert toy["bedgraph"].values("chr2", 100, 102).tolist() == [9, 9]
    assert toy["bedgraph"].count(chroms="chr21") == 0
    import_wig(
        toy,
        "wig",
        text(tmp_path, "x.wig.gz", "fixedStep chrom=chr1 start=3 step=2 span=2\n1.5\nNA\nNaN\n7\n"),
    )
    want = np.full(1000, np.nan, "float32")
    want[2:4], want[8:10] = 1.5, 7
    np.testing.assert_array_equal(toy["wig"].values("chr1"), want)
    import_text(
        toy,
        "text",
        text(tmp_path, "x.txt", "pos val\n5 1\n\n6 2\n5 3\n"),
        pos_col=0,
        val_col=1,
        chrom_name="chrX",
        dtype="int16",
    )
    assert toy["text"].get_nparray("chrX", 4, 7).tolist() == [0, 3, 2, 0]


def test_xb_import(toy, tmp_path):
    forward, reverse = (
        np.random.default_rng(k).integers(0, 256, sum(CONTIGS.values())).astype("uint8") for k in (1, 2)
    )
    sizes = list(CONTIGS.items())
    ends = np.cumsum([size for _, size in sizes])
    raw = struct.pack("<IhhiH", 0xCA60B175, 1, 1, 1, len(sizes)) + b"".join(
        struct.pack("<B", len(n)) + n.encode() + struct.pack("<I", s) for n, s in sizes
    )
    raw += b"".join(
        values[end - size : end].tobytes()
        for (_, size), end in zip(sizes, ends, strict=True)
        for values in (forward, reverse)
    )
    (tmp_path / "a.xb").write_bytes(raw)
    import_xb(toy, "f", tmp_path / "a.xb")
    import_xb(toy, "r", tmp_path / "a.xb", strand="reverse")
    for (name, size), end in zip(sizes, ends, strict=True):
        np.testing.assert_array_equal(toy["f"].values(name), forward[end - size : end])
        np.testing.assert_array_equal(toy["r"].values(name), reverse[end - size : end])
    export_xb(toy["f"], tmp_path / "b.xb", toy["r"])
    import_xb(toy, "again", tmp_path / "b.xb", strand="reverse")
    np.testing.assert_array_equal(toy["again"].values("chr1"), toy["r"].values("chr1"))


def test_five_prime_ends(golden):  # noqa: F811
    db, bam, _ = golden
    import_five_prime(db, "row/f", "row/r", bam, preset="genome")
    # Base 1 has 2: the old library lost a read that lies there.
    assert counted(db, "row/f") == spans("1:2 100:2 300:3 400-401:1 500:1 600:1 650:1 990:1")
    assert counted(db, "row/r") == spans("235:1 539:1 709:1")


def test_left_ends(golden):  # noqa: F811
    db, bam, _ = golden
    import_left_ends(db, "row/left", bam, preset="genome")
    assert counted(db, "row/left") == spans("1:2 100:2 200:1 300:3 400-401:1 500:2 600:1 650:1 700:1 990:1")
    import_left_ends(db, "row/lf", bam, preset="genome", reverse_track="row/lr")
    assert counted(db, "row/lr") == spans("200:1 500:1 700:1")


def test_read_depth(golden):  # noqa: F811
    db, bam, _ = golden
    import_depth(db, "row/depth", bam, preset="genome")
    want = "1:2 2:1 100-135:2 200-235:1 300-309:3 400:1 401-409:2 410:1 500-509:2 530-539:2 600-624:1 650-669:1 700-709:1 990-1000:1"
    assert counted(db, "row/depth") == spans(want)
    import_depth(db, "row/df", bam, preset="genome", reverse_track="row/dr")
    assert counted(db, "row/dr") == spans("200-235:1 500-509:1 530-539:1 700-709:1")


def test_mnase_dyads(golden):  # noqa: F811
    db, bam, sam = golden
    import_mnase(db, "row/pe", sam, paired_end=True, preset="genome")
    assert counted(db, "row/pe") == spans("85:3 174:1 274:1 375:1 395:1 475:1 659:1 787:1")
    import_mnase(db, "row/once", sam, paired_end=True, preset="genome", max_duplicates=1)
    assert counted(db, "row/once")[85] == 1
    import_mnase(db, "row/se", bam, paired_end=False, preset="genome", reverse_track="row/sr")
    assert counted(db, "row/se") == spans("75:2 174:2 374:3 474-475:1 574:1 674:1 724:1")
    assert counted(db, "row/sr") == spans("161:1 465:1 635:1")
    with pytest.raises(ValueRangeError, match="min_frag_size 200 is greater than max_frag_size 100"):
        import_mnase(db, "row/x", sam, paired_end=True, min_frag_size=200, max_frag_size=100)


def test_pe_fragments(golden):  # noqa: F811
    db, _, sam = golden
    import_fragments(db, "row/frags", sam, preset="genome")
    table = db.open_features("row/frags").to_dataframe()
    assert table["start"].is_monotonic_increasing
    first = table[table["start"] == 100].values.tolist()
    assert first == [["chr1", 100, 247, "+", 60]]  # offsets: the old table had 101 to 247


def test_bed_features(toy, tmp_path):
    """Names and scores of any size, BED5 scores, track and blank lines, whatever the old importer lost or died of."""
    lines = f"track name=x\n\nchr2\t10\t20\t{'n' * 40}\t40000\nchr1\t0\t5\ta b\t0.5\n"
    report = import_bed(toy, "peaks", text(tmp_path, "a.bed.gz", lines))
    assert report.features == 2
    table = toy.open_features("peaks")
    assert table.to_dataframe()[["chrom", "start", "end", "name", "score"]].values.tolist() == [
        ["chr1", 0, 5, "a b", 0.5],
        ["chr2", 10, 20, "n" * 40, 40000],
    ]
    assert table["chr2:20-20"]["score"].tolist() == [40000]
    assert len(table["chr2:21-30"]) == 0
    import_bed(toy, "one", text(tmp_path, "b.bed", "chr1\t1\t5\n"), start_offset=0)
    assert toy.open_features("one")["start"].tolist() == [0]


def test_saturation(toy, tmp_path):
    path = text(tmp_path, "a.txt", "1 300\n2 -200\n3 7\n")
    report = import_text(toy, "t", path, pos_col=0, val_col=1, chrom_name="chr1", dtype="int8")
    assert toy["t"].get_nparray("chr1", 1, 3).tolist() == [127, -128, 7]  # the old one wrapped -200 to 56
    assert report.written.saturated == 2
    assert "2 values did not fit int8" in toy["t"].attributes["import_report"]
    with pytest.raises(FormatError, match="300"):
        import_text(toy, "e", path, pos_col=0, val_col=1, chrom_name="chr1", dtype="int8", overflow="error")
    import_text(toy, "w", path, pos_col=0, val_col=1, chrom_name="chr1", dtype="int8", overflow="widen")
    assert toy["w"].get_nparray("chr1", 1, 3).tolist() == [300, -200, 7]


def test_combine(toy):
    toy.save_track("a", {"chr1": np.full(1000, 65535, "uint16")})
    toy.save_track("b", {"chr1": np.full(1000, 11, "uint16"), "chrX": np.full(500, 3, "uint16")})
    both = ga.combine([toy["a"], toy["b"]])
    assert both.values("chr1", 0, 2).tolist() == [65535, 65535]  # 10 in the old library
    assert both.values("chrX", 0, 2).tolist() == [3, 3]  # a track without the chromosome adds 0
    small = ga.combine([toy["a"], toy["b"]], dtype="uint8")
    assert small.values("chr1", 0, 1).tolist() == [255]
    assert ga.combine([toy["a"], toy["b"]], how="mean").values("chr1", 0, 1).tolist() == [32773.0]


def test_chip_strands(toy):
    forward, reverse = np.zeros(600, "uint8"), np.zeros(600, "uint8")
    forward[[199, 399]] = reverse[[299, 499]] = 200
    toy.save_track("f", {"chr21": forward})
    toy.save_track("r", {"chr21": reverse})
    both, shift = ga.combine_strands(toy["f"], toy["r"])
    assert shift == 50
    assert {int(k) + 1: int(both.values("chr21")[k]) for k in np.flatnonzero(both.values("chr21"))} == {
        250: 255,
        450: 255,
    }  # 144 in the old library
    with pytest.raises(ValueRangeError, match="do not agree at any shift"):
        ga.combine_strands(toy["f"], toy["f"] * 0)


GOLDEN_CHAIN = """chain 1000 chr1 1000 + 0 60 chr2 900 + 100 155 1
10 5 0
45

chain 900 chr1 1000 + 100 120 chr2 900 - 700 720 2
20

chain 800 chr1 1000 + 200 210 chr2 900 + 100 110 3
10
"""


@pytest.fixture
def lifted(toy, tmp_path):
    positions = np.arange(1, 1001, dtype="uint16")
    toy.save_track("plus", {"chr1": positions})
    toy.save_track("minus", {"chr1": positions + 2000})
    other = GenomeDB.create(tmp_path / "db", "other", CONTIGS)
    return toy, other, text(tmp_path, "x.chain.gz", GOLDEN_CHAIN)


def test_liftover(lifted):
    """The golden chains: three onto chr2, the second on the minus strand, the third onto the first."""
    toy, other, chain = lifted

    def values(**options):
        return ga.liftover(toy["plus"], chain, other, **options).values("chr2")

    last, best = values(collisions="last"), values()
    assert last[100:110].tolist() == list(
        range(201, 211)
    )  # what the old library did: the last, and worst, chain wins
    assert best[100:110].tolist() == list(range(1, 11))
    for found in (last, best):
        assert found[110:155].tolist() == list(range(16, 61))
        assert found[180:200].tolist() == list(range(120, 100, -1))
        assert found[np.r_[0:100, 155:180, 200:900]].sum() == 0
    track, reverse = ga.liftover(toy["plus"], chain, other, reverse=toy["minus"])
    assert track.values("chr2")[180:200].tolist() == list(range(2120, 2100, -1))
    assert reverse.values("chr2")[180:200].tolist() == list(range(120, 100, -1))
    floats = ga.liftover(toy["plus"] / 1, chain, other)
    assert np.isnan(floats.values("chr2", 0, 100)).all()
    assert ga.liftover(toy["plus"], chain, other).report.total("target", "collided") == 10


def test_point_liftover(lifted):
    _, _, path = lifted
    chain = ga.Chain(path)
    found = chain.lift("chr1", [100, 0, 70])
    assert found[["query", "chrom", "start", "strand"]].values.tolist() == [
        [0, "chr2", 199, "-"],
        [1, "chr2", 100, "+"],
    ]  # 181 in the old table


def test_statistics(toy):
    values = np.array([1, 2, 250, 4] * 250, dtype="float32")
    values[:500] = np.nan
    toy.save_track("t", {"chr1": values, "chrX": np.full(500, 7, "float32")})
    stats = toy["t"].stats()
    assert (stats.n, stats.n_nan) == (sum(CONTIGS.values()), sum(CONTIGS.values()) - 1000)
    assert (stats.sum, stats.min, stats.max) == (125 * 257 + 3500, 1, 250)  # X counts, as everything
    assert stats.mean == pytest.approx((125 * 257 + 3500) / 1000)
    assert np.isnan(toy["t"].stats(chroms="chr2").mean)


def test_sequence_statistics(tmp_path):
    sizes = {"chr1": 12, "chr2": 6, "chrN": 4}
    db = GenomeDB.create(tmp_path, "s", sizes)
    import_fasta(db, "seq", text(tmp_path, "a.fa", ">chr1\nNNGGGTacgtRN\n>chr2\nTTTTGG\n>chrN\nNNNN\n"))
    table = db["seq"].seq_stats()
    assert table.loc["chr1", ["n_a", "n_c", "n_g", "n_t", "n_n", "n_def", "n_lower"]].tolist() == [
        1,
        1,
        4,
        2,
        3,
        9,
        4,
    ]
    assert table.loc["chr1", ["first_def", "last_def"]].tolist() == [3, 11]
    assert table["first_def"].isna()["chrN"]  # the old script stopped there
    assert [total(table)[name] for name in ("n_g", "n_t")] == [6, 6]
    done = subprocess.run(
        [str(Path(sys.executable).parent / "genomearray"), "seq-stats"],
        env={"GENOME_DB": str(tmp_path), "GENOME_ASSEMBLY": "s", "PATH": ""}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[0][:6] == ["chrom", "n", "n_a", "n_c", "n_g", "n_t"]
    assert lines[-1][:6] == ["total", "22", "1", "1", "6", "6"]


def test_export(toy, tmp_path):
    values = np.zeros(1000, "uint16")
    values[10:20] = 40_000  # the old exporter refused uint16
    toy.save_track("t", {"chr1": values})
    export_wig(toy["t"], tmp_path / "a.wig.gz")
    import_wig(toy, "back", tmp_path / "a.wig.gz", dtype="uint16")
    np.testing.assert_array_equal(toy["back"].values("chr1"), values)
    with pytest.raises(FormatError, match="exists|is there"):
        export_wig(toy["t"], tmp_path / "a.wig.gz")
    export_bigwig(toy["t"], tmp_path / "a.bw")
    assert (tmp_path / "a.bw").stat().st_size > 0


def test_splitting(toy, tmp_path):
    """Nothing has to be split: chromosomes come in any order, and come back."""
    lines = "variableStep chrom=chr1\n5 1\nvariableStep chrom=chr2\n6 2\nvariableStep chrom=chr1\n7 3\n"
    import_wig(toy, "t", text(tmp_path, "m.wig", lines))
    assert toy["t"].get_nparray("chr1", 5, 7).tolist()[::2] == [1, 3]
    assert toy["t"].get_val("chr2", 6) == 2


def test_gene_text(toy, tmp_path):
    line = "585\tT1\tchr1\t-\t100\t400\t150\t350\t3\t100,200,300,\t150,210,400,\t0\tG\tcmpl\tcmpl\t0,1,2,\n"
    import_genes(
        toy,
        "genes",
        text(
            tmp_path,
            "refGene.txt.gz",
            line + line.replace("T1", "T2").replace("\t150\t350\t", "\t400\t400\t"),
        ),
    )
    genes = toy.open_features("genes")
    exons = genes.exons()
    # Transcript order: the first exon of a transcript on the minus strand is the last one on the chromosome.
    assert exons[exons["transcript"] == "T1"].sort_values("exon")[["start", "end"]].values.tolist() == [
        [300, 400],
        [200, 210],
        [100, 150],
    ]
    assert genes["cds_start"].tolist() == [150, -1]  # the second does not code
    assert genes.coding_exons()["transcript"].unique().tolist() == ["T1"]
    assert genes.merged_exons()[["start", "end"]].values.tolist() == [[100, 150], [200, 210], [300, 400]]


def test_legacy_files(tmp_path):
    old_files.write_chromosomes(tmp_path / "toy")
    old_files.dense(
        tmp_path / "toy" / "t.h5", {name: np.full(size, 7, "uint8") for name, size in CONTIGS.items()}
    )
    db = GenomeDB(tmp_path, "toy")
    assert db["t"].sum() == 7 * sum(CONTIGS.values())
    report = ga.migrate(tmp_path, tmp_path / "new")
    assert report.count("copied") == 1
    assert GenomeDB(tmp_path / "new", "toy")["t"].sum() == 7 * sum(CONTIGS.values())


# -- bugs that no other test is about ---------------------------------------------------------------


def test_the_name_of_a_file_names_no_chromosome(tmp_path):
    """Bugs 1 and 18."""
    db = GenomeDB.create(tmp_path, "t", {"chr1": 12, "chr1_KI270706v1_random": 8})
    import_fasta(db, "seq", text(tmp_path, "chr1.fa", ">chr1_KI270706v1_random\nACGTACGT\n"))
    assert db["seq"].get_seq_str("chr1") == "N" * 12
    assert db["seq"].get_seq_str("chr1_KI270706v1_random") == "ACGTACGT"


def test_lines_between_values_shift_nothing(toy, tmp_path):
    """Bug 2."""
    lines = "fixedStep chrom=chr1 start=1 step=1\n1\n\n2\ntrack name=x\n3\nbrowser position chr1\n4\n# c\n5\n"
    import_wig(toy, "t", text(tmp_path, "a.wig", lines))
    assert toy["t"].get_nparray("chr1", 1, 5).tolist() == [1, 2, 3, 4, 5]


def test_what_killed_python_is_an_error_with_its_line(toy, tmp_path):
    """Bug 22."""
    with pytest.raises(FormatError, match=r":2: .*%s%n"):
        import_wig(toy, "t", text(tmp_path, "a.wig", "fixedStep chrom=chr1 start=1\n%s%n\n"))
    import_text(
        toy,
        "x",
        text(tmp_path, "b.txt", "5 1\n\n6 1e-320\n"),
        pos_col=0,
        val_col=1,
        chrom_name="chr1",
        dtype="float64",
    )
    assert toy["x"].get_val("chr1", 6) == 1e-320


def test_features_are_compared_by_strand_when_asked(toy):
    """Bug 14: overlaps ignored the strand."""
    import pandas as pd

    toy.save_features(
        "f",
        pd.DataFrame(
            {
                "chrom": ["chr1"] * 2,
                "start": [10, 10],
                "end": [20, 20],
                "strand": ["+", "-"],
                "name": ["a", "b"],
            }
        ),
    )
    table = toy.open_features("f")
    assert table.overlap([("chr1", 0, 15, "+")])["name"].tolist() == ["a", "b"]
    assert table.overlap([("chr1", 0, 15, "+")], strand="same")["name"].tolist() == ["a"]
    assert table.as_track("mask").intervals(above=0)[["start", "end"]].values.tolist() == [
        [10, 20]
    ]  # the last block is not shifted


def test_memory_is_that_of_blocks(tmp_path):
    """Bug 28: 250 Mbp of uint32 is 1 GB; importing and combining it must not be."""
    program = f"""
import re, numpy as np, genomearray as ga
from genomearray_converters import import_bedgraph
db = ga.GenomeDB.create({str(tmp_path)!r}, "big", {{"chr1": 250_000_000}})
with open({str(tmp_path / "a.bedgraph")!r}, "w") as out:
    out.writelines(f"chr1 {{k}} {{k + 900}} {{k % 77}}\\n" for k in range(0, 249_999_000, 1000))
import_bedgraph(db, "a", {str(tmp_path / "a.bedgraph")!r}, dtype="uint32", threads=2)
def peak(): return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) // 1024
before = peak()
db.save_track("b", ga.combine([db["a"], db["a"]]), threads=2)
print(before, peak())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    first, second = map(int, done.stdout.split())
    assert first < 600
    assert second < 700


def test_tables_are_compressed_sorted_and_indexed(toy):
    """Bug 36."""
    import h5py
    import pandas as pd

    start = np.arange(900, 0, -1)
    toy.save_features("f", pd.DataFrame({"chrom": "chr1", "start": start, "end": start + 5}))
    with h5py.File(toy.get_track_path("f")) as file:
        assert file["start"].compression == "gzip"
        assert (np.diff(file["start"][:]) > 0).all()
        assert file["reach"][-1] == 905


def test_long_chromosomes_and_names(tmp_path):
    """Bug 38: lengths beyond 2^31, names beyond 32 bytes."""
    name = "chr" + "x" * 60
    db = GenomeDB.create(tmp_path, "t", {name: 3_000_000_000})
    with db.create_track("t", dtype="uint8") as writer:
        writer.write(name, 2_999_999_000, [1, 2, 3])
    assert db["t"].get_nparray(name, 2_999_999_001, 2_999_999_003).tolist() == [1, 2, 3]
    assert db["t"].stats().n == 3_000_000_000


# -- the page -----------------------------------------------------------------------------------------


def test_the_page_cites_tests_that_exist_and_names_every_bug():
    page = DOCS.read_text()
    cited = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    assert len(cited) > 60
    for path, name in set(cited):
        assert re.search(rf"^def {name}\(", (ROOT / "tests" / path).read_text(), re.MULTILINE), (
            f"{path}::{name}"
        )
    rows = [int(number) for number in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)]
    assert rows == list(range(1, 42))


def test_the_page_names_commands_and_functions_that_exist():
    from click.testing import CliRunner

    from genomearray.cli.main import cli

    page = DOCS.read_text()
    for words in set(re.findall(r"`genomearray ((?:import |export )?[a-z][a-z-]+)", page)):
        done = CliRunner().invoke(cli, [*words.split(), "--help"])
        assert done.exit_code == 0, words
    for name in set(re.findall(r"`ga\.(\w+)", page)):
        assert hasattr(ga, name), name
    for name in set(re.findall(r"`db\.(\w+)", page)):
        assert hasattr(GenomeDB, name), name
    for name in set(re.findall(r"`track\.(\w+)", page)):
        assert hasattr(ga.Track, name), name
    from genomearray.features.table import FeatureTable

    for name in set(re.findall(r"`table\.(\w+)", page)):
        assert hasattr(FeatureTable, name), name
