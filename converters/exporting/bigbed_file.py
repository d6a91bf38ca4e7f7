"""A bigBed file: features in blocks, a description of their columns, and zoom levels of their depth.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement, table 12; autoSql: Kent and Brumbaugh,
Linux Journal 99, 2002.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.foreign.bbi_file import BIGBED

from ..text.bed_formats import STANDARD
from .bbi_levels import TOGETHER, Records
from .bbi_trees import places
from .bbi_writer import Columns, bbi_writer

_ITEMS = 512  # features of a section
_HEAD = np.dtype([("chrom", "<u4"), ("start", "<u4"), ("end", "<u4")])
_FIRST = (("string", "chrom"), ("uint", "chromStart"), ("uint", "chromEnd"))
_OF_BED = {
    "strand": "char[1]", "thickStart": "uint", "thickEnd": "uint", "blockCount": "uint",
    "blockSizes": "int[blockCount]", "blockStarts": "int[blockCount]",
}  # fmt: skip
_LONG = 255  # letters that a string of autoSql has at most


class FeaturesOf(NamedTuple):
    """Features of a chromosome: its number in the order of names, offsets, and the columns after them.

    Sorted by start, then end.
    """

    chrom: int
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    rests: list[bytes]


def described(title: str, names: list[str], kinds: list[str]) -> Columns:
    """What the header says of columns: ``names`` of all, ``kinds`` (of autoSql) of those after the third."""
    types = [_OF_BED.get(name, kind) for name, kind in zip(names[3:], kinds, strict=True)]
    of_bed = next((k for k, pair in enumerate(zip(names, STANDARD, strict=False)) if pair[0] != pair[1]), 12)
    of_bed = min(of_bed, len(names))
    if of_bed > 4 and types[1] != "uint":
        of_bed = 4  # programs read the score of BED as a whole number
    taken: list[str] = [name for _, name in _FIRST]
    for name in names[3:]:
        plain = re.sub(r"\W", "_", name)
        plain = plain if re.match(r"[A-Za-z_]", plain) else f"_{plain}"
        while plain in taken:
            plain += "_"
        taken.append(plain)
    fields = [*_FIRST, *zip(types, taken[3:], strict=True)]
    comments = ["Chromosome", "Start, counted from 0", "End", *names[3:]]
    lines = [
        f'    {kind} {name}; "{_quoted(comment)}"'
        for (kind, name), comment in zip(fields, comments, strict=True)
    ]
    text = "\n".join(["table features", f'"{_quoted(title)}"', "    (", *lines, "    )", ""])
    return Columns(len(names), of_bed, text.encode() + b"\0")


def _quoted(text: str) -> str:
    return re.sub(r'["\s\0]+', " ", text)


def kind_of(values: NDArray[Any]) -> str:
    """The type of autoSql that holds the values of a column."""
    if values.dtype.kind in "iu":
        low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
        if low >= 0 and high < 1 << 32:
            return "uint"
        return "int" if low >= -(1 << 31) and high < 1 << 31 else "bigint"
    if values.dtype.kind == "f":
        return "double"
    return "lstring" if any(len(str(value)) > _LONG for value in values.tolist()) else "string"


def write_bigbed(
    file: IO[bytes], chromosomes: list[tuple[str, int]], columns: Columns, data: Iterable[FeaturesOf]
) -> None:
    """Write a bigBed.

    Parameters
    ----------
    file : binary file
        Empty, open for reading and writing.
    chromosomes : list of (str, int)
        Names and lengths (bp), sorted by the bytes of the names.
    columns : Columns
        As :func:`described` gives them.
    data : iterable of FeaturesOf
        One for each chromosome that has features, in order.
    """
    with bbi_writer(file, BIGBED, chromosomes, _ITEMS, columns) as out:
        depth: list[Records] = []
        count = 0
        for part in data:
            count += part.starts.size
            firsts = np.arange(0, part.starts.size, _ITEMS)
            for low in range(0, firsts.size, TOGETHER):
                group = firsts[low : low + TOGETHER]
                until = min(int(group[-1]) + _ITEMS, part.starts.size)
                ends = np.maximum.reduceat(part.ends[:until], group)
                out.sections.write(
                    places(part.chrom, part.starts[group], part.chrom, ends),
                    [_section(part, first, first + _ITEMS) for first in group.tolist()],
                )
            starts, ends, values = _depth(part.starts, part.ends)
            out.total.add(starts, ends, values)
            if starts.size:
                depth.append(Records.of_values(part.chrom, starts, ends, values))
        out.finish(count, lambda: depth)


def _section(part: FeaturesOf, low: int, high: int) -> bytes:
    rests = part.rests[low:high]
    heads = np.empty(len(rests), _HEAD)
    heads["chrom"], heads["start"], heads["end"] = part.chrom, part.starts[low:high], part.ends[low:high]
    head = heads.tobytes()
    size = _HEAD.itemsize
    return b"".join(head[k * size : (k + 1) * size] + rest + b"\0" for k, rest in enumerate(rests))


def _depth(
    starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """How many features lie over each stretch that has any: starts, ends, depth."""
    at, where = np.unique(np.concatenate([starts, ends]), return_inverse=True)
    steps = np.bincount(where[: starts.size], minlength=at.size) - np.bincount(
        where[starts.size :], minlength=at.size
    )
    depth = np.cumsum(steps)[:-1]
    some = depth > 0
    return at[:-1][some], at[1:][some], depth[some]
