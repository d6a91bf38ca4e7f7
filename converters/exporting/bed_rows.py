"""Features as lines of BED: six columns, further ones, and transcripts as BED12.

References
----------
https://samtools.github.io/hts-specs/BEDv1.pdf
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genomearray.storage.feature_layout import NO_CODING
from genomearray.text_table import Block, whole_list

from ..text.bed_formats import STANDARD, layout_of

if TYPE_CHECKING:
    import pandas as pd

_OWN_NAMES = ("transcript", "gene_name", "gene_id")  # of parts, the first that says anything


def header(names: list[str], rows: list[list[str]]) -> bytes:
    """The comment that names the columns, where an import would not know them by the values."""
    known = layout_of("bed", Block("", list(range(len(rows))), rows), ()).names if rows else tuple(names)
    return b"" if known == tuple(names) else ("#" + "\t".join(names) + "\n").encode()


def further(frame: pd.DataFrame) -> list[str]:
    """Columns after the first six; transcripts have those of BED12."""
    names = [str(name) for name in frame.columns]
    if "exon_starts" in names:
        return list(STANDARD[6:])
    own = _OWN_NAMES if {"transcript", "gene_id"} & set(names) else ()
    return [name for name in names if name not in (*STANDARD[:6], *own)]


def width(frame: pd.DataFrame) -> int:
    """How many of the first six columns there is something for."""
    names = [str(name) for name in frame.columns]
    if further(frame) or ("strand" in names and (frame["strand"] != ".").any()):
        return 6
    return 5 if "score" in names else 4 if "name" in names or set(_OWN_NAMES) & set(names) else 3


def columns(frame: pd.DataFrame, width: int) -> tuple[list[list[str]], int]:
    """Columns of texts, and how many rows had to be changed to be BED."""
    n = len(frame)
    if "exon_starts" in frame:
        return _bed12(frame)
    texts_of = {str(name): _texts(frame[name]) for name in frame.columns}
    if set(STANDARD[9:]) <= set(texts_of):
        _give_blocks(texts_of)
    if "transcript" in texts_of or "gene_id" in texts_of:
        own = [texts_of.pop(name, ["."] * n) for name in _OWN_NAMES]
        texts_of["name"] = [
            next((text for text in texts if text != "."), ".") for texts in zip(*own, strict=True)
        ]
    first = [
        texts_of.pop(name, [missing] * n)
        for name, missing in zip(STANDARD[:6], ("", "", "", ".", "0", "."), strict=True)
    ]
    return [*first[:width], *texts_of.values()], 0


def _give_blocks(texts_of: dict[str, list[str]]) -> None:
    """Features without a block become one: BED12 has one at least."""
    for k, sizes in enumerate(texts_of["blockSizes"]):
        if sizes == ".":
            texts_of["blockCount"][k], texts_of["blockStarts"][k] = "1", "0"
            texts_of["blockSizes"][k] = str(int(texts_of["end"][k]) - int(texts_of["start"][k]))


def _bed12(frame: pd.DataFrame) -> tuple[list[list[str]], int]:
    """Transcripts: the coding sequence is thick, exons are blocks. The first block begins with the
    feature, the last one ends with it, and none overlap (BED v1, section 1.5).
    """
    rows: list[list[str]] = []
    changed = 0
    n = len(frame)
    missing = {"name": "", "strand": ".", "cds_start": NO_CODING, "cds_end": NO_CODING}
    names = ("chrom", "start", "end", "name", "strand", "cds_start", "cds_end", "exon_starts", "exon_ends")
    columns = (frame[name].tolist() if name in frame else [missing[name]] * n for name in names)
    for row in zip(*columns, strict=True):
        chrom, start, end, name, strand, low, high, exon_starts, exon_ends = row
        exons = list(zip(whole_list(exon_starts), whole_list(exon_ends), strict=True)) if exon_starts else []
        blocks = _blocks(exons, start, end)
        changed += blocks != exons
        thick = (low, high) if low != NO_CODING else (start, start)
        sizes = ",".join(str(stop - begin) for begin, stop in blocks)
        begins = ",".join(str(begin - start) for begin, _ in blocks)
        rows.append(
            [
                *map(_text, (chrom, start, end, name)),
                "0",
                strand,
                *map(str, thick),
                "0",
                str(len(blocks)),
                sizes,
                begins,
            ]
        )
    return [list(column) for column in zip(*rows, strict=True)], changed


def _blocks(exons: list[tuple[int, int]], start: int, end: int) -> list[tuple[int, int]]:
    """Exons, ascending, as blocks of BED12: merged where they overlap, from the start to the end."""
    blocks = [exons[0] if exons else (start, end)]
    for low, high in exons[1:]:
        if low < blocks[-1][1]:
            blocks[-1] = (blocks[-1][0], max(high, blocks[-1][1]))
        else:
            blocks.append((low, high))
    blocks[0] = (start, blocks[0][1])
    blocks[-1] = (blocks[-1][0], end)
    return blocks


_BREAKING = "\t\r\n\0"  # ends of columns, of lines, and of features in a bigBed
_BREAKS = str.maketrans(_BREAKING, " " * len(_BREAKING))


def with_breaks(frame: pd.DataFrame) -> int:
    """How many texts hold what would end a column or a line."""
    texts = (frame[name] for name in frame.columns if frame[name].dtype.kind not in "iufb")
    return sum(
        any(character in text for character in _BREAKING)
        for column in texts
        for text in column.tolist()
        if isinstance(text, str)
    )


def _texts(column: pd.Series) -> list[str]:
    """A column as BED has it, see :func:`_text`; most need no look at each value."""
    values = column.tolist()
    if column.dtype.kind in "iu":
        return list(map(str, values))
    if column.dtype.kind == "f" or not all(isinstance(value, str) for value in values):
        return list(map(_text, values))
    together = "".join(values)
    if any(character in together for character in _BREAKING):
        return list(map(_text, values))
    return [value or "." for value in values]


def _text(value: Any) -> str:
    """A value as BED has it: ``.`` for a missing number and an empty text, no ``.0`` after whole ones,
    blanks for what would end a column or a line.
    """
    if not isinstance(value, float):
        return str(value).translate(_BREAKS) or "."
    if value != value:
        return "."
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
