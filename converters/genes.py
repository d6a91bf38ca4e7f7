"""Transcripts from GTF, GFF3, the gene tables of UCSC (genePred and its kin) and BED12: a row each,
with exons and coding borders.

References
----------
genePred: https://genome.ucsc.edu/FAQ/FAQformat.html#format9 ; for GTF and GFF3 see
:mod:`genomearray_converters.importing.gtf` and ``gff3``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Unpack

from genomearray.bad_lines import BadLines
from genomearray.choices import GENE_FORMATS, GeneFormat, check
from genomearray.errors import FormatError
from genomearray.foreign.open import is_bbi
from genomearray.input_file import STDIN, open_input, whole_number
from genomearray.reference.bed_fields import bed_fields, block_parts, thick_parts
from genomearray.reference.region import FILE_STRANDS
from genomearray.text_table import MOST, Block, data_blocks, good_rows, shown

from .importing.features import FeatureRows, TableReport, import_features
from .importing.gff3 import Gff3Transcripts
from .importing.gtf import GtfTranscripts
from .importing.options import Files, ImportSettings, input_paths
from .importing.pipeline import ImportJob
from .importing.transcripts import Transcript, exon_lists, feature_rows, transcript_columns
from .text.gff import blanks_for_tabs

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB

_GFF3_PAIR = re.compile(r"\s*[\w.:-]+=[^=]")
_LOOKED_AT = 100  # lines, for the format
# Blocks of lines, bad lines, and lines that were left out by the reason, to transcripts.
_Read = Callable[[Iterator[Block], BadLines, Counter[str]], Iterator[FeatureRows]]


def _read_gtf(blocks: Iterator[Block], bad: BadLines, left_out: Counter[str]) -> Iterator[FeatureRows]:
    lines = GtfTranscripts(bad, left_out)
    for block in blocks:
        lines.add(block)
    yield from feature_rows(lines.transcripts(), bad)


def _read_gff3(blocks: Iterator[Block], bad: BadLines, left_out: Counter[str]) -> Iterator[FeatureRows]:
    lines = Gff3Transcripts(bad, left_out)
    for block in blocks:
        lines.add(block)
    yield from feature_rows(lines.transcripts(), bad)


# -- tables with a line for each transcript -------------------------------------------------------


def _read_genepred(blocks: Iterator[Block], bad: BadLines, left_out: Counter[str]) -> Iterator[FeatureRows]:
    for block in blocks:
        yield from feature_rows(good_rows(block, _of_genepred, bad), bad)


def _of_genepred(block: Block) -> list[Transcript]:
    return [_genepred_row(row, block.where(k)) for k, row in enumerate(block.rows)]


def _genepred_row(row: list[str], where: str) -> Transcript:
    at = next((k for k in (2, 3) if len(row) > k and row[k] in ("+", "-", ".")), None)
    if at is None or len(row) < at + 8:
        raise FormatError(
            f"{where}: no line of genePred: name chrom strand txStart txEnd cdsStart cdsEnd "
            "exonCount exonStarts exonEnds"
        )
    first = at - 2  # after the column bin, or, in refFlat, the name of the gene
    name, chrom, strand, *numbers = row[first : first + 8]
    gene = row[0] if first and not row[0].isdigit() else ""
    try:
        start, end, coding_start, coding_end, count = map(whole_number, numbers)
    except ValueError:
        raise FormatError(
            f"{where}: {', '.join(map(shown, numbers))} are not all whole numbers (txStart txEnd "
            "cdsStart cdsEnd exonCount)"
        ) from None
    if not 0 <= start <= end < MOST:
        raise FormatError(f"{where}: start {start} is after end {end}, or below 0")
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
    return Transcript(chrom, FILE_STRANDS[strand], name, where, gene, gene, "", (start, end), parts, coding)


def _read_bed12(blocks: Iterator[Block], bad: BadLines, left_out: Counter[str]) -> Iterator[FeatureRows]:
    for block in blocks:
        yield from feature_rows(good_rows(block, _of_bed12, bad), bad)


def _of_bed12(block: Block) -> list[Transcript]:
    other = next((k for k, row in enumerate(block.rows) if len(row) != 12), None)
    if other is not None:
        raise FormatError(
            f"{block.where(other)}: {len(block.rows[other])} columns, and BED12 has 12",
            hint="without blocks: {import_bed|genomearray import bed}",
        )
    fields = bed_fields(block, strands=True)
    thick_start, thick_end = (column.tolist() for column in thick_parts(block, fields))
    transcripts = []
    for k, blocks in enumerate(block_parts(block, fields)):
        row, where = block.rows[k], block.where(k)
        empty = next((part for part in blocks if part[0] == part[1]), None)
        if empty is not None or not blocks:
            raise FormatError(f"{where}: a block of the feature holds no base: {shown(row[10])}")
        span = int(fields.start[k]), int(fields.end[k])
        coding = [(thick_start[k], thick_end[k])] if thick_start[k] < thick_end[k] else []
        transcripts.append(
            Transcript(row[0], int(fields.strand[k]), row[3], where, span=span, exons=blocks, coding=coding)
        )
    return transcripts


# -- which format, and the import -----------------------------------------------------------------

_READERS: dict[str, _Read] = {
    "gtf": _read_gtf,
    "gff3": _read_gff3,
    "genepred": _read_genepred,
    "bed12": _read_bed12,
}


def _format_of(block: Block, comments: list[str]) -> str:
    """The format, by the comments and the first line that looks like one."""
    if any(line.replace("\t", " ").startswith("##gff-version 3") for line in comments):
        return "gff3"
    known = filter(None, (_format_of_row(row) for row in block.rows[:_LOOKED_AT]))
    format = next(known, None)
    if format == "gtf" and any(len(row) == 9 and _GFF3_PAIR.match(row[8]) for row in block.rows):
        return "gff3"  # its first lines have no attributes
    if format is not None:
        return format
    row = block.rows[0]
    if blanks_for_tabs(row):
        raise FormatError(
            f"{block.where(0)}: this looks like GTF or GFF3 with blanks between the columns; the formats "
            "have tabs: replace the first 8 runs of blanks of each line"
        )
    raise FormatError(
        f"{block.where(0)}: this line is of no known table of genes",
        hint=f"say which it is with {{format=}} ({', '.join(GENE_FORMATS)}), or import it as BED",
    )


def _format_of_row(row: list[str]) -> str | None:
    commented = len(row) > 9 and row[9].startswith("#")
    if (len(row) in (8, 9) or commented) and row[3].isdigit() and row[4].isdigit() and row[6] in FILE_STRANDS:
        return "gff3" if len(row) > 8 and _GFF3_PAIR.match(row[8]) else "gtf"
    if len(row) == 12 and row[1].isdigit() and row[5] in FILE_STRANDS:
        return "bed12"
    if any(len(row) > k and row[k] in ("+", "-") for k in (2, 3)) and len(row) >= 10:
        return "genepred"
    return None


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
    bigbed = next((path for path in input_paths(files) if path != STDIN and is_bbi(path)), None)
    if bigbed is not None:
        raise FormatError(
            f"{bigbed} is a bigBed, and not a text of genes",
            hint="{import_bed|genomearray import bed} makes a table of it",
        )

    def read(job: ImportJob[TableReport], path: str) -> Iterator[FeatureRows]:
        left_out: Counter[str] = Counter()
        with open_input(path) as source:
            comments: list[str] = []

            def see(line: str) -> None:
                if len(comments) < _LOOKED_AT:
                    comments.append(line)

            blocks = data_blocks(source, job.progress, header=see)
            first = next(blocks, None)
            if first is not None:
                read_all = _READERS[format or _format_of(first, comments)]
                yield from read_all(_chained(first, blocks), job.report.bad, left_out)
            if source.unfinished:
                job.report.unfinished.append(source.name)
        job.report.left_out = dict(Counter(job.report.left_out or {}) + left_out)

    return import_features(db, table, files, read, transcript_columns, options)


def _chained(first: Block, rest: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from rest
