import numpy as np
import pytest
import xarray as xr

import genomearray as ga
from genomearray.errors import (
    AssemblyError,
    AssemblyExistsError,
    DatabaseError,
    FormatError,
    GenomeArrayWarning,
    TrackExistsError,
    TrackNameError,
    UnknownChromosomeError,
    UnknownTrackError,
    ValueRangeError,
)
from genomearray.storage.names import is_track_file


def test_environment_names_database_and_assembly(db, monkeypatch):
    monkeypatch.setenv("GENOME_DB", str(db.path))
    monkeypatch.setenv("GENOME_ASSEMBLY", "toy")
    with ga.GenomeDB() as same:
        assert same.list_tracks() == ["counts", "seq"]


def test_what_is_missing_is_named(db, monkeypatch, tmp_path):
    monkeypatch.delenv("GENOME_DB", raising=False)
    monkeypatch.delenv("GENOME_ASSEMBLY", raising=False)
    with pytest.raises(DatabaseError, match="no database is named.*GENOME_DB"):
        ga.GenomeDB(assembly="toy")
    with pytest.raises(DatabaseError, match="no assembly is named.*there are: toy"):
        ga.GenomeDB(db.path)
    with pytest.raises(DatabaseError, match="'hg99' is not in the database.*there are: toy"):
        ga.GenomeDB(db.path, "hg99")
    with pytest.raises(DatabaseError, match="nowhere is not there"):
        ga.GenomeDB(tmp_path / "nowhere", "toy")
    with pytest.raises(DatabaseError, match=r"'\.\./x' cannot be a folder"):
        ga.GenomeDB(db.path, "../x")


def test_an_assembly_is_made_once(db):
    with pytest.raises(AssemblyExistsError, match="'toy' is in the database already"):
        ga.GenomeDB.create(db.path, "toy", {"chr1": 5})
    with pytest.raises(FormatError, match="nothing.sizes is not there"):
        ga.GenomeDB.create(db.path, "new", db.path / "nothing.sizes")
    assert not (db.path / "new").exists()


def test_chromosome_table_survives_the_disk(db):
    table = db.chromosomes
    assert table["name"].tolist() == ["chr1", "chr2", "chrX", "chrM"]
    assert table["length"].tolist() == [1000, 500, 300, 60]
    assert table["is_x"].tolist() == [False, False, True, False]
    assert table["is_mito"].tolist() == [False, False, False, True]
    with xr.open_dataset(db.folder / "chromosome.h5", engine="h5netcdf") as plain:
        assert plain["name"].values.tolist() == table["name"].tolist()


def test_chromosomes_by_the_old_names(db):
    assert [c.name for c in db.get_chromosomes()] == ["chr1", "chr2", "chrX"]
    assert [c.name for c in db.get_chromosomes(get_mito=True, get_x=False)] == ["chr1", "chr2", "chrM"]
    assert db.get_chromosome_dict()["chrM"].length == 60
    assert [c.name for c in db.get_all_chromosomes()] == ["chr1", "chr2", "chrX", "chrM"]
    assert [c.name for c in db.get_chromosomes_from_args("chr2")] == ["chr2"]
    with pytest.raises(UnknownChromosomeError, match="'chr23'.*nearest names"):
        db.get_chromosome("chr23")


def test_tracks_in_folders_are_listed_and_hidden_ones_are_not(db):
    ones = {"chr1": np.ones(1000, "uint8")}
    db.save_track("a/b/deep", ones)
    db.save_track("a/z", ones, store="zarr")
    (db.folder / ".hidden.part").touch()
    (db.folder / "notes.txt").touch()
    assert db.list_tracks() == ["a/b/deep", "a/z", "counts", "seq"]
    assert db.list_tracks("a") == ["a/b/deep", "a/z"]
    assert db.list_tracks("nothing") == []
    assert "a/z" in db
    assert not db.has_track("chromosome")
    with pytest.raises(UnknownTrackError, match="'count' is not in the database.*nearest names: 'counts'"):
        db["count"]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/abs",
        "../up",
        "a/../b",
        "a//b",
        "a/",
        ".hidden",
        "x.h5",
        "s.zarr/y",
        "chromosome",
        "a\nb",
        " a",
        "a" * 300,
    ],
)
def test_names_that_no_track_may_have(db, name):
    if is_track_file(name):  # which is read, wherever it lies
        with pytest.raises(UnknownTrackError, match="is not there"):
            db.open_track(name)
    else:
        with pytest.raises(TrackNameError, match="track name"):
            db.open_track(name)
    for act in (
        lambda: db.create_track(name),
        lambda: db.save_track(name, {"chr1": np.ones(1000)}),
    ):
        with pytest.raises(TrackNameError, match="track name"):
            act()
    assert not db.has_track(name)


def test_an_existing_name_is_refused_in_either_form(db):
    ones = {"chr1": np.ones(1000, "uint8")}
    for store in ("h5", "zarr"):
        with pytest.raises(TrackExistsError, match="'counts' exists.*overwrite=True"):
            db.save_track("counts", ones, store=store)
    db.save_track("counts", ones, store="zarr", overwrite=True)
    assert [p.name for p in db.folder.glob("counts*")] == ["counts.zarr"]
    db.save_track("counts", {"chr1": np.full(1000, 2, "uint8")}, store="zarr", overwrite=True)
    assert db["counts"].values("chr1", 0, 1) == [2]
    db.save_track("counts", ones, overwrite=True)
    assert [p.name for p in db.folder.glob("counts*")] == ["counts.h5"]
    assert not list(db.folder.glob(".*.part"))


def test_a_track_of_another_assembly_is_noticed(db):
    other = ga.GenomeDB.create(db.path, "other", {"chr1": 1000})
    (other.folder / "stray.h5").write_bytes((db.folder / "counts.h5").read_bytes())
    with pytest.raises(AssemblyError, match="'stray' is on assembly 'toy'"):
        other["stray"]


# -- save_track ---------------------------------------------------------------------------


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_save_track_takes_arrays_datasets_tracks_and_pieces(db, store):
    arrays = {"chr1": np.arange(1000, dtype="int32"), "chrM": np.full(60, -5, dtype="int32")}
    report = db.save_track("arrays", arrays, store=store)
    assert (report.bases, report.chromosomes) == (1060, ["chr1", "chrM"])
    db.save_track("dataset", db["arrays"].dataset, store=store)
    db.save_track("lazy", db["arrays"].to_dask(), store=store)
    db.save_track("track", db["arrays"], store=store)
    db.save_track(
        "pieces",
        ((c, s, v[s : s + 100]) for c, v in arrays.items() for s in range(0, len(v), 100)),
        store=store,
    )
    db.save_track(
        "xarrays", {"chr1": db["arrays"].sel(chrom="chr1"), "chrM": db["arrays"].to_dask("chrM")}, store=store
    )
    for name in ("arrays", "dataset", "lazy", "track", "pieces", "xarrays"):
        track = db[name]
        assert track.dtype == np.int32
        for chrom in ("chr1", "chrM"):
            np.testing.assert_array_equal(track.values(chrom), arrays[chrom])
        assert not track.values("chr2").any()


def test_a_sequence_stays_a_sequence(db):
    db.save_track("copy", db["seq"].dataset, store="zarr")
    assert db["copy"].kind == "sequence"
    assert db["copy"].get_seq_str("chr1", 1, 12) == "ACGTACGTNNRY"


def test_save_track_refuses_what_does_not_fit(db):
    for data, kind, message in [
        ({"chr1": np.ones(999)}, AssemblyError, r"'chr1' has shape \(999,\); the chromosome has 1000 bp"),
        ({"chr9": np.ones(9)}, UnknownChromosomeError, "'chr9'"),
        ({}, ValueRangeError, "no array"),
        ([], ValueRangeError, "no piece"),
        ([1, 2, 3], ValueRangeError, "1 is not a piece"),
        ({"chr1": np.ma.masked_equal(np.arange(1000), 3)}, ValueRangeError, "masked"),
        (7, ValueRangeError, "int is not track data"),
        ({"chr1": np.ones((1000, 2))}, AssemblyError, "shape"),
    ]:
        with pytest.raises(kind, match=message):
            db.save_track("bad", data)
        assert not db.has_track("bad")


def test_provenance_is_kept(db):
    db.save_track("x", {"chr1": np.ones(1000)}, source="a test", command="by hand", units="cuts")
    track = db["x"]
    attributes = track.attributes
    assert (attributes["source"], attributes["command"], attributes["assembly"]) == (
        "a test",
        "by hand",
        "toy",
    )
    assert attributes["software"] == f"genomearray {ga.__version__}"
    assert track["chr1:1-2"].attrs["units"] == "cuts"
    assert all(isinstance(value, (str, int)) for value in attributes.values())


def test_an_error_inside_with_leaves_nothing(db):
    before = sorted(p.name for p in db.folder.rglob("*"))
    for store in ("h5", "zarr"):
        with pytest.raises(ZeroDivisionError), db.create_track("new/x", store=store) as writer:
            writer.write("chr1", 0, [1.0])
            1 / 0  # noqa: B018
    assert sorted(p.name for p in db.folder.rglob("*")) == before


def test_a_labelled_chromosome_is_saved_under_its_name(db):
    db.save_track("copy", db["counts"].sel(chrom="chr1"))
    assert db["copy"].values("chr1", 0, 3).tolist() == [1, 2, 3]


def test_changed_values_are_a_warning(db):
    with pytest.warns(
        GenomeArrayWarning, match="'x': 1 values did not fit uint8 .*, 1 missing values became 0"
    ):
        db.save_track("x", [("chr1", 0, np.array([300.0, np.nan]))], dtype="uint8")
