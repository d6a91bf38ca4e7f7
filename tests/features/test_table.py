"""Feature tables: what goes in comes out sorted, and regions find what overlaps."""

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from genomearray import GenomeDB
from genomearray.errors import LayoutError, RegionError, UnknownChromosomeError
from genomearray.storage.write.create import create_feature_writer
from genomearray.storage.write.options import WriteOptions

SIZES = {"chr1": 500, "a/b": 80, "empty": 7}


def make(db, name, rows, **options):
    """A table of (chrom, start, end, strand, score), appended in pieces in the order given."""
    writer = create_feature_writer(db.folder, db.assembly, name, {"score": "uint8"}, WriteOptions(**options))
    for chrom, start, end, strand, score in rows:
        columns = {"start": [start], "end": [end], "strand": [strand], "score": [score]}
        writer.append(chrom, {key: np.array(value) for key, value in columns.items()})
    writer.finish()
    writer.publish()
    return db.open_features(name)


@st.composite
def features(draw):
    rows = []
    for _ in range(draw(st.integers(0, 60))):
        chrom = draw(st.sampled_from(["chr1", "chr1", "a/b"]))
        start = draw(st.integers(0, SIZES[chrom] - 1))
        rows.append(
            (
                chrom,
                start,
                draw(st.integers(start + 1, SIZES[chrom])),
                draw(st.sampled_from([1, -1, 0])),
                draw(st.integers(0, 255)),
            )
        )
    return rows


@given(features(), st.sampled_from(["h5", "zarr"]), st.integers(1, 500), st.integers(0, 400))
@settings(max_examples=40, deadline=None)
def test_regions_find_what_overlaps(tmp_path_factory, rows, store, first, width):
    db = GenomeDB.create(tmp_path_factory.mktemp("features"), "toy", SIZES)
    table = make(db, "t", rows, store=store)
    order = list(SIZES)
    ordered = sorted(rows, key=lambda row: (order.index(row[0]), row[1], row[2]))
    signs = {1: "+", -1: "-", 0: "."}
    shown = [(chrom, start, end, signs[strand], score) for chrom, start, end, strand, score in ordered]
    assert [tuple(row) for row in table.to_dataframe().itertuples(index=False)] == shown
    last = min(first + width, 500)
    expected = [row for row in shown if row[0] == "chr1" and row[1] < last and row[2] > first - 1]
    found = table[f"chr1:{first}-{last}"]
    assert len(found) == len(expected)
    assert [tuple(row) for row in found.to_dataframe().itertuples(index=False)] == expected
    assert len(table.sel(chrom="chr1", pos=slice(first, last))) == len(expected)
    assert len(table.sel(chrom="empty")) == 0
    table.close()


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_tables_open_in_plain_tools(tmp_path, store):
    db = GenomeDB.create(tmp_path, "toy", SIZES)
    table = make(
        db, "peaks/one", [("chr1", 5, 9, 1, 3), ("chr1", 2, 30, -1, 4), ("a/b", 0, 1, 0, 5)], store=store
    )
    with xr.open_dataset(table.path, engine="zarr" if store == "zarr" else "h5netcdf") as plain:
        assert plain["start"].values.tolist() == [2, 5, 0]
        assert plain["sequence_name"].values.tolist() == list(SIZES)
        assert plain["reach"].values.tolist() == [30, 30, 1]
    if store == "h5":
        with h5py.File(table.path) as file:
            assert file["score"][:].tolist() == [4, 3, 5]
    assert table["score"].tolist() == [4, 3, 5]
    assert db.list_tracks() == ["peaks/one"]
    program = Path(sys.executable).with_name("genomearray")
    done = subprocess.run(
        [program, "--db", tmp_path, "--assembly", "toy", "info", "peaks/one"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "features\t3" in done.stdout
    with pytest.raises(LayoutError, match="opens with open_features"):
        db.open_track("peaks/one")
    db.save_track("track", {"chr1": np.ones(500, "uint8")})
    with pytest.raises(LayoutError, match="it holds a signal: open it with open_track"):
        db.open_features("track")
    with pytest.raises(UnknownChromosomeError):
        table["chr9"]
    with pytest.raises(RegionError):
        table["chr1:400-600"]


def test_features_outside_are_refused_and_nothing_is_left(tmp_path):
    db = GenomeDB.create(tmp_path, "toy", SIZES)
    writer = create_feature_writer(db.folder, db.assembly, "t", {})
    with pytest.raises(RegionError, match=r"feature \[490, 501\) is not inside 'chr1'"):
        writer.append("chr1", {"start": np.array([490]), "end": np.array([501]), "strand": np.array([1])})
    writer.abort()
    assert db.list_tracks() == []
    assert not list(db.folder.glob(".*.part"))


def test_sel_takes_what_a_track_takes(db):
    """A slice, a position, several positions: the features that hold any of them."""
    rows = [("chr1", 10, 20), ("chr1", 15, 60), ("chr1", 200, 201), ("chr2", 0, 5)]
    db.save_features("t", pd.DataFrame(rows, columns=["chrom", "start", "end"]))
    table = db["t"]

    def starts(pos):
        return table.sel(chrom="chr1", pos=pos)["start"].tolist()

    for pos in (
        slice(11, 15),
        slice(16, None),
        slice(None),
        None,
        11,
        16,
        [16, 17, 201],
        np.array([300, 60, 61]),
        [],
    ):
        if isinstance(pos, slice) or pos is None:
            asked = pos or slice(None)
            wanted = range(asked.start or 1, (asked.stop or table.length("chr1")) + 1)
        else:
            wanted = np.atleast_1d(pos)
        assert starts(pos) == [
            start for _, start, end in rows[:3] if any(start < p <= end for p in wanted)
        ], pos
    for pos, match in ((0, "position 0"), ([1, 10**9], "position 1000000000"), (slice(1, 9, 2), "step of 2")):
        with pytest.raises(RegionError, match=match):
            table.sel(chrom="chr1", pos=pos)
    with pytest.raises(RegionError, match="not one chromosome"):
        table.sel(chrom=["chr1"])


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (0, 10**9), (10**9, 10**9), (7, 3)])
def test_what_lies_outside_overlaps_nothing_but_an_error(db, start, end):
    db.save_features("t", pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [5]}))
    with pytest.raises(RegionError):
        db["t"].overlapping("chr1", start, end)
