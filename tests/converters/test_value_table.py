"""bedMethyl, and other tables with the value in a column of one's choice."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from genomearray_converters import import_bedgraph

import genomearray as ga
from genomearray.errors import ArgumentError, FormatError

PROGRAM = Path(sys.executable).parent / "genomearray"
COUNTS = ("N_valid_cov", "percent_modified", "N_mod", "N_canonical", "N_other_mod")


@pytest.fixture
def db(tmp_path):
    return ga.GenomeDB.create(tmp_path / "db", "toy", {"chr1": 1000, "chr2": 500})


def methyl(chrom, start, code, *counts, blanks=False):
    """A line of modkit, with tabs, or with blanks after the tenth column (--mixed-delim)."""
    counts = [*counts, *[0] * (9 - len(counts))]
    first = [chrom, start, start + 1, code, counts[0], "+-"[start % 2], start, start + 1, "255,0,0"]
    rest = (" " if blanks else "\t").join(map(str, counts))
    return "\t".join(map(str, first)) + "\t" + rest + "\n"


@pytest.mark.parametrize("blanks", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_bedmethyl_by_the_names_of_modkit(db, tmp_path, blanks, end):
    rng = np.random.default_rng(1)
    rows = [("chr1", int(k), rng.integers(0, 2**16, 5)) for k in np.flatnonzero(rng.random(1000) < 0.3)]
    lines = [methyl(chrom, at, code, *counts, blanks=blanks) for chrom, at, counts in rows for code in "mh"]
    path = tmp_path / "a.bed"
    path.write_text("".join(lines).replace("\n", end), newline="")
    for k, name in enumerate(COUNTS):
        for column in (name, 9 + k):
            import_bedgraph(db, "t", path, value_col=column, name_col="m", dtype="uint16", overwrite=True)
            want = np.zeros(1000, "uint16")
            for _, at, counts in rows:
                want[at] = counts[k]
            np.testing.assert_array_equal(db["t"].values("chr1"), want)


def test_a_header_names_the_columns(db, tmp_path):
    body = "chr1\t3\t5\ta\t1.5\t7\nchr2\t0\t1\tb\t\t8\n"
    for header in ("#chrom\tstart\tend\tname\tmean\tn\n", "# made by x\n#chrom\tstart\tend\tname\tmean\tn\n",
                   "track type=x\nchrom\tstart\tend\tname\tmean\tn\n"):  # fmt: skip
        (tmp_path / "a.tsv").write_text(header + body)
        import_bedgraph(db, "n", tmp_path / "a.tsv", value_col="n", overwrite=True)
        np.testing.assert_array_equal(db["n"].values("chr1", 2, 6), [np.nan, 7, 7, np.nan])
        assert db["n"].values("chr2", 0, 1)[0] == 8
        import_bedgraph(db, "mean", tmp_path / "a.tsv", value_col="mean", overwrite=True)
        assert db["mean"].values("chr1", 3, 4)[0] == 1.5
        assert np.isnan(db["mean"].values("chr2", 0, 1)[0])  # an empty field is missing


def test_two_modifications_on_one_base(db, tmp_path):
    path = tmp_path / "a.bed"
    path.write_text(
        "#c\n" + methyl("chr1", 4, "m", 9) + methyl("chr1", 7, "m", 9) + methyl("chr1", 7, "h", 3)
    )
    with pytest.raises(FormatError, match=r"a\.bed:4: .*same base.*'h'.*name_col"):
        import_bedgraph(db, "t", path, value_col="N_mod")
    # In any order of lines, and in two files.
    path.write_text(methyl("chr1", 7, "m", 9) + methyl("chr1", 4, "m", 9) + methyl("chr1", 7, "h", 3))
    with pytest.raises(FormatError, match=r"1 bases have several lines.*\(m, h\).*name_col"):
        import_bedgraph(db, "t", path, value_col="N_mod")
    assert not db.list_tracks()
    # Different ones on different bases are fine.
    path.write_text(methyl("chr1", 4, "m", 9) + methyl("chr1", 7, "a", 3) + methyl("chr2", 7, "m", 2))
    import_bedgraph(db, "t", path, value_col="N_valid_cov")
    assert db["t"].values("chr1", 4, 8).tolist()[::3] == [9, 3]
    # The same one twice: the last counts, as in every bedGraph.
    path.write_text(methyl("chr1", 4, "m", 9) + methyl("chr1", 4, "m", 8))
    report = import_bedgraph(db, "t", path, value_col="N_valid_cov", overwrite=True)
    assert db["t"].values("chr1", 4, 5)[0] == 8
    assert report.written.overwritten == 1


def test_eleven_columns_of_encode(db, tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chr1\t4\t5\t.\t13\t+\t4\t5\t0,255,0\t13\t92\n")
    for column, value in (("coverage", 13), ("percent_modified", 92), ("score", 13)):
        import_bedgraph(db, "t", path, value_col=column, overwrite=True)
        assert db["t"].values("chr1", 4, 5)[0] == value


def test_what_is_wrong_is_said(db, tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("#chrom\tstart\tend\tname\tn\nchr1\t3\t5\ta\t7\nchr1\tx\t9\ta\t7\n")
    with pytest.raises(
        FormatError, match=r"a\.tsv:2: no column is called 'depth' \(chrom, start, end, name, n\)"
    ):
        import_bedgraph(db, "t", path, value_col="depth")
    with pytest.raises(FormatError, match=r"a\.tsv:3: column 1: 'x' is not a whole number"):
        import_bedgraph(db, "t", path, value_col="n")
    with pytest.raises(FormatError, match=r"a\.tsv:2: .* has 5 columns, and the value is in column 8"):
        import_bedgraph(db, "t", path, value_col=8)
    with pytest.raises(FormatError, match=r"a\.tsv:2: column 3: 'a' is not a number"):
        import_bedgraph(db, "t", path, value_col=3)
    with pytest.raises(ArgumentError, match="the first three are chrom, start and end"):
        import_bedgraph(db, "t", path, value_col=2)
    with pytest.raises(ArgumentError, match="value_col"):
        import_bedgraph(db, "t", path, name_col="m")
    with pytest.raises(FormatError, match="no line has 'zz' in its fourth column; the first line has 'a'"):
        import_bedgraph(db, "t", path, value_col=4, name_col="zz")
    path.write_text("chr1 3 5 a 7\n")
    with pytest.raises(FormatError, match="no column is called 'n' .no line begins with # and names them"):
        import_bedgraph(db, "t", path, value_col="n")
    assert not db.list_tracks()


def test_the_command(db, tmp_path):
    (tmp_path / "a.bed").write_text(methyl("chr1", 4, "m", 300, 50) + methyl("chr1", 4, "h", 300, 10))
    base = [PROGRAM, "--db", db.path, "--assembly", "toy", "import", "bedgraph", "t", tmp_path / "a.bed"]
    subprocess.run([*base, "--value-col", "9", "--name-col", "h", "--dtype", "uint16"], check=True)
    assert db["t"].values("chr1", 3, 6).tolist() == [0, 300, 0]
    failed = subprocess.run(
        [*base, "--value-col", "9", "--overwrite"], capture_output=True, text=True, check=False
    )
    assert failed.returncode == 1
    assert "--name-col" in failed.stderr


def test_two_modifications_in_two_files(db, tmp_path):
    for code in "mh":
        (tmp_path / f"{code}.bed").write_text(methyl("chr1", 4, code, 9) + methyl("chr2", 40, code, 9))
    with pytest.raises(FormatError, match=r"2 bases have several lines.*\(m, h\)"):
        import_bedgraph(db, "t", [tmp_path / "m.bed", tmp_path / "h.bed"], value_col="N_mod")
    assert not db.list_tracks()


def test_only_bedmethyl_has_names_of_its_own(db, tmp_path):
    """narrowPeak has ten columns, BED12 and its kin have other numbers after the ninth."""
    path = tmp_path / "a.tsv"
    for fields in (
        ["chr1", 100, 300, "p", 9, ".", 3.5, 2.1, 4, 55],
        ["chr1", 100, 300, "p", 9, "+", 100, 300, 0, 1, 200, 0, "x"],
        ["chr1", 100, 300, "p", 9, "+", 100, 300, 0, 1, "200,", "0,"],
    ):
        path.write_text("\t".join(map(str, fields)) + "\n")
        for name in ("coverage", "percent_modified", "N_mod"):
            with pytest.raises(FormatError, match="no column is called"):
                import_bedgraph(db, "t", path, value_col=name)
    genotypes = "chr1\t4\t5\t.\t13\t+\t4\t5\t0,255,0\t13\t92\tCG\tCG\t20\n"
    path.write_text(genotypes)
    for name, value in (("coverage", 13), ("genotype_quality", 20)):
        import_bedgraph(db, "t", path, value_col=name, overwrite=True)
        assert db["t"].values("chr1", 4, 5)[0] == value


def test_headers_as_programs_write_them(db, tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("#'chr'\t'start'\t'end'\t'a.bw'\nchr1\t3\t5\t7\n")  # deepTools
    import_bedgraph(db, "t", path, value_col="a.bw")
    assert db["t"].values("chr1", 3, 5).tolist() == [7, 7]
    path.write_text("chrom\tstart\tend\t1\t2\nchr1\t3\t5\t7\t8\n")  # bedtools unionbedg
    for column in ("2", 4):
        import_bedgraph(db, "t", path, value_col=column, overwrite=True)
        assert db["t"].values("chr1", 3, 5).tolist() == [8, 8]
    path.write_text("#chrom\tstart\tend\ta\ta\nchr1\t3\t5\t7\t8\n")
    with pytest.raises(FormatError, match="2 columns are called 'a'"):
        import_bedgraph(db, "t", path, value_col="a", overwrite=True)
    with pytest.raises(FormatError, match="'end' is one of the first three"):
        import_bedgraph(db, "t", path, value_col="end", overwrite=True)


def test_starts_that_count_from_1(db, tmp_path):
    path = tmp_path / "peaks.xls"
    path.write_text("# MACS\n\nchr\tstart\tend\tlength\tpileup\nchr1\t101\t200\t100\t9\n")
    import_bedgraph(db, "t", path, value_col="pileup", start_offset=0)
    assert db["t"].values("chr1", 99, 102).tolist()[1:] == [9, 9]
    assert db["t"].count() == 100
    path.write_text("chr\tstart\tend\tn\nchr1\t0\t200\t9\n")
    with pytest.raises(FormatError, match="start -1 is negative"):
        import_bedgraph(db, "u", path, value_col="n", start_offset=0)


def test_a_line_that_is_skipped_decides_nothing(db, tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("chr1\t5\t6\tx\t7\nchr1\t6\t7\tx\t8\n")
    with pytest.raises(FormatError, match="no column is called 'depth'"):
        import_bedgraph(db, "t", path, value_col="depth", skip_bad=True)
    path.write_text("chr1\t9\t10\n" + methyl("chr1", 9, "m", 30) + methyl("chr1", 9, "h", 2))
    with pytest.raises(FormatError, match="same base"):
        import_bedgraph(db, "t", path, value_col="N_valid_cov", skip_bad=True)
    report = import_bedgraph(db, "t", path, value_col="N_valid_cov", name_col="h", skip_bad=True)
    assert report.bad.count == 1
    assert db["t"].values("chr1", 9, 10)[0] == 2
    path.write_text("#chrom\tstart\tend\tname\tdepth\n# made by me\nchr1\t5\t6\tx\t7\n")
    import_bedgraph(db, "t", path, value_col="depth", overwrite=True)
    assert db["t"].values("chr1", 5, 6)[0] == 7
    with pytest.raises(ArgumentError, match="name_col is empty"):
        import_bedgraph(db, "t", path, value_col="depth", name_col="")
