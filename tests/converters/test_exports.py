"""What is exported reads back as it was: by our importers, by other programs' readers, by plain tools."""

import gzip
import tempfile
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from genomearray_converters import (
    export_bed,
    export_bedgraph,
    export_bigwig,
    export_fasta,
    export_npy,
    export_store,
    export_wig,
    import_bedgraph,
    import_bigwig,
    import_fasta,
    import_wig,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import genomearray as ga
from genomearray.errors import ArgumentError, FormatError, LayoutError, RegionError, UnknownChromosomeError
from genomearray.storage.layout import BLOCK
from tests import strategies as any_
from tests.shared_data import DATA, needs_shared

some_examples = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SIZES = {"chr1": 5000, "chr10": 300, "a:b": 700, "HLA/x": 40, "one": 1}


def runs(dtype, size, seed):
    """Values in runs, with zeros, gaps, odd numbers."""
    rng = np.random.default_rng(seed)
    values = np.repeat(any_.numbers(dtype, size, seed), rng.integers(1, 9, size))[:size]
    values[rng.random(size) < 0.3] = 0
    if values.dtype.kind == "f":
        values[size // 3 : size // 2] = np.nan
        values[-1] = [1e-30, -1.5, 0.1, 3e8][seed % 4]
    return values


@some_examples
@given(any_.dtypes, st.integers(0, 999), st.sampled_from(["wig", "bedgraph", "bigwig"]), st.booleans())
def test_signals_come_back_as_they_were(dtype, seed, form, packed):
    with tempfile.TemporaryDirectory() as folder:
        db = ga.GenomeDB.create(folder, "toy", SIZES)
        arrays = {name: runs(dtype, size, seed + k) for k, (name, size) in enumerate(SIZES.items())}
        if form == "bigwig" and np.dtype(dtype).itemsize > 2:
            arrays = {
                name: values.astype(np.float32).clip(-(2**20), 2**20).astype(dtype)
                for name, values in arrays.items()
            }
            if np.dtype(dtype).kind == "f":
                arrays = {name: values.astype(np.float32).astype(dtype) for name, values in arrays.items()}
        if np.dtype(dtype).itemsize == 8 and np.dtype(dtype).kind in "iu":
            arrays = {name: values // 2**30 for name, values in arrays.items()}  # text is read as float64
        db.save_track("x", arrays)
        out = Path(
            folder,
            "x."
            + {
                "wig": "wig.gz" if packed else "wig",
                "bedgraph": "bedgraph.gz" if packed else "bedgraph",
                "bigwig": "bw",
            }[form],
        )
        {"wig": export_wig, "bedgraph": export_bedgraph, "bigwig": export_bigwig}[form](db["x"], out)
        {"wig": import_wig, "bedgraph": import_bedgraph, "bigwig": import_bigwig}[form](
            db, "y", out, dtype=dtype
        )
        for name, values in arrays.items():
            np.testing.assert_array_equal(db["y"].values(name), values)


def test_runs_and_letters_go_on_behind_the_border_of_a_block(tmp_path):
    size = 2 * BLOCK + 1000
    db = ga.GenomeDB.create(tmp_path, "toy", {"c": size})
    values = np.zeros(size, "uint8")
    values[BLOCK - 5 : BLOCK + 5] = 7
    values[2 * BLOCK :] = 3
    db.save_track("x", {"c": values})
    assert export_bedgraph(db["x"], tmp_path / "x.bedgraph") == 5 - 1
    assert (tmp_path / "x.bedgraph").read_text().splitlines() == [
        f"c\t0\t{BLOCK - 5}\t0", f"c\t{BLOCK - 5}\t{BLOCK + 5}\t7", f"c\t{BLOCK + 5}\t{2 * BLOCK}\t0", f"c\t{2 * BLOCK}\t{size}\t3",
    ]  # fmt: skip
    assert export_bigwig(db["x"], tmp_path / "x.bw", skip_zeros=True).intervals == 2
    with pyBigWig.open(str(tmp_path / "x.bw")) as file:
        assert list(file.intervals("c")) == [(BLOCK - 5, BLOCK + 5, 7.0), (2 * BLOCK, size, 3.0)]
    letters = np.frombuffer(b"ACGTacgtn", np.uint8)[np.random.default_rng(0).integers(0, 9, size)]
    db.save_track("seq", {"c": letters}, kind="sequence")
    export_fasta(db["seq"], tmp_path / "x.fa.gz")
    text = gzip.decompress((tmp_path / "x.fa.gz").read_bytes()).decode().split("\n")
    assert text[0] == ">c"
    assert {len(line) for line in text[1:-2]} == {60}
    assert "".join(text[1:]).encode() == letters.tobytes()
    import_fasta(db, "again", tmp_path / "x.fa.gz")
    np.testing.assert_array_equal(db["again"].values("c"), letters)


@pytest.mark.parametrize("form", ["h5", "zarr"])
@some_examples
@given(any_.dtypes, st.integers(0, 99))
def test_stores_hold_the_same_and_open_alone(form, dtype, seed):
    with tempfile.TemporaryDirectory() as folder:
        db = ga.GenomeDB.create(Path(folder, "db"), "toy", SIZES)
        arrays = {name: runs(dtype, size, seed + k) for k, (name, size) in enumerate(SIZES.items())}
        db.save_track("x", arrays, store="zarr" if form == "h5" else "h5", units="reads")
        export_store(db["x"], Path(folder, f"x.{form}"), form)
        assert sorted(path.name for path in Path(folder).iterdir()) == ["db", f"x.{form}"]
        alone = ga.open_track(Path(folder, f"x.{form}"))
        for name, values in arrays.items():
            np.testing.assert_array_equal(alone.values(name), values)
        np.testing.assert_array_equal(
            alone.stats(by="chrom").to_numpy(float), db["x"].stats(by="chrom").to_numpy(float)
        )
        export_store(db["x"], Path(folder, f"part.{form}"), form, chroms=["chr10"])
        part = ga.open_track(Path(folder, f"part.{form}"))
        np.testing.assert_array_equal(part.values("chr10"), arrays["chr10"])
        assert part.count(chroms="chr1") == (0 if np.dtype(dtype).kind == "f" else 5000)
        assert not np.nan_to_num(part.values("chr1")).any()


def test_arrays_open_with_numpy(db, tmp_path):
    assert export_npy(db["counts"], tmp_path / "all") == 1860
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == [
        "chr1.npy",
        "chr2.npy",
        "chrM.npy",
        "chrX.npy",
    ]
    np.testing.assert_array_equal(
        np.load(tmp_path / "all" / "chr1.npy", mmap_mode="r"), db["counts"].values("chr1")
    )
    export_npy(db["counts"] > 500, tmp_path / "one.npy", chroms="chr1")
    assert np.load(tmp_path / "one.npy").sum() == 500


def test_regions_and_chromosomes(db, tmp_path):
    export_bedgraph(db["counts"], tmp_path / "a", region="chr1:10-11")
    assert (tmp_path / "a").read_text() == "chr1\t9\t10\t10\nchr1\t10\t11\t11\n"
    export_wig(db["counts"], tmp_path / "b", chroms=["chr2"])
    assert (tmp_path / "b").read_text().count("\n") == 501
    export_fasta(db["seq"], tmp_path / "c", region="chr2:3-8")
    assert (tmp_path / "c").read_text() == ">chr2:3-8\nGTacgt\n"
    assert export_bed(db["counts"].intervals(above=998), tmp_path / "d") == 1


def test_bigwig_tells_what_it_rounds(db, tmp_path):
    db.save_track("fine", {"chr2": np.full(500, 2**24 + 1, "uint32")})
    assert export_bigwig(db["fine"], tmp_path / "a.bw").rounded == 500
    assert export_bigwig(db["counts"], tmp_path / "b.bw").rounded == 0


def test_what_cannot_be_exported_leaves_nothing(db, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "there").write_text("x")
    db.save_track("nothing", {"chr1": np.full(1000, np.nan, "float32")})
    cases = [
        (lambda: export_wig(db["seq"], out / "a"), LayoutError, "holds a sequence"),
        (lambda: export_fasta(db["counts"], out / "a"), LayoutError, "holds a signal"),
        (lambda: export_wig(db["counts"], out / "there"), FormatError, "exists"),
        (lambda: export_wig(db["counts"], out), FormatError, "is a folder"),
        (lambda: export_wig(db["counts"], out / "no" / "a"), FormatError, "folder of .* is not there"),
        (lambda: export_bedgraph(db["counts"], out / "a", region="chr1:0-5"), RegionError, "chr1"),
        (lambda: export_bedgraph(db["counts"], out / "a", chroms="chr9"), UnknownChromosomeError, "chr9"),
        (
            lambda: export_bedgraph(db["counts"], out / "a", region="chr1:1-5", chroms="chr1"),
            RegionError,
            "not both",
        ),
        (lambda: export_bigwig(db["counts"], "-"), FormatError, "not standard output"),
        (lambda: export_bigwig(db["nothing"], out / "a.bw"), FormatError, "no value to write"),
        (lambda: export_store(db["counts"], out / "a.zip", "h5"), FormatError, "end in .h5"),
        (lambda: export_store(db["counts"], out / "a.hdf", "hdf"), ArgumentError, "allowed are 'h5', 'zarr'"),
        (lambda: export_npy(db["counts"], out / "there"), FormatError, "need a folder"),
    ]
    for export, error, match in cases:
        with pytest.raises(error, match=match):
            export()
    assert [path.name for path in out.iterdir()] == ["there"]


def test_signed_zeros_keep_their_sign(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "toy", {"c": 8})
    values = np.array([0.0, -0.0, -0.0, 0.0, 1, -0.0, 5, 0.0], "float32")
    db.save_track("x", {"c": values})
    for name, write, read in (
        ("a.wig", export_wig, import_wig),
        ("a.bedgraph", export_bedgraph, import_bedgraph),
        ("a.bw", export_bigwig, import_bigwig),
    ):
        write(db["x"], tmp_path / name)
        read(db, name.replace(".", "_"), tmp_path / name)
        np.testing.assert_array_equal(np.signbit(db[name.replace(".", "_")].values("c")), np.signbit(values))


def test_a_store_beside_one_of_the_other_form_stays(db, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    export_store(db["counts"], out / "x.h5")
    export_store(db["counts"], out / "x.zarr", "zarr")
    export_store(db["counts"], out / "x.zarr", "zarr", overwrite=True)
    export_store(db["counts"], out / "chromosome.h5")
    assert sorted(path.name for path in out.iterdir()) == ["chromosome.h5", "x.h5", "x.zarr"]


def test_what_a_killed_export_left_is_removed_by_the_next(db, tmp_path):
    dead = tmp_path / ".a.bw.0123456789ab.part.bw"
    other = tmp_path / ".b.part"
    dead.touch()
    other.touch()
    export_bigwig(db["counts"], tmp_path / "a.bw")
    assert not dead.exists()
    assert other.exists()


def test_an_error_in_the_values_leaves_no_bigwig(db, tmp_path):
    with pytest.raises(ga.errors.ValueRangeError, match="division by zero"):
        export_bigwig(db["counts"] // db["counts"], tmp_path / "a.bw")
    assert list(tmp_path.glob("*a.bw*")) == []


@needs_shared
def test_a_real_bigwig_comes_back(tmp_path):
    db = ga.GenomeDB.create(tmp_path, "hg19", DATA / "chromsizes/hg19.chrom.sizes")
    source = DATA.parent / "peers/CrossMap/test/test04_hg19.bigwig"
    import_bigwig(db, "x", source)
    export_bigwig(db["x"], tmp_path / "x.bw")
    with pyBigWig.open(str(source)) as one, pyBigWig.open(str(tmp_path / "x.bw")) as other:
        for chrom in one.chroms():
            for start, end, value in (one.intervals(chrom) or ())[:500]:
                np.testing.assert_array_equal(other.values(chrom, start, end, numpy=True), np.float32(value))
        assert sum(e - s for c in one.chroms() for s, e, _ in one.intervals(c) or ()) == sum(
            e - s for c in one.chroms() for s, e, _ in other.intervals(c) or ()
        )
