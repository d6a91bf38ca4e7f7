"""Whole commands and small reads against the goals that were set for them.

    python benchmarks/goals.py [FOLDER] [RUNS] [depth ends mean sum lift points sparse batch ...]

Every row runs everybody in turn on one core, start of the programs included, and prints medians of
processor time and of wall time, and how many times longer each peer takes. Programs are looked for
on PATH (mosdepth, samtools, wiggletools, CrossMap); an absent one is told as absent. Reads within a
process take new places each time.
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pyBigWig
from compute import FORTH, replicates
from genome import write_bigwig
from synthetic import HUMAN, depth

import genomearray as ga
from bam import prepare

PROGRAM = Path(sys.executable).with_name("genomearray")
CHAIN = Path(__file__).resolve().parents[2] / "shared" / "data" / "chain" / FORTH
SIZES = CHAIN.parents[1] / "chromsizes"
DENSE = ["chr21", "chr22"]  # 97 Mbp

Measured = tuple[float, float]  # processor time, wall time (s)


def measured(words: list[object]) -> Measured:
    """Of one process on one core, and of its children."""
    core = str(min(os.sched_getaffinity(0)))
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(["taskset", "-c", core, *map(str, words)], check=True, capture_output=True)
    taken, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, taken


def row(
    work: str, commands: dict[str, list[object]], runs: int, after: Callable[[], None] = lambda: None
) -> None:
    """A row of the table; the last command is the peer. ``after`` removes what a peer wrote."""
    taken: dict[str, list[Measured]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, words in commands.items():
            taken[name].append(measured(words))
            after()
    medians = {
        name: tuple(statistics.median(column) for column in zip(*seconds, strict=True))
        for name, seconds in taken.items()
    }
    *ours, peer = medians
    shown = ", ".join(f"{name} {cpu:.3g} s ({wall:.3g} s)" for name, (cpu, wall) in medians.items())
    ratios = ", ".join(
        f"{medians[peer][0] / medians[name][0]:.1f}x ({medians[peer][1] / medians[name][1]:.1f}x)"
        for name in ours
    )
    print(f"| {work} | {shown} | {ratios} |", flush=True)


def found(name: str) -> bool:
    if shutil.which(name) is None:
        print(f"| {name} is absent | | |", flush=True)
        return False
    return True


def assembly(folder: Path, name: str, sizes: dict[str, int]) -> ga.GenomeDB:
    if not (folder / "db" / name).exists():
        ga.GenomeDB.create(folder / "db", name, sizes)
    return ga.GenomeDB(folder / "db", name)


def reads(folder: Path, runs: int, which: str) -> None:
    """10 million reads of 100 bp on 97 Mbp."""
    if not found("mosdepth") or not found("samtools"):
        return
    bam = prepare(folder, "dense", 10_000_000, False, DENSE)
    assembly(folder, "dense", {chrom: HUMAN[chrom] for chrom in DENSE})
    ours: list[object] = [PROGRAM, "--db", folder / "db", "--assembly", "dense", "import"]
    ours += ["depth", "d"] if which == "depth" else ["five-prime", "f", "r"]
    peer: list[object] = ["mosdepth", "-t", 0, folder / "mosdepth", bam]
    row(
        f"{which} of 10 million reads on 97 Mbp",
        {"genomearray": [*ours, bam, "--overwrite", "--threads", 1], "mosdepth": peer},
        runs,
    )


def combined(folder: Path, runs: int, how: str, n: int) -> None:
    if not found("wiggletools"):
        return
    db, names, files = replicates(folder, n)
    dtype = "float32" if how == "mean" else "uint16"
    ours: list[object] = [PROGRAM, "--db", db.path, "--assembly", "chr21", "combine", "out", *names]
    ours += ["--how", how, "--overwrite", "--dtype", dtype]
    text = folder / "out.wig"
    text.unlink(missing_ok=True)
    row(
        f"{how} of {n}, chr21, 30x depth, written",
        {
            "HDF5": ours,
            "Zarr": [*ours, "--store", "zarr"],
            "WiggleTools": ["wiggletools", "write", text, how, *files],
        },
        runs,
        lambda: text.unlink(missing_ok=True),
    )


def points(folder: Path, n: int) -> tuple[Path, Path, ga.GenomeDB]:
    """Single bases on hg19 as bedGraph and as bigWig, and the database."""
    old, new = (
        assembly(folder, name, _main_sizes(SIZES / f"{name}.chrom.sizes")) for name in ("hg19", "hg38")
    )
    del new
    text, wig = folder / f"points{n}.bedgraph", folder / f"points{n}.bw"
    if not wig.exists():
        rng = np.random.default_rng(n)
        total = sum(chrom.length for chrom in old.get_chromosomes())
        with text.open("w") as out, pyBigWig.open(str(wig), "w") as file:
            chroms = sorted(old.get_chromosomes(), key=lambda chrom: chrom.name)
            file.addHeader([(chrom.name, chrom.length) for chrom in chroms])
            for chrom in chroms:
                start = np.unique(rng.integers(0, chrom.length, int(n * chrom.length / total)))
                value = rng.integers(1, 20, start.size)
                file.addEntries(
                    [chrom.name] * start.size, start, ends=start + 1, values=value.astype(np.float64)
                )
                rows = zip(start.tolist(), value.tolist(), strict=True)
                out.writelines(f"{chrom.name}\t{at}\t{at + 1}\t{score}\n" for at, score in rows)
    name = f"points{n}"
    if name not in old:
        words = ["--db", old.path, "--assembly", "hg19", "import", "bedgraph", name, text]
        subprocess.run([PROGRAM, *map(str, words), "--dtype", "uint16"], check=True, capture_output=True)
    return text, wig, old


def _main_sizes(path: Path) -> dict[str, int]:
    rows = (line.split() for line in path.read_text().splitlines())
    return {name: int(length) for name, length in rows if "_" not in name}


def lift(folder: Path, runs: int, n: int) -> None:
    if not CHAIN.exists() or not found("CrossMap"):
        print(f"| lift | {CHAIN.name} or CrossMap is absent | |", flush=True)
        return
    _, wig, old = points(folder, n)
    ours: list[object] = [PROGRAM, "--db", old.path, "liftover", "hg19", "hg38", CHAIN, f"points{n}", "--overwrite"]  # fmt: skip
    peer: list[object] = ["CrossMap", "bigwig", CHAIN, wig, folder / "lifted"]
    row(f"lift {n:,} single bases from hg19 to hg38", {"genomearray": ours, "CrossMap": peer}, runs)


def size(folder: Path, n: int = 150_000) -> None:
    _, wig, old = points(folder, n)
    sizes = {}
    for store in ("h5", "zarr"):
        old.save_track(f"points{n}_{store}", old[f"points{n}"], store=store, overwrite=True)
        path = Path(old[f"points{n}_{store}"].path)
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        sizes[store] = sum(file.stat().st_size for file in files) / 1e6
    shown = ", ".join(f"{store} {mb:.1f} MB" for store, mb in sizes.items())
    print(f"| {n:,} single bases, size | {shown}, bigWig {wig.stat().st_size / 1e6:.1f} MB | |", flush=True)


def within(
    work: str, tasks: dict[str, Callable[[], Callable[[], object]]], runs: int, per: int, unit: str = "us"
) -> None:
    """A row of work within this process: each task makes its places, then is timed."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(runs):
        for name, prepare_one in tasks.items():
            run = prepare_one()
            begin = time.perf_counter()
            run()
            taken[name].append((time.perf_counter() - begin) / per)
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    first, *others = medians
    scale = {"us": 1e6, "ms": 1e3}[unit]
    shown = ", ".join(f"{name} {seconds * scale:.3g} {unit}" for name, seconds in medians.items())
    ratios = ", ".join(f"{medians[name] / medians[first]:.1f}x {name}" for name in others)
    print(f"| {work} | {shown} | {ratios} |", flush=True)


def sparse(folder: Path, runs: int) -> None:
    """Reads where 1 base of 2,000 holds something."""
    _, wig, old = points(folder, 1_500_000)
    track, n = old["points1500000"], 200
    rng = np.random.default_rng()

    def asked(values: Callable[[str, int, int], object], width: int) -> Callable[[], object]:
        places = rng.integers(1_000_000, 240_000_000, n).tolist()
        values("chr1", 0, width)  # opens what opens late
        return lambda: [values("chr1", at, at + width) for at in places]

    for width in (100, 2_000, 100_000):
        theirs, first = pyBigWig.open(str(wig)), pybigtools.open(str(wig))
        within(
            f"{width:,} bp of counts, 1 base of 2,000",
            {
                "genomearray": lambda width=width: asked(track.values, width),
                "pybigtools": lambda width=width, file=first: asked(
                    lambda c, s, e: file.values(c, s, e, fillna=0), width
                ),
                "pyBigWig": lambda width=width, file=theirs: asked(
                    lambda c, s, e: file.values(c, s, e, numpy=True), width
                ),
            },
            runs,
            n,
        )


def batch(folder: Path, runs: int) -> None:
    """64 windows of 2,114 bp of 5 tracks on 16 chromosomes, new ones each time."""
    sizes = {f"chr{k}": 3_000_000 for k in range(1, 17)}
    db = assembly(folder, "batch", sizes)
    for k in range(5):
        values = {chrom: depth(length, seed=100 * k + j) for j, (chrom, length) in enumerate(sizes.items())}
        if f"t{k}" not in db:
            db.save_track(f"t{k}", values)
            db.save_track(f"z{k}", values, store="zarr")
        if not (folder / f"batch{k}.bw").exists():
            write_bigwig(folder / f"batch{k}.bw", values)
    n, rng = 20, np.random.default_rng()

    def regions() -> pd.DataFrame:
        start = rng.integers(0, 3_000_000 - 2114, 64 * n)
        names = [f"chr{k}" for k in rng.integers(1, 17, 64 * n)]
        return pd.DataFrame({"chrom": names, "start": start, "end": start + 2114})

    def ours(kind: str) -> Callable[[], object]:
        stack, frame = ga.stack([db[f"{kind}{k}"] for k in range(5)]), regions()
        return lambda: [None for _ in ga.batches(stack, frame, batch_size=64)]

    def loop(files: list[object]) -> Callable[[], object]:
        frame = regions()
        places = list(zip(frame.chrom, frame.start.tolist(), frame.end.tolist(), strict=True))
        return lambda: [
            np.array([[file.values(*place) for file in files] for place in places[k : k + 64]], np.float32)
            for k in range(0, len(places), 64)
        ]

    within(
        "batch of 64 windows of 2,114 bp x 5 tracks",
        {
            "genomearray, HDF5": lambda: ours("t"),
            "genomearray, Zarr": lambda: ours("z"),
            "a loop over Track.values": lambda: loop([db[f"t{k}"] for k in range(5)]),
            "a loop over pybigtools": lambda: loop(
                [_Filled(pybigtools.open(str(folder / f"batch{k}.bw"))) for k in range(5)]
            ),
        },
        runs,
        n,
        "ms",
    )


class _Filled:
    """A bigWig whose gaps are zeros."""

    def __init__(self, file: pybigtools.BBIRead) -> None:
        self._file = file

    def values(self, chrom: str, start: int, end: int) -> object:
        return self._file.values(chrom, start, end, fillna=0)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "bench-goals")
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, Callable[[], None]] = {
        "depth": lambda: reads(folder, runs, "depth"),
        "ends": lambda: reads(folder, runs, "5' ends"),
        "mean": lambda: combined(folder, runs, "mean", 2),
        "sum": lambda: combined(folder, runs, "sum", 6),
        "lift": lambda: lift(folder, runs, 1_500_000),
        "lift9": lambda: lift(folder, runs, 9_000_000),
        "size": lambda: size(folder),
        "sparse": lambda: sparse(folder, runs),
        "batch": lambda: batch(folder, runs),
    }
    print("| work | processor time (wall time) | the peer takes longer |\n|---|---|---|", flush=True)
    for name in sys.argv[3:] or rows:
        rows[name]()


if __name__ == "__main__":
    main()
