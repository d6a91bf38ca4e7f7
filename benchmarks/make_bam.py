"""A coordinate-sorted BAM of synthetic reads, with names, sequence and qualities, in a minute.

    python benchmarks/make_bam.py OUT.bam [READS] [single|paired] [ALL|CHROM,CHROM...]

Positions are random; 3 reads of 100 have a deletion, 1 an intron, 5 soft-clipped ends. Qualities
take four values, as sequencers write them now. Pairs are 150 bp reads of fragments of 200-500 bp,
as in a whole genome.
"""

from __future__ import annotations

import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from synthetic import HUMAN
from zlib_ng import zlib_ng

BLOCK = 65280  # bytes before compression, as htslib writes them
EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def _records(out, pos, flag, mate, size, name, tid, length, bases, quals, cigars):
    """Records (SAM specification, section 4.2) one after the other; gives the bytes written."""
    half = (length + 1) // 2
    ops = cigars[(name * 2654435761 >> 7) % 100]
    sizes = 36 + 11 + 4 * ops[:, 0] + half + length
    starts = np.cumsum(sizes) - sizes
    for n in np.unique(ops[:, 0]).tolist():  # records of one size at a time
        rows = np.flatnonzero(ops[:, 0] == n)
        record = np.empty((rows.size, 36 + 11 + 4 * n + half + length), np.uint8)
        words = record[:, :36].view("<i4")
        words[:, 0] = record.shape[1] - 4
        words[:, 1], words[:, 2] = tid, pos[rows]
        words[:, 3] = 11 | 60 << 8 | 4680 << 16
        words[:, 4] = n | flag[rows] << 16
        words[:, 5] = length
        words[:, 6], words[:, 7], words[:, 8] = np.where(mate[rows] >= 0, tid, -1), mate[rows], size[rows]
        record[:, 36] = ord("r")
        for digit in range(9):
            record[:, 45 - digit] = 48 + name[rows] // 10**digit % 10
        record[:, 46] = 0
        record[:, 47 : 47 + 4 * n] = ops[rows, 1 : 1 + n].astype("<u4").view(np.uint8)
        for at, width, letters, first in (
            (47 + 4 * n, half, bases, name[rows] * 977 % (bases.size - half)),
            (47 + 4 * n + half, length, quals, (name[rows] * 1361 + flag[rows]) % (quals.size - length)),
        ):
            record[:, at : at + width] = np.lib.stride_tricks.sliding_window_view(letters, width)[first]
        out[starts[rows, None] + np.arange(record.shape[1])] = record
    return int(sizes.sum())


def _cigars(length):
    """One line a hundredth of the reads: number of operations, then operations."""
    table = np.zeros((100, 4), np.int64)
    for k in range(100):
        ops = [(length, 0)]
        if k < 3:
            ops = [(40, 0), (2, 2), (length - 40, 0)]
        elif k < 4:
            ops = [(length // 2, 0), (2000, 3), (length - length // 2, 0)]
        elif k < 9:
            ops = [(10, 4), (length - 10, 0)]
        table[k, 0] = len(ops)
        table[k, 1 : 1 + len(ops)] = [n << 4 | op for n, op in ops]
    return table


def _member(plain):
    packer = zlib_ng.compressobj(6, zlib_ng.DEFLATED, -15)
    raw = packer.compress(plain) + packer.flush()
    head = struct.pack("<4BI2BHBBHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(raw) + 25)
    return head + raw + struct.pack("<II", zlib_ng.crc32(plain), len(plain))


def make_bam(path: Path, reads: int, paired: bool, sizes: dict[str, int]) -> None:
    rng = np.random.default_rng(11)
    length = 150 if paired else 100
    packed = (1 << np.arange(4)).astype(np.uint8)  # A C G T in four bits each
    bases = packed[rng.integers(0, 4, 1 << 20)] << 4 | packed[rng.integers(0, 4, 1 << 20)]
    quals = np.array([37, 25, 11, 2], np.uint8)[rng.choice(4, 1 << 20, p=[0.9, 0.06, 0.03, 0.01])]
    cigars = _cigars(length)
    text = "@HD\tVN:1.6\tSO:coordinate\n" + "".join(f"@SQ\tSN:{name}\tLN:{n}\n" for name, n in HUMAN.items())
    header = b"BAM\1" + struct.pack("<I", len(text)) + text.encode() + struct.pack("<I", len(HUMAN))
    for name, n in HUMAN.items():
        header += struct.pack("<I", len(name) + 1) + name.encode() + b"\0" + struct.pack("<I", n)
    total, made = sum(sizes.values()), 0
    with path.open("wb") as file, ThreadPoolExecutor(2) as pool:
        file.write(_member(header))
        for tid, name in enumerate(HUMAN):
            if name not in sizes:
                continue
            count = int(reads * sizes[name] / total) // (2 if paired else 1)
            left = np.sort(rng.integers(0, sizes[name] - 3000, count))
            names = np.arange(made, made + count)
            made += count
            if paired:
                insert = rng.integers(200, 500, count)
                right = left + insert - length
                pos, mate = np.concatenate([left, right]), np.concatenate([right, left])
                flag = np.repeat([99, 147], count)
                size, names = np.concatenate([insert, -insert]), np.concatenate([names, names])
                order = np.argsort(pos, kind="stable")
                pos, mate, flag, size, names = pos[order], mate[order], flag[order], size[order], names[order]
            else:
                pos, mate, size, flag = (
                    left,
                    np.full(count, -1),
                    np.zeros(count, int),
                    16 * rng.integers(0, 2, count),
                )
            rest = np.empty(0, np.uint8)
            for first in range(0, pos.size, 1 << 18):
                part = slice(first, first + (1 << 18))
                out = np.empty(pos[part].size * (2 * length + 80), np.uint8)
                used = _records(
                    out,
                    pos[part],
                    flag[part],
                    mate[part],
                    size[part],
                    names[part],
                    tid,
                    length,
                    bases,
                    quals,
                    cigars,
                )
                plain = np.concatenate([rest, out[:used]])
                whole = plain.size // BLOCK * BLOCK
                file.writelines(
                    pool.map(
                        lambda at, plain=plain: _member(plain[at : at + BLOCK].tobytes()),
                        range(0, whole, BLOCK),
                    )
                )
                rest = plain[whole:]
            if rest.size:
                file.write(_member(rest.tobytes()))
        file.write(EOF)


if __name__ == "__main__":
    out, *words = sys.argv[1:]
    reads, kind, chroms = (words + ["20000000", "single", "ALL"][len(words) :])[:3]
    wanted = HUMAN if chroms == "ALL" else {name: HUMAN[name] for name in chroms.split(",")}
    make_bam(Path(out), int(reads), kind == "paired", wanted)
