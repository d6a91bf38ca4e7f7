"""The whole genome at once, against WiggleTools, deepTools, CrossMap and pyBigWig.

python benchmarks/compute.py [FOLDER] [mean average sum20 genome stats export lift workers]

Peers are looked for on PATH: wiggletools, bigwigAverage, CrossMap; an absent one is told as absent.
Everybody gets the same values, ours as tracks, theirs as bigWig files, and writes all of its
results. Results are compared where a peer's output can be read.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyBigWig
from genome import write_bigwig
from peers import alternate, tell
from synthetic import HUMAN, depth, ends

import genomearray as ga

RUNS = 3
CHROM = "chr21"
LENGTH = HUMAN[CHROM]
PROGRAM = Path(sys.executable).with_name("genomearray")
FORTH = "hg19ToHg38.over.chain.gz"


def run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


def peer(name: str) -> str | None:
    """Path of a program, None (and a line) when it is not there."""
    found = shutil.which(name)
    if found is None:
        print(f"| {name} | absent | |", flush=True)
    return found


def database(folder: Path, chrom: str = CHROM) -> ga.GenomeDB:
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "db" / chrom).exists():
        ga.GenomeDB.create(folder / "db", chrom, {chrom: HUMAN[chrom]})
    return ga.GenomeDB(folder / "db", chrom)


def replicates(folder: Path, n: int, chrom: str = CHROM) -> tuple[ga.GenomeDB, list[str], list[Path]]:
    """Tracks of 30x depth on one chromosome, and the same as bigWig files."""
    db, length = database(folder, chrom), HUMAN[chrom]
    names, files = [f"rep{k}" for k in range(n)], [folder / f"{chrom}.rep{k}.bw" for k in range(n)]
    for k, (name, path) in enumerate(zip(names, files, strict=True)):
        if name not in db or not path.exists():
            values = depth(length, seed=100 + k)
            db.save_track(name, {chrom: values}, overwrite=True)
            borders = np.flatnonzero(np.diff(values)) + 1
            starts, stops = np.append(0, borders), np.append(borders, values.size)
            with pyBigWig.open(str(path), "w") as file:
                file.addHeader([(chrom, length)])
                for low in range(0, starts.size, 1_000_000):
                    part = slice(low, low + 1_000_000)
                    file.addEntries(
                        [chrom] * starts[part].size,
                        starts[part],
                        ends=stops[part],
                        values=values[starts[part]].astype(np.float64),
                    )
    return db, names, files


def peak_of(*words: object) -> int:
    """MB that a command of ours takes at most."""
    code = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, capture_output=True); "
    code += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], check=True, capture_output=True, text=True
    )
    return int(done.stdout)


def combined(folder: Path, how: str, n: int, chrom: str) -> None:
    """Our command line writes a track, WiggleTools text, bigwigAverage a bigWig."""
    db, names, files = replicates(folder, n, chrom)
    words = [
        PROGRAM,
        "--db",
        db.path,
        "--assembly",
        chrom,
        "combine",
        "out",
        *names,
        "--how",
        how,
        "--overwrite",
        "--dtype",
    ]
    words.append("float32" if how == "mean" else "uint16")
    tasks: dict[str, Callable[[], object]] = {
        "genomearray": lambda: run(*words),
        "genomearray, Zarr": lambda: run(*words, "--store", "zarr"),
    }
    if tool := peer("wiggletools"):
        (folder / "out.wig").unlink(missing_ok=True)

        def theirs() -> None:
            run(tool, "write", folder / "out.wig", how, *files)
            (folder / "out.wig").unlink()  # its gigabytes would be flushed to disk in the next one's time

        tasks["WiggleTools"] = theirs
    medians = alternate(tasks, RUNS)
    average = peer("bigwigAverage") if how == "mean" and chrom == CHROM else None
    if average:
        begin = time.perf_counter()
        run(average, "-b", *files, "-bs", "1", "-p", "2", "-o", folder / "average.bw")
        medians["bigwigAverage -bs 1 -p 2 (once)"] = time.perf_counter() - begin
    for ours, other in (("genomearray", "genomearray, Zarr"), ("genomearray, Zarr", "genomearray")):
        tell(
            f"{how} of {n}, {chrom}, 30x depth, 1 bp, written",
            {name: taken for name, taken in medians.items() if name != other},
            ours,
        )
    region = (chrom, 10_000_000, 20_000_000)
    want = sum(db[name].values(*region).astype(np.float64) for name in names)
    np.testing.assert_allclose(db["out"].values(*region), want / n if how == "mean" else want, rtol=1e-6)
    print(f"| memory | {peak_of(*words)} MB | |", flush=True)


def filled(folder: Path) -> ga.GenomeDB:
    """A track of counts over the whole human genome: the same stretch again and again."""
    if not (folder / "db" / "human").exists():
        ga.GenomeDB.create(folder / "db", "human", HUMAN)
    db = ga.GenomeDB(folder / "db", "human")
    tile = depth(LENGTH, seed=7)
    for name, store in (("full", "h5"), ("full_zarr", "zarr")):
        if name not in db:
            with db.create_track(name, "uint16", store=store) as writer:
                for chrom, length in HUMAN.items():
                    for start in range(0, length, LENGTH):
                        writer.write(chrom, start, tile[: min(LENGTH, length - start)])
    if not (folder / "tile.bw").exists():
        write_bigwig(folder / "tile.bw", {CHROM: tile})
    return db


def genome(folder: Path) -> None:
    """The sum of 3.1 Gbp of uint16 without stored statistics, beside the bare decoding of the same
    blocks in the same threads.
    """
    from genomearray.compute.blocks import blocks, each_block

    db = filled(folder)
    for name in ("full", "full_zarr"):
        source = db[name].source
        for task in blocks(source, source.names):  # into the memory of the system
            source.read(task.names[0], int(task.start[0]), int(task.end[0]))

        def decode(source=source) -> None:
            for _ in each_block(_bare, source, source, source.names, "bare", threads=None, progress=False):
                pass

        tasks = {"genomearray": lambda name=name: db[name].sum(stored=False), "bare decode": decode}
        medians = alternate(tasks, RUNS)
        print(f"| sum of {sum(HUMAN.values()):,} bp, {name} | sum {medians['genomearray']:.2f} s, decode " f"alone {medians['bare decode']:.2f} s | "
              f"{medians['bare decode'] / medians['genomearray']:.0%} of its rate |", flush=True)  # fmt: skip
        assert db[name].sum(stored=False) == db[name].sum()
    code = f"import genomearray as ga; ga.GenomeDB({str(db.path)!r}, 'human')['full'].sum(stored=False)"
    print(f"| memory of the sum | {peak_of(sys.executable, '-c', code)} MB | |", flush=True)
    one = database(folder)
    if "tile" not in one:
        one.save_track("tile", {CHROM: depth(LENGTH, seed=7)})
    file = pyBigWig.open(str(folder / "tile.bw"))
    tasks = {
        "genomearray": lambda: one["tile"].sum(stored=False),
        "pyBigWig": lambda: file.stats(CHROM, type="sum", exact=True),
    }
    tell(f"sum of {CHROM}, no stored statistics", alternate(tasks, RUNS), "genomearray")
    assert file.stats(CHROM, type="sum", exact=True)[0] == one["tile"].sum()


_buffers: dict[int, np.ndarray] = {}


def _bare(source, task) -> None:
    """Decode a block into memory that is there already."""
    import threading

    from genomearray.reference.intervals import Intervals

    out = _buffers.setdefault(threading.get_ident(), np.empty(1 << 22, source.dtype))
    for low in range(int(task.start[0]), int(task.end[0]), 1 << 18):
        high = min(low + (1 << 18), int(task.end[0]))
        source.gather(
            Intervals(task.names[:1], np.zeros(1, np.int64), np.array([low]), np.array([high])),
            out,
            np.zeros(1, np.int64),
            threads=False,
        )


def stored(folder: Path) -> None:
    """Whole-genome statistics from stored values, the track opened anew each time."""
    db = filled(folder)
    taken = []
    for _ in range(20):
        begin = time.perf_counter()
        track = db.open_track("full")
        track.stats()
        taken.append(time.perf_counter() - begin)
        track.close()
    print(
        f"| statistics from stored values, with opening | {statistics.median(taken) * 1e3:.1f} ms | |",
        flush=True,
    )


def export(folder: Path) -> None:
    """The same runs as a bigWig, by us from the track and by pyBigWig from arrays in memory."""
    from genomearray_converters import export_bigwig

    db, names, _ = replicates(folder, 1)
    values = db[names[0]].values(CHROM)

    def theirs() -> None:
        borders = np.flatnonzero(np.diff(values)) + 1
        starts, stops = np.append(0, borders), np.append(borders, values.size)
        with pyBigWig.open(str(folder / "theirs.bw"), "w") as file:
            file.addHeader([(CHROM, LENGTH)])
            for low in range(0, starts.size, 1_000_000):
                part = slice(low, low + 1_000_000)
                file.addEntries(
                    [CHROM] * starts[part].size,
                    starts[part],
                    ends=stops[part],
                    values=values[starts[part]].astype(np.float64),
                )

    tasks = {
        "genomearray": lambda: export_bigwig(db[names[0]], folder / "ours.bw", overwrite=True),
        "pyBigWig": theirs,
    }
    tell(f"export to bigWig, {CHROM}, 30x depth", alternate(tasks, 2), "genomearray")
    with pyBigWig.open(str(folder / "ours.bw")) as file:
        np.testing.assert_array_equal(file.values(CHROM, 0, 1_000_000, numpy=True), values[:1_000_000])


def lift(folder: Path, chains: Path) -> None:
    """A genome-wide track of 5' ends from hg19 to hg38; CrossMap gets the same as a bigWig without zeros."""
    from genomearray_converters import export_bigwig

    for name in ("hg19", "hg38"):
        if not (folder / "db" / name).exists():
            ga.GenomeDB.create(folder / "db", name, chains.parent / "chromsizes" / f"{name}.chrom.sizes")
    old, new = ga.GenomeDB(folder / "db", "hg19"), ga.GenomeDB(folder / "db", "hg38")
    if "ends" not in old:
        main = old.get_chromosomes()
        old.save_track(
            "ends", ((chrom.name, 0, ends(chrom.length, seed=chrom.idnum, coverage=0.003)) for chrom in main)
        )
        export_bigwig(old["ends"], folder / "ends.bw", skip_zeros=True, overwrite=True)
    words = [PROGRAM, "--db", old.path, "liftover", "hg19", "hg38", chains / FORTH, "ends", "--overwrite"]
    medians = alternate({"genomearray": lambda: run(*words)}, RUNS)
    if tool := peer("CrossMap"):
        begin = time.perf_counter()
        run(tool, "bigwig", chains / FORTH, folder / "ends.bw", folder / "crossmap")
        medians["CrossMap bigwig (once)"] = time.perf_counter() - begin
    tell(f"lift {old['ends'].sum():,} 5' ends from hg19 to hg38", medians, "genomearray")
    print(f"| signal after it | {new['ends'].sum():,} | |", flush=True)
    if (folder / "crossmap.bw").exists():
        with pyBigWig.open(str(folder / "crossmap.bw")) as file:
            theirs = sum(
                sum((e - s) * v for s, e, v in file.intervals(chrom) or ()) for chrom in file.chroms()
            )
        print(f"| signal after CrossMap | {theirs:,.0f} | |", flush=True)


def workers(folder: Path) -> None:
    """A cluster of one process and of two, one thread each; the mean of the genome-wide track and
    itself, written as Zarr.
    """
    from distributed import Client, LocalCluster

    db = filled(folder)
    track = db["full_zarr"]
    taken = {}
    for n in (1, 2):
        with (
            LocalCluster(n_workers=n, threads_per_worker=1, processes=True, dashboard_address=":0") as local,
            Client(local) as client,
        ):
            client.run(_started)
            track.sum(chroms="chr1", stored=False)
            for work in ("sum", "written"):
                begin = time.perf_counter()
                if work == "sum":
                    np.sqrt(track).sum()
                else:
                    db.save_track("mean", ga.combine([track, track], "mean"), store="zarr", overwrite=True)
                taken[work, n] = time.perf_counter() - begin
    for work in ("sum", "written"):
        one, two = taken[work, 1], taken[work, 2]
        print(f"| 2 workers against 1, {work} | {one:.1f} s, {two:.1f} s | {one / two:.2f}x |", flush=True)


def _started() -> None:
    import genomearray.stacks.combine  # noqa: F401 - the import is not what is compared


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "bench-compute")
    chosen = sys.argv[2:] or ["mean", "average", "sum20", "genome", "stats", "export", "lift", "workers"]
    print("| work | medians | ratio |\n|---|---|---|")
    for name in chosen:
        if name == "mean":
            combined(folder, "mean", 2, "chr1")
        elif name == "average":
            combined(folder, "mean", 2, CHROM)
        elif name == "sum20":
            combined(folder, "sum", 20, CHROM)
        elif name == "lift":
            chains = Path(__file__).resolve().parents[2] / "shared" / "data" / "chain"
            if chains.is_dir():
                lift(folder, chains)
            else:
                print(f"| lift | absent: {chains} | |")
        else:
            {"genome": genome, "stats": stored, "export": export, "workers": workers}[name](folder)
    print(f"| memory of this process | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB | |")


if __name__ == "__main__":
    main()
