"""Wiggle, bedGraph and columns against the slow readers, on random files and by hand."""

import gzip
import io
import math

import numpy as np
import pytest
from genomearray_converters import import_bedgraph, import_text, import_wig
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import genomearray as ga
from genomearray import GenomeDB
from genomearray.errors import FormatError, TrackExistsError
from genomearray.input_file import BLOCK_BYTES
from tests import oracles

SIZES = {"chr1": 5000, "chr2": 700, "chrX": 90}
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def db(tmp_path):
    return ga.GenomeDB.create(tmp_path, "toy", SIZES)


def must_equal(track, bases):
    for chrom, length in SIZES.items():
        expected = np.full(length, np.nan if track.dtype.kind == "f" else 0)
        for (name, offset), value in bases.items():
            if name == chrom:
                expected[offset] = 0 if math.isnan(value) and track.dtype.kind != "f" else value
        np.testing.assert_array_equal(track.values(chrom), expected.astype(track.dtype))


numbers = st.one_of(
    st.integers(-300, 300).map(str),
    st.floats(-1e6, 1e6).map(repr),  # up to 17 digits: the slow path
    st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda v: f"{v:.6e}"),
    st.sampled_from(
        [
            "NA",
            "nan",
            "NaN",
            ".",
            "-0.0",
            "+5",
            "1e-320",
            "1E+05",
            ".5",
            "7.",
            "0.1234567890123456789",
            "123456789012345678901234567890",
        ]
    ),
)
junk = st.sampled_from(
    [
        "",
        "   ",
        "# a comment",
        "track type=wiggle_0 name=x",
        "browser position chr1:1-2",
        "#bedGraph section chr1:0-5",
    ]
)


def rows_of(line):
    return st.lists(st.one_of(line, line, line, junk), min_size=1, max_size=40)


@st.composite
def interval(draw):
    chrom = draw(st.sampled_from(sorted(SIZES)))
    start = draw(st.integers(0, SIZES[chrom] - 1))
    end = draw(st.integers(start + 1, min(SIZES[chrom], start + 60)))
    separator = draw(st.sampled_from(["\t", " ", "  "]))
    return separator.join([chrom, str(start), str(end), draw(numbers)])


@st.composite
def stretch(draw):
    chrom = draw(st.sampled_from(sorted(SIZES)))
    span, n = draw(st.integers(1, 4)), draw(st.integers(0, 6))
    extra = f" span={span}" if span > 1 or draw(st.booleans()) else ""
    if draw(st.booleans()):
        step = draw(st.integers(1, 5))
        start = draw(st.integers(1, SIZES[chrom] - 40))
        return [
            f"fixedStep chrom={chrom} start={start} step={step}{extra}",
            *(draw(numbers) for _ in range(n)),
        ]
    positions = [draw(st.integers(1, SIZES[chrom] - 4)) for _ in range(n)]
    return [
        f"variableStep chrom={chrom}{extra}",
        *(str(p) + draw(st.sampled_from([" ", "\t"])) + draw(numbers) for p in positions),
    ]


def save(path, lines, newline, last, compress):
    text = newline.join(lines) + (newline if last else "")
    raw = text.encode()
    path.write_bytes(
        gzip.compress(raw[: len(raw) // 2]) + gzip.compress(raw[len(raw) // 2 :]) if compress else raw
    )


files = {"newline": st.sampled_from(["\n", "\r\n"]), "last": st.booleans(), "compress": st.booleans()}


@quick
@given(
    rows_of(interval()).filter(lambda rows: any(row[:3] == "chr" for row in rows)),
    st.fixed_dictionaries(files),
)
def test_random_bedgraphs(db, lines, how):
    path = db.path / "x.bedgraph"
    save(path, lines, **how)
    import_bedgraph(db, "x", path, overwrite=True, threads=1)
    must_equal(db["x"], oracles.bases_of(oracles.bedgraph_intervals(path)))


@quick
@given(
    st.lists(stretch(), min_size=1, max_size=5), st.fixed_dictionaries(files), st.sampled_from(["h5", "zarr"])
)
def test_random_wiggles(db, stretches, how, store):
    lines = [line for part in stretches for line in part]
    path = db.path / "x.wig"
    save(path, lines, **how)
    import_wig(db, "x", path, overwrite=True, allow_empty=True, store=store, dtype="float64", threads=1)
    must_equal(db["x"], oracles.bases_of(oracles.wig_intervals(path)))


def test_blocks_of_lines_do_not_show(db):
    # A fixedStep stretch, a declaration, comments and long numbers across the borders of blocks.
    lines = ["fixedStep chrom=chr1 start=1 step=1"]
    filler = "# " + "x" * 1000
    for k in range(4000):
        lines.append(f"{k}.{'0' * (k % 30)}5")
        lines.extend([filler] * (k % 3 == 0))
        if k % 997 == 0:
            lines.append(f"fixedStep chrom=chr1 start={k + 2} step=1")
    path = db.path / "x.wig"
    path.write_text("\n".join(lines))
    assert path.stat().st_size > BLOCK_BYTES / 2
    path.write_text("\n".join([*lines, *[filler] * 3000, "5"]))
    import_wig(db, "x", path, dtype="float64")
    must_equal(db["x"], oracles.bases_of(oracles.wig_intervals(path)))


def test_columns(db):
    rows = [("chr2", 5, 1.5), ("chr1", 7, -2.0), ("chr1", 7, 9.25), ("chrX", 90, 3.0)]
    path = db.path / "x.txt"
    path.write_text(
        "name value where place\n" + "".join(f"n{k} {v}   {c} {p}\r\n" for k, (c, p, v) in enumerate(rows))
    )
    report = import_text(db, "x", path, pos_col=3, val_col=1, chrom_col=2)
    assert (report.rows, report.written.overwritten) == (4, 1)
    must_equal(db["x"], {(c, p - 1): v for c, p, v in rows})


def test_tabs_end_a_field_that_may_be_empty(db):
    path = db.path / "x.txt"
    path.write_text("chr1\t5\t\t7\r\nchr1\t6\t3\t8\r\n")
    import_text(db, "x", path, chrom_col=0, pos_col=1, val_col=2)
    assert np.isnan(db["x"].get_val("chr1", 5))
    assert db["x"].get_val("chr1", 6) == 3
    with pytest.raises(FormatError, match=":1: .* has 4 columns"):
        import_text(db, "y", path, chrom_col=0, pos_col=1, val_col=4)


def test_only_the_first_line_may_be_column_names(db):
    path = db.path / "x.txt"
    path.write_text("pos\tval\nbad\tworse\n3\t7\n")
    with pytest.raises(FormatError, match=":2: column 0: 'bad' is not a whole number"):
        import_text(db, "x", path, chrom_name="chr1", pos_col=0, val_col=1)


def test_words_that_begin_like_infinity_are_no_numbers(db):
    path = db.path / "x.bedgraph"
    path.write_text("chr1 0 1 inf\nchr1 1 2 -Infinity\nchr1 2 3 1e400\n")
    report = import_bedgraph(db, "x", path, dtype="float64")
    assert db["x"].values("chr1", 0, 3).tolist() == [np.inf, -np.inf, np.finfo("float64").max]
    assert report.written.saturated == 1
    for word in ("inferior", "infinite", "info", "nano", "in"):
        path.write_text(f"chr1 0 1 {word}\n")
        with pytest.raises(FormatError, match=f"'{word}' is not a number"):
            import_bedgraph(db, "y", path)


def test_golden_values_of_the_old_library_with_its_bugs_mended(db):
    path = db.path / "x.bedgraph"
    path.write_text(
        "chr1 0 5 1.5\nchr1 3 8 2.5\nchr2 100 102 9\nchr1 20 21 NaN\nchr1 30 31 NA\nchr1 40 41 .\nchr1 4995 5000 4\n"
    )
    report = import_bedgraph(db, "b", path)
    values = db["b"].values("chr1")
    assert values[:8].tolist() == [1.5] * 3 + [2.5] * 5
    assert np.isnan(values[[20, 30, 40]]).all()
    assert values[-5:].tolist() == [4] * 5
    assert db["b"].values("chr2", 99, 103).tolist()[1:3] == [9, 9]  # column 1 counts, not the file name
    assert report.written.overwritten == 2
    path = db.path / "x.wig"
    path.write_text("fixedStep chrom=chr1 start=3 step=2 span=2\n1.5\nNA\nNaN\n7\n")
    import_wig(db, "w", path)
    np.testing.assert_array_equal(
        db["w"].values("chr1", 2, 10), [1.5, 1.5, np.nan, np.nan, np.nan, np.nan, 7, 7]
    )


# -- dtypes -------------------------------------------------------------------------------


def test_64_bit_integers_are_exact(db):
    big = [2**63 - 1, -(2**63), 2**53 + 1, 12345678901234567]
    path = db.path / "x.bedgraph"
    path.write_text("".join(f"chr1\t{k}\t{k + 1}\t{v}\n" for k, v in enumerate(big)))
    import_bedgraph(db, "x", path, dtype="int64")
    assert db["x"].values("chr1", 0, 4).tolist() == big
    path.write_text(f"chr1 0 1 {-(2**63) - 1}\nchr1 1 2 9007199254740993.0\nchr1 2 3 9007199254740993e0\n")
    report = import_bedgraph(db, "edge", path, dtype="int64")
    assert db["edge"].values("chr1", 0, 3).tolist() == [-(2**63), 2**53 + 1, 2**53 + 1]
    assert report.written.saturated == 1
    with pytest.raises(FormatError, match=r"x\.bedgraph:1: value .* does not fit int64"):
        import_bedgraph(db, "refused", path, dtype="int64", overflow="error")
    path.write_text(f"chr1 0 1 {2**64 - 1}\nchr1 1 2 {2**64}\nchr1 2 3 -1\n")
    report = import_bedgraph(db, "u", path, dtype="uint64")
    assert db["u"].values("chr1", 0, 3).tolist() == [2**64 - 1, 2**64 - 1, 0]
    assert report.written.saturated == 2


def test_overflow_round_and_missing(db):
    path = db.path / "x.bedgraph"
    path.write_text("chr1 0 1 300\nchr1 1 2 -7\nchr1 2 3 NA\nchr1 3 4 2.5\n")
    with pytest.raises(FormatError, match=r"x\.bedgraph:4: value 2\.5 has a fraction"):
        import_bedgraph(db, "x", path, dtype="uint8")
    report = import_bedgraph(db, "x", path, dtype="uint8", round=True)
    assert db["x"].values("chr1", 0, 4).tolist() == [255, 0, 0, 2]
    assert (report.written.saturated, report.written.nan_to_zero) == (2, 1)
    assert "2 values did not fit uint8" in db["x"].attributes["import_report"]
    with pytest.raises(FormatError, match=r"x\.bedgraph:1: value 300\.0 does not fit uint8"):
        import_bedgraph(db, "y", path, dtype="uint8", round=True, overflow="error")
    assert not db.has_track("y")
    report = import_bedgraph(db, "y", path, dtype="uint8", round=True, overflow="widen")
    assert report.dtype == str(db["y"].dtype) == "int16"
    assert db["y"].values("chr1", 0, 2).tolist() == [300, -7]


# -- names --------------------------------------------------------------------------------


def test_aliases_and_unknown_chromosomes(db):
    path = db.path / "x.bedgraph"
    path.write_text("1 0 2 5\n2 0 1 6\nMT 0 1 7\n")
    with pytest.raises(
        FormatError,
        match=r"x\.bedgraph:1: chromosome '1' is not in assembly 'toy'; nearest names: 'chr1'.*skip_unknown=True.*chrom_alias=",
    ):
        import_bedgraph(db, "x", path)
    report = import_bedgraph(db, "x", path, chrom_alias="ucsc", skip_unknown=True)
    assert report.skipped == {"MT": 1}
    assert db["x"].values("chr1", 0, 3).tolist()[:2] == [5, 5]
    table = db.path / "alias.txt"
    table.write_text("# ours theirs\nchr1\t1\n2 chr2\nMT\tchrX\n")
    import_bedgraph(db, "y", path, chrom_alias=table)
    assert [db["y"].values(c, 0, 1).item() for c in SIZES] == [5, 6, 7]


def test_clip_cuts_and_counts(db):
    path = db.path / "x.bedgraph"
    path.write_text("chr2 690 710 1\nchr2 900 910 2\n")
    with pytest.raises(
        FormatError,
        match=r"x\.bedgraph:1: position 701 is past the end of 'chr2' \(700 bp\) in 'toy'.*clip=True",
    ):
        import_bedgraph(db, "x", path)
    report = import_bedgraph(db, "x", path, clip=True)
    assert (report.clipped, report.outside, report.written.bases) == (1, 1, 10)


def test_several_files_and_standard_input(db, monkeypatch):
    (db.path / "a.bedgraph").write_text("chr1 0 5 1\n")
    (db.path / "b.bedgraph").write_text("chr1 3 8 2\n")
    import_bedgraph(db, "ab", [db.path / "a.bedgraph", db.path / "b.bedgraph"])
    assert db["ab"].values("chr1", 0, 8).tolist() == [1, 1, 1, 2, 2, 2, 2, 2]
    raw = io.BufferedReader(io.BytesIO(gzip.compress(b"chr2 0 2 8\n")))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw))
    import_bedgraph(db, "piped", ["-", db.path / "a.bedgraph"])
    assert db["piped"].values("chr2", 0, 2).tolist() == [8, 8]
    assert db["piped"].values("chr1", 0, 1).tolist() == [1]


def test_an_existing_track_is_refused_before_the_input_is_read(db):
    (db.path / "a.bedgraph").write_text("chr1 0 5 1\n")
    import_bedgraph(db, "x", db.path / "a.bedgraph")
    (db.path / "a.bedgraph").write_text("rubbish")
    with pytest.raises(TrackExistsError, match="'x' exists"):
        import_bedgraph(db, "x", db.path / "a.bedgraph")


# -- bad input ----------------------------------------------------------------------------

BAD_BEDGRAPHS = [
    ("chr1 0 5\n", ":1: 'chr1 0 5' has 3 columns"),
    ("chr1 0 5 1 9\n", ":1: .* has 5 columns"),
    ("chr1 0 5 1\nchr1 9 8 1\n", ":2: end 8 is not after start 9"),
    ("chr1 7 7 1\n", ":1: end 7 is not after start 7"),
    ("chr1 -3 5 1\n", ":1: start -3 is negative"),
    ("chr1 0 5001 1\n", ":1: position 5001 is past the end of 'chr1'"),
    ("chr1 0 5 high\n", ":1: column 4: 'high' is not a number"),
    ("chr1 0 5 1\n\n# x\nchr1 x 5 1\n", ":4: column 2: 'x' is not a whole number"),
    ("chr1 0 5.5 1\n", ":1: column 3: '5.5' is not a whole number"),
    ("chr1 0 5 1\nchr1 5 6", ":2: .* has 3 columns"),
    ("chr9 0 5 1\n", ":1: chromosome 'chr9' is not in assembly 'toy'"),
    ("\0\1\2binary\n", ":1: not text"),
    ("", "no line of data"),
    ("# only a comment\n", "no line of data"),
    ("x" * (3 << 20), "longer than"),
    ("chr1 0 5 1e\n", "'1e' is not a number"),
    ("chr1 0 5 1..2\n", "is not a number"),
    ("chr1 0 99999999999999999999 1\n", "column 3: '99999999999999999999' is not a whole number"),
]
BAD_WIGGLES = [
    ("1\n2\n", ":1: '1' stands before any declaration"),
    ("fixedStep chrom=chr1 start=0 step=1\n5\n", ":1: 'start=0': positions of a wiggle file count from 1"),
    ("fixedStep start=5\n5\n", ":1: .* names no chromosome"),
    ("fixedStep chrom=chr1\n5\n", ":1: .* has no start"),
    ("fixedStep chrom=chr1 start=5 size=3\n5\n", ":1: 'size=3' is not known in this declaration"),
    ("fixedStep chrom=chr1 start=x\n5\n", ":1: 'x' is not a whole number"),
    ("fixedStep chrom=chr1 start=1 step=0\n5\n", ":1: 'step=0': step and span are at least 1"),
    ("fixedStep chrom=chr1 start=1\n5\nhigh\n", ":3: column 1: 'high' is not a number"),
    ("fixedStep chrom=chr1 start=1\n5 6\n", ":2: '5 6' has 2 columns"),
    ("fixedStep chrom=chr1 start=5000\n5\n6\n", ":3: position 5001 is past the end of 'chr1'"),
    ("variableStep chrom=chr1\n12\n", ":2: '12' has one column"),
    ("variableStep chrom=chr1\n0 5\n", ":2: '0': positions of a wiggle file count from 1"),
    ("variableStep chrom=chr1 step=5\n1 5\n", ":1: 'step=5' is not known"),
    ("variableStep chrom=chr1 span=10\n4995 1\n", ":2: position 5001 is past the end"),
    ("variableStep chrom=chr1\n1 2 3\n", ":2: '1 2 3' has 3 columns"),
    ("variableStep chrom=chrQ\n1 2\n", ":2: chromosome 'chrQ'"),
    ("fixedStep chrom=chr1 start=1\n", "no line of data"),
    ("fixedStep chrom=chr1 start=1 chrom=chr2\n5\n", ":1: 'chrom=chr2' is there twice"),
]


def refused(act, db, path, message):
    before = sorted(p.name for p in db.folder.rglob("*"))
    with pytest.raises(FormatError, match=message) as error:
        act(db, "bad", path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert sorted(p.name for p in db.folder.rglob("*")) in (before, [".lock", *before])


@pytest.mark.parametrize(("text", "message"), BAD_BEDGRAPHS)
def test_bad_bedgraphs(db, text, message):
    path = db.path / "x.bedgraph"
    path.write_text(text)
    refused(import_bedgraph, db, path, message)


@pytest.mark.parametrize(("text", "message"), BAD_WIGGLES)
def test_bad_wiggles(db, text, message):
    path = db.path / "x.wig"
    path.write_text(text)
    refused(import_wig, db, path, message)


def test_a_gzip_file_cut_short(db):
    path = db.path / "x.bedgraph.gz"
    whole = gzip.compress(b"".join(b"chr1 %d %d 5\n" % (k, k + 1) for k in range(4000)))
    path.write_bytes(whole[: len(whole) // 2])
    refused(import_bedgraph, db, path, "gzip stream is cut short or damaged")
    path.write_bytes(whole[:200] + b"\xff\xff\xff" + whole[203:])
    refused(import_bedgraph, db, path, "gzip stream is cut short or damaged")
    path.write_bytes(b"BZh91AY")
    refused(import_bedgraph, db, path, "compressed with bzip2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5 1\nx 2\n", ":2: column 0: 'x' is not a whole number"),
        ("0 1\n", ":1: column 0: position 0 is below 1"),
        ("5\n", ":1: '5' has 1 columns"),
        ("5 y\n", "'y' is not a number"),
    ],
)
def test_bad_columns(db, text, message):
    path = db.path / "x.txt"
    path.write_text(text)
    refused(lambda *a: import_text(*a, pos_col=0, val_col=1, chrom_name="chr1"), db, path, message)


def test_a_last_line_without_newline_is_told(db):
    path = db.path / "x.wig"
    path.write_text("fixedStep chrom=chr1 start=1\n0.5\n0.2")
    report = import_wig(db, "x", path)
    assert report.unfinished == [str(path)]
    assert "if the file was cut there" in report.lines()[-1]


def test_skipping_every_chromosome_is_an_error(db):
    path = db.path / "x.bedgraph"
    path.write_text("1 0 5 1\n")
    refused(
        lambda *a: import_bedgraph(*a, skip_unknown=True),
        db,
        path,
        "no chromosome is in assembly 'toy'.*chrom_alias=",
    )
    import_bedgraph(db, "fine", path, skip_unknown=True, allow_empty=True)


def test_positions_that_count_from_0(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", {"chr1": 10})
    path = tmp_path / "a.txt"
    path.write_text("chrom\tpos\tvalue\nchr1\t0\t5\nchr1\t9\t6\n")
    columns = {"chrom_col": 0, "pos_col": 1, "val_col": 2, "dtype": "uint8"}
    import_text(db, "t", path, zero_based=True, **columns)
    assert db["t"].values("chr1").tolist() == [5, 0, 0, 0, 0, 0, 0, 0, 0, 6]
    with pytest.raises(FormatError, match=r"a.txt:2: .*position 0 is below 1; positions count from 1"):
        import_text(db, "u", path, **columns)
    path.write_text("chr1\t1.5e+00\t5\n")
    with pytest.raises(FormatError, match=r"1\.5e\+00"):
        import_text(db, "u", path, **columns)
    path.write_text("chr1\t5\t5\nchr1\t-1\t5\n")
    with pytest.raises(FormatError, match=r"a.txt:2: .*-1 is below 0"):
        import_text(db, "u", path, zero_based=True, **columns)
