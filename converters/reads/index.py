"""Where in a BAM the reads of a region begin: the indexes .bai and .csi.

References
----------
SAM/BAM format specification v1, section 5.2 (BAI); CSIv1, https://samtools.github.io/hts-specs/CSIv1.pdf
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from zlib_ng import zlib_ng

from genomearray.errors import FormatError

_WINDOW = 14  # bits: the linear index of a .bai has an offset for each 16,384 bp


def find_index(path: str) -> Path | None:
    """The index of a BAM, as samtools and Picard name it; None when there is none, or it is older
    than the BAM.
    """
    bam = Path(path)
    for candidate in (
        f"{path}.bai",
        f"{path}.csi",
        str(bam.with_suffix(".bai")),
        str(bam.with_suffix(".csi")),
    ):
        index = Path(candidate)
        if index.is_file() and index.stat().st_mtime >= bam.stat().st_mtime:
            return index
    return None


@dataclass(frozen=True)
class ContigOffsets:
    """Virtual offsets in a BAM.

    Attributes
    ----------
    starts : dict of int to int
        For contigs that are wanted and have reads: before it, no read reaches the wanted place.
    ends : dict of int to int
        For all contigs that have reads: after the last one.
    """

    starts: dict[int, int]
    ends: dict[int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ordered", sorted(self.ends))

    def end_before(self, contig: int) -> int | None:
        """Where the reads of the last contig before one end; None where there are none."""
        ordered: list[int] = self.__dict__["_ordered"]
        at = bisect_left(ordered, contig)
        return self.ends[ordered[at - 1]] if at else None


def first_offsets(index: Path, wanted: dict[int, int], contigs: int) -> ContigOffsets:
    """For each contig, a virtual offset before which no read reaches a place.

    Parameters
    ----------
    index : path
        .bai or .csi.
    wanted : dict of int to int
        Contigs (indices in the header), and an offset (bp) on each.
    contigs : int
        Of the header.

    Returns
    -------
    ContigOffsets

    Raises
    ------
    FormatError
        Damaged, or not an index.
    """
    raw = index.read_bytes()
    try:
        if raw[:2] == b"\x1f\x8b":
            raw = _inflate(raw)
        return _bai(raw, wanted, contigs) if raw[:4] == b"BAI\x01" else _csi(raw, wanted, contigs)
    except (struct.error, ValueError, IndexError, OverflowError, zlib_ng.error) as error:  # type: ignore[misc]
        raise FormatError(
            f"{index}: the index is damaged ({error}); make it again with: samtools index"
        ) from None


def _inflate(raw: bytes) -> bytes:
    plain = []
    while raw:
        member = zlib_ng.decompressobj(31)
        plain.append(member.decompress(raw))
        raw = member.unused_data
    return b"".join(plain)


def _chunks(raw: bytes, at: int, count: int) -> tuple[int, int]:
    """Least start and greatest end of the chunks of a bin."""
    table = np.frombuffer(raw, "<u8", 2 * count, at)
    return int(table[::2].min()), int(table[1::2].max())


def _check_contigs(indexed: int, contigs: int) -> None:
    if indexed != contigs:
        raise ValueError(f"it has {indexed} contigs, and the BAM {contigs}")


def _bai(raw: bytes, wanted: dict[int, int], contigs: int) -> ContigOffsets:
    offsets: dict[int, int] = {}
    ends: dict[int, int] = {}
    _check_contigs(struct.unpack_from("<i", raw, 4)[0], contigs)
    at = 8
    for contig in range(contigs):
        (bins,) = struct.unpack_from("<i", raw, at)
        at += 4
        least = None
        for _ in range(bins):
            number, chunks = struct.unpack_from("<Ii", raw, at)
            if chunks and number != 37450:  # the bin that holds counts of reads
                first, last = _chunks(raw, at + 8, chunks)
                least = first if least is None else min(least, first)
                ends[contig] = max(ends.get(contig, 0), last)
            at += 8 + 16 * chunks
        (windows,) = struct.unpack_from("<i", raw, at)
        at += 4
        if contig in wanted and least is not None:
            linear = np.frombuffer(raw, "<u8", windows, at)
            window = min(max(wanted[contig], 0) >> _WINDOW, windows)
            before = linear[:window][linear[:window] > 0]
            here = int(linear[window]) if window < windows else 0
            # A window without reads has 0: the one before it is early enough.
            offsets[contig] = here or (int(before[-1]) if before.size else least)
        at += 8 * windows
    return ContigOffsets(offsets, ends)


def _csi(raw: bytes, wanted: dict[int, int], contigs: int) -> ContigOffsets:
    if raw[:4] != b"CSI\x01":
        raise ValueError("it begins with neither BAI nor CSI")
    shift, depth, extra = struct.unpack_from("<iii", raw, 4)
    at = 16 + extra
    _check_contigs(struct.unpack_from("<i", raw, at)[0], contigs)
    at += 4
    offsets: dict[int, int] = {}
    ends: dict[int, int] = {}
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
                first, last = _chunks(raw, at + 16, chunks)
                least = first if least is None else min(least, first)
                ends[contig] = max(ends.get(contig, 0), last)
                # The offset of a bin is that of the first read that reaches into it:
                # good for all places after its start.
                if last_level <= number <= leaf:
                    best = max(best, offset)
            at += 16 + 16 * chunks
        if contig in wanted and least is not None:
            offsets[contig] = best or least
    return ContigOffsets(offsets, ends)
