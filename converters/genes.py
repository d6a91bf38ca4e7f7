"""Transcripts from GTF, GFF3, the gene tables of UCSC (genePred and its kin) and BED12: one row each,
with exons and coding borders.

References
----------
GTF 2.2: https://mblab.wustl.edu/GTF22.html ; GFF3:
https://github.com/The-Sequence-Ontology/Specifications/blob/master/gff3.md ; genePred: https://genome.ucsc.edu/FAQ/FAQformat.html#format9
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Unpack
from urllib.parse import unquote

from genomearray.choices import GENE_FORMATS, GeneFormat, check
from genomearray.errors import FormatError
from genomearray.input_file import open_input

from .importing.features import Found, TableReport, import_features
from .importing.options import Files, ImportSettings
from .importing.pipeline import ImportJob
from .importing.transcripts import (
    LIST,
    OFFSET,
    STRANDS,
    Read,
    Transcript,
    as_found,
    exon_lists,
    part_columns,
    transcript_columns,
    with_parts,
)
from .text.tables import Block, data_blocks, listed, shown, whole_numbers

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB


_GTF_PAIR = re.compile(r'\s*([^\s;"]+)\s+(?:"((?:[^"\\]|\\.)*+)"|([^;"]*+))\s*(?:;|$)')
_CODONS = ("start_codon", "stop_codon")
_TYPES = ("gene_biotype", "gene_type", "biotype")


def _read_gtf(
    job: ImportJob[TableReport], blocks: Iterator[Block], left_out: Counter[str]
) -> Iterator[Found]:
    found: dict[tuple[str, str, str], Transcript] = {}
    for block in blocks:
        for k in range(len(block.rows)):
            chrom, kind, start, end, strand, text, where = part_columns(block, k)
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
            transcript = found.setdefault(key, Transcript(chrom, strand, name, where))
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
    yield from as_found(with_parts(found.values(), left_out))


def _gtf_attributes(text: str) -> dict[str, str]:
    """``key "value"; key 1;`` as a dictionary; of a key that is there twice, the first value. What
    is in quotes is not a key.
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


def _read_gff3(
    job: ImportJob[TableReport], blocks: Iterator[Block], left_out: Counter[str]
) -> Iterator[Found]:
    records: dict[str, tuple[str, int, int, dict[str, str]]] = {}  # by ID: type, start, end, attributes
    found: dict[tuple[str, str, str], Transcript] = {}
    for block in blocks:
        for k, row in enumerate(block.rows):
            if row[0].startswith(">"):  # sequences follow, after ##FASTA
                break
            chrom, kind, start, end, strand, text, where = part_columns(block, k)
            attributes = _gff3_attributes(text)
            if kind in ("exon", "CDS"):
                parents = attributes.get("Parent", "")
                if not parents:
                    raise FormatError(f"{where}: this {kind} names no Parent= in {shown(text)}")
                for parent in map(unquote, parents.split(",")):
                    transcript = found.setdefault(
                        (chrom, strand, parent), Transcript(chrom, strand, parent, where)
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
    yield from as_found(list(found.values()))


def _gff3_attributes(text: str) -> dict[str, str]:
    return {
        key.strip(): value.strip()
        for key, _, value in (pair.partition("=") for pair in text.split(";"))
        if value
    }


def _name_genes(
    found: dict[tuple[str, str, str], Transcript], records: dict[str, tuple[str, int, int, dict[str, str]]]
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
        yield from as_found([_of_genepred(block.rows[k], block.where(k)) for k in range(len(block.rows))])


def _of_genepred(row: list[str], where: str) -> Transcript:
    at = next((k for k in (2, 3) if len(row) > k and row[k] in ("+", "-", ".")), None)
    if at is None or len(row) < at + 8:
        raise FormatError(
            f"{where}: no line of genePred: name chrom strand txStart txEnd cdsStart cdsEnd "
            "exonCount exonStarts exonEnds"
        )
    first = at - 2  # after the column bin, or, in refFlat, the name of the gene
    name, chrom, strand, *numbers = row[first : first + 8]
    gene = row[0] if first and not row[0].isdigit() else ""
    if not all(OFFSET.fullmatch(text) for text in numbers):
        raise FormatError(
            f"{where}: {', '.join(map(shown, numbers))} are not all whole numbers (txStart txEnd "
            "cdsStart cdsEnd exonCount)"
        )
    start, end, coding_start, coding_end, count = map(int, numbers)
    starts, ends = row[first + 8 : first + 10] if len(row) >= first + 10 else ("", "")
    parts = exon_lists(starts, ends, count, where)
    if not start <= coding_start <= coding_end <= end and coding_start != coding_end:
        raise FormatError(
            f"{where}: the coding sequence [{coding_start}, {coding_end}) is not inside of the "
            f"transcript [{start}, {end})"
        )
    extended = len(row) - first >= 15
    gene = gene or (row[first + 11] if extended else "")
    coding = [(coding_start, coding_end)] if coding_start < coding_end else []
    return Transcript(chrom, strand, name, where, gene, gene, "", (start, end), parts, coding)


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
            if row[5] not in STRANDS:
                raise FormatError(
                    f"{where}: column 6: {shown(row[5])} is not a strand; allowed are +, - and ."
                )
            if not (LIST.fullmatch(row[10]) and LIST.fullmatch(row[11])):
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
                Transcript(row[0], row[5], row[3], where, span=(start[k], end[k]), exons=parts, coding=coding)
            )
        yield from as_found(transcripts)


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
    if len(row) in (8, 9) and row[3].isdigit() and row[4].isdigit() and row[6] in STRANDS:
        return "gff3" if len(row) == 9 and re.match(r"\s*[\w.:-]+=", row[8]) else "gtf"
    if len(row) == 12 and row[1].isdigit() and row[5] in STRANDS:
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
    One row per transcript: ``name, gene_id, gene_name, gene_type, cds_start, cds_end`` (offsets; -1
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

    return import_features(db, table, files, read, transcript_columns, options)


def _chained(first: Block, rest: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from rest
