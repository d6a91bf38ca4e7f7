"""The index of chunks that we read and write at once is the one that HDF5 reads and writes."""

import h5py
import numpy as np
import pytest

from genomearray.storage.chunks.chunk_index import encode_index, find_index, read_index, set_address, set_end
from genomearray.storage.layout import LIBVER


def dataset_of(path, n, chunk=512, dtype="u2"):
    with h5py.File(path, "w", libver=LIBVER) as file:
        made = file.create_dataset(
            "x", (n * chunk - 3,), dtype, chunks=(chunk,), compression="gzip", shuffle=True
        )
        made.attrs["long"] = "text " * 200  # so that the object header goes on elsewhere
        return h5py.h5o.get_info(made.id).addr


def reader(path):
    data = path.read_bytes()
    return lambda size, at: data[at : at + size]


def written(path, rows):
    """What HDF5 itself says after it wrote some chunks."""
    with h5py.File(path, "r+", libver=LIBVER) as file:
        for row in rows:
            file["x"].id.write_direct_chunk((row * 512,), b"%d" % row * (1 + row % 5))
        known = [file["x"].id.get_chunk_info(k) for k in range(file["x"].id.get_num_chunks())]
    return {info.chunk_offset[0] // 512: (info.byte_offset, info.size) for info in known}


@pytest.mark.parametrize("n", [2, 3, 1023, 1024, 1025, 2048, 5000])
def test_it_reads_what_hdf5_wrote(tmp_path, n):
    path = tmp_path / "a.h5"
    rng = np.random.default_rng(n)
    header = dataset_of(path, n)
    rows = np.unique(rng.integers(0, n, rng.integers(1, 60))).tolist()
    known = written(path, rows)
    offsets, sizes = read_index(reader(path), find_index(reader(path), header), n, 1024)
    assert {k: (int(offsets[k]), int(sizes[k])) for k in np.flatnonzero(sizes)} == known


@pytest.mark.parametrize("n", [2, 3, 1023, 1024, 1025, 2048, 5000])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f8"])
def test_hdf5_reads_what_it_wrote(tmp_path, n, dtype):
    path = tmp_path / "a.h5"
    rng = np.random.default_rng(n)
    header = dataset_of(path, n, dtype=dtype)
    offsets, sizes = np.zeros(n, np.int64), np.zeros(n, np.int64)
    data = bytearray(path.read_bytes())
    for k in np.unique(rng.integers(0, n, 40)).tolist():
        offsets[k], sizes[k] = len(data), 1 + k % 50
        data += b"%c" % (k % 251) * int(sizes[k])

    def put(at, piece):
        data.extend(bytes(max(0, at + len(piece) - len(data))))
        data[at : at + len(piece)] = piece

    def read(size, at):
        return bytes(data[at : at + size])

    at = len(data)
    for piece in encode_index(at, offsets, sizes, 512 * np.dtype(dtype).itemsize):
        put(*piece)
    put(*set_address(read, find_index(read, header), at))
    put(*set_end(read, len(data)))
    path.write_bytes(data)
    with h5py.File(path, "r+", libver=LIBVER) as file:  # as a writer does afterwards
        file["y"] = 1
        file["x"].attrs["more"] = "b" * 100
    with h5py.File(path) as file:
        found = {}
        file["x"].id.chunk_iter(
            lambda info: found.update({info.chunk_offset[0] // 512: (info.byte_offset, info.size)})
        )
        assert found == {int(k): (int(offsets[k]), int(sizes[k])) for k in np.flatnonzero(sizes)}
        for k in found:
            assert file["x"].id.read_direct_chunk((k * 512,))[1] == b"%c" % (k % 251) * int(sizes[k])
    again = read_index(reader(path), find_index(reader(path), header), n, 512 * np.dtype(dtype).itemsize)
    np.testing.assert_array_equal(again, (offsets, sizes))


def test_a_changed_byte_of_the_index_is_noticed(tmp_path):
    path = tmp_path / "a.h5"
    header = dataset_of(path, 3000)
    written(path, range(0, 3000, 7))
    place = find_index(reader(path), header)
    data = path.read_bytes()
    block = int.from_bytes(data[place.address + 16 : place.address + 24], "little")
    whole = read_index(reader(path), place, 3000, 1024)
    rng = np.random.default_rng(1)
    for at in [place.address + 5, block + 1, *(block + rng.integers(0, 40_000, 60)).tolist()]:
        bad = bytearray(data)
        bad[at] ^= 1 << int(rng.integers(0, 8))

        def read(size, at, bad=bad):
            return bytes(bad[at : at + size])

        answer = read_index(read, place, 3000, 1024)
        assert answer is None or np.array_equal(answer, whole)


def test_other_indexes_are_left_to_hdf5(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", libver=LIBVER) as file:
        headers = [
            h5py.h5o.get_info(made.id).addr
            for made in (
                file.create_dataset(
                    "grows", (5000,), "u2", chunks=(512,), maxshape=(None,), compression="gzip"
                ),
                file.create_dataset("one", (100,), "u2", chunks=(100,), compression="gzip"),
                file.create_dataset("plain", (100,), "u2"),
                file.create_group("group"),
            )
        ]
    assert [find_index(reader(path), header) for header in headers] == [None] * 4
    with h5py.File(path, "w") as file:  # in the oldest format
        file.create_dataset("old", (5000,), "u2", chunks=(512,), compression="gzip")
        assert find_index(lambda size, at: bytes(size), 0) is None
