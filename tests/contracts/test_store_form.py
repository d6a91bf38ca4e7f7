"""What every form of storage must do. A new one is tested by adding a line to STORES (and to choices.Store)."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from genomearray import GenomeDB
from genomearray.choices import STORES
from genomearray.errors import DamagedTrackError, LayoutError, TrackError, TrackExistsError

PLAIN = {
    "h5": {"engine": "h5netcdf"},
    "zarr": {"engine": "zarr", "consolidated": True},
}  # how plain xarray opens it
SIZES = {"chr1": 40_000, "chr2": 5000, "HLA-A*01:01": 700}
everywhere = pytest.mark.parametrize("store", STORES)


@pytest.fixture
def db(tmp_path) -> GenomeDB:
    return GenomeDB.create(tmp_path, "toy", SIZES)


def values(dtype: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    made = {chrom: rng.integers(0, 100, n).astype(dtype) for chrom, n in SIZES.items()}
    made["chr1"][8192:20_000] = 0
    return made


@everywhere
class TestStoreForm:
    @pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "float32", "float64"])
    def test_keeps_every_value(self, db, store, dtype):
        db.save_track("x", values(dtype), store=store, threads=2)
        for chrom, expected in values(dtype).items():
            assert np.array_equal(db["x"].values(chrom), expected)
        assert db.verify("x").whole

    def test_opens_in_plain_xarray(self, db, store):
        db.save_track("x", values("uint16"), store=store)
        with xr.open_dataset(db["x"].path, **PLAIN[store]) as plain:
            assert np.array_equal(plain["chr1"].values, values("uint16")["chr1"])

    def test_bases_nobody_wrote(self, db, store):
        for dtype, missing in (("uint8", 0), ("float32", np.nan)):
            with db.create_track(dtype, dtype, store=store) as writer:
                writer.write("chr2", 10, [7])
            found = db[dtype].values("chr2", 9, 12)
            assert np.array_equal(found, np.array([missing, 7, missing], dtype), equal_nan=True)
            assert db[dtype].stats().n_nan == (0 if dtype == "uint8" else sum(SIZES.values()) - 1)

    def test_blocks_in_any_order_and_again(self, db, store):
        with db.create_track("x", "int32", store=store) as writer:
            for start in (30_000, 0, 10_000, 20_000, 10_000):
                writer.write("chr1", start, np.arange(start, start + 10_000))
        assert np.array_equal(db["x"].values("chr1"), np.arange(40_000))
        assert writer.report.overwritten == 10_000

    def test_one_name_has_one_form(self, db, store):
        db.save_track("x", values("uint8"), store=store)
        for other in STORES:
            with pytest.raises(TrackExistsError):
                db.save_track("x", values("uint8"), store=other)
            db.save_track("x", values("uint8"), store=other, overwrite=True)
            assert len([path for path in db.folder.iterdir() if path.stem == "x"]) == 1

    def test_a_failed_writer_leaves_nothing(self, db, store):
        with pytest.raises(ZeroDivisionError), db.create_track("x", store=store) as writer:
            writer.write("chr1", 0, np.ones(40_000))
            1 / 0  # noqa: B018
        assert db.list_tracks() == []
        assert [path.name for path in db.folder.iterdir() if path.name.startswith(".")] in ([], [".lock"])

    def test_cut_short_is_an_error(self, db, store):
        db.save_track("x", values("uint16"), store=store)
        path = db["x"].path
        db["x"].close()
        largest = max(
            (p for p in ([path] if path.is_file() else path.rglob("*")) if p.is_file()),
            key=lambda p: p.stat().st_size,
        )
        with largest.open("r+b") as file:
            file.truncate(largest.stat().st_size // 2)
        with pytest.raises((DamagedTrackError, LayoutError, TrackError)):
            [db["x"].values(chrom) for chrom in SIZES]

    def test_keeps_tables(self, db, store):
        table = pd.DataFrame(
            {
                "chrom": ["chr2", "chr1"],
                "start": [5, 1],
                "end": [9, 2],
                "name": ["ä", ""],
                "score": [0.5, np.nan],
            }
        )
        db.save_features("t", table, store=store)
        found = db["t"].to_dataframe()
        assert found["chrom"].tolist() == ["chr1", "chr2"]
        assert found["name"].tolist() == ["", "ä"]
        assert db.verify("t").whole
