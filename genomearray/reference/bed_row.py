"""One row of a BED file: the first columns, checked.

References
----------
BED v1, https://samtools.github.io/hts-specs/BEDv1.pdf: offsets, 0-based, half-open; start may equal end.
"""

from __future__ import annotations

from typing import NamedTuple

from genomearray.errors import FormatError, RegionError
from genomearray.input_file import fields_of, whole_number
from genomearray.reference.region import parse_strand

MOST = 10**18  # offsets: sums of a few stay whole in 64 bits


class BedRow(NamedTuple):
    """Columns of a row; ``fields`` has all of them as they stand in the file."""

    chrom: str
    start: int
    end: int
    name: str
    strand: int
    fields: list[str]


def parse_bed_row(line: str, where: str) -> BedRow:
    """Columns 1 to 6 of a line of BED; columns 4 and 6 are optional.

    Raises
    ------
    FormatError
        With ``where``, file and line.

    Examples
    --------
    >>> parse_bed_row("chr1\\t10\\t20\\tpeak", "a.bed:1")[:5]
    ('chr1', 10, 20, 'peak', 0)
    """
    fields = fields_of(line)
    try:
        start, end = whole_number(fields[1]), whole_number(fields[2])
    except (IndexError, ValueError):
        have = f"{len(fields)} columns" if len(fields) < 3 else f"start {fields[1]!r} and end {fields[2]!r}"
        raise FormatError(
            f"{where}: a line of BED has chrom, start and end, whole numbers of bp; here are {have}"
        ) from None
    if not 0 <= start <= end < MOST:
        raise FormatError(f"{where}: start {start} and end {end} are not an interval; 0 <= start <= end")
    try:
        strand = parse_strand(fields[5]) if len(fields) > 5 else 0
    except RegionError as error:
        raise error.within(f"{where}: column 6", FormatError) from None
    return BedRow(fields[0], start, end, fields[3] if len(fields) > 3 else ".", strand, fields)
