"""Where in a BAM the reads of a region begin: the indexes .bai and .csi.

References
----------
SAM/BAM format specification v1, section 5.2 (BAI); CSIv1, https://samtools.github.io/hts-specs/CSIv1.pdf
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from zlib_ng import zlib_ng

from genomearray.errors import FormatError

_WINDOW = 14  # bits: the linear index of a .bai has an offset for each 16,384 bp


def find_index(path: str) -> Path | None:
    """The index of a BAM, as samtools and Picard name it; None when there is none, or it is older than the BAM."""
    bam = Path(path)
    for candidate in (f"{path}.bai", f"{path}.csi", str(bam.with_suffix(".bai")), str(bam.with_suffix(".csi"))):
        index = Path(candidate)
        if index.is_file() and index.stat().st_mtime >= bam.stat().st_mtime:
            return index
    return None


def first_offsets(index: Path, wanted: dict[int, int]) -> dict[int, int]:
    """For each contig, a virtual offset before which no read reaches a place.

    Parameters
    ----------
    index : path
        .bai or .csi.
    wanted : dict of int to int
        Contigs (indices in the header), and an offset (bp) on each.

    Returns
    -------
    dict of int to int
        Contigs that have reads there or behind, and where in the file to begin.

    Raises
    ------
    FormatError
        Damaged, or not an index.
    """
    raw = index.read_bytes()
    try:
        if raw[:2] == b"\x1f\x8b":
            raw = _inflate(raw)
        return _bai(raw, wanted) if raw[:4] == b"BAI\x01" else _csi(raw, wanted)
    except (struct.error, ValueError, IndexError, zlib_ng.error) as error:  # type: ignore[misc]
        raise FormatError(f"{index}: the index is damaged ({error}); make it again with: samtools index") from None


def _inflate(raw: bytes) -> bytes:
    plain = []
    while raw:
        member = zlib_ng.decompressobj(31)
        plain.append(member.decompress(raw))
        raw = member.unused_data
    return b"".join(plain)


def _chunk_starts(raw: bytes, at: int, count: int) -> np.ndarray:
    return np.frombuffer(raw, "<u8", 2 * count, at)[::2]


def _bai(raw: bytes, wanted: dict[int, int]) -> dict[int, int]:
    found = {}
    (contigs,) = struct.unpack_from("<i", raw, 4)
    at = 8
    for contig in range(contigs):
        (bins,) = struct.unpack_from("<i", raw, at)
        at += 4
        least = None
        for _ in range(bins):
            number, chunks = struct.unpack_from("<Ii", raw, at)
            if chunks and number != 37450:  # the bin that holds counts of reads
                first = int(_chunk_starts(raw, at + 8, chunks).min())
                least = first if least is None else min(least, first)
            at += 8 + 16 * chunks
        (windows,) = struct.unpack_from("<i", raw, at)
        at += 4
        if contig in wanted and least is not None:
            linear = np.frombuffer(raw, "<u8", windows, at)
            window = min(max(wanted[contig], 0) >> _WINDOW, windows)
            before = linear[:window][linear[:window] > 0]
            here = int(linear[window]) if window < windows else 0
            # A window without reads has 0: the one before it is early enough.
            found[contig] = here or (int(before[-1]) if before.size else least)
        at += 8 * windows
    return found


def _csi(raw: bytes, wanted: dict[int, int]) -> dict[int, int]:
    if raw[:4] != b"CSI\x01":
        raise ValueError("it begins with neither BAI nor CSI")
    shift, depth, extra = struct.unpack_from("<iii", raw, 4)
    at = 16 + extra
    (contigs,) = struct.unpack_from("<i", raw, at)
    at += 4
    found = {}
    last_level = ((1 << 3 * depth) - 1) // 7
    meta = ((1 << 3 * (depth + 1)) - 1) // 7 + 1
    for contig in range(contigs):
        (bins,) = struct.unpack_from("<i", raw, at)
        at += 4
        least, best = None, 0
        leaf = last_level + (max(wanted.get(contig, 0), 0) >> shift)
        for _ in range(bins):
            number, offset, chunks = struct.unpack_from("<IQi", raw, at)
            if chunks and number != meta:
                first = int(_chunk_starts(raw, at + 16, chunks).min())
                least = first if least is None else min(least, first)
                # The offset of a bin is that of the first read that reaches into it: good for all places behind its start.
                if last_level <= number <= leaf:
                    best = max(best, offset)
            at += 16 + 16 * chunks
        if contig in wanted and least is not None:
            found[contig] = best or least
    return found
