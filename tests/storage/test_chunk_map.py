"""The chunk map: compiled and plain decoding agree, intervals are gathered exactly, and no chunk is read in vain."""

import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genomearray.storage.chunks import codecs
from genomearray.storage.chunks.chunk_map import ChunkedArray, PlainArray
from genomearray.storage.chunks.codecs import BloscCrc, ShuffleDeflate
from genomearray.storage.layout import DTYPES
from genomearray.storage.read.open_stored import open_part
from tests import strategies as any_
from tests.storage.test_track_writer import write

some_examples = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LENGTH = 500


def kinds(dtype):
    dtype = np.dtype(dtype)
    return [
        ShuffleDeflate(dtype, LENGTH, 3),
        ShuffleDeflate(dtype, LENGTH, 2, shuffle=False),
        BloscCrc(dtype, LENGTH),
        BloscCrc(dtype, LENGTH, "lz4", 1, "bitshuffle"),
        BloscCrc(dtype, LENGTH, "lz4hc", 4, "bitshuffle"),
    ]


def chunks_of(dtype, n=12):
    """Random numbers, a constant, few different values, floats of three decimals."""
    values = np.concatenate(
        [
            any_.numbers(dtype, (n - 3) * LENGTH, 5),
            np.zeros(LENGTH, dtype),
            any_.numbers(dtype, 3, 1).repeat(LENGTH)[:LENGTH],
        ]
    )
    rng = np.random.default_rng(2)
    return np.concatenate([values, np.round(rng.normal(30, 5, LENGTH), 3).astype(dtype)]).reshape(n, LENGTH)


def plain(codec):
    """The same codec without compiled code."""
    twin = codec.__class__.__new__(codec.__class__)
    twin.__dict__.update(codec.__dict__, _compiled=None)
    return twin


def test_this_installation_has_the_compiled_code():
    assert codecs.compiled is not None, (
        "the package was built without a C compiler, or a codec library lacks its symbols"
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_compiled_and_plain_codecs_read_what_either_wrote(dtype):
    values = chunks_of(dtype)
    for codec in kinds(dtype):
        for writer in (codec, plain(codec)):
            raws = writer.encode(values)
            if isinstance(codec, ShuffleDeflate):  # any program that knows zlib reads it
                assert all(len(zlib.decompress(raw)) == codec.nbytes for raw in raws)
            for reader in (codec, plain(codec)):
                for raw, expected in zip(raws, values, strict=True):
                    out = np.zeros(LENGTH + 2, dtype)
                    reader.values(reader.payload(raw), 0, LENGTH, out, 1)
                    np.testing.assert_array_equal(out[1:-1], expected)
                    part = np.zeros(10, dtype)
                    reader.values(reader.payload(raw), 123, 130, part, 2)
                    np.testing.assert_array_equal(part[2:9], expected[123:130])


def test_a_cut_file_is_an_error_from_the_first_chunk_that_is_not_whole(tmp_path):
    """Chunks that lie close together are read together; what is cut off must not fail those before it."""
    values = chunks_of("uint16")
    codec = ShuffleDeflate(np.dtype("uint16"), LENGTH)
    raws = codec.encode(values)
    offsets = np.cumsum([0, *map(len, raws)])
    path = tmp_path / "cut"
    path.write_bytes(b"".join(raws)[: offsets[8] + 3])
    with path.open("rb") as file:
        jobs = np.array(
            [[file.fileno(), offsets[k], len(raws[k]), 0, LENGTH, k * LENGTH, 1] for k in range(12)]
        )
        for reader in (codec, plain(codec)):
            out = np.zeros(12 * LENGTH, "uint16")
            assert reader.decode(jobs, b"", np.zeros(1, "uint16"), out) == (8, "the file is cut")
            np.testing.assert_array_equal(out[: 8 * LENGTH], values[:8].reshape(-1))


def test_planes_of_floats_that_deflate_hardly_shortens_are_stored():
    rng = np.random.default_rng(0)
    values = np.round(rng.normal(0, 1, (4, 4096)), 3).astype("float32")
    codec = ShuffleDeflate(np.dtype("float32"), 4096, 2)
    assert sum(map(len, codec.encode(values))) < sum(map(len, plain(codec).encode(values)))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_jobs_go_forwards_and_backwards_and_fill(dtype, tmp_path):
    values = chunks_of(dtype)
    rng = np.random.default_rng(0)
    for codec in kinds(dtype):
        raws = codec.encode(values)
        offsets = np.cumsum([0, *map(len, raws)])
        path = tmp_path / "chunks"
        path.write_bytes(b"".join(raws))
        with path.open("rb") as file:
            jobs, expected, at = [], np.zeros(6000, dtype), 0
            for _ in range(60):
                k, low = int(rng.integers(12)), int(rng.integers(0, LENGTH - 1))
                high = int(rng.integers(low + 1, min(low + 100, LENGTH) + 1))
                step, stored, local = (
                    int(rng.choice([1, -1])),
                    bool(rng.random() < 0.8),
                    bool(rng.random() < 0.5),
                )
                dest = at if step > 0 else at + high - low - 1
                jobs.append(
                    [
                        file.fileno() if local else -1,
                        offsets[k],
                        len(raws[k]) if stored else 0,
                        low,
                        high,
                        dest,
                        step,
                    ]
                )
                part = values[k, low:high] if stored else np.full(high - low, 7, dtype)
                expected[at : at + high - low] = part[::step]
                at += high - low
            table, fill = np.array(jobs, dtype=np.int64), np.array([7], dtype)
            for reader in (codec, plain(codec)):
                out = np.zeros(6000, dtype)
                assert reader.decode(table, path.read_bytes(), fill, out) is None
                np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    "wrong", [{3: -1}, {4: LENGTH + 1}, {4: 0}, {5: 100}, {5: 0, 6: -1}, {1: 10**9}, {2: 10**9}, {6: 0}]
)
def test_a_job_outside_its_arrays_is_refused_before_anything_is_touched(wrong):
    codec = ShuffleDeflate(np.dtype("uint16"), LENGTH)
    raw = codec.encode(np.ones((1, LENGTH), "uint16"))[0]
    job = np.array([[-1, 0, len(raw), 0, 10, 0, 1]], dtype=np.int64)
    for column, value in wrong.items():
        job[0, column] = value
    with pytest.raises(IndexError):
        codec.decode(job, raw, np.zeros(1, "uint16"), np.zeros(20, "uint16"))


@pytest.mark.parametrize("kind", range(5))
def test_every_flipped_byte_of_a_chunk_is_noticed_or_harmless(kind):
    """Each byte in turn; deflate leaves padding bits between blocks that mean nothing."""
    values = np.round(np.random.default_rng(0).normal(0, 1, (1, LENGTH)), 3).astype("float32")
    codec = kinds("float32")[kind]
    raw = codec.encode(values)[0]
    noticed = 0
    for at in range(len(raw)):
        bad = bytearray(raw)
        bad[at] ^= 0xFF
        for reader in (codec, plain(codec)):
            out = np.zeros(LENGTH, "float32")
            job = np.array([[-1, 0, len(raw), 0, LENGTH, 0, 1]], dtype=np.int64)
            failed = reader.decode(job, bytes(bad), np.zeros(1, "float32"), out)
            if failed is None:
                np.testing.assert_array_equal(out, values[0])
            else:
                assert failed[0] == 0
                noticed += 1
                with pytest.raises((ValueError, RuntimeError)):
                    reader.payload(bytes(bad))
    assert noticed > 1.9 * len(raw)


def test_cut_chunks_are_noticed():
    for codec in kinds("uint16"):
        raw = codec.encode(chunks_of("uint16")[:1])[0]
        for size in range(len(raw)):
            with pytest.raises((ValueError, RuntimeError)):
                codec.payload(raw[:size])


# -- gathering ------------------------------------------------------------------------------


class Counted:
    """A source of chunks that notes what is asked of it."""

    def __init__(self, source):
        self.source = source
        self.asked = []

    def raw(self, index):
        self.asked.append(index)
        return self.source.raw(index)

    def place(self, index):
        place = self.source.place(index)
        if place is not None:
            self.asked.append(index)
        return place

    def places(self, indexes):
        self.asked += sorted(set(indexes.tolist()))
        return self.source.places(indexes)

    def stored(self):
        return self.source.stored()


intervals = st.lists(
    st.tuples(st.integers(0, 39_999), st.integers(1, 9_000), st.booleans()), min_size=1, max_size=40
)


@some_examples
@given(any_.stores, any_.dtypes, any_.chunks, any_.writes(), intervals)
def test_gathered_intervals_equal_slices_and_each_chunk_is_read_once(store, dtype, chunk, pieces, wanted):
    with tempfile.TemporaryDirectory() as folder:
        writer, expected, _ = write(Path(folder), store, dtype, chunk, pieces)
        stored = open_part(writer.path)
        array = stored.locate("chr1")[0]
        assert isinstance(array, ChunkedArray)
        array.source = counted = Counted(array.source)
        starts = np.array([start for start, _, _ in wanted])
        ends = np.minimum(starts + [size for _, size, _ in wanted], 40_000)
        step = np.array([-1 if back else 1 for _, _, back in wanted])
        begin = np.cumsum(ends - starts) - (ends - starts)
        out = np.zeros(int((ends - starts).sum()), dtype)
        array.gather(starts, ends, out, np.where(step > 0, begin, begin + ends - starts - 1), step)
        want = np.concatenate(
            [expected["chr1"][a:b][::s] for a, b, s in zip(starts, ends, step, strict=True)]
        )
        np.testing.assert_array_equal(out, want)
        touched = {
            index
            for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
            for index in range(a // chunk, (b - 1) // chunk + 1)
        }
        assert len(counted.asked) == len(set(counted.asked))
        assert set(counted.asked) <= touched
        plain_out = np.zeros_like(out)
        reread = PlainArray(40_000, np.dtype(dtype), lambda a, b: expected["chr1"][a:b])
        reread.gather(starts, ends, plain_out, np.where(step > 0, begin, begin + ends - starts - 1), step)
        np.testing.assert_array_equal(plain_out, want)


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_a_track_reads_the_same_without_compiled_code(tmp_path, store, monkeypatch):
    pieces = [("chr1", 100, 9000, 1, False), ("a/b", 0, 5000, 2, False)]
    for dtype in ("uint16", "float32", "int64", "uint8"):
        monkeypatch.setattr(codecs, "compiled", None)
        writer, expected, _ = write(tmp_path, store, dtype, 64, pieces)
        slow = open_part(writer.path)
        np.testing.assert_array_equal(slow.read("chr1", 0, 40_000), expected["chr1"])
        np.testing.assert_array_equal(slow.read("a/b", 5, 60), expected["a/b"][5:60])
        monkeypatch.undo()
        fast = open_part(writer.path)
        np.testing.assert_array_equal(fast.read("chr1", 0, 40_000), expected["chr1"])


def test_small_reads_keep_a_chunk_from_the_second_time_on(tmp_path):
    writer, expected, _ = write(tmp_path, "zarr", "uint16", 1024, [("chr1", 0, 40_000, 3, False)] * 1)
    stored = open_part(writer.path)
    array = stored.locate("chr1")[0]
    array.source = counted = Counted(array.source)
    for _ in range(5):
        np.testing.assert_array_equal(stored.read("chr1", 2000, 2100), expected["chr1"][2000:2100])
    assert counted.asked.count(1) <= 3  # placed and read, then placed and kept


def test_a_damaged_shard_index_is_named_by_whoever_reads_it(tmp_path):
    from genomearray import GenomeDB
    from genomearray.errors import DamagedTrackError

    db = GenomeDB.create(tmp_path, "toy", {"chr1": 50_000})
    db.save_track("z", {"chr1": np.arange(50_000, dtype="uint16")}, store="zarr")
    shard = db.folder / "z.zarr" / "chr1" / "c" / "0"
    whole = shard.read_bytes()
    for damaged in (whole[:-10] + bytes([whole[-10] ^ 1]) + whole[-9:], whole[:-7]):
        shard.write_bytes(damaged)
        opened = GenomeDB(tmp_path, "toy")
        assert "z.zarr" in str(opened.verify("z").problems[0])
        for ask in (lambda db=opened: db["z"].values("chr1"), lambda db=opened: db["z"].stats(stored=False)):
            with pytest.raises(DamagedTrackError, match="chr1"):
                ask()
