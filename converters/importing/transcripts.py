"""Transcripts with their exons as rows of a feature table, whatever the format of the file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genomearray.errors import FormatError
from genomearray.storage.feature_layout import TEXT

from ..text.tables import Block, listed, shown
from .features import Found, TableReport
from .pipeline import ImportJob

NO_CODING = -1
STRANDS = {"+": 1, "-": -1, ".": 0, "?": 0}
OFFSET = re.compile(r"[0-9]{1,18}")
LIST = re.compile(r"(?:[0-9]{1,18},)*[0-9]{1,18},?")


@dataclass
class Transcript:
    """What the lines of a file say of one transcript."""

    chrom: str
    strand: str
    name: str
    where: str
    gene_id: str = ""
    gene_name: str = ""
    gene_type: str = ""
    span: tuple[int, int] | None = None
    exons: list[tuple[int, int]] = field(default_factory=list)
    coding: list[tuple[int, int]] = field(default_factory=list)

    def parts(self) -> list[tuple[int, int]]:
        """Exons, ascending; where a file has none, the coding parts are all that is known: codons
        are parts of them, or touch them.
        """
        if self.exons:
            return sorted(set(self.exons))
        merged: list[tuple[int, int]] = []
        for start, end in sorted(self.coding):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged


Read = Callable[[ImportJob[TableReport], Iterator[Block], Counter[str]], Iterator[Found]]


def transcript_columns() -> dict[str, Any]:
    """Dtypes of the columns of a table of transcripts."""
    whole = np.dtype(np.int64)
    names = dict.fromkeys(("name", "gene_id", "gene_name", "gene_type"), TEXT)
    return names | {"cds_start": whole, "cds_end": whole, "exon_starts": TEXT, "exon_ends": TEXT}


def as_found(transcripts: list[Transcript]) -> Iterator[Found]:
    """Rows of the table; errors name the first line of a transcript."""
    if not transcripts:
        return
    columns: dict[str, list[Any]] = {name: [] for name in ("start", "end", *transcript_columns())}
    for transcript in transcripts:
        parts = transcript.parts()
        start, end = parts[0][0], max(stop for _, stop in parts)
        if transcript.span is not None:
            if start < transcript.span[0] or end > transcript.span[1]:
                raise FormatError(
                    f"{transcript.where}: transcript {shown(transcript.name)} is "
                    f"[{transcript.span[0]}, {transcript.span[1]}) (offsets), "
                    f"and its exons reach from {start} to {end}"
                )
            start, end = transcript.span
        coding = transcript.coding
        values = {
            "start": start,
            "end": end,
            "name": transcript.name,
            "gene_id": transcript.gene_id,
            "gene_name": transcript.gene_name,
            "gene_type": transcript.gene_type,
            "cds_start": min((low for low, _ in coding), default=NO_CODING),
            "cds_end": max((high for _, high in coding), default=NO_CODING),
            "exon_starts": ",".join(str(low) for low, _ in parts),
            "exon_ends": ",".join(str(high) for _, high in parts),
        }
        for name, value in values.items():
            columns[name].append(value)
    starts, ends = (np.array(columns.pop(name), np.int64) for name in ("start", "end"))
    strand = np.array([STRANDS[transcript.strand] for transcript in transcripts], np.int8)
    wholes = {name: np.array(columns[name], np.int64) for name in ("cds_start", "cds_end")}
    yield Found(
        [t.chrom for t in transcripts],
        starts,
        ends,
        strand,
        columns | wholes,
        lambda k: transcripts[k].where,
        cut_transcript,
    )


def cut_transcript(columns: dict[str, Any], row: int, length: int) -> None:
    """A transcript past the end of its chromosome, with the exons and the coding part that are on it."""
    starts, ends = (listed(columns[name][row]) for name in ("exon_starts", "exon_ends"))
    kept = [(start, min(end, length)) for start, end in zip(starts, ends, strict=True) if start < length]
    columns["exon_starts"][row], columns["exon_ends"][row] = (
        ",".join(str(part[k]) for part in kept) for k in (0, 1)
    )
    columns["cds_end"][row] = min(columns["cds_end"][row], length)
    if columns["cds_start"][row] >= length:
        columns["cds_start"][row] = columns["cds_end"][row] = NO_CODING


# -- GTF and GFF3: lines of parts, put together by names ------------------------------------------


def part_columns(block: Block, k: int) -> tuple[str, str, int, int, str, str, str]:
    """chrom, type, start, end (offsets), strand, attributes and place of a line."""
    row, where = block.rows[k], block.where(k)
    if len(row) < 9 or not row[8].strip(" ."):
        raise FormatError(
            f"{where}: the line has no attributes (column 9), which name genes and transcripts; GTF "
            "and GFF3 have 9 columns"
        )
    if len(row) > 9:
        raise FormatError(f"{where}: {len(row)} columns; GTF and GFF3 have 9")
    chrom, kind, low, high, strand = row[0], row[2], row[3], row[4], row[6]
    if not (OFFSET.fullmatch(low) and OFFSET.fullmatch(high)):
        raise FormatError(
            f"{where}: start {shown(low)} and end {shown(high)} (columns 4 and 5) are not both whole numbers"
        )
    if not 1 <= int(low) <= int(high):
        raise FormatError(
            f"{where}: start {low} and end {high} (columns 4 and 5) are not an interval; positions count "
            "from 1, start <= end"
        )
    if strand not in STRANDS:
        raise FormatError(f"{where}: column 7: {shown(strand)} is not a strand; allowed are +, -, . and ?")
    return (
        chrom,
        kind,
        int(low) - 1,
        int(high),
        strand,
        row[8],
        where,
    )  # GTF and GFF3: 1-based, both ends included


def with_parts(transcripts: Any, left_out: Counter[str]) -> list[Transcript]:
    """Transcripts that have exons or a coding sequence; the others are counted."""
    kept = [transcript for transcript in transcripts if transcript.exons or transcript.coding]
    if len(kept) < len(transcripts):
        left_out["transcripts without exons"] += len(transcripts) - len(kept)
    return kept


def exon_lists(starts: str, ends: str, count: int, where: str) -> list[tuple[int, int]]:
    """The exons of a row of a gene table: starts and ends."""
    for text in (starts, ends):
        if not LIST.fullmatch(text):
            raise FormatError(f"{where}: {shown(text)} is not a list of exon borders, such as 100,300,")
    low, high = map(listed, (starts, ends))
    if not len(low) == len(high) == count:
        raise FormatError(f"{where}: {len(low)} exon starts and {len(high)} ends, and exonCount is {count}")
    wrong = next((k for k in range(count) if low[k] >= high[k]), None)
    if wrong is not None:
        raise FormatError(f"{where}: exon [{low[wrong]}, {high[wrong]}) has no base")
    return list(zip(low, high, strict=True))
