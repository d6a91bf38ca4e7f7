"""A bigBed as a feature table, read in place; its columns have the names and types of its autoSql.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement, table 12; autoSql: Kent and Brumbaugh,
Linux Journal 99, 2002.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.errors import AssemblyError, LayoutError
from genomearray.foreign import bigwig_blocks
from genomearray.foreign.bbi_file import BbiFile
from genomearray.foreign.bbi_parts import Blocks
from genomearray.reference.assembly import Assembly
from genomearray.reference.intervals import reach
from genomearray.reference.region import FILE_STRANDS
from genomearray.storage.feature_layout import FEATURES, text_array

_FIELD = re.compile(r"^\s*(\w+)\s*(\[\s*\w+\s*\]|\([^)]*\))?\s+(\w+)\s*;", re.MULTILINE)
_WHOLE = frozenset({"int", "uint", "short", "ushort", "byte", "ubyte", "bigint"})
_DECIMAL = frozenset({"float", "double"})
# Fields of BED after the third, for files without autoSql (UCSC's description of BED).
_BED = (
    ("name", "string"), ("score", "uint"), ("strand", "char"), ("thickStart", "uint"), ("thickEnd", "uint"),
    ("itemRgb", "string"), ("blockCount", "int"), ("blockSizes", "string"), ("blockStarts", "string"),
)  # fmt: skip
_TAKEN = frozenset({"chrom", "start", "end", "reach", "input_row"})
_MOST_EXPANDED = 1032  # bytes that deflate makes of one, at most
_TOGETHER = 256  # blocks read in one request
_STRANDS = {text.encode(): number for text, number in FILE_STRANDS.items()}


class Field(NamedTuple):
    """A column after chromosome, start and end."""

    name: str
    type: str  # of autoSql; "array" for one


class BigBedFile:
    """The features of a bigBed, as the columns of a table; all are read when the first one is asked for.

    Parameters
    ----------
    path : path-like, or URL
    assembly : Assembly, optional
        Whose chromosomes the table has; see :class:`genomearray.foreign.bigwig_track.BigWigTrack`.

    Raises
    ------
    UnknownTrackError, LayoutError, AssemblyError, DamagedTrackError
    """

    def __init__(self, path: str | os.PathLike[str], assembly: Assembly | None = None) -> None:
        self._file = BbiFile(path)
        if self._file.is_bigwig:
            raise LayoutError(
                f"{self._file.path} is a bigWig, a track of values", hint="open it with open_track"
            )
        self.path = Path(path)
        in_file = self._file.chromosomes
        self._assembly = self._file.assembly() if assembly is None else assembly
        self._number, other, self.left_out = self._file.matched(self._assembly)
        if other or (in_file and not self._number):
            raise self._of_another(in_file, next(iter(other), next(iter(in_file))))
        self._fields = self._described()
        self.columns = [
            "start",
            "end",
            "strand",
            *(field.name for field in self._fields if field.name != "strand"),
        ]
        self.attributes: dict[str, Any] = {
            "assembly": self._assembly.name,
            "kind": FEATURES,
            "source": str(self._file.path),
            "software": "bigBed",
        }

    def column(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Rows [first, last) of a column."""
        return self._columns[name][first:last]

    def close(self) -> None:
        """Nothing to do: the descriptor is one of a bounded number, which the process shares."""

    # -- inside ------------------------------------------------------------------------------------

    def _of_another(self, in_file: dict[str, tuple[int, int]], name: str) -> AssemblyError:
        has = f"{self._assembly[name].length:,}" if name in self._assembly else "no such chromosome"
        return AssemblyError(
            f"{self._file.path} is of another assembly than {self._assembly.name!r}: it has "
            f"{in_file[name][1]:,} bp of {name!r}, and {self._assembly.name!r} has {has}"
        )

    @Cached
    def autosql(self) -> str:
        """The description of the columns; empty where the file has none."""
        at = self._file.header.autosql_at
        if not at:
            return ""
        text = self._file.read(at, min(self._file.size - at, 1 << 16)).split(b"\0")[0]
        return text.decode("utf-8", errors="replace")

    def _described(self) -> list[Field]:
        """The columns after chromosome, start and end."""
        described = [
            Field(name, "array" if size else kind) for kind, size, name in _FIELD.findall(self.autosql)
        ][3:]
        described = [Field(*pair) for pair in _BED] if not self.autosql else described
        n = max(self._file.header.fields - 3, 0)
        described += [Field(f"field{k + 4}", "string") for k in range(len(described), n)]
        fields: list[Field] = []
        for field in described[:n]:
            name = field.name
            while name in _TAKEN or any(name == other.name for other in fields):
                name += "_"
            fields.append(Field(name, "char" if name == "strand" else field.type))
        return fields

    @Cached
    def _columns(self) -> dict[str, NDArray[Any]]:
        names = self._assembly.names
        counts = np.zeros(len(names), np.int64)
        starts, ends, codes, texts, rows = [], [], [], [], []
        read = 0
        for code, name in enumerate(names):
            start, end, rest = self._rows(name)
            order = np.lexsort((np.arange(start.size), end, start))
            counts[code] = start.size
            starts.append(start[order])
            ends.append(end[order])
            codes.append(np.full(start.size, code, np.int32))
            rows.append(order + read)
            texts += [rest[k] for k in order.tolist()]
            read += start.size
        columns: dict[str, NDArray[Any]] = {
            "start": np.concatenate(starts),
            "end": np.concatenate(ends),
            "chrom": np.concatenate(codes),
            "input_row": np.concatenate(rows),
            "reach": np.concatenate([_reach(*pair) for pair in zip(starts, ends, strict=True)]),
            "strand": np.zeros(read, np.int8),
            "sequence_name": text_array(names),
            "sequence_length": np.array([chrom.length for chrom in self._assembly], np.int64),
            "n_features": counts,
            "first_feature": np.cumsum(counts) - counts,
        }
        cells = [text.split(b"\t") for text in texts]
        for k, field in enumerate(self._fields):
            columns[field.name] = _typed([row[k] if k < len(row) else b"" for row in cells], field)
        return columns

    def _rows(self, chrom: str) -> tuple[NDArray[np.int64], NDArray[np.int64], list[bytes]]:
        """Start, end and the other fields of the features of a chromosome, in the order of the file."""
        number = self._number.get(chrom)
        if number is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int64), []
        blocks = self._file.blocks(number)
        heads, rests = bytearray(), []
        for row, block in self._inflated(chrom, blocks):
            at = 0
            while at < len(block):
                stop = block.find(b"\0", at + 12)
                if stop < 0:
                    raise self._file.damaged_block(chrom, blocks, row, "its last feature is cut")
                if block[at : at + 4] == self._word(number):
                    heads += block[at : at + 12]
                    rests.append(block[at + 12 : stop])
                elif blocks.first[row] == blocks.last[row]:
                    why = "it is of another chromosome than its index says"
                    raise self._file.damaged_block(chrom, blocks, row, why)
                at = stop + 1
        columns = np.frombuffer(bytes(heads), f"{self._file.order}u4").reshape(-1, 3).astype(np.int64)
        start, end = columns[:, 1], columns[:, 2]
        wrong = (start > end) | (end > self._assembly[chrom].length)
        if wrong.any():
            k = int(np.argmax(wrong))
            where = f"{start[k]:,} to {end[k]:,} of {self._assembly[chrom].length:,} bp"
            raise self._file.damaged(
                self._file.header.data_at, f"feature {k + 1:,} of {chrom!r} lies at {where}"
            )
        return start, end, rests

    def _word(self, number: int) -> bytes:
        return number.to_bytes(4, "big" if self._file.swapped else "little")

    def _inflated(self, chrom: str, blocks: Blocks) -> Iterator[tuple[int, bytes]]:
        most, stored, order = self._file.header.most, self._file.stored, blocks.in_file_order
        for low in range(0, order.size, _TOGETHER):
            rows = order[low : low + _TOGETHER]
            data, begin = self._file.fetch(blocks.offset[rows], blocks.size[rows])
            for row, at, size in zip(rows.tolist(), begin.tolist(), blocks.size[rows].tolist(), strict=True):
                room = size if stored else max(min(most, _MOST_EXPANDED * size), 1)
                try:
                    yield (
                        row,
                        bigwig_blocks.unpack(bigwig_blocks.GIVEN, at, size, data, stored=stored, most=room),
                    )
                except ValueError as error:
                    raise self._file.damaged_block(chrom, blocks, row, str(error)) from error


def _reach(start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[Any]:
    return reach(start, end) if start.size else start


def _typed(cells: list[bytes], field: Field) -> NDArray[Any]:
    """A column in its type; as text where a cell is none of it."""
    if field.name == "strand":
        return np.array([_STRANDS.get(cell, 0) for cell in cells], np.int8)
    try:
        if field.type in _WHOLE:
            return np.array([int(cell) for cell in cells], np.int64)
        if field.type in _DECIMAL:
            return np.array([float(cell) for cell in cells], np.float64)
    except (ValueError, OverflowError):
        pass
    return text_array(cell.decode("utf-8", errors="replace") for cell in cells)
