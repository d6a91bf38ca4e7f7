"""XB files and Genomedata archives, read and refused."""

from __future__ import annotations

import gzip
import shutil
import struct

import h5py
import numpy as np
import pytest
from genomearray_converters import export_xb, import_fasta, import_genomedata, import_wig, import_xb
from hypothesis import given, settings
from hypothesis import strategies as st

from genomearray import GenomeDB
from genomearray.errors import FormatError, TrackExistsError, ValueRangeError
from tests.shared_data import DATA, PEERS, needs_shared

SIZES = {"chr1": 1000, "chr2": 50}


@pytest.fixture
def toy(tmp_path):
    return GenomeDB.create(tmp_path / "db", "toy", SIZES)


def xb_bytes(strands, sizes=SIZES, order="<", magic=0xCA60B175, version=1, width=1, names=None) -> bytes:
    """The layout of the old library, field by field."""
    raw = (
        struct.pack(order + "I", magic) + struct.pack(order + "h", version) + struct.pack(order + "h", width)
    )
    raw += struct.pack(order + "i", len(strands) - 1) + struct.pack(order + "h", len(sizes))
    for name, size in (names or sizes).items():
        raw += bytes([len(name)]) + name.encode() + struct.pack(order + "I", size)
    return raw + b"".join(strand[name].tobytes() for name in sizes for strand in strands)


def values(seed):
    rng = np.random.default_rng(seed)
    return {name: rng.integers(0, 256, size).astype("uint8") for name, size in SIZES.items()}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("zipped", [False, True])
def test_both_strands_of_xb(toy, tmp_path, order, zipped):
    forward, reverse = values(1), values(2)
    path = tmp_path / "a.xb"
    raw = xb_bytes([forward, reverse], order=order)
    path.write_bytes(gzip.compress(raw) if zipped else raw)
    assert import_xb(toy, "f", path).rows == 2
    import_xb(toy, "r", path, strand="reverse", store="zarr")
    for name in SIZES:
        np.testing.assert_array_equal(toy["f"].values(name), forward[name])
        np.testing.assert_array_equal(toy["r"].values(name), reverse[name])
    assert toy["f"].dtype == np.uint8
    export_xb(toy["f"], tmp_path / "b.xb", toy["r"])
    assert (tmp_path / "b.xb").read_bytes() == xb_bytes([forward, reverse])


def test_one_strand_and_other_dtypes(toy, tmp_path):
    forward = values(3)
    path = tmp_path / "a.xb"
    path.write_bytes(xb_bytes([forward]))
    import_xb(toy, "f", path, dtype="float32")
    assert toy["f"].values("chr2").tolist() == forward["chr2"].tolist()
    with pytest.raises(FormatError, match="has one strand only"):
        import_xb(toy, "r", path, strand="reverse")
    with pytest.raises(ValueRangeError, match="XB holds uint8"):
        export_xb(toy["f"], tmp_path / "b.xb")
    with pytest.raises(TrackExistsError):
        import_xb(toy, "f", path)


def bad_xb():
    forward = values(4)
    whole = xb_bytes([forward])
    yield "cut", whole[:-1], "the file is cut: 1 bytes of 'chr2', forward strand are missing"
    yield "header", whole[:9], "bytes of the header are missing"
    yield "table", whole[:17], "table of chromosomes are missing"
    yield "more", whole + b"x", "bytes follow after the last chromosome"
    yield "other", b"BAM\1" + whole[4:], "is not an XB file: it begins with 42414d01"
    yield "words", xb_bytes([forward], magic=0xB175CA60), "is not an XB file"
    yield "version", xb_bytes([forward], version=2), "XB of version 2"
    yield "width", xb_bytes([forward], width=2), "values of 2 bytes"
    longer = {name: np.zeros(size + 1, "uint8") for name, size in SIZES.items()}
    yield (
        "assembly",
        xb_bytes([longer], {"chr1": 1001, "chr2": 51}),
        "'chr1' has 1001 bp, and 'chr1' of assembly 'toy' has 1000 bp",
    )
    yield (
        "names",
        xb_bytes([{"chr9": forward["chr1"]}], {"chr9": 1000}),
        "chromosome 'chr9' is not in assembly 'toy'",
    )
    yield "empty", b"", "14 bytes of the header"


@pytest.mark.parametrize("case", list(bad_xb()), ids=lambda case: case[0])
def test_bad_xb_is_refused_and_leaves_nothing(toy, tmp_path, case):
    path = tmp_path / "bad.xb"
    path.write_bytes(case[1])
    with pytest.raises(FormatError, match=case[2]):
        import_xb(toy, "x", path)
    assert toy.list_tracks() == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 60), st.integers(0, 255))
def test_changed_headers_never_crash(tmp_path_factory, at, byte):
    db = GenomeDB.create(tmp_path_factory.mktemp("xb"), "toy", SIZES)
    raw = bytearray(xb_bytes([values(5)]))
    raw[at] = byte
    path = db.path / "x.xb"
    path.write_bytes(raw)
    try:
        import_xb(db, "x", path)
    except FormatError:
        assert db.list_tracks() == []


# -- Genomedata -------------------------------------------------------------------------------


@needs_shared
@pytest.mark.parametrize("archive", ["v0.genomedata", "v1.genomedata"])
def test_real_archives_equal_the_files_they_were_made_of(tmp_path, archive):
    folder = PEERS / "genomedata" / "test" / "data"
    db = GenomeDB.create(tmp_path, "short", {"chr1": 24950, "chrY": 24950})
    for name in ("placental", "primate", "vertebrate"):
        import_genomedata(db, name, DATA / "hdf5" / archive, name=name)
        with h5py.File(DATA / "hdf5" / archive) as file:
            column = [text.decode() for text in file.attrs["tracknames"]].index(name)
            np.testing.assert_array_equal(
                db[name].values("chr1"), file["chr1/supercontig_0/continuous"][:, column]
            )
            assert db[name].count() == int(file["chr1"].attrs["num_datapoints"][column]) == 496
            assert db[name].sum() == pytest.approx(
                file["chr1"].attrs["sums"][column], rel=1e-5
            )  # float32 sums
        assert np.isnan(db[name].values("chrY")).all()
    # The wiggle file whose values the archive holds, cut to these bases.
    import_wig(db, "wig", folder / "chr1.phyloP44way.placental.short.wigFix")
    np.testing.assert_array_equal(db["wig"].values("chr1"), db["placental"].values("chr1"))
    import_genomedata(db, "seq", DATA / "hdf5" / archive, sequence=True)
    import_fasta(
        db,
        "fasta",
        [DATA / "fasta" / "genomedata_chr1.short.fa", DATA / "fasta" / "genomedata_chrY.short.fa.gz"],
    )
    for chrom in ("chr1", "chrY"):
        assert db["seq"].get_seq_str(chrom) == db["fasta"].get_seq_str(chrom)


def archive_of(path, chroms, tracks=("one",), contigs=((0, 30), (40, 50)), continuous=True):
    with h5py.File(path, "w") as file:
        file.attrs["genomedata_format_version"] = np.int32(1)
        if tracks:
            file.attrs["tracknames"] = np.array([name.encode() for name in tracks])
        for chrom in chroms:
            for k, (start, end) in enumerate(contigs):
                group = file.create_group(f"{chrom}/supercontig_{k}")
                group.attrs["start"], group.attrs["end"] = start, end
                if continuous:
                    group["continuous"] = np.arange(start, end, dtype="float32")[:, None].repeat(
                        max(len(tracks), 1), axis=1
                    ) + np.arange(max(len(tracks), 1))
                group["seq"] = np.frombuffer(b"acgtN" * 20, np.uint8)[: end - start]
            if not contigs:
                file.create_group(chrom)


def test_supercontigs_folders_and_sequences(toy, tmp_path):
    folder = tmp_path / "a.genomedata"
    folder.mkdir()
    archive_of(folder / "chr1.genomedata", ["chr1"], ("one", "two"))
    archive_of(folder / "chr2.genomedata", ["chr2"], ("one", "two"))
    assert import_genomedata(toy, "two", folder, name="two").rows == 2
    want = np.full(1000, np.nan, "float32")
    want[:30], want[40:50] = np.arange(1, 31), np.arange(41, 51)
    np.testing.assert_array_equal(toy["two"].values("chr1"), want)
    import_genomedata(toy, "seq", folder, sequence=True)
    assert toy["seq"].values("chr2").tobytes() == b"acgtN" * 6 + b"N" * 10 + b"acgtN" * 2
    # Each file of a folder has its tracks in its own order.
    archive_of(folder / "chr2.genomedata", ["chr2"], ("two", "one"))
    import_genomedata(toy, "one", folder, name="one")
    assert toy["one"].values("chr1", 0, 2).tolist() == [0, 1]
    assert toy["one"].values("chr2", 0, 2).tolist() == [1, 2]
    archive_of(tmp_path / "single.genomedata", ["1"])
    import_genomedata(toy, "single", tmp_path / "single.genomedata", chrom_alias="ucsc")
    assert toy["single"].values("chr1", 0, 3).tolist() == [0, 1, 2]


def test_bad_archives(toy, tmp_path):
    path = tmp_path / "x.genomedata"

    def refused(message, **options):
        with pytest.raises(FormatError, match=message):
            import_genomedata(toy, "x", path, **options)
        assert toy.list_tracks() == []

    archive_of(path, ["chr1"], ("one", "two"))
    refused("holds 2 tracks: one, two; say which one with name=")
    refused("has no track 'tow'; nearest names: two", name="tow")
    archive_of(path, ["chr1"], ())
    refused("holds no tracks, only the sequence")
    archive_of(path, ["chr9"])
    refused("chromosome 'chr9' is not in assembly 'toy'")
    archive_of(path, ["chr2"], contigs=((0, 60),))
    refused("supercontig_0, 60, is past the end of 'chr2'")
    archive_of(path, ["chr1"], contigs=())
    refused("chromosome 'chr1' has no supercontig")
    archive_of(path, ["chr1"], continuous=False)
    refused("has no 'continuous'")
    archive_of(path, ["chr1"])
    with h5py.File(path, "a") as file:
        del file["chr1/supercontig_0/continuous"]
        file["chr1/supercontig_0/continuous"] = np.zeros(30, "float32")
    refused(r"has the shape \(30,\)")
    archive_of(path, [])
    refused("holds no chromosome")
    path.write_bytes(b"not HDF5")
    refused("cannot be opened as a Genomedata archive")
    with h5py.File(path, "w") as file:
        file["x"] = 1
    refused("no attribute genomedata_format_version")
    path.unlink()
    path.mkdir()
    refused("holds no file .*genomedata")
    shutil.rmtree(path)
    refused("is not there")
