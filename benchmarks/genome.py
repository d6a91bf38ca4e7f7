"""Tracks and bigWig files of a human-size assembly, made once: depth and 5'-end counts as uint16,
scores as float32.
"""

from __future__ import annotations

import itertools
import warnings
from pathlib import Path

import numpy as np
import pyBigWig
from synthetic import HUMAN, depth, ends, scores

import genomearray as ga

KINDS = {"depth": depth, "ends": ends, "scores": scores}
STORES = ("h5", "zarr")
FILLED = ("chr1", "chr21")  # the other chromosomes hold nothing, in tracks and in bigWig files


def write_bigwig(path: Path, data: dict[str, np.ndarray]) -> None:
    """Scores as fixedStep stretches, as published ones are; counts as runs of equal values, zeros
    written. NaN are gaps.
    """
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(HUMAN.items()))
        for chrom, values in data.items():
            if values.dtype.kind == "f":
                there = ~np.isnan(values)
                borders = np.concatenate([[0], np.flatnonzero(np.diff(there)) + 1, [values.size]]).tolist()
                for start, end in itertools.pairwise(borders):
                    if there[start]:
                        file.addEntries(
                            chrom, start, values=values[start:end].astype(np.float64), span=1, step=1
                        )
                continue
            borders = np.flatnonzero(np.diff(values)) + 1
            starts, stops = np.append(0, borders), np.append(borders, values.size)
            for k in range(0, starts.size, 1_000_000):
                part = slice(k, k + 1_000_000)
                file.addEntries(
                    [chrom] * starts[part].size,
                    starts[part],
                    ends=stops[part],
                    values=values[starts[part]].astype(np.float64),
                )


def prepare(folder: Path) -> ga.GenomeDB:
    """The database; tracks ``<kind>_<store>`` in it, bigWig files ``<kind>.bw`` beside it."""
    warnings.simplefilter("ignore")  # pybigtools tells of a new default at each call
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "db" / "human").exists():
        ga.GenomeDB.create(folder / "db", "human", HUMAN)
    db = ga.GenomeDB(folder / "db", "human")
    for kind, make in KINDS.items():
        if (folder / f"{kind}.bw").exists() and all(f"{kind}_{store}" in db for store in STORES):
            continue
        data = {chrom: make(HUMAN[chrom], seed) for seed, chrom in enumerate(FILLED)}
        for store in STORES:
            db.save_track(f"{kind}_{store}", data, store=store, overwrite=True)
        write_bigwig(folder / f"{kind}.bw", data)
    return db


def warm(path: Path) -> None:
    """Have the operating system keep a file or store in memory."""
    for file in [path] if path.is_file() else path.rglob("*"):
        if file.is_file():
            with file.open("rb") as opened:
                while opened.read(1 << 24):
                    pass
