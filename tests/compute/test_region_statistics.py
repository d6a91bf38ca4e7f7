"""Statistics of regions and bins against exact fractions, and how little is read for them."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import genomearray as ga
from genomearray.errors import LayoutError, RegionError, UnknownChromosomeError
from genomearray.storage.layout import BLOCK
from tests import oracles
from tests import strategies as any_
from tests.compute.test_windows import regions
from tests.storage.test_chunk_map import Counted
from tests.storage.test_track_writer import write

some_examples = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def agree(row, values):
    """One row of statistics equals exact ones of the values."""
    want = oracles.statistics(values.tolist())
    assert row["n"] == want["n"]
    scale = max((abs(float(v)) for v in values.tolist() if v == v), default=0.0)
    if values.dtype.kind in "iu" and values.dtype.itemsize < 8:
        assert int(row["sum"]) == want["sum"]
    for name in ("mean", "min", "max", "sum", "std"):
        tolerance = 1e-12 * scale * (max(want["n"], 1) if name == "sum" else 1) + (
            1e-7 * scale if name == "std" else 0
        )
        np.testing.assert_allclose(
            float(row[name]), float(want[name]), rtol=1e-12, atol=tolerance, err_msg=name
        )


@some_examples
@given(any_.stores, any_.dtypes, any_.chunks, any_.writes(), regions(), st.booleans())
def test_statistics_of_regions_are_exact(store, dtype, chunk, pieces, wanted, as_dataset):
    with tempfile.TemporaryDirectory() as folder:
        writer, expected, _ = write(Path(folder), store, dtype, chunk, pieces)
        track = ga.open_track(writer.path)
        if as_dataset:
            track = ga.as_track(track.dataset)
        wanted = [*wanted, ("chr1", 0, 40_000, "."), ("a/b", 0, 5000, "."), ("one", 0, 1, ".")]
        table = track.region_stats(wanted)
        assert table.columns.tolist() == [
            "chrom",
            "start",
            "end",
            "strand",
            "n",
            "mean",
            "min",
            "max",
            "sum",
            "std",
        ]
        assert list(table[["chrom", "start", "end", "strand"]].itertuples(index=False, name=None)) == wanted
        assert table["min"].dtype == dtype
        for (_, row), (chrom, start, end, _strand) in zip(table.iterrows(), wanted, strict=True):
            agree(row, expected[chrom][start:end])


@some_examples
@given(any_.stores, any_.dtypes, any_.chunks, any_.writes(), st.integers(1, 5000), st.data())
def test_bins_are_exact(store, dtype, chunk, pieces, size, data):
    with tempfile.TemporaryDirectory() as folder:
        writer, expected, _ = write(Path(folder), store, dtype, chunk, pieces)
        chrom = data.draw(st.sampled_from(["chr2", "a/b", "chrX", "one"]))
        length = any_.SIZES[chrom]
        start = data.draw(st.integers(0, length - 1))
        end = data.draw(st.integers(start + 1, length))
        got = ga.open_track(writer.path).bins(chrom, size, start, end)
        assert got.sizes["bin"] == -(-(end - start) // size)
        assert (got.start.values[0], got.end.values[-1], str(got.chrom.values)) == (start, end, chrom)
        for k in range(got.sizes["bin"]):
            row = {name: got[name].values[k] for name in ("n", "mean", "min", "max", "sum", "std")}
            agree(row, expected[chrom][got.start.values[k] : got.end.values[k]])


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_only_the_edges_are_read_as_bases(tmp_path, store):
    writer, _, _ = write(
        tmp_path, store, "uint16", 64, [("chr1", k * 9000, 9000, k, False) for k in range(4)]
    )
    track = ga.open_track(writer.path)
    array = track.source.locate("chr1")[0]
    array.source = counted = Counted(array.source)
    track.region_stats(
        [("chr1", 100, 30_000), ("chr1", 110, 20_000), ("chr1", 64, 6400), ("chr1", 0, 40_000)]
    )
    assert sorted(counted.asked) == [100 // 64, 20_000 // 64, 30_000 // 64]
    counted.asked.clear()
    track.bins("chr1", 6400)
    assert counted.asked == []


def test_blocks_of_regions_and_threads_agree_with_one_pass(tmp_path, monkeypatch):
    writer, _, _ = write(
        tmp_path, "zarr", "float32", 64, [("chr1", k * 9000, 9000, k, False) for k in range(4)]
    )
    track = ga.open_track(writer.path)
    rng = np.random.default_rng(0)
    starts = rng.integers(0, 39_000, 500)
    frame = pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + rng.integers(1, 1000, 500)})
    whole = track.region_stats(frame)
    monkeypatch.setattr("genomearray.compute.region_statistics._REGIONS", 37)
    monkeypatch.setattr("genomearray.compute.region_statistics._AT_ONCE", 300)
    pd.testing.assert_frame_equal(track.region_stats(frame), whole, check_exact=True)


def test_infinite_values_and_large_numbers(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", {"chr1": 9000})
    values = np.arange(9000, dtype="float32")
    values[5000] = np.inf
    db.save_track("inf", {"chr1": values})
    row = db["inf"].region_stats([("chr1", 4999, 5002)]).iloc[0]
    assert (row["sum"], row["max"], row["mean"]) == (np.inf, np.inf, np.inf)
    db.save_track("big", {"chr1": np.full(9000, 65535, "uint16")})
    row = db["big"].region_stats([("chr1", 1, 8999)]).iloc[0]
    assert (int(row["sum"]), row["std"], row["min"]) == (65535 * 8998, 0.0, 65535)
    db.save_track("low", {"chr1": np.tile(np.array([-32768, 32767], "int16"), 4500)})
    row = db["low"].region_stats([("chr1", 0, 9000)]).iloc[0]
    assert (int(row["sum"]), row["mean"], row["std"]) == (-4500, -0.5, 32767.5)


def test_parts_of_more_than_65536_bases_keep_every_digit(tmp_path):
    """Packed sequences are summarised each as a whole, however long."""
    names = {f"s/{k}": 200_000 for k in range(3)}
    db = ga.GenomeDB.create(tmp_path, "draft", names)
    values = np.random.default_rng(0).integers(0, 65536, 200_000).astype("uint16")
    db.save_track("x", dict.fromkeys(names, values))
    table = db["x"].source.sequences()
    exact = values.astype(object)
    total, squares = sum(exact), sum(exact * exact)
    assert table["m2"].tolist() == [(200_000 * squares - total * total) / 200_000] * 3


def test_whole_chromosome_across_blocks(tmp_path):
    length = BLOCK + 12_345
    db = ga.GenomeDB.create(tmp_path, "toy", {"chr1": length})
    values = np.random.default_rng(1).integers(0, 60, length).astype("uint16")
    db.save_track("x", {"chr1": values})
    row = db["x"].region_stats(["chr1"]).iloc[0]
    assert (row["n"], int(row["sum"]), row["min"], row["max"]) == (length, int(values.sum()), 0, 59)
    assert row["std"] == pytest.approx(values.std(), rel=1e-12)
    bins = db["x"].bins("chr1", 1_000_000)
    np.testing.assert_array_equal(
        bins["sum"].values, np.add.reduceat(values.astype(np.uint64), np.arange(0, length, 1_000_000))
    )


def test_bad_questions(db):
    track = db["counts"]
    with pytest.raises(RegionError, match="bin of 0 bp"):
        track.bins("chr1", 0)
    with pytest.raises(UnknownChromosomeError):
        track.bins("chr9", 10)
    with pytest.raises(RegionError, match="outside"):
        track.bins("chr1", 10, 0, 1001)
    for ask in (lambda: db["seq"].bins("chr1", 10), lambda: db["seq"].region_stats(["chr1"])):
        with pytest.raises(LayoutError, match="letters have no mean"):
            ask()


def test_plots_show_every_base_or_the_range_of_bins(db):
    from matplotlib import pyplot as plt

    track = db["counts"]
    bases = track.plot("chr1:101-200")
    np.testing.assert_array_equal(bases.lines[0].get_xdata(), np.arange(101, 201))
    np.testing.assert_array_equal(bases.lines[0].get_ydata(), np.arange(101, 201))
    binned = track.plot("chr1", bins=10)
    np.testing.assert_array_equal(binned.lines[0].get_ydata(), track.bins("chr1", 100)["mean"].values)
    assert binned.get_legend() is not None
    ax = plt.subplots()[1]
    assert track.plot("chr2", ax=ax) is ax
    plt.close("all")
    with pytest.raises(LayoutError, match="cannot be drawn"):
        db["seq"].plot("chr1")
    with pytest.raises(RegionError, match="bins=0"):
        track.plot("chr1", bins=0)
