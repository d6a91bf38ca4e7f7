"""bigBed files as feature tables where they lie, and imported."""

import pickle

import numpy as np
import pandas as pd
import pyBigWig
import pytest
from genomearray_converters import import_bed

import genomearray as ga
from genomearray.errors import AssemblyError, FormatError, GenomeArrayError, LayoutError
from tests.foreign.bigwig_files import write_bigbed
from tests.range_server import serve
from tests.shared_data import PEERS, needs_shared

SIZES = {"chr2": 3000, "chr10": 900, "chr1": 5000}
AUTOSQL = """table peaks
"Some peaks; with a comment"
(
string chrom; "Chromosome"
uint chromStart; "Start"
uint chromEnd; "End"
string name; "Name"
uint score; "Score"
char[1] strand; "Strand"
float signal; "A ratio"
int[2] pair; "Two numbers"
string start; "A name that is taken"
)
"""


def features(rng, n=40):
    rows = []
    for chrom, size in SIZES.items():
        starts = np.sort(rng.integers(0, size - 30, n)).tolist()
        for k, start in enumerate(starts):
            end = start + int(rng.integers(0, 30))
            rest = [f"peak {k}", str(int(rng.integers(0, 1000))), "+-."[k % 3], str(k / 4), "1,2", "x"]
            rows.append((chrom, start, end, *rest))
    return rows


def expected(rows):
    names = ["chrom", "start", "end", "name", "score", "strand", "signal", "pair", "start_"]
    frame = pd.DataFrame(rows, columns=names).astype({"score": "int64", "signal": "float64"})
    frame["chrom"] = pd.Categorical(frame["chrom"], ["chr1", "chr2", "chr10"])
    frame = frame.sort_values(["chrom", "start", "end"], kind="stable").reset_index(drop=True)
    return frame.astype({"chrom": str})[["chrom", "start", "end", "strand", *names[3:5], *names[6:]]]


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compressed", [True, False])
def test_every_route_gives_the_same_table(tmp_path, order, compressed):
    rows = features(np.random.default_rng(1))
    db = ga.GenomeDB.create(tmp_path / "db", "toy", SIZES)
    path = write_bigbed(
        db.folder / "peaks.bb", SIZES, rows, order=order, compressed=compressed, autosql=AUTOSQL, fields=9,
        numbers={"chr2": 7, "chr10": 1, "chr1": 3},
    )  # fmt: skip
    want = expected(rows)
    import_bed(db, "copy", path)
    for table in (ga.open_features(path), db["peaks"], db.open_features(str(path)), db["copy"]):
        frame = table.to_dataframe()
        pd.testing.assert_frame_equal(frame, want, check_dtype=False)
        assert frame["score"].dtype == np.int64
        assert frame["signal"].dtype == np.float64
        inside = table["chr2:101-900"].to_dataframe()
        held = (want.chrom == "chr2") & (want.start < 900) & (np.maximum(want.end, want.start + 1) > 100)
        assert inside["start"].tolist() == want[held]["start"].tolist()
        regions = [("chr1", 0, 700), ("chr10", 5, 400)]
        assert table.counts(regions).tolist() == db["copy"].counts(regions).tolist()
    again = pickle.loads(pickle.dumps(db["peaks"]))
    pd.testing.assert_frame_equal(again.to_dataframe(), want, check_dtype=False)
    np.testing.assert_array_equal(
        db["peaks"].as_track("coverage").values("chr1"), db["copy"].as_track("coverage").values("chr1")
    )
    with serve(tmp_path / "db" / "toy") as (url, _):
        remote = ga.open_features(f"{url}/peaks.bb").to_dataframe()
    pd.testing.assert_frame_equal(remote, want, check_dtype=False)


def test_columns_without_a_description(tmp_path):
    rows = [("chr1", 5, 9, "a", "0.5", "-", "x"), ("chr1", 7, 7, "b", "2", "+", "y")]
    table = ga.open_features(write_bigbed(tmp_path / "a.bb", SIZES, rows, fields=7))
    frame = table.to_dataframe()
    assert list(frame) == ["chrom", "start", "end", "strand", "name", "score", "thickStart"]
    assert frame["score"].tolist() == ["0.5", "2"]  # no whole numbers, so the text as it stands
    assert frame["strand"].tolist() == ["-", "+"]
    empty = ga.open_features(write_bigbed(tmp_path / "b.bb", SIZES, []))
    assert len(empty) == 0


def test_another_assembly_and_the_wrong_kind_of_file(tmp_path):
    path = write_bigbed(tmp_path / "a.bb", SIZES, [("chr1", 5, 9)])
    db = ga.GenomeDB.create(tmp_path / "db", "other", {"chr1": 4000})
    with pytest.raises(AssemblyError, match=r"5,000 bp of 'chr1', and 'other' has 4,000"):
        db.open_features(str(path))
    with pytest.raises(FormatError, match="'chr1' has 5000 bp"):
        import_bed(db, "t", path)
    with pytest.raises(LayoutError, match="is a bigBed, a table of features"):
        ga.open_track(path)
    with pytest.raises(FormatError, match="says itself what its columns are"):
        import_bed(db, "t", path, format="bed6")
    assert db.list_tracks() == []


def test_every_damage_is_an_error_or_a_table(tmp_path):
    rows = [("chr1", k, k + 3, f"n{k}") for k in range(12)]
    whole = write_bigbed(tmp_path / "a.bb", {"chr1": 60, "chr2": 9}, rows, fields=4).read_bytes()
    path = tmp_path / "b.bb"
    refused = 0
    for k in range(len(whole)):
        for damaged in (
            whole[:k],
            *(whole[:k] + bytes([whole[k] ^ bit]) + whole[k + 1 :] for bit in (1, 128)),
        ):
            path.write_bytes(damaged)
            try:
                ga.open_features(path).to_dataframe()
            except GenomeArrayError:
                refused += 1
    assert refused > len(whole)


@needs_shared
@pytest.mark.parametrize(
    "name",
    [
        "pyBigWig/pyBigWigTest/test.bigBed",
        "rtracklayer/inst/tests/test.bb",
        "metaseq/metaseq/test/data/x.bigbed",
    ],
)
def test_real_files_equal_pybigwig(name):
    table = ga.open_features(PEERS / name)
    frame = table.to_dataframe()
    with pyBigWig.open(str(PEERS / name)) as peer:
        for chrom, length in peer.chroms().items():
            want = sorted((start, end) for start, end, _ in peer.entries(chrom, 0, length) or [])
            here = frame[frame.chrom == chrom]
            assert list(zip(here.start, here.end, strict=True)) == want
