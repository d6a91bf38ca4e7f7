"""What every exporter must do. A new one is tested by adding a line to EXPORTERS."""

import gzip
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bioframe
import h5py
import numpy as np
import pyBigWig
import pysam
import pytest
import zarr
from genomearray_converters import (
    export_bedgraph,
    export_bigwig,
    export_fasta,
    export_npy,
    export_store,
    export_wig,
    export_xb,
    import_bedgraph,
    import_bigwig,
    import_fasta,
    import_wig,
    import_xb,
)
from genomearray_converters.exporting.report import ExportReport

from genomearray import GenomeDB, open_track
from genomearray.errors import ArgumentError, FormatError, RegionError, UnknownChromosomeError


def from_npy(db: GenomeDB, name: str, path: Path) -> None:
    db.save_track(name, {file.stem: np.load(file) for file in path.iterdir()})


def from_store(db: GenomeDB, name: str, path: Path) -> None:
    db.save_track(name, open_track(path))


def to_zarr(track, out, **options):
    return export_store(track, out, "zarr", **options)


def by_lines(path: Path, chrom: str, length: int):
    """Wiggle by its specification: https://genome.ucsc.edu/goldenPath/help/wiggle.html."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    values, name, at = np.zeros(length), "", 0
    for line in text.decode().splitlines():
        if line.startswith("fixedStep"):
            words = dict(word.split("=") for word in line.split()[1:])
            name, at = words["chrom"], int(words["start"]) - 1
        else:
            if name == chrom:
                values[at] = float(line)
            at += 1
    return values


def by_bioframe(path: Path, chrom: str, length: int):
    table = bioframe.read_table(path, schema="bedGraph")
    values = np.zeros(length)
    for row in table[table["chrom"] == chrom].itertuples():
        values[row.start : row.end] = row.value
    return values


def by_pybigwig(path: Path, chrom: str, length: int):
    with pyBigWig.open(str(path)) as file:
        return np.nan_to_num(np.array(file.values(chrom, 0, length)))


def by_pysam(path: Path, chrom: str, length: int):
    with pysam.FastaFile(str(path)) as file:
        return np.frombuffer(file.fetch(chrom).encode(), "u1")


def by_h5py(path: Path, chrom: str, length: int):
    with h5py.File(path) as file:
        return file[chrom][:]


def by_zarr(path: Path, chrom: str, length: int):
    return zarr.open(path, mode="r")[chrom][:]


@dataclass
class Exporter:
    """How one is called, and how its file becomes a track again."""

    run: Callable[..., ExportReport]
    back: Callable[[GenomeDB, str, Path], object]
    suffix: str
    other: Callable[[Path, str, int], np.ndarray] | None  # another program's reader
    track: str = "counts"
    parts: bool = True  # takes region= and chroms=
    folder: bool = False


EXPORTERS = {
    "wig": Exporter(
        export_wig, lambda db, name, path: import_wig(db, name, path, dtype="uint8"), ".wig", by_lines
    ),
    "wig.gz": Exporter(
        export_wig, lambda db, name, path: import_wig(db, name, path, dtype="uint8"), ".wig.gz", by_lines
    ),
    "bedgraph": Exporter(
        export_bedgraph,
        lambda db, name, path: import_bedgraph(db, name, path, dtype="uint8"),
        ".bg",
        by_bioframe,
    ),
    "bigwig": Exporter(
        export_bigwig, lambda db, name, path: import_bigwig(db, name, path, dtype="uint8"), ".bw", by_pybigwig
    ),
    "fasta": Exporter(export_fasta, import_fasta, ".fa", by_pysam, "seq"),
    "npy": Exporter(
        export_npy, from_npy, "", lambda path, chrom, _: np.load(path / f"{chrom}.npy"), folder=True
    ),
    "h5": Exporter(export_store, from_store, ".h5", by_h5py),
    "zarr": Exporter(to_zarr, from_store, ".zarr", by_zarr, folder=True),
    "xb": Exporter(export_xb, import_xb, ".xb", None, parts=False),
}
everywhere = pytest.mark.parametrize("exporter", EXPORTERS.values(), ids=EXPORTERS)


@pytest.fixture
def db(tmp_path) -> GenomeDB:
    db = GenomeDB.create(tmp_path / "db", "toy", {"chr1": 3000, "chr2": 500})
    rng = np.random.default_rng(1)
    counts = {
        chrom: np.where(rng.random(n) < 0.3, rng.integers(1, 9, n), 0)
        for chrom, n in (("chr1", 3000), ("chr2", 500))
    }
    db.save_track("counts", counts, dtype="uint8", threads=1)
    letters = {
        chrom: np.frombuffer(b"ACGTNac", "u1")[rng.integers(0, 7, n)]
        for chrom, n in (("chr1", 3000), ("chr2", 500))
    }
    db.save_track("seq", letters, kind="sequence", threads=1)
    return db


@pytest.fixture
def out(exporter, tmp_path) -> Path:
    return tmp_path / f"out{exporter.suffix}"


@everywhere
class TestExporter:
    def test_comes_back_as_it_was(self, exporter, db, out):
        report = exporter.run(db[exporter.track], out)
        exporter.back(db, "again", out)
        for chrom in ("chr1", "chr2"):
            assert np.array_equal(db["again"].values(chrom), db[exporter.track].values(chrom))
        assert isinstance(report, ExportReport)
        assert int(report) > 0
        assert report.lines()[0].startswith(f"{int(report):,} ")
        assert pickle.loads(pickle.dumps(report)).lines() == report.lines()

    def test_another_reader_reads_the_same(self, exporter, db, out):
        if exporter.other is None:
            return  # nobody else reads it
        track = db[exporter.track]
        exporter.run(track, out)
        for chrom, length in (("chr1", 3000), ("chr2", 500)):
            assert np.array_equal(exporter.other(out, chrom, length), track.values(chrom))

    def test_an_existing_file_is_kept(self, exporter, db, out):
        exporter.run(db[exporter.track], out)
        with pytest.raises(FormatError, match="overwrite=True") as caught:
            exporter.run(db[exporter.track], out)
        assert "--overwrite" in caught.value.on_command_line()
        assert int(exporter.run(db[exporter.track], out, overwrite=True)) > 0

    def test_a_part(self, exporter, db, out):
        if not exporter.parts:
            return
        track = db[exporter.track]
        everything = int(exporter.run(track, out))
        assert (
            0 < int(exporter.run(track, out.with_name(f"part{exporter.suffix}"), chroms="chr2")) < everything
        )
        with pytest.raises(RegionError, match="not both"):
            exporter.run(track, out, region="chr1:1-100", chroms="chr2", overwrite=True)
        with pytest.raises(UnknownChromosomeError, match="chr9"):
            exporter.run(track, out.with_name(f"none{exporter.suffix}"), chroms="chr9")

    def test_wrong_arguments_leave_nothing(self, exporter, db, tmp_path):
        with pytest.raises((ArgumentError, TypeError), match="overwrit"):
            exporter.run(db[exporter.track], tmp_path / f"x{exporter.suffix}", overwrit=True)
        with pytest.raises((FormatError, FileNotFoundError), match="not there|No such file"):
            exporter.run(db[exporter.track], tmp_path / "nowhere" / f"x{exporter.suffix}")
        assert [path.name for path in tmp_path.iterdir()] == ["db"]
