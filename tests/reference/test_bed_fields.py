"""One reader of BED: import bed, import genes, lift-bed and tables of regions agree on what is BED."""

from __future__ import annotations

import io

import numpy as np
import pytest
from genomearray_converters import export_bed, import_bed, import_genes, lift_bed

from genomearray import GenomeDB
from genomearray.errors import FormatError, GenomeArrayWarning

CHAIN = "chain 900 chr1 1000 + 0 1000 chr1 1000 + 0 1000 1\n1000\n\n"


@pytest.fixture
def db(tmp_path) -> GenomeDB:
    made = GenomeDB.create(tmp_path / "db", "toy", {"chr1": 1000, "chr2": 500})
    made.save_track("t", {"chr1": np.arange(1000, dtype="uint16")})
    return made


def doors(db, path):
    """Start, end and strand of the rows of a file, through every reader."""
    import_bed(db, "table", path, overwrite=True)
    frame = db.open_features("table").to_dataframe()
    yield frame[["start", "end", "strand"]].values.tolist()
    regions = db["t"].region_stats(path)
    yield regions[["start", "end", "strand"]].values.tolist()
    chain = path.with_suffix(".chain")
    chain.write_text(CHAIN)
    out = io.BytesIO()
    lift_bed(chain, path, out)
    rows = [line.split("\t") for line in out.getvalue().decode().splitlines()]
    strand = {True: lambda row: row[5], False: lambda row: "."}
    strands = frame["strand"].tolist()
    yield [[int(r[1]), int(r[2]), strand[s != "."](r)] for r, s in zip(rows, strands, strict=True)]


GOOD = {
    "\ufeffchr1\t10\t20\n": [[10, 20, "."]],
    "chr1\t1e+02\t2e+02\n": [[100, 200, "."]],
    "chr1 10 20 a 0 -\r\n": [[10, 20, "-"]],
    "chr1\t10\t20\ta\t0\t?\n": [[10, 20, "."]],
    "chr1\t10\t20\ta\t0\t.\nchr1\t30\t40\tb\t0\t+\n": [[10, 20, "."], [30, 40, "+"]],
    "#x\ntrack name=x\n\nchr1\t10\t20\n": [[10, 20, "."]],
}
BAD = (
    "chr1\t10\n",
    "chr1\tx\t20\n",
    "chr1\t1.5e+02\t900\n",
    "chr1\t10.0\t20\n",
    "chr1\t1_0\t20\n",
    "chr1\t20\t10\n",
    "chr1\t-1\t10\n",
    "chr1\t10\t20\ta\t0\t+\nchr1\t10\t20\ta\t0\tx\n",
    "chrom\tstart\tend\nchr1\t10\t20\n",
    "chr1\t10\t20\rchr1\t30\t40\r",
)


@pytest.mark.parametrize("text", GOOD)
def test_all_readers_agree(db, tmp_path, text):
    path = tmp_path / "a.bed"
    path.write_bytes(text.encode())
    for rows in doors(db, path):
        assert rows == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_all_readers_refuse_the_same_line(db, tmp_path, text):
    path = tmp_path / "a.bed"
    path.write_text(text)
    messages = set()
    for door in (
        lambda: import_bed(db, "x", path),
        lambda: db["t"].region_stats(path),
        lambda: lift_bed(io_chain(tmp_path), path, io.BytesIO()),
    ):
        with pytest.raises(FormatError, match=r"a\.bed:[12]: ") as caught:
            door()
        messages.add(caught.value.message)
    assert len(messages) == 1


def io_chain(tmp_path):
    path = tmp_path / "a.chain"
    path.write_text(CHAIN)
    return path


def test_a_sixth_column_that_is_no_strand(db, tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chr1\t800\t900\t40.5\t2.5\tchr1:820-860\n")
    report = import_bed(db, "x", path)
    assert "column 6 ('chr1:820-860') is not a strand" in str(report)
    assert db.open_features("x")["column6"].tolist() == ["chr1:820-860"]
    with pytest.warns(GenomeArrayWarning, match="is not a strand"):
        assert db["t"].region_stats(path)["strand"].tolist() == ["."]


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("chr1\t800\t900\tp\t55\t.\t7.5\t-1\t3.2\t50", ["signalValue", "pValue", "qValue", "peak"]),
        ("chr1\t800\t900\tp\t55\t.\t7\t4\t3\t50", ["signalValue", "pValue", "qValue", "peak"]),
        ("chr1\t800\t900\tp\t55\t.\t7\t4\t3", ["signalValue", "pValue", "qValue"]),
        ("chr1\t800\t900\tp\t55\t.\t800\t850\t0\t1\t100\t0", ["thickStart", "thickEnd", "itemRgb"]),
        ("chr1\t800\t900\tp\t55\t.\t0\t0\t255,0,0", ["thickStart", "thickEnd", "itemRgb"]),
        ("chr1\t800\t900\tp\t55\t.\tx\ty", ["column7", "column8"]),
    ],
)
def test_values_decide_what_further_columns_are(db, tmp_path, line, columns):
    path = tmp_path / "a.bed"
    path.write_text(line + "\n")
    import_bed(db, "x", path)
    names = list(db.open_features("x").columns)
    assert [name for name in names if name in columns] == columns


def test_what_an_export_adds_comes_back(db, tmp_path):
    out = tmp_path / "peaks.bed"
    export_bed(db["t"].intervals(above=990), out)
    assert out.read_text().startswith("#chrom\tstart\tend\tname\tscore\tstrand\tmean\tmax\n")
    assert import_bed(db, "peaks", out).notes == []
    table = db.open_features("peaks").to_dataframe()
    assert table[["start", "end", "mean", "max"]].values.tolist() == [[991, 1000, 995.0, 999.0]]
    path = tmp_path / "a.narrowPeak"
    path.write_text("chr1\t1\t90\tp\t55\t+\t7.5\t-1\t3.2\t50\n")
    import_bed(db, "narrow", path)
    export_bed(db.open_features("narrow"), tmp_path / "b.bed")
    import_bed(db, "again", tmp_path / "b.bed")
    first, second = (db.open_features(name).to_dataframe() for name in ("narrow", "again"))
    assert first.columns.tolist() == second.columns.tolist()
    assert first.astype(str).values.tolist() == second.astype(str).values.tolist()


def test_a_feature_without_a_base_at_the_end_counts_everywhere(db, tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chr2\t500\t500\tins\nchr2\t5\t5\tother\n")
    import_bed(db, "x", path)
    table = db.open_features("x")
    assert len(table["chr2"]) == 2
    assert table.counts("chr2").tolist() == [2]
    assert table.counts([("chr2", 400, 500), ("chr2", 0, 10)]).tolist() == [1, 1]
    assert [len(table["chr2:500-500"]), len(table["chr2:499-499"])] == [1, 0]


def test_summits_and_blocks_are_lifted(tmp_path):
    chain = tmp_path / "a.chain"
    chain.write_text("chain 900 chr1 1000 + 0 400 chr1 1000 + 100 500 1\n400\n\n")
    for name, line, want in (
        ("a.narrowPeak", "chr1\t10\t90\tp\t0\t+\t1\t2\t3\t7", "chr1\t110\t190\tp\t0\t+\t1\t2\t3\t7"),
        (
            "a.bed",
            "chr1\t10\t90\tp\t0\t+\t10\t90\t0\t2\t5,5\t0,75",
            "chr1\t110\t190\tp\t0\t+\t110\t190\t0\t2\t5,5\t0,75",
        ),
    ):
        path, out = tmp_path / name, io.BytesIO()
        path.write_text(line + "\n")
        lift_bed(chain, path, out)
        assert out.getvalue().decode() == want + "\n"
    minus = tmp_path / "b.chain"
    minus.write_text("chain 900 chr1 1000 + 0 400 chr1 1000 - 100 500 1\n400\n\n")
    out = io.BytesIO()
    lift_bed(minus, tmp_path / "a.narrowPeak", out)
    fields = out.getvalue().decode().split("\t")
    # Base 17 maps to 1000 - 100 - 18 = 882, base 89 to 810.
    assert fields[1:3] == ["810", "890"]
    assert fields[9] == f"{882 - 810}\n"


def test_another_chain_that_maps_enough_is_taken(tmp_path):
    chain = tmp_path / "a.chain"
    chain.write_text(
        "chain 900 chr1 1000 + 0 40 chr1 1000 + 100 140 1\n40\n\n"
        "chain 500 chr1 1000 + 35 400 chr1 1000 + 500 865 2\n365\n\n"
    )
    path, out = tmp_path / "a.bed", io.BytesIO()
    path.write_text("chr1\t35\t95\n")
    assert lift_bed(chain, path, out, min_match=0.9).mapped == 1
    assert out.getvalue() == b"chr1\t500\t560\n"


def test_genes_from_bed12_are_read_by_the_same_rules(db, tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chr1\t1e+01\t40\ta\t0\t?\t0\t0\t0\t2\t5,10,\t0,20,\n")
    import_genes(db, "x", path, format="bed12")
    table = db.open_features("x").to_dataframe()
    assert table[["start", "strand", "exon_starts"]].values.tolist() == [[10, ".", "10,30"]]
