"""Many tracks at once, against deepTools, pybigtools and pyBigWig.

    python benchmarks/stacks.py [FOLDER] [PARTS]

PARTS: many (a thousand tracks), regions, matrix, corr. Everybody gets the same values, ours as tracks,
theirs as bigWig files; deepTools' programs are looked for on PATH, get as many processes as there are cores,
and are told when they are absent. Whole commands are timed as commands.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pybigtools
from compute import peer
from genome import write_bigwig
from peers import alternate, tell
from synthetic import HUMAN, depth

import genomearray as ga

CHROM = "chr21"
LENGTH = HUMAN[CHROM]
PROGRAM = Path(sys.executable).with_name("genomearray")
CORES = str(os.cpu_count())


def run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def prepared(folder: Path, n: int) -> tuple[list[str], list[Path]]:
    """Depth of chr21 as n tracks and bigWig files."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "db" / "bench").is_dir():
        ga.GenomeDB.create(folder / "db", "bench", {CHROM: LENGTH})
    db = ga.GenomeDB(folder / "db", "bench")
    names = [f"depth/{k}" for k in range(n)]
    files = [folder / f"depth{k}.bw" for k in range(n)]
    for k, (name, path) in enumerate(zip(names, files, strict=True)):
        if not db.has_track(name) or not path.exists():
            values = depth(LENGTH, seed=k)
            db.save_track(name, {CHROM: values}, overwrite=True)
            write_bigwig(path, {CHROM: values})
    return names, files


def genes(folder: Path, n: int = 20_000) -> Path:
    rng = np.random.default_rng(3)
    starts = np.sort(rng.integers(10_000, LENGTH - 50_000, n))
    ends = starts + rng.integers(500, 30_000, n)
    path = folder / "genes.bed"
    rows = zip(starts.tolist(), ends.tolist(), strict=True)
    path.write_text("".join(f"{CHROM}\t{a}\t{b}\tg{k}\t0\t{'+-'[k % 2]}\n" for k, (a, b) in enumerate(rows)))
    return path


def ours(folder: Path, *words: object) -> None:
    run(PROGRAM, "--db", folder / "db", "--assembly", "bench", *words)


def regions(folder: Path, runs: int = 3) -> None:
    names, files = prepared(folder, 5)
    bed = genes(folder)

    def with_pybigtools() -> None:
        for path in files:
            with pybigtools.open(str(path)) as file:
                list(file.average_over_bed(str(bed), names=4, stats="mean"))

    tasks = {
        "genomearray": lambda: ours(folder, "regions", "--bed", bed, *names, "-o", folder / "ours.tsv"),
        "pybigtools average_over_bed": with_pybigtools,
    }
    tell("20,000 genes x 5 tracks, mean", alternate(tasks, runs), "genomearray")
    summary = peer("multiBigwigSummary")
    if summary:
        words = [
            "BED-file",
            "-b",
            *files,
            "--BED",
            bed,
            "-o",
            folder / "m.npz",
            "--outRawCounts",
            folder / "m.tsv",
            "-p",
            CORES,
        ]
        tasks = {"genomearray": tasks["genomearray"], "multiBigwigSummary": lambda: run(summary, *words)}
        tell("the same", alternate(tasks, 1), "genomearray")


def matrix(folder: Path) -> None:
    names, files = prepared(folder, 5)
    bed = genes(folder)
    compute_matrix = peer("computeMatrix")
    asked = ["--reference", "start", "--before", 5000, "--after", 5000, "--bin-size", 10]
    tasks = {
        "genomearray": lambda: ours(
            folder, "matrix", *names, "--bed", bed, *asked, "-o", folder / "o.gz", "--overwrite"
        ),
        "genomearray, .npz": lambda: ours(
            folder, "matrix", *names, "--bed", bed, *asked, "-o", folder / "o.npz", "--overwrite"
        ),
    }
    if compute_matrix:
        words = [
            "reference-point",
            "-S",
            *files,
            "-R",
            bed,
            "-b",
            5000,
            "-a",
            5000,
            "-bs",
            10,
            "-p",
            CORES,
            "--sortRegions",
            "keep",
        ]
        tasks["computeMatrix"] = lambda: run(compute_matrix, *words, "-o", folder / "t.gz")
    tell("matrix of 20,000 genes, 10 kb, 10 bp bins, 5 tracks", alternate(tasks, 1), "genomearray")


def corr(folder: Path) -> None:
    names, _ = prepared(folder, 20)
    db = ga.GenomeDB(folder / "db", "bench")
    stack = db.stack(names)
    stack.tracks  # noqa: B018 - opened
    tell(
        "correlation of 20 tracks in bins of 10 kb",
        alternate({"genomearray": lambda: stack.corr(10_000)}, 3),
        "genomearray",
    )
    tell("median across 20 tracks, 4 Mbp", alternate({"genomearray": lambda: stack.median("track").values(CHROM, 10_000_000, 14_000_000), "numpy": lambda: np.median(stack.values(CHROM, 10_000_000, 14_000_000), axis=0)}, 3), "genomearray")  # fmt: skip


def many(folder: Path, n: int = 1000) -> None:
    sizes = {f"chr{k}": 1_600_000 for k in range(1, 26)}
    if not (folder / "many" / "toy").is_dir():
        made = ga.GenomeDB.create(folder / "many", "toy", sizes)
        base = depth(1_600_000)
        for k in range(n):
            made.save_track(f"t/{k:04d}", {"chr1": np.roll(base, k)})
    db = ga.GenomeDB(folder / "many", "toy")
    tell(
        "a stack of 1,000 tracks, made",
        alternate({"genomearray": lambda: db.stack("t/*")}, 5),
        "genomearray",
        1e3,
        "ms",
    )
    stack = db.stack("t/*")
    stack.values("chr1", 0, 2000)
    rng = np.random.default_rng(1)

    def window() -> None:
        at = int(rng.integers(0, 1_500_000))
        stack.values("chr1", at, at + 2000)

    tell(
        "one window of 2 kb of all, once open",
        alternate({"genomearray": window}, 9),
        "genomearray",
        1e3,
        "ms",
    )


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "bench-stacks")
    parts = {"many": many, "regions": regions, "matrix": matrix, "corr": corr}
    print("| work | medians | ratio |\n|---|---|---|")
    for name in sys.argv[2:] or parts:
        parts[name](folder)


if __name__ == "__main__":
    main()
