"""Synthetic data like real ones, reproducible by seed: depth, 5'-end counts, scores, sequence; and
text files of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HUMAN = {
    **{f"chr{k}": n for k, n in enumerate((
        248956422, 242193529, 198295559, 190214555, 181538259, 170805979, 159345973, 145138636, 138394717, 133797422, 135086622,
        133275309, 114364328, 107043718, 101991189, 90338345, 83257441, 80373285, 58617616, 64444167, 46709983, 50818468), 1)},
    "chrX": 156040895, "chrY": 57227415, "chrM": 16569,
}  # fmt: skip


def depth(length: int, seed: int = 0, coverage: float = 30.0, read: int = 150) -> NDArray[np.uint16]:
    """Read depth of ``coverage`` with reads of ``read`` bp at random places, and gaps without reads."""
    rng = np.random.default_rng(seed)
    change = np.zeros(length + read + 1, dtype=np.int32)
    starts = rng.integers(0, length, int(length * coverage / read))
    # Real depth wanders with GC content and copy number: thin the reads by a slow wave.
    keep = rng.random(starts.size) < 0.75 + 0.25 * np.sin(starts / 40_000.0)
    starts = starts[keep & ((starts // 1_000_000) % 25 != 7)]
    np.add.at(change, starts, 1)
    np.add.at(change, starts + read, -1)
    return np.cumsum(change[:length]).astype(np.uint16)


def ends(length: int, seed: int = 1, coverage: float = 0.05) -> NDArray[np.uint16]:
    """Counts of 5' ends: mostly 0, in clusters."""
    rng = np.random.default_rng(seed)
    counts = np.zeros(length, dtype=np.uint16)
    n = int(length * coverage)
    peaks = rng.integers(0, length, max(1, length // 20_000))
    near = (rng.choice(peaks, n // 2) + rng.normal(0, 150, n // 2)).astype(np.int64) % length
    np.add.at(counts, np.concatenate([near, rng.integers(0, length, n - n // 2)]), 1)
    return counts


def scores(length: int, seed: int = 2) -> NDArray[np.float32]:
    """Conservation-like scores of three decimals at nine bases of ten, the rest missing."""
    rng = np.random.default_rng(seed)
    wave = np.repeat(rng.normal(0, 0.6, length // 8 + 1), 8)[:length]
    values = np.round(wave + rng.normal(0, 0.4, length), 3).astype(np.float32)
    values[(np.arange(length) // 5_000) % 10 == 3] = np.nan
    return values


def sequence(length: int, seed: int = 3) -> NDArray[np.uint8]:
    """Letters with soft-masked stretches and gaps of N."""
    rng = np.random.default_rng(seed)
    letters = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, length)].copy()
    masked = np.repeat(rng.random(length // 300 + 1) < 0.5, 300)[:length]
    letters[masked] |= 32
    letters[(np.arange(length) // 100_000) % 50 == 0] = ord("N")
    return letters


def write_bedgraph(path: Path, lines: int, seed: int = 4) -> dict[str, int]:
    """A bedGraph of depth-like runs over the human chromosomes; gives their lengths."""
    rng = np.random.default_rng(seed)
    genome = sum(HUMAN.values())
    with path.open("w") as file:
        for chrom, length in HUMAN.items():
            n = min(max(int(lines * length / genome), 1), length // 4)
            borders = np.sort(rng.choice(length // 2, n + 1, replace=False)) * 2
            values = rng.poisson(30, n)
            rows = zip(borders[:-1].tolist(), borders[1:].tolist(), values.tolist(), strict=True)
            file.writelines(f"{chrom}\t{a}\t{b}\t{v}\n" for a, b, v in rows)
    return HUMAN


def write_depth_bedgraph(path: Path, lines: int, seed: int = 6) -> dict[str, int]:
    """A bedGraph of 30x depth as real reads give it, whose runs are a few bp long; from chr1 on
    until there are enough lines.
    """
    written = 0
    with path.open("w") as file:
        for k, (chrom, length) in enumerate(HUMAN.items()):
            values = depth(min(length, 4 * (lines - written)), seed + k)
            borders = np.append(np.flatnonzero(np.diff(values)) + 1, values.size)[: lines - written]
            starts = np.append(0, borders[:-1])
            rows = zip(starts.tolist(), borders.tolist(), values[starts].tolist(), strict=True)
            file.writelines(f"{chrom}\t{a}\t{b}\t{v}\n" for a, b, v in rows)
            written += borders.size
            if written >= lines:
                return HUMAN
    return HUMAN


def write_wig(path: Path, lines: int, seed: int = 5) -> dict[str, int]:
    """A fixedStep wiggle of scores of three decimals, in stretches of 10,000 bases."""
    rng = np.random.default_rng(seed)
    genome = sum(HUMAN.values())
    with path.open("w") as file:
        for chrom, length in HUMAN.items():
            n = min(max(int(lines * length / genome), 1), length // 2)
            for start in range(0, n, 10_000):
                size = min(10_000, n - start)
                file.write(f"fixedStep chrom={chrom} start={start + start // 50 + 1} step=1\n")
                file.writelines(f"{v:.3f}\n" for v in rng.normal(0, 1, size).tolist())
    return HUMAN
