"""A small writer of bigWig files in every form that the format has, and what such a file says."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

import numpy as np

MAGIC, BIGBED, TREE, INDEX = 0x888FFC26, 0x8789F2EB, 0x78CA8C91, 0x2468ACE0


@dataclass
class Section:
    """One block: kind 1 (bedGraph: starts, ends), 2 (variableStep) or 3 (fixedStep)."""

    chrom: str
    kind: int
    starts: list[int]
    values: list[float]
    ends: list[int] = field(default_factory=list)
    span: int = 1
    step: int = 1

    def items(self):
        for k, (start, value) in enumerate(zip(self.starts, self.values, strict=True)):
            yield start, self.ends[k] if self.kind == 1 else start + self.span, value

    @property
    def bounds(self):
        rows = list(self.items())
        return min(start for start, _, _ in rows), max(end for _, end, _ in rows)

    def packed(self, order, number):
        low, high = self.bounds
        step, span = (self.step if self.kind == 3 else 0), (0 if self.kind == 1 else self.span)
        head = struct.pack(order + "5IBBH", number, low, high, step, span, self.kind, 0, len(self.starts))
        body = b""
        for start, end, value in self.items():
            body += struct.pack(order + "I", start) if self.kind < 3 else b""
            body += struct.pack(order + "I", end) if self.kind == 1 else b""
            body += struct.pack(order + "f", value)
        return head + body


def write(
    path, sizes, sections, *, order="<", compressed=True, version=4, numbers=None, per_node=4, summary=True
):
    """Write a file; ``numbers`` are the ids of the chromosomes, ``per_node`` how many entries a node has."""
    numbers = numbers or {name: k for k, name in enumerate(sizes)}
    data = bytearray(64)
    if summary:
        data += bytes(40)
    tree_at = len(data)
    data += _chromosome_tree(order, sizes, numbers, per_node, tree_at)
    data_at = len(data)
    data += struct.pack(order + "Q", len(sections))
    leaves, longest = [], 0
    for section in sections:
        block = section.packed(order, numbers[section.chrom])
        longest = max(longest, len(block))
        raw = zlib.compress(block) if compressed else block
        low, high = section.bounds
        number = numbers[section.chrom]
        leaves.append(((number, low, number, high), len(data), len(raw)))
        data += raw
    index_at = len(data)
    data += _index(order, leaves, per_node, index_at)
    head = (
        MAGIC,
        version,
        0,
        tree_at,
        data_at,
        index_at,
        0,
        0,
        0,
        64 if summary else 0,
        longest if compressed else 0,
        0,
    )
    data[:64] = struct.pack(order + "IHHQQQHHQQIQ", *head)
    if summary:
        painted = paint(sizes, sections)
        values = np.concatenate([array[~np.isnan(array)] for array in painted.values()]).astype(np.float64)
        least, most = (values.min(), values.max()) if values.size else (0, 0)
        data[64:104] = struct.pack(order + "Q4d", values.size, least, most, values.sum(), (values**2).sum())
    path.write_bytes(data)
    return path


def paint(sizes, sections):
    """What the file says: later blocks win."""
    painted = {name: np.full(size, np.nan, np.float32) for name, size in sizes.items()}
    for section in sections:
        for start, end, value in section.items():
            painted[section.chrom][start:end] = value
    return painted


def write_bigbed(
    path, sizes, rows, *, order="<", compressed=True, autosql="", fields=3, numbers=None, per_block=5
):
    """Write features (chrom, start, end, further fields as text) in blocks of ``per_block``."""
    numbers = numbers or {name: k for k, name in enumerate(sizes)}
    data = bytearray(64)
    autosql_at = len(data) if autosql else 0
    data += autosql.encode() + b"\0" if autosql else b""
    tree_at = len(data)
    data += _chromosome_tree(order, sizes, numbers, 4, tree_at)
    data_at = len(data)
    data += struct.pack(order + "Q", len(rows))
    leaves, longest = [], 0
    for chrom in sorted(sizes, key=numbers.get):
        here = [row for row in rows if row[0] == chrom]
        for low in range(0, len(here), per_block):
            part = here[low : low + per_block]
            block = b"".join(
                struct.pack(order + "3I", numbers[chrom], start, end) + "\t".join(rest).encode() + b"\0"
                for _, start, end, *rest in part
            )
            longest = max(longest, len(block))
            raw = zlib.compress(block) if compressed else block
            bounds = (
                numbers[chrom],
                min(row[1] for row in part),
                numbers[chrom],
                max(row[2] for row in part),
            )
            leaves.append((bounds, len(data), len(raw)))
            data += raw
    index_at = len(data)
    data += _index(order, leaves, 3, index_at)
    head = (
        BIGBED,
        4,
        0,
        tree_at,
        data_at,
        index_at,
        fields,
        min(fields, 12),
        autosql_at,
        0,
        longest if compressed else 0,
        0,
    )
    data[:64] = struct.pack(order + "IHHQQQHHQQIQ", *head)
    path.write_bytes(data)
    return path


def _chromosome_tree(order, sizes, numbers, per_node, at):
    key = max(len(name) for name in sizes)
    names = sorted(sizes)
    out = bytearray(struct.pack(order + "IIIIQQ", TREE, per_node, key, 8, len(names), 0))
    leaves = [names[k : k + per_node] for k in range(0, len(names), per_node)]

    def leaf(part):
        rows = b"".join(
            name.encode().ljust(key, b"\0") + struct.pack(order + "II", numbers[name], sizes[name])
            for name in part
        )
        return struct.pack(order + "BBH", 1, 0, len(part)) + rows

    level = [(part[0], leaf(part)) for part in leaves]
    levels = [level]
    while len(levels[0]) > 1:  # from the leaves up; the places of children come later
        below = levels[0]
        groups = [list(range(k, min(k + per_node, len(below)))) for k in range(0, len(below), per_node)]
        levels.insert(0, [(below[group[0]][0], group) for group in groups])
    places, where = [], at + 32
    for floor in levels:
        here = []
        for _, node in floor:
            here.append(where)
            where += len(node) if isinstance(node, bytes) else 4 + len(node) * (key + 8)
        places.append(here)
    for depth, floor in enumerate(levels):
        for _, node in floor:
            if isinstance(node, bytes):
                out += node
                continue
            out += struct.pack(order + "BBH", 0, 0, len(node))
            for child in node:
                name = levels[depth + 1][child][0]
                out += name.encode().ljust(key, b"\0") + struct.pack(order + "Q", places[depth + 1][child])
    return out


def _index(order, leaves, per_node, at):
    bounds = [row[0] for row in leaves] or [(0, 0, 0, 0)]
    low = min((row[0], row[1]) for row in bounds)
    high = max((row[2], row[3]) for row in bounds)
    out = bytearray(struct.pack(order + "IIQIIIIQII", INDEX, per_node, len(leaves), *low, *high, at, 1, 0))
    if not leaves:
        return out + struct.pack(order + "BBH", 1, 0, 0)
    floor = [leaves[k : k + per_node] for k in range(0, len(leaves), per_node)]
    levels = [[(_spanned([row[0] for row in part]), part) for part in floor]]
    while len(levels[0]) > 1:
        below = levels[0]
        groups = [list(range(k, min(k + per_node, len(below)))) for k in range(0, len(below), per_node)]
        levels.insert(0, [(_spanned([below[child][0] for child in group]), group) for group in groups])
    places, where = [], at + 48
    for depth, level in enumerate(levels):
        here = []
        for _, node in level:
            here.append(where)
            where += 4 + len(node) * (32 if depth == len(levels) - 1 else 24)
        places.append(here)
    for depth, level in enumerate(levels):
        for _, node in level:
            last = depth == len(levels) - 1
            out += struct.pack(order + "BBH", int(last), 0, len(node))
            for child in node:
                if last:
                    out += struct.pack(order + "4IQQ", *child[0], child[1], child[2])
                else:
                    out += struct.pack(order + "4IQ", *levels[depth + 1][child][0], places[depth + 1][child])
    return out


def _spanned(bounds):
    low, high = min((row[0], row[1]) for row in bounds), max((row[2], row[3]) for row in bounds)
    return (*low, *high)


def random_sections(rng, sizes, n=30, *, ordered=True, overlapping=False):
    """Sections of all kinds."""
    sections = []
    for chrom, size in sizes.items():
        at = 0
        for _ in range(n):
            at = int(rng.integers(0, size)) if overlapping else at + int(rng.integers(0, size // n))
            kind, count, span = int(rng.integers(1, 4)), int(rng.integers(1, 9)), int(rng.integers(1, 5))
            step = span + int(rng.integers(0, 3))
            gaps = rng.integers(0, 4, count) if kind < 3 else np.zeros(count, int)
            starts = (at + np.arange(count) * step + np.cumsum(gaps)).tolist()
            if starts[-1] + span > size:
                continue
            values = np.round(rng.normal(0, 9, count), 2).astype(np.float32).tolist()
            ends = [start + int(rng.integers(1, span + 1)) for start in starts] if kind == 1 else []
            sections.append(Section(chrom, kind, starts, values, ends, span, step))
            at = starts[-1] + span
    if not ordered:
        rng.shuffle(sections)
    return sections
