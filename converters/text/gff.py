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
    if len(row) > 9:
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
    return [unquote(name) if "%" in name else name for name in listed.split(",") if name]


def gtf_attributes(text: str) -> dict[str, str]:
    """``key "value"; key 1;`` as a dictionary; of a key that is there twice, the first value. What
    is in quotes is not a key.
    """
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
