"""Commands about many tracks, as the installed program."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from genomearray_converters import export_bigwig

import genomearray as ga

PROGRAM = Path(sys.executable).parent / "genomearray"
SIZES = {"chr1": 5000, "chr2": 800, "chr3": 100}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("db")
    db = ga.GenomeDB.create(folder, "toy", SIZES)
    rng = np.random.default_rng(4)
    for k, name in enumerate(("chip/a", "chip/b", "input")):
        db.save_track(
            name, {chrom: rng.poisson(3 + k, n).astype("uint16") for chrom, n in list(SIZES.items())[:2]}
        )
    (folder / "genes.bed").write_text(
        "chr2\t10\t90\tg1\t0\t-\nchr1\t0\t500\tg2\t0\t+\nchr1\t5\t6\tg3\t0\t+\n"
    )
    (folder / "plain.bed").write_text("chr1\t5\t60\n")

    def call(*words, status=0, named=True):
        env = {**os.environ, "GENOME_ASSEMBLY": "toy"} | ({"GENOME_DB": str(folder)} if named else {})
        done = subprocess.run(
            [PROGRAM, *map(str, words)], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
        call.said = done.stderr
        return done.stdout if status == 0 else done.stderr

    call.db, call.folder = db, folder
    return call


def table(text):
    return pd.read_csv(io.StringIO(text), sep="\t", na_values=[""], keep_default_na=False)


def test_regions(run):
    frame = table(
        run("regions", "--bed", run.folder / "genes.bed", "chip/*", "input", "--stat", "mean,over:4,median")
    )
    columns = ["chrom", "start", "end", "name", "strand"]
    assert list(frame.columns)[:5] == columns
    assert list(frame.columns)[5:8] == ["chip/a:mean", "chip/a:over:4", "chip/a:median"]
    assert frame["name"].tolist() == ["g1", "g2", "g3"]
    for name in ("chip/a", "chip/b", "input"):
        own = run.db[name].region_stats(run.folder / "genes.bed", "mean,over:4,median")
        for stat in ("mean", "over:4", "median"):
            np.testing.assert_array_equal(frame[f"{name}:{stat}"], own[stat])
    assert list(table(run("regions", "--bed", run.folder / "plain.bed", "input")).columns) == [
        *columns[:3],
        "input",
    ]


def test_a_table_and_a_sheet_and_files(run, tmp_path):
    run("import", "bed", "genes", run.folder / "genes.bed", "--overwrite")
    frame = table(run("regions", "--bed", "genes", "input"))
    assert frame["name"].tolist() == ["g2", "g3", "g1"]
    export_bigwig(run.db["input"], tmp_path / "x.bw")
    (tmp_path / "s.tsv").write_text("track\tcondition\ninput\ta\nx.bw\tb\n")
    frame = table(run("regions", "--bed", "genes", tmp_path / "s.tsv"))
    np.testing.assert_array_equal(frame.iloc[:, -1], frame.iloc[:, -2])
    alone = table(run("regions", "--bed", run.folder / "genes.bed", tmp_path / "x.bw", named=False))
    assert alone.columns[-1] == "x"
    np.testing.assert_array_equal(alone["x"], run.db["input"].region_stats(run.folder / "genes.bed")["mean"])


def test_bins_to_a_file(run, tmp_path):
    assert run("bins", 1000, "chip/*", "-o", tmp_path / "a.tsv", "--chrom", "chr1", "--stat", "max") == ""
    frame = pd.read_csv(tmp_path / "a.tsv", sep="\t")
    assert frame["end"].tolist() == [1000, 2000, 3000, 4000, 5000]
    np.testing.assert_array_equal(frame["chip/b"], run.db["chip/b"].bins("chr1", 1000)["max"].values)


def test_corr_and_pca(run):
    frame = table(run("corr", "chip/*", "input", "--bins", 100)).set_index("track")
    means = pd.DataFrame(run.db.stack(["chip/*", "input"]).bins(100, chroms=["chr1", "chr2"])["mean"].values)
    np.testing.assert_allclose(frame.to_numpy(), means.corr().to_numpy(), rtol=1e-9)
    assert "1 chromosomes on which every track is 0 or missing were left out: chr3" in run.said
    run.db.save_track(
        "flat", {"chr1": np.full(5000, 3, "uint8"), "chr2": np.full(800, 3, "uint8")}, overwrite=True
    )
    assert "flat\tnan\tnan" in run("corr", "flat", "input", "--bins", 100)
    assert "track flat is constant" in run.said
    frame = table(run("pca", "chip/*", "input", "--bins", 100, "-n", 2))
    assert frame["track"].tolist() == ["explained", "chip/a", "chip/b", "input"]
    assert 0.99 < frame.iloc[0, 1:].astype(float).sum() <= 1 + 1e-9


def test_compare_compute_and_summary(run):
    a, b = (run.db[name].values("chr1").astype(float) for name in ("chip/a", "chip/b"))
    run("compare", "l2", "chip/a", "chip/b", "--overwrite")
    np.testing.assert_allclose(run.db["l2"].values("chr1"), np.log2((a + 1) / (b + 1)), rtol=1e-6)
    run("compute", "e", "where(x > 3, x / (y + 1), 0)", "x=chip/a", "y=chip/b", "--overwrite")
    assert run.db["e"].dtype == np.float32
    np.testing.assert_allclose(run.db["e"].values("chr1"), np.where(a > 3, a / (b + 1), 0), rtol=1e-6)
    run("summary", "all/{stat}", "chip/*", "--stat", "mean,median,over:3,quantile:0.9,max", "--overwrite")
    both = np.stack([a, b])
    want = {
        "mean": both.mean(0), "median": np.median(both, 0), "over_3": (both >= 3).mean(0),
        "quantile_0.9": np.quantile(both, 0.9, axis=0), "max": both.max(0),
    }  # fmt: skip
    for name, values in want.items():
        np.testing.assert_allclose(run.db[f"all/{name}"].values("chr1"), values, rtol=1e-6)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["regions", "--bed", "genes.bed", "chip/a"], "'genes.bed' is not in the database|not there"),
        (["regions", "--bed", "{bed}", "chip/x", "y"], "2 tracks: 'chip/x', 'y' are not in"),
        (["regions", "--bed", "{bed}", "none*"], "'none*' is not in"),
        (["regions", "--bed", "{bed}", "chip/a", "--stat", "total"], "stats='total' is not known"),
        (["regions", "--bed", "{bed}", "nothing.tsv"], "sample sheet nothing.tsv is not there"),
        (["corr", "chip/a", "input", "--chrom", "chr3"], "no bin is left to compare"),
        (["compute", "x", "z + 1", "a=chip/a"], "'z' in 'z + 1' is no track; known are a"),
        (["compute", "x", "a.b", "a=chip/a"], "is not allowed"),
        (["summary", "x", "chip/*", "--stat", "mean,max"], "write {stat}"),
        (["summary", "x{stat}", "chip/*", "--stat", "mode"], "stat 'mode' is not known"),
        (["compare", "chip/a", "chip/a", "input", "--overwrite"], "is an input and the output"),
    ],
)
def test_what_is_wrong_is_one_line(run, words, message):
    said = run(*[str(run.folder / "genes.bed") if word == "{bed}" else word for word in words], status=1)
    assert any(part in said for part in message.split("|")), said
    assert len(said.strip().splitlines()) == 1
    assert not run.db.has_track("x")
