"""The same work in threads and on a dask cluster of processes, also when a worker dies in the middle."""

import os
import signal
import threading
import time
from functools import partial

import numpy as np
import pytest

import genomearray as ga
from genomearray import executor as running
from genomearray.errors import ClusterError, TrackReplacedError, ValueRangeError
from genomearray.executor import Threads, cluster, runner
from genomearray.sources.elementwise import Shifted
from genomearray.storage.layout import BLOCK
from tests.cli.test_commands import PROGRAM

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

SIZES = {"chr1": 5 * BLOCK + 12_345, "chr2": BLOCK, "s/1": 900, "s/2": 70}


@pytest.fixture(scope="module")
def client():
    """Two processes."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as local,
        distributed.Client(local, set_as_default=True) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A database with counts of several blocks, and their arrays."""
    db = ga.GenomeDB.create(tmp_path_factory.mktemp("cluster"), "toy", SIZES)
    rng = np.random.default_rng(0)
    arrays = {
        name: (rng.random(size) < 0.02).astype("uint16") * rng.integers(1, 900, size).astype("uint16")
        for name, size in SIZES.items()
    }
    db.save_track("a", arrays, threads=2)
    return db, arrays


def same(db, name, arrays, change):
    for chrom, values in arrays.items():
        np.testing.assert_array_equal(db[name].values(chrom), change(values))


def test_a_client_in_the_session_is_used(client):
    assert isinstance(runner(), running.Cluster)
    assert isinstance(runner(threads=2), Threads)


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_a_cluster_writes_what_threads_write(client, made, store):
    db, arrays = made
    report = db.save_track(f"twice_{store}", db["a"] * 2, store=store, overwrite=True)
    assert report.bases == sum(SIZES.values())
    same(db, f"twice_{store}", arrays, lambda values: values.astype("uint32") * 2)
    db.save_track(f"here_{store}", db["a"] * 2, store=store, overwrite=True, threads=2)
    assert db[f"here_{store}"].stats() == db[f"twice_{store}"].stats()


def test_reductions_have_the_same_bits(client, made):
    db, _ = made
    lazy = np.sqrt(db["a"])
    assert lazy.stats() == lazy.stats(threads=1)
    assert lazy.sum(lazy=True).compute() == lazy.sum(threads=2)
    assert lazy.quantile(0.99) == lazy.quantile(0.99, threads=1)
    assert db["a"].corr(lazy) == db["a"].corr(lazy, threads=1)


def test_an_import_and_an_export_run_on_a_cluster(client, made, tmp_path):
    from genomearray_converters import export_bedgraph, import_bedgraph

    db, arrays = made
    lines = export_bedgraph(db["a"], tmp_path / "a.bedgraph", skip_zeros=True)
    assert lines > 10_000
    report = import_bedgraph(db, "imported", tmp_path / "a.bedgraph", dtype="uint16", overwrite=True)
    assert report.rows == lines
    same(db, "imported", arrays, lambda values: values)
    assert "pytest" in db["imported"].attributes["command"] or db["imported"].attributes["command"]
    with pytest.raises(ValueRangeError, match="cannot be read by a cluster"):
        import_bedgraph(db, "piped", "-")


def test_an_error_of_a_task_comes_through_and_nothing_is_left(client, made):
    db, _ = made
    with pytest.raises(ValueRangeError, match="does not fit uint8"):
        db.save_track("never", db["a"], dtype="uint8", overflow="error")
    assert not db.has_track("never")
    assert [path.name for path in db.folder.rglob("*.part")] == []


class Killing(Shifted):
    """A source that kills its process at one place, the first time or always."""

    def __init__(self, source, flag, always):
        super().__init__(source, 0, "killing")
        self._flag = str(flag)
        self._always = always

    def compute(self, chrom, start, end, threads):
        if chrom == "chr1" and start == 2 * BLOCK and (self._always or not os.path.exists(self._flag)):
            with open(self._flag, "w"):
                pass
            os.kill(os.getpid(), signal.SIGKILL)
        return super().compute(chrom, start, end, threads)


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_a_killed_worker_costs_a_retry(made, tmp_path, store):
    db, arrays = made
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as local,
        distributed.Client(local),
    ):
        db.save_track(
            f"survived_{store}",
            ga.Track(Killing(db["a"].source, tmp_path / "flag", always=False)),
            store=store,
            overwrite=True,
        )
    assert (tmp_path / "flag").exists()
    same(db, f"survived_{store}", arrays, lambda values: values)
    assert [path.name for path in db.folder.rglob("*.part")] == []


def test_a_worker_that_always_dies_is_an_error(made, tmp_path):
    db, _ = made
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as local,
        distributed.Client(local),
        pytest.raises(ClusterError, match="workers died with it"),
    ):
        db.save_track("dies", ga.Track(Killing(db["a"].source, tmp_path / "flag", always=True)))
    assert not db.has_track("dies")
    assert [path.name for path in db.folder.rglob("*.part")] == []


def test_a_replaced_track_is_named_by_the_workers(client, made):
    db, arrays = made
    db.save_track("turns", arrays)
    track = db["turns"]
    db.save_track("turns", arrays, overwrite=True)
    for ask in (
        (track + 0).sum,
        lambda: (track + 0).quantile(0.5),
        lambda: track.histogram(bins=3, range=(0, 1)),
        lambda: db.save_track("more", track + 1),
    ):
        with pytest.raises(TrackReplacedError, match="open it again"):
            ask()
    assert "more" not in db


def test_the_command_line_works_on_a_cluster(client, made, tmp_path):
    import subprocess

    db, arrays = made
    address = client.scheduler.address
    call = partial(subprocess.run, capture_output=True, text=True, check=False, cwd=tmp_path)
    words = [PROGRAM, "--db", db.path, "--assembly", "toy"]
    done = call(
        [
            *words,
            "combine",
            "cli",
            "a",
            "a",
            "--dtype",
            "uint32",
            "--store",
            "zarr",
            "--scheduler",
            address,
            "--overwrite",
        ]
    )
    assert done.returncode == 0, done.stderr
    same(db, "cli", arrays, lambda values: values.astype("uint32") * 2)
    done = call([*words, "stats", "cli", "--compute", "--scheduler", address])
    assert f"sum\t{2 * sum(int(values.sum()) for values in arrays.values())}" in done.stdout
    assert done.stderr == "track cli: the stored statistics are right\n"
    done = call(
        [
            *words,
            "export",
            "bedgraph",
            "a",
            "a.bedgraph",
            "--skip-zeros",
            "--chrom",
            "chr2",
            "--scheduler",
            address,
        ]
    )
    assert done.returncode == 0, done.stderr
    done = call(
        [
            *words,
            "import",
            "bedgraph",
            "again",
            "a.bedgraph",
            "--dtype",
            "uint16",
            "--scheduler",
            address,
            "--overwrite",
        ]
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(db["again"].values("chr2"), arrays["chr2"])
    done = call([*words, "combine", "x", "a", "a", "--scheduler", address, "--threads", "2"])
    assert (done.returncode, "give one of them" in done.stderr) == (2, True)


def test_a_scheduler_that_does_not_answer(made, monkeypatch):
    monkeypatch.setattr(running, "PATIENCE", 1)
    for address in ("tcp://127.0.0.1:1", "nonsense", "tcp://"):
        with pytest.raises(ClusterError, match=r"scheduler .* does not answer"), cluster(address):
            pass


def test_a_cluster_without_workers(made, monkeypatch):
    db, _ = made
    monkeypatch.setattr(running, "PATIENCE", 1)
    with (
        distributed.LocalCluster(n_workers=0, processes=True, dashboard_address=":0") as local,
        distributed.Client(local),
        pytest.raises(ClusterError, match="has had no worker for 1 seconds"),
    ):
        db["a"].sum(stored=False)


def test_threads_hand_out_few_tasks_ahead():
    started = []
    lock = threading.Lock()

    def work(_, task):
        with lock:
            started.append(task)
        time.sleep(0.001)
        return task

    results = Threads(2).run(work, None, range(100), "test")
    assert next(results)[1] in range(4)
    assert len(started) <= 6
    results.close()
    assert sorted(result for _, result in Threads(3).run(work, None, range(50), "test")) == list(range(50))


def test_an_error_in_a_thread_ends_the_run():
    def work(_, task):
        if task == 7:
            raise ValueError("seven")
        return task

    with pytest.raises(ValueError, match="seven"):
        list(Threads(2).run(work, None, range(1000), "test"))
