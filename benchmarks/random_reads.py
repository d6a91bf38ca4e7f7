"""Random reads of ``values`` against pybigtools and pyBigWig on the same data, warm file cache, new positions each time.

python benchmarks/random_reads.py [FOLDER] [MBP]
"""

from __future__ import annotations

import sys
import time
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pybigtools
import pyBigWig
from peers import tell
from synthetic import depth, ends, scores

import genomearray as ga


def write_bigwig(path: Path, values: np.ndarray) -> None:
    """Equal neighbouring values as one interval; zeros are written, NaN are gaps."""
    wide = values.astype(np.float64)
    borders = np.flatnonzero((wide[1:] != wide[:-1]) & ~(np.isnan(wide[1:]) & np.isnan(wide[:-1]))) + 1
    starts, stops = np.append(0, borders), np.append(borders, wide.size)
    keep = ~np.isnan(wide[starts])
    starts, stops = starts[keep], stops[keep]
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", values.size)])
        for k in range(0, starts.size, 1_000_000):
            part = slice(k, k + 1_000_000)
            file.addEntries(["chr1"] * starts[part].size, starts[part], ends=stops[part], values=wide[starts[part]])


def main(folder: Path, length: int) -> None:
    """One chromosome of three kinds of data, three widths of reads."""
    warnings.simplefilter("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    name = f"reads{length}"
    if not (folder / "db" / name).exists():
        db = ga.GenomeDB.create(folder / "db", name, {"chr1": length})
        for kind, make in (("depth", depth), ("ends", ends), ("scores", scores)):
            values = make(length)
            for store in ("h5", "zarr"):
                db.save_track(f"{kind}_{store}", {"chr1": values}, store=store)
            write_bigwig(folder / f"{kind}_{length}.bw", values)
    db = ga.GenomeDB(folder / "db", name)
    rng = np.random.default_rng(time.time_ns())
    print("| work | medians | ratio |\n|---|---|---|")
    for kind in ("depth", "ends", "scores"):
        path = str(folder / f"{kind}_{length}.bw")
        for width, count in ((100, 1000), (2000, 1000), (100_000, 100)):
            readers = {"genomearray h5": db[f"{kind}_h5"].values, "genomearray zarr": db[f"{kind}_zarr"].values}
            readers["pybigtools, just opened"] = pybigtools.open(path).values
            readers["pyBigWig"] = partial(pyBigWig.open(path).values, numpy=True)
            places = rng.integers(0, length - width, count).tolist()
            first = {reader: read("chr1", places[0], places[0] + width) for reader, read in readers.items()}
            want = np.nan_to_num(first["pyBigWig"])
            assert all(np.array_equal(np.nan_to_num(got.astype(np.float32)), want) for got in first.values())
            taken = {}
            for reader, read in readers.items():
                each = []
                for place in places:
                    begin = time.perf_counter()
                    read("chr1", place, place + width)
                    each.append(time.perf_counter() - begin)
                taken[reader] = float(np.median(each))
            tell(f"{kind}, {width:,} bp", taken, "genomearray h5", 1e6, "us")


if __name__ == "__main__":
    words = sys.argv[1:]
    main(Path(words[0] if words else "/tmp/genomearray-benchmarks"), int((words[1:] or ["46"])[0]) * 1_000_000)
