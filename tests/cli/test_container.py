"""As in a container or on a batch node: another user, no home, nothing writable but the database and TMPDIR."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pysam
import pytest

import genomearray as ga

PROGRAM = Path(sys.executable).with_name("genomearray")


@pytest.fixture
def place():
    """A folder that anybody may enter, with inputs that nobody may change."""
    folder = Path(tempfile.mkdtemp(prefix="genomearray-container-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def make_inputs(folder):
    (folder / "a.sizes").write_text("chr1\t5000\nchr2\t300\n")
    (folder / "a.wig").write_text("fixedStep chrom=chr1 start=10 step=1\n1\n2.5\n")
    (folder / "a.bedgraph").write_text("chr1\t0\t100\t3\nchr2\t5\t9\t1\n")
    (folder / "a.chain").write_text("chain 900 chr1 5000 + 0 5000 chr1 5000 + 0 5000 1\n5000\n")
    header = {
        "HD": {"VN": "1.6", "SO": "coordinate"},
        "SQ": [{"SN": "chr1", "LN": 5000}, {"SN": "chr2", "LN": 300}],
    }
    with pysam.AlignmentFile(str(folder / "a.bam"), "wb", header=header) as out:
        for start in (100, 120, 3000):
            read = pysam.AlignedSegment(out.header)
            read.query_name, read.flag, read.reference_id, read.reference_start = "r", 0, 0, start
            read.mapping_quality, read.cigarstring, read.query_sequence = 60, "50M", "A" * 50
            out.write(read)


def somebody_else(place):
    """Options of subprocess.run for a user who owns nothing here; none where we cannot become one, or where
    the installation lies in a folder that others may not enter.
    """
    if os.getuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    try:
        done = subprocess.run(
            [sys.executable, "-c", "import genomearray"], cwd="/", **who, capture_output=True, check=False
        )
        reachable = done.returncode == 0
    except PermissionError:
        reachable = False
    if not reachable:
        return {}
    for name in ("db", "tmp"):
        os.chown(place / name, nobody.pw_uid, nobody.pw_gid)
    return who


def sources(folder):
    """Files of a package, without those that Python itself keeps."""
    return {path for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_every_kind_of_command_works_where_nothing_can_be_written_but_the_database(place):
    make_inputs(place)
    (place / "db").mkdir()
    (place / "tmp").mkdir()
    who = somebody_else(place)
    env = {
        "PATH": "/usr/bin:/bin",
        "GENOME_DB": str(place / "db"),
        "GENOME_ASSEMBLY": "a",
        "TMPDIR": str(place / "tmp"),
    }

    def run(*words, **options):
        given = {**env, **options}
        done = subprocess.run(
            [PROGRAM, *words], env=given, cwd="/", capture_output=True, text=True, check=False, **who
        )
        assert done.returncode == 0, done.stderr
        assert "Warning" not in done.stderr
        assert "cache" not in done.stderr
        return done.stdout

    code = Path(ga.__file__).parent
    before = sources(code)
    run("init", "a", place / "a.sizes", GENOME_ASSEMBLY="")
    run("init", "b", place / "a.sizes", GENOME_ASSEMBLY="")
    run("import", "wig", "w", place / "a.wig")
    run("import", "bedgraph", "c", place / "a.bedgraph", "--dtype", "uint16", "--store", "zarr")
    run("import", "depth", "d", place / "a.bam")
    run("combine", "sum", "c", "d", "--how", "sum", "--dtype", "uint16")
    run("liftover", "a", "b", place / "a.chain", "d", "--overwrite", GENOME_ASSEMBLY="")
    run("export", "bigwig", "d", place / "tmp" / "d.bw")
    assert run("tracks").split() == ["c", "d", "sum", "w"]
    assert run("get", "d", "chr1:101-101").split() == ["chr1", "101", "1"]
    db = ga.GenomeDB(place / "db", "a")
    assert db["sum"].sum() == db["c"].sum() + 150 == 454
    assert ga.GenomeDB(place / "db", "b")["d"].sum() == 150
    assert sources(code) == before
