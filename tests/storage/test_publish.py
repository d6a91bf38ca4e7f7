"""A track appears complete or not at all: kills, races, a full disk."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import genomearray as ga
from genomearray.errors import TrackExistsError

BIG = {"chr1": 30_000_000}


@pytest.fixture
def big(tmp_path):
    return ga.GenomeDB.create(tmp_path, "big", BIG)


def program(db, body):
    code = (
        f"import numpy as np, genomearray as ga\ndb = ga.GenomeDB({str(db.path)!r}, 'big')\n"
        + textwrap.dedent(body)
    )
    return [sys.executable, "-c", code]


SLOW_WRITE = """
    with db.create_track("deep/x", dtype="uint32", store={store!r}, threads=2) as writer:
        print("writing", flush=True)
        for k in range(10_000):
            writer.write("chr1", (k * 65536) % 29_000_000, np.random.default_rng(k).integers(0, 9**9, 500_000, dtype="uint32"))
"""


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_a_killed_writer_leaves_nothing_visible_and_nothing_in_the_way(big, store):
    with subprocess.Popen(
        program(big, SLOW_WRITE.format(store=store)), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "writing\n"
        time.sleep(0.5)
        assert len(list(big.folder.rglob(".x.*.part"))) == 1
        # A living writer's part is left alone by the next writer in the folder.
        big.save_track("deep/y", {"chr1": np.zeros(30_000_000, "uint8")})
        assert len(list(big.folder.rglob(".x.*.part"))) == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert big.list_tracks() == ["deep/y"]
    big.save_track("deep/x", {"chr1": np.ones(30_000_000, "uint8")}, store=store)
    assert big["deep/x"].values("chr1", 5, 6) == [1]
    assert not list(big.folder.rglob("*.part"))


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_a_full_disk_is_one_clear_error_and_no_track(big, store):
    # A limit on the size of files stands for the disk: writing beyond it fails in the same calls.
    limited = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nresource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
    body = limited + textwrap.dedent(f"""
        values = np.random.default_rng(0).integers(0, 9**9, 9_000_000, dtype="uint32")
        try:
            db.save_track("x", [("chr1", 0, values)], store={store!r})
        except OSError as error:
            print("OSError", error)
    """)
    done = subprocess.run(program(big, body), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("OSError")
    assert "Traceback" not in done.stderr
    assert big.list_tracks() == []
    assert not list(big.folder.rglob("*.part"))
    big.save_track("x", {"chr1": np.zeros(30_000_000, "uint8")}, store=store)


def race(path, start, results, store):
    db = ga.GenomeDB(path, "big")
    start.wait()
    try:
        with db.create_track("same", dtype="uint8", store=store) as writer:
            writer.write("chr1", 0, np.full(1000, os.getpid() % 200 + 1))
        results.put(os.getpid() % 200 + 1)
    except TrackExistsError as error:
        results.put(str(error))


@pytest.mark.parametrize("stores", [("h5", "h5", "h5"), ("zarr", "zarr", "zarr"), ("h5", "zarr", "h5")])
def test_of_racing_writers_one_wins_and_the_others_are_told(big, stores):
    context = multiprocessing.get_context("spawn")
    start, results = context.Event(), context.Queue()
    writers = [context.Process(target=race, args=(big.path, start, results, store)) for store in stores]
    for writer in writers:
        writer.start()
    time.sleep(1.5)
    start.set()
    reported = [results.get(timeout=60) for _ in writers]
    for writer in writers:
        writer.join()
    won = [value for value in reported if isinstance(value, int)]
    assert len(won) == 1
    assert all("'same' exists" in value for value in reported if isinstance(value, str))
    assert big["same"].values("chr1", 0, 1).tolist() == won
    assert not list(big.folder.rglob("*.part"))


def keep_reading(path, stop, results):
    db = ga.GenomeDB(path, "big")
    seen = set()
    while not stop.is_set():
        values = db["x"].values("chr1", 4_194_000, 4_195_000)
        seen.add(tuple(np.unique(values).tolist()))
    results.put(seen)


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_a_reader_sees_the_old_track_or_the_new_one_while_it_is_replaced(big, store):
    def save(value):
        with big.create_track("x", dtype="uint8", store=store, overwrite=True) as writer:
            writer.write_intervals("chr1", [4_000_000], [5_000_000], [value])

    save(1)
    context = multiprocessing.get_context("spawn")
    stop, results = context.Event(), context.Queue()
    reader = context.Process(target=keep_reading, args=(big.path, stop, results))
    reader.start()
    time.sleep(1)
    for value in range(2, 12):
        save(value)
    stop.set()
    seen = results.get(timeout=60)
    reader.join()
    assert reader.exitcode == 0
    assert seen <= {(value,) for value in range(1, 12)}
