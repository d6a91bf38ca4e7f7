"""Transcripts with their exons as rows of a feature table, whatever the format of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from genomearray.bad_lines import BadLines
from genomearray.errors import FormatError
from genomearray.storage.feature_layout import NO_CODING, TEXT
from genomearray.text_table import shown, whole_list

from .features import FeatureRows

LIST = re.compile(r"(?:[0-9]{1,18},)*[0-9]{1,18},?")
Span = tuple[int, int]  # offsets [start, end), bp


@dataclass
class Transcript:
    """What the lines of a file say of one transcript; ``where`` is its first line."""

    chrom: str
    strand: int
    name: str
    where: str
    gene_id: str = ""
    gene_name: str = ""
    gene_type: str = ""
    span: Span | None = None
    exons: list[Span] = field(default_factory=list)
    coding: list[Span] = field(default_factory=list)
    untranslated: list[Span] = field(default_factory=list)

    @property
    def has_parts(self) -> bool:
        """Whether anything is known of its exons."""
        return bool(self.exons or self.coding or self.untranslated)

    def parts(self) -> list[Span]:
        """Exons, ascending; where a file has none, the coding and untranslated parts are all that is
        known: they touch where they belong to one exon.
        """
        if self.exons:
            return sorted(set(self.exons))
        merged: list[Span] = []
        for start, end in sorted([*self.coding, *self.untranslated]):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        return merged

    def within(self, low: int, high: int, shift: int = 0) -> Transcript:
        """What of it lies in [low, high), moved by ``shift``."""

        def cut(spans: Iterable[Span]) -> list[Span]:
            kept = [(max(start, low), min(end, high)) for start, end in spans if start < high and end > low]
            return [(start + shift, end + shift) for start, end in kept]

        span = next(iter(cut([self.span])), None) if self.span is not None else None
        return replace(
            self,
            span=span,
            exons=cut(self.exons),
            coding=cut(self.coding),
            untranslated=cut(self.untranslated),
        )


def transcript_columns() -> dict[str, Any]:
    """Dtypes of the columns of a table of transcripts."""
    whole = np.dtype(np.int64)
    names = dict.fromkeys(("name", "gene_id", "gene_name", "gene_type"), TEXT)
    return names | {"cds_start": whole, "cds_end": whole, "exon_starts": TEXT, "exon_ends": TEXT}


def feature_rows(transcripts: Iterable[Transcript], bad: BadLines) -> Iterator[FeatureRows]:
    """Rows of the table; errors name the first line of a transcript."""
    rows: list[tuple[Transcript, dict[str, Any]]] = []
    for transcript in transcripts:
        try:
            rows.append((transcript, _row(transcript)))
        except FormatError as error:
            bad.refuse(error)
    if not rows:
        return
    columns: dict[str, list[Any]] = {name: [row[name] for _, row in rows] for name in rows[0][1]}
    starts, ends = (np.array(columns.pop(name), np.int64) for name in ("start", "end"))
    wholes = {name: np.array(columns[name], np.int64) for name in ("cds_start", "cds_end")}
    kept = [transcript for transcript, _ in rows]
    yield FeatureRows(
        [transcript.chrom for transcript in kept],
        starts,
        ends,
        np.array([transcript.strand for transcript in kept], np.int8),
        columns | wholes,
        lambda k: kept[k].where,
        cut_transcript,
    )


def _row(transcript: Transcript) -> dict[str, Any]:
    parts = transcript.parts()
    start, end = parts[0][0], max(stop for _, stop in parts)
    span = transcript.span
    if span is not None:
        if start < span[0] or end > span[1]:
            raise FormatError(
                f"{transcript.where}: transcript {shown(transcript.name)} is [{span[0]}, {span[1]}) "
                f"(offsets), and its exons reach from {start} to {end}"
            )
        start, end = span
    return {
        "start": start,
        "end": end,
        "name": transcript.name,
        "gene_id": transcript.gene_id,
        "gene_name": transcript.gene_name,
        "gene_type": transcript.gene_type,
        "cds_start": min((low for low, _ in transcript.coding), default=NO_CODING),
        "cds_end": max((high for _, high in transcript.coding), default=NO_CODING),
        "exon_starts": ",".join(str(low) for low, _ in parts),
        "exon_ends": ",".join(str(high) for _, high in parts),
    }


def cut_transcript(columns: dict[str, Any], row: int, length: int) -> None:
    """A transcript past the end of its chromosome, with the exons and the coding part that are on it."""
    starts, ends = (whole_list(columns[name][row]) for name in ("exon_starts", "exon_ends"))
    kept = [(start, min(end, length)) for start, end in zip(starts, ends, strict=True) if start < length]
    columns["exon_starts"][row], columns["exon_ends"][row] = (
        ",".join(str(part[k]) for part in kept) for k in (0, 1)
    )
    columns["cds_end"][row] = min(columns["cds_end"][row], length)
    if columns["cds_start"][row] >= length:
        columns["cds_start"][row] = columns["cds_end"][row] = NO_CODING


def exon_lists(starts: str, ends: str, count: int, where: str) -> list[Span]:
    """The exons of a row of a gene table: starts and ends."""
    for text in (starts, ends):
        if not LIST.fullmatch(text):
            raise FormatError(f"{where}: {shown(text)} is not a list of exon borders, such as 100,300,")
    low, high = map(whole_list, (starts, ends))
    if not len(low) == len(high) == count:
        raise FormatError(f"{where}: {len(low)} exon starts and {len(high)} ends, and exonCount is {count}")
    wrong = next((k for k in range(count) if low[k] >= high[k]), None)
    if wrong is not None:
        raise FormatError(f"{where}: exon [{low[wrong]}, {high[wrong]}) has no base")
    return list(zip(low, high, strict=True))
