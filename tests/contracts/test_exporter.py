"""What every exporter must do. A new one is tested by adding a line to EXPORTERS."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
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


@dataclass
class Exporter:
    """How one is called, and how its file becomes a track again."""

    run: Callable[..., ExportReport]
    back: Callable[[GenomeDB, str, Path], object]
    suffix: str
    track: str = "counts"
    parts: bool = True  # takes region= and chroms=
    folder: bool = False


EXPORTERS = {
    "wig": Exporter(export_wig, lambda db, name, path: import_wig(db, name, path, dtype="uint8"), ".wig"),
    "wig.gz": Exporter(
        export_wig, lambda db, name, path: import_wig(db, name, path, dtype="uint8"), ".wig.gz"
    ),
    "bedgraph": Exporter(
        export_bedgraph, lambda db, name, path: import_bedgraph(db, name, path, dtype="uint8"), ".bg"
    ),
    "bigwig": Exporter(
        export_bigwig, lambda db, name, path: import_bigwig(db, name, path, dtype="uint8"), ".bw"
    ),
    "fasta": Exporter(export_fasta, import_fasta, ".fa", "seq"),
    "npy": Exporter(export_npy, from_npy, "", folder=True),
    "h5": Exporter(export_store, from_store, ".h5"),
    "zarr": Exporter(to_zarr, from_store, ".zarr", folder=True),
    "xb": Exporter(export_xb, import_xb, ".xb", parts=False),
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
