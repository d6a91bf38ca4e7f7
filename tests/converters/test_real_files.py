"""Every real file imports with every value right, or is refused for a reason that is named."""

import csv
import hashlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import py2bit
import pyBigWig
import pytest
from genomearray_converters import import_bedgraph, import_bigwig, import_fasta, import_wig

import genomearray as ga
from genomearray.errors import FormatError
from tests import oracles
from tests.shared_data import DATA, PEERS, files, needs_shared

pytestmark = needs_shared

ASSEMBLY_OF = {
    "hg18": ["human_phastCons", "chr1.phyloP", "chr1.wgEncode", "Tumor1", "genomedata_", "hg18_"],
    "hg19": ["cpsf160", "hg19_", "wiggelen"],
    "mm9": ["mouse_macs14", "mm9_"],
    "hg38": ["hg38_", "multi_chrom"],
    "dm3": ["dm3_"],
    "mm10": ["mm10_"],
    "sacCer3": ["sacCer3_"],
}
REFUSED = {
    "wiggelen_empty.wig": "no line of data",
    "mm9_4C_GSM3182415.bedgraph.gz": "position 181767881 is past the end of 'chr2' .181748087 bp. in 'mm9'",
    "dm3_empty.bigWig": "no base has a value",
}
# Files whose names need translating: options, and how a name of the file reads in the assembly.
TRANSLATED = {"wiggelen": {"chrom_alias": "ucsc", "skip_unknown": True}}
ROMAN = {
    name: f"chr{name}"
    for name in [
        "I",
        "II",
        "III",
        "IV",
        "V",
        "VI",
        "VII",
        "VIII",
        "IX",
        "X",
        "XI",
        "XII",
        "XIII",
        "XIV",
        "XV",
        "XVI",
    ]
} | {
    "Mito": "chrM",
    "MT": "chrM",
}


@pytest.fixture(scope="module")
def databases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    made = {}

    def of(assembly):
        if assembly not in made:
            made[assembly] = ga.GenomeDB.create(
                folder, assembly, DATA / "chromsizes" / f"{assembly}.chrom.sizes"
            )
        return made[assembly]

    return of


def assembly_of(path):
    return next(assembly for assembly, starts in ASSEMBLY_OF.items() if path.name.startswith(tuple(starts)))


def options_of(path):
    if path.name == "sacCer3_cutnrun_SPT5_T0_rep1.bigwig":
        return {"chrom_alias": ROMAN}
    return next((options for start, options in TRANSLATED.items() if path.name.startswith(start)), {})


def our_name(db, name):
    return next(
        (n for n in (name, ROMAN.get(name), "chrM" if name == "MT" else f"chr{name}") if n in db.assembly),
        None,
    )


def must_equal(db, track, intervals):
    """A track holds the intervals, painted in their order, and nothing else: the stored counts say so."""
    by_chrom = defaultdict(list)
    for order, (name, start, end, value) in enumerate(intervals):
        if start < end:
            by_chrom[our_name(db, name)].append((start, end, order, value))
    table = track.source.sequences()
    for row, chrom in enumerate(db.assembly):
        known = 0
        for cluster in clusters(sorted(by_chrom[chrom.name])):
            first = max(cluster[0][0] - 1, 0)
            last = min(max(end for _, end, _, _ in cluster) + 1, chrom.length)
            expected = np.full(last - first, np.nan, dtype=np.float32)
            for start, end, _, value in sorted(cluster, key=lambda interval: interval[2]):
                expected[start - first : end - first] = value
            known += int((~np.isnan(expected)).sum())
            assert np.array_equal(track.values(chrom, first, last), expected, equal_nan=True), (
                chrom,
                first,
                last,
            )
        assert int(table["n"][row] - table["n_nan"][row]) == known


def clusters(intervals):
    """Sorted intervals in groups, so that far ones are not compared with all that lies between."""
    group, reach = [], 0
    for interval in intervals:
        if group and interval[0] > reach + 2 and (interval[0] > reach + 5000 or len(group) > 5000):
            yield group
            group = []
        group.append(interval)
        reach = max(reach, interval[1])
    if group:
        yield group


def same_tracks(db, one, other):
    """Two tracks hold the same values; chromosomes without any are compared by their counts."""
    tables = [db[name].source.sequences() for name in (one, other)]
    assert (tables[0]["n_nan"] == tables[1]["n_nan"]).all()
    for row, chrom in enumerate(db.assembly):
        if tables[0]["n_nan"][row] < chrom.length:
            for start in range(0, chrom.length, 1 << 22):
                end = min(start + (1 << 22), chrom.length)
                assert np.array_equal(
                    db[one].values(chrom, start, end), db[other].values(chrom, start, end), equal_nan=True
                )


def imported(databases, path, importer, store="h5"):
    db = databases(assembly_of(path))
    name = path.name.replace(".", "_")
    if path.name in REFUSED:
        with pytest.raises(FormatError, match=REFUSED[path.name]):
            importer(db, name, path, **options_of(path))
        assert not db.has_track(name)
        return db, None
    importer(db, name, path, store=store, overwrite=True, **options_of(path))
    return db, db[name]


@pytest.mark.parametrize("path", [*files("wig"), *files("bedgraph")], ids=lambda p: p.name)
def test_text_files_equal_the_slow_reader(databases, path):
    wiggle = path.parent.name == "wig"
    db, track = imported(
        databases, path, import_wig if wiggle else import_bedgraph, "zarr" if wiggle else "h5"
    )
    if track is not None:
        must_equal(db, track, (oracles.wig_intervals if wiggle else oracles.bedgraph_intervals)(path))


def test_the_refused_bedgraph_is_on_mm10(databases):
    path = DATA / "bedgraph" / "mm9_4C_GSM3182415.bedgraph.gz"
    db = databases("mm10")
    import_bedgraph(db, "on_mm10", path)
    must_equal(db, db["on_mm10"], oracles.bedgraph_intervals(path))


@pytest.mark.parametrize("path", files("bigwig"), ids=lambda p: p.name)
def test_bigwigs_equal_pybigwig(databases, path, tmp_path):
    if path.name == "volvox_uncompressed.bw":
        db = ga.GenomeDB.create(tmp_path, "volvox", DATA / "twobit" / "volvox.2bit")
        import_bigwig(db, "x", path)
        track = db["x"]
    else:
        db, track = imported(databases, path, import_bigwig)
    if track is None:
        return
    with pyBigWig.open(str(path)) as peer:
        must_equal(
            db,
            track,
            [(name, *interval) for name in peer.chroms() for interval in peer.intervals(name) or ()],
        )


def test_golden_statistics_of_wiggles_and_bigwigs(databases, tmp_path):
    checked = 0
    for table, kind, importer in (
        ("wig_stats.tsv", "wig", import_wig),
        ("bigwig_stats.tsv", "bigwig", import_bigwig),
    ):
        with (PEERS / "generated" / table).open() as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        for name in sorted({row["#file"] for row in rows}):
            path = DATA / kind / name
            if not path.exists() or name in REFUSED or name.startswith("volvox"):
                continue
            db, track = imported(databases, path, importer)
            table_rows = track.source.sequences()
            for row in (row for row in rows if row["#file"] == name):
                chrom = our_name(db, row["chrom"])
                if chrom is None:
                    continue
                k = db.assembly.rows[chrom]
                assert int(table_rows["n"][k] - table_rows["n_nan"][k]) == int(row["covered"])
                assert float(table_rows["sum"][k]) == pytest.approx(
                    float(row["sum_value_x_bases"]), rel=2e-5, abs=1e-2
                )
                if int(row["covered"]):
                    assert float(table_rows["min"][k]) == pytest.approx(float(row["min"]), rel=1e-5)
                    assert float(table_rows["max"][k]) == pytest.approx(float(row["max"]), rel=1e-5)
                checked += 1
    assert checked > 50


def test_twins_give_equal_tracks(databases):
    pairs = [
        (
            DATA / "bedgraph" / "hg38_chr17_single_chrom.bedGraph",
            import_bedgraph,
            DATA / "bigwig" / "hg38_chr17_valid.bigWig",
        ),
        (DATA / "wig" / "human_phastCons_chr1_small.wig", import_wig, DATA / "bigwig" / "hg19_chr1_igvjs.bw"),
    ]
    for text, importer, bigwig in pairs:
        assembly = assembly_of(bigwig)
        db = databases(assembly)
        importer(db, "twin/text", text, overwrite=True)
        import_bigwig(db, "twin/bigwig", bigwig, overwrite=True)
        same_tracks(db, "twin/text", "twin/bigwig")


@pytest.mark.parametrize("name", ["fixedStep", "variableStep"])
def test_wiggle_and_bigwig_twins_of_crossmap(databases, name):
    folder = PEERS / "CrossMap_0.3.8"
    wigs = [p for p in folder.rglob("*") if name.lower() in p.name.lower() and p.suffix == ".wig"]
    bigwigs = [
        p for p in folder.rglob("*") if name.lower() in p.name.lower() and p.suffix in (".bw", ".bigWig")
    ]
    assert wigs
    assert bigwigs
    db = databases("hg19")
    import_wig(db, "twin/wig", wigs[0], overwrite=True)
    import_bigwig(db, "twin/bw", bigwigs[0], overwrite=True)
    same_tracks(db, "twin/wig", "twin/bw")


# -- sequence -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*files("fasta"), *files("twobit")], ids=lambda p: p.name)
@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_sequences_equal_the_slow_reader(path, store, tmp_path):
    """The assembly of each file is made from the file itself."""
    db = ga.GenomeDB.create(tmp_path, "own", path)
    import_fasta(db, "seq", path, store=store)
    expected = oracles.read_twobit(path) if path.suffix == ".2bit" else oracles.read_fasta(path)
    assert set(db.assembly.names) == set(expected)
    track = db["seq"]
    for name, letters in expected.items():
        assert track.values(name).tobytes().decode() == letters
        assert track.get_seq_str(name) == letters.upper()


def test_golden_counts_of_letters(tmp_path):
    with (PEERS / "generated" / "fasta_stats.tsv").open() as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    by_file = defaultdict(list)
    for row in rows:
        by_file[row["#file"]].append(row)
    checked = 0
    for k, (name, found) in enumerate(sorted(by_file.items())):
        path = next((p for kind in ("fasta", "twobit") for p in [DATA / kind / name] if p.exists()), None)
        if path is None:
            continue
        db = ga.GenomeDB.create(tmp_path, f"a{k}", path)
        import_fasta(db, "seq", path)
        for row in found:
            text = db["seq"].get_seq_str(row["seq"])
            assert len(text) == int(row["length"])
            assert [text.count(letter) for letter in "ACGTN"] == [int(row[letter]) for letter in "ACGTN"]
            assert hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() == row["md5_uppercase"]
            checked += 1
    assert checked > 20


def test_twobit_and_fasta_twins(tmp_path):
    for one, other in (("volvox.2bit", "volvox.2bit.fa"), ("out2.2bit", "out2.fa")):
        db = ga.GenomeDB.create(tmp_path, one.split(".")[0], DATA / "twobit" / one)
        import_fasta(db, "a", DATA / "twobit" / one)
        import_fasta(db, "b", DATA / "twobit" / other)
        for chrom in db.assembly:
            assert db["a"].values(chrom).tobytes() == db["b"].values(chrom).tobytes()
        peer = py2bit.open(str(DATA / "twobit" / one), True)
        for chrom in list(db.assembly)[:50]:
            assert peer.sequence(chrom.name) == db["a"].values(chrom).tobytes().decode()
        peer.close()


def test_a_piece_of_a_chromosome_is_refused(databases):
    path = DATA / "fasta" / "hg38_chr22_32000000_32300000.fa"
    with pytest.raises(
        FormatError, match=r"'chr22' has 300000 bp, and 'chr22' of assembly 'hg38' has 50818468 bp"
    ):
        import_fasta(databases("hg38"), "seq", path)


# -- tables of chromosomes ------------------------------------------------------------------


@pytest.mark.parametrize("path", files("chromsizes"), ids=lambda p: p.name)
def test_tables_of_chromosomes(path, tmp_path):
    import gzip

    raw = path.read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    expected = {line.split()[0]: int(line.split()[1]) for line in text.splitlines() if line.strip()}
    db = ga.GenomeDB.create(tmp_path, "x", path)
    assert {c.name: c.length for c in db.assembly} == expected
    assert sum(c.is_mito for c in db.assembly) in (1, 2)  # bedtools' tables have chrM and chrMT


@pytest.mark.parametrize("path", [*files("bam"), *files("sam"), *files("cram")], ids=lambda p: p.name)
def test_headers_of_alignments(path, tmp_path):
    import pysam

    if path.suffix not in (".bam", ".sam", ".cram"):
        return
    with pysam.AlignmentFile(str(path), check_sq=False) as file:
        expected = dict(zip(file.references, file.lengths, strict=True))
    if not expected:
        with pytest.raises(
            FormatError, match="names no chromosome|cannot be read|one column|not a whole number"
        ):
            ga.GenomeDB.create(tmp_path, "x", path)
        return
    assert {c.name: c.length for c in ga.GenomeDB.create(tmp_path, "x", path).assembly} == expected


def test_all_files_have_an_assembly_here():
    for kind in ("wig", "bedgraph", "bigwig"):
        for path in files(kind):
            assert path.name.startswith("volvox") or assembly_of(Path(path))
