"""Transcripts from GTF, GFF3, the gene tables of UCSC (genePred and its kin) and BED12: a row each,
with exons and coding borders.

References
----------
GTF 2.2: https://mblab.wustl.edu/GTF22.html ; GFF3:
https://github.com/The-Sequence-Ontology/Specifications/blob/master/gff3.md ; genePred: https://genome.ucsc.edu/FAQ/FAQformat.html#format9
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Unpack
from urllib.parse import unquote

import numpy as np

from genomearray.choices import GENE_FORMATS, GeneFormat, check
from genomearray.errors import FormatError
from genomearray.input_file import open_input
from genomearray.storage.feature_layout import TEXT

from .importing.features import Found, TableReport, import_features
from .importing.options import Files, ImportSettings
from .importing.pipeline import ImportJob
from .text.tables import Block, data_blocks, listed, shown, whole_numbers

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB

_NO_CODING = -1
_STRANDS = {"+": 1, "-": -1, ".": 0, "?": 0}
_GTF_PAIR = re.compile(r'\s*([^\s;"]+)\s+(?:"((?:[^"\\]|\\.)*+)"|([^;"]*+))\s*(?:;|$)')
_OFFSET = re.compile(r"[0-9]{1,18}")
_LIST = re.compile(r"(?:[0-9]{1,18},)*[0-9]{1,18},?")
_CODONS = ("start_codon", "stop_codon")
_TYPES = ("gene_biotype", "gene_type", "biotype")


@dataclass
class _Transcript:
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


def _kinds() -> dict[str, Any]:
    whole = np.dtype(np.int64)
    names = dict.fromkeys(("name", "gene_id", "gene_name", "gene_type"), TEXT)
    return names | {"cds_start": whole, "cds_end": whole, "exon_starts": TEXT, "exon_ends": TEXT}


def _found(transcripts: list[_Transcript]) -> Iterator[Found]:
    """Rows of the table; errors name the first line of a transcript."""
    if not transcripts:
        return
    columns: dict[str, list[Any]] = {name: [] for name in ("start", "end", *_kinds())}
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
            "cds_start": min((low for low, _ in coding), default=_NO_CODING),
            "cds_end": max((high for _, high in coding), default=_NO_CODING),
            "exon_starts": ",".join(str(low) for low, _ in parts),
            "exon_ends": ",".join(str(high) for _, high in parts),
        }
        for name, value in values.items():
            columns[name].append(value)
    starts, ends = (np.array(columns.pop(name), np.int64) for name in ("start", "end"))
    strand = np.array([_STRANDS[transcript.strand] for transcript in transcripts], np.int8)
    wholes = {name: np.array(columns[name], np.int64) for name in ("cds_start", "cds_end")}
    yield Found(
        [t.chrom for t in transcripts],
        starts,
        ends,
        strand,
        columns | wholes,
        lambda k: transcripts[k].where,
        _cut,
    )


def _cut(columns: dict[str, Any], row: int, length: int) -> None:
    """A transcript past the end of its chromosome, with the exons and the coding part that are on it."""
    starts, ends = (listed(columns[name][row]) for name in ("exon_starts", "exon_ends"))
    kept = [(start, min(end, length)) for start, end in zip(starts, ends, strict=True) if start < length]
    columns["exon_starts"][row], columns["exon_ends"][row] = (
        ",".join(str(part[k]) for part in kept) for k in (0, 1)
    )
    columns["cds_end"][row] = min(columns["cds_end"][row], length)
    if columns["cds_start"][row] >= length:
        columns["cds_start"][row] = columns["cds_end"][row] = _NO_CODING


# -- GTF and GFF3: lines of parts, put together by names ------------------------------------------


def _part(block: Block, k: int) -> tuple[str, str, int, int, str, str, str]:
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
    if not (_OFFSET.fullmatch(low) and _OFFSET.fullmatch(high)):
        raise FormatError(
            f"{where}: start {shown(low)} and end {shown(high)} (columns 4 and 5) are not both whole numbers"
        )
    if not 1 <= int(low) <= int(high):
        raise FormatError(
            f"{where}: start {low} and end {high} (columns 4 and 5) are no interval; positions count "
            "from 1, start <= end"
        )
    if strand not in _STRANDS:
        raise FormatError(f"{where}: column 7: {shown(strand)} is no strand; allowed are +, -, . and ?")
    return (
        chrom,
        kind,
        int(low) - 1,
        int(high),
        strand,
        row[8],
        where,
    )  # GTF and GFF3: 1-based, both ends included


def _read_gtf(
    job: ImportJob[TableReport], blocks: Iterator[Block], left_out: Counter[str]
) -> Iterator[Found]:
    found: dict[tuple[str, str, str], _Transcript] = {}
    for block in blocks:
        for k in range(len(block.rows)):
            chrom, kind, start, end, strand, text, where = _part(block, k)
            if kind not in ("exon", "CDS", "transcript", *_CODONS):
                left_out[f"lines of type {kind}"] += 1
                continue
            named = _gtf_attributes(text)
            name = named.get("transcript_id", "")
            if not name:
                raise FormatError(
                    f'{where}: the attributes of this {kind} name no transcript: transcript_id "..." '
                    f"is missing in {shown(text)}"
                )
            key = (chrom, strand, name)
            transcript = found.setdefault(key, _Transcript(chrom, strand, name, where))
            transcript.gene_id = transcript.gene_id or named.get("gene_id", "")
            transcript.gene_name = transcript.gene_name or named.get("gene_name", "")
            transcript.gene_type = transcript.gene_type or next(
                (named[key] for key in _TYPES if named.get(key)), ""
            )
            if kind == "transcript":
                transcript.span = (start, end)
            elif kind == "exon":
                transcript.exons.append((start, end))
            else:  # the CDS of GTF ends before its stop codon; as UCSC's tables, ours has it
                transcript.coding.append((start, end))
    yield from _found(_with_parts(found.values(), left_out))


def _gtf_attributes(text: str) -> dict[str, str]:
    """``key "value"; key 1;`` as a dictionary; of a key that is there twice, the first value. What
    is in quotes is no key.
    """
    pieces = text.split('"')
    if len(pieces) % 2 == 0 or "\\" in text:  # quotes in quotes
        found: dict[str, str] = {}
        for match in _GTF_PAIR.finditer(text):
            found.setdefault(
                match.group(1),
                re.sub(r"\\(.)", r"\1", match.group(2))
                if match.group(2) is not None
                else match.group(3).strip(),
            )
        return found
    found = {}
    for k in range(0, len(pieces), 2):
        *plain, last = pieces[k].split(";")
        for words in (part.split(None, 1) for part in (plain if k + 1 < len(pieces) else [*plain, last])):
            if len(words) == 2:
                found.setdefault(words[0], words[1].strip())
        if k + 1 < len(pieces):
            found.setdefault(last.strip(), pieces[k + 1])
    return found


def _with_parts(found: Any, left_out: Counter[str]) -> list[_Transcript]:
    kept = [transcript for transcript in found if transcript.exons or transcript.coding]
    if len(kept) < len(found):
        left_out["transcripts without exons"] += len(found) - len(kept)
    return kept


def _read_gff3(
    job: ImportJob[TableReport], blocks: Iterator[Block], left_out: Counter[str]
) -> Iterator[Found]:
    records: dict[str, tuple[str, int, int, dict[str, str]]] = {}  # by ID: type, start, end, attributes
    found: dict[tuple[str, str, str], _Transcript] = {}
    for block in blocks:
        for k, row in enumerate(block.rows):
            if row[0].startswith(">"):  # sequences follow, behind ##FASTA
                break
            chrom, kind, start, end, strand, text, where = _part(block, k)
            attributes = _gff3_attributes(text)
            if kind in ("exon", "CDS"):
                parents = attributes.get("Parent", "")
                if not parents:
                    raise FormatError(f"{where}: this {kind} names no Parent= in {shown(text)}")
                for parent in map(unquote, parents.split(",")):
                    transcript = found.setdefault(
                        (chrom, strand, parent), _Transcript(chrom, strand, parent, where)
                    )
                    (transcript.exons if kind == "exon" else transcript.coding).append((start, end))
            elif "ID" in attributes:
                records[unquote(attributes["ID"])] = (kind, start, end, attributes)
            left_out[kind] += kind not in ("exon", "CDS")
        else:
            continue
        break
    used = _name_genes(found, records)
    others = {kind: count - used[kind] for kind, count in left_out.items()}
    left_out.clear()
    left_out.update({f"lines of type {kind}": count for kind, count in others.items() if count > 0})
    yield from _found(list(found.values()))


def _gff3_attributes(text: str) -> dict[str, str]:
    return {
        key.strip(): value.strip()
        for key, _, value in (pair.partition("=") for pair in text.split(";"))
        if value
    }


def _name_genes(
    found: dict[tuple[str, str, str], _Transcript], records: dict[str, tuple[str, int, int, dict[str, str]]]
) -> Counter[str]:
    """Give transcripts the names of their genes; how many lines of each type were of use."""
    used: set[str] = set()
    for transcript in found.values():
        record = records.get(transcript.name)
        if record is None:
            continue
        used.add(transcript.name)
        kind, start, end, attributes = record
        transcript.span = (start, end)
        gene = unquote(attributes.get("Parent", "").split(",")[0]) or (
            transcript.name if "gene" in kind else ""
        )
        of_gene = records[gene][3] if gene in records else {}
        used |= {gene} & records.keys()
        transcript.gene_id = gene
        named = of_gene if of_gene else attributes if "gene" in kind else {}
        transcript.gene_name = unquote(named.get("Name", ""))
        told = next(
            (attrs[name] for attrs in (of_gene, attributes) for name in _TYPES if attrs.get(name)), ""
        )
        transcript.gene_type = unquote(told) or kind
    return Counter(records[name][0] for name in used)


# -- tables with a line for each transcript -------------------------------------------------------


def _read_genepred(
    job: ImportJob[TableReport], blocks: Iterator[Block], left_out: Counter[str]
) -> Iterator[Found]:
    for block in blocks:
        yield from _found([_of_genepred(block.rows[k], block.where(k)) for k in range(len(block.rows))])


def _of_genepred(row: list[str], where: str) -> _Transcript:
    at = next((k for k in (2, 3) if len(row) > k and row[k] in ("+", "-", ".")), None)
    if at is None or len(row) < at + 8:
        raise FormatError(
            f"{where}: no line of genePred: name chrom strand txStart txEnd cdsStart cdsEnd "
            "exonCount exonStarts exonEnds"
        )
    first = at - 2  # behind the column bin, or, in refFlat, the name of the gene
    name, chrom, strand, *numbers = row[first : first + 8]
    gene = row[0] if first and not row[0].isdigit() else ""
    if not all(_OFFSET.fullmatch(text) for text in numbers):
        raise FormatError(
            f"{where}: {', '.join(map(shown, numbers))} are not all whole numbers (txStart txEnd "
            "cdsStart cdsEnd exonCount)"
        )
    start, end, coding_start, coding_end, count = map(int, numbers)
    starts, ends = row[first + 8 : first + 10] if len(row) >= first + 10 else ("", "")
    parts = _exons(starts, ends, count, where)
    if not start <= coding_start <= coding_end <= end and coding_start != coding_end:
        raise FormatError(
            f"{where}: the coding sequence [{coding_start}, {coding_end}) is not inside of the "
            f"transcript [{start}, {end})"
        )
    extended = len(row) - first >= 15
    gene = gene or (row[first + 11] if extended else "")
    coding = [(coding_start, coding_end)] if coding_start < coding_end else []
    return _Transcript(chrom, strand, name, where, gene, gene, "", (start, end), parts, coding)


def _exons(starts: str, ends: str, count: int, where: str) -> list[tuple[int, int]]:
    for text in (starts, ends):
        if not _LIST.fullmatch(text):
            raise FormatError(f"{where}: {shown(text)} is no list of exon borders, such as 100,300,")
    low, high = map(listed, (starts, ends))
    if not len(low) == len(high) == count:
        raise FormatError(f"{where}: {len(low)} exon starts and {len(high)} ends, and exonCount is {count}")
    wrong = next((k for k in range(count) if low[k] >= high[k]), None)
    if wrong is not None:
        raise FormatError(f"{where}: exon [{low[wrong]}, {high[wrong]}) has no base")
    return list(zip(low, high, strict=True))


def _read_bed12(
    job: ImportJob[TableReport], blocks: Iterator[Block], left_out: Counter[str]
) -> Iterator[Found]:
    for block in blocks:
        if any(len(row) != 12 for row in block.rows):
            k = next(k for k, row in enumerate(block.rows) if len(row) != 12)
            raise FormatError(
                f"{block.where(k)}: {len(block.rows[k])} columns, and BED12 has 12",
                hint="without blocks: {import_bed|genomearray import bed}",
            )
        start, end, low, high, count = (whole_numbers(block, k, what).tolist() for k, what in (
            (1, "start"), (2, "end"), (6, "thickStart"), (7, "thickEnd"), (9, "blockCount")
        ))  # fmt: skip
        transcripts = []
        for k, row in enumerate(block.rows):
            where = block.where(k)
            if row[5] not in _STRANDS:
                raise FormatError(f"{where}: column 6: {shown(row[5])} is no strand; allowed are +, - and .")
            if not (_LIST.fullmatch(row[10]) and _LIST.fullmatch(row[11])):
                raise FormatError(
                    f"{where}: {shown(row[10])} and {shown(row[11])} are not lists of block sizes and starts"
                )
            sizes, begins = map(listed, row[10:12])
            if not len(sizes) == len(begins) == count[k]:
                raise FormatError(
                    f"{where}: {len(sizes)} block sizes and {len(begins)} starts, and blockCount is "
                    f"{count[k]}"
                )
            parts = [
                (start[k] + begin, start[k] + begin + size) for begin, size in zip(begins, sizes, strict=True)
            ]
            wrong = next((part for part in parts if not start[k] <= part[0] < part[1] <= end[k]), None)
            if wrong is not None:
                raise FormatError(
                    f"{where}: block [{wrong[0]}, {wrong[1]}) (offsets) is not inside of the feature "
                    f"[{start[k]}, {end[k]})"
                )
            if low[k] < high[k] and not (start[k] <= low[k] and high[k] <= end[k]):
                raise FormatError(
                    f"{where}: the thick part [{low[k]}, {high[k]}) is not inside of the feature "
                    f"[{start[k]}, {end[k]})"
                )
            coding = [(low[k], high[k])] if low[k] < high[k] else []
            transcripts.append(
                _Transcript(
                    row[0], row[5], row[3], where, span=(start[k], end[k]), exons=parts, coding=coding
                )
            )
        yield from _found(transcripts)


# -- which format, and the import -----------------------------------------------------------------

_READERS: dict[str, Read] = {
    "gtf": _read_gtf,
    "gff3": _read_gff3,
    "genepred": _read_genepred,
    "bed12": _read_bed12,
}


def _format_of(block: Block) -> str:
    """The format, by the first line of data."""
    row = block.rows[0]
    if len(row) in (8, 9) and row[3].isdigit() and row[4].isdigit() and row[6] in _STRANDS:
        return "gff3" if len(row) == 9 and re.match(r"\s*[\w.:-]+=", row[8]) else "gtf"
    if len(row) == 12 and row[1].isdigit() and row[5] in _STRANDS:
        return "bed12"
    if any(len(row) > k and row[k] in ("+", "-") for k in (2, 3)) and len(row) >= 10:
        return "genepred"
    raise FormatError(
        f"{block.where(0)}: this line is of no known table of genes",
        hint=f"say which it is with {{format=}} ({', '.join(GENE_FORMATS)}), or import it as BED",
    )


def import_genes(
    db: GenomeDB,
    table: str,
    files: Files,
    *,
    format: GeneFormat | None = None,
    **options: Unpack[ImportSettings],
) -> TableReport:
    """Import transcripts (plain, gzip, ``-`` for standard input) as a feature table.

    Parameters
    ----------
    db : GenomeDB
    table : str
        Name of the new table.
    files : path or iterable of path
    format : {"gtf", "gff3", "genepred", "bed12"}, optional
        ``genepred``: text tables of UCSC (knownGene, refGene, ensGene, ccdsGene, flyBaseGene,
        refFlat), with or without the column ``bin``. Default: by the first line.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`, but for those of tracks.

    Returns
    -------
    TableReport

    Raises
    ------
    FormatError, TrackExistsError, ValueRangeError

    Notes
    -----
    A row a transcript: ``name, gene_id, gene_name, gene_type, cds_start, cds_end`` (offsets; -1
    where nothing is translated), ``exon_starts, exon_ends`` (offsets, ascending, ``100,300``). The
    coding sequence has its stop codon, as in GFF3 and at UCSC, also from GTF, whose CDS ends before
    it. Without exons in a file the parts of its CDS count as exons.

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import import_genes
    >>> file = Path(tmp, "a.gtf")
    >>> line = 'chr1\\tx\\t{}\\t{}\\t{}\\t.\\t-\\t.\\tgene_id "G"; transcript_id "T";\\n'
    >>> parts = [("exon", 101, 200), ("exon", 301, 400), ("CDS", 151, 200)]
    >>> _ = file.write_text("".join(line.format(*part) for part in parts))
    >>> import_genes(db, "transcripts", file).features
    1
    >>> genes = db.open_features("transcripts")
    >>> genes.exons()[["start", "end", "exon"]].values.tolist()
    [[100, 200, 2], [300, 400, 1]]
    >>> genes.to_dataframe()[["start", "end", "cds_start", "cds_end"]].values.tolist()
    [[100, 400, 150, 200]]
    """
    if format is not None:
        check("format", format, GENE_FORMATS, optional=True)

    def read(job: ImportJob[TableReport], path: str) -> Iterator[Found]:
        left_out: Counter[str] = Counter()
        with open_input(path) as source:
            blocks = data_blocks(source, job.progress)
            first = next(blocks, None)
            if first is not None:
                found = _READERS[format or _format_of(first)]
                yield from found(job, _chained(first, blocks), left_out)
            if source.unfinished:
                job.report.unfinished.append(source.name)
        job.report.left_out = dict(Counter(job.report.left_out or {}) + left_out)

    return import_features(db, table, files, read, _kinds, options)


def _chained(first: Block, rest: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from rest
