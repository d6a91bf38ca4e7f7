"""Lazy tracks equal numpy on the decoded values, whatever the pieces they are computed in."""

import pickle
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import genomearray as ga
from genomearray.compute import blocks
from genomearray.errors import ArgumentError, AssemblyError, LayoutError, RegionError, ValueRangeError
from genomearray.sources import computed, rolling
from genomearray.sources import elementwise as arithmetic
from tests import strategies as any_
from tests.storage.test_track_writer import write

some_examples = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
CHROM = "chr1"


@pytest.fixture(params=[1 << 18, 1000])
def piece(request, monkeypatch):
    """Values computed together."""
    for module in (computed, blocks, rolling):
        monkeypatch.setattr(module, "PIECE", request.param)
    return request.param


@pytest.fixture
def three(tmp_path):
    """Tracks of three dtypes, and their arrays."""
    db = ga.GenomeDB.create(tmp_path / "three", "toy", any_.SIZES)
    arrays = {}
    for seed, dtype in enumerate(("uint16", "int8", "float32")):
        arrays[dtype] = {
            name: any_.numbers(dtype, size, seed + 7 * k) for k, (name, size) in enumerate(any_.SIZES.items())
        }
        db.save_track(dtype, arrays[dtype], threads=2)
    return db, arrays


EXPRESSIONS = {
    "sum": lambda a, b, c: a + b,
    "difference": lambda a, b, c: b - a,
    "product": lambda a, b, c: a * b * 3,
    "negative": lambda a, b, c: -b,
    "absolute": lambda a, b, c: abs(b),
    "mean": lambda a, b, c: (a + b + c) / 3,
    "scaled": lambda a, b, c: 0.5 * c - 2,
    "log": lambda a, b, c: np.log1p(a),
    "largest": lambda a, b, c: np.maximum(a, b),
    "remainder": lambda a, b, c: a % 7,
    "halves": lambda a, b, c: b // 2,
    "power": lambda a, b, c: a**2.0,
    "divided": lambda a, b, c: a / b,
    "comparison": lambda a, b, c: (a > 9) & ~(b == 0) | (c != c),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_expressions_equal_exact_arithmetic(three, piece, name):
    db, arrays = three
    expression = EXPRESSIONS[name]
    lazy = expression(db["uint16"], db["int8"], db["float32"])
    for chrom in any_.SIZES:
        wide = [
            arrays[dtype][chrom].astype(np.float64 if dtype == "float32" else np.int64)
            for dtype in ("uint16", "int8", "float32")
        ]
        with np.errstate(all="ignore"):
            want = expression(*wide)
        got = lazy.values(chrom)
        assert got.dtype == lazy.dtype
        if want.dtype.kind in "iub":
            assert got.dtype.kind in "iub"
            np.testing.assert_array_equal(got, want)
        else:
            np.testing.assert_allclose(got, want, rtol=1e-6 if got.dtype == np.float32 else 1e-12)


def test_integers_take_the_smallest_dtype_that_holds_every_result(three):
    db, _ = three
    a, b = db["uint16"], db["int8"]
    assert (a + a).dtype == np.uint32
    assert sum([a] * 20, a * 0).dtype == np.uint32
    assert (a - a).dtype == np.int32
    assert (b + 1).dtype == np.int16
    assert (b * b).dtype == np.int16
    assert (a / 2).dtype == np.float64
    assert (a > 1).dtype == bool
    assert abs(b).dtype == np.int16
    assert (db["float32"] * 2.5).dtype == np.float32
    assert (db["float32"] + a).dtype == np.result_type(np.float32, np.uint16)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize(
    "expression", [lambda a: a + a, lambda a: a - 2**40, lambda a: a * 3, lambda a: a + 1]
)
def test_sixty_four_bits_are_right_or_an_error(tmp_path, dtype, expression):
    db = ga.GenomeDB.create(tmp_path, "toy", {"c": 6})
    info = np.iinfo(dtype)
    for value in (0, 5, 2**62, int(info.max), int(info.min), 2**53 + 1):
        db.save_track("x", {"c": np.full(6, value, dtype)}, overwrite=True)
        lazy = expression(db["x"])
        want = expression(int(value))
        limits = np.iinfo(lazy.dtype)
        if limits.min + 4096 <= want <= limits.max - 4096:
            assert int(lazy.values("c", 0, 1)[0]) == want
        elif not limits.min <= want <= limits.max:
            with pytest.raises(ValueRangeError, match=r"c:1: .* does not fit .*astype"):
                lazy.values("c", 0, 1)


def test_division_of_whole_numbers_by_zero_names_the_place(db):
    with pytest.raises(ValueRangeError, match=r"chrX:11: division by zero"):
        (db["counts"] // db["counts"]).values("chrX", 10, 12)
    np.testing.assert_array_equal((db["counts"] / 0).values("chr1", 0, 2), [np.inf, np.inf])
    assert np.isnan((db["counts"] / db["counts"]).values("chrX", 0, 1))[0]


def test_a_lazy_track_is_a_track(three):
    db, arrays = three
    lazy = db["uint16"] * 2
    want = arrays["uint16"]
    assert (
        lazy.sel(chrom="chr1", pos=slice(11, 20)).values.tolist()
        == (want["chr1"][10:20].astype(int) * 2).tolist()
    )
    assert lazy["a/b:5-9"].pos.values.tolist() == [5, 6, 7, 8, 9]
    assert (
        lazy.dataset["chr2"].sel(pos_chr2=slice(1, 3)).values.tolist()
        == (want["chr2"][:3].astype(int) * 2).tolist()
    )
    assert int(lazy.to_dask("chr1").sum().compute()) == int(want["chr1"].astype(int).sum()) * 2
    packed = lazy.dataset["packed"].values
    assert packed.tolist() == (db["uint16"].dataset["packed"].values.astype(int) * 2).tolist()
    again = pickle.loads(pickle.dumps(lazy))
    assert again.values("chrX").tolist() == lazy.values("chrX").tolist()
    assert (
        lazy.windows([("chr1", 5, 9), ("chr1", 100, 104)]).values[1].tolist()
        == (want["chr1"][100:104].astype(int) * 2).tolist()
    )
    assert "uint16" in repr(lazy)
    xr.testing.assert_equal(
        ga.as_track(lazy.dataset).sel(chrom="chr1", pos=slice(1, 9)), lazy.sel(chrom="chr1", pos=slice(1, 9))
    )


def test_what_cannot_be_computed_is_told(three, db):
    toy, _ = three
    other = db["counts"]
    cases = [
        (lambda: toy["uint16"] + np.ones(3), ValueRangeError, "with numbers and tracks, not with ndarray"),
        (lambda: toy["uint16"] + "a", ValueRangeError, "not with str"),
        (lambda: toy["uint16"] + db["seq"], LayoutError, "sequence"),
        (lambda: np.modf(toy["uint16"]), ValueRangeError, "2 results"),
        (lambda: np.add.reduce(toy["uint16"]), ValueRangeError, "is not for tracks"),
        (lambda: toy["uint16"] + 2**70, ValueRangeError, "64 bits"),
        (lambda: toy["uint16"] + 1j, ValueRangeError, "complex"),
        (lambda: toy["uint16"] + other, AssemblyError, "do not have the same chromosomes"),
        (lambda: bool(toy["uint16"] > 1), ValueRangeError, "neither true nor false"),
        (lambda: toy["uint16"].where(toy["int8"]), ValueRangeError, "compare it"),
        (lambda: toy["uint16"].rolling(0), RegionError, "at least 1"),
        (lambda: toy["uint16"].rolling(5, min_periods=6), ValueRangeError, "never"),
        (lambda: toy["uint16"].smooth(0), RegionError, "sigma"),
        (lambda: toy["uint16"].normalize("tpm"), ValueRangeError, "allowed are 'cpm'"),
        (lambda: (toy["uint16"] * 0).normalize("sum"), ValueRangeError, "cannot be scaled"),
        (lambda: toy["uint16"].normalize("cpm"), ValueRangeError, r"no report of reads.*'sum', to=1e6"),
        (lambda: toy["uint16"].normalize("1x", to=1), ArgumentError, "to=1 is for how='sum'"),
        (lambda: toy["float32"].astype("uint8").values("chr1"), ValueRangeError, r"chr1:1-40000: .*fraction"),
    ]
    for make, error, match in cases:
        with pytest.raises(error, match=match):
            make()


def test_assemblies_of_one_name_and_other_lengths_do_not_mix(tmp_path):
    one = ga.GenomeDB.create(tmp_path / "one", "toy", {"c": 6})
    two = ga.GenomeDB.create(tmp_path / "two", "toy", {"c": 7})
    three = ga.GenomeDB.create(tmp_path / "three", "tay", {"c": 6})
    for db in (one, two, three):
        db.save_track("x", {"c": np.ones(db.assembly["c"].length, "uint8")})
    with pytest.raises(AssemblyError, match="7 bp in .* and 6 bp in"):
        one["x"] + two["x"]
    with pytest.raises(AssemblyError, match="lift one over first"):
        ga.combine([one["x"], three["x"]])


# -- moved, masked ---------------------------------------------------------------------------


@pytest.mark.parametrize("by", [0, 1, -1, 300, -5000, 10**6])
def test_shift_moves_values_and_leaves_absent_ones(three, piece, by):
    db, arrays = three
    for dtype, fill in (("uint16", 0), ("float32", np.nan)):
        for chrom, size in any_.SIZES.items():
            want = np.full(size, fill, dtype)
            for k in range(max(by, 0), min(size, size + by)):
                want[k] = arrays[dtype][chrom][k - by]
            np.testing.assert_array_equal(db[dtype].shift(by).values(chrom), want)


REGIONS = [("chr1", 5, 9), ("chr1", 7, 4100), ("chr1", 39_999, 40_000), ("a/b", 0, 5000), ("one", 0, 1)]


@pytest.mark.parametrize("other", [None, 7, 2.5, -300])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_mask_and_where_equal_numpy(three, piece, dtype, other):
    db, arrays = three
    masked, kept = db[dtype].mask(REGIONS, other), db[dtype].where(REGIONS, other)
    high = db[dtype].where(db["uint16"] > 30_000, other)
    replacement = (0 if dtype == "uint16" else np.nan) if other is None else other
    for chrom, size in any_.SIZES.items():
        inside = np.zeros(size, bool)
        for name, start, end in REGIONS:
            inside[start:end] |= name == chrom
        values = arrays[dtype][chrom]
        wide = values.astype(np.float64)
        np.testing.assert_array_equal(masked.values(chrom).astype(float), np.where(inside, replacement, wide))
        np.testing.assert_array_equal(kept.values(chrom).astype(float), np.where(inside, wide, replacement))
        np.testing.assert_array_equal(
            high.values(chrom).astype(float), np.where(arrays["uint16"][chrom] > 30_000, wide, replacement)
        )
    assert (masked.dtype == dtype) == (other is None or other == 7 or dtype == "float32")


def test_masked_letters_are_n(db):
    assert db["seq"].mask([("chr1", 1, 3)]).get_seq_str("chr1", 1, 5) == "ANNTA"
    assert db["seq"].shift(2).get_seq_str("chr1", 1, 5) == "NNACG"


# -- windows that move -----------------------------------------------------------------------


@pytest.mark.parametrize("window", [2, 7, 4096, 50_000])
@pytest.mark.parametrize(("center", "least"), [(False, None), (True, None), (True, 1), (False, 3)])
def test_rolling_equals_pandas(three, piece, window, center, least):
    if least is not None and least > window:
        return
    db, arrays = three
    for dtype in ("uint16", "float32"):
        asked = db[dtype].rolling(window, center=center, min_periods=least)
        for chrom in ("chr1", "chr2", "one"):
            series = pd.Series(arrays[dtype][chrom].astype(np.float64))
            want = series.rolling(window, center=center, min_periods=least)
            for how in ("mean", "sum", "max", "min"):
                # pandas centres an even window one base further left or right by version; ours is [i - w // 2, i + (w - 1) // 2]
                if center and window % 2 == 0 and window > series.size:
                    continue
                got = getattr(asked, how)().values(chrom)
                np.testing.assert_allclose(
                    got,
                    getattr(want, how)(),
                    rtol=1e-9,
                    atol=1e-6 if how in ("mean", "sum") else 0,
                    err_msg=how,
                )


def test_rolling_gives_the_same_bits_under_any_chunking(three, monkeypatch):
    db, _ = three
    found = []
    for size in (1 << 18, 4096, 1000, 77):
        monkeypatch.setattr(computed, "PIECE", size)
        lazy = db["float32"]
        found.append(
            [
                lazy.rolling(100).mean().values("chr1").tobytes(),
                lazy.smooth(9.5).values("chr1").tobytes(),
                lazy.rolling(7).sum().values("chr1", 5, 39_990).tobytes(),
            ]
        )
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("sigma", [0.5, 3, 40.0])
def test_smooth_is_the_weighted_mean_of_what_is_there(three, piece, sigma):
    db, arrays = three
    values = arrays["float32"]["chr2"].astype(np.float64)
    reach = int(4 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    got = db["float32"].smooth(sigma).values("chr2")
    for i in range(0, values.size, 97):
        low, high = max(i - reach, 0), min(i + reach + 1, values.size)
        part, weight = values[low:high], weights[low - i + reach : high - i + reach]
        known = ~np.isnan(part)
        want = (part[known] * weight[known]).sum() / weight[known].sum() if known.any() else np.nan
        np.testing.assert_allclose(got[i], want, rtol=1e-10, atol=1e-9)


def test_a_smooth_track_keeps_its_sum_far_from_ends(db):
    spike = np.zeros(500, "uint16")
    spike[250] = 1000
    db.save_track("spike", {"chr2": spike})
    smooth = db["spike"].smooth(5).values("chr2")
    assert abs(smooth.sum() - 1000) < 1e-9
    assert smooth.argmax() == 250
    np.testing.assert_array_equal(smooth, smooth[::-1][np.r_[499, 0:499]])


# -- normalised ------------------------------------------------------------------------------


def test_normalized_tracks(three):
    db, arrays = three
    every = np.concatenate(list(arrays["uint16"].values())).astype(float)
    np.testing.assert_allclose(
        db["uint16"].normalize("sum", to=1e6).values("chr1"), arrays["uint16"]["chr1"] * 1e6 / every.sum()
    )
    np.testing.assert_allclose(
        db["uint16"].normalize("1x").values("chr1"), arrays["uint16"]["chr1"] / every.mean()
    )
    np.testing.assert_allclose(
        db["uint16"].normalize("1x", genome_size=10).values("chr2"),
        arrays["uint16"]["chr2"] * 10.0 / every.sum(),
    )
    z = db["uint16"].normalize("zscore")
    assert abs(z.mean()) < 1e-9
    assert abs(z.std() - 1) < 1e-9


# -- combined --------------------------------------------------------------------------------


@some_examples
@given(
    st.lists(st.sampled_from(any_.dtypes.elements), min_size=1, max_size=5),
    st.sampled_from(["sum", "mean", "min", "max", "median"]),
    st.booleans(),
    st.integers(0, 1000),
)
def test_combine_equals_numpy(dtypes, how, weighted, seed):
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        db = ga.GenomeDB.create(folder, "toy", {"c": 3000, "d": 5})
        values = []
        for k, dtype in enumerate(dtypes):
            found = any_.numbers(dtype, 3000, seed + k)
            if np.dtype(dtype).kind in "iu":
                found = found // 2**40 if np.dtype(dtype).itemsize == 8 else found
            elif how == "sum":
                found = np.round(found)
            db.save_track(f"t{k}", {"c": found})
            values.append(found)
        tracks = [db[f"t{k}"] for k in range(len(dtypes))]
        weights = rng.integers(1, 5, len(dtypes)).tolist() if weighted and how in ("sum", "mean") else None
        if (
            how in ("min", "max")
            and {"uint64"} < set(dtypes)
            and any(np.dtype(d).kind == "i" for d in dtypes)
            and all(np.dtype(d).kind in "iu" for d in dtypes)
        ):
            with pytest.raises(ValueRangeError, match="64 bits"):
                ga.combine(tracks, how)
            return
        lazy = ga.combine(tracks, how, weights=weights)
        table = np.array([value.astype(np.float64) for value in values])
        known = ~np.isnan(table)
        w = np.array(weights or [1] * len(dtypes))[:, None]
        with np.errstate(all="ignore"):
            nothing = ~known.any(axis=0)
            want = {
                "sum": lambda: np.where(nothing, np.nan, np.nansum(table * w, axis=0)),
                "mean": lambda: np.nansum(table * w, axis=0) / (known * w).sum(axis=0),
                "min": lambda: np.fmin.reduce(table),
                "max": lambda: np.fmax.reduce(table),
                "median": lambda: np.array(
                    [
                        np.median(column[~np.isnan(column)]) if (column == column).any() else np.nan
                        for column in table.T
                    ]
                ),
            }[how]()
        got = lazy.values("c")
        if lazy.dtype.kind in "iu":
            info = np.iinfo(lazy.dtype)
            want = np.clip(want, float(info.min), float(info.max))
        tolerance = 1e-5 if lazy.dtype == np.float32 else 1e-12
        # Where large numbers cancel, the error is relative to them.
        np.testing.assert_allclose(
            got.astype(np.float64),
            want,
            rtol=tolerance,
            atol=tolerance * float(np.nansum(np.abs(table), axis=0).max() * 5),
        )
        assert np.isnan(lazy.values("d").astype(float)).all() == (
            lazy.dtype.kind == "f" and all(np.dtype(d).kind == "f" for d in dtypes)
        )


def test_saturation_is_counted_when_a_sum_is_saved(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", {"c": 10})
    db.save_track("a", {"c": np.array([65535, 1, 65000] + [0] * 7, "uint16")})
    db.save_track("b", {"c": np.array([11, 2, 600] + [0] * 7, "uint16")})
    with pytest.warns(ga.errors.GenomeArrayWarning, match="2 values did not fit"):
        report = db.save_track("s", ga.combine([db["a"], db["b"]]))
    assert report.saturated == 2
    assert db["s"].dtype == np.uint16
    assert db["s"].values("c", 0, 3).tolist() == [65535, 3, 65535]
    with pytest.warns(ga.errors.GenomeArrayWarning, match="2 values"):
        assert db.save_track("s8", ga.combine([db["a"], db["b"] * 100], dtype="uint8")).saturated == 2
    wide = ga.combine([db["a"], db["b"]], dtype="uint32")
    assert wide.values("c", 0, 1).tolist() == [65546]
    db.save_track("wide", ga.combine([db["a"], db["b"]]), overflow="widen")
    assert db["wide"].dtype == np.uint32
    with pytest.raises(ValueRangeError, match="65600"):
        db.save_track("never", ga.combine([db["a"], db["b"]]), overflow="error")
    assert not db.has_track("never")
    assert [path.name for path in db.folder.iterdir() if path.name.endswith(".part")] == []


def test_sums_of_very_many_counts_are_exact(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", {"c": 5})
    db.save_track("a", {"c": np.array([4_000_000_000, 3, 0, 0, 0], "uint32")})
    total = ga.combine([db["a"]] * 20, dtype="uint64")
    assert total.values("c", 0, 2).tolist() == [80_000_000_000, 60]
    assert total.sum() == 80_000_000_060


def test_combine_tells_what_is_wrong(db):
    cases = [
        (lambda: ga.combine([]), LayoutError, "no track"),
        (lambda: ga.combine(db["counts"]), LayoutError, "give a list"),
        (lambda: ga.combine(["counts"]), LayoutError, "open the tracks first"),
        (lambda: ga.combine([db["counts"]], "total"), ValueRangeError, "allowed are 'sum'"),
        (lambda: ga.combine([db["counts"], db["seq"]]), LayoutError, "sequence"),
        (lambda: ga.combine([db["counts"]], weights=[1, 2]), ValueRangeError, "one finite number"),
        (lambda: ga.combine([db["counts"]], "max", weights=[1]), ValueRangeError, "for sum and mean"),
        (lambda: ga.combine([db["counts"]], "mean", weights=[-1]), ValueRangeError, "not negative"),
        (lambda: ga.combine([db["counts"]], missing="no"), ValueRangeError, "allowed are 'error'"),
    ]
    for make, error, match in cases:
        with pytest.raises(error, match=match):
            make()


def test_missing_chromosomes_are_an_error_or_skipped(db):
    part = ga.as_track(db["counts"].dataset[["chr1"]])
    with pytest.raises(AssemblyError, match="only one has 'chr2'"):
        ga.combine([part, db["counts"]])
    both = ga.combine([part, db["counts"]], missing="skip", dtype="uint32")
    assert both.values("chr1", 0, 3).tolist() == [2, 4, 6]
    assert both.values("chr2", 0, 3).tolist() == [7, 7, 7]
    assert ga.combine([part, db["counts"]], "mean", missing="skip").values("chr2", 0, 2).tolist() == [7, 7]


def test_chip_strands_of_the_golden_example(tmp_path):
    """behaviour.md 2.13: forward at 200 and 400, reverse at 300 and 500: shift 50, peaks at 250 and 450 (positions)."""
    db = ga.GenomeDB.create(tmp_path, "toy", {"chr21": 1000})
    forward, reverse = np.zeros(1000, "uint8"), np.zeros(1000, "uint8")
    forward[[199, 399]] = reverse[[299, 499]] = 200
    db.save_track("f", {"chr21": forward})
    db.save_track("r", {"chr21": reverse})
    both, shift = ga.combine_strands(db["f"], db["r"], dtype="uint16")
    assert shift == 50
    assert np.flatnonzero(both.values("chr21")).tolist() == [249, 449]
    assert both.values("chr21").max() == 400
    saturated, _ = ga.combine_strands(db["f"], db["r"])
    assert saturated.values("chr21").max() == 255  # 144 in the old library
    with pytest.raises(ValueRangeError, match="do not agree at any shift"):
        ga.combine_strands(db["f"], db["f"] * 0)


def old_shift(forward, reverse):
    """The search of the old library as it is written, with plain convolutions and rolls; None when it finds nothing."""
    smooth = [np.convolve(strand.astype(float), np.ones(50), mode="same") for strand in (forward, reverse)]
    peaks = [np.where(strand < np.percentile(strand, 95), 0, strand) for strand in smooth]
    best, most = None, 0.0
    for shift in range(20, 250):
        covariance = np.cov(np.roll(peaks[0], shift), np.roll(peaks[1], -shift))[0, 1]
        if covariance > most:
            best, most = shift, covariance
        elif best is not None and shift - best > 50:
            break
    return best


@pytest.mark.parametrize("seed", range(4))
def test_strand_shift_equals_the_old_search(tmp_path, piece, seed):
    rng = np.random.default_rng(seed)
    size, half = 30_000, int(rng.integers(30, 120))
    centres = rng.integers(1000, size - 1000, 60)
    forward, reverse = np.zeros(size, "uint16"), np.zeros(size, "uint16")
    for centre in centres:
        np.add.at(forward, centre - half + rng.integers(-9, 9, 30), 1)
        np.add.at(reverse, centre + half + rng.integers(-9, 9, 30), 1)
    np.add.at(forward, rng.integers(0, size, 300), 1)
    db = ga.GenomeDB.create(tmp_path, "toy", {"chr9": size, "chr1": 10})
    db.save_track("f", {"chr9": forward})
    db.save_track("r", {"chr9": reverse})
    assert ga.strand_shift(db["f"], db["r"]) == old_shift(forward, reverse)


# -- saved -----------------------------------------------------------------------------------


@pytest.mark.parametrize("store", ["h5", "zarr"])
@some_examples
@given(any_.dtypes, any_.chunks, any_.writes())
def test_saving_a_track_keeps_every_value_and_statistic(store, dtype, chunk, pieces):
    with tempfile.TemporaryDirectory() as folder:
        writer, expected, _ = write(Path(folder), "h5", dtype, chunk, pieces)
        db = ga.GenomeDB.create(Path(folder) / "db", "toy", any_.SIZES)
        track = ga.open_track(writer.path)
        db.save_track("copy", track, store=store)
        copy = db["copy"]
        assert copy.dtype == dtype
        for chrom, want in expected.items():
            np.testing.assert_array_equal(copy.values(chrom), want)
        one, other = copy.stats(by="chrom"), track.stats(by="chrom", stored=False)
        for name in ("n", "n_nan", "min", "max"):
            np.testing.assert_array_equal(one[name], other[name])
        np.testing.assert_allclose(one["sum"].astype(float), other["sum"].astype(float), rtol=1e-12)


def test_a_copy_keeps_units_and_origin(db):
    db.save_track("a", {"chr2": np.ones(500, "uint8")}, units="reads", source="made up")
    db.save_track("b", db["a"], store="zarr")
    copy = db["b"]
    assert copy.dataset["chr2"].attrs["units"] == "reads"
    assert copy.attributes["source"] == "made up"
    assert copy.attributes["id"] != db["a"].attributes["id"]
    db.save_track("c", db["a"] + db["counts"])
    assert db["c"].attributes["source"] == "(a + counts)"


def test_merged_regions_are_disjoint_and_in_order():
    from genomearray.reference.intervals import Intervals

    given_ = Intervals(("x", "y"), np.array([0, 0, 1, 0]), np.array([5, 1, 0, 3]), np.array([9, 4, 2, 5]))
    merged = arithmetic.merged_regions(given_)
    assert [column.tolist() for column in merged["x"]] == [[1], [9]]
    assert [column.tolist() for column in merged["y"]] == [[0], [2]]


# -- what a stranger broke ------------------------------------------------------------------


@pytest.fixture
def save(tmp_path):
    db = ga.GenomeDB.create(tmp_path / "odd", "t", {"c": 6})

    def save_(values, dtype):
        name = f"t{len(db.list_tracks())}"
        db.save_track(name, {"c": np.array(values, dtype)})
        return db[name]

    return save_


def test_division_of_signed_by_64_bit_unsigned_is_refused_not_wrapped(save):
    wide, small = save([5, 2**64 - 16, 7, 1, 2, 3], "u8"), save([-5, -5, 3, 1, -1, 2], "i1")
    for expression in (
        lambda: small // wide,
        lambda: small % wide,
        lambda: wide // np.int64(-3),
        lambda: small // 2**63,
    ):
        with pytest.raises(ValueRangeError, match="no 64-bit integer holds both sides"):
            expression()
    assert (wide // 2).values("c")[1] == 2**63 - 8


def test_zeros_that_move_in_are_within_the_limits(save):
    moved = (save([0, 1, 2, 3, 4, 5], "u1") + 100).shift(1)
    assert (moved - 100).values("c").tolist() == [-100, 0, 1, 2, 3, 4]
    assert moved.histogram(bins=[0, 1, 100, 400])[0].tolist() == [1, 0, 5]


def test_means_of_64_bit_integers_do_not_wrap(save):
    long = save([2**62 + 2**61] * 6, "i8")
    np.testing.assert_allclose(ga.combine([long] * 3, "mean", dtype="float64").values("c"), 2**62 + 2**61)
    np.testing.assert_allclose(
        ga.combine([save([3] * 6, "i4"), save([5] * 6, "i2")], "mean", weights=[2**40, 2**40]).values("c"), 4
    )
    assert ga.combine([long, long], "mean", weights=[2**62, 2**62], dtype="float64").values("c")[0] == float(
        2**62 + 2**61
    )


def test_a_wanted_dtype_is_not_rounded_to_float32_on_the_way(save):
    odd = save([16777217] * 6, "i4")
    assert ga.combine([odd] * 3, "median", dtype="int32").values("c")[0] == 16777217
    assert ga.combine([odd] * 2, "mean", dtype="float64").values("c")[0] == 16777217
    assert ga.combine([odd, save([0.5] * 6, "f4")], "sum", dtype="float64").values("c")[0] == 16777217.5


def test_weights_stay_with_their_tracks(db):
    part = ga.as_track(db["counts"].dataset[["chr1"]])
    both = ga.combine([part, db["counts"] * 0 + 1], weights=[1000, 1], missing="skip", dtype="uint32")
    assert both.values("chr1", 0, 3).tolist() == [1001, 2001, 3001]
    assert both.values("chr2", 0, 2).tolist() == [1, 1]


def test_booleans_beside_64_bits_and_numpys_own_calls(save, db):
    wide = save([5, 2**63, 7, 1, 2, 3], "u8")
    assert (wide + True).values("c").tolist() == [6, 2**63 + 1, 8, 2, 3, 4]
    assert ((wide > 5) + wide).values("c", 0, 3).tolist() == [5, 2**63 + 1, 8]
    assert np.sum(db["counts"]) == 504000
    assert np.max(db["counts"]) == 1000
    assert np.clip(db["counts"], 2, 3).values("chr1", 0, 4).tolist() == [2, 2, 3, 3]
    with pytest.raises(ValueRangeError, match="option 'axis' is not known"):
        np.sum(db["counts"], axis=0)


def test_a_shift_beyond_every_chromosome_is_refused(db):
    with pytest.raises(ValueRangeError, match="moves every base off"):
        ga.combine_strands(db["counts"], db["counts"], shift=10**20)
