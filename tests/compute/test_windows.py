"""Many regions in one call against loops over plain arrays, one base at a time."""

import gzip
import tempfile
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import genomearray as ga
from genomearray.errors import (
    AssemblyError,
    DamagedTrackError,
    FormatError,
    LayoutError,
    RegionError,
    UnknownChromosomeError,
)
from genomearray.storage.write.create import create_writer
from genomearray.storage.write.options import WriteOptions
from genomearray.track.track import Track
from tests import oracles
from tests import strategies as any_
from tests.storage.test_chunk_map import Counted
from tests.storage.test_track_writer import write

some_examples = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def regions(draw, width=None):
    """Regions (chrom, start, end, strand) inside their chromosomes."""
    found = []
    for _ in range(draw(st.integers(1, 25))):
        chrom = draw(st.sampled_from(["chr1", "chr2", "chrX", "a/b"]))
        size = width or draw(st.integers(1, 300))
        start = draw(st.integers(0, any_.SIZES[chrom] - size))
        found.append((chrom, start, start + size, draw(st.sampled_from("+-."))))
    return found


@some_examples
@given(any_.stores, any_.dtypes, any_.chunks, any_.writes(), regions(width=37), st.booleans(), st.booleans())
def test_windows_equal_values_in_a_loop(store, dtype, chunk, pieces, wanted, aware, as_dataset):
    with tempfile.TemporaryDirectory() as folder:
        writer, _, _ = write(Path(folder), store, dtype, chunk, pieces)
        track = ga.open_track(writer.path)
        if as_dataset:
            track = ga.as_track(track.dataset)
        got = track.windows(wanted, strand_aware=aware)
        assert got.dims == ("window", "offset")
        assert got.dtype == track.dtype
        for k, (chrom, start, end, strand) in enumerate(wanted):
            values = track.values(chrom, start, end)
            np.testing.assert_array_equal(got.values[k], values[::-1] if strand == "-" and aware else values)
            assert (
                got.chrom.values[k],
                got.start.values[k],
                got.end.values[k],
                got.strand.values[k],
            ) == wanted[k]


@some_examples
@given(
    any_.stores,
    any_.dtypes,
    any_.chunks,
    any_.writes(),
    regions(),
    st.integers(1, 40),
    st.sampled_from(["mean", "sum", "min", "max"]),
)
def test_bins_scale_exactly(store, dtype, chunk, pieces, wanted, n, how):
    with tempfile.TemporaryDirectory() as folder:
        writer, expected, _ = write(Path(folder), store, dtype, chunk, pieces)
        got = ga.open_track(writer.path).windows(wanted, bins=n, how=how)
        assert (got.dims, got.dtype, got.shape) == (("window", "offset"), np.float64, (len(wanted), n))
        for k, (chrom, start, end, strand) in enumerate(wanted):
            values = oracles.window(expected[chrom].tolist(), start, end, strand == "-", 0)
            scale = max((abs(v) for v in values if v == v), default=0)
            np.testing.assert_allclose(
                got.values[k], oracles.bins(values, n, how), rtol=1e-12, atol=1e-12 * scale
            )


@some_examples
@given(any_.stores, st.sampled_from(["uint8", "float32"]), any_.writes(), regions(), st.integers(1, 500))
def test_centred_windows_are_padded_outside(store, dtype, pieces, wanted, width):
    with tempfile.TemporaryDirectory() as folder:
        writer, expected, _ = write(Path(folder), store, dtype, 64, pieces)
        track = ga.open_track(writer.path)
        got = track.windows(wanted, width=width, bounds="pad")
        binned = track.windows(wanted, width=width, bounds="pad", bins=3)
        fill = np.nan if dtype == "float32" else 0
        for k, (chrom, start, end, strand) in enumerate(wanted):
            low = (start + end) // 2 - width // 2
            values = oracles.window(expected[chrom].tolist(), low, low + width, strand == "-", fill)
            np.testing.assert_array_equal(got.values[k], np.array(values, dtype))
            np.testing.assert_allclose(
                binned.values[k], oracles.bins(values, 3, "mean"), rtol=1e-12, atol=1e-9
            )
            assert (got.start.values[k], got.end.values[k]) == (low, low + width)


@pytest.mark.parametrize("store", ["h5", "zarr"])
@pytest.mark.parametrize("options", [{"width": 100}, {"bins": 7}, {"bins": 7, "width": 5000}])
def test_each_chunk_is_read_once_and_none_in_vain(tmp_path, store, options):
    writer, _, _ = write(
        tmp_path, store, "uint16", 64, [("chr1", k * 9000, 9000, k, False) for k in range(4)]
    )
    track = ga.open_track(writer.path)
    rng = np.random.default_rng(0)
    starts = rng.integers(0, 30_000, 300)
    frame = pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + rng.integers(1, 3000, 300)})
    array = track.source.locate("chr1")[0]
    array.source = counted = Counted(array.source)
    got = track.windows(frame, bounds="pad", **options)
    touched = {
        index
        for a, b in zip(got.start.values, got.end.values, strict=True)
        for index in range(max(a, 0) // 64, (min(b, 40_000) - 1) // 64 + 1)
    }
    assert len(counted.asked) == len(set(counted.asked))
    assert set(counted.asked) <= touched


def test_large_groups_of_regions_read_each_chunk_once(tmp_path, monkeypatch):
    writer, expected, _ = write(
        tmp_path, "h5", "uint16", 64, [("chr1", k * 9000, 9000, k, False) for k in range(4)]
    )
    monkeypatch.setattr("genomearray.compute.windows._SCALED_AT_ONCE", 1000)
    track = ga.open_track(writer.path)
    array = track.source.locate("chr1")[0]
    array.source = counted = Counted(array.source)
    wanted = [("chr1", start, start + size) for start in range(0, 30_000, 50) for size in (10, 700, 5000)]
    got = track.windows(wanted, bins=4)
    assert len(counted.asked) == len(set(counted.asked))
    for row, (_, start, end) in list(zip(got.values, wanted, strict=True))[::97]:
        np.testing.assert_allclose(
            row, oracles.bins(expected["chr1"][start:end].tolist(), 4, "mean"), rtol=1e-12
        )


# -- sequences --------------------------------------------------------------------------------


def test_sequences_are_reverse_complemented_and_one_hot(db):
    seq = db["seq"]
    wanted = [("chr1", 0, 12, "+"), ("chr1", 0, 12, "-"), ("chr1", 5, 17, ".")]
    letters = ["".join(map(chr, row)) for row in seq.windows(wanted).values]
    assert letters[0] == "ACGTacgtNNRY"
    assert letters[1] == ga.revcomp("ACGTacgtNNRY")
    assert letters[2] == seq.values("chr1", 5, 17).tobytes().decode()
    hot = seq.windows(wanted, encoding="onehot")
    assert hot.dims == ("window", "offset", "base")
    assert hot.dtype == np.uint8
    for text, matrix in zip(letters, hot.values, strict=True):
        for letter, row in zip(text.upper(), matrix, strict=True):
            assert row.tolist() == [int(letter == base) for base in "ACGT"]
    assert seq.windows([("chr1", -3, 3)], bounds="pad").values.tobytes() == b"NNNACG"
    with pytest.raises(LayoutError, match="for sequences"):
        db["counts"].windows(wanted, encoding="onehot")
    with pytest.raises(LayoutError, match="letters"):
        seq.windows(wanted, bins=3)


# -- tables of regions ------------------------------------------------------------------------


def test_all_forms_of_tables_agree(db, tmp_path):
    track = db["counts"]
    wanted = [("chr1", 10, 20, "+"), ("chr2", 5, 15, "-"), ("chr1", 0, 10, ".")]
    frame = pd.DataFrame(wanted, columns=["chrom", "start", "end", "strand"])
    bed = tmp_path / "peaks.bed"
    text = "# comment\ntrack name=x\n\nchr1\t10\t20\ta\t0\t+\nchr2\t5\t15\tb\t0\t-\r\nchr1\t0\t10\tc\t0\t."
    bed.write_text(text)
    gz = tmp_path / "peaks.bed.gz"
    gz.write_bytes(gzip.compress(text.encode()))
    expected = track.windows(wanted)

    class Table:
        def to_dataframe(self):
            return frame

    forms = [
        frame,
        frame.assign(
            chrom=frame.chrom.astype("category"),
            start=frame.start.astype("uint32"),
            end=frame.end.astype(float),
        ),
        frame.rename(columns=str.capitalize).rename(columns={"Chrom": "Chromosome"}),
        frame.to_dict("list"),
        frame.set_index(np.array([7, 7, 7])),
        [list(row) for row in wanted],
        ["chr1:11-20(+)", "chr2:6-15(-)", "chr1:1-10"],
        ["chr1:11-20(+)", ("chr2", 5, 15, -1), ("chr1", 0, 10)],
        bed,
        str(bed),
        str(gz),
        Table(),
    ]
    for form in forms:
        xr.testing.assert_identical(track.windows(form), expected)
    assert track.windows("chr1:1-10").shape == (1, 10)
    assert track.windows("chr1").shape == (1, 1000)


def test_empty_tables_give_empty_results_of_the_right_dimensions(db, tmp_path):
    track, seq = db["counts"], db["seq"]
    empty = pd.DataFrame({"chrom": [], "start": [], "end": []})
    bed = tmp_path / "none.bed"
    bed.write_text("# nothing\n")
    for form in ([], empty, bed):
        assert track.windows(form, width=100).shape == (0, 100)
        assert track.windows(form, width=100).dtype == np.uint16
        assert track.windows(form, bins=7).shape == (0, 7)
        assert track.windows(form).dims == ("window", "offset")
        assert len(track.region_stats(form)) == 0
    assert seq.windows(empty, width=50, encoding="onehot").shape == (0, 50, 4)
    assert ga.stack([track, track]).windows(empty, width=9).shape == (2, 0, 9)
    assert track.profile(empty, bins=5)["mean"].isnull().all()


@pytest.mark.parametrize(
    ("form", "error", "message"),
    [
        (
            pd.DataFrame({"chrom": ["chr1"], "begin": [1]}),
            RegionError,
            r"no column 'start', 'end'; it has 'chrom', 'begin'",
        ),
        (
            pd.DataFrame({"chrom": [None], "start": [1], "end": [2]}),
            RegionError,
            "row 0 of the table of regions has no chromosome",
        ),
        (
            pd.DataFrame({"chrom": ["chr1"], "start": [1.5], "end": [2]}),
            RegionError,
            "row 0.*start 1.5 is not a whole number",
        ),
        (pd.DataFrame({"chrom": ["chr1"], "start": [np.nan], "end": [2]}), RegionError, "row 0.*start nan"),
        (
            pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [2], "strand": ["x"]}),
            RegionError,
            "row 0.*strand 'x' is not known",
        ),
        (
            [("chr1", 1, 11), ("chr1", 2, 13)],
            RegionError,
            "differ in width: 10 bp at row 0, 11 bp at row 1; give width= .* or bins=",
        ),
        (
            [("chrA", 1, 2), ("chrB", 1, 2), ("chrA", 5, 6)],
            UnknownChromosomeError,
            r"2 chromosomes .*'toy': 'chrA' \(2 regions\), 'chrB' \(1 region\)",
        ),
        (
            ["chrA:1-2", "chrA:3-4", "chr9:1-2"],
            UnknownChromosomeError,
            r"'chrA' \(2 regions\), 'chr9' \(1 region\); nearest",
        ),
        ([("chr1", 10, 10)], RegionError, r"row 0: offsets chr1 \[10, 10\) hold no base"),
        (
            [("chr1", 0, 9), ("chr1", 995, 1004)],
            RegionError,
            r"1 of 2 regions reach outside .* row 1: chr1 \[995, 1004\).* <= 1000 .*'toy'.*; bounds='pad'",
        ),
        ([("chr1", -5, 5)], RegionError, "reach outside"),
        ([("chr1", 1)], RegionError, "row 0 of the regions: .* is not a region"),
        ([("chr1", "a", 5)], RegionError, "row 0 of the regions: start 'a' is not a whole number"),
        (["chr1:5"], RegionError, "can mean one base"),
        (42, RegionError, "int is not a table of regions"),
        (
            {"chrom": ["chr1"], "start": [1, 2], "end": [3, 4]},
            RegionError,
            "not of one length: chrom 1, start 2, end 2",
        ),
        (
            {"chrom": ["chr1"], "start": np.array([2**64 - 5], "uint64"), "end": [8]},
            RegionError,
            "row 0.*more than 18 digits",
        ),
        ({"chrom": ["chr1"], "start": [10**30], "end": [8]}, RegionError, "more than 18 digits"),
        (
            {"chrom": ["chr1"], "start": pd.to_timedelta([5]), "end": [8]},
            RegionError,
            "start .* is not a whole number",
        ),
        (
            {"chrom": ["chr1"], "start": [1], "end": [8], "strand": [["+"]]},
            RegionError,
            "strand .* is not known",
        ),
        (
            pd.DataFrame([["chr1", 1, 2, 3]], columns=["chrom", "start", "end", "end"]),
            RegionError,
            "'end' of the table of regions is not a plain column",
        ),
        ([("chr1", 2**63 - 10, 2**63 - 2)], RegionError, "more than 18 digits"),
        ("x" * 5000, UnknownChromosomeError, "1 chromosome of the regions is not"),
        ([None], RegionError, "row 0 of the regions: None is not a region"),
    ],
)
def test_bad_tables_are_errors_that_say_what_to_do(db, form, error, message):
    with pytest.raises(error, match=message):
        db["counts"].windows(form)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\t5", r":2: 2 columns; a line of BED has at least 3"),
        ("chr1\ta\t5", r":2: column 2: start 'a' is not a whole number"),
        ("chr1\t9\t5", r":2: start 9 is after end 5"),
        ("chr1\t-1\t5", r":2: column 2: start '-1'"),
        ("chr1\t1\t5\tn\t0\t+\nchr1\t1\t5\tn\t0\tx", r":3: column 6: 'x' is not a strand"),
        ("chr1\t1\t99999999999999999999\tn", r":2: column 3: end '9999"),
    ],
)
def test_bad_lines_of_bed_are_named(db, tmp_path, line, message):
    path = tmp_path / "bad.bed"
    path.write_text(f"chr1\t1\t5\n{line}\n")
    with pytest.raises(FormatError, match=message):
        db["counts"].windows(path)
    with pytest.raises(FormatError, match="is not there"):
        db["counts"].windows(tmp_path / "absent.bed")
    path.write_text("chr1\t1\t5\n\nchr1\t999\t1003\n")
    with pytest.raises(RegionError, match=r"bad\.bed:3: chr1 \[999, 1003\)"):
        db["counts"].windows(path, width=4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "width of 0 bp"),
        ({"width": 2.5}, "width 2.5 is not a whole number"),
        ({"width": 10**30}, "more than 18 digits"),
        ({"bins": 10**15}, "at most"),
        ({"strand_aware": "no"}, "neither True nor False"),
        ({"bounds": np.zeros(2)}, "'raise', 'pad'"),
        ({"bins": 0}, "bins=0"),
        ({"bounds": "clip"}, "'raise', 'pad'"),
        ({"encoding": "hot"}, "'onehot' or None"),
        ({"how": "std", "bins": 2}, "mean, sum, min, max, median"),
        ({"how": "quantile:2", "bins": 2}, "quantile:Q"),
    ],
)
def test_bad_options_name_what_is_allowed(db, options, message):
    with pytest.raises(RegionError, match=message):
        db["counts"].windows([("chr1", 1, 9)], **options)


def test_names_of_chromosomes_that_begin_like_lines_of_bed(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "odd", {"tracked": 50, "browser1": 50})
    db.save_track("x", {"tracked": np.arange(50, dtype="uint8")})
    bed = tmp_path / "odd.bed"
    bed.write_text("track name=x\nbrowser position\ntracked\t1\t5\nbrowser1\t1\t5\n")
    assert db["x"].windows(bed).values.tolist() == [[1, 2, 3, 4], [0, 0, 0, 0]]
    for number in ("1_0", "\u0663"):
        bed.write_text(f"tracked\t{number}\t20\n")
        with pytest.raises(FormatError, match=":1: .*not a whole number"):
            db["x"].windows(bed)


def test_windows_around_either_end_of_genes(db):
    """The first base after the border, as the strand runs, is column width // 2."""
    genes = [("chr1", 100, 200, "+"), ("chr1", 100, 200, "-")]
    assert db["counts"].windows(genes, width=4, reference="start").values.tolist() == [
        [99, 100, 101, 102],
        [202, 201, 200, 199],
    ]
    assert db["counts"].windows(genes, width=4, reference="end").values.tolist() == [
        [199, 200, 201, 202],
        [102, 101, 100, 99],
    ]
    assert db["counts"].windows(genes, width=3, reference="start").values.tolist() == [
        [100, 101, 102],
        [201, 200, 199],
    ]
    plain = db["counts"].windows(genes, width=4, reference="start", strand_aware=False).values
    assert plain.tolist() == [[99, 100, 101, 102]] * 2
    profile = db["counts"].profile(genes, width=4, reference="start", bin_size=2, flank=2)
    assert profile["distance"].values.tolist() == [-4, -2, 0, 2]
    assert profile["matrix"].values[0].tolist() == [97.5, 99.5, 101.5, 103.5]
    with pytest.raises(RegionError, match="'middle', 'start', 'end'"):
        db["counts"].windows(genes, width=4, reference="tss")


def test_missing_values_can_count_as_a_number(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", {"chr1": 10})
    db.save_track("x", {"chr1": np.array([1, np.nan, np.nan, 3, 4, 5, 6, 7, 8, 9], "float32")})
    assert db["x"].windows([("chr1", 0, 4)], fill=0).values.tolist() == [[1, 0, 0, 3]]
    assert db["x"].windows([("chr1", -2, 4)], fill=0, bounds="pad", bins=2).values.tolist() == [[1 / 3, 1]]
    assert db["x"].profile([("chr1", 0, 4)], bins=2, fill=0)["mean"].values.tolist() == [0.5, 1.5]
    assert ga.batches(db["x"], [("chr1", 0, 4)], fill=-1)[0].tolist() == [[1, -1, -1, 3]]
    with pytest.raises(RegionError, match="fill='a' is not a number"):
        db["x"].windows([("chr1", 0, 4)], fill="a")
    with pytest.raises(RegionError, match="lie wholly outside"):
        db["x"].windows([("chr1", 20, 30)], bounds="pad")


def test_reversed_regions_are_refused_also_with_a_width(db):
    with pytest.raises(RegionError, match=r"row 1: offsets chr1 \[500, 400\) are reversed"):
        db["counts"].windows([("chr1", 1, 1), ("chr1", 500, 400)], width=4, bounds="pad")
    assert db["counts"].windows([("chr1", 10, 10)], width=4).values.tolist() == [[9, 10, 11, 12]]


def test_damage_names_track_chromosome_and_region(tmp_path):
    writer, _, _ = write(
        tmp_path, "h5", "uint16", 1024, [("chr1", k * 9000, 9000, k, False) for k in range(4)]
    )
    stored = ga.open_track(writer.path)
    stored.values("chr1")
    place = stored.source.locate("chr1")[0].source.place
    file, offset, size = (
        [place(k) or stored.values("chr1") for k in range(4)][3] if place(3) else (None, 0, 0)
    )
    if file is None:  # the first reads ask HDF5; the map is there after a large one
        stored.source.locate("chr1")[0].source.places(np.arange(4))
        file, offset, size = place(3)
    data = bytearray(writer.path.read_bytes())
    data[offset + size // 2] ^= 0xFF
    bad = tmp_path / "bad.h5"
    bad.write_bytes(data)
    track = ga.open_track(bad)
    frame = pd.DataFrame({"chrom": "chr1", "start": [0, 3000], "end": [100, 3100]})
    for ask in (track.windows, track.region_stats, lambda table: track.windows(table, bins=3)):
        with pytest.raises(DamagedTrackError, match=r"bad\.h5 is damaged at chr1:3073-4096"):
            ask(frame)
    assert track.windows(frame[:1]).shape == (1, 100)


def test_damage_of_a_packed_chunk_names_its_sequences(tmp_path):
    sizes = {f"scaffold/{k}": 100 for k in range(60)}
    assembly = ga.Assembly.from_sizes("draft", sizes.items())
    with create_writer(tmp_path, assembly, "t", "uint8", WriteOptions(store="zarr", chunk=1024)) as writer:
        for name in sizes:
            writer.write(name, 0, np.arange(100, dtype=np.uint8))
    shard = writer.path / "packed" / "c" / "0"
    data = bytearray(shard.read_bytes())
    data[5] ^= 0xFF
    shard.write_bytes(data)
    track = ga.open_track(writer.path)
    with pytest.raises(
        DamagedTrackError, match=r"scaffold/0, scaffold/1, scaffold/2 and others \(in /packed\)"
    ):
        track.windows([(name, 0, 50) for name in sizes])
    assert track.values("scaffold/59", 0, 3).tolist() == [0, 1, 2]


# -- several tracks, profiles, threads ------------------------------------------------------------


def test_a_stack_equals_its_tracks(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", any_.SIZES)
    for name, dtype in (("a", "uint8"), ("b", "float32"), ("c", "uint16")):
        db.save_track(name, {"chr1": any_.numbers(dtype, 40_000, 1), "a/b": any_.numbers(dtype, 5_000, 2)})
    tracks = [db["a"], db["b"], db["c"], db["c"]]
    wanted = [("chr1", 100, 150, "-"), ("a/b", 0, 50, "+"), ("chrX", 3, 53, ".")]
    for options in ({}, {"bins": 4}, {"width": 11}):
        got = ga.stack(tracks).windows(wanted, **options)
        assert got.dims == ("track", "window", "offset")
        assert got.track.values.tolist() == ["a", "b", "c", "c.3"]
        for k, track in enumerate(tracks):
            np.testing.assert_array_equal(got.values[k], track.windows(wanted, **options).values)
    assert ga.stack(tracks).values("chr1", 0, 9).dtype == np.float32
    with pytest.raises(LayoutError, match="no track to stack"):
        ga.stack([])
    other = ga.GenomeDB.create(tmp_path, "other", {"chr1": 10})
    other.save_track("x", {"chr1": np.zeros(10, "uint8")})
    with pytest.raises(AssemblyError, match="'x' is of 'other'"):
        ga.stack([db["a"], other["x"]])


def test_signals_and_sequences_do_not_stack(db):
    with pytest.raises(LayoutError, match="one kind at a time"):
        ga.stack([db["counts"], db["seq"]])


def test_a_profile_is_the_matrix_and_its_mean(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", any_.SIZES)
    values = any_.numbers("float32", 40_000, 3)
    db.save_track("x", {"chr1": values})
    wanted = [
        ("chr1", 1000, 1800, "+"),
        ("chr1", 5000, 5333, "-"),
        ("chr1", 10, 40, "+"),
        ("chr1", 39_990, 40_000, "-"),
    ]
    got = db["x"].profile(wanted, bins=8, flank=50, bin_size=10)
    assert got["matrix"].dims == ("window", "offset")
    assert got["offset"].values.tolist() == list(range(-5, 13))
    assert got["part"].values.tolist() == ["upstream"] * 5 + ["body"] * 8 + ["downstream"] * 5
    listed = values.tolist()
    for row, (_, start, end, strand) in zip(got["matrix"].values, wanted, strict=True):
        minus = strand == "-"
        sides = [(start - 50, start), (end, end + 50)]
        up, down = (oracles.window(listed, a, b, minus, np.nan) for a, b in (sides[::-1] if minus else sides))
        body = oracles.window(listed, start, end, minus, np.nan)
        expected = oracles.bins(up, 5, "mean") + oracles.bins(body, 8, "mean") + oracles.bins(down, 5, "mean")
        np.testing.assert_allclose(row, expected, rtol=1e-10, atol=1e-9)
    matrix = got["matrix"].values
    np.testing.assert_allclose(got["mean"].values, np.nanmean(matrix, axis=0))
    np.testing.assert_allclose(got["std"].values, np.nanstd(matrix, axis=0))
    np.testing.assert_array_equal(got["n"].values, (~np.isnan(matrix)).sum(axis=0))
    point = db["x"].profile(wanted[:2], width=200, bin_size=25)
    np.testing.assert_allclose(point["matrix"].values, db["x"].windows(wanted[:2], width=200, bins=8).values)
    for options, message in (
        ({}, "give width=, .* or bins="),
        ({"bins": 2, "flank": 5, "bin_size": 2}, "whole number of bins"),
        ({"width": 5, "bin_size": 2}, "width=5"),
    ):
        with pytest.raises(RegionError, match=message):
            db["x"].profile(wanted, **options)


def test_many_threads_ask_at_once(tmp_path):
    writer, _, _ = write(
        tmp_path, "zarr", "uint16", 64, [("chr1", k * 9000, 9000, k, False) for k in range(4)]
    )
    track: Track = ga.open_track(writer.path)
    wanted = [("chr1", k, k + 2000) for k in range(0, 30_000, 100)]
    expected, scaled = track.windows(wanted).values, track.windows(wanted, bins=9).values
    wrong = []

    def work():
        for _ in range(5):
            if not (
                np.array_equal(track.windows(wanted).values, expected)
                and np.array_equal(track.windows(wanted, bins=9).values, scaled)
            ):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
