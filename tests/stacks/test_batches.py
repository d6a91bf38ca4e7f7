"""Batches of windows: reproducible, complete, small in memory, and at home in PyTorch's DataLoader."""

import multiprocessing
import pickle
import tracemalloc
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import genomearray as ga
from genomearray.errors import (
    AssemblyError,
    LayoutError,
    RegionError,
    UnknownChromosomeError,
    ValueRangeError,
)

REGIONS = [("chr1", 20 + 7 * k, 30 + 7 * k, "+-"[k % 2]) for k in range(101)]


def test_an_epoch_has_every_window_once(db):
    loader = ga.batches(db["counts"], REGIONS, width=16, batch_size=32, seed=4)
    assert (len(loader), loader.batch_size) == (4, 32)
    got = np.concatenate(list(loader))
    expected = db["counts"].windows(REGIONS, width=16).values
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected[loader.order])
    assert sorted(loader.order.tolist()) == list(range(101))
    assert loader.order.tolist() != list(range(101))


def test_seed_and_epoch_decide_the_order(db):
    def order(seed, epoch):
        loader = ga.batches(db["counts"], REGIONS, width=4, seed=seed)
        loader.set_epoch(epoch)
        return loader.order.tolist()

    assert order(1, 0) == order(1, 0)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9
    plain = ga.batches(db["counts"], REGIONS, width=4, shuffle=False)
    assert plain.order.tolist() == list(range(101))


def test_tracks_stacks_and_sequences_side_by_side(db):
    stack = ga.stack([db["counts"], db["counts"]])
    loader = ga.batches(
        {"x": db["seq"], "y": stack, "z": db["counts"]}, REGIONS, width=12, batch_size=10, drop_last=True
    )
    assert len(loader) == 10
    batch = loader[3]
    assert {key: value.shape for key, value in batch.items()} == {
        "x": (10, 12, 4),
        "y": (10, 2, 12),
        "z": (10, 12),
    }
    rows = loader.order[30:40]
    np.testing.assert_array_equal(
        batch["x"], db["seq"].windows(REGIONS, width=12, encoding="onehot").values[rows]
    )
    np.testing.assert_array_equal(batch["z"], db["counts"].windows(REGIONS, width=12).values[rows])
    np.testing.assert_array_equal(batch["y"][:, 1], batch["z"])
    assert all(value.dtype == np.float32 and value.flags.c_contiguous for value in batch.values())
    assert ga.batches(db["counts"], REGIONS, width=3, dtype="int32")[0].dtype == np.int32


def test_windows_are_checked_once_at_the_start(db):
    with pytest.raises(RegionError, match="reach outside"):
        ga.batches(db["counts"], REGIONS, width=400)
    padded = ga.batches(db["counts"], REGIONS, width=400, bounds="pad")
    assert padded[0].shape == (64, 400)
    with pytest.raises(UnknownChromosomeError):
        ga.batches(db["counts"], [("chr77", 0, 5)])
    with pytest.raises(RegionError, match="differ in width"):
        ga.batches(db["counts"], [("chr1", 0, 5), ("chr1", 0, 6)])
    for options, message in (
        ({"batch_size": 0}, "at least one window"),
        ({"seed": -1}, "0 or more"),
        ({"batch_size": 1.5}, "not a whole number"),
    ):
        with pytest.raises(RegionError, match=message):
            ga.batches(db["counts"], REGIONS, width=4, **options)
    for nothing in ({}, None, [db["counts"]], {"a": 1}):
        with pytest.raises(LayoutError, match="no track"):
            ga.batches(nothing, REGIONS)
    for dtype, message in (
        ("uint8", "cannot hold every value of the track, which is uint16"),
        ("int16", "cannot hold"),
        ("foo", "not known"),
        ("S1", "cannot"),
    ):
        with pytest.raises(ValueRangeError, match=message):
            ga.batches(db["counts"], REGIONS, width=4, dtype=dtype)
    with pytest.raises(RegionError, match="count from 0"):
        ga.batches(db["counts"], REGIONS, width=4).set_epoch(-1)
    with pytest.raises(IndexError, match="there are 2, counted from 0"):
        ga.batches(db["counts"], REGIONS, width=4)[2]
    assert len(ga.batches(db["counts"], [], width=4)) == 0


def _first(loader):
    return loader[0]


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_workers_of_other_processes_read_the_same(db, method):
    loader = ga.batches(db["counts"], REGIONS, width=16, seed=2)
    pickle.loads(pickle.dumps(loader))
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        np.testing.assert_array_equal(pool.submit(_first, loader).result(), loader[0])


def test_memory_is_that_of_a_batch(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", {"chr1": 2_000_000})
    db.save_track("x", {"chr1": np.arange(2_000_000) % 50}, dtype="uint16")
    starts = np.arange(0, 1_990_000, 20)
    loader = ga.batches(
        db["x"], {"chrom": ["chr1"] * starts.size, "start": starts, "end": starts + 2000}, batch_size=16
    )
    first = loader[0]
    tracemalloc.start()
    for k in range(50):
        _ = loader[k]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * first.nbytes + 2**20


@pytest.mark.parametrize("workers", [0, 2])
def test_torch_data_loader(db, workers):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
    loader = ga.batches({"x": db["seq"], "y": db["counts"]}, REGIONS, width=16, batch_size=16, seed=3)
    for epoch in range(2):
        loader.set_epoch(epoch)
        got = list(torch.utils.data.DataLoader(loader, batch_size=None, num_workers=workers))
        assert len(got) == len(loader)
        assert isinstance(got[0]["x"], torch.Tensor)
        for batch, expected in zip(got, loader, strict=True):
            np.testing.assert_array_equal(batch["x"].numpy(), expected["x"])
            np.testing.assert_array_equal(batch["y"].numpy(), expected["y"])


def test_tracks_of_other_assemblies_are_refused(db, tmp_path):
    """Also under the same name, with other lengths."""
    twin = ga.GenomeDB.create(tmp_path / "twin", "toy", {"chr1": 100, "chr2": 500})
    twin.save_track("x", {"chr1": np.zeros(100, "uint16")})
    other = ga.GenomeDB.create(tmp_path / "twin", "other", {"chr1": 1000})
    other.save_track("x", {"chr1": np.zeros(1000, "uint16")})
    wanted = [("chr1", 98, 103)]
    with pytest.raises(AssemblyError, match="'x' is of 'other'"):
        ga.batches({"x": db["counts"], "y": other["x"]}, wanted)
    for ask in (
        lambda: ga.batches({"x": db["counts"], "y": twin["x"]}, wanted),
        lambda: ga.stack([db["counts"], twin["x"]]).windows(wanted),
    ):
        with pytest.raises(
            AssemblyError, match=r"'chr1' has 1000 bp in the first track \(toy\) and has 100 bp in another"
        ):
            ask()
