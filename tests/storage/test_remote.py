"""Tracks at a URL: a web server on the loopback address, and fsspec's memory."""

import gc
import multiprocessing
import pickle
import shutil
import subprocess
import sys
import threading
import time

import fsspec
import h5py
import numpy as np
import pytest

import genomearray as ga
from genomearray.errors import DamagedTrackError, LayoutError, TrackReplacedError, UnknownTrackError
from genomearray.storage.chunks.codecs import FILE
from tests.range_server import serve
from tests.storage.test_track_writer import write

WINDOWS = [("chr1", k * 350, k * 350 + 300) for k in range(100)]


@pytest.fixture(params=["h5", "zarr"])
def published(request, tmp_path):
    """A local track, its URL, and what the server sent."""
    (tmp_path / "web").mkdir()
    writer, expected, _ = write(
        tmp_path / "web",
        request.param,
        "uint16",
        1024,
        [("chr1", k * 9000, 9000, k, False) for k in range(4)],
    )
    with serve(tmp_path / "web") as (url, sent):
        yield writer.path, f"{url}/{writer.path.name}", sent, expected


def test_a_remote_track_answers_like_a_local_one(published):
    path, url, _, expected = published
    local, remote = ga.open_track(path), ga.open_track(url)
    assert (remote.path, remote.name, remote.chromosomes) == (url, "t", local.chromosomes)
    for chrom, values in expected.items():
        np.testing.assert_array_equal(remote.values(chrom), values)
        np.testing.assert_array_equal(remote.sel(chrom=chrom, pos=slice(1, 1)).values, values[:1])
    np.testing.assert_array_equal(remote.windows(WINDOWS).values, local.windows(WINDOWS).values)
    np.testing.assert_array_equal(
        remote.bins("chr1", 5000)["sum"].values, local.bins("chr1", 5000)["sum"].values
    )
    assert int(remote.to_dask("chr1").sum().compute()) == int(expected["chr1"].astype(np.uint64).sum())
    assert remote.dataset["chr1"].sizes == local.dataset["chr1"].sizes


def test_only_the_bytes_that_are_needed_are_asked_for(tmp_path):
    """Of a Zarr store: HDF5 reads its own structure in blocks."""
    writer, expected, _ = write(
        tmp_path, "zarr", "uint16", 1024, [("chr1", k * 9000, 9000, k, False) for k in range(4)]
    )
    with serve(tmp_path) as (url, sent):
        remote = ga.open_track(f"{url}/{writer.path.name}")
        remote.values("chr1", 0, 1)
        sent.clear()
        np.testing.assert_array_equal(remote.values("chr1", 20_000, 20_100), expected["chr1"][20_000:20_100])
        assert len(sent) == 1
        assert sent[0][1] < 3000
        sent.clear()
        remote.values("chr1", 20_010, 20_090)
        assert sent == []  # kept
        remote.values("chr1")
        assert len(sent) <= 3


def test_a_remote_track_can_be_pickled(published):
    _, url, _, expected = published
    again = pickle.loads(pickle.dumps(ga.open_track(url)))
    np.testing.assert_array_equal(again.values("chr1", 5, 9), expected["chr1"][5:9])


def test_collector_threads_and_remote_hdf5_live_together(tmp_path):
    """The collector frees h5py objects while HDF5 asks Python for bytes: that must not meet."""
    stop = threading.Event()
    writer, expected, _ = write(tmp_path, "h5", "uint16", 1024, [("chr1", 0, 9000, 9, False)])

    def litter():
        while not stop.is_set():
            with h5py.File(writer.path, "r") as file:
                ring = [file["chr1"]]  # freed by the collector only
                ring.append(ring)
            gc.collect()
            time.sleep(0.01)

    thread = threading.Thread(target=litter)
    thread.start()
    try:
        with serve(tmp_path) as (url, _):
            for k in range(10):
                shutil.copy(writer.path, tmp_path / f"twin{k}.h5")
                remote = ga.open_track(f"{url}/twin{k}.h5")
                np.testing.assert_array_equal(remote.windows(WINDOWS).values[3], expected["chr1"][1050:1350])
    finally:
        stop.set()
        thread.join()
    assert gc.isenabled()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_reads_on(published):
    _, url, _, expected = published
    track = ga.open_track(url)
    track.values("chr1", 0, 9)
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(
        target=lambda: there.send(track.values("chr1", 20_000, 30_000))
    )
    child.start()
    assert here.poll(60)
    np.testing.assert_array_equal(here.recv(), expected["chr1"][20_000:30_000])
    child.join()
    np.testing.assert_array_equal(track.values("chr1", 5_000, 15_000), expected["chr1"][5_000:15_000])


def test_a_remote_track_that_is_open_at_the_end_does_no_harm(published):
    """HDF5 closes its files when the process ends: Python must still be there to be asked."""
    _, url, _, _ = published
    code = "import sys, genomearray as ga\nr = ga.open_track(sys.argv[1]); r.values('chr1', 0, 5); ds = r.dataset"
    done = subprocess.run([sys.executable, "-c", code, url], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_replaced_remote_track_is_an_error(published, tmp_path):
    path, url, _, _ = published
    lazy = pickle.dumps(ga.open_track(url))
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    write(path.parent, path.suffix[1:], "uint8", 64, [("chr1", 0, 5000, 9, False)])
    with pytest.raises(TrackReplacedError, match="was replaced"):
        pickle.loads(lazy)


def test_what_is_wrong_with_an_address_is_told(published, tmp_path):
    path, url, _, _ = published
    with pytest.raises(UnknownTrackError, match="is not there; check the address"):
        ga.open_track(url.replace("/t.", "/absent."))
    with pytest.raises(UnknownTrackError, match=r"pip install 'genomearray\[remote\]'"):
        ga.open_track("nowhere://host/t.zarr")
    (path.parent / "text.h5").write_text("no HDF5")
    with pytest.raises(LayoutError, match="cannot be opened as a track"):
        ga.open_track(url.rpartition("/")[0] + "/text.h5")


def test_a_server_without_ranges_and_a_cut_file_are_errors(published):
    path, url, _, _ = published
    with (
        serve(path.parent, ranges=False) as (plain, _),
        pytest.raises(UnknownTrackError, match="cannot be reached: .*range requests"),
    ):
        ga.open_track(f"{plain}/{path.name}").values("chr1", 0, 9)
    if path.is_dir():
        shard = path / "chr1" / "c" / "0"
        shard.write_bytes(shard.read_bytes()[:-20])
        with pytest.raises((DamagedTrackError, TrackReplacedError)):
            ga.open_track(url).values("chr1", 20_000, 20_100)


def test_any_file_system_of_fsspec_will_do(tmp_path):
    writer, expected, _ = write(tmp_path, "zarr", "float32", 1024, [("chr1", 0, 9000, 1, False)])
    memory = fsspec.filesystem("memory")
    memory.put(str(writer.path), "/here/t.zarr", recursive=True)
    try:
        remote = ga.open_track("memory://here/t.zarr")
        np.testing.assert_array_equal(remote.values("chr1"), expected["chr1"])
        np.testing.assert_array_equal(remote.values("a/b"), expected["a/b"])
    finally:
        memory.rm("/here", recursive=True)


def test_remote_chunks_are_decoded_from_memory(published):
    _, url, _, _ = published
    track = ga.open_track(url)
    track.values("chr1", 0, 1)
    places = track.source.locate("chr1")[0].source.places(np.arange(5))
    assert places.file == -1
    assert len(places.data) >= int(places.size.sum())
    assert FILE == 0
