"""The example programs and notebooks run, as a biologist would run them."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

import genomearray as ga

ROOT = Path(__file__).resolve().parents[1]


def run(program, *words, env=None, cwd=None):
    environment = os.environ | {"MPLBACKEND": "Agg"} | (env or {})
    done = subprocess.run(
        [sys.executable, program, *words],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def genome(tmp_path):
    """A genome small enough for a test, with the tracks the old README names."""
    sizes = {"chr1": 5000, "chr12": 1_000_200, "chrX": 900, "chrY": 300}
    db = ga.GenomeDB.create(tmp_path, "toy", sizes)
    rng = np.random.default_rng(0)
    counts = {name: rng.integers(0, 5, size).astype("uint16") for name, size in sizes.items()}
    db.save_track("dnase/dnase_all_combined", counts)
    db.save_track("mnase/q10/mnase_mids_combined", counts)
    letters = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, sizes["chr12"])]
    db.save_track("seq", [("chr12", 0, letters)], kind="sequence")
    return counts, letters, {"GENOME_DB": str(tmp_path), "GENOME_ASSEMBLY": "toy"}


def test_the_first_example_of_the_old_readme(genome):
    counts, _, env = genome
    reported = run(ROOT / "examples" / "count_chromosomes.py", env=env)
    assert reported.startswith(str(counts["chr12"][999_999:1_000_100]))
    for chrom in ("chr1", "chr12", "chrX"):
        assert f"{chrom} length is {counts[chrom].size}bp\nDNase cuts: {counts[chrom].sum()}\n" in reported
    assert "chrY" not in reported


def test_the_second_example_of_the_old_readme(genome):
    _, letters, env = genome
    reported = run(ROOT / "examples" / "get_sequence.py", "chr12", "1000000", "1000100", "-", env=env)
    header, *lines = reported.splitlines()
    assert header == ">chr12:1000000-1000100(-)"
    assert "".join(lines) == ga.revcomp(letters[999_999:1_000_100].tobytes().decode())


def test_the_demo(tmp_path):
    for _ in range(2):  # it can be run again
        reported = run(ROOT / "examples" / "demo.py", "out", cwd=tmp_path)
        assert "<PositionIndex toy chr1:50001-85000>" in reported
        assert (tmp_path / "out" / "demo.png").stat().st_size > 20_000


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.name)
@pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
def test_notebooks_run_and_draw(path, tmp_path):
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), (
        "outputs belong to the reader, not to the repository"
    )
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    kinds = {
        kind
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        for kind in output.get("data", {})
    }
    assert "image/png" in kinds
