"""bigBed that we write: read by other programs, by ourselves, and level by level."""

import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pyBigWig
import pytest
from genomearray_converters import export_bed, import_bed

import genomearray as ga
from genomearray.errors import FormatError, RegionError, UnknownChromosomeError
from tests.converters.test_bigwig_zooms import zoom_levels
from tests.shared_data import DATA, needs_shared

PROGRAM = Path(sys.executable).parent / "genomearray"
SIZES = {"chr2": 30_000, "chr10": 900, "chr1": 500_000, "empty": 50}


def lines(rng, n):
    for k in range(n):
        chrom = ("chr1", "chr10", "chr2")[int(rng.integers(0, 3))]
        start = int(rng.integers(0, SIZES[chrom]))
        end = min(start + int(rng.integers(0, 40 if k % 50 else 100_000)), SIZES[chrom])
        score = "." if k % 7 == 3 else str(k / 8)
        yield f"{chrom}\t{start}\t{end}\tname {k} é\t{score}\t{'+-.'[k % 3]}\t{k - 9}\t{k + 2**33}\ttext\n"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bb")
    db = ga.GenomeDB.create(folder, "toy", SIZES)
    (folder / "a.bed").write_text("".join(lines(np.random.default_rng(3), 3000)))
    import_bed(db, "t", folder / "a.bed")
    assert int(export_bed(db["t"], folder / "a.bb")) == 3000
    return db, folder / "a.bb"


def test_it_comes_back(written):
    db, path = written
    import_bed(db, "again", path, overwrite=True)
    pd.testing.assert_frame_equal(db["again"].to_dataframe(), db["t"].to_dataframe())
    assert db["t"].to_dataframe()["score"].isna().any()


def test_other_readers_find_the_features_of_a_region(written):
    db, path = written
    frame = db["t"].to_dataframe()
    with pyBigWig.open(str(path)) as file, pybigtools.open(str(path)) as other:
        assert file.chroms() == SIZES
        for chrom, start, end in (("chr1", 100_000, 200_000), ("chr10", 0, 900), ("chr2", 29_000, 30_000)):
            rows = frame[(frame.chrom == chrom) & (frame.start < end) & (frame.end > start)]
            rows = rows[rows.end > rows.start]
            want = [(row.start, row.end, row.name) for row in rows.itertuples(index=False)]
            got = [(low, high, rest.split("\t")[0]) for low, high, rest in file.entries(chrom, start, end)]
            assert [row for row in got if row[1] > row[0]] == want
            got = [(row[0], row[1]) for row in other.records(chrom, start, end)]
            assert [row for row in got if row[1] > row[0]] == [row[:2] for row in want]
        description = file.SQL().decode()
        for field in (
            "double score;",
            "char[1] strand;",
            "int column7;",
            "bigint column8;",
            "string column9;",
        ):
            assert field in description


def test_every_record_of_every_level_is_depth(written):
    db, path = written
    depth = {}
    for chrom, size in SIZES.items():
        values = np.zeros(size)
        for row in db["t"].to_dataframe().query("chrom == @chrom").itertuples():
            values[row.start : row.end] += 1
        depth[chrom] = values
    names = sorted(SIZES, key=str.encode)
    levels = list(zoom_levels(path))
    assert len(levels) >= 3
    for reduction, records in levels:
        assert records["n"].sum() == sum((values > 0).sum() for values in depth.values())
        assert (records["end"] - records["start"] <= reduction).all()
        for record in records[:: max(1, records.size // 200)]:
            values = depth[names[record["chrom"]]][record["start"] : record["end"]]
            values = values[values > 0]
            assert values.size == record["n"]
            assert (values.min(), values.max()) == (record["min"], record["max"])
            assert values.sum() == record["sum"]
    with pyBigWig.open(str(path)) as file:
        assert file.header()["sumData"] == sum(values.sum() for values in depth.values())


def test_the_command(written, tmp_path):
    db, _ = written
    base = [PROGRAM, "--db", db.path, "--assembly", "toy", "export", "bed"]
    subprocess.run([*base, "t", tmp_path / "x.out", "--bigbed", "--chrom", "chr10"], check=True)
    with pyBigWig.open(str(tmp_path / "x.out")) as file:
        assert file.isBigBed()
        assert not file.entries("chr2", 0, 30_000)
    refused = subprocess.run([*base, "t", "-", "--bigbed"], check=False, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "give a file, not standard output" in refused.stderr
    db.save_track("v", {"chr10": np.arange(900) % 100}, overwrite=True)
    subprocess.run([*base, "v", tmp_path / "v.bigBed", "--above", "97"], check=True)
    assert len(ga.open_features(tmp_path / "v.bigBed")) == 9


def test_what_cannot_be_written(written, tmp_path):
    db, _ = written
    frame = pd.DataFrame({"chrom": ["chr1", "chr10"], "start": [0, 5], "end": [3, 901]})
    with pytest.raises(FormatError, match="give assembly="):
        export_bed(frame, tmp_path / "a.bb")
    with pytest.raises(RegionError, match=r"row 2: \[5, 901\) of 'chr10' is no part of it"):
        export_bed(frame, tmp_path / "a.bb", assembly=db.assembly)
    with pytest.raises(UnknownChromosomeError, match="'chrZ' is not in assembly 'toy'"):
        export_bed(frame.assign(chrom="chrZ"), tmp_path / "a.bb", assembly=db.assembly)
    with pytest.raises(FormatError, match="there is no feature to write"):
        export_bed(frame[:0], tmp_path / "a.bb", assembly=db.assembly)
    assert not list(tmp_path.iterdir())


def test_one_long_feature_and_letters_that_end_a_text(written, tmp_path):
    """The first features reach over all later blocks: an index that takes the last end loses them."""
    db, _ = written
    starts = np.arange(0, 140_000) * 3
    ends = starts + 2
    ends[:3] = 499_000, 300_000, 450_123
    names = [f"n\0{k}\t" if k % 50_000 == 0 else f"n{k}" for k in range(starts.size)]
    frame = pd.DataFrame({"chrom": "chr1", "start": starts, "end": ends, "name": names})
    report = export_bed(frame, tmp_path / "a.bb", assembly=db.assembly)
    assert "3 texts held tabs" in str(report)
    with pyBigWig.open(str(tmp_path / "a.bb")) as file:
        for low, high in ((100_000, 100_030), (299_998, 300_003), (419_990, 450_000), (470_000, 470_001)):
            there = (starts < high) & (ends > low)
            assert [row[:2] for row in file.entries("chr1", low, high)] == list(
                zip(starts[there].tolist(), ends[there].tolist(), strict=True)
            )
    assert ga.open_features(tmp_path / "a.bb").to_dataframe()["name"][50_000] == "n 50000 "


def test_missing_scores_beside_whole_ones_are_0(written, tmp_path):
    """Browsers read the score as a whole number, and nothing after one that is none."""
    db, _ = written
    frame = pd.DataFrame(
        {"chrom": "chr1", "start": [5, 9], "end": [8, 20], "name": ["a", ""], "score": [np.nan, 500.0],
         "strand": ["+", "-"], "n": pd.array([3, None], dtype="Int64")}
    )  # fmt: skip
    report = export_bed(frame, tmp_path / "a.bb", assembly=db.assembly)
    assert "1 missing scores are 0" in str(report)
    with pyBigWig.open(str(tmp_path / "a.bb")) as file:
        assert file.entries("chr1", 0, 30) == [(5, 8, "a\t0\t+\t3"), (9, 20, ".\t500\t-\tnan")]
        assert "uint score;" in file.SQL().decode()
        assert "double n;" in file.SQL().decode()
    assert struct.unpack_from("<HH", (tmp_path / "a.bb").read_bytes(), 32) == (7, 6)
    with pytest.raises(FormatError, match=r"leave \.gz away"):
        export_bed(frame, tmp_path / "a.bb.gz", assembly=db.assembly)
    with pytest.raises(FormatError, match="give assembly="):
        export_bed(frame, tmp_path / "b.bb", assembly="hg19")


@needs_shared
@pytest.mark.parametrize(
    ("assembly", "file"),
    [
        ("hg19", "hg19_MACS3_narrow5_peaks.narrowPeak"),
        ("hg19", "hg19_H3k4me3StdPk.broadPeak.gz"),
        ("hg18", "hg18_knownGene.chr21.bed12"),
        ("hg19", "hg19_simpleRepeats.chr1.bed.gz"),
    ],
)
def test_real_tables_come_back(tmp_path, assembly, file):
    db = ga.GenomeDB.create(tmp_path, assembly, DATA / f"chromsizes/{assembly}.chrom.sizes")
    import_bed(db, "t", DATA / "bed" / file)
    export_bed(db["t"], tmp_path / "a.bb")
    import_bed(db, "again", tmp_path / "a.bb")
    pd.testing.assert_frame_equal(db["again"].to_dataframe(), db["t"].to_dataframe())
