"""Transcripts of GTF: lines of one gene and transcript, on one chromosome and strand, belong together.

References
----------
GTF 2.2: https://mblab.wustl.edu/GTF22.html
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from genomearray.bad_lines import BadLines
from genomearray.errors import FormatError
from genomearray.text_table import Block, shown

from ..text.gff import (
    GENE_NAMES,
    GENE_TYPES,
    GffLine,
    Part,
    bare_name,
    first_of,
    gff_line,
    gtf_attributes,
    part_of,
)
from .transcripts import Span, Transcript

_TRANSCRIPT = ("transcript", "mrna")
_NAMES = (*GENE_NAMES, "Name")


@dataclass
class _Entry:
    """Lines of one transcript; ``spans`` are those of its transcript lines."""

    transcript: Transcript
    spans: list[Span] = field(default_factory=list)

    def take(self, other: _Entry) -> None:
        """Add what is known of the same transcript under less of a name."""
        mine, theirs = self.transcript, other.transcript
        mine.exons += theirs.exons
        mine.coding += theirs.coding
        mine.untranslated += theirs.untranslated
        for name in ("gene_name", "gene_type"):
            setattr(mine, name, getattr(mine, name) or getattr(theirs, name))
        self.spans += other.spans

    def transcripts(self) -> list[Transcript]:
        """The transcript; several where transcript lines of one name lie apart, as copies of a gene do."""
        spans = sorted(set(self.spans))
        if len(spans) < 2 or any(spans[k][1] > spans[k + 1][0] for k in range(len(spans) - 1)):
            low, high = min((a for a, _ in spans), default=0), max((b for _, b in spans), default=0)
            self.transcript.span = (low, high) if spans else None
            return [self.transcript]
        copies = [self.transcript.within(low, high) for low, high in spans]
        for copy, span in zip(copies, spans, strict=True):
            copy.span = span
        return copies


class GtfTranscripts:
    """Puts the lines of a GTF file together.

    Parameters
    ----------
    bad : BadLines
    left_out : Counter
        Takes the lines that are not part of a transcript, by the reason.
    """

    def __init__(self, bad: BadLines, left_out: Counter[str]) -> None:
        self._bad = bad
        self._left_out = left_out
        self._of_gene: dict[tuple[str, str], dict[str, str]] = {}  # attributes of lines of genes
        # By chromosome and name of the transcript, then strand and name of the gene.
        self._entries: dict[tuple[str, str], dict[tuple[int, str], _Entry]] = {}

    def add(self, block: Block) -> None:
        """Take lines."""
        for k, row in enumerate(block.rows):
            kind = row[2] if len(row) > 2 else ""
            if kind.lower() == "gene" and len(row) >= 9:
                attributes = gtf_attributes(row[8])
                self._of_gene.setdefault((row[0], attributes.get("gene_id", "")), attributes)
            if part_of(kind) is None and kind.lower() not in _TRANSCRIPT:
                self._left_out[f"lines of type {kind}"] += 1
                continue
            try:
                self._add(gff_line(row, block.where(k)), part_of(kind))
            except FormatError as error:
                self._bad.refuse(error)

    def _add(self, line: GffLine, part: Part | None) -> None:
        named = gtf_attributes(line.attributes)
        name = named.get("transcript_id", "") or bare_name(line.attributes)
        if not name:
            raise FormatError(
                f'{line.where}: the attributes of this {line.kind} name no transcript: transcript_id "..." '
                f"is missing in {shown(line.attributes)}"
            )
        gene = named.get("gene_id", "")
        same_name = self._entries.setdefault((line.chrom, name), {})
        entry = same_name.get((line.strand, gene))
        if entry is None:
            transcript = Transcript(line.chrom, line.strand, name, line.where, gene)
            entry = same_name[line.strand, gene] = _Entry(transcript)
        transcript = entry.transcript
        transcript.gene_name = transcript.gene_name or first_of([named], _NAMES)
        transcript.gene_type = transcript.gene_type or first_of([named], GENE_TYPES)
        span = (line.start, line.end)
        if part is Part.EXON:
            transcript.exons.append(span)
        elif part is Part.CODING:
            transcript.coding.append(span)
        elif part is Part.UTR:
            transcript.untranslated.append(span)
        else:
            entry.spans.append(span)

    def transcripts(self) -> list[Transcript]:
        """All that have exons or a coding sequence; the others are counted."""
        every = [
            transcript
            for same_name in self._entries.values()
            for entry in _merged(same_name)
            for transcript in entry.transcripts()
        ]
        for transcript in every:
            of_gene = self._of_gene.get((transcript.chrom, transcript.gene_id), {})
            transcript.gene_name = transcript.gene_name or first_of([of_gene], _NAMES)
            transcript.gene_type = transcript.gene_type or first_of([of_gene], GENE_TYPES)
        kept = [transcript for transcript in every if transcript.has_parts]
        if len(kept) < len(every):
            self._left_out["transcripts without exons"] += len(every) - len(kept)
        return kept


def _merged(same_name: dict[tuple[int, str], _Entry]) -> list[_Entry]:
    """Entries; those whose lines name no gene, or no strand, belong to the only one they agree with."""
    for key in [key for key in same_name if not all(key)]:
        strand, gene = key
        others = [
            other
            for other in same_name
            if other != key and (not strand or other[0] == strand) and (not gene or other[1] == gene)
        ]
        if len(others) == 1:
            same_name[others[0]].take(same_name.pop(key))
    return list(same_name.values())
