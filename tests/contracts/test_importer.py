"""What every importer must do. A new one is tested by adding a line to IMPORTERS."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pyBigWig
import pytest
from genomearray_converters import (
    import_bed,
    import_bedgraph,
    import_bigwig,
    import_d4,
    import_depth,
    import_fasta,
    import_five_prime,
    import_fragments,
    import_genes,
    import_left_ends,
    import_mnase,
    import_text,
    import_w5,
    import_wig,
    import_xb,
)
from genomearray_converters.importing.report import ImportReport

from genomearray import GenomeDB
from genomearray.errors import ArgumentError, FormatError, GenomeArrayError, TrackExistsError
from tests.converters.d4_files import write_d4

HEADER = "@SQ\tSN:{chrom}\tLN:1000\n"
READ = "r\t97\t{chrom}\t101\t60\t50M\t=\t198\t147\t*\t*\nr\t145\t{chrom}\t198\t60\t50M\t=\t101\t-147\t*\t*\n"
GTF = '{chrom}\tx\texon\t101\t200\t.\t+\t.\tgene_id "g"; transcript_id "t";\n'


def text(content: str) -> Callable[[Path, str], None]:
    """A writer of a small text about a chromosome of 1,000 bp."""
    return lambda path, chrom: path.write_text(content.format(chrom=chrom))


def fasta(path: Path, chrom: str) -> None:
    path.write_text(f">{chrom}\n{'ACGT' * 250}\n")


def bigwig(path: Path, chrom: str) -> None:
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(chrom, 1000)])
        file.addEntries([chrom], [3], ends=[5], values=[2.0])


def w5(path: Path, chrom: str) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset(chrom, data=np.arange(1000, dtype="float16"), compression="gzip", shuffle=True)


def d4(path: Path, chrom: str) -> None:
    write_d4(path, {"": {chrom: [1, 2, 3, 4] * 250}})


@dataclass
class Importer:
    """How one is called, and how a file for it is made."""

    run: Callable[..., ImportReport]
    write: Callable[[Path, str], None]
    suffix: str = ".txt"
    empty: str | None = ""  # a file without data; None: there is none
    skips: str | None = "skip_unknown"  # the option for unknown chromosomes; None: they are skipped


def ends(db, name, files, **options):
    return import_five_prime(db, name, name, files, **options)


def columns(db, name, files, **options):
    return import_text(db, name, files, chrom_col=0, pos_col=1, val_col=2, **options)


def dyads(db, name, files, **options):
    return import_mnase(db, name, files, paired_end=True, **options)


SAM = text(HEADER + READ)
IMPORTERS = {
    "wig": Importer(import_wig, text("fixedStep chrom={chrom} start=3 step=1\n2\n2\n")),
    "bedgraph": Importer(import_bedgraph, text("{chrom}\t3\t5\t2\n")),
    "text": Importer(columns, text("{chrom}\t4\t2\n")),
    "bigwig": Importer(import_bigwig, bigwig, ".bw", None),
    "d4": Importer(import_d4, d4, ".d4", None),
    "w5": Importer(import_w5, w5, ".w5", None),
    "fasta": Importer(import_fasta, fasta, ".fa"),
    "bed": Importer(import_bed, text("{chrom}\t3\t5\n"), ".bed"),
    "genes": Importer(import_genes, text(GTF), ".gtf"),
    "depth": Importer(import_depth, SAM, ".sam", HEADER.format(chrom="chr1"), None),
    "five-prime": Importer(ends, SAM, ".sam", HEADER.format(chrom="chr1"), None),
    "left-ends": Importer(import_left_ends, SAM, ".sam", HEADER.format(chrom="chr1"), None),
    "mnase": Importer(dyads, SAM, ".sam", HEADER.format(chrom="chr1"), None),
    "fragments": Importer(import_fragments, SAM, ".sam", HEADER.format(chrom="chr1"), None),
}
everywhere = pytest.mark.parametrize("importer", IMPORTERS.values(), ids=IMPORTERS)


@pytest.fixture
def db(tmp_path) -> GenomeDB:
    return GenomeDB.create(tmp_path / "db", "toy", {"chr1": 1000, "chr2": 500})


@pytest.fixture
def file(importer, tmp_path) -> Path:
    path = tmp_path / f"input{importer.suffix}"
    importer.write(path, "chr1")
    return path


def parts(db: GenomeDB) -> list[Path]:
    return [path for path in db.folder.iterdir() if path.name.startswith(".") and path.name != ".lock"]


@everywhere
class TestImporter:
    def test_makes_what_it_reports(self, importer, db, file):
        report = importer.run(db, "x", file, threads=1)
        assert isinstance(report, ImportReport)
        assert report.track == "x"
        assert report.rows
        assert "x" in report.lines()[0] or "x" in report.lines()[1]
        assert db.verify("x").whole
        assert str(file) in str(db["x"].attributes["source"])
        assert db["x"].attributes["import_report"]

    def test_both_stores_hold_the_same(self, importer, db, file):
        for store in ("h5", "zarr"):
            importer.run(db, store, file, store=store, threads=1)
        one, other = db["h5"], db["zarr"]
        if hasattr(one, "to_dataframe"):
            assert one.to_dataframe().equals(other.to_dataframe())
        else:
            assert np.array_equal(one.values("chr1"), other.values("chr1"), equal_nan=one.kind == "signal")

    def test_an_existing_name_is_refused_before_anything_is_read(self, importer, db, file):
        importer.run(db, "x", file, threads=1)
        file.write_bytes(b"\0 no such format")
        with pytest.raises(TrackExistsError, match="overwrite=True"):
            importer.run(db, "x", file)

    def test_an_unknown_chromosome(self, importer, db, file, tmp_path):
        other = tmp_path / f"other{importer.suffix}"
        importer.write(other, "chr9")
        with pytest.raises(FormatError, match="chr9"):
            importer.run(db, "x", other)
        options = {importer.skips: True} if importer.skips else {}
        with pytest.raises(FormatError, match="chrom_alias="):
            importer.run(db, "x", other, **options)
        assert db.list_tracks() == []
        assert parts(db) == []

    def test_names_are_translated(self, importer, db, tmp_path):
        plain = tmp_path / f"plain{importer.suffix}"
        importer.write(plain, "1")
        assert importer.run(db, "x", plain, chrom_alias="ucsc", threads=1).rows

    def test_a_file_without_data(self, importer, db, tmp_path):
        if importer.empty is None:
            return
        empty = tmp_path / f"empty{importer.suffix}"
        empty.write_text(importer.empty)
        with pytest.raises(GenomeArrayError, match="allow_empty=True") as caught:
            importer.run(db, "x", empty)
        assert "--allow-empty" in caught.value.on_command_line()
        assert "--" not in str(caught.value)
        importer.run(db, "x", empty, allow_empty=True, threads=1)
        assert db.list_tracks() == ["x"]

    def test_damage_leaves_nothing(self, importer, db, file):
        file.write_bytes(b"\x07garbage\0\n" * 5)
        with pytest.raises((GenomeArrayError, OSError)):
            importer.run(db, "x", file)
        assert db.list_tracks() == []
        assert parts(db) == []

    def test_wrong_arguments(self, importer, db, file, tmp_path):
        with pytest.raises(ArgumentError, match="nearest names: 'overwrite'"):
            importer.run(db, "x", file, overwrit=True)
        with pytest.raises(FormatError, match="not there"):
            importer.run(db, "x", tmp_path / "nothing")
        with pytest.raises(ArgumentError, match="allowed are 'h5', 'zarr'"):
            importer.run(db, "x", file, store="parquet")


def test_xb_comes_back(db, tmp_path):
    """XB has no text to mutate: it is written by its own exporter."""
    from genomearray_converters import export_xb

    db.save_track("x", {"chr1": np.arange(1000) % 200}, dtype="uint8")
    export_xb(db["x"], tmp_path / "x.xb")
    assert import_xb(db, "y", tmp_path / "x.xb").rows
    assert np.array_equal(db["y"].values("chr1"), db["x"].values("chr1"))
