"""Which columns a file of BED or its kin has: by the format, a line of names, or the values themselves.

References
----------
BED v1, https://samtools.github.io/hts-specs/BEDv1.pdf; narrowPeak, broadPeak and gappedPeak:
https://genome.ucsc.edu/FAQ/FAQformat.html#format12
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from genomearray.errors import FormatError
from genomearray.input_file import whole_number
from genomearray.reference.bed_fields import has_strands
from genomearray.storage.write.column_types import DECIMAL
from genomearray.text_table import Block, shown

STANDARD = (
    "chrom", "start", "end", "name", "score", "strand",
    "thickStart", "thickEnd", "itemRgb", "blockCount", "blockSizes", "blockStarts",
)  # fmt: skip
PEAK = ("signalValue", "pValue", "qValue")
# By format: names of the columns; further ones follow as column13 and so on.
FORMATS: dict[str, tuple[str, ...]] = {f"bed{n}": STANDARD[:n] for n in range(3, 13)} | {
    "bed": STANDARD,
    "narrowPeak": (*STANDARD[:6], *PEAK, "peak"),
    "broadPeak": (*STANDARD[:6], *PEAK),
    "gappedPeak": (*STANDARD, *PEAK),
    "bedGraph": ("chrom", "start", "end", "score"),
}
FULL = ("narrowPeak", "broadPeak", "gappedPeak", "bedGraph")  # these have no further columns
_ENDINGS = {"narrowpeak": "narrowPeak", "broadpeak": "broadPeak", "gappedpeak": "gappedPeak"} | dict.fromkeys(
    ("bedgraph", "bdg", "bg"), "bedGraph"
)
NUMBER = re.compile(rf"{DECIMAL}|[-+]?[iI]nf|nan|NaN|NA|\.")
SIGNED = re.compile(r"-?[0-9]{1,18}")
_WHOLE = re.compile(r"[0-9]{1,18}")
_COLOUR = re.compile(r"[0-9]{1,10}(?:,[0-9]{1,3},[0-9]{1,3},?)?|\.|-")
# UCSC calls the standard columns so in its tables.
_ALIASES = {
    "chromStart": "start", "chromEnd": "end", "chr": "chrom", "reserved": "itemRgb",
    "chromStarts": "blockStarts",
}  # fmt: skip
_COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


class BedLayout(NamedTuple):
    """The columns of a file.

    Attributes
    ----------
    format : str
    names : tuple of str
        Of all columns.
    strands : bool
        Whether column 6 is a strand.
    first : str
        Place of the line that decided, for messages.
    note : str
        What was decided by the values, for the report; empty for a plain case.
    """

    format: str
    names: tuple[str, ...]
    strands: bool
    first: str
    note: str = ""


@dataclass
class HeaderNames:
    """Names of columns in a comment such as ``#chrom start end name``, which our exports write."""

    names: tuple[str, ...] = field(default=())

    def see(self, line: str) -> None:
        """Look at a line that holds no data."""
        text = line.lstrip("#")
        if not line.startswith("#") or self.names:
            return
        names = tuple(_ALIASES.get(name, name) for name in (word.strip() for word in text.split("\t")))
        if names[:3] == ("chrom", "start", "end") and len(set(names)) == len(names):
            self.names = tuple(
                name if _COLUMN_NAME.fullmatch(name) else f"column{k}" for k, name in enumerate(names, 1)
            )


def format_of(path: str) -> str:
    """The format by the ending of a file's name; ``bed`` for all others."""
    name = path.removesuffix(".gz").removesuffix(".bgz")
    return _ENDINGS.get(name.rpartition(".")[2].lower(), "bed")


def layout_of(format: str, block: Block, header: tuple[str, ...]) -> BedLayout:
    """The columns, by the first lines of a file (a block of rows with three columns at least).

    Of plain ``bed`` the values decide what the columns after the sixth are: those of BED, when most
    lines agree with its rules; those of narrowPeak or broadPeak, when most agree with theirs; else
    columns of their own.
    """
    known = FORMATS[format]
    n = len(block.rows[0])
    where = block.where(0)
    if n < len(known) and format != "bed":
        raise FormatError(f"{where}: {n} columns, and {format} has {len(known)}: {', '.join(known)}")
    if n > len(known) and format in FULL:
        hint = f"{{format=bed{min(len(known), 6)}}} keeps further ones as they are"
        raise FormatError(f"{where}: {n} columns, and {format} has {len(known)}", hint=hint)
    strands = has_strands(block)
    if format != "bed":
        return BedLayout(format, _numbered(known[:n], n), "strand" in known, where)
    if len(header) == n:
        if "strand" in header and not (strands and header.index("strand") == 5):
            header = tuple(f"column{k}" if name == "strand" else name for k, name in enumerate(header, 1))
        return BedLayout(format, header, "strand" in header, where)
    if n > 5 and not strands:
        text = f"column 6 ({shown(block.rows[0][5])}) is not a strand: taken as BED5 and {n - 5} more columns"
        return BedLayout(format, _numbered(STANDARD[:5], n), strands, where, text)
    if n > 6 and not _most(block, _is_bed):
        for peak, fits in _PEAKS.items():
            if len(FORMATS[peak]) == n and _most(block, fits):
                return BedLayout(peak, FORMATS[peak], strands, where, f"taken as {peak} by its values")
        text = f"columns 7 to {n} are not those of BED: taken as BED6 and {n - 6} more columns"
        return BedLayout(format, _numbered(STANDARD[:6], n), strands, where, text)
    return BedLayout(format, _numbered(known[:n], n), n > 5, where)


def _numbered(names: tuple[str, ...], n: int) -> tuple[str, ...]:
    return (*names, *(f"column{k}" for k in range(len(names) + 1, n + 1)))


def _most(block: Block, fits: Callable[[list[str]], bool]) -> bool:
    rows = [row for row in block.rows if len(row) == len(block.rows[0])]
    return 2 * sum(map(fits, rows)) >= len(rows)


def _is_bed(row: list[str]) -> bool:
    """Whether columns 7 and up are what BED has: the thick part inside of the feature, or ``0 0``."""
    if not all(_WHOLE.fullmatch(text) for text in row[6:8]):
        return False
    thick = [int(text) for text in row[6:8]]
    inside = whole_number(row[1]) <= thick[0] <= thick[-1] <= whole_number(row[2])
    if not (inside or not any(thick)):
        return False
    return (len(row) < 9 or bool(_COLOUR.fullmatch(row[8]))) and (
        len(row) < 10 or bool(_WHOLE.fullmatch(row[9]))
    )


def _is_broad(row: list[str]) -> bool:
    return all(NUMBER.fullmatch(text) for text in row[6:9])


def _is_narrow(row: list[str]) -> bool:
    if not (_is_broad(row) and SIGNED.fullmatch(row[9])):
        return False
    return -1 <= int(row[9]) < max(whole_number(row[2]) - whole_number(row[1]), 1)


# gappedPeak begins as BED12 does, so that its values do not tell it from BED12 with three more columns.
_PEAKS = {"narrowPeak": _is_narrow, "broadPeak": _is_broad}
