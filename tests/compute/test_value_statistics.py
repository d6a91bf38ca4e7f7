"""Medians, quantiles and shares of regions, bins and windows, against numpy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import genomearray as ga
from genomearray.compute import value_statistics
from genomearray.errors import ArgumentError

SIZES = {"chr1": 30_000, "chr2": 700, "chr3": 90}
STATS = ["n", "median", "quantile:0.9", "over:3", "coverage", "quantile:0", "mean"]


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    db = ga.GenomeDB.create(tmp_path_factory.mktemp("db"), "toy", SIZES)
    rng = np.random.default_rng(5)
    made = {}
    for name, dtype in (
        ("counts", "uint16"),
        ("scores", "float32"),
        ("wide", "float64"),
        ("signed", "int32"),
    ):
        data = {chrom: rng.poisson(3, size).astype(dtype) for chrom, size in SIZES.items()}
        if data["chr1"].dtype.kind == "f":
            for values in data.values():
                values *= rng.random(values.size)
                values[rng.random(values.size) < 0.3] = np.nan
            data["chr2"][:] = np.nan
        db.save_track(name, data, dtype=dtype, store="zarr" if name == "wide" else "h5")
        made[name] = db[name], data
    return made


def expected(values, name):
    """One statistic of the values of a region, by numpy."""
    there = values[~np.isnan(values.astype(float))].astype(float)
    kind, _, number = name.partition(":")
    if kind in ("over", "coverage"):
        high = there >= float(number) if number else there > 0
        return high.sum() / values.size if values.size else math.nan
    if kind == "n":
        return there.size
    if not there.size:
        return math.nan
    return {"median": np.median, "mean": np.mean}.get(kind, lambda x: np.quantile(x, float(number)))(there)


@pytest.mark.parametrize("name", ["counts", "scores", "wide", "signed"])
def test_regions_and_bins_equal_numpy(tracks, name):
    track, data = tracks[name]
    rng = np.random.default_rng(1)
    regions = []
    for chrom, size in SIZES.items():
        for _ in range(40):
            start = int(rng.integers(0, size))
            regions.append((chrom, start, int(rng.integers(start + 1, size + 1))))
    frame = track.region_stats(regions, STATS)
    assert list(frame.columns) == ["chrom", "start", "end", "strand", *STATS]
    for row, (chrom, start, end) in zip(frame.to_dict("records"), regions, strict=True):
        for stat in STATS:
            exact = stat != "mean"  # merged in another order than numpy's sum
            want = expected(data[chrom][start:end], stat)
            np.testing.assert_allclose(row[stat], want, rtol=0 if exact else 1e-12)
    bins = track.bins(400, chroms=["chr1", "chr3"], stats=STATS)
    assert bins["chrom"].values.tolist() == ["chr1"] * 75 + ["chr3"]
    for k in range(bins.sizes["bin"]):
        chrom, start, end = (bins[key].values[k] for key in ("chrom", "start", "end"))
        for stat in STATS:
            want = expected(data[chrom][start:end], stat)
            np.testing.assert_allclose(bins[stat].values[k], want, rtol=0 if stat != "mean" else 1e-12)
    one = track.bins("chr2", 100, 50, 333, stats="median,over:2")
    assert list(one.data_vars) == ["median", "over:2"]
    np.testing.assert_array_equal(one["over:2"].values[1], expected(data["chr2"][150:250], "over:2"))


@pytest.mark.parametrize("name", ["counts", "scores"])
def test_an_interval_that_is_read_in_pieces(tracks, name, monkeypatch):
    track, data = tracks[name]
    whole = track.region_stats([("chr1", 3, 29_000), ("chr1", 5, 60)], STATS)
    monkeypatch.setattr(value_statistics, "_AT_ONCE", 1000)
    pieces = track.region_stats([("chr1", 3, 29_000), ("chr1", 5, 60)], STATS)
    assert whole.equals(pieces)
    assert pieces["median"][0] == expected(data["chr1"][3:29_000], "median")


@given(
    start=st.integers(0, 500), length=st.integers(1, 90), bins=st.integers(1, 40), strand=st.sampled_from("+-"),
    how=st.sampled_from(["median", "quantile:0.3", "over:2", "coverage", "max"]),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_bins_of_windows(tracks, start, length, bins, strand, how):
    for name in ("counts", "scores"):
        track, data = tracks[name]
        values = data["chr1"][start : start + length].astype(float)
        got = track.windows([("chr1", start, start + length, strand)], bins=bins, how=how).values[0]
        want = []
        for j in range(bins):
            low, high = j * length // bins, -(-(j + 1) * length // bins)
            if how.startswith(("over", "coverage")):
                high_enough = np.nan_to_num(values, nan=-1) >= (2 if how == "over:2" else 1e-30)
                weights = [
                    min((j + 1) * length, (k + 1) * bins) - max(j * length, k * bins)
                    for k in range(low, high)
                ]
                want.append(float(np.dot(weights, high_enough[low:high]) / length))
            elif how == "max":
                there = values[low:high][~np.isnan(values[low:high])]
                want.append(there.max() if there.size else math.nan)
            else:
                want.append(expected(values[low:high], how))
        np.testing.assert_allclose(got, want[::-1] if strand == "-" else want, rtol=1e-12)


def test_names_that_are_none(tracks):
    track, _ = tracks["counts"]
    for wrong in ("total", "quantile", "quantile:2", "over:x", "over:", "mean:3", "", ["mean", "mean"], []):
        with pytest.raises(ArgumentError, match="stats="):
            track.region_stats([("chr1", 0, 5)], wrong)
    with pytest.raises(ArgumentError, match="size alone"):
        track.bins(100, 5)
    with pytest.raises(ArgumentError, match="chroms="):
        track.bins("chr1", 100, chroms="chr1")
