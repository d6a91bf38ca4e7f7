"""Tables of regions, in any of the forms people keep them in."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genomearray._typing import HasDataFrame
from genomearray.choices import REFERENCES, check
from genomearray.errors import GenomeArrayWarning, RegionError, UnknownChromosomeError, nearest_names
from genomearray.input_file import open_input
from genomearray.reference.assembly import Chromosomes
from genomearray.reference.bed_fields import BedFields, bed_fields, has_strands
from genomearray.reference.intervals import Intervals
from genomearray.reference.region import integer, parse_region, parse_strand
from genomearray.text_table import MOST, data_blocks, shown

if TYPE_CHECKING:
    import pandas as pd

_BLOCK_BYTES = 1 << 17  # rows that stay in the cache are split in a third of the time

_SPELLINGS = {
    "chrom": ("chrom", "Chromosome"),
    "start": ("start", "Start"),
    "end": ("end", "End"),
    "strand": ("strand", "Strand"),
}
_STRAND_TEXT = np.array([".", "+", "-"])  # by strand 0, 1, -1


@dataclass(frozen=True)
class RegionTable:
    """Intervals [start, end) of offsets, bp, of the chromosomes ``names[code]``, each with a strand
    1, -1 or 0.

    ``place`` and ``number`` say for a row where it comes from: ``row 3``, or ``peaks.bed:12``.
    """

    names: tuple[str, ...]
    code: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    strand: NDArray[np.int8]
    number: NDArray[np.int64]
    place: str = "row "
    label: NDArray[Any] | None = None  # names of the regions, of a BED file with a column 4

    def __len__(self) -> int:
        return self.start.size

    @property
    def chrom(self) -> NDArray[Any]:
        """Chromosome of each region, as text."""
        return np.array(self.names, dtype=np.str_)[self.code] if self.names else np.empty(0, dtype="<U1")

    @property
    def strand_text(self) -> NDArray[Any]:
        """``+``, ``-`` or ``.`` for each region."""
        text: NDArray[Any] = _STRAND_TEXT[self.strand]
        return text

    @property
    def intervals(self) -> Intervals:
        """As a source takes them."""
        return Intervals(self.names, self.code, self.start, self.end)

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Some rows, in any order, with their chromosomes only: each batch of a draft genome would
        else look up all its names.
        """
        used, code = np.unique(self.code[rows], return_inverse=True)
        columns = {name: getattr(self, name)[rows] for name in ("start", "end", "strand", "number")}
        label = None if self.label is None else self.label[rows]
        return replace(
            self, names=tuple(self.names[k] for k in used.tolist()), code=code, label=label, **columns
        )

    def where(self, row: int) -> str:
        """Where a row comes from."""
        return f"{self.place}{self.number[row]}"

    def around(self, width: object, reference: object = "middle", *, strand_aware: bool = True) -> Self:
        """Windows of one width (bp) around the middle of each region, ``(start + end) // 2``, or
        its first or last border.

        On the minus strand the borders change places, and the windows are mirrored.
        """
        check("reference", reference, REFERENCES)
        size = _offset(width, "width")
        if size < 1:
            raise RegionError(f"a width of {size} bp holds no base; it is at least 1")
        reversed_ones = np.flatnonzero(self.end < self.start)
        if reversed_ones.size:
            row = int(reversed_ones[0])
            raise RegionError(
                f"{self.where(row)}: offsets {self._text(row)} are reversed; start must not be above end"
            )
        if reference == "middle":
            start = (self.start + self.end) // 2 - size // 2
        else:
            minus = (self.strand < 0) & strand_aware
            point = np.where(minus == (reference == "start"), self.end, self.start)
            start = point - np.where(minus, size - size // 2, size // 2)
        return replace(self, start=start, end=start + size)

    def beside(
        self, before: int, after: int, reference: object = "middle", *, strand_aware: bool = True
    ) -> Self:
        """Windows from ``before`` bp before the middle of each region, or its first or last border, to
        ``after`` bp after it, as its strand runs.
        """
        check("reference", reference, REFERENCES)
        minus = (self.strand < 0) & strand_aware
        point = (self.start + self.end) // 2
        if reference != "middle":
            point = np.where(minus == (reference == "start"), self.end, self.start)
        start = point - np.where(minus, after, before)
        return replace(self, start=start, end=start + before + after)

    def inside(self, chromosomes: Chromosomes, *, pad: bool | None = None) -> Self:
        """These regions, if each holds a base and none reaches outside its chromosome, or with
        ``pad`` none lies wholly outside.
        """
        empty = np.flatnonzero(self.end <= self.start)
        if empty.size:
            row = int(empty[0])
            raise RegionError(
                f"{self.where(row)}: offsets {self._text(row)} hold no base; start must be below end"
            )
        lengths = chromosomes.lengths_of(self.names)[self.code]
        outside = (
            (self.end <= 0) | (self.start >= lengths) if pad else (self.start < 0) | (self.end > lengths)
        )
        if outside.any():
            row = int(np.argmax(outside))
            what = "lie wholly" if pad else "reach"
            hint = "; bounds='pad' fills what is outside" if pad is False else ""
            raise RegionError(
                f"{int(outside.sum())} of {len(self)} regions {what} outside their chromosome, the "
                f"first at {self.where(row)}: "
                f"{self._text(row)}, allowed is 0 <= start < end <= {lengths[row]} (is the table of "
                f"assembly {chromosomes.assembly!r}?){hint}"
            )
        return self

    def _text(self, row: int) -> str:
        return f"{self.names[self.code[row]]} [{self.start[row]}, {self.end[row]})"


@runtime_checkable
class HasRegions(Protocol):
    """A feature table, or some of its rows."""

    def as_regions(self) -> RegionTable: ...


# What people have regions in; see :func:`read_regions`.
Regions: TypeAlias = (
    "str | os.PathLike[str] | pd.DataFrame | Mapping[str, ArrayLike] | Sequence[str] | "
    "Sequence[tuple[object, ...]]"
    " | HasDataFrame | HasRegions | RegionTable"
)


def read_regions(regions: Regions, chromosomes: Chromosomes) -> RegionTable:
    """A table of regions on known chromosomes.

    Parameters
    ----------
    regions : DataFrame, mapping, table, path, list or str
        Columns ``chrom, start, end`` (offsets, 0-based, half-open) and optionally ``strand``; anything with
        ``to_dataframe()``; the path of a BED file (plain or gzip); a list of tuples ``(chrom,
        start, end[, strand])``; region strings such as ``chr1:1,000-2,000(-)`` (positions, both
        ends included), one or a list.
    chromosomes : Chromosomes

    Returns
    -------
    RegionTable

    Raises
    ------
    RegionError
        A column is missing, or a number, strand or text cannot be read.
    UnknownChromosomeError
        Names that are not among the chromosomes, all at once.
    FormatError
        A line of a BED file.
    """
    if isinstance(regions, RegionTable):
        table = regions
    elif isinstance(regions, Path) or (isinstance(regions, str) and _is_path(regions, chromosomes)):
        table = _from_bed(Path(regions))
    elif isinstance(regions, str):
        table = _from_rows([regions], chromosomes)
    elif isinstance(regions, HasRegions):
        table = regions.as_regions()
    elif isinstance(regions, HasDataFrame):
        table = _from_columns(regions.to_dataframe())
    elif hasattr(regions, "columns") or isinstance(regions, Mapping):
        table = _from_columns(regions)
    elif isinstance(regions, Iterable):
        table = _from_rows(list(regions), chromosomes)
    else:
        raise RegionError(
            f"{type(regions).__name__} is not a table of regions; give a DataFrame (chrom, start, end), "
            "tuples, region strings or a BED path"
        )
    _check_names(table, chromosomes)
    return table


def _is_path(text: str, chromosomes: Chromosomes) -> bool:
    name = text.partition(":")[0]
    if len(text) > 4096 or "\0" in text:
        return False
    return not chromosomes.has(name) and (
        text.endswith((".bed", ".bed.gz", ".narrowPeak", ".broadPeak")) or Path(text).exists()
    )


def _from_columns(table: Any) -> RegionTable:
    import pandas as pd

    have = [str(name) for name in (table.columns if hasattr(table, "columns") else table)]
    spelled = {
        name: next((s for s in spellings if s in have), None) for name, spellings in _SPELLINGS.items()
    }
    missing = [name for name in ("chrom", "start", "end") if spelled[name] is None]
    if missing:
        raise RegionError(
            f"the table of regions has no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(map(repr, have)) or 'none'}"
        )
    chrom = _column(table, spelled["chrom"])
    code, names = pd.factorize(chrom.astype(object))
    if (code < 0).any():
        raise RegionError(f"row {int(np.argmax(code < 0))} of the table of regions has no chromosome")
    start, end = (_whole_numbers(_column(table, spelled[name]), name) for name in ("start", "end"))
    strand = (
        np.zeros(start.size, dtype=np.int8)
        if spelled["strand"] is None
        else _strands(_column(table, spelled["strand"]))
    )
    sizes = {"chrom": code.size, "start": start.size, "end": end.size, "strand": strand.size}
    if len(set(sizes.values())) > 1:
        described = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise RegionError(f"the columns of the table of regions are not of one length: {described}")
    return RegionTable(
        tuple(map(str, names)), code.astype(np.int64), start, end, strand, np.arange(start.size)
    )


def _column(table: Any, name: str | None) -> Any:
    import pandas as pd

    try:
        return pd.Series(table[name]).reset_index(drop=True)
    except ValueError as error:  # two columns of that name, or a table in a table
        raise RegionError(f"column {name!r} of the table of regions is not a plain column: {error}") from None


def _whole_numbers(column: Any, name: str) -> NDArray[np.int64]:
    values = np.asarray(column)
    if values.dtype.kind in "iu" and (not values.size or (values.max() < MOST and values.min() > -MOST)):
        return values.astype(np.int64)
    whole = []
    for row, value in enumerate(column):
        try:
            whole.append(_offset(value, name))
        except RegionError as error:
            raise RegionError(f"row {row} of the table of regions: {error}") from None
    return np.array(whole, dtype=np.int64)


def _strands(column: Any) -> NDArray[np.int8]:
    import pandas as pd

    strand = np.zeros(len(column), dtype=np.int8)
    text = column.where(column.isna(), column.astype(str))
    code, values = pd.factorize(text)
    for k, value in enumerate(values.tolist()):
        rows = code == k
        try:
            strand[rows] = parse_strand(value)
        except RegionError as error:
            raise RegionError(f"row {int(np.argmax(rows))} of the table of regions: {error}") from None
    return strand


def _from_rows(rows: list[Any], chromosomes: Chromosomes) -> RegionTable:
    names: dict[str, int] = {}
    unknown: Counter[str] = Counter()
    table = np.zeros((len(rows), 4), dtype=np.int64)
    for number, row in enumerate(rows):
        try:
            chrom, start, end, strand = _row(row, chromosomes)
            table[number] = names.setdefault(chrom, len(names)), start, end, strand
        except KeyError:
            unknown[row.rpartition(":")[0] or row] += 1
        except RegionError as error:
            raise RegionError(f"row {number} of the regions: {error}") from None
    if unknown:
        raise _unknown(unknown, chromosomes)
    return RegionTable(
        tuple(names),
        table[:, 0].copy(),
        table[:, 1].copy(),
        table[:, 2].copy(),
        table[:, 3].astype(np.int8),
        np.arange(len(rows)),
    )


def _row(row: Any, chromosomes: Chromosomes) -> tuple[str, int, int, int]:
    if isinstance(row, str):
        region = parse_region(row, partial(_length, chromosomes), chromosomes.has)
        return region.chrom, region.start, region.end, parse_strand(region.strand)
    if not isinstance(row, (tuple, list)) or len(row) not in (3, 4):
        raise RegionError(
            f"{row!r} is not a region; give (chrom, start, end[, strand]) or a text such as chr1:1-100"
        )
    return (
        str(row[0]),
        _offset(row[1], "start"),
        _offset(row[2], "end"),
        parse_strand(row[3]) if len(row) == 4 else 0,
    )


def _length(chromosomes: Chromosomes, name: str) -> int:
    """Length of a chromosome; a KeyError without a search for similar names, which takes long in a
    draft genome.
    """
    if not chromosomes.has(name):
        raise KeyError(name)
    return chromosomes.length(name)


def _offset(value: object, what: str) -> int:
    number = integer(value, what)
    if abs(number) >= MOST:
        raise RegionError(f"{what} {value!r} has more than 18 digits")
    return number


def _from_bed(path: Path) -> RegionTable:
    """Columns 1 to 4 and 6 of a BED file."""
    names: dict[str, int] = {}
    fields: list[BedFields] = []
    code: list[int] = []
    numbers: list[int] = []
    label: list[str] = []
    strands: bool | None = None
    with open_input(path) as file:
        for block in data_blocks(file, size=_BLOCK_BYTES):
            if strands is None:
                strands = has_strands(block)
                if not strands and len(block.rows[0]) > 5:
                    warnings.warn(
                        f"{block.where(0)}: column 6 ({shown(block.rows[0][5])}) is not a strand, so the "
                        "regions have none",
                        GenomeArrayWarning,
                        stacklevel=2,
                    )
            fields.append(bed_fields(block, strands=strands))
            code += [names.setdefault(row[0], len(names)) for row in block.rows]
            label += [row[3] if len(row) > 3 else "." for row in block.rows]
            numbers += block.numbers
    columns = zip(*fields, strict=True) if fields else ((), (), ())
    start, end, strand = (np.concatenate(column) if column else np.empty(0, np.int64) for column in columns)
    return RegionTable(
        tuple(names),
        np.array(code, dtype=np.int64),
        start,
        end,
        strand.astype(np.int8),
        np.array(numbers, dtype=np.int64),
        f"{path}:",
        np.array(label, dtype=object),
    )


def _check_names(table: RegionTable, chromosomes: Chromosomes) -> None:
    unknown = {code: name for code, name in enumerate(table.names) if not chromosomes.has(name)}
    if unknown:
        rows = np.bincount(table.code, minlength=len(table.names))
        raise _unknown({name: int(rows[code]) for code, name in unknown.items()}, chromosomes)


def _unknown(counts: Mapping[str, int], chromosomes: Chromosomes) -> UnknownChromosomeError:
    """All unknown names at once, each with its regions."""
    names = list(counts)
    listed = ", ".join(
        f"{name!r} ({counts[name]} region{'s' if counts[name] > 1 else ''})" for name in names[:10]
    )
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    near = nearest_names(names[0], chromosomes.names)
    hint = (
        f"nearest names of {names[0]!r}: {', '.join(map(repr, near))}"
        if near
        else f"its names begin with {', '.join(map(repr, chromosomes.names[:3]))}"
    )
    what = "chromosomes of the regions are" if len(names) > 1 else "chromosome of the regions is"
    return UnknownChromosomeError(
        f"{len(names)} {what} not in assembly {chromosomes.assembly!r}: {listed}{more}; {hint}"
    )
