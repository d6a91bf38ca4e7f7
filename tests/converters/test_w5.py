"""w5 files in, against h5py."""

import h5py
import numpy as np
import pytest
from genomearray_converters import import_w5

from genomearray import GenomeDB
from genomearray.errors import FormatError

SIZES = {"chr1": 5000, "chr2": 300}


@pytest.fixture
def db(tmp_path):
    return GenomeDB.create(tmp_path / "db", "toy", SIZES)


def write(path, **arrays):
    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            file.create_dataset(name, data=values)
    return path


@pytest.mark.parametrize("dtype", ["float16", "float32", "uint8"])
def test_every_value_comes_in(tmp_path, db, dtype):
    rng = np.random.default_rng(1)
    arrays = {name: (rng.random(n) * 200).astype(dtype) for name, n in SIZES.items()}
    report = import_w5(db, "t", write(tmp_path / "a.w5", **arrays))
    assert report.rows == 5300
    for name, values in arrays.items():
        np.testing.assert_array_equal(db["t"].values(name), values.astype("float32"))


def test_limits_of_float16_are_values_and_integers_can_be_asked_for(tmp_path, db):
    values = np.array([65504, -65504, 0.00006, np.inf] + [0] * 296, "float16")
    import_w5(db, "t", write(tmp_path / "a.w5", chr2=values))
    np.testing.assert_array_equal(db["t"].values("chr2"), values.astype("float32"))
    assert np.isnan(db["t"].values("chr1")).all()
    import_w5(db, "u", write(tmp_path / "b.w5", chr2=np.full(300, 3, "float16")), dtype="uint8")
    assert db["u"].values("chr2").tolist() == [3] * 300


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"chr1": np.zeros(4999, "float16")}, "'chr1' has 4999 bp"),
        ({"chr3": np.zeros(5, "float16")}, "chromosome 'chr3' is not in assembly"),
        ({"chr2": np.zeros((300, 2), "float16")}, "/chr2 is not a row of numbers"),
        ({"chr2": np.full(300, b"x")}, "/chr2 is not a row of numbers"),
    ],
)
def test_what_is_no_w5(tmp_path, db, arrays, message):
    with pytest.raises(FormatError, match=message):
        import_w5(db, "t", write(tmp_path / "a.w5", **arrays))
    assert db.list_tracks() == []


def test_cut_and_damaged_files_leave_no_track(tmp_path, db):
    path = write(tmp_path / "a.w5", chr1=np.arange(5000, dtype="float16"))
    whole = path.read_bytes()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError):
            import_w5(db, "t", path)
    assert db.list_tracks() == []
