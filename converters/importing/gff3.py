"""Transcripts of GFF3: parts by their parents, genes by the parents of those.

A feature is known by its ID and chromosome. Parts on two strands (trans-spliced genes) are one transcript
a strand. A coding sequence or an exon without a parent, as in files of bacteria, is a transcript.

References
----------
https://github.com/The-Sequence-Ontology/Specifications/blob/master/gff3.md
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from genomearray.bad_lines import BadLines
from genomearray.errors import FormatError
from genomearray.reference.region import FILE_STRANDS
from genomearray.text_table import Block

from ..text.gff import (
    GENE_NAMES,
    GENE_TYPES,
    GffLine,
    Part,
    first_of,
    gff3_attributes,
    gff_line,
    parents_of,
    part_of,
    plain_gff3,
)
from .transcripts import Span, Transcript

_MOST_LEVELS = 10  # of parents above a transcript
_OF_GENE = ("Name", *GENE_NAMES)
_OF_OTHERS = (*GENE_NAMES, "Name")
_GENE_IDS = ("locus_tag", "gene", "ID")
_ROW_NAMES = ("ID", "locus_tag", "gene", "Name")


class _Record(NamedTuple):
    """A line that may be the parent of others; it is checked when it is."""

    row: list[str]
    where: str
    attributes: dict[str, str]

    @property
    def kind(self) -> str:
        return self.row[2]

    @property
    def strand(self) -> int:
        return FILE_STRANDS.get(self.row[6], 0)


class Gff3Transcripts:
    """Puts the lines of a GFF3 file together; see :class:`.gtf.GtfTranscripts`."""

    def __init__(self, bad: BadLines, left_out: Counter[str]) -> None:
        self._bad = bad
        self._left_out = left_out
        self._ended = False
        self._records: dict[tuple[str, str], list[_Record]] = {}  # by chromosome and ID
        self._chroms_of: dict[str, set[str]] = {}  # by ID
        self._circular: dict[str, int] = {}  # lengths, bp
        # By chromosome, strand, and the name of the parent, or a name of its own.
        self._transcripts: dict[tuple[str, int, str], Transcript] = {}
        self._part_attributes: dict[tuple[str, int, str], dict[str, str]] = {}

    def add(self, block: Block) -> None:
        """Take lines."""
        for k, row in enumerate(block.rows):
            self._ended = self._ended or row[0].startswith(">")
            if self._ended:  # sequences follow, after ##FASTA
                return
            plain_gff3(row)
            kind = row[2] if len(row) > 2 else ""
            part = part_of(kind)
            try:
                if part is None:
                    self._add_record(block, k, kind)
                else:
                    self._add_part(gff_line(row, block.where(k)), part)
            except FormatError as error:
                self._bad.refuse(error)

    def _add_record(self, block: Block, k: int, kind: str) -> None:
        row = block.rows[k]
        self._left_out[kind] += 1
        attributes = gff3_attributes(row[8]) if len(row) > 8 else {}
        if attributes.get("Is_circular", "").lower() == "true" and row[4].isdecimal():
            self._circular[row[0]] = max(int(row[4]), self._circular.get(row[0], 0))
        if "ID" in attributes:
            self._records.setdefault((row[0], attributes["ID"]), []).append(
                _Record(row, block.where(k), attributes)
            )
            self._chroms_of.setdefault(attributes["ID"], set()).add(row[0])

    def _add_part(self, line: GffLine, part: Part) -> None:
        attributes = gff3_attributes(line.attributes)
        parents = parents_of(attributes)
        if not parents and part is Part.UTR:
            self._left_out[f"{line.kind} without a parent"] += 1
            return
        if parents:
            keys = [(line.chrom, line.strand, parent) for parent in dict.fromkeys(parents)]
        else:  # lines of one ID are one feature
            keys = [(line.chrom, line.strand, f"\0{attributes.get('ID', line.where)}")]
        for key in keys:
            transcript = self._transcripts.get(key)
            if transcript is None:
                transcript = Transcript(line.chrom, line.strand, key[2], line.where)
                if not parents:
                    _name_alone(transcript, attributes, line.kind)
                self._transcripts[key] = transcript
                self._part_attributes[key] = attributes
            if part is Part.EXON:
                spans = transcript.exons
            else:
                spans = transcript.coding if part is Part.CODING else transcript.untranslated
            spans.append((line.start, line.end))

    def transcripts(self) -> Iterator[Transcript]:
        """All of them, with the names of their genes."""
        used: set[tuple[str, str]] = set()
        for key, transcript in list(self._transcripts.items()):
            if key[2].startswith("\0"):
                continue
            try:
                self._name(key, transcript, used)
            except FormatError as error:
                self._bad.refuse(error)
                del self._transcripts[key]
        self._join_strands()
        for transcript in self._transcripts.values():
            yield from self._around_the_origin(transcript)
        self._count_left_out(used)

    def _named(self, chrom: str, name: str) -> list[_Record]:
        """Lines of a feature: on the chromosome, else on the only one that has it."""
        if (chrom, name) in self._records:
            return self._records[chrom, name]
        chroms = self._chroms_of.get(name, set())
        return self._records[next(iter(chroms)), name] if len(chroms) == 1 else []

    def _name(self, key: tuple[str, int, str], transcript: Transcript, used: set[tuple[str, str]]) -> None:
        """Place and strand of a transcript by its own lines, and the names of its gene."""
        parts = self._part_attributes[key]
        records = self._named(transcript.chrom, transcript.name)
        if not records:
            transcript.gene_name = first_of([parts], GENE_NAMES)
            transcript.gene_type = first_of([parts], GENE_TYPES)
            return
        used.add((records[0].row[0], transcript.name))
        if not transcript.strand:
            strands = {record.strand for record in records} - {0}
            transcript.strand = strands.pop() if len(strands) == 1 else 0
        own = [record for record in records if record.strand in (transcript.strand, 0)] or records[:1]
        transcript.span = _span(transcript, own)
        record = own[0]
        is_gene = "gene" in record.kind.lower()
        gene = next(iter(parents_of(record.attributes)), transcript.name if is_gene else "")
        genes = self._named(transcript.chrom, gene) if gene else []
        for _ in range(_MOST_LEVELS):  # a gene, its primary transcript, a miRNA, exons
            if genes:
                used.add((genes[0].row[0], gene))
            above = parents_of(genes[0].attributes) if genes and "gene" not in genes[0].kind.lower() else []
            if not above:
                break
            gene = above[0]
            genes = self._named(transcript.chrom, gene)
        of_gene = [one.attributes for one in genes[:1]]
        transcript.gene_id = gene or first_of([record.attributes], ("gene_id", *_GENE_IDS[:2]))
        transcript.gene_name = (
            first_of(of_gene, _OF_GENE)
            or first_of([record.attributes], _OF_GENE if is_gene else _OF_OTHERS)
            or first_of([parts], GENE_NAMES)
        )
        transcript.gene_type = first_of([*of_gene, record.attributes], GENE_TYPES) or record.kind

    def _join_strands(self) -> None:
        """Parts without a strand took that of their parent: they join the others that it has there."""
        joined: dict[tuple[str, int, str], Transcript] = {}
        for (chrom, _, name), transcript in self._transcripts.items():
            first = joined.setdefault((chrom, transcript.strand, name), transcript)
            if first is not transcript:
                first.exons += transcript.exons
                first.coding += transcript.coding
                first.untranslated += transcript.untranslated
        self._transcripts = joined

    def _around_the_origin(self, transcript: Transcript) -> list[Transcript]:
        """A transcript; its two sides, where it goes on past the end of a circular chromosome."""
        length = self._circular.get(transcript.chrom)
        ends = [transcript.span[1] if transcript.span else 0, *(end for _, end in transcript.parts())]
        if length is None or max(ends) <= length:
            return [transcript]
        sides = [transcript.within(0, length), transcript.within(length, 2 * length, -length)]
        return [side for side in sides if side.has_parts]

    def _count_left_out(self, used: set[tuple[str, str]]) -> None:
        lines = Counter(record.kind for name in used for record in self._records.get(name, ()))
        counts = {kind: count - lines[kind] for kind, count in self._left_out.items()}
        self._left_out.clear()
        self._left_out.update({f"lines of type {kind}": count for kind, count in counts.items() if count > 0})


def _name_alone(transcript: Transcript, attributes: dict[str, str], kind: str) -> None:
    """The names of a part without a parent."""
    transcript.name = first_of([attributes], _ROW_NAMES)
    transcript.gene_id = first_of([attributes], _GENE_IDS)
    transcript.gene_name = first_of([attributes], _OF_OTHERS)
    transcript.gene_type = first_of([attributes], GENE_TYPES) or kind


def _span(transcript: Transcript, records: list[_Record]) -> Span | None:
    """From the first to the last base of its own lines; none where all are on the other strand."""
    if transcript.strand and not any(record.strand in (transcript.strand, 0) for record in records):
        return None
    lines = [gff_line(record.row, record.where) for record in records]
    if any(line.chrom != transcript.chrom for line in lines):
        return None
    return min(line.start for line in lines), max(line.end for line in lines)
