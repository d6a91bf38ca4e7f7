"""Slow, obvious versions of everything: pure Python, one base at a time."""

from __future__ import annotations

import gzip
import math
import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

MISSING = {"na", "nan", "."}
Bases = dict[tuple[str, int], float]


def lines_of(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    text = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    for line in text.decode("utf-8-sig").split("\n"):
        line = line.strip()
        if line and not line.startswith("#") and line.split()[0] not in ("track", "browser"):
            yield line


def value_of(token: str) -> float:
    return math.nan if token.lower() in MISSING else float(token)


Interval = tuple[str, int, int, float]


def bedgraph_intervals(path: Path) -> Iterator[Interval]:
    """Chromosome, start, end and value of every line of data, in the order of the file."""
    for line in lines_of(path):
        chrom, start, end, value = line.split()
        yield chrom, int(float(start)), int(float(end)), value_of(value)


def wig_intervals(path: Path) -> Iterator[Interval]:
    """The same for wiggle."""
    kind, chrom, position, step, span = "", "", 0, 1, 1
    for line in lines_of(path):
        words = line.split()
        if words[0] in ("fixedStep", "variableStep"):
            keys = dict(word.split("=") for word in words[1:])
            kind, chrom = words[0], keys["chrom"]
            position, step, span = (
                int(keys.get("start", 0)),
                int(keys.get("step", 1)),
                int(keys.get("span", 1)),
            )
        elif len(words) == 4:
            kind = "bare"
            yield words[0], int(words[1]), int(words[2]), value_of(words[3])
        elif kind == "fixedStep":
            yield chrom, position - 1, position - 1 + span, value_of(words[0])
            position += step
        else:
            yield chrom, int(words[0]) - 1, int(words[0]) - 1 + span, value_of(words[1])


def bases_of(intervals: Iterable[Interval]) -> Bases:
    """Value of every base the intervals mention, by chromosome and offset; the last one wins."""
    return {(chrom, offset): value for chrom, start, end, value in intervals for offset in range(start, end)}


def read_fasta(path: Path) -> dict[str, str]:
    """Letters by record, as a sequence track holds them."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode()
    records: dict[str, str] = {}
    for record in text.split(">")[1:]:
        header, _, body = record.partition("\n")
        letters = "".join(body.split())
        records[header.split()[0]] = letters.translate(str.maketrans("UuXx.*", "TtNn--"))
    return records


def read_twobit(path: Path) -> dict[str, str]:
    """Letters by sequence of a small 2bit file."""
    raw = path.read_bytes()
    count = struct.unpack_from("<4I", raw)[2]
    at, records = 16, {}
    for _ in range(count):
        size = raw[at]
        name = raw[at + 1 : at + 1 + size].decode()
        (offset,) = struct.unpack_from("<I", raw, at + 1 + size)
        at += 5 + size
        length, n_blocks = struct.unpack_from("<2I", raw, offset)
        offset += 8
        n_starts = struct.unpack_from(f"<{n_blocks}I", raw, offset)
        n_sizes = struct.unpack_from(f"<{n_blocks}I", raw, offset + 4 * n_blocks)
        offset += 8 * n_blocks
        (masks,) = struct.unpack_from("<I", raw, offset)
        offset += 4
        m_starts = struct.unpack_from(f"<{masks}I", raw, offset)
        m_sizes = struct.unpack_from(f"<{masks}I", raw, offset + 4 * masks)
        offset += 8 * masks + 4
        letters = ["TCAG"[(raw[offset + k // 4] >> (6 - 2 * (k % 4))) & 3] for k in range(length)]
        for start, size in zip(n_starts, n_sizes, strict=True):
            letters[start : start + size] = "N" * size
        for start, size in zip(m_starts, m_sizes, strict=True):
            letters[start : start + size] = [letter.lower() for letter in letters[start : start + size]]
        records[name] = "".join(letters)
    return records


def window(values: list[float], start: int, end: int, minus: bool, fill: float) -> list[float]:
    """Values of the offsets [start, end), ``fill`` outside, backwards on the minus strand."""
    found = [values[k] if 0 <= k < len(values) else fill for k in range(start, end)]
    return found[::-1] if minus else found


def bins(values: list[float], n: int, how: str) -> list[float]:
    """Values scaled into n bins: every base is cut where a bin ends, in exact fractions."""
    found = []
    for j in range(n):
        low, high = Fraction(j * len(values), n), Fraction((j + 1) * len(values), n)
        parts = [
            (min(high, k + 1) - max(low, k), value)
            for k, value in enumerate(values)
            if k < high and k + 1 > low
        ]
        parts = [(weight, value) for weight, value in parts if not math.isnan(value)]
        if not parts:
            found.append(math.nan)
        elif how in ("min", "max"):
            found.append({"min": min, "max": max}[how](value for _, value in parts))
        else:
            total = sum(weight * Fraction(value) for weight, value in parts)
            found.append(float(total / sum(weight for weight, _ in parts) if how == "mean" else total))
    return found


def statistics(values: list[float]) -> dict[str, float]:
    """n, mean, min, max, sum and std of the values that are there, in exact fractions."""
    valid = [Fraction(value) for value in values if not math.isnan(value)]
    if not valid:
        return {"n": 0, "mean": math.nan, "min": math.nan, "max": math.nan, "sum": 0.0, "std": math.nan}
    mean = sum(valid) / len(valid)
    variance = sum((value - mean) ** 2 for value in valid) / len(valid)
    return {
        "n": len(valid),
        "mean": float(mean),
        "min": min(valid),
        "max": max(valid),
        "sum": sum(valid),
        "std": math.sqrt(variance),
    }


# -- lift over ------------------------------------------------------------------------------


def chain_bases(text: str) -> list[tuple[int, float, int, str, int, str, int, str]]:
    """Every aligned base: chain, score, aligned bases of the chain, source chromosome and offset, target ones, strand."""
    found = []
    chains: list[tuple[list[str], list[list[int]]]] = []
    for line in text.split("\n"):
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if words[0] == "chain":
            chains.append((words, []))
        else:
            chains[-1][1].append([int(word) for word in words])
    for number, (head, rows) in enumerate(chains):
        source, target = int(head[5]), int(head[10])
        aligned = sum(row[0] for row in rows)
        for row in rows:
            for k in range(row[0]):
                on_target = target + k if head[9] == "+" else int(head[8]) - 1 - (target + k)
                found.append(
                    (number, float(head[1]), aligned, head[2], source + k, head[7], on_target, head[9])
                )
            source += row[0] + (row[1] if len(row) > 1 else 0)
            target += row[0] + (row[2] if len(row) > 2 else 0)
    return found


def lifted(text: str, plus, minus, target_sizes: dict[str, int], collisions: str, nothing):
    """Values of the target, base by base: {chrom: list}; and the bases with several sources."""
    reach: dict[tuple[str, int], list] = {}
    for row in chain_bases(text):
        if row[5] in target_sizes and row[3] in plus:
            reach.setdefault((row[5], row[6]), []).append(row)
    out = {name: [nothing] * size for name, size in target_sizes.items()}
    collided = 0
    for (name, offset), rows in reach.items():
        values = [(plus if row[7] == "+" else minus)[row[3]][row[4]].item() for row in rows]
        collided += len(rows) > 1
        valid = [value for value in values if value == value]
        if collisions == "best":
            best = min(range(len(rows)), key=lambda k: (-rows[k][1], -rows[k][2], rows[k][0]))
            out[name][offset] = values[best]
        elif collisions in ("first", "last"):
            pick = min if collisions == "first" else max
            out[name][offset] = values[pick(range(len(rows)), key=lambda k: rows[k][0])]
        elif valid:
            out[name][offset] = sum(valid) / (len(valid) if collisions == "mean" else 1)
    return out, collided
