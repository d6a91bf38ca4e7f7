"""Matrix files: as computeMatrix writes them, by its own rules written out slowly."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from genomearray_converters import export_matrix

import genomearray as ga
from genomearray.errors import GenomeArrayError

PROGRAM = Path(sys.executable).parent / "genomearray"
SIZES = {"chr1": 9000, "chr2": 700}


@pytest.fixture(scope="module")
def setup(tmp_path_factory):
    folder = tmp_path_factory.mktemp("db")
    db = ga.GenomeDB.create(folder, "toy", SIZES)
    rng = np.random.default_rng(6)
    scores = {chrom: rng.normal(3, 2, n).astype("float32") for chrom, n in SIZES.items()}
    for values in scores.values():
        values[rng.random(values.size) < 0.2] = np.nan
    counts = {chrom: rng.poisson(2, n).astype("uint16") for chrom, n in SIZES.items()}
    db.save_track("scores", scores)
    db.save_track("counts", counts)
    lines = {"up": [], "down": []}
    for k in range(60):
        chrom = "chr1" if k % 4 else "chr2"
        start = int(rng.integers(0, SIZES[chrom] - 400))
        end = start + int(rng.integers(30, 400))
        lines["up" if k % 3 else "down"].append((chrom, start, end, f"gene{k}", "+-"[k % 2]))
    lines["up"].append(("chr2", 0, 37, "edge", "-"))
    for name, rows in lines.items():
        text = "".join(f"{c}\t{s}\t{e}\t{n}\t0\t{strand}\n" for c, s, e, n, strand in rows)
        (folder / f"{name}.bed").write_text(text)
    return db, folder, {"scores": scores, "counts": counts}, lines


def base(values, at):
    return float(values[at]) if 0 <= at < values.size else np.nan


def binned(values, start, end, n):
    """One zone of computeMatrix: numpy's linspace says where bins begin."""
    row = []
    for low, high in zip(start, end, strict=True):
        there = [base(values, at) for at in range(low, max(high, low + 1))]
        there = [value for value in there if value == value]
        row.append(np.mean(there) if there else np.nan)
    assert len(row) == n
    return row


def expected(values, region, before, after, size, body):
    """A row, as computeMatrix -bs makes it: zones along the genome, turned round on the minus strand."""
    _, start, end, _, strand = region
    left, right = (after, before) if strand == "-" else (before, after)
    if body is None:
        point = end if strand == "-" else start
        zones = [(point - left, point, left // size), (point, point + right, right // size)]
    else:
        zones = [(start - left, start, left // size), (start, end, body), (end, end + right, right // size)]
    row, passed = [], 0
    for low, high, n in zones:
        if n:
            borders = np.append(
                np.linspace(passed, passed + high - low, n, endpoint=False, dtype=int), passed + high - low
            )
            row += binned(values, borders[:-1] - passed + low, borders[1:] - passed + low, n)
        passed += high - low
    return row[::-1] if strand == "-" else row


def read(path):
    with gzip.open(path, "rt") as file:
        header = json.loads(file.readline()[1:])
        rows = [line.rstrip("\n").split("\t") for line in file]
    return header, [row[:6] for row in rows], np.array([[float(x) for x in row[6:]] for row in rows])


@pytest.mark.parametrize(
    ("options", "before", "after", "size", "body"),
    [
        (["--reference", "start", "--before", "40", "--after", "60", "--bin-size", "1"], 40, 60, 1, None),
        (["--reference", "start", "--width", "200"], 100, 100, 10, None),
        (["--bins", "37", "--before", "30", "--after", "50"], 30, 50, 10, 37),
        (["--bins", "50", "--flank", "20", "--bin-size", "1"], 20, 20, 1, 50),
    ],
)
def test_the_command_writes_what_computematrix_does(setup, tmp_path, options, before, after, size, body):
    _db, folder, arrays, lines = setup
    beds = [f"--bed=up={folder / 'up.bed'}", f"--bed=down={folder / 'down.bed'}"]
    command = [PROGRAM, "--db", folder, "--assembly", "toy", "matrix", "scores", "counts", *beds, *options]
    subprocess.run([*command, "-o", tmp_path / "m.gz"], check=True)
    header, rows, matrix = read(tmp_path / "m.gz")
    n = (before + after) // size + (body or 0)
    assert header["sample_labels"] == ["scores", "counts"]
    assert header["sample_boundaries"] == [0, n, 2 * n]
    assert header["group_labels"] == ["up", "down"]
    assert header["group_boundaries"] == [0, len(lines["up"]), len(lines["up"]) + len(lines["down"])]
    assert header["upstream"] == [before] * 2
    assert header["downstream"] == [after] * 2
    assert header["body"] == [(body or 0) * size] * 2
    assert header["ref point"] == [None if body else "TSS"] * 2
    every = lines["up"] + lines["down"]
    assert rows == [[c, str(s), str(e), name, ".", strand] for c, s, e, name, strand in every]
    for k, region in enumerate(every):
        want = [
            expected(arrays[name][region[0]], region, before, after, size, body)
            for name in ("scores", "counts")
        ]
        np.testing.assert_allclose(matrix[k], np.concatenate(want), rtol=1e-6)


def test_other_files(setup, tmp_path):
    _db, folder, _, _ = setup
    command = [PROGRAM, "--db", folder, "--assembly", "toy", "matrix", "counts", "--bed", folder / "up.bed"]
    for name in ("m.npz", "m.nc", "m.gz"):
        subprocess.run([*command, "-o", tmp_path / name], check=True)
    want = read(tmp_path / "m.gz")[2]
    assert want.shape == (41, 200)
    with np.load(tmp_path / "m.npz") as arrays:
        np.testing.assert_array_equal(arrays["matrix"][0], want)
        assert arrays["name"][-1] == "edge"
    with xr.open_dataset(tmp_path / "m.nc", engine="h5netcdf") as again:
        np.testing.assert_array_equal(again["matrix"].values[0], want)
        assert again["group"].values[0] == "up"
        assert again["distance"].values[[0, -1]].tolist() == [-1000, 990]


def test_unequal_sides_in_python(setup):
    db, _, arrays, _ = setup
    stack = db.stack(["scores"])
    made = stack.profile(
        [("chr1", 500, 600, "+"), ("chr1", 500, 600, "-")], before=20, after=40, reference="end"
    )
    assert made["distance"].values.tolist() == list(range(-20, 40))
    values = arrays["scores"]["chr1"]
    np.testing.assert_array_equal(made["matrix"].values[0, 0], values[580:640])
    np.testing.assert_array_equal(made["matrix"].values[0, 1], values[460:520][::-1])
    one = db["scores"].profile([("chr1", 500, 600)], bins=4, before=20, after=10, bin_size=10)
    assert one["part"].values.tolist() == ["upstream"] * 2 + ["body"] * 4 + ["downstream"]


def test_what_is_wrong(setup, tmp_path):
    db, folder, _, _ = setup
    with pytest.raises(GenomeArrayError, match="no profile of a stack"):
        export_matrix(db["counts"].profile([("chr1", 5, 90)], bins=2), tmp_path / "m.gz")
    base = [PROGRAM, "--db", folder, "--assembly", "toy", "matrix", "counts", "-o", tmp_path / "m.gz"]
    bed = folder / "up.bed"
    for words, status, message in (
        (["--bed", bed, "--bins", "5", "--width", "10"], 2, "--bins scales regions"),
        (["--bed", bed, "--flank", "10"], 2, "--flank is beside scaled regions"),
        (["--bed", bed, "--width", "10", "--before", "5"], 2, "give --width, or"),
        (["--bed", bed, "--bed", bed], 2, "two groups are called 'up'"),
        (["--bed", "none.bed"], 1, "none.bed"),
        (["--bed", bed, "--before", "15", "--after", "20"], 1, "before=15 and bin_size=10"),
        (["--bed", bed, "--how", "mode"], 1, "how='mode' is not known"),
    ):
        done = subprocess.run([*base, *words], check=False, capture_output=True, text=True)
        assert done.returncode == status, done.stderr
        assert message in done.stderr
        assert not (tmp_path / "m.gz").exists()
