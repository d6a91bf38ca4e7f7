"""A track against plain arrays: positions, offsets, labels, Datasets, processes."""

import multiprocessing
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import genomearray as ga
from genomearray.errors import (
    AssemblyError,
    LayoutError,
    RegionError,
    TrackClosedError,
    TrackReplacedError,
    UnknownChromosomeError,
)
from genomearray.storage.layout import BLOCK, DTYPES
from genomearray.track.position_index import PositionIndex
from tests import strategies as any_


@pytest.fixture(scope="module", params=["h5", "zarr"])
def tracks(request, tmp_path_factory):
    """A track of every dtype in one form of storage, with its arrays."""
    db = ga.GenomeDB.create(tmp_path_factory.mktemp(request.param), "toy", any_.SIZES)
    expected = {
        dtype: {n: any_.numbers(dtype, size, 1) for n, size in any_.SIZES.items()} for dtype in DTYPES
    }
    for dtype, arrays in expected.items():
        db.save_track(dtype, arrays, store=request.param, chunk=1024, threads=1)
    return db, expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(DTYPES), st.sampled_from(sorted(any_.SIZES)), st.data())
def test_every_way_to_ask_agrees_with_numpy(tracks, dtype, chrom, data):
    db, expected = tracks
    array = expected[dtype][chrom]
    track = db[dtype]
    # Both ends of the chromosome come up often.
    start = data.draw(st.sampled_from([0, array.size - 1]) | st.integers(0, array.size - 1))
    end = data.draw(st.sampled_from([start + 1, array.size]) | st.integers(start + 1, array.size))
    want = array[start:end]
    np.testing.assert_array_equal(track.values(chrom, start, end), want)
    np.testing.assert_array_equal(track.get_nparray(chrom, start + 1, end), want)
    np.testing.assert_array_equal(track[f"{{{chrom}}}:{start + 1}-{end}"].values, want)
    by_label = track.sel(chrom=chrom, pos=slice(start + 1, end))
    by_offset = track.isel(chrom=chrom, pos=slice(start, end))
    for region in (by_label, by_offset):
        np.testing.assert_array_equal(region.values, want)
        np.testing.assert_array_equal(region["pos"].values, np.arange(start + 1, end + 1))
        assert region["chrom"].item() == chrom
        assert region.dtype == dtype
        assert region.attrs["assembly"] == "toy"
    np.testing.assert_array_equal(track.get_val(chrom, start + 1), array[start])
    np.testing.assert_array_equal(track.sel(chrom=chrom, pos=end).item(), array[end - 1].item())
    picked = data.draw(st.lists(st.integers(0, array.size - 1), min_size=1, max_size=5))
    np.testing.assert_array_equal(track.isel(chrom=chrom, pos=picked).values, array[picked])
    np.testing.assert_array_equal(track.sel(chrom=chrom, pos=[p + 1 for p in picked]).values, array[picked])


def test_whole_chromosomes_and_half_given_ranges(tracks):
    db, expected = tracks
    track, array = db["uint16"], expected["uint16"]["chr1"]
    for whole in (
        track.values("chr1"),
        track.get_nparray("chr1"),
        track.sel(chrom="chr1").values,
        track["chr1"].values,
    ):
        np.testing.assert_array_equal(whole, array)
    np.testing.assert_array_equal(track.get_nparray("chr1", 100), array[99:])
    np.testing.assert_array_equal(track.get_nparray("chr1", end=100), array[:100])
    np.testing.assert_array_equal(track["chr1:39991-"].values, array[-10:])
    chromosome = db.get_chromosome("chr1")
    np.testing.assert_array_equal(track.get_nparray(chromosome), array)
    assert track.has_chromosome(chromosome)
    assert not track.has_chromosome("packed")


WRONG = [
    (lambda t: t.values("chr1", -1, 5), RegionError, r"\[-1, 5\)"),
    (lambda t: t.values("chr1", 0, 40_001), RegionError, "40001"),
    (lambda t: t.values("chr1", 5, 5), RegionError, "no base"),
    (lambda t: t.values("chr1", 5, 4), RegionError, "reversed"),
    (lambda t: t.values("chr1", 0.5, 4), RegionError, "0.5"),
    (
        lambda t: t.values("chr9"),
        UnknownChromosomeError,
        "'chr9' is not in assembly 'toy'; nearest names: 'chr",
    ),
    (lambda t: t.get_val("chr1", 0), RegionError, "position 0"),
    (lambda t: t.get_val("chr1", None), RegionError, "None"),
    (lambda t: t.get_nparray("chr1", 10, 5), RegionError, "10-5 is reversed"),
    (lambda t: t.get_nparray("chr1", 0, 5), RegionError, "position 0"),
    (lambda t: t.get_nparray("chr1", 1, 40_001), RegionError, "position 40001"),
    (lambda t: t.sel(chrom="chr1", pos=slice(0, 5)), RegionError, "position 0"),
    (lambda t: t.sel(chrom="chr1", pos=slice(9, 5)), RegionError, "reversed"),
    (lambda t: t.sel(chrom="chr1", pos=slice(1, 9, 2)), RegionError, "step of 2"),
    (lambda t: t.sel(chrom="chr1", pos="x"), RegionError, "'x'"),
    (lambda t: t.sel(chrom="chr1", pos=[1, 0]), RegionError, "position 0"),
    (lambda t: t.isel(chrom="chr1", pos=slice(0, 40_001)), RegionError, "40001"),
    (lambda t: t.isel(chrom="chr1", pos=-1), RegionError, r"\[-1, 0\)"),
    (lambda t: t.isel(chrom="chr1", pos=[0, 40_000]), RegionError, "40000"),
    (lambda t: t["chr1:5"], RegionError, "chr1:5-5 or chr1:5-"),
    (lambda t: t.get_seq_str("chr1", 1, 5), LayoutError, "not a sequence"),
]


@pytest.mark.parametrize("k", range(len(WRONG)))
def test_regions_that_are_refused_before_anything_is_read(tracks, k):
    act, kind, message = WRONG[k]
    with pytest.raises(kind, match=message):
        act(tracks[0]["uint16"])


# -- xarray -----------------------------------------------------------------------------


def test_dataset_engine_and_accessor_agree(tracks):
    db, expected = tracks
    track = db["float32"]
    opened = xr.open_dataset(track.path, engine="genomearray")
    for dataset in (track.dataset, opened):
        assert list(dataset.data_vars)[:2] == ["chr1", "chr2"]
        np.testing.assert_array_equal(
            dataset["chr1"].sel(pos_chr1=slice(11, 20)).values, expected["float32"]["chr1"][10:20]
        )
        np.testing.assert_array_equal(dataset.track.values("a/b", 5, 9), expected["float32"]["a/b"][5:9])
        np.testing.assert_array_equal(dataset.track["chr2:5-9"].values, expected["float32"]["chr2"][4:9])
    assert isinstance(opened["chr1"].xindexes["pos_chr1"], PositionIndex)
    chunked = xr.open_dataset(track.path, engine="genomearray", chunks={})
    assert chunked["chr1"].chunks == ((40_000,),)
    assert xr.open_dataset(track.path, engine="genomearray", drop_variables="chr1").get("chr1") is None


def test_the_engine_never_guesses(tracks):
    from genomearray.track.engine import GenomeArrayEngine

    assert not GenomeArrayEngine().guess_can_open(tracks[0]["uint8"].path)


def test_arithmetic_on_a_dataset_is_a_track_again(tracks):
    db, expected = tracks
    doubled = ga.as_track(db["int32"].dataset.astype("int64") * 2)
    np.testing.assert_array_equal(
        doubled.values("chr1", 7, 99), expected["int32"]["chr1"][7:99].astype("int64") * 2
    )
    np.testing.assert_array_equal(
        doubled.sel(chrom="a/b", pos=slice(3, 5)).values, expected["int32"]["a/b"][2:5].astype("int64") * 2
    )
    part = ga.as_track(db["int32"].dataset[["chr1"]].sel(pos_chr1=slice(101, 200)))
    np.testing.assert_array_equal(part.get_nparray("chr1", 150, 160), expected["int32"]["chr1"][149:160])
    with pytest.raises(RegionError, match="not in this Dataset"):
        part.values("chr1", 0, 10)
    with pytest.raises(LayoutError, match="no variable of a track"):
        ga.as_track(xr.Dataset({"x": ("y", [1])}))


def test_values_of_different_chromosomes_or_assemblies_do_not_mix(tracks, tmp_path):
    track = tracks[0]["uint16"]
    one, other = track["chr1:1-10"], track["chr2:1-10"]
    with pytest.raises(AssemblyError, match="toy 'chr1' with toy 'chr2'"):
        one + other
    db = ga.GenomeDB.create(tmp_path, "elsewhere", any_.SIZES)
    db.save_track("x", {"chr1": np.zeros(40_000, "uint16")})
    with pytest.raises(AssemblyError, match="toy 'chr1' with elsewhere 'chr1'"):
        one + db["x"]["chr1:1-10"]
    shifted = one + track["chr1:6-15"]  # common positions of one chromosome
    assert shifted["pos"].values.tolist() == [6, 7, 8, 9, 10]


def test_long_unequal_ranges_are_refused_not_aligned():
    long = [PositionIndex.for_range("pos", first, first + 9_000_000, "chr1", "toy") for first in (1, 2)]
    with pytest.raises(RegionError, match="select the same range"):
        long[0].join(long[1])


def test_common_xarray_operations_keep_positions(tracks):
    db, expected = tracks
    region = db["uint16"]["chr1:101-200"]
    values = expected["uint16"]["chr1"][100:200]
    np.testing.assert_array_equal(region.sel(pos=slice(150, 151)).values, values[49:51])
    np.testing.assert_array_equal(region.sel(pos=[101, 200]).values, values[[0, 99]])
    np.testing.assert_array_equal(region[::-1].values, values[::-1])
    np.testing.assert_array_equal(region[region > 30_000].values, values[values > 30_000])
    np.testing.assert_array_equal(xr.concat([region[:50], region[50:]], "pos", join="exact").values, values)
    assert region.rolling(pos=3).mean().dims == ("pos",)
    assert region.shift(pos=1)["pos"].values[0] == 101
    assert region.to_series().index[0] == 101
    assert region.rename(pos="p").sel(p=slice(101, 102)).size == 2
    with pytest.raises(RegionError, match="position 100 is outside 'chr1' as far as it is here"):
        region.sel(pos=slice(100, 120))
    with pytest.raises(RegionError, match="reversed"):
        region.sel(pos=slice(150, 120))
    assert "PositionIndex" in repr(region)
    assert region.isel(pos=3)["pos"].item() == 104
    assert region.roll(pos=1).size == 100
    assert region.copy(deep=True).identical(region.copy())


def test_dask_in_blocks(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "big", {"chr1": BLOCK + 10})
    values = np.random.default_rng(0).integers(0, 9, BLOCK + 10).astype("uint8")
    db.save_track("x", {"chr1": values})
    array = db["x"].to_dask("chr1")
    assert array.chunks == ((BLOCK, 10),)
    assert int(array.sum().compute()) == int(values.sum(dtype="int64"))
    assert db["x"].to_dask()["chr1"].chunks == ((BLOCK, 10),)
    assert xr.open_dataset(db["x"].path, engine="genomearray", chunks={})["chr1"].chunks == ((BLOCK, 10),)
    assert int(db["x"].dataset.chunk()["chr1"].sum().compute()) == int(values.sum(dtype="int64"))


# -- threads, processes, closing --------------------------------------------------------


def total(track):
    return int(track.values("chr1").sum(dtype="int64"))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_tracks_travel_to_other_processes(tracks, method):
    db, expected = tracks
    track = db["uint16"]
    want = int(expected["uint16"]["chr1"].sum(dtype="int64"))
    assert total(track) == want
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map(total, [track, track, track]) == [want] * 3


def test_tracks_regions_and_databases_are_pickled(tracks):
    db, expected = tracks
    track = pickle.loads(pickle.dumps(db["int16"]))
    np.testing.assert_array_equal(track.values("chr2"), expected["int16"]["chr2"])
    region = pickle.loads(pickle.dumps(track["chr1:5-9"]))
    np.testing.assert_array_equal(region.values, expected["int16"]["chr1"][4:9])
    assert pickle.loads(pickle.dumps(db)).list_tracks() == db.list_tracks()


def test_many_threads_read_the_same_track(tracks):
    db, expected = tracks
    track, array = db["int32"], expected["int32"]["chr1"]
    starts = np.random.default_rng(0).integers(0, 35_000, 400).tolist()
    with ThreadPoolExecutor(8) as pool:
        for start, got in zip(
            starts, pool.map(lambda s: track.values("chr1", s, s + 5000), starts), strict=True
        ):
            np.testing.assert_array_equal(got, array[start : start + 5000])


def test_a_closed_track_says_so_and_lazy_regions_still_read(tracks):
    db, expected = tracks
    with db["uint8"] as track:
        lazy = track["chr1:1-5"]
    np.testing.assert_array_equal(lazy.values, expected["uint8"]["chr1"][:5])
    with pytest.raises(TrackClosedError, match="'uint8' is closed"):
        track.values("chr1", 0, 5)
    assert "closed" in repr(track)


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_a_replaced_track_is_an_error_for_what_was_pickled_before(tmp_path, store):
    db = ga.GenomeDB.create(tmp_path, "toy", any_.SIZES)
    db.save_track("x", {"chr1": np.ones(40_000, "uint8")}, store=store)
    track = db["x"]
    before = track["chr1:1-5"]
    pickled = pickle.dumps(before)
    db.save_track("x", {"chr1": np.zeros(40_000, "uint8")}, store=store, overwrite=True)
    if store == "h5":  # the file that was opened is still there for those who have it open
        assert before.values.tolist() == [1] * 5
    else:
        with pytest.raises(TrackReplacedError, match="was replaced"):
            before.load()
    with pytest.raises(TrackReplacedError, match="was replaced"):
        pickle.loads(pickled)
    assert db["x"].values("chr1", 0, 2).tolist() == [0, 0]
    if store == "h5":  # an open file stays what it was
        assert track.values("chr1", 0, 2).tolist() == [1, 1]


# -- the start is light -----------------------------------------------------------------


def loaded_after(code):
    reported = subprocess.run(
        [sys.executable, "-c", code + "\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(reported.stdout.split())


HEAVY = {"xarray", "pandas", "zarr", "dask", "numba", "matplotlib", "h5netcdf"}


def test_import_loads_nothing_heavy():
    assert not loaded_after("import genomearray") & (HEAVY | {"numpy", "h5py"})


def test_reading_values_loads_nothing_heavy(tracks):
    db, _ = tracks
    code = f"import genomearray as ga\nt = ga.GenomeDB({str(db.path)!r}, 'toy')['float32']\nt.values('chr1', 5, 9); t.get_nparray('a/b', 1, 2)"
    assert not loaded_after(code) & HEAVY
