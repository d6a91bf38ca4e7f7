"""A million features and a million regions, against bioframe and bedtools.

python benchmarks/features.py [FOLDER]

Everybody starts from what it has in hand: ours from an open table on disk (its columns are read
anew in each run) and a DataFrame, bioframe from two DataFrames, bedtools (on PATH; told when
absent) from two sorted BED files, whose reading and writing it cannot leave out. Results are
compared.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import bioframe
import numpy as np
import pandas as pd
from genomearray_converters import import_bed
from peers import alternate, tell
from synthetic import HUMAN

import genomearray as ga

N = 1_000_000
RUNS = 5


def intervals(n: int, seed: int) -> pd.DataFrame:
    """Random intervals of 1 to 2,000 bp, one in 10,000 of up to a million; sorted."""
    rng = np.random.default_rng(seed)
    names = [name for name in HUMAN if HUMAN[name] > 10_000_000]
    code = rng.integers(0, len(names), n)
    lengths = np.array([HUMAN[name] for name in names])[code]
    size = np.where(rng.random(n) < 1e-4, rng.integers(1, 1_000_000, n), rng.integers(1, 2000, n))
    start = (rng.random(n) * (lengths - size)).astype(np.int64)
    order = np.lexsort((start, code))
    return (
        pd.DataFrame({"chrom": np.array(names, dtype=object)[code], "start": start, "end": start + size})
        .iloc[order]
        .reset_index(drop=True)
    )


def main(folder: Path) -> None:
    features, regions = intervals(N, 1), intervals(N, 2)
    db = ga.GenomeDB.create(folder, "human", HUMAN)
    db.save_features("t", features)
    files = folder / "features.bed", folder / "regions.bed"
    for frame, path in zip((features, regions), files, strict=True):
        frame.to_csv(path, sep="\t", header=False, index=False)
    shuffled = regions.sample(N, random_state=3).reset_index(drop=True)
    found: dict[str, object] = {}

    def ours() -> None:
        found["ours"] = db.open_features("t").overlap_rows(shuffled)[0].size

    def other() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found["bioframe"] = len(
                bioframe.overlap(shuffled, features, how="inner", return_index=True, return_input=False)
            )

    print("| work | medians | ratio |\n|---|---|---|")
    tell(
        "overlaps of a million with a million, pairs",
        alternate({"genomearray": ours, "bioframe": other}, RUNS),
        "genomearray",
    )
    assert found["ours"] == found["bioframe"]

    def counts() -> None:
        found["counts"] = db.open_features("t").counts(regions)

    def bedtools() -> None:
        done = subprocess.run(
            ["bedtools", "intersect", "-sorted", "-c", "-a", files[1], "-b", files[0]],
            check=True,
            capture_output=True,
            text=True,
        )
        found["bedtools"] = done.stdout

    work = {"genomearray": counts} | ({"bedtools": bedtools} if shutil.which("bedtools") else {})
    tell("how many features overlap each of a million regions", alternate(work, RUNS), "genomearray")
    if "bedtools" in found:
        theirs = [int(line.rpartition("\t")[2]) for line in str(found["bedtools"]).splitlines()]
        assert np.array_equal(found["counts"], theirs)
    else:
        print("| bedtools | absent | |")
    tell(
        "a BED file of a million lines into a table",
        alternate({"genomearray": lambda: import_bed(db, "bed", files[0], overwrite=True)}, 3),
        "genomearray",
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
