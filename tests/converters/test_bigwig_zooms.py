"""The bigWig files we write: every zoom level against the values, record by record, read by a slow parser."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pybigtools
import pyBigWig
import pytest
from genomearray_converters import export_bigwig, import_bigwig

from genomearray import GenomeDB
from genomearray.errors import FormatError, ValueRangeError

ZOOM = [
    ("chrom", "<u4"),
    ("start", "<u4"),
    ("end", "<u4"),
    ("n", "<u4"),
    ("min", "<f4"),
    ("max", "<f4"),
    ("sum", "<f4"),
    ("squares", "<f4"),
]


def zoom_levels(path: Path):
    """Reduction and records of each level, from the supplement of Kent et al. 2010, tables 5 to 19."""
    raw = path.read_bytes()
    levels = struct.unpack_from("<H", raw, 6)[0]
    assert raw[-4:] == raw[:4]

    def blocks(at):
        leaf, _, count = struct.unpack_from("<BBH", raw, at)
        for k in range(count):
            if leaf:
                offset, size = struct.unpack_from("<QQ", raw, at + 4 + 32 * k + 16)
                yield zlib.decompress(raw[offset : offset + size])
            else:
                yield from blocks(struct.unpack_from("<Q", raw, at + 4 + 24 * k + 16)[0])

    for k in range(levels):
        reduction, _, data, index = struct.unpack_from("<IIQQ", raw, 64 + 24 * k)
        records = np.frombuffer(b"".join(blocks(index + 48)), ZOOM)
        assert struct.unpack_from("<I", raw, data)[0] == records.size
        yield reduction, records


def arrays(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    gaps = np.full(200_000, np.nan, "float32")
    for start in range(0, 200_000, 1000):
        gaps[start : start + 300] = -1
    runs = np.repeat(rng.integers(0, 50, 60_000), rng.integers(1, 8, 60_000)).astype("float32")
    runs[50_000:90_000] = np.nan
    single = rng.random(1600).astype("float32")
    sparse = np.full(500_000, np.nan, "float32")
    sparse[rng.integers(0, 500_000, 40)] = 7
    return {
        "chr1": gaps,
        "chr10": runs,
        "chr2": single,
        "one": sparse,
        "x": np.array([1, np.nan, 3], "float32"),
    }


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder, data = tmp_path_factory.mktemp("zoom"), arrays(1)
    db = GenomeDB.create(folder, "toy", {name: values.size for name, values in data.items()})
    db.save_track("t", data)
    export_bigwig(db["t"], folder / "a.bw")
    return db, folder / "a.bw", data


def test_every_record_of_every_level(written):
    _, path, data = written
    names = sorted(data)
    covered = sum(int((~np.isnan(values)).sum()) for values in data.values())
    levels = list(zoom_levels(path))
    assert len(levels) >= 4
    for reduction, records in levels:
        assert records["n"].sum() == covered
        places = list(zip(records["chrom"].tolist(), records["start"].tolist(), strict=True))
        assert places == sorted(set(places))
        assert ((records["end"] - records["start"]) <= reduction).all()
        for record in records[:: max(1, records.size // 400)]:
            values = data[names[record["chrom"]]][record["start"] : record["end"]].astype(float)
            values = values[~np.isnan(values)]
            assert values.size == record["n"]
            assert (values.min(), values.max()) == (record["min"], record["max"])
            np.testing.assert_allclose(values.sum(), record["sum"], rtol=1e-6)
            np.testing.assert_allclose((values**2).sum(), record["squares"], rtol=1e-6)


def test_other_readers_read_the_same_values(written):
    _, path, data = written
    with pyBigWig.open(str(path)) as file:
        assert file.chroms() == {name: values.size for name, values in data.items()}
        header = file.header()
        every = np.concatenate([values[~np.isnan(values)] for values in data.values()]).astype(float)
        assert header["nBasesCovered"] == every.size
        np.testing.assert_allclose(header["sumData"], every.sum(), atol=1)
        for name, values in data.items():
            np.testing.assert_array_equal(np.array(file.values(name, 0, values.size), "float32"), values)
    with pybigtools.open(str(path)) as file:
        for name, values in data.items():
            np.testing.assert_array_equal(
                file.values(name, 0, values.size, fillna=None).astype("float32"), values
            )


def test_coverage_of_gaps_is_what_it_is(written):
    """On 300 of each 1,000 bases there is data: zoomed out, a browser draws 0.3."""
    _, path, _ = written
    with pyBigWig.open(str(path)) as file:
        coverage = file.stats("chr1", 0, 200_000, type="coverage", nBins=4)
        assert all(abs(value - 0.3) < 0.01 for value in coverage)
        assert file.stats("chr1", 0, 200_000, type="mean", nBins=4) == [-1.0] * 4


def test_what_is_written_comes_back(written):
    db, path, data = written
    import_bigwig(db, "again", path, overwrite=True)
    for name, values in data.items():
        np.testing.assert_array_equal(db["again"].values(name), values)


def test_many_chromosomes_make_a_tree(tmp_path):
    sizes = {f"contig_{k}": 20 for k in range(70_000)}
    db = GenomeDB.create(tmp_path, "draft", sizes)
    db.save_track("t", {name: np.full(20, k % 7, "uint8") for k, name in enumerate(sizes) if k % 100 == 0})
    export_bigwig(db["t"], tmp_path / "a.bw", skip_zeros=True)
    with pyBigWig.open(str(tmp_path / "a.bw")) as file:
        assert len(file.chroms()) == 70_000
        for k in (100, 6_900, 69_800):
            assert file.values(f"contig_{k}", 0, 3) == [k % 7] * 3
    assert sum(int(records["n"].sum()) for _, records in list(zoom_levels(tmp_path / "a.bw"))[:1]) == sum(
        20 for k in range(0, 70_000, 100) if k % 7
    )


def test_values_beyond_float32_are_refused(tmp_path):
    db = GenomeDB.create(tmp_path, "toy", {"chr1": 100})
    values = np.ones(100)
    values[41] = 1e300
    db.save_track("t", {"chr1": values})
    with pytest.raises(ValueRangeError, match=r"chr1:42: 1e\+300 is beyond float32"):
        export_bigwig(db["t"], tmp_path / "a.bw")
    assert not list(tmp_path.glob("*.bw*"))


def test_import_names_the_file(tmp_path):
    db = GenomeDB.create(tmp_path, "toy", {"chr1": 100})
    db.save_track("t", {"chr1": np.full(100, 1.5)})
    export_bigwig(db["t"], tmp_path / "a.bw")
    with pytest.raises(FormatError, match=r"a\.bw: value 1\.5 has a fraction"):
        import_bigwig(db, "x", tmp_path / "a.bw", dtype="uint8")
