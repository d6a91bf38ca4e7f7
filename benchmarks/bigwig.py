"""bigWig files in place, against pybigtools and pyBigWig on the same file.

    python benchmarks/bigwig.py FILE CHROM

Single reads take new places, in files that were just opened; windows, means and whole chromosomes
are of one open file. "Bare inflating" decompresses the blocks of the chromosome with zlib-ng, in as
many threads as we use, and does nothing with them.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pybigtools
import pyBigWig
from genomearray_converters import import_bigwig
from peers import alternate, tell
from zlib_ng import zlib_ng

import genomearray as ga
from genomearray.executor import workers
from genomearray.foreign.bigwig_track import BigWigTrack

RUNS = 5
READS = 200


def single_reads(path: str, chrom: str, length: int) -> None:
    rng = np.random.default_rng()
    for width in (100, 2_000, 100_000):
        taken: dict[str, list[float]] = {"genomearray": [], "pybigtools": [], "pyBigWig": []}
        for _ in range(RUNS):
            ours, first, second = ga.open_track(path), pybigtools.open(path), pyBigWig.open(path)
            asks: dict[str, Callable[[int], object]] = {
                "genomearray": lambda at, file=ours, n=width: file.values(chrom, at, at + n),
                "pybigtools": lambda at, file=first, n=width: file.values(chrom, at, at + n, fillna=None),
                "pyBigWig": lambda at, file=second, n=width: file.values(chrom, at, at + n, numpy=True),
            }
            for name, ask in asks.items():
                ask(0)  # opens what opens late
                places = rng.integers(0, length - width, READS).tolist()
                begin = time.perf_counter()
                for at in places:
                    ask(at)
                taken[name].append((time.perf_counter() - begin) / READS)
        medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
        tell(f"one read of {width:,} bp", medians, "genomearray", 1e6, "us")


def many_at_once(path: str, chrom: str, length: int) -> None:
    rng = np.random.default_rng(1)
    ours, first, second = ga.open_track(path), pybigtools.open(path), pyBigWig.open(path)
    starts = rng.integers(0, length - 2114, 10_000).tolist()
    windows = [(chrom, at, at + 2114) for at in starts]
    tell(
        "10,000 windows of 2,114 bp",
        alternate(
            {
                "genomearray": lambda: ours.windows(windows).values,
                "pybigtools": lambda: np.array([first.values(*one, fillna=None) for one in windows]),
                "pyBigWig": lambda: np.array([second.values(*one, numpy=True) for one in windows]),
            },
            3,
        ),
        "genomearray",
    )
    blocks = BigWigTrack(path)._file.blocks(BigWigTrack(path)._number[chrom])
    data = Path(path).read_bytes()
    raw = [data[at : at + n] for at, n in zip(blocks.offset.tolist(), blocks.size.tolist(), strict=True)]

    def bare() -> None:
        with ThreadPoolExecutor(workers()) as pool:
            list(
                pool.map(
                    lambda part: [zlib_ng.decompress(one) for one in part], [raw[k::64] for k in range(64)]
                )
            )

    bare_runs = {"bare inflating": bare} if not BigWigTrack(path)._file.stored else {}
    tell(
        "the whole chromosome",
        alternate(
            {
                "genomearray": lambda: ours.values(chrom),
                "pybigtools": lambda: first.values(chrom, 0, length, fillna=None),
                **bare_runs,
            },
            RUNS,
        ),
        "genomearray",
    )
    regions = [(chrom, at, at + int(n)) for at, n in zip(rng.integers(0, length - 5000, 20_000).tolist(), rng.integers(1, 5000, 20_000), strict=True)]  # fmt: skip
    tell(
        "means of 20,000 regions, exact",
        alternate(
            {
                "genomearray": lambda: ours.region_stats(regions)["mean"],
                "pyBigWig": lambda: [second.stats(*one, type="mean", exact=True) for one in regions],
            },
            1,
        ),
        "genomearray",
    )


def files_and_import(path: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for k in range(200):
            Path(folder, f"{k}.bw").symlink_to(Path(path).absolute())
        begin = time.perf_counter()
        ga.stack(f"{folder}/*.bw").tracks  # noqa: B018 - it opens them
        print(f"| 200 files opened as a stack | {time.perf_counter() - begin:.2f} s | |", flush=True)
        with pyBigWig.open(path) as file:
            sizes = file.chroms()
        db = ga.GenomeDB.create(Path(folder, "db"), "toy", sizes)
        begin = time.perf_counter()
        import_bigwig(db, "t", path)
        print(f"| import | {time.perf_counter() - begin:.2f} s | |", flush=True)


def main() -> None:
    path, chrom = sys.argv[1:3]
    warnings.simplefilter("ignore")
    with pyBigWig.open(path) as file:
        length = file.chroms(chrom)
    print("| work | medians | ratio |\n|---|---|---|")
    single_reads(path, chrom, length)
    many_at_once(path, chrom, length)
    files_and_import(path)


if __name__ == "__main__":
    main()
