"""Each compiled loop on a few megabytes, in milliseconds of processor time: the table of loops.md.

python benchmarks/loops.py
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
from genomearray_converters.bedgraph import BedGraphScanner
from genomearray_converters.fasta import _letters, copy_letters
from genomearray_converters.text.scanner import Buffers
from genomearray_converters.text_columns import ColumnScanner
from genomearray_converters.wig import WigScanner

from genomearray.compute import kernels
from genomearray.sources import combined, feature_kernels, rolling, sequence
from genomearray.stacks.strands import add_lags
from genomearray.storage.write.paint import paint_intervals
from genomearray.summary_kernels import summarise

N = 1 << 22
Jobs = dict[str, Callable[[], object]]


def data() -> tuple[np.ndarray, np.ndarray]:
    """Depth, and floats of which three tenths are missing."""
    rng = np.random.default_rng(1)
    floats = rng.normal(size=N).astype("f4")
    floats[rng.random(N) < 0.3] = np.nan
    return np.repeat(rng.poisson(30, N // 8), 8).astype("u2"), floats


def summaries(depth: np.ndarray, floats: np.ndarray) -> Jobs:
    starts = np.arange(0, N, 16384)
    parts = starts, starts + 16384
    jobs: Jobs = {
        f"summarise {t}": partial(summarise, depth.astype(t), *parts) for t in ("u1", "u2", "i2", "u4", "i8")
    }
    full = np.nan_to_num(floats)
    jobs["summarise f4"] = lambda: summarise(full, *parts)
    jobs["summarise f4, with missing values"] = lambda: summarise(floats, *parts)
    jobs["summarise f8"] = partial(summarise, full.astype("f8"), *parts)
    return jobs


def combinations(depth: np.ndarray, floats: np.ndarray) -> Jobs:
    whole, total, weight, out = np.zeros(N, "u4"), np.zeros(N), np.zeros(N), np.empty(N, "f4")
    rows, middle = np.random.default_rng(2).normal(size=(N // 64, 20)), np.empty(N // 64)
    return {
        "add_whole, u2 to u4": lambda: combined.add_whole(depth, whole),
        "add_valid, u2": lambda: combined.add_valid(depth, 1.0, True, total, weight),
        "add_valid, f4": lambda: combined.add_valid(floats, 1.0, True, total, weight),
        "divide, u4 to f4": lambda: combined.divide(whole, 3.0, out),
        "divide_by_weight": lambda: combined.divide_by_weight(total, weight, True, out),
        "extreme, f4": lambda: combined.extreme(floats, True, total, weight),
        "medians of 20": lambda: combined.medians(rows, middle),
    }


def windows(depth: np.ndarray, floats: np.ndarray) -> Jobs:
    rng = np.random.default_rng(3)
    values, out = np.nan_to_num(floats).astype("f8"), np.empty(N)
    weights, few = rng.random(81), N // 8
    starts, lengths = rng.integers(0, N - 3000, 2000), rng.integers(500, 3000, 2000)
    forward, bins = np.zeros(2000, bool), np.empty((2000, 100))
    one, lags = np.where(rng.random(200_000) < 0.05, 1.0, 0), np.arange(40, 500, 2)
    other, sums = np.ones(200_600), np.zeros(lags.size)
    return {
        "roll, mean of 50": lambda: rolling.roll(values, 50, 0, 1, 0, out),
        "roll, max of 50": lambda: rolling.roll(values, 50, 0, 1, 3, out),
        "convolve, 81 weights": lambda: rolling.convolve(values[: few + 80], weights, out[:few]),
        "scale_regions, u2": lambda: kernels.scale_regions(depth, starts, lengths, forward, 0, bins),
        "add_lags": lambda: add_lags(one, other, lags, sums),
    }


def counts(depth: np.ndarray, floats: np.ndarray) -> Jobs:
    rng = np.random.default_rng(4)
    letters, codes = rng.choice(np.frombuffer(b"ACGTN", "u1"), N), rng.integers(0, 4, N)
    sets, pattern = rng.choice(np.array([1, 2, 4, 8], "u1"), N), np.array([1, 2, 4, 8, 1, 2], "u1")
    small, digits = np.zeros(65536, np.int64), np.zeros((1, 65536), np.int64)
    keys, prefix = np.nan_to_num(floats).view("u4"), np.zeros(1, "u8")
    by_letter, by_code, found = np.zeros(256, np.int64), np.zeros(4**6, np.int64), np.zeros(N, "u1")
    return {
        "add_up, u2": lambda: kernels.add_up(depth),
        "count_small, u2": lambda: kernels.count_small(depth, 0, small),
        "count_digits, u4": lambda: kernels.count_digits(keys, 16, 16, prefix, digits),
        "count_letters": lambda: kernels.count_letters(letters, by_letter),
        "count_codes, 6": lambda: kernels.count_codes(codes, 6, N, by_code),
        "find_pattern": lambda: sequence.find_pattern(sets, pattern, found),
    }


def painting(depth: np.ndarray, floats: np.ndarray) -> Jobs:
    block, written = np.zeros(N, "f4"), np.zeros(N, bool)
    starts, points = np.arange(0, N - 150, 150, dtype="i4"), np.arange(0, N, 4, dtype="i4")
    values, ones = np.ones(starts.size, "f4"), np.ones(points.size, "f4")
    begin = np.arange(0, N, 5000)
    order, plus = np.arange(begin.size), np.ones(begin.size, "i1")
    return {
        "paint_intervals, of 150": lambda: paint_intervals(block, written, starts, starts + 150, values, 0),
        "paint_intervals, of 1": lambda: paint_intervals(block, written, points, points + 1, ones, 0),
        "cover": lambda: feature_kernels.cover(np.zeros(N + 1, "u4"), starts, starts + 150, 0),
        "fill_distances": lambda: feature_kernels.fill_distances(
            block, 0, 0, begin, begin + 100, order, plus, True
        ),
    }


def scanning(depth: np.ndarray, floats: np.ndarray) -> Jobs:
    bedgraph = "".join(f"chr1\t{k * 150}\t{k * 150 + 150}\t{k * 37 % 1000 / 10}\n" for k in range(100_000))
    wig = "fixedStep chrom=chr1 start=1 step=1\n" + "".join(
        f"{k * 37 % 1000 / 100:.2f}\n" for k in range(400_000)
    )
    columns = "".join(f"chr1\t{k + 1}\t{k * 37 % 1000}\n" for k in range(150_000))
    fasta = np.frombuffer((b"ACGTTGCAacgt" * 5 + b"\n") * 50_000, "u1")
    table, letters = _letters(False), np.empty(fasta.size, "u1")
    jobs: Jobs = {"copy_letters": lambda: copy_letters(fasta, 0, table, letters)}
    scanners = {
        "scan_bedgraph": (bedgraph, BedGraphScanner),
        "scan_wig": (wig, WigScanner),
        "scan_columns": (columns, lambda: ColumnScanner(1, 2, 0, None, 1)),
    }
    for name, (content, make) in scanners.items():
        text = np.frombuffer(content.encode(), "u1")
        buffers = Buffers(text.size)
        jobs[name] = lambda make=make, text=text, buffers=buffers: make().scan(text, buffers)
    return jobs


def main() -> None:
    """Print a row for each loop."""
    depth, floats = data()
    print("| loop | ms |\n|---|---|")
    for group in (summaries, combinations, windows, counts, painting, scanning):
        for name, run in group(depth, floats).items():
            run()
            taken = []
            for _ in range(7):
                begin = time.process_time()
                run()
                taken.append(time.process_time() - begin)
            print(f"| {name} | {sorted(taken)[3] * 1e3:.2f} |", flush=True)


if __name__ == "__main__":
    main()
