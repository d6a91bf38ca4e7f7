"""Reading: one region, ten thousand windows, a whole chromosome, means of regions; against
pybigtools and pyBigWig.

python benchmarks/reads.py [FOLDER] [random labelled windows whole regions opening]

Warm file cache, one process, the same data for all (genome.py), a human-size assembly. Every result
is compared with the peers'.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pyBigWig
from genome import KINDS, STORES, prepare, warm
from peers import tell
from synthetic import HUMAN

import genomearray as ga

CHROM = "chr1"
LENGTH = HUMAN[CHROM]
RUNS = 5


def each(read: Callable[[str, int, int], object], places: list[int], width: int) -> float:
    """Median seconds of one read."""
    taken = []
    for place in places:
        begin = time.perf_counter()
        read(CHROM, place, place + width)
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def once(work: Callable[[], object]) -> tuple[float, object]:
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def bigwig_values(path: Path) -> Callable[[str, int, int], np.ndarray]:
    return partial(pybigtools.open(str(path)).values, fillna=np.nan)


def same(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Equal; a bigWig of counts has no gaps, one of scores has NaN where the track has."""
    np.testing.assert_array_equal(ours.astype(np.float64), np.asarray(theirs, dtype=np.float64))


def random(db: ga.GenomeDB, folder: Path) -> None:
    """One read at a random place, new places for each of ``RUNS`` rounds."""
    for kind in KINDS:
        path = folder / f"{kind}.bw"
        for width, count in ((100, 1000), (2000, 1000), (100_000, 100)):
            taken: dict[str, list[float]] = {}
            for _ in range(RUNS):
                places = np.random.default_rng().integers(0, LENGTH - width, count).tolist()
                fresh = bigwig_values(path)
                readers = {f"genomearray {store}": db[f"{kind}_{store}"].values for store in STORES}
                readers |= {"pybigtools, just opened": fresh, "pybigtools, same places again": fresh}
                readers["pyBigWig"] = partial(pyBigWig.open(str(path)).values, numpy=True)
                for name, read in readers.items():
                    taken.setdefault(name, []).append(each(read, places, width))
                for read in readers.values():
                    same(
                        db[f"{kind}_h5"].values(CHROM, places[0], places[0] + width),
                        read(CHROM, places[0], places[0] + width),
                    )
            medians = {name: statistics.median(rounds) for name, rounds in taken.items()}
            for store in STORES:
                tell(f"{kind}, {width:,} bp, {store}", medians, f"genomearray {store}", 1e6, "us")


def labelled(db: ga.GenomeDB, folder: Path) -> None:
    """``sel(...).values`` of 1 kb beside ``values``."""
    for kind in KINDS:
        for store in STORES:
            track = db[f"{kind}_{store}"]
            places = np.random.default_rng().integers(0, LENGTH - 1000, (2, 2000)).tolist()
            plain = each(track.values, places[0], 1000)
            selected = each(
                lambda c, a, b, track=track: track.sel(chrom=c, pos=slice(a + 1, b)).values, places[1], 1000
            )
            times = f"values {plain * 1e6:.1f} us, sel {selected * 1e6:.1f} us"
            print(
                f"| {kind}, {store}, 1 kb labelled | {times} | values + {(selected - plain) * 1e6:.0f} us |",
                flush=True,
            )


def windows(db: ga.GenomeDB, folder: Path) -> None:
    """10,000 random windows of 2,114 bp, of one track and of five."""
    n, width = 10_000, 2114
    for kind in KINDS:
        path = folder / f"{kind}.bw"
        for store in STORES:
            track = db[f"{kind}_{store}"]
            taken: dict[str, list[float]] = {}
            for run in range(RUNS + 1):
                starts = np.random.default_rng().integers(0, LENGTH - width, n)
                frame = pd.DataFrame({"chrom": CHROM, "start": starts, "end": starts + width})
                fresh, other = bigwig_values(path), partial(pyBigWig.open(str(path)).values, numpy=True)
                works = {
                    "genomearray": partial(track.windows, frame),
                    "pybigtools": lambda read=fresh, starts=starts: [
                        read(CHROM, s, s + width) for s in starts.tolist()
                    ],
                    "pyBigWig": lambda read=other, starts=starts: [
                        read(CHROM, s, s + width) for s in starts.tolist()
                    ],
                    "five tracks": partial(ga.stack([track] * 5).windows, frame),
                }
                results = {name: once(work) for name, work in works.items()}
                same(results["genomearray"][1].values[:100], np.array(results["pyBigWig"][1][:100]))
                if run:  # the first round compiles nothing, but fills caches
                    for name, (seconds, _) in results.items():
                        taken.setdefault(name, []).append(seconds)
                del results
            medians = {name: statistics.median(rounds) for name, rounds in taken.items()}
            five = medians.pop("five tracks")
            tell(f"{n:,} windows, {kind}, {store}", medians, "genomearray")
            tell(
                f"the same of 5 tracks, {kind}, {store}",
                {"genomearray": five} | {f"5 times {p}": 5 * medians[p] for p in ("pybigtools", "pyBigWig")},
                "genomearray",
            )


def bare_codec(db: ga.GenomeDB, name: str) -> float:
    """Seconds to decompress all chunks of the chromosome with the codec's own Python function, in
    as many threads.
    """
    from numcodecs import blosc
    from zlib_ng import zlib_ng

    array = db[name].source.locate(CHROM)[0]
    raws = [
        raw
        for raw in map(array.source.raw, np.flatnonzero(array.source.stored()).tolist())
        if raw is not None
    ]
    nbytes = array.chunk * array.dtype.itemsize
    blosc.use_threads = False
    decompress = (
        partial(zlib_ng.decompress, bufsize=nbytes)
        if name.endswith("h5")
        else lambda raw: blosc.decompress(raw[:-4])
    )
    workers = 2
    parts = [raws[k * len(raws) // 8 : (k + 1) * len(raws) // 8] for k in range(8)]

    def work(part: list[bytes]) -> None:
        for raw in part:
            decompress(raw)

    with ThreadPoolExecutor(workers) as pool:
        return min(once(lambda: list(pool.map(work, parts)))[0] for _ in range(3))


def whole(db: ga.GenomeDB, folder: Path) -> None:
    """A whole chromosome to numpy."""
    for kind in KINDS:
        theirs, values = once(lambda kind=kind: bigwig_values(folder / f"{kind}.bw")(CHROM, 0, LENGTH))
        for store in STORES:
            name = f"{kind}_{store}"
            codec, taken = bare_codec(db, name), []
            for _ in range(RUNS):
                seconds, got = once(partial(db[name].values, CHROM))
                taken.append(seconds)
                same(got[::1001], values[::1001])
            ours = statistics.median(taken)
            rate = f"{codec / ours:.0%} of the bare codec's rate, {theirs / ours:.1f}x pybigtools"
            print(
                f"| {CHROM}, {kind}, {store} | genomearray {ours:.2f} s, codec alone {codec:.2f} s, "
                f"pybigtools {theirs:.2f} s | {rate} |",
                flush=True,
            )


def regions(db: ga.GenomeDB, folder: Path) -> None:
    """Means of 100,000 regions of 1-100 kb; the peers run once."""
    n = 100_000
    rng = np.random.default_rng(0)
    sizes = rng.integers(1000, 100_001, n)
    starts = rng.integers(0, LENGTH - 100_000, n)
    frame = pd.DataFrame({"chrom": CHROM, "start": starts, "end": starts + sizes})
    bed = folder / "regions.bed"
    frame.assign(name=range(n)).to_csv(bed, sep="\t", header=False, index=False)
    for kind in KINDS:
        path = str(folder / f"{kind}.bw")
        file = pyBigWig.open(path)
        rows = list(zip(starts.tolist(), (starts + sizes).tolist(), strict=True))
        big, means = once(
            lambda file=file, rows=rows: [file.stats(CHROM, a, b, exact=True)[0] for a, b in rows]
        )
        tools, averages = once(
            lambda path=path: list(pybigtools.open(path).average_over_bed(str(bed), names=None, stats="mean"))
        )
        for store in STORES:
            track = db[f"{kind}_{store}"]
            taken = []
            for _ in range(RUNS):
                seconds, table = once(partial(track.region_stats, frame))
                taken.append(seconds)
            for peer in (means, averages):
                np.testing.assert_allclose(
                    table["mean"], np.array(peer, dtype=np.float64), rtol=1e-6, atol=1e-6
                )
            tell(
                f"means of {n:,} regions, {kind}, {store}",
                {"genomearray": statistics.median(taken), "pyBigWig exact": big, "pybigtools": tools},
                "genomearray",
            )


def opening(db: ga.GenomeDB, folder: Path) -> None:
    """Open a track and read its first value, in a new process, after imports."""
    code = (
        "import sys, time, h5py, numpy, xarray, genomearray.track.track as t, "
        "genomearray.storage.read.hdf5, genomearray.storage.read.zarr_store\n"
    )
    code += (
        f"b = time.perf_counter(); t.open_track(sys.argv[1]).values({CHROM!r}, 1_000_000, 1_000_001); "
        "print(time.perf_counter() - b)"
    )
    medians = {}
    for store in STORES:
        command = [sys.executable, "-c", code, str(db.get_track_path(f"depth_{store}"))]
        medians[store] = statistics.median(
            float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
            for _ in range(7)
        )
    print(
        "| open, first value | "
        f"{', '.join(f'{store} {seconds * 1e3:.1f} ms' for store, seconds in medians.items())} | "
        "under 5 ms wanted |"
    )


def main(folder: Path, parts: list[str]) -> None:
    db = prepare(folder)
    for kind in KINDS:
        for path in [folder / f"{kind}.bw", *(db.get_track_path(f"{kind}_{store}") for store in STORES)]:
            warm(path)
    print("| work | medians | ratio |\n|---|---|---|")
    for part in parts:
        {
            "random": random,
            "labelled": labelled,
            "windows": windows,
            "whole": whole,
            "regions": regions,
            "opening": opening,
        }[part](db, folder)


if __name__ == "__main__":
    words = sys.argv[1:]
    main(
        Path(words[0] if words else "/tmp/genomearray-benchmarks"),
        words[1:] or ["random", "labelled", "windows", "whole", "regions", "opening"],
    )
