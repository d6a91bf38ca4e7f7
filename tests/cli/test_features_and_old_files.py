"""Features, sequences and old files on the command line, as the installed program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import genomearray as ga
from tests import old_files
from tests.old_files import CONTIGS, dense, write_chromosomes, write_features

PROGRAM = Path(sys.executable).parent / "genomearray"
SIZES = {"chr1": 1000, "chr2": 500}


@pytest.fixture
def run(tmp_path):
    """The program on a small database; gives status, output and messages."""
    db = ga.GenomeDB.create(tmp_path, "toy", SIZES)
    fasta = tmp_path / "toy.fa"
    fasta.write_text("".join(f">{name}\n{('ACGTacgtNN' * 100)[:size]}\n" for name, size in SIZES.items()))

    def call(*words, status=0, stdin=None, assembly="toy"):
        env = os.environ | {"GENOME_DB": str(tmp_path)} | ({"GENOME_ASSEMBLY": assembly} if assembly else {})
        done = subprocess.run(
            [PROGRAM, *map(str, words)], env=env, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if status == 0 else done.stderr

    call("import", "fasta", "seq", fasta)
    call.db, call.folder = db, tmp_path
    return call


def test_features_from_import_to_export(run):
    bed = "chr2\t5\t9\tb\t7\t-\nchr1\t100\t200\ta\t2.5\t+\n"
    run("import", "bed", "peaks", "-", stdin=bed)
    assert (
        run("get", "peaks", "chr1:150-160")
        == "chrom\tstart\tend\tstrand\tname\tscore\nchr1\t100\t200\t+\ta\t2.5\n"
    )
    assert "features\t2\n" in run("info", "peaks")
    assert run("export", "bed", "peaks", "-") == "chr1\t100\t200\ta\t2.5\t+\nchr2\t5\t9\tb\t7\t-\n"
    assert "every column can be read, and agrees with its checksums" in run("verify", "peaks")
    (run.folder / "a.bed").write_text(bed)
    for how, total in (("mask", "104"), ("coverage", "104"), ("score", "278.0")):
        run("import", "bed", how, run.folder / "a.bed", "--as", how)
        assert f"sum\t{total}\n" in run("stats", how)
    run("import", "bed", "small", run.folder / "a.bed", "--as", "score", "--dtype", "uint8", "--round")
    assert "sum\t228\n" in run("stats", "small")
    run("distance", "peaks", "near", "--sign", "strand", "--dtype", "float32")
    assert run("get", "near", "chr2:1-10").split()[2::3] == [
        "5.0",
        "4.0",
        "3.0",
        "2.0",
        "1.0",
        "0.0",
        "0.0",
        "0.0",
        "0.0",
        "-1.0",
    ]  # minus strand
    reported = run("import", "bed", "peaks", "-", stdin=bed, status=1)
    assert reported.startswith("genomearray: track 'peaks' exists")
    assert run("import", "bed", "x", "-", stdin="chr1\t5\n", status=1) == (
        "genomearray: standard input:1: 2 columns; a line of BED has at least 3: chrom, start, end; "
        "--skip-bad skips and counts such lines\n"
    )
    assert "dtype is for tracks" in run(
        "import", "bed", "x", run.folder / "a.bed", "--dtype", "uint8", status=1
    )


def test_genes(run):
    line = 'chr1\tx\t{}\t{}\t{}\t.\t-\t.\tgene_id "G"; transcript_id "T";\n'
    run("import", "genes", "genes", "-", stdin=line.format("exon", 101, 200) + line.format("CDS", 151, 200))
    assert (
        run("get", "genes", "chr1:1-1000").splitlines()[1]
        == "chr1\t100\t200\t-\tT\tG\t\t\t150\t200\t100\t200"
    )
    assert run("get", "genes").count("\n") == 2
    assert run("export", "bed", "genes", "-") == "chr1\t100\t200\tT\t0\t-\t150\t200\t0\t1\t100\t0\n"
    assert run("export", "bed", "genes", "-", "--parts", "tss") == "chr1\t199\t200\tT\t0\t-\n"
    assert run("export", "bed", "genes", "-", "--parts", "coding_exons") == (
        "#chrom\tstart\tend\tname\tscore\tstrand\tpart\nchr1\t150\t200\tT\t0\t-\t1\n"
    )
    run("get", "seq", status=2)
    assert "no attributes" in run(
        "import", "genes", "x", "-", stdin="chr1\tx\texon\t1\t9\t.\t+\t.\n", status=1
    )


def test_sequences(run):
    assert run("seq", "chr1", 1, 6) == ">chr1:1-6\nACGTAC\n"
    assert run("seq", "chr1", 1, 6, "--soft-mask") == ">chr1:1-6\nACGTac\n"
    regions = "chr1\t4\t12\tpeak\t0\t-\nchr2\t0\t3\nchr1\t995\t1000\t.\t0\t+\n"
    assert (
        run("seq", "--bed", "-", stdin=regions)
        == ">chr1:5-12(-) peak\nGTNNACGT\n>chr2:1-3\nACG\n>chr1:996-1000\nCGTNN\n"
    )
    assert run("seq", "--bed", "-", "--soft-mask", stdin=regions).splitlines()[1] == "GTNNacgt"
    rows = [line.split("\t") for line in run("seq-stats").splitlines()]
    assert [row[:3] for row in rows] == [
        ["chrom", "n", "n_a"],
        ["chr1", "1000", "200"],
        ["chr2", "500", "100"],
        ["total", "1500", "300"],
    ]
    run("kmer", "seq", "CG", "cpg")
    assert "sum\t300\n" in run("stats", "cpg")
    run("gc", "seq", "gc", "--window", "10", "--dtype", "float32")
    assert run("get", "gc", "chr1:500-500") == "chr1\t500\t0.5\n"
    assert "is not there" in run("seq", "--bed", "nowhere.bed", status=1)
    assert "reach outside their chromosome" in run("seq", "--bed", "-", stdin="chr2\t490\t501\n", status=1)
    run("seq", "chr1", status=2)
    run("seq", "chr1", 1, 5, "--bed", "-", status=2)
    assert "holds a signal" in run("seq-stats", "cpg", status=1)


def test_old_database(run):
    write_chromosomes(run.folder / "old")
    values = {name: np.full(size, 3, "uint16") for name, size in CONTIGS.items()}
    dense(run.folder / "old" / "t.h5", values)
    old_files.set_statistics(run.folder / "old" / "t.h5")
    write_features(
        run.folder / "old" / "f.h5",
        {"chr1": [{"name": b"x", "start": 11, "end": 20, "score": 5, "strand": -1}]},
    )
    (run.folder / "old" / "begun.h5").write_bytes(b"")
    assert run("tracks", assembly="old") == "begun\nf\nt\n"
    assert run("get", "t", "chrM:1-1", assembly="old") == "chrM\t1\t3\n"
    assert run("get", "f", "chr1", assembly="old").splitlines()[1] == "chr1\t10\t20\t-\tx\t5"
    reported = run("info", "t", "--chromosomes", assembly="old")
    assert "genome (PyTables)" in reported
    header, *rows = [line.split("\t") for line in reported.splitlines() if line.count("\t") > 3]
    assert dict(zip(header, rows[-1], strict=True)) == {
        "name": "chr6_apd_hap1",
        "length": "120",
        "n": "120",
        "n_nan": "0",
        "min": "3",
        "max": "3",
        "sum": "360",
    }
    assert f"sum\t{3 * sum(CONTIGS.values())}\n" in run("stats", "t", assembly="old")
    assert "no stored statistics are wrong" in run("verify", "t", assembly="old")
    assert "the file is empty" in run("get", "begun", "chr1", status=1, assembly="old")
    out = run("migrate", run.folder / "new", "--assembly", "old", assembly=None)
    assert out.splitlines()[-1] == "files: 2 copied, 0 there, 1 left out, 0 failed"
    assert ga.GenomeDB(run.folder / "new", "old")["t"].sum() == 3 * sum(CONTIGS.values())
    raw = (run.folder / "old" / "t.h5").read_bytes()
    (run.folder / "old" / "t.h5").write_bytes(raw[: len(raw) // 2])
    assert "1 of 3 files could not be copied" in run(
        "migrate", run.folder / "newer", "--assembly", "old", status=1, assembly=None
    )


def test_archives_and_xb(run):
    path = run.folder / "a.genomedata"
    with h5py.File(path, "w") as file:
        file.attrs["genomedata_format_version"] = np.int32(1)
        file.attrs["tracknames"] = np.array([b"one"])
        group = file.create_group("chr2/supercontig_0")
        group.attrs["start"], group.attrs["end"] = 0, 5
        group["continuous"] = np.arange(5, dtype="float32")[:, None]
    run("import", "genomedata", "one", path)
    assert run("get", "one", "chr2:5-6") == "chr2\t5\t4.0\nchr2\t6\tnan\n"
    run("import", "genomedata", "two", path, "--dtype", "float64")
    assert "is not an XB file" in run("import", "xb", "x", path, status=1)
