"""The columns of BED that say where a feature is: checked, a block of lines at a time.

One reader for all that take BED: ``import bed``, ``import genes``, ``liftover-bed`` and tables of regions.

References
----------
BED v1, https://samtools.github.io/hts-specs/BEDv1.pdf: offsets, 0-based, half-open; start may equal end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError
from genomearray.reference.region import FILE_STRANDS
from genomearray.text_table import Block, shown, whole_list, whole_numbers

_STRAND = 5  # column, from 0
_NAMES = {"chrom", "chr", "#chrom", "chromosome", "seqnames", "seqname"}


class BedFields(NamedTuple):
    """Offsets [start, end), bp, and strand (1, -1, 0) of the rows of a block."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    strand: NDArray[np.int8]

    def take(self, rows: list[int]) -> BedFields:
        """Some rows."""
        return BedFields(self.start[rows], self.end[rows], self.strand[rows])


def has_strands(block: Block) -> bool:
    """Whether column 6 holds strands, judged by the first lines of a file.

    Many tables have three columns of BED and then their own. Where the first line has something else
    than a strand there, and no line a ``+`` or ``-``, the file has no strands.
    """
    texts = [row[_STRAND] for row in block.rows if len(row) > _STRAND]
    if not texts:
        return False
    return texts[0] in FILE_STRANDS or bool({"+", "-"} & set(texts))


def bed_fields(block: Block, *, strands: bool) -> BedFields:
    """Start, end and strand of each row; FormatError for the first row that is not BED.

    Parameters
    ----------
    block : Block
    strands : bool
        Whether column 6 is a strand, see :func:`has_strands`; else all are 0.

    Raises
    ------
    FormatError
        With file and line: fewer than 3 columns, no whole numbers, a start after its end, no strand.

    Examples
    --------
    >>> block = Block("a.bed", [1, 2], [["chr1", "10", "20", "a", "0", "-"], ["chr1", "30", "30"]])
    >>> fields = bed_fields(block, strands=True)
    >>> fields.start.tolist(), fields.end.tolist(), fields.strand.tolist()
    ([10, 30], [20, 30], [-1, 0])
    """
    _check_columns(block)
    start, end = whole_numbers(block, 1, "start"), whole_numbers(block, 2, "end")
    if (start > end).any():
        k = int(np.argmax(start > end))
        raise FormatError(f"{block.where(k)}: start {start[k]} is after end {end[k]}")
    strand = np.zeros(start.size, np.int8)
    if strands:
        texts = [row[_STRAND] if len(row) > _STRAND else "." for row in block.rows]
        if not FILE_STRANDS.keys() >= set(texts):
            unknown = next(k for k, text in enumerate(texts) if text not in FILE_STRANDS)
            raise FormatError(
                f"{block.where(unknown)}: column 6: {shown(texts[unknown])} is not a strand; allowed "
                "are +, - and ."
            )
        strand[:] = [FILE_STRANDS[text] for text in texts]
    return BedFields(start, end, strand)


def _check_columns(block: Block) -> None:
    if min(map(len, block.rows), default=3) < 3:
        short = next(k for k, row in enumerate(block.rows) if len(row) < 3)
        n = len(block.rows[short])
        raise FormatError(
            f"{block.where(short)}: {n} column{'' if n == 1 else 's'}; a line of BED has at least 3: "
            "chrom, start, end"
        )
    if block.rows and block.rows[0][0].lower() in _NAMES and not block.rows[0][1].isdigit():
        raise FormatError(
            f"{block.where(0)}: this line holds names of columns, not a feature; put a # before it"
        )


def thick_parts(block: Block, fields: BedFields) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets [start, end), bp, of the thick parts of BED12 rows; FormatError for one outside of its row.

    A thick part without a base may stand anywhere: some programs write ``0 0`` for none.
    """
    low, high = whole_numbers(block, 6, "thickStart"), whole_numbers(block, 7, "thickEnd")
    outside = (low != high) & ~((fields.start <= low) & (low < high) & (high <= fields.end))
    if outside.any():
        k = int(np.argmax(outside))
        raise FormatError(
            f"{block.where(k)}: the thick part [{low[k]}, {high[k]}) is not inside of the feature "
            f"[{fields.start[k]}, {fields.end[k]})"
        )
    return low, high


def block_parts(block: Block, fields: BedFields) -> list[list[tuple[int, int]]]:
    """Offsets [start, end), bp, of the blocks of BED12 rows; FormatError for the first row whose
    blocks do not agree with it.

    Examples
    --------
    >>> row = "chr1 10 40 a 0 + 15 35 0 2 5,10, 0,20,".split()
    >>> block = Block("a.bed", [1], [row])
    >>> block_parts(block, bed_fields(block, strands=True))
    [[(10, 15), (30, 40)]]
    """
    counts = whole_numbers(block, 9, "blockCount")
    rows = zip(fields.start.tolist(), fields.end.tolist(), counts.tolist(), strict=True)
    return [_blocks(block, k, *row) for k, row in enumerate(rows)]


def _blocks(block: Block, k: int, start: int, end: int, count: int) -> list[tuple[int, int]]:
    size_text, start_text = block.rows[k][10:12]
    try:
        sizes, starts = (whole_list(text) if text else [] for text in (size_text, start_text))
    except ValueError:
        raise FormatError(
            f"{block.where(k)}: {shown(size_text)} and {shown(start_text)} are not lists of block sizes "
            "and starts (columns 11 and 12)"
        ) from None
    if not len(sizes) == len(starts) == count:
        raise FormatError(
            f"{block.where(k)}: {len(sizes)} block sizes and {len(starts)} starts, and blockCount is {count}"
        )
    parts = [(start + at, start + at + size) for at, size in zip(starts, sizes, strict=True)]
    wrong = next((part for part in parts if part[1] > end), None)
    if wrong is not None:
        raise FormatError(
            f"{block.where(k)}: block [{wrong[0]}, {wrong[1]}) is not inside of the feature [{start}, {end})"
        )
    return parts
