"""Stacks: which tracks, labelled selections, reductions and tables, against loops and numpy."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import genomearray as ga
from genomearray.errors import (
    ArgumentError,
    AssemblyError,
    FormatError,
    LayoutError,
    UnknownTrackError,
    ValueRangeError,
)

SIZES = {"chr1": 40_000, "chr2": 900, "short1": 60, "short2": 45}
DTYPES = {
    "chip/a": "uint8",
    "chip/b": "uint16",
    "chip/c": "float32",
    "input/d": "int32",
    "input/e": "float64",
}

ALL = list(DTYPES)


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    made = ga.GenomeDB.create(tmp_path_factory.mktemp("db"), "toy", SIZES)
    for k, (name, dtype) in enumerate(DTYPES.items()):
        rng = np.random.default_rng(k)
        data = {chrom: rng.poisson(4, size).astype(dtype) for chrom, size in SIZES.items()}
        if dtype.startswith("float"):
            for values in data.values():
                values[rng.random(values.size) < 0.3] = np.nan
        made.save_track(name, data, dtype=dtype, store="zarr" if k % 2 else "h5")
    return made


@pytest.fixture(scope="module")
def arrays(db):
    return {chrom: [db[name].values(chrom) for name in DTYPES] for chrom in SIZES}


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "samples.tsv"
    rows = ["track\tcondition\tbatch\tchrom"]
    rows += [f"{name}\t{'treated' if 'chip' in name else 'control'}\t{k}\tx" for k, name in enumerate(DTYPES)]
    path.write_text("\n".join(rows) + "\n")
    return path


class TestWhich:
    def test_names_patterns_and_lists(self, db):
        assert db.stack("chip/*").names == ["chip/a", "chip/b", "chip/c"]
        assert db.stack(["input/d", "chip/?"]).names == ["input/d", "chip/a", "chip/b", "chip/c"]
        assert db.stack("chip/a").names == ["chip/a"]
        assert db.stack(["chip/a", db["chip/b"] * 2]).names == ["chip/a", "track1"]
        assert db.stack(["chip/a", "chip/a"]).names == ["chip/a", "chip/a.1"]

    def test_a_name_with_magic_letters_wins_over_a_pattern(self, db):
        db.save_track("odd/[x]", db["chip/a"], overwrite=True)
        assert db.stack("odd/[x]").names == ["odd/[x]"]

    def test_sheets(self, db, sheet):
        stack = db.stack(sheet)
        assert stack.names == list(DTYPES)
        assert list(stack.samples.columns) == ["condition", "batch", "chrom"]
        assert stack.samples.loc["chip/b", "batch"] == 1
        assert stack.query("condition == 'treated' and batch < 2").names == ["chip/a", "chip/b"]
        assert stack.query("track == 'input/d'").names == ["input/d"]
        region = stack.sel(chrom="chr1", pos=slice(1, 5))
        assert region.condition.values.tolist() == ["treated"] * 3 + ["control"] * 2
        assert region.sample_chrom.values.tolist() == ["x"] * 5
        assert region.batch.values.tolist() == list(range(5))
        frame = pd.read_csv(sheet, sep="\t")
        assert db.stack(frame).names == stack.names
        frame.to_csv(sheet.with_suffix(".csv"), index=False)
        assert db.stack(str(sheet.with_suffix(".csv"))).query("batch > 3").names == ["input/e"]
        assert stack[["input/e", "chip/a"]].samples["batch"].tolist() == [4, 0]

    def test_paths_in_a_sheet_are_relative_to_it(self, db, tmp_path):
        folder = tmp_path / "sheets"
        folder.mkdir()
        (folder / "linked.h5").symlink_to(db.get_track_path("chip/a"))
        (folder / "s.tsv").write_text("track\tn\nlinked.h5\t1\n")
        for stack in (ga.stack(folder / "s.tsv"), db.stack(folder / "s.tsv")):
            assert stack.values("chr1", 0, 9).tolist() == [db["chip/a"].values("chr1", 0, 9).tolist()]

    def test_nothing_is_opened_before_it_is_asked_for(self, db, tmp_path):
        other = ga.GenomeDB.create(tmp_path, "toy", SIZES)
        for k in range(3):
            (other.folder / f"bad{k}.h5").write_bytes(b"no track")
        stack = other.stack("bad*")
        assert len(stack) == 3
        assert stack.names == ["bad0", "bad1", "bad2"]
        with pytest.raises(LayoutError, match=r"bad0\.h5"):
            stack.values("chr1", 0, 5)

    def test_what_is_wrong_with_names_and_sheets(self, db, tmp_path):
        with pytest.raises(UnknownTrackError, match="2 tracks: 'chip/x', 'y' are not in"):
            db.stack(["chip/x", "chip/a", "y"])
        with pytest.raises(UnknownTrackError, match=r"'none/\*' is not in"):
            db.stack("none/*")
        with pytest.raises(LayoutError, match="no track to stack"):
            db.stack([])
        path = tmp_path / "s.tsv"
        for text, message in (
            ("name\tx\na\t1\n", "has no column 'track'.*it has name, x"),
            ("track\nchip/a\nchip/b\nchip/a\n", "'chip/a' is in rows 1 and 3"),
            ("track\tx\n\t1\n", "row 1 names no track"),
            ("track\tx\n", "names no track"),
            ("", "cannot be read as a table"),
        ):
            path.write_text(text)
            with pytest.raises(FormatError, match=message):
                db.stack(path)
        with pytest.raises(FormatError, match="is not there"):
            db.stack("nothing.tsv")
        with pytest.raises(FormatError, match="has 1 rows, and there are 2 tracks"):
            ga.stack([db["chip/a"], db["chip/b"]], samples=pd.DataFrame({"x": [1]}))
        stack = db.stack("chip/*")
        with pytest.raises(ArgumentError, match="no condition on the sample sheet.*its columns are track"):
            stack.query("nothing == 1")
        with pytest.raises(ArgumentError, match="no track of the stack fulfils"):
            stack.query("track == 'z'")
        with pytest.raises(UnknownTrackError, match="'chip/z' is not in the stack; nearest names"):
            stack["chip/z"]

    def test_two_assemblies(self, db, tmp_path):
        other = ga.GenomeDB.create(tmp_path, "other", SIZES)
        other.save_track("x", {"chr1": np.ones(40_000, "uint8")})
        with pytest.raises(AssemblyError, match="'x' is of 'other', track 'chip/a' of 'toy'"):
            ga.stack([db["chip/a"], other["x"]])


class TestValues:
    def test_values_and_labels(self, db, arrays):
        stack = db.stack(ALL)
        for chrom in SIZES:
            np.testing.assert_array_equal(stack.values(chrom), np.stack(arrays[chrom]))
            np.testing.assert_array_equal(stack.sel(chrom=chrom).values, np.stack(arrays[chrom]))
        region = stack.sel(chrom="short2", pos=slice(11, 20))
        assert region.dims == ("track", "pos")
        assert region.pos.values.tolist() == list(range(11, 21))
        np.testing.assert_array_equal(region.values, np.stack(arrays["short2"])[:, 10:20])
        np.testing.assert_array_equal(stack["chr1:101-200"].values, np.stack(arrays["chr1"])[:, 100:200])
        np.testing.assert_array_equal(stack["chr2"].values, np.stack(arrays["chr2"]))
        one = region.sel(track="chip/b", pos=15)
        assert one.item() == arrays["short2"][1][14]
        np.testing.assert_array_equal(
            stack.isel(chrom="chr1", pos=slice(3, 9)).isel(track=[3, 1], pos=[0, 5, 2]).values,
            np.stack(arrays["chr1"])[[3, 1]][:, [3, 8, 5]],
        )
        assert stack["chip/a"].name == "chip/a"
        assert [track.name for track in stack] == stack.names

    def test_the_dataset_works_with_plain_xarray(self, db, arrays, sheet, tmp_path):
        dataset = db.stack(sheet).dataset
        assert set(dataset.data_vars) == {"chr1", "chr2", "short1", "short2"} or "packed" in dataset
        by = dataset["chr1"].sel(pos_chr1=slice(1, 50)).groupby("condition").mean()
        want = np.nanmean(np.stack(arrays["chr1"])[:3, :50].astype(float), axis=0)
        np.testing.assert_allclose(by.sel(condition="treated").values, want)
        part = dataset[["chr2"]].isel(pos_chr2=slice(0, 20)).load()
        part.drop_vars("pos_chr2").to_netcdf(tmp_path / "a.nc")
        with xr.open_dataset(tmp_path / "a.nc") as again:
            np.testing.assert_array_equal(again["chr2"].values, np.stack(arrays["chr2"])[:, :20])
        lazy = db.stack(ALL).to_dask()
        assert lazy["chr1"].chunks is not None
        np.testing.assert_allclose(
            lazy["chr1"].mean("track").compute(), np.nanmean(np.stack(arrays["chr1"]).astype(float), axis=0)
        )

    def test_pickled(self, db, arrays):
        stack = pickle.loads(pickle.dumps(np.log2(db.stack("chip/*") + 1)))
        np.testing.assert_allclose(
            stack.values("chr2"),
            np.log2(np.stack([a.astype(float) for a in arrays["chr2"][:3]]) + 1),
            rtol=1e-6,
        )


class TestReductions:
    @pytest.mark.parametrize("pattern", [list(DTYPES), "chip/[ab]"])
    def test_over_the_tracks_equals_numpy(self, db, arrays, pattern):
        stack = db.stack(pattern)
        chosen = [k for k, name in enumerate(DTYPES) if name in stack.names]
        for chrom in SIZES:
            rows = np.stack([arrays[chrom][k].astype(float) for k in chosen])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numpy's, of bases without any value
                wanted = {
                    "mean": np.nanmean(rows, 0),
                    "median": np.nanmedian(rows, 0),
                    "std": np.nanstd(rows, 0),
                    "var": np.nanvar(rows, 0),
                    "min": np.nanmin(rows, 0),
                    "max": np.nanmax(rows, 0),
                }
            for how, want in wanted.items():
                track = getattr(stack, how)("track")
                np.testing.assert_allclose(track.values(chrom), want, rtol=1e-6, err_msg=how)
            np.testing.assert_array_equal(stack.sum("track").values(chrom), np.nansum(rows, 0))
            np.testing.assert_allclose(
                stack.quantile(0.3, "track").values(chrom), np.nanquantile(rows, 0.3, axis=0), rtol=1e-6
            )
            np.testing.assert_array_equal(stack.count("track", above=3).values(chrom), (rows > 3).sum(0))
            np.testing.assert_array_equal(stack.count("track").values(chrom), (~np.isnan(rows)).sum(0))
            np.testing.assert_array_equal(
                stack.fraction("track", at_least=4).values(chrom),
                ((rows >= 4).sum(0) / len(chosen)).astype("float32"),
            )

    def test_dtypes(self, db):
        small = db.stack("chip/[ab]")
        assert small.sum("track").dtype == np.uint32
        assert db.stack(["chip/a"] * 3).sum("track").dtype == np.uint16
        assert small.count("track", above=1).dtype == np.uint32
        for how in ("mean", "median", "std", "var"):
            assert getattr(db.stack(ALL), how)("track").dtype == np.float32
        assert db.stack(ALL).fraction("track", at_least=1).dtype == np.float32

    def test_along_the_genome_equals_loops(self, db):
        stack = db.stack(ALL)
        for how in ("mean", "sum", "min", "max", "std", "var", "count"):
            np.testing.assert_array_equal(
                getattr(stack, how)("pos").values, [getattr(track, how)() for track in stack]
            )
        by = stack.mean("pos", by="chrom")
        assert by.dims == ("track", "chrom")
        for track in stack:
            np.testing.assert_array_equal(by.sel(track=track.name).values, track.mean(by="chrom").to_numpy())
        assert stack.quantile(0.9, "pos", chroms="chr2").values[1] == stack["chip/b"].quantile(
            0.9, chroms="chr2"
        )

    def test_groups(self, db, sheet, arrays):
        groups = db.stack(sheet).groupby("condition")
        assert [(name, some.names) for name, some in groups][1] == ("control", ["input/d", "input/e"])
        made = groups.mean()
        assert made.names == ["treated", "control"]
        rows = np.stack([a.astype(float) for a in arrays["chr1"][3:]])
        np.testing.assert_allclose(made["control"].values("chr1"), np.nanmean(rows, 0), rtol=1e-6)
        assert made.samples["condition"].tolist() == ["treated", "control"]
        with pytest.raises(ArgumentError, match="has no column 'x'; it has condition, batch, chrom"):
            db.stack(sheet).groupby("x")

    def test_wrong_arguments(self, db):
        stack = db.stack("chip/*")
        for call in (
            lambda: stack.mean("chrom"),
            lambda: stack.mean("track", by="chrom"),
            lambda: stack.quantile(2, "track"),
            lambda: stack.fraction("track", at_least="x"),
            lambda: stack.count("pos", above=2),
        ):
            with pytest.raises(ArgumentError):
                call()


class TestArithmetic:
    def test_elementwise(self, db, arrays):
        stack = db.stack("chip/[ab]")
        a, b = (arrays["chr1"][k].astype(float) for k in (0, 1))
        ratio = (b[5:90] + 1) / (a[5:90] + 1)
        np.testing.assert_array_equal(
            ((stack + 1) / (stack["chip/a"] + 1)).values("chr1", 5, 90), np.stack([ratio / ratio, ratio])
        )
        np.testing.assert_array_equal((1 + stack * stack).values("chr1"), np.stack([1 + a * a, 1 + b * b]))
        np.testing.assert_array_equal((stack > 3).sum("track").values("chr1"), (a > 3) * 1 + (b > 3))
        rolled = stack.rolling(10).mean()
        np.testing.assert_array_equal(
            rolled.values("chr1")[0], stack["chip/a"].rolling(10).mean().values("chr1")
        )
        assert stack.normalize("sum").names == stack.names
        np.testing.assert_array_equal(
            stack.where(stack > 2, other=0).values("chr1"), np.stack([a * (a > 2), b * (b > 2)])
        )
        for wrong in (lambda: stack + db.stack(ALL), lambda: np.add.reduce(stack), lambda: np.mean(stack)):
            with pytest.raises((ArgumentError, ValueRangeError)):
                wrong()

    def test_saved_together(self, db, arrays):
        report = db.save_tracks("norm/{name}", db.stack("chip/*") + 1, overwrite=True)
        assert sorted(report) == ["norm/chip/a", "norm/chip/b", "norm/chip/c"]
        np.testing.assert_array_equal(db["norm/chip/b"].values("chr1"), arrays["chr1"][1] + 1)
        with pytest.raises(ArgumentError, match=r"\{name\}"):
            db.save_tracks("norm", db.stack("chip/*"))


class TestTables:
    def test_region_stats_and_bins_equal_loops(self, db, tmp_path):
        stack = db.stack(ALL)
        rng = np.random.default_rng(1)
        starts = rng.integers(0, 39_000, 50)
        frame = pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + rng.integers(1, 900, 50)})
        stats = ["n", "mean", "std", "median", "over:4", "quantile:0.8", "coverage"]
        table = stack.region_stats(frame, stats)
        assert table["mean"].dims == ("region", "track")
        assert table["start"].values.tolist() == frame["start"].tolist()
        bins = stack.bins(700, stats=stats)
        for track in stack:
            own, own_bins = track.region_stats(frame, stats), track.bins(700, stats=stats)
            for stat in stats:
                np.testing.assert_array_equal(table[stat].sel(track=track.name).values, own[stat].to_numpy())
                np.testing.assert_array_equal(bins[stat].sel(track=track.name).values, own_bins[stat].values)
        (tmp_path / "a.bed").write_text("chr2\t5\t9\tgene\t0\t-\nchr1\t0\t5\tother\t0\t+\n")
        named = stack.region_stats(tmp_path / "a.bed", "max")
        assert named["name"].values.tolist() == ["gene", "other"]
        assert named["strand"].values.tolist() == ["-", "+"]

    def test_profiles_equal_those_of_tracks(self, db):
        stack = db.stack(ALL)
        groups = {"up": ["chr1:101-200", "chr1:500-900(-)"], "down": ["chr2:1-90"]}
        made = stack.profile(groups, bins=5, flank=20, bin_size=10)
        assert made["matrix"].dims == ("track", "window", "offset")
        assert made["group"].values.tolist() == ["up", "up", "down"]
        for track in stack:
            for k, (name, some) in enumerate(groups.items()):
                own = track.profile(some, bins=5, flank=20, bin_size=10)
                got = made.sel(track=track.name)
                np.testing.assert_array_equal(got["matrix"].values[[[0, 1], [2]][k]], own["matrix"].values)
                np.testing.assert_array_equal(got["mean"].sel(set=name).values, own["mean"].values)
        assert made["part"].values.tolist() == ["upstream"] * 2 + ["body"] * 5 + ["downstream"] * 2

    @pytest.mark.parametrize("method", ["pearson", "spearman"])
    def test_corr_equals_pandas(self, db, method):
        stack = db.stack(ALL)
        matrix = stack.corr(bins=300, method=method)
        assert matrix.dims == ("track", "other")
        means = pd.DataFrame(stack.bins(300, stats="mean")["mean"].values)
        np.testing.assert_allclose(matrix.values, means.corr(method).to_numpy(), rtol=1e-9)
        regions = [("chr1", k, k + 50) for k in range(0, 30_000, 777)]
        means = pd.DataFrame(stack.region_stats(regions, "mean")["mean"].values)
        by_regions = stack.corr(regions=regions, method=method)
        np.testing.assert_allclose(by_regions.values, means.corr(method).to_numpy(), rtol=1e-9)

    def test_corr_of_every_base_is_ga_corr(self, db):
        stack = db.stack(ALL)
        np.testing.assert_array_equal(stack.corr(bins=None).values, ga.corr(stack.tracks).to_numpy())
        with pytest.raises(ArgumentError, match="give bins="):
            stack.corr(bins=None, method="spearman")

    def test_constant_tracks_and_empty_chromosomes(self, tmp_path):
        db = ga.GenomeDB.create(tmp_path, "toy", SIZES)
        rng = np.random.default_rng(1)
        db.save_track("a", {"chr1": rng.poisson(3, 40_000).astype("uint8")})
        db.save_track("b", {"chr1": rng.poisson(3, 40_000).astype("uint8")})
        db.save_track("flat", {"chr1": np.full(40_000, 7, "uint8")})
        matrix = db.stack(["a", "b", "flat"]).corr(bins=1000)
        assert matrix.attrs["left_out"] == ["chr2", "short1", "short2"]
        assert matrix.attrs["n"] == 40
        assert np.isnan(matrix.sel(track="flat").values).all()
        assert matrix.values[0, 0] == 1
        db.save_track("nothing", {"chr1": np.zeros(40_000, "uint8")})
        with pytest.raises(ArgumentError, match="no bin is left"):
            db.stack(["nothing", "nothing"]).corr(bins=1000)

    def test_pca_equals_svd(self, db):
        stack = db.stack(ALL)
        made = stack.pca(bins=500, n=3)
        values = stack.bins(500, stats="mean")["mean"].values.astype(float)
        values = values[~np.isnan(values).any(axis=1)].T
        u, s, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
        np.testing.assert_allclose(np.abs(made["scores"].values), np.abs((u * s)[:, :3]), rtol=1e-6)
        np.testing.assert_allclose(made["explained"].values, (s**2 / (s**2).sum())[:3], rtol=1e-9)
        with pytest.raises(ArgumentError, match="1 to 5 components"):
            stack.pca(n=6)


MANY = """
import resource, sys
import numpy as np
import genomearray as ga
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
db = ga.GenomeDB(sys.argv[1], "toy")
stack = db.stack("t/*")
for start in (0, 3000, 100):
    want = np.stack([np.arange(start, start + 90) % (k + 2) for k in range(len(stack))])
    np.testing.assert_array_equal(stack.values("chr1", start, start + 90), want)
db.save_track("t/000", {"chr1": np.full(5000, 9, "uint8")}, overwrite=True)
db.save_track("t/001", {"chr1": np.full(5000, 9, "uint8")}, overwrite=True, store="zarr")
for member in stack:
    member.values("chr1", 4000, 4100)  # the files of the first ones are closed by now
for name in ("t/000", "t/001"):
    try:
        print(stack[name].values("chr1", 4500, 4600).max())
    except ga.errors.TrackReplacedError:
        print("replaced")
"""


def test_many_tracks_need_few_descriptors_and_are_never_mixed_up(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", {"chr1": 5000})
    for k in range(150):
        values = (np.arange(5000) % (k + 2)).astype("uint8")
        db.save_track(f"t/{k:03d}", {"chr1": values}, store="zarr" if k % 2 else "h5", threads=1)
    done = subprocess.run(
        [sys.executable, "-c", MANY, tmp_path], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    # What was read before may be answered from memory; nothing but the old values, or an error.
    assert set(done.stdout.split()) <= {"replaced", "1", "2"}, done.stdout
