"""A disk that is full at any byte: one line, status 1, no crash at exit, nothing left but what was there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from genomearray.storage.write.disk import Hdf5Disk

PROGRAM = str(Path(sys.executable).with_name("genomearray"))
LIMITS = (0, 1, 3, 8, 21, 55)  # blocks of 1,024 bytes that a file may have
WRITERS = {
    "bedgraph": ["import", "bedgraph", "x", "a.bg"],
    "bedgraph zarr": ["import", "bedgraph", "x", "a.bg", "--store", "zarr"],
    "bed": ["import", "bed", "x", "a.bed"],
    "mask": ["import", "bed", "x", "a.bed", "--as", "mask"],
    "ends": ["import", "five-prime", "f", "r", "a.sam"],
    "combine": ["combine", "x", "base", "base"],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("full")
    (made / "a.sizes").write_text("chr12 1200000\nchr2 5000\n")
    (made / "a.bg").write_text("".join(f"chr12 {k * 20} {k * 20 + 7} {k % 90}\n" for k in range(20_000)))
    (made / "a.bed").write_text(
        "".join(f"chr12\t{k * 20}\t{k * 20 + 7}\tname{k}\t{k % 90}\n" for k in range(5000))
    )
    reads = "".join(f"r\t{16 * (k % 2)}\tchr12\t{1 + k * 20}\t60\t4M\t*\t0\t0\t*\t*\n" for k in range(5000))
    (made / "a.sam").write_text("@SQ\tSN:chr12\tLN:1200000\n@SQ\tSN:chr2\tLN:5000\n" + reads)
    run(made, None, "init", "toy", "a.sizes", "--db", "db")
    run(made, None, *WRITERS["bedgraph"][:2], "base", "a.bg")
    return made


def run(folder: Path, limit: int | None, *words: str) -> subprocess.CompletedProcess[str]:
    script = 'exec "$0" "$@"' if limit is None else f'ulimit -f {limit}; exec "$0" "$@"'
    env = {**os.environ, "GENOME_DB": "db", "GENOME_ASSEMBLY": "toy"}
    return subprocess.run(
        ["bash", "-c", script, PROGRAM, *words],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_assembly_that_cannot_be_written_leaves_nothing(folder):
    done = run(folder, 1, "init", "other", "a.sizes", "--db", "db")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert not (folder / "db" / "other").exists()


@pytest.mark.parametrize("writer", WRITERS)
def test_a_full_disk_is_one_line(folder, writer):
    database = folder / "db" / "toy"
    refused = 0
    for limit in LIMITS:
        done = run(folder, limit, *WRITERS[writer])
        names = sorted(path.name for path in database.iterdir())
        assert not [name for name in names if ".part" in name], (limit, names)
        if done.returncode == 0:
            break
        refused += 1
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), (limit, done)
        assert done.stderr.startswith("genomearray: "), (limit, done)
        assert names == [".lock", "base.h5", "chromosome.h5"], (limit, names)
    for name in database.glob("[xfr].*"):
        subprocess.run(["rm", "-r", name], check=True)
    assert refused


def test_a_new_database_on_a_full_disk(folder):
    for limit in (0, 1, 2, 4):
        done = run(folder, limit, "init", f"new{limit}", "a.sizes")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), (limit, done)


def test_what_hdf5_is_told_of_a_disk_that_fails(tmp_path):
    """Writes are dropped, reads give what was written or zeros, and the error comes after the call."""
    disk = Hdf5Disk(tmp_path / "a")
    with disk.calls():
        assert disk.write(b"abcd") == 4
    disk.drop()
    with pytest.raises(OSError, match="cancel"), disk.calls():
        assert disk.write(b"efgh") == 4
        assert disk.seek(0) == 0
        assert disk.read(8) == b"abcd\0\0\0\0"
        assert disk.truncate(6) == 6
    disk.close()
    assert (tmp_path / "a").read_bytes() == b"abcd"
