"""Lines of GTF and GFF3: types of parts, places, attributes.

References
----------
GTF 2.2: https://mblab.wustl.edu/GTF22.html ; GFF3:
https://github.com/The-Sequence-Ontology/Specifications/blob/master/gff3.md
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple
from urllib.parse import unquote

from genomearray.errors import FormatError
from genomearray.input_file import whole_number
from genomearray.reference.region import FILE_STRANDS
from genomearray.text_table import MOST, shown

_GTF_PAIR = re.compile(r'\s*([^\s;"]+)\s+(?:"((?:[^"\\]|\\.)*+)"|([^;"]*+))\s*(?:;|$)')
_BEFORE_COMMENT = re.compile(r'(?:"(?:[^"\\]|\\.)*+"|[^"#]|(?<![\s;])#)*+')
# The Sequence Ontology's accession numbers, which GFF3 allows as types.
_TERMS = {
    "SO:0000147": "exon", "SO:0000316": "CDS", "SO:0000318": "start_codon", "SO:0000319": "stop_codon",
    "SO:0000203": "UTR", "SO:0000204": "five_prime_UTR", "SO:0000205": "three_prime_UTR",
    "SO:0000507": "pseudogenic_exon", "SO:0000198": "noncoding_exon", "SO:0000195": "coding_exon",
    "SO:0000704": "gene", "SO:0001217": "protein_coding_gene", "SO:0001263": "ncRNA_gene",
    "SO:0000336": "pseudogene", "SO:0000234": "mRNA", "SO:0000673": "transcript",
    "SO:0000185": "primary_transcript",
    "SO:0000516": "pseudogenic_transcript", "SO:0000655": "ncRNA", "SO:0001877": "lnc_RNA",
    "SO:0000276": "miRNA",
    "SO:0000253": "tRNA", "SO:0000252": "rRNA", "SO:0000274": "snRNA", "SO:0000275": "snoRNA",
}  # fmt: skip
GENE_TYPES = ("gene_biotype", "gene_type", "biotype")
GENE_NAMES = ("gene_name", "gene_symbol", "gene")


class Part(Enum):
    """What a line adds to a transcript."""

    EXON = "exon"
    CODING = "CDS"
    UTR = "UTR"  # no part of the coding sequence; exons, where a file has no lines of exons


# Types by their lower-case spelling: those of GTF 2.2, of the Sequence Ontology, and of programs.
_PARTS = (
    dict.fromkeys(("exon", "pseudogenic_exon", "noncoding_exon", "coding_exon"), Part.EXON)
    # The CDS of GTF ends before its stop codon; as in UCSC's tables, ours includes it.
    | dict.fromkeys(("cds", "start_codon", "stop_codon"), Part.CODING)
    | dict.fromkeys(
        (
            "utr", "5utr", "3utr", "utr5", "utr3", "5'utr", "3'utr", "five_prime_utr", "three_prime_utr",
            "5_prime_utr", "3_prime_utr", "5'-utr", "3'-utr",
        ),
        Part.UTR,
    )
)  # fmt: skip


def plain_gff3(row: list[str]) -> None:
    """Replace escapes in the name of the sequence, and an accession number by the term it stands for.

    Examples
    --------
    >>> row = ["chr%31", ".", "SO:0000147"]
    >>> plain_gff3(row)
    >>> row
    ['chr1', '.', 'exon']
    """
    if "%" in row[0]:
        row[0] = unquote(row[0])
    if len(row) > 2 and row[2].upper() in _TERMS:
        row[2] = _TERMS[row[2].upper()]


def part_of(kind: str) -> Part | None:
    """What a line of a type adds to a transcript; None for all other types.

    Examples
    --------
    >>> part_of("five_prime_UTR"), part_of("gene")
    (<Part.UTR: 'UTR'>, None)
    """
    return _PARTS.get(kind.lower())


class GffLine(NamedTuple):
    """A line: offsets [start, end), bp; strand 1, -1 or 0; ``where`` is file and line."""

    chrom: str
    kind: str
    start: int
    end: int
    strand: int
    attributes: str
    where: str


def gff_line(row: list[str], where: str) -> GffLine:
    """A line, checked: all nine columns, start <= end, a strand; ``where`` is file and line.

    Raises
    ------
    FormatError
    """
    if len(row) < 9 or not row[8].strip(" ."):
        raise FormatError(
            f"{where}: the line has no attributes (column 9), which name genes and transcripts; GTF "
            "and GFF3 have 9 columns"
        )
    if len(row) > 9 and not row[9].startswith("#"):  # GTF 2.2: [comments] may follow
        raise FormatError(f"{where}: {len(row)} columns; GTF and GFF3 have 9{_blanks(row)}")
    low, high, strand = row[3], row[4], row[6]
    try:
        first, last = whole_number(low), whole_number(high)
    except ValueError:
        raise FormatError(
            f"{where}: start {shown(low)} and end {shown(high)} (columns 4 and 5) are not both whole numbers"
        ) from None
    if not 1 <= first <= last < MOST:
        raise FormatError(
            f"{where}: start {low} and end {high} (columns 4 and 5) are not an interval; positions count "
            "from 1, start <= end"
        )
    if strand not in FILE_STRANDS:
        raise FormatError(f"{where}: column 7: {shown(strand)} is not a strand; allowed are +, -, . and ?")
    # Both count from 1, with both ends included.
    return GffLine(row[0], row[2], first - 1, last, FILE_STRANDS[strand], row[8], where)


def _blanks(row: list[str]) -> str:
    """What one may do about a line that was split at blanks because it has no tab."""
    if any(" " in field for field in row):
        return ""
    return (
        "; this line has blanks between them, and the formats have tabs: replace the first 8 runs of blanks"
    )


def blanks_for_tabs(row: list[str]) -> bool:
    """Whether a line is one of GTF or GFF3 but for blanks between its columns."""
    return (
        len(row) > 9
        and row[3].isdigit()
        and row[4].isdigit()
        and row[6] in FILE_STRANDS
        and bool(_blanks(row))
    )


def first_of(attributes: Iterable[Mapping[str, str]], names: tuple[str, ...]) -> str:
    """The first text that any of the attributes has under any of the names."""
    for named in attributes:
        for name in names:
            if named.get(name):
                return named[name]
    return ""


def gff3_attributes(text: str) -> dict[str, str]:
    """``key=value;key=value`` as a dictionary, percent signs decoded; ``Parent`` stays as it is, a list."""
    named: dict[str, str] = {}
    for pair in text.split(";"):
        key, _, value = pair.partition("=")
        if value:
            named.setdefault(key.strip(), value.strip())
    for lower, key in (("id", "ID"), ("parent", "Parent"), ("name", "Name")):
        if lower in named:
            named.setdefault(key, named[lower])
    if "%" in text:
        named.update({key: unquote(value) for key, value in named.items() if key != "Parent"})
    return named


def parents_of(attributes: Mapping[str, str]) -> list[str]:
    """The names that ``Parent`` lists."""
    listed = attributes.get("Parent", "")
    names = (name.strip() for name in listed.split(","))
    return [unquote(name) if "%" in name else name for name in names if name]


def gtf_attributes(text: str) -> dict[str, str]:
    """``key "value"; key 1;`` as a dictionary; of a key that is there twice, the first value. What
    is in quotes is not a key.
    """
    if "#" in text:
        text = _without_comment(text)
    pieces = text.split('"')
    if len(pieces) % 2 == 0 or "\\" in text:  # quotes in quotes
        return _escaped_attributes(text)
    named: dict[str, str] = {}
    for k in range(0, len(pieces), 2):
        *plain, last = pieces[k].split(";")
        for words in (part.split(None, 1) for part in (plain if k + 1 < len(pieces) else [*plain, last])):
            if len(words) == 2:
                named.setdefault(words[0], words[1].strip())
        if k + 1 < len(pieces):
            named.setdefault(last.strip(), pieces[k + 1])
    return named


def _without_comment(text: str) -> str:
    """What stands before a ``#`` that is not in quotes (GTF 2.2: comments may end a line of a feature)."""
    match = _BEFORE_COMMENT.match(text)
    return match[0] if match and text[match.end() : match.end() + 1] == "#" else text


def _escaped_attributes(text: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for match in _GTF_PAIR.finditer(text):
        quoted, plain = match.group(2), match.group(3)
        value = plain.strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        named.setdefault(match.group(1), value)
    return named


def bare_name(text: str) -> str:
    """The name where the attributes are nothing else, as AUGUSTUS and BRAKER write ``g1.t1``; else empty."""
    words = text.strip().rstrip(";").split()
    return words[0] if len(words) == 1 and '"' not in text and "=" not in text else ""
