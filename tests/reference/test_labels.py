"""Every door through which labelled data become a track checks the labels."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import genomearray as ga
from genomearray.errors import AssemblyError, RegionError
from genomearray.track.accessor import register_accessor

SIZES = {"chr1": 1000, "chr2": 1000}


@pytest.fixture
def db(tmp_path):
    made = ga.GenomeDB.create(tmp_path / "a", "toy", SIZES)
    made.save_track("t", {name: np.arange(1000, dtype="uint16") + 7 * k for k, name in enumerate(SIZES)})
    return made


def write(db, array):
    with db.create_track("w", dtype="uint16", overwrite=True) as writer:
        writer.write("chr1", 0, array)
    return db["w"].values("chr1")


def save(db, data):
    db.save_track("s", data, overwrite=True)
    return db["s"].values("chr1")


DOORS = {
    "save_track(array)": save,
    "save_track(mapping)": lambda db, array: save(db, {"chr1": array}),
    "save_track(series)": lambda db, array: save(db, {"chr1": array.to_series()}),
    "save_track(pieces)": lambda db, array: save(db, [("chr1", 0, array)]),
    "save_track(Dataset)": lambda db, array: save(db, as_dataset(array)),
    "write": write,
    "write(series)": lambda db, array: write(db, array.to_series()),
    "as_track": lambda db, array: ga.as_track(as_dataset(array)).values("chr1"),
    "ds.track": lambda db, array: as_dataset(array).track.values("chr1"),
}
PERMUTATIONS = {
    "reversed": lambda array: array[::-1],
    "sorted": lambda array: array.sortby(-array),
    "rolled": lambda array: array.roll(pos=10, roll_coords=True),
    "shuffled": lambda array: array.isel(pos=np.random.default_rng(1).permutation(array.size)),
}


def as_dataset(array):
    """The Dataset of one chromosome, as ``track.dataset`` has it."""
    register_accessor(ga.as_track)  # done when a Dataset is asked for
    renamed = array.drop_vars("chrom").rename(pos="pos_chr1")
    return renamed.to_dataset(name="chr1").assign_attrs(assembly="toy")


@pytest.mark.parametrize("door", DOORS)
def test_labels_in_order_pass(db, door):
    array = db["t"].sel(chrom="chr1")
    assert (DOORS[door](db, array) == np.arange(1000)).all()


@pytest.mark.parametrize("how", PERMUTATIONS)
@pytest.mark.parametrize("door", DOORS)
def test_permuted_labels_are_refused(db, door, how):
    array = PERMUTATIONS[how](db["t"].sel(chrom="chr1"))
    with pytest.raises(RegionError, match="in this order; sort them by position"):
        DOORS[door](db, array)


@pytest.mark.parametrize("door", [name for name in DOORS if "series" not in name])
def test_other_chromosomes_and_assemblies_are_refused(db, tmp_path, door):
    if door != "save_track(array)":
        with pytest.raises(AssemblyError, match="values are of 'chr2'"):
            DOORS[door](db, db["t"].sel(chrom="chr2"))
    other = ga.GenomeDB.create(tmp_path / "b", "other", SIZES)
    other.save_track("t", {"chr1": np.arange(1000, dtype="uint16")})
    if "track" in door and "save" not in door:
        return  # a Dataset says itself of which assembly it is
    with pytest.raises(AssemblyError, match="'other'"):
        DOORS[door](db, other["t"].sel(chrom="chr1"))


def test_values_without_labels_go_by_their_order(db):
    for data in (
        np.arange(1000)[::-1],
        list(range(1000)),
        pd.Series(np.arange(1000)),
        xr.DataArray(np.arange(1000), dims="x"),
        db["t"].sel(chrom="chr1")[::-1].values,
    ):
        save(db, {"chr1": data})
        write(db, data)


def test_a_piece_carries_the_labels_of_its_place(db):
    piece = db["t"].sel(chrom="chr1", pos=slice(101, 200))
    db.save_track("p", [("chr1", 100, piece)])
    assert (db["p"].values("chr1", 100, 200) == np.arange(100, 200)).all()
    with pytest.raises(RegionError, match="the place is 1 to 100"):
        db.save_track("q", [("chr1", 0, piece)])
    assert ga.as_track(as_dataset(piece)).values("chr1", 100, 200)[0] == 100


def test_nullable_arrays(db):
    db.save_track("n", {"chr1": pd.array([1, None] * 500, dtype="Int64")})
    assert db["n"].dtype == "float64"
    assert np.isnan(db["n"].values("chr1")[1])
    db.save_track("m", {"chr1": pd.Series([1] * 1000, dtype="UInt8")})
    assert db["m"].dtype == "uint8"


# -- regions as xarray's own arrays ----------------------------------------------------------------


def test_a_region_can_be_assigned_to(db):
    region = db["t"].sel(chrom="chr1", pos=slice(1, 100))
    region[0] = 500
    region.loc[{"pos": slice(5, 9)}] = 7
    assert region[:10].values.tolist() == [500, 1, 2, 3, 7, 7, 7, 7, 7, 9]
    copy = region.copy(deep=True)
    copy[1] = 9
    assert (int(region[1]), int(copy[1])) == (1, 9)
    dataset = db["t"].dataset
    dataset["chr1"][0] = 5
    assert int(dataset["chr1"][0]) == 5
    assert db["t"].values("chr1", 0, 1).tolist() == [0]


def test_a_region_is_read_once(db, monkeypatch):
    region = db["t"].sel(chrom="chr1", pos=slice(1, 100))
    source, reads = type(db["t"].source), []
    plain = source.read_variable
    monkeypatch.setattr(source, "read_variable", lambda *args: reads.append(1) or plain(*args))
    assert region.sum() == region.sum() == np.arange(100).sum()
    assert len(reads) == 1


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_a_dataset_goes_to_netcdf(db, tmp_path, engine):
    if engine == "netcdf4":
        pytest.importorskip("netCDF4", reason="netCDF4 is not installed: pip install netCDF4")
    path = tmp_path / "a.nc"
    db["t"].dataset[["chr1"]].to_netcdf(path, engine=engine)
    with xr.open_dataset(path, engine=engine) as again:
        assert (again["chr1"].values == np.arange(1000)).all()


def test_a_region_goes_to_zarr_without_a_warning_of_its_labels(db, tmp_path):
    region = db["t"].sel(chrom="chr1", pos=slice(1, 100)).to_dataset(name="x")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Consolidated metadata")  # zarr says so of every store
        region.to_zarr(tmp_path / "a.zarr")
    with xr.open_zarr(tmp_path / "a.zarr") as again:
        assert (again["x"].values == np.arange(100)).all()
        assert again["chrom"].item() == "chr1"


# -- positions in any order ------------------------------------------------------------------------


def region(db, first, last):
    return db["t"].sel(chrom="chr1", pos=slice(first, last))


ORDERS = {
    "reversed": lambda db: region(db, 101, 200)[::-1],
    "rolled": lambda db: region(db, 101, 200).roll(pos=1, roll_coords=True),
    "joined in another order": lambda db: xr.concat([region(db, 301, 350), region(db, 101, 150)], "pos"),
    "every third": lambda db: region(db, 101, 200)[::3],
    "joined with an overlap": lambda db: xr.concat([region(db, 101, 150), region(db, 141, 200)], "pos"),
}


@pytest.mark.parametrize("order", ORDERS)
def test_a_selection_takes_what_it_names(db, order):
    array = ORDERS[order](db)
    positions = array["pos"].values
    for first, last in ((101, 110), (120, 131), (149, 150)):
        taken = array.sel(pos=slice(first, last))
        want = positions[(positions >= first) & (positions <= last)]
        assert taken["pos"].values.tolist() == want.tolist()
        assert (taken.values == want - 1).all()


def test_positions_outside_or_twice(db):
    array = ORDERS["reversed"](db)
    assert int(array.sel(pos=150)) == 149
    with pytest.raises(RegionError, match="positions are 101 to 200"):
        array.sel(pos=201)
    with pytest.raises(RegionError, match="positions are 101 to 200"):
        array.sel(pos=slice(90, 110))
    with pytest.raises(RegionError, match="more than once"):
        ORDERS["joined with an overlap"](db).sel(pos=145)


# -- names of tasks --------------------------------------------------------------------------------


def test_lazy_statistics_of_different_tracks_are_different_tasks(db):
    track, names = db["t"], set()
    for k in range(20):
        graph = (track * k).sum(lazy=True).__dask_graph__()
        names |= {key for key in graph if "genomearray-source" in str(key)}
    assert len(names) == 20
    one, other = ((track * 3).sum(lazy=True).__dask_graph__() for _ in range(2))
    shared = [{key for key in graph if "genomearray-source" in str(key)} for graph in (one, other)]
    assert shared[0] == shared[1]  # the same values are one task


def test_chunks_of_different_tracks_have_different_names(db):
    names = {(db["t"] * k).sel(chrom="chr1").chunk().data.name for k in range(20)}
    assert len(names) == 20


@pytest.mark.parametrize(
    "turn",
    [
        lambda a: a.drop_indexes("pos")[::-1],
        lambda a: a.reset_index("pos")[::-1],
        lambda a: a.reset_index("pos").rename(pos="p2")[::-1],
        lambda a: a.assign_coords(k=("pos", -np.arange(a.size))).swap_dims(pos="k").sortby("k"),
        lambda a: xr.DataArray(a.values[::-1], dims="x", coords={"pos": ("x", a.pos.values[::-1])}),
    ],
    ids=["index dropped", "index reset", "renamed", "sorted by another", "a coordinate beside"],
)
def test_positions_without_their_index_are_labels_still(db, turn):
    turned = turn(db["t"].sel(chrom="chr1").compute())
    with pytest.raises(RegionError, match="1000 to 1, and the place is 1 to 1000"):
        db.save_track("w", {"chr1": turned})
    assert "w" not in db
