"""BED and gene tables become feature tables: every value, as slow readers of the same files find it."""

from __future__ import annotations

import gzip
import io
import math
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from genomearray_converters import import_bed, import_genes

from genomearray import GenomeDB
from genomearray.errors import FormatError, TrackExistsError, ValueRangeError
from tests.oracles import lines_of
from tests.shared_data import SHARED, needs_shared

SIZES = {"chr1": 1000, "chr2": 500, "chrX": 300}


@pytest.fixture
def toy(tmp_path) -> GenomeDB:
    return GenomeDB.create(tmp_path / "db", "toy", SIZES)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def number(text: str):
    if text in (".", "NA", "nan"):
        return math.nan
    return float(text)


def rows_of(path: Path, names: tuple[str, ...], order: list[str]) -> list[tuple]:
    """Lines of a table, sorted as a feature table is: chromosome, start, end, line."""
    rows = []
    for k, line in enumerate(raw_lines(path)):
        fields = line.split("\t") if "\t" in line else line.split()
        rows.append((order.index(fields[0]), int(fields[1]), int(fields[2]), k, fields))
    return [row[4] for row in sorted(rows)]


def raw_lines(path: Path) -> list[str]:
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    found = [line.rstrip("\r") for line in text.split("\n")]
    return [line for line in found if line.strip() and not line.startswith(("#", "track", "browser"))]


STANDARD = (
    "chrom",
    "start",
    "end",
    "name",
    "score",
    "strand",
    "thickStart",
    "thickEnd",
    "itemRgb",
    "blockCount",
    "blockSizes",
    "blockStarts",
)
COLUMNS = {
    "narrowPeak": (*STANDARD[:6], "signalValue", "pValue", "qValue", "peak"),
    "broadPeak": (*STANDARD[:6], "signalValue", "pValue", "qValue"),
}
NUMBERS = {
    "score",
    "signalValue",
    "pValue",
    "qValue",
    "peak",
    "start",
    "end",
    "thickStart",
    "thickEnd",
    "blockCount",
}
ASSEMBLIES = ("dm3", "hg18", "hg19", "hg38", "mm10", "sacCer3", "sacCer2")
BEDS = (
    sorted((SHARED / "data" / "bed").glob("*")) + sorted((SHARED / "data" / "genes").glob("*.bed*"))
    if SHARED.exists()
    else []
)


def assembly_of(path: Path) -> str:
    # The reads of epic2 are longer than chr19 of hg19: they lie on hg18.
    return next((name for name in ASSEMBLIES if path.name.startswith(name)), "hg18")


@needs_shared
@pytest.mark.parametrize("path", BEDS, ids=lambda path: path.name)
def test_every_value_of_real_bed_files(tmp_path, path):
    name = assembly_of(path)
    db = GenomeDB.create(tmp_path, name, SHARED / "data" / "chromsizes" / f"{name}.chrom.sizes")
    report = import_bed(db, "table", path)
    n = len(raw_lines(path)[0].split("\t"))
    names = next((columns for kind, columns in COLUMNS.items() if kind in path.name), STANDARD)[:n]
    want = rows_of(path, names, list(db.assembly.names))
    assert report.features == len(want)
    frame = db.open_features("table").to_dataframe()
    assert list(frame["chrom"]) == [row[0] for row in want]
    for k, column in enumerate(names[1:], 1):
        texts = [row[k] for row in want]
        if column in NUMBERS:
            np.testing.assert_array_equal(frame[column].to_numpy(float), [number(text) for text in texts])
        else:
            assert list(frame[column]) == texts, column


def test_all_kinds_of_lines_and_forms(toy, tmp_path, monkeypatch):
    text = (
        "browser position\ntrack name=x\n#c\n\nchr2\t5\t9\tname with blanks\t0.25\t-\r\nchr1\t0\t0\tempty\t.\t.\nchr1\t0\t3\t"
        + "n" * 5000
        + "\t7\t+"
    )
    want = [
        ["chr1", 0, 0, ".", "empty", math.nan],
        ["chr1", 0, 3, "+", "n" * 5000, 7.0],
        ["chr2", 5, 9, "-", "name with blanks", 0.25],
    ]
    for form, name in (("h5", "a.bed"), ("zarr", "a.bed.gz")):
        report = import_bed(toy, form, write(tmp_path, name, text), store=form)
        assert report.features == 3
        assert report.unfinished
        frame = toy.open_features(form).to_dataframe()
        assert list(frame.columns) == ["chrom", "start", "end", "strand", "name", "score"]
        pd.testing.assert_frame_equal(frame, pd.DataFrame(want, columns=frame.columns), check_dtype=False)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(text.encode()))))
    assert import_bed(toy, "stdin", "-").features == 3
    pd.testing.assert_frame_equal(toy.open_features("stdin").to_dataframe(), frame)


def test_formats_choose_the_columns(toy, tmp_path):
    four = write(tmp_path, "a.bed", "chr1\t1\t2\t7\nchr1\t3\t4\t8.5\n")
    import_bed(toy, "named", four)
    assert toy.open_features("named")["name"].tolist() == ["7", "8.5"]
    import_bed(toy, "scored", four, format="bedGraph")
    assert toy.open_features("scored")["score"].tolist() == [7.0, 8.5]
    import_bed(toy, "ended", write(tmp_path, "a.bdg", "chr1 1 2 7\nchr1 3 4 8\n"))
    found = toy.open_features("ended")["score"]
    assert found.tolist() == [7, 8]
    assert found.dtype == np.int64
    more = write(tmp_path, "b.bed", "chr1\t1\t2\tx\t0\t+\t007\t1.5\tabc\nchr1\t1\t2\ty\t0\t+\t008\t2\tdef\n")
    import_bed(toy, "more", more, format="bed6")
    table = toy.open_features("more")
    assert table["column7"].tolist() == ["007", "008"]  # names, not numbers
    assert table["column8"].tolist() == [1.5, 2.0]
    assert table["column9"].tolist() == ["abc", "def"]


def test_starts_that_count_from_one(toy, tmp_path):
    path = write(tmp_path, "a.bed", "chr1\t1\t3\n")
    import_bed(toy, "t", path, start_offset=0)
    assert toy.open_features("t")["start"].tolist() == [0]


def test_dense_tracks_of_features(toy, tmp_path):
    """Where features overlap, the last line counts, although the table is sorted."""
    path = write(
        tmp_path,
        "a.bed",
        "chr1\t5\t9\ta\t3\t+\nchr1\t0\t7\tb\t300\t-\nchr2\t2\t3\tc\t.\t+\nchr1\t8\t8\td\t9\t+\n",
    )
    report = import_bed(toy, "score", path, how="score")
    assert report.written.overwritten == 2
    np.testing.assert_array_equal(
        toy["score"].values("chr1", 0, 10), np.array([300] * 7 + [3, 3, np.nan], "float32")
    )
    assert np.isnan(toy["score"].values("chr2")).all()
    import_bed(toy, "mask", path, how="mask", store="zarr")
    assert toy["mask"].values("chr1", 0, 10).tolist() == [1] * 9 + [0]
    assert toy["mask"].dtype == np.uint8
    import_bed(toy, "coverage", path, how="coverage")
    assert toy["coverage"].values("chr1", 0, 10).tolist() == [1] * 5 + [2, 2, 1, 1, 0]
    assert import_bed(toy, "bytes", path, how="score", dtype="uint8").written.saturated == 7
    assert toy["bytes"].values("chr1", 0, 10).tolist() == [255] * 7 + [3, 3, 0]
    table = import_bed(toy, "table", path)
    assert table.features == 4
    for how in ("score", "mask", "coverage"):
        np.testing.assert_array_equal(
            toy.open_features("table").as_track(how).values("chr1"), toy[how].values("chr1")
        )


BAD_BED = {
    "chr1\t5\n": r":1: 2 columns",
    "chr1\t5\t9\nchr1\tx\t9\n": r":2: column 2: start 'x' is not a whole number",
    "chr1\t5\t9.5\n": r":1: column 3: end '9.5'",
    "chr1\t-1\t9\n": r":1: column 2: start '-1'",
    "chr1\t5\t9\nchr1\t9\t5\n": r":2: start 9 is after end 5",
    "chr1\t5\t9\nchr1\t990\t1001\n": r":2: end 1001 is past the end of 'chr1' \(1000 bp\)",
    "chr1\t1\t2\ta\t0\t+\nchr1\t5\t9\ta\t0\tx\n": r":2: column 6: 'x' is not a strand",
    "chrom\tstart\tend\nchr1\t5\t9\n": r":1: this line holds names of columns",
    "chr1\t5\t9\rchr1\t15\t19\r": r":1: lines end with a carriage return alone",
    "chr1\t1.5e+02\t900\n": r":1: column 2: start '1.5e\+02'",
    "chr1\t5\t9\ta\nchr1\t5\t9\n": r":2: 3 columns, and the first line .*:1\) has 4",
    "chr1\t5\t9\ta\tmany\n": r":1: column 5: 'many' is not a number",
    "chr9\t5\t9\n": r":1: chromosome 'chr9' is not in assembly 'toy'",
    "#only\n": r"no line of data",
    "chr1\t5\t9\ta\t0\t+\t5\t9\t0\t2\t4,\t0,\n": r":1: 1 block sizes and 1 starts, and blockCount is 2",
    "chr1\t5\t9\ta\t0\t+\t5\t9\t0\t1\tx,\t0,\n": r":1: 'x,' and '0,' are not lists of block sizes",
    "chr1\t5\t9\t\xff": r"not UTF-8",
}


@pytest.mark.parametrize("text", BAD_BED, ids=range(len(BAD_BED)))
def test_bad_bed_names_the_line_and_leaves_nothing(toy, tmp_path, text):
    path = tmp_path / "bad.bed"
    path.write_bytes(text.encode("latin-1"))
    for how in (None, "mask"):
        with pytest.raises(FormatError, match=BAD_BED[text]):
            import_bed(toy, "bad", path, how=how)
    assert toy.list_tracks() == []
    assert [
        found.name for found in toy.folder.iterdir() if found.name not in ("chromosome.h5", ".lock")
    ] == []


def test_options_of_bed(toy, tmp_path):
    path = write(tmp_path, "a.bed", "chr1\t990\t1010\nchr9\t1\t2\nchr1\t1200\t1300\n")
    report = import_bed(toy, "cut", path, clip=True, skip_unknown=True)
    assert (report.clipped, report.outside, report.skipped, report.features) == (1, 1, {"chr9": 1}, 1)
    assert toy.open_features("cut")["end"].tolist() == [1000]
    with pytest.raises(TrackExistsError):
        import_bed(toy, "cut", tmp_path / "a.bed")
    with pytest.raises(ValueRangeError, match="dtype is for tracks"):
        import_bed(toy, "x", path, dtype="uint8")
    assert import_bed(toy, "none", write(tmp_path, "e.bed", ""), allow_empty=True).features == 0
    assert len(toy.open_features("none")) == 0
    assert toy.open_features("none").to_dataframe().empty
    first, second = write(tmp_path, "1.bed", "chr2\t1\t2\ta\n"), write(tmp_path, "2.bed", "chr1\t1\t2\tb\n")
    import_bed(toy, "two", [first, second])
    assert toy.open_features("two")["name"].tolist() == ["b", "a"]


# -- genes ------------------------------------------------------------------------------------


def gtf_oracle(path: Path) -> dict:
    """(chrom, strand, transcript) -> gene, exons, CDS with codons: offsets."""
    found: dict = defaultdict(lambda: {"gene": "", "exon": [], "coding": []})
    for line in lines_of(path):
        fields = line.split("\t")
        if fields[2] not in ("exon", "CDS", "start_codon", "stop_codon"):
            continue
        pairs = [pair.strip().split(" ", 1) for pair in fields[8].split(";") if pair.strip()]
        attributes = {key: value.strip('"') for key, value in pairs}
        row = found[fields[0], fields[6], attributes["transcript_id"]]
        row["gene"] = attributes["gene_id"]
        row["exon" if fields[2] == "exon" else "coding"].append((int(fields[3]) - 1, int(fields[4])))
    return found


def gff_oracle(path: Path) -> dict:
    found: dict = defaultdict(lambda: {"exon": [], "coding": []})
    for line in lines_of(path):
        fields = line.split("\t")
        if fields[2] in ("exon", "CDS"):
            attributes = dict(pair.split("=", 1) for pair in fields[8].split(";") if pair)
            for parent in attributes["Parent"].split(","):
                found[fields[0], fields[6], parent]["exon" if fields[2] == "exon" else "coding"].append(
                    (int(fields[3]) - 1, int(fields[4]))
                )
    return found


def compare(table, want: dict, prefix: str = "") -> None:
    frame = table.to_dataframe()
    assert len(frame) == len(want)
    seen = set()
    for row in frame.itertuples():
        key = (row.chrom.removeprefix(prefix), row.strand, row.name)
        assert key not in seen
        seen.add(key)
        parts = sorted(set(want[key]["exon"] or want[key]["coding"]))
        exons = list(
            zip(map(int, row.exon_starts.split(",")), map(int, row.exon_ends.split(",")), strict=True)
        )
        assert exons == parts
        assert row.start <= parts[0][0]
        assert row.end >= max(end for _, end in parts)
        coding = want[key]["coding"]
        assert row.cds_start == min((start for start, _ in coding), default=-1)
        assert row.cds_end == max((end for _, end in coding), default=-1)
        if "gene" in want[key]:
            assert row.gene_id == want[key]["gene"]


@needs_shared
@pytest.mark.parametrize(
    ("name", "assembly", "oracle"),
    [
        ("dm3_subset_BDGP5.78.gtf.gz", "dm3", gtf_oracle),
        ("sacCer_SGD1.01.56.gtf.gz", "sacCer2", gtf_oracle),
        ("dm3_chr2L-5M.gff.gz", "dm3", gff_oracle),
    ],
)
def test_every_value_of_real_gene_files(tmp_path, name, assembly, oracle):
    path = SHARED / "data" / "genes" / name
    db = GenomeDB.create(tmp_path, assembly, SHARED / "data" / "chromsizes" / f"{assembly}.chrom.sizes")
    alias = None if oracle is gff_oracle else "ucsc"
    report = import_genes(db, "genes", path, chrom_alias=alias, skip_unknown=True)
    want = {key: value for key, value in oracle(path).items() if key[0] not in report.skipped}
    want = {("M" if key[0] == "MT" else key[0], *key[1:]): value for key, value in want.items()}
    compare(db.open_features("genes"), want, "" if alias is None else "chr")


@needs_shared
def test_bed12_as_genes_has_the_exons_of_bed12_as_bed(tmp_path):
    path = SHARED / "data" / "genes" / "sacCer3_genes.bed12"
    db = GenomeDB.create(tmp_path, "sacCer3", SHARED / "data" / "chromsizes" / "sacCer3.chrom.sizes")
    import_genes(db, "genes", path)
    import_bed(db, "bed", path)
    genes, bed = db.open_features("genes"), db.open_features("bed")
    pd.testing.assert_frame_equal(genes.exons().drop(columns=["gene_id", "gene_name"]), bed.exons())
    pd.testing.assert_frame_equal(
        genes.coding_exons().drop(columns=["gene_id", "gene_name"]), bed.coding_exons()
    )
    slow = []
    for line in lines_of(path):
        fields = line.split("\t")
        sizes, starts = ([int(x) for x in fields[k].rstrip(",").split(",")] for k in (10, 11))
        slow += [
            (fields[0], int(fields[1]) + b, int(fields[1]) + b + s, fields[5], fields[3])
            for s, b in zip(sizes, starts, strict=True)
        ]
    got = bed.exons()[["chrom", "start", "end", "strand", "transcript"]].itertuples(index=False, name=None)
    assert sorted(got) == sorted(slow)


GENEPRED = {
    "genePred": "T1\tchr1\t-\t100\t400\t150\t350\t2\t100,300,\t200,400,",
    "flyBaseGene with bin": "585\tT1\tchr1\t-\t100\t400\t150\t350\t2\t100,300,\t200,400,",
    "knownGene": "T1\tchr1\t-\t100\t400\t150\t350\t2\t100,300,\t200,400,\tP1\tuc1",
    "refGene": "585\tT1\tchr1\t-\t100\t400\t150\t350\t2\t100,300,\t200,400,\t0\tGENE\tcmpl\tcmpl\t0,1,",
    "refFlat": "GENE\tT1\tchr1\t-\t100\t400\t150\t350\t2\t100,300,\t200,400,",
}


@pytest.mark.parametrize("kind", GENEPRED)
def test_gene_tables_of_ucsc(toy, tmp_path, kind):
    text = GENEPRED[kind]
    rest = text.replace("T1", "T2").replace("\t150\t350\t", "\t400\t400\t").replace("-", "+")
    import_genes(toy, "genes", write(tmp_path, "x.txt.gz", f"#header\n{text}\n{rest}\n"))
    genes = toy.open_features("genes")
    gene = "GENE" if kind.startswith("ref") else ""
    assert genes.to_dataframe().values.tolist() == [
        ["chr1", 100, 400, "-", "T1", gene, gene, "", 150, 350, "100,300", "200,400"],
        ["chr1", 100, 400, "+", "T2", gene, gene, "", -1, -1, "100,300", "200,400"],
    ]
    assert genes.coding_exons()[["start", "end", "transcript", "part"]].values.tolist() == [
        [150, 200, "T1", 2],
        [300, 350, "T1", 1],
    ]
    assert genes.genes()["n_transcripts"].tolist() == [1, 1]  # two strands


def test_gff3_names_types_and_sequences_behind(toy, tmp_path):
    lines = [
        "##gff-version 3",
        "chr1\t.\tgene\t101\t400\t.\t+\t.\tID=g1;Name=Alpha%3B1;biotype=protein_coding",
        "chr1\t.\tmRNA\t101\t400\t.\t+\t.\tID=t1;Parent=g1",
        "chr1\t.\tmRNA\t101\t400\t.\t+\t.\tID=t2;Parent=g1",
        "chr1\t.\texon\t301\t400\t.\t+\t.\tParent=t1,t2",
        "chr1\t.\texon\t101\t200\t.\t+\t.\tParent=t1",
        "chr1\t.\texon\t101\t150\t.\t+\t.\tParent=t2",
        "chr1\t.\tCDS\t121\t200\t.\t+\t0\tID=c;Parent=t1",
        "chr1\t.\tCDS\t301\t320\t.\t+\t0\tID=c;Parent=t1",
        "chr2\t.\tgene\t11\t40\t.\t-\t.\tID=b1;Name=bact",
        "chr2\t.\tCDS\t11\t40\t.\t-\t0\tParent=b1",
        "##FASTA",
        ">chr1",
        "ACGT",
    ]
    report = import_genes(toy, "genes", write(tmp_path, "a.gff3", "\n".join(lines) + "\n"))
    assert not report.left_out
    genes = toy.open_features("genes")
    assert genes.to_dataframe().drop(columns=["chrom", "strand"]).values.tolist() == [
        [100, 400, "t1", "g1", "Alpha;1", "protein_coding", 120, 320, "100,300", "200,400"],
        [100, 400, "t2", "g1", "Alpha;1", "protein_coding", -1, -1, "100,300", "150,400"],
        [10, 40, "b1", "b1", "bact", "gene", 10, 40, "10", "40"],
    ]
    assert genes.merged_exons()[["start", "end", "gene_id"]].values.tolist() == [
        [100, 200, "g1"],
        [300, 400, "g1"],
        [10, 40, "b1"],
    ]
    assert genes.introns()[["start", "end", "transcript", "intron"]].values.tolist() == [
        [200, 300, "t1", 1],
        [150, 300, "t2", 1],
    ]
    assert genes.tss()[["chrom", "start"]].values.tolist() == [["chr1", 100], ["chr1", 100], ["chr2", 39]]
    assert genes.promoters(200, 5)[["start", "end"]].values.tolist() == [[0, 105], [0, 105], [35, 240]]


BAD_GENES = {
    "chr1\tx\texon\t1\t9\t.\t+\t.\n": "the line has no attributes",
    'chr1\tx\texon\t1\t9\t.\t+\t.\tgene_id "G";\n': "name no transcript",
    'chr1\tx\texon\t9\t1\t.\t+\t.\ttranscript_id "T";\n': r":1: start 9 and end 1",
    'chr1\tx\texon\t0\t1\t.\t+\t.\ttranscript_id "T";\n': r":1: start 0",
    'chr1\tx\texon\tx\t1\t.\t+\t.\ttranscript_id "T";\n': r"no known table|not both whole",
    'chr1\tx\texon\t1\t1001\t.\t+\t.\ttranscript_id "T";\n': r":1: end 1001 is past the end",
    'chr1\tx\ttranscript\t5\t9\t.\t+\t.\ttranscript_id "T";\nchr1\tx\texon\t1\t9\t.\t+\t.\ttranscript_id "T";\n': "its exons reach from 0 to 9",
    "T1\tchr1\t-\t100\t400\t150\t350\t3\t100,300,\t200,400,\n": ":1: 2 exon starts and 2 ends, and exonCount is 3",
    "T1\tchr1\t-\t100\t400\t150\t350\t2\t100,x,\t200,400,\n": ":1: '100,x,' is not a list of exon borders",
    "T1\tchr1\t-\t100\tz\t150\t350\t2\t100,300,\t200,400,\n": ":1: .*not all whole numbers",
    "chr1\t1\t2\n": "no known table of genes",
    'chr1\tx\tgene\t1\t9\t.\t+\t.\tgene_id "G";\n': "no line of data",
}


@pytest.mark.parametrize("text", BAD_GENES, ids=range(len(BAD_GENES)))
def test_bad_gene_files_name_the_line_and_leave_nothing(toy, tmp_path, text):
    with pytest.raises(FormatError, match=BAD_GENES[text]):
        import_genes(toy, "bad", write(tmp_path, "bad.txt", text))
    assert toy.list_tracks() == []


# -- numbers that are not what they seem ------------------------------------------------------


def scored(toy, tmp_path, *scores, **options):
    lines = "".join(f"chr1\t{10 * k}\t{10 * k + 5}\tx\t{score}\n" for k, score in enumerate(scores))
    return import_bed(toy, "t", write(tmp_path, "a.bed", lines), overwrite=True, **options)


def test_long_whole_numbers_stay_exact(toy, tmp_path):
    scored(toy, tmp_path, "1234567890123456789", "-5")
    assert toy.open_features("t")["score"].tolist() == [1234567890123456789, -5]
    scored(toy, tmp_path, "1234567890123456789", how="score", dtype="int64")
    assert toy["t"].values("chr1", 0, 5).tolist() == [1234567890123456789] * 5
    report = scored(toy, tmp_path, "18446744073709551615", how="score", dtype="uint64")
    assert toy["t"].values("chr1", 0, 1).tolist() == [18446744073709551615]
    assert report.written.saturated == 0
    # No number of 64 bits holds these side by side: they stay text.
    scored(toy, tmp_path, "9007199254740993", ".")
    assert toy.open_features("t")["score"].tolist() == ["9007199254740993", "."]
    with pytest.raises(FormatError, match="have no score"):
        scored(toy, tmp_path, "9007199254740993", "0.5", how="score")
    scored(toy, tmp_path, "007", "+8")
    assert toy.open_features("t")["score"].tolist() == [7, 8]


def test_scores_beyond_the_dtype_are_counted_or_refused(toy, tmp_path):
    assert scored(toy, tmp_path, "1e40", how="score").written.saturated == 5
    assert toy["t"].values("chr1", 0, 1)[0] == np.finfo("float32").max
    with pytest.raises(ValueRangeError, match="1e\\+40|float32"):
        scored(toy, tmp_path, "1e40", how="score", overflow="error")
    with pytest.raises(ValueRangeError, match="1e400, which is beyond"):
        scored(toy, tmp_path, "1e400")
    with pytest.raises(FormatError, match="no feature has a score"):
        scored(toy, tmp_path, ".", how="score")
    scored(toy, tmp_path, "1e40")
    with pytest.raises(ValueRangeError, match="beyond float32; take dtype='float64'"):
        toy.open_features("t").as_track("score")


def test_numbers_and_then_a_text_take_no_time(toy, tmp_path):
    lines = (
        "".join(f"chr1\t{k % 900}\t{k % 900 + 1}\ta\t0\t+\t12345\n" for k in range(5000))
        + "chr1\t1\t2\ta\t0\t+\tx\n"
    )
    import_bed(toy, "t", write(tmp_path, "a.bed", lines), format="bed6")
    assert toy.open_features("t")["column7"].tolist().count("12345") == 5000


# -- parts of features -------------------------------------------------------------------------

GTF = "chr1\tx\t{}\t{}\t{}\t.\t+\t.\t{}\n"


def test_keys_in_quotes_are_no_keys(toy, tmp_path):
    lines = GTF.format(
        "exon",
        1,
        9,
        'gene_id "G"; note "old transcript_id X9; gene_name Foo"; transcript_id "t1"; gene_name "Real"; level 2;',
    )
    lines += GTF.format("exon", 20, 30, r'gene_id "g; gene_name \"q\""; transcript_id t2 ; gene_name "N; n"')
    lines += GTF.format("exon", 40, 50, 'transcript_id "t3"; exon_number 1; gene_biotype "lincRNA"')
    import_genes(toy, "g", write(tmp_path, "a.gtf", lines))
    assert toy.open_features("g").to_dataframe()[
        ["name", "gene_id", "gene_name", "gene_type"]
    ].values.tolist() == [
        ["t1", "G", "Real", ""],
        ["t2", 'g; gene_name "q"', "N; n", ""],
        ["t3", "", "", "lincRNA"],
    ]


def test_codons_are_no_exons(toy, tmp_path):
    text = 'gene_id "G"; transcript_id "T";'
    lines = (
        GTF.format("CDS", 101, 200, text)
        + GTF.format("start_codon", 101, 103, text)
        + GTF.format("stop_codon", 201, 203, text)
    )
    import_genes(toy, "g", write(tmp_path, "a.gtf", lines))
    for found in (toy.open_features("g").exons(), toy.open_features("g").coding_exons()):
        assert found[["start", "end"]].values.tolist() == [[100, 203]]


def test_exons_out_of_order_and_overlapping(toy, tmp_path):
    import_genes(
        toy, "g", write(tmp_path, "a.txt", "t1\tchr1\t+\t100\t900\t100\t900\t3\t100,150,800,\t500,200,900,\n")
    )
    assert toy.open_features("g").introns()[["start", "end"]].values.tolist() == [[500, 800]]
    import_bed(
        toy, "b", write(tmp_path, "a.bed", "chr1\t100\t400\tt\t0\t-\t100\t400\t0\t2\t100,100\t200,0\n")
    )
    assert toy.open_features("b").introns()[["start", "end"]].values.tolist() == [[200, 300]]
    assert toy.open_features("b").exons()[["start", "exon"]].values.tolist() == [[100, 2], [300, 1]]


def test_clip_cuts_the_parts_too(toy, tmp_path):
    text = 'gene_id "G"; transcript_id "T";'
    lines = "".join(
        GTF.format(*part, text).replace("chr1", "chr2")
        for part in (("exon", 101, 200), ("exon", 401, 600), ("exon", 701, 800), ("CDS", 151, 780))
    )
    assert import_genes(toy, "g", write(tmp_path, "a.gtf", lines), clip=True).clipped == 1
    genes = toy.open_features("g")
    assert genes.to_dataframe().values.tolist() == [
        ["chr2", 100, 500, "+", "T", "G", "", "", 150, 500, "100,400", "200,500"]
    ]
    assert genes.exons()["end"].max() == 500
    bed = "chr2\t480\t550\tx\t0\t+\t480\t550\t0\t2\t10,50\t0,20\nchr2\t490\t600\ty\t0\t+\t520\t600\t0\t2\t5,10\t0,100\n"
    import_bed(toy, "b", write(tmp_path, "a.bed", bed), clip=True)
    table = toy.open_features("b")
    assert table.exons()[["start", "end"]].values.tolist() == [[480, 490], [490, 495]]
    assert table["thickEnd"].tolist() == [500, 500]
    assert table["blockCount"].tolist() == [1, 1]


BAD_PARTS = {
    "chr1\t10\t20\ta\t0\t+\t10\t20\t0\t2\t5,5\t0,6\n": r"block \[16, 21\) is not inside of the feature \[10, 20\)",
    "chr1\t10\t20\ta\t0\t+\t10\t30\t0\t1\t10\t0\n": "",
}


def test_bed12_whose_parts_lie_outside(toy, tmp_path):
    path = write(tmp_path, "a.bed", next(iter(BAD_PARTS)))
    with pytest.raises(FormatError, match=":1: " + BAD_PARTS[next(iter(BAD_PARTS))]):
        import_bed(toy, "b", path)
    with pytest.raises(FormatError, match=r":1: block \[16, 21\) is not inside"):
        import_genes(toy, "g", path)
    with pytest.raises(FormatError, match=r":1: the thick part \[10, 30\) is not inside"):
        import_genes(toy, "g", write(tmp_path, "b.bed", list(BAD_PARTS)[1]))


def test_numbers_without_end_are_refused(toy, tmp_path):
    big = "9" * 30
    for lines in (
        GTF.format("exon", 1, big, 'transcript_id "t"'),
        f"t1\tchr1\t+\t1\t{big}\t1\t2\t1\t1,\t{big},\n",
        f"chr1\t1\t{big}\n",
    ):
        for importer in (import_genes, import_bed):
            with pytest.raises(FormatError):
                importer(toy, "x", write(tmp_path, "a.txt", lines))
    with pytest.raises(FormatError, match="2 lines of type gene, which make no feature"):
        import_genes(toy, "x", write(tmp_path, "g.gtf", GTF.format("gene", 1, 9, 'gene_id "G"') * 2))


def test_what_was_imported_comes_back(toy, tmp_path):
    from genomearray_converters import export_bed

    files = {
        "3": "chr1\t1\t5\nchr2\t3\t4\n",
        "4": "chr1\t1\t5\ta b\nchr2\t3\t4\tc\n",
        "5": "chr1\t1\t5\ta\t3\nchr2\t3\t4\tc\t.\n",
        "6": "chr1\t1\t5\ta\t0.25\t+\nchr2\t3\t4\tc\t7\t-\n",
        "12": "chr1\t1\t50\ta\t0\t+\t5\t9\t255,0,0\t2\t5,6,\t0,43,\n",
        "10.narrowPeak": "chr1\t1\t5\tp\t211\t.\t13.7848\t23.8\t21\t3\n",
    }
    for name, lines in files.items():
        path = write(tmp_path, name if "." in name else f"{name}.bed", lines)
        import_bed(toy, f"t{name.partition('.')[0]}", path)
        export_bed(toy.open_features(f"t{name.partition('.')[0]}"), tmp_path / "out.bed", overwrite=True)
        assert (tmp_path / "out.bed").read_text() == lines, name
    bed12 = "chr1\t1\t50\ta\t0\t+\t5\t9\t0\t2\t5,6\t0,43\nchr2\t3\t9\tb\t0\t-\t3\t3\t0\t1\t6\t0\n"
    import_genes(toy, "genes", write(tmp_path, "g.bed12", bed12))
    export_bed(toy.open_features("genes"), tmp_path / "genes.bed")
    assert (tmp_path / "genes.bed").read_text() == bed12


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_a_flipped_byte_is_an_error_or_harmless_never_another_feature(toy, tmp_path, store):
    """Also where only some rows are read: text has no checksum of its own in HDF5."""
    from genomearray.errors import GenomeArrayError

    rng = np.random.default_rng(3)
    start = np.sort(rng.integers(0, 900, 3000))
    lines = "".join(
        f"chr{1 + (k % 3 == 0)}\t{s % 400}\t{s % 400 + 9}\tname{k}\t{k / 4}\t+\n"
        for k, s in enumerate(start.tolist())
    )
    import_bed(toy, "t", write(tmp_path, "a.bed", lines), store=store)
    path = toy.get_track_path("t")

    def answers():
        table = toy.open_features("t")
        try:
            found = [
                table["chr2:101-150"].to_dataframe(),
                table.nearest([("chr1", 350, 360)]),
                table.sel(chrom="chr2").to_dataframe().tail(3),
            ]
            return [frame.values.tolist() for frame in found]
        finally:
            table.close()

    want = answers()
    # Of HDF5 the bytes of texts: numbers have the checksum of zlib, and a flipped length of a text may have HDF5 wait for ever.
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    noticed = 0
    for _ in range(60):
        file = files[int(rng.integers(len(files)))]
        raw = file.read_bytes()
        places = (
            [found.start() + 4 for found in re.finditer(rb"name\d", raw)]
            if store == "h5"
            else range(len(raw))
        )
        at = int(places[int(rng.integers(len(places)))])
        changed = bytearray(raw)
        changed[at] ^= 1 << int(rng.integers(8))
        file.unlink()  # a file that is open stays as it was
        file.write_bytes(changed)
        try:
            assert answers() == want, (file.name, at)
        except GenomeArrayError:
            noticed += 1
        finally:
            file.unlink()
            file.write_bytes(raw)
    assert noticed > 0


def test_a_draft_genome_is_written_in_few_pieces(tmp_path, monkeypatch):
    """Work grows with the features, not with contigs times columns."""
    from genomearray_converters import export_bed

    from genomearray.storage.write.hdf5 import Hdf5TableSink

    names = [f"contig_{k}" for k in range(1500)]
    db = GenomeDB.create(tmp_path / "db", "draft", dict.fromkeys(names, 300))
    text = "".join(f"{name}\t{k % 250}\t{k % 250 + 9}\tf{k}\t0\t+\n" for k, name in enumerate(names) if k % 3)
    written, plain = [], Hdf5TableSink.write
    monkeypatch.setattr(
        Hdf5TableSink, "write", lambda self, name, *rest: written.append(name) or plain(self, name, *rest)
    )
    import_bed(db, "t", write(tmp_path, "a.bed", text))
    assert len(written) == len(set(written))
    export_bed(db.open_features("t"), tmp_path / "b.bed")
    assert (tmp_path / "b.bed").read_text() == text
    assert db.open_features("t").counts(tmp_path / "a.bed").tolist() == [1] * 1000
