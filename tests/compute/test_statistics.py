"""Statistics of whole chromosomes equal numpy on the decoded track, from stored statistics, threads and dask alike."""

import math
import tempfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dask.delayed import Delayed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import genomearray as ga
from genomearray.compute import blocks
from genomearray.database.verify import check
from genomearray.errors import ArgumentError, LayoutError, UnknownChromosomeError, ValueRangeError
from genomearray.sources import computed
from genomearray.storage.layout import BLOCK
from genomearray.storage.read.open_stored import open_stored
from tests import oracles
from tests import strategies as any_
from tests.storage.test_track_writer import write

some_examples = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def agree(reported, values):
    want = oracles.statistics(values.tolist())
    assert reported.n == values.size
    assert reported.n - reported.n_nan == want["n"]
    if values.dtype.kind in "iu":
        assert reported.sum == sum(values.tolist())
    scale = max((abs(float(v)) for v in values.tolist() if v == v), default=0.0)
    for name in ("mean", "min", "max", "sum", "std"):
        tolerance = 1e-12 * scale * (max(want["n"], 1) if name == "sum" else 1) + (
            1e-7 * scale if name == "std" else 0
        )
        np.testing.assert_allclose(
            float(getattr(reported, name)), float(want[name]), rtol=1e-12, atol=tolerance, err_msg=name
        )


@some_examples
@given(any_.stores, any_.dtypes, any_.chunks, any_.writes(), st.booleans(), st.sampled_from([1000, 1 << 18]))
def test_statistics_equal_exact_fractions(store, dtype, chunk, pieces, stored, piece):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(computed, "PIECE", piece)
        patch.setattr(blocks, "PIECE", piece)
        writer, expected, _ = write(Path(folder), store, dtype, chunk, pieces)
        track = ga.open_track(writer.path)
        agree(track.stats(stored=stored), np.concatenate(list(expected.values())))
        agree(
            track.stats(chroms=["chr1", "a/b"], stored=stored),
            np.concatenate([expected["chr1"], expected["a/b"]]),
        )
        table = track.stats(by="chrom", stored=stored)
        assert table.index.tolist() == list(track.chromosomes)
        for chrom in table.index:
            assert table["n"][chrom] == expected[chrom].size
            if np.dtype(dtype).kind in "iu":
                assert int(table["sum"][chrom]) == sum(expected[chrom].tolist())


def test_one_statistic_is_that_of_all(db):
    track = db["counts"]
    reported = track.stats()
    for name in ("sum", "mean", "std", "var", "min", "max"):
        assert getattr(track, name)() == getattr(reported, name)
        assert getattr(track, name)(chroms="chr1") == getattr(track.stats(chroms="chr1"), name)
        assert isinstance(getattr(track, name)(by="chrom"), pd.Series)
    assert track.count() == 1860
    assert track.count(by="chrom").to_dict() == {"chr1": 1000, "chr2": 500, "chrX": 300, "chrM": 60}
    assert math.isnan((track.astype("float32") * np.nan).mean())


def test_sums_of_ten_billion_counts_are_exact(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", {"c": 4000})
    values = np.full(4000, 10**10 + 1, "uint64")
    db.save_track("x", {"c": values})
    assert db["x"].sum() == 4000 * (10**10 + 1)
    db.save_track("big", {"c": np.full(4000, 2**63 + 3, "uint64")})
    assert db["big"].sum() == 4000 * (2**63 + 3)
    db.save_track("low", {"c": np.full(4000, -(2**62) - 1, "int64")})
    assert db["low"].sum() == 4000 * (-(2**62) - 1)


def test_dask_gives_the_same_bits_on_every_scheduler(tmp_path):
    rng = np.random.default_rng(0)
    sizes = {"a": 2 * BLOCK + 77, "b": 3000, "c": 500}
    db = ga.GenomeDB.create(tmp_path, "toy", sizes)
    db.save_track("x", {name: rng.normal(0, 1e6, size).astype("float32") for name, size in sizes.items()})
    track = db["x"]
    want = track.stats()
    for scheduler in ("synchronous", "threads"):
        for name in ("sum", "mean", "std"):
            lazy = getattr(track, name)(lazy=True)
            assert isinstance(lazy, Delayed)
            assert lazy.compute(scheduler=scheduler) == getattr(want, name)
    assert track.sum(stored=False, threads=1) == track.sum(stored=False, threads=3) == want.sum
    pd.testing.assert_series_equal(track.mean(by="chrom", lazy=True).compute(), track.mean(by="chrom"))
    derived = (track * 2).stats()
    exact = math.fsum(float(v) for name in sizes for v in (track.values(name).astype(np.float64) * 2))
    np.testing.assert_allclose(derived.sum, exact, rtol=1e-12)


# -- quantiles, histograms -------------------------------------------------------------------

QS = [0, 0.001, 0.25, 1 / 3, 0.5, 0.95, 1]


@some_examples
@given(any_.dtypes, st.integers(0, 1000), st.sampled_from([500, 1 << 18]))
def test_quantiles_and_histograms_equal_numpy(dtype, seed, piece):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(computed, "PIECE", piece)
        patch.setattr(blocks, "PIECE", piece)
        db = ga.GenomeDB.create(folder, "toy", {"c": 3000, "d": 7})
        values = any_.numbers(dtype, 3000, seed)
        other = any_.numbers(dtype, 7, seed + 1)
        db.save_track("x", {"c": values, "d": other})
        every = np.concatenate([values, other])
        valid = every[~np.isnan(every)] if every.dtype.kind == "f" else every
        got = db["x"].quantile(QS)
        np.testing.assert_allclose(
            got,
            np.quantile(valid.astype(np.float64), QS),
            rtol=1e-12,
            atol=1e-12 * float(np.abs(valid.astype(float)).max()),
        )
        assert db["x"].quantile(0.5, chroms="d") == np.quantile(
            other[~np.isnan(other)].astype(float) if other.dtype.kind == "f" else other.astype(float), 0.5
        )
        if np.dtype(dtype).itemsize < 8:
            for bins, limits in ((10, None), (7, (-3.0, 90.5)), ([0, 1, 5, 100], None)):
                counts, edges = db["x"].histogram(bins, limits)
                want, want_edges = np.histogram(valid, bins, limits)
                np.testing.assert_array_equal(edges, want_edges)
                np.testing.assert_array_equal(counts, want)


def test_quantiles_of_nothing_and_of_infinities(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", {"c": 5})
    db.save_track("nothing", {"c": np.full(5, np.nan, "float32")})
    assert math.isnan(db["nothing"].quantile(0.5))
    counts, _ = db["nothing"].histogram(4)
    assert counts.sum() == 0
    db.save_track("odd", {"c": np.array([-np.inf, -0.0, 0.0, 1, np.inf], "float64")})
    assert db["odd"].quantile([0, 0.25, 0.5, 0.75, 1]).tolist() == [-np.inf, 0.0, 0.0, 1.0, np.inf]
    with pytest.raises(ValueRangeError, match="give range="):
        db["odd"].histogram(3)


@pytest.mark.parametrize("with_nan", [False, True])
def test_correlation_equals_numpy(tmp_path, with_nan):
    rng = np.random.default_rng(5)
    db = ga.GenomeDB.create(tmp_path, "toy", {"c": 5000, "d": 900})
    made = {}
    for name in "xyz":
        arrays = {
            chrom: (rng.normal(3, 2, size) + np.arange(size) % 50 / 9).astype("float32")
            for chrom, size in (("c", 5000), ("d", 900))
        }
        if with_nan:
            for values in arrays.values():
                values[rng.random(values.size) < 0.3] = np.nan
        db.save_track(name, arrays)
        made[name] = np.concatenate(list(arrays.values())).astype(float)
    table = ga.corr([db[name] for name in "xyz"])
    assert table.index.tolist() == ["x", "y", "z"]
    for one in "xyz":
        for other in "xyz":
            both = ~np.isnan(made[one]) & ~np.isnan(made[other])
            np.testing.assert_allclose(
                table.loc[one, other], np.corrcoef(made[one][both], made[other][both])[0, 1], rtol=1e-10
            )
    assert db["x"].corr(db["y"]) == table.loc["x", "y"]
    assert math.isnan(db["x"].corr(db["y"] * 0))


# -- thresholds ------------------------------------------------------------------------------


@some_examples
@given(st.integers(0, 1000), st.integers(1, 9), st.integers(0, 9), st.sampled_from([100, 1 << 18]))
def test_intervals_equal_a_walk_over_the_bases(seed, least, gap, piece):
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(computed, "PIECE", piece)
        patch.setattr(blocks, "PIECE", piece)
        db = ga.GenomeDB.create(folder, "toy", {"c": 700, "d": 90})
        arrays = {
            name: (rng.random(size) ** 3 * 9).astype("float32") for name, size in (("c", 700), ("d", 90))
        }
        for values in arrays.values():
            values[rng.random(values.size) < 0.1] = np.nan
        db.save_track("x", arrays)
        got = db["x"].intervals(above=2, below=8, min_length=least, max_gap=gap)
        want = []
        for name, values in arrays.items():
            inside = [k for k in range(values.size) if 2 < values[k] < 8]
            groups = []
            for k in inside:
                if groups and k - groups[-1][-1] - 1 <= gap:
                    groups[-1].append(k)
                else:
                    groups.append([k])
            want += [
                (
                    name,
                    g[0],
                    g[-1] + 1,
                    np.mean([float(values[k]) for k in g]),
                    max(float(values[k]) for k in g),
                )
                for g in groups
                if g[-1] + 1 - g[0] >= least
            ]
        assert got[["chrom", "start", "end"]].to_numpy().tolist() == [list(row[:3]) for row in want]
        np.testing.assert_allclose(got["mean"].to_numpy(float), [row[3] for row in want], rtol=1e-9)
        np.testing.assert_array_equal(got["max"].to_numpy(float), [row[4] for row in want])


def test_intervals_become_a_feature_table(db):
    assert db.save_features("peaks/high", db["counts"].intervals(above=500)) == 1
    table = db.open_features("peaks/high")
    assert table["chr1:400-600"].to_dataframe()[["chrom", "start", "end"]].to_numpy().tolist() == [
        ["chr1", 500, 1000]
    ]
    with pytest.raises(ValueRangeError, match="no column 'end'"):
        db.save_features("bad", pd.DataFrame({"chrom": ["chr1"], "start": [1]}))
    with pytest.raises(UnknownChromosomeError):
        db.save_features("bad", pd.DataFrame({"chrom": ["chr9"], "start": [1], "end": [2]}))
    assert not db.has_track("bad")
    assert [path.name for path in db.folder.iterdir() if path.name.endswith(".part")] == []


def test_wrong_questions(db):
    track = db["counts"]
    cases = [
        (lambda: track.sum(chroms="chr9"), UnknownChromosomeError, "chr9"),
        (lambda: track.sum(chroms=[]), ValueRangeError, "names no chromosome"),
        (lambda: track.sum(by="track"), ArgumentError, "allowed is 'chrom' or None"),
        (db["seq"].sum, LayoutError, "sequence"),
        (lambda: track.quantile(50), ValueRangeError, "between 0 and 1"),
        (lambda: track.histogram(bins=0), ValueRangeError, "bins=0"),
        (track.intervals, ValueRangeError, "above= or below="),
        (lambda: track.intervals(above="x"), ValueRangeError, "not a number"),
        (lambda: track.corr(db["seq"]), LayoutError, "sequence"),
        (lambda: ga.corr([]), LayoutError, "no track"),
    ]
    for ask, error, match in cases:
        with pytest.raises(error, match=match):
            ask()


# -- is it whole -----------------------------------------------------------------------------


@pytest.mark.parametrize("store", ["h5", "zarr"])
@some_examples
@given(any_.dtypes, any_.chunks, any_.writes())
def test_what_was_written_is_whole(store, dtype, chunk, pieces):
    with tempfile.TemporaryDirectory() as folder:
        writer, _, _ = write(Path(folder), store, dtype, chunk, pieces)
        assert check(open_stored(writer.path), any_.ASSEMBLY) == []


def test_values_changed_behind_our_back_are_found(db):
    import h5py

    path = db.get_track_path("counts")
    with h5py.File(path, "r+", locking=False) as file:
        file["chr1"][10] = 60000
        file["chrX"][5] = 3  # a chunk that held nothing
    problems = check(open_stored(path), db.assembly)
    assert any("chr1:1-1000" in line for line in problems)
    assert any("chrX" in line for line in problems)


def test_a_damaged_chunk_is_found(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", {"c": 50_000})
    db.save_track("x", {"c": np.arange(50_000, dtype="uint16")})
    path = db.get_track_path("x")
    raw = bytearray(path.read_bytes())
    import h5py

    with h5py.File(path) as file:
        place = file["c"].id.get_chunk_info(5)
    raw[place.byte_offset + place.size // 2] ^= 0xFF
    path.write_bytes(raw)
    problems = check(open_stored(path), db.assembly)
    assert len(problems) == 1
    assert "c:20481-24576" in problems[0]


def test_fraction_is_what_the_oracle_uses():
    assert oracles.statistics([0.5, 0.25])["sum"] == Fraction(3, 4)
