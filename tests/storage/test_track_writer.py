"""What holds for both forms of storage, shown with random tracks against plain arrays."""

import os
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genomearray import Assembly
from genomearray.errors import (
    DamagedTrackError,
    GenomeArrayError,
    LayoutError,
    RegionError,
    UnknownChromosomeError,
    ValueRangeError,
)
from genomearray.storage.layout import BLOCK, OWN_VARIABLES, Layout, own_rows
from genomearray.storage.read.open_stored import open_part, open_stored
from genomearray.storage.write.create import create_writer
from genomearray.storage.write.options import WriteOptions
from genomearray.track.track import Track
from tests import strategies as any_

slow_examples = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def write(folder, store, dtype, chunk, pieces):
    """A track of random pieces, and the arrays it must equal; counts of bases and of those written again."""
    expected = any_.empty(dtype)
    written = {name: np.zeros(length, dtype=int) for name, length in any_.SIZES.items()}
    with create_writer(
        folder, any_.ASSEMBLY, "t", dtype, WriteOptions(store=store, chunk=chunk, threads=1, overwrite=True)
    ) as writer:
        for name, start, size, seed, as_intervals in pieces:
            values = any_.numbers(dtype, size, seed)
            expected[name][start : start + size] = values
            written[name][start : start + size] += 1
            if as_intervals:
                starts = np.arange(start, start + size)
                writer.write_intervals(name, starts, starts + 1, values)
            else:
                writer.write(name, start, values)
    return writer, expected, written


@slow_examples
@given(any_.stores, any_.dtypes, any_.chunks, any_.writes(), st.data())
def test_what_was_written_is_read(store, dtype, chunk, pieces, data):
    with tempfile.TemporaryDirectory() as folder:
        writer, expected, written = write(Path(folder), store, dtype, chunk, pieces)
        stored = open_part(writer.path)
        for name, array in expected.items():
            np.testing.assert_array_equal(stored.read(name, 0, array.size), array)
            start = data.draw(st.integers(0, array.size - 1))
            end = data.draw(st.integers(start + 1, array.size))
            np.testing.assert_array_equal(stored.read(name, start, end), array[start:end])
        assert writer.report.bases == sum(int((w > 0).sum()) for w in written.values())
        assert writer.report.overwritten == sum(int((w - 1).clip(0).sum()) for w in written.values())


@slow_examples
@given(any_.stores, any_.dtypes, any_.chunks, any_.writes())
def test_stored_statistics_equal_numpy(store, dtype, chunk, pieces):
    with tempfile.TemporaryDirectory() as folder:
        writer, expected, _ = write(Path(folder), store, dtype, chunk, pieces)
        table = open_part(writer.path).sequences()
        for row, name in enumerate(table["name"]):
            array = expected[name]
            valid = array[array == array]
            assert (table["n"][row], table["n_nan"][row]) == (array.size, array.size - valid.size)
            assert table["length"][row] == array.size
            if not valid.size:
                assert np.isnan(table["min"][row])
                assert table["sum"][row] == 0
                continue
            assert (table["min"][row], table["max"][row]) == (valid.min(), valid.max())
            if valid.dtype.kind in "iu" and valid.dtype.itemsize < 8:
                assert int(table["sum"][row]) == sum(valid.tolist())
            else:
                scale = np.abs(valid.astype("float64")).sum()
                assert abs(float(table["sum"][row]) - valid.astype("float64").sum()) <= 1e-12 * scale
            wide = valid.astype("float64")
            assert table["m2"][row] == pytest.approx(((wide - wide.mean()) ** 2).sum(), rel=1e-9, abs=1e-30)


@pytest.mark.parametrize("store", ["h5", "zarr"])
@pytest.mark.parametrize("threads", [1, 3])
def test_pieces_across_block_borders_and_blocks_written_again(tmp_path, store, threads):
    length = 2 * BLOCK + 1000
    assembly = Assembly.from_sizes("big", [("chr1", length), ("chr2", 50)])
    expected = np.zeros(length, dtype=np.uint16)
    rng = np.random.default_rng(0)
    with create_writer(
        tmp_path, assembly, "t", "uint16", WriteOptions(store=store, threads=threads)
    ) as writer:
        writer._budget = 1000  # every piece goes to disk at once, so blocks come back
        for k in range(12):
            start = int(rng.integers(0, length - 300_000))
            values = rng.integers(0, 9, 300_000).astype(np.uint16)
            writer.write("chr1", start, values)
            expected[start : start + values.size] = values
            writer.write_intervals("chr1", [BLOCK - 5], [BLOCK + 7 + k], [k + 1])
            expected[BLOCK - 5 : BLOCK + 7 + k] = k + 1
            writer.write("chr2", k, [k])
        writer.write_intervals("chr1", [0], [length - 1], [3])
        writer.write("chr1", 10, [0, 0])
        expected[: length - 1] = 3
        expected[10:12] = 0
    stored = open_stored(writer.path)
    np.testing.assert_array_equal(stored.read("chr1", 0, length), expected)
    assert int(stored.sequences()["sum"][0]) == int(expected.sum())
    assert writer.report.bases == length - 1 + 12


def test_bits_do_not_depend_on_threads_or_store(tmp_path):
    assembly = Assembly.from_sizes("big", [("chr1", 3 * BLOCK)])
    values = np.random.default_rng(1).normal(0, 1e8, 3 * BLOCK).astype(np.float32)
    tables = []
    for k, (store, threads) in enumerate([("h5", 1), ("h5", 4), ("zarr", 3)]):
        with create_writer(
            tmp_path, assembly, f"t{k}", "float32", WriteOptions(store=store, threads=threads, chunk=8192)
        ) as writer:
            writer.write("chr1", 0, values)
        tables.append(open_stored(writer.path).sequences())
    for column in ("sum", "m2", "min", "max"):
        assert len({table[column].tobytes() for table in tables}) == 1


# -- plain tools ------------------------------------------------------------------------


@pytest.fixture
def both(tmp_path):
    """One track in both forms, and its arrays."""
    paths, expected = {}, {}
    for store in ("h5", "zarr"):
        pieces = [("chr1", 5, 9000, 3, False), ("a/b", 10, 4000, 4, False), ("chr2", 0, 4097, 5, True)]
        (tmp_path / store).mkdir()
        writer, expected, _ = write(tmp_path / store, store, "uint16", 1024, pieces)
        paths[store] = writer.path
    return paths, expected


def test_plain_xarray_opens_both_without_a_warning(both):
    paths, expected = both
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = {"h5": xr.open_dataset(paths["h5"], engine="h5netcdf"), "zarr": xr.open_zarr(paths["zarr"])}
        for dataset in plain.values():
            assert dataset["chr1"].dtype == np.uint16
            np.testing.assert_array_equal(dataset["chr1"].values, expected["chr1"])
            assert dataset["chr1"].attrs["first_position"] == 1
            dataset.close()
        table = xr.open_dataset(paths["h5"], engine="h5netcdf", group="sequences")
        assert table["name"].values.tolist() == list(any_.ASSEMBLY.names)
        table.close()
        assert xr.open_zarr(paths["zarr"], group="sequences")["name"].values.tolist() == list(
            any_.ASSEMBLY.names
        )


def test_plain_h5py_and_netcdf4_open_the_file(both):
    paths, expected = both
    with h5py.File(paths["h5"]) as file:
        np.testing.assert_array_equal(file["chr2"][:], expected["chr2"])
        assert file["chr1"].compression == "gzip"
        assert "_FillValue" not in file["chr1"].attrs
    with netCDF4.Dataset(paths["h5"]) as file:
        file.set_auto_mask(False)
        np.testing.assert_array_equal(file["chr1"][:], expected["chr1"])
        assert file.variables["chr1"].dimensions == ("pos_chr1",)


@pytest.mark.skipif(
    shutil.which("ncdump") is None, reason="ncdump (Debian package netcdf-bin) is not installed"
)
def test_ncdump_opens_the_file(both):
    reported = subprocess.run(["ncdump", "-h", both[0]["h5"]], capture_output=True, text=True, check=True)
    assert "ushort chr1(pos_chr1)" in reported.stdout


def test_plain_h5py_may_hold_the_file_open_while_we_read(both):
    paths, expected = both
    with h5py.File(paths["h5"]):
        np.testing.assert_array_equal(open_part(paths["h5"]).read("chr1", 0, 10), expected["chr1"][:10])
    stored = open_part(paths["h5"])
    with h5py.File(paths["h5"]) as file:
        assert file["chr1"][7] == stored.read("chr1", 7, 8)[0]


def test_sequence_tracks_hold_n_where_nothing_is(tmp_path):
    with create_writer(tmp_path, any_.ASSEMBLY, "seq", "uint8", WriteOptions(kind="sequence")) as writer:
        writer.write("chr2", 0, np.frombuffer(b"acgt", np.uint8))
    assert open_stored(writer.path).read("chr2", 0, 6).tobytes() == b"acgtNN"
    with xr.open_dataset(writer.path, engine="h5netcdf") as plain:
        assert plain["chr1"].dtype == np.uint8
        assert plain["chr1"].values[:3].tobytes() == b"NNN"


# -- what is on disk --------------------------------------------------------------------


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_chunks_of_nothing_are_not_stored(tmp_path, store):
    assembly = Assembly.from_sizes("big", [("chr1", 10 * BLOCK)])
    with create_writer(tmp_path, assembly, "t", "float32", WriteOptions(store=store)) as writer:
        writer.write("chr1", 5 * BLOCK, np.ones(10))
    stored = open_part(writer.path)
    array = stored._array("chr1")
    assert array.source.stored().sum() == 1
    size = (
        writer.path.stat().st_size
        if store == "h5"
        else sum(p.stat().st_size for p in writer.path.rglob("*") if p.is_file())
    )
    assert size < 400_000
    assert np.isnan(stored.read("chr1", 0, BLOCK)).all()


def test_the_first_hundred_have_variables_the_rest_is_packed(tmp_path):
    sizes = [(f"contig_{k}", 100 + k % 50) for k in range(3000)] + [
        ("chr1", 5000),
        ("CHR1", 400),
        ("sequences", 30),
    ]
    assembly = Assembly.from_sizes("draft", sizes)
    own = {assembly.names[row] for row in own_rows(assembly.chromosomes)}
    assert len(own) == OWN_VARIABLES
    assert "chr1" in own
    assert not own & {"CHR1", "sequences"}
    for store in ("h5", "zarr"):
        with create_writer(tmp_path, assembly, f"t_{store}", "int32", WriteOptions(store=store)) as writer:
            for k, chrom in enumerate(assembly):
                writer.write(chrom, 0, np.full(chrom.length, k))
        stored = open_stored(writer.path)
        assert len(stored.variables) == OWN_VARIABLES + 1
        assert stored.names == assembly.names
        for k in (0, 150, 2999, 3002):
            chrom = assembly.chromosomes[k]
            assert stored.read(chrom.name, 0, chrom.length).tolist() == [k] * chrom.length
        np.testing.assert_array_equal(
            stored.sequences()["sum"], [k * c.length for k, c in enumerate(assembly)]
        )
        with pytest.raises(UnknownChromosomeError, match="'packed'"):
            stored.read("packed", 0, 1)


def test_layout_is_the_same_for_every_dtype():
    layouts = [Layout(any_.ASSEMBLY, chunk) for chunk in (64, 16384)]
    assert [v.name for v in layouts[0].variables] == [v.name for v in layouts[1].variables]


# -- damage -----------------------------------------------------------------------------


def rewritten(path, flip):
    """A copy of a file or store with one byte of one file changed by ``flip(bytes)``."""
    copy = path.with_name(f"copy{path.suffix}")
    if path.is_dir():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(path, copy)
    else:
        shutil.copy(path, copy)
    flip(copy)
    return copy


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_a_flipped_byte_is_an_error_or_harmless_never_another_value(both, store):
    paths, expected = both
    files = (
        [paths[store]]
        if store == "h5"
        else sorted(p for p in paths[store].rglob("c/*") if p.is_file() and "sequences" not in str(p))
    )
    rng = np.random.default_rng(7)
    noticed = 0
    for _ in range(150):
        file = files[int(rng.integers(len(files)))]
        at, bit = int(rng.integers(file.stat().st_size)), 1 << int(rng.integers(8))

        def flip(copy, file=file, at=at, bit=bit):
            target = copy if store == "h5" else copy / file.relative_to(paths[store])
            raw = bytearray(target.read_bytes())
            raw[at] ^= bit
            target.write_bytes(raw)

        try:
            stored = open_part(rewritten(paths[store], flip))
            for name, array in expected.items():
                np.testing.assert_array_equal(stored.read(name, 0, array.size), array)
            track = Track(stored)
            table = track.region_stats([(name, 0, min(array.size, 70)) for name, array in expected.items()])
            for k, array in enumerate(expected.values()):
                valid = array[:70][array[:70] == array[:70]]
                assert table["n"][k] == valid.size
                assert not valid.size or (table["min"][k], table["max"][k]) == (valid.min(), valid.max())
            assert set(track.dataset.data_vars) == set(stored.variables)
            assert stored.attributes
        except GenomeArrayError:
            noticed += 1
    assert noticed > 20


@pytest.mark.parametrize("store", ["h5", "zarr"])
@pytest.mark.parametrize("trouble", [KeyError("incorrect metadata checksum"), None])
def test_an_attribute_that_cannot_be_read_is_damage_not_absence(both, store, trouble, monkeypatch):
    stored = open_part(rewritten(both[0][store], lambda copy: None))
    ask = stored._store.attribute

    def attribute(variable, key):
        if variable == "chr1":
            if trouble is None:
                return None
            raise trouble
        return ask(variable, key)

    monkeypatch.setattr(stored._store, "attribute", attribute)
    for question in (lambda: stored.read("chr1", 0, 9), lambda: Track(stored).region_stats([("chr1", 0, 1)])):
        with pytest.raises(DamagedTrackError, match="attributes of 'chr1'"):
            question()


def test_a_damaged_chunk_names_track_chromosome_and_region(both):
    paths, _ = both
    file = paths["zarr"] / "chr1" / "c" / "0"

    def flip(copy):
        raw = bytearray((copy / file.relative_to(paths["zarr"])).read_bytes())
        raw[1500] ^= 1
        (copy / file.relative_to(paths["zarr"])).write_bytes(raw)

    stored = open_part(rewritten(paths["zarr"], flip))
    with pytest.raises(DamagedTrackError, match=r"copy\.zarr is damaged at chr1:1-1024: .*crc32c"):
        stored.read("chr1", 0, 2000)


def test_a_lost_shard_is_an_error_not_zeros(both):
    copy = rewritten(both[0]["zarr"], lambda copy: (copy / "chr1" / "c" / "0").unlink())
    with pytest.raises(DamagedTrackError, match=r"chr1:1-1024: the chunk is missing"):
        open_part(copy).read("chr1", 0, 10)


@pytest.mark.parametrize("size", [0, 10, 3000])
def test_a_cut_file_is_refused(both, size):
    copy = rewritten(both[0]["h5"], lambda copy: os.truncate(copy, size))
    with pytest.raises(GenomeArrayError, match=r"copy\.h5"):
        open_part(copy).read("chr1", 0, 9000)


def test_other_hdf5_files_are_no_tracks(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["chr1"] = np.zeros(5)
    with pytest.raises(LayoutError, match="no attribute 'genomearray_layout'"):
        open_stored(tmp_path / "x.h5")


# -- what a writer refuses --------------------------------------------------------------


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_wrong_writes_are_refused_and_leave_nothing(tmp_path, store):
    wrong = [
        (lambda w: w.write("chr9", 0, [1]), UnknownChromosomeError),
        (lambda w: w.write("chr1", -1, [1]), RegionError),
        (lambda w: w.write("chr1", 39_999, [1, 2]), RegionError),
        (lambda w: w.write("chr1", 0, [[1]]), ValueRangeError),
        (lambda w: w.write("chr1", 0, [0.5]), ValueRangeError),
        (lambda w: w.write("chr1", 0, ["x"]), ValueRangeError),
        (lambda w: w.write_intervals("chr1", [5], [5], [1]), RegionError),
        (lambda w: w.write_intervals("chr1", [5], [40_001], [1]), RegionError),
        (lambda w: w.write_intervals("chr1", [5, 6], [7], [1]), ValueRangeError),
    ]
    for act, kind in wrong:
        with (
            pytest.raises(kind),
            create_writer(tmp_path, any_.ASSEMBLY, "deep/t", "int16", WriteOptions(store=store)) as writer,
        ):
            act(writer)
        assert [p.name for p in tmp_path.rglob("*")] == [".lock"]


def test_options_that_are_not_known(tmp_path):
    for options in ({"store": "csv"}, {"kind": "x"}, {"threads": 0}, {"overflow": "wrap"}, {"chunk": 1000}):
        with pytest.raises(ValueError, match="allowed|at least|power of two"):
            create_writer(tmp_path, any_.ASSEMBLY, "t", "int16", WriteOptions(**options))
    with pytest.raises(ValueRangeError, match="complex64"):
        create_writer(tmp_path, any_.ASSEMBLY, "t", "complex64", WriteOptions())
    assert not list(tmp_path.glob("*.part"))
