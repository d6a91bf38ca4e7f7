"""BED in and out: features of a table; intervals where a track is high.

References
----------
https://samtools.github.io/hts-specs/BEDv1.pdf
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from genomearray._typing import Chroms
from genomearray.bad_lines import BadLines
from genomearray.choices import BED_PARTS, BedParts, FeatureHow, check
from genomearray.compute.blocks import chroms_named
from genomearray.errors import FormatError, RegionError, ValueRangeError
from genomearray.features.rows import Features
from genomearray.features.table import FeatureTable
from genomearray.foreign.open import is_bbi
from genomearray.input_file import STDIN, open_input
from genomearray.reference.assembly import Assembly
from genomearray.reference.bed_fields import bed_fields, block_parts
from genomearray.storage.feature_layout import TEXT
from genomearray.storage.write.column_types import GUESSED, NUMBERS
from genomearray.text_table import (
    Block,
    check_all,
    check_width,
    data_blocks,
    good_rows,
    whole_list,
    whole_numbers,
)

from .bigbed import BigBedColumns
from .exporting.bed_rows import columns, further, header, width, with_breaks
from .exporting.bigbed_file import write_bigbed
from .exporting.bigbed_rows import BigBedRows
from .exporting.files import new_file, text_output
from .exporting.options import STDOUT, Out
from .exporting.report import ExportReport
from .importing.features import FeatureRows, TableReport, import_features
from .importing.options import Files, ImportSettings, input_paths
from .importing.pipeline import ImportJob
from .text.bed_formats import (
    FORMATS,
    NUMBER,
    PEAK,
    SIGNED,
    STANDARD,
    BedLayout,
    HeaderNames,
    format_of,
    layout_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from genomearray.database.database import GenomeDB

_ROWS = 1 << 16
_JUDGED = 1000  # rows that decide whether the columns must be named
_TEXTS = ("name", "itemRgb", "blockSizes", "blockStarts")
_NUMBERS = ("score", *PEAK)
_WHOLES = ("thickStart", "thickEnd", "blockCount")
_NOT_BED12 = "is {format=} right (bed6 keeps further columns as they are)?"


class _BedColumns:
    """The columns of a table from BED files, which the first lines of the first one decide."""

    def __init__(self, format: str | None, start_offset: int) -> None:
        self.format = format
        self.offset = start_offset - 1  # from 1-based starts, if it is 0
        self.layout: BedLayout | None = None

    def kinds(self) -> dict[str, Any]:
        """Dtypes besides start, end and strand."""
        assert self.layout is not None
        wholes: dict[str, Any] = {name: np.dtype(np.int64) for name in (*_WHOLES, "peak")}
        kinds = wholes | dict.fromkeys(_TEXTS, TEXT) | dict.fromkeys(_NUMBERS, NUMBERS)
        return {name: kinds.get(name, GUESSED) for name in self.layout.names[3:] if name != "strand"}

    def blocks(self, job: ImportJob[TableReport], path: str) -> Iterator[FeatureRows]:
        """Features of a file."""
        format = self.format or format_of(path)
        header = HeaderNames()
        bad = job.report.bad
        layout: BedLayout | None = None
        with open_input(path) as source:
            for block in data_blocks(source, job.progress, header=header.see):
                if layout is None:
                    judged = good_rows(block, _placed, BadLines(skip=bad.skip))
                    if judged.rows:
                        layout = self._agreed(path, layout_of(format, judged, header.names), job.report)
                if layout is not None:
                    yield good_rows(block, partial(self._features, layout), bad)
                else:
                    good_rows(block, _placed, bad)
            if source.unfinished:
                job.report.unfinished.append(source.name)

    def _agreed(self, path: str, layout: BedLayout, report: TableReport) -> BedLayout:
        """The layout of a file, which is the one of the files before."""
        if layout.note:
            report.notes.append(f"{path}: {layout.note}")
        if self.layout is None:
            self.layout = layout
        elif (self.layout.names, self.layout.strands) != (layout.names, layout.strands):
            raise FormatError(
                f"{path} is {layout.format} with the columns {', '.join(layout.names)}, and the files "
                f"before have the columns {', '.join(self.layout.names)}; make a table of each"
            )
        return layout

    def _features(self, layout: BedLayout, block: Block) -> FeatureRows:
        check_width(block, len(layout.names), first=f"the first line ({layout.first})")
        fields = bed_fields(block, strands=layout.strands)
        columns: dict[str, Any] = {}
        for k, name in enumerate(layout.names[3:], 3):
            if name in _WHOLES:
                columns[name] = whole_numbers(block, k, name, _NOT_BED12)
            elif name == "peak":
                check_all(block, k, SIGNED, "is not an offset of a peak: a whole number, -1 for none")
                columns[name] = np.array(block.column(k), dtype=np.int64)
            elif name != "strand":
                if name in _NUMBERS:
                    check_all(block, k, NUMBER, f"is not a number, which {name} is", "is {format=} right?")
                columns[name] = block.column(k)
        if layout.names[:12] == STANDARD:
            block_parts(block, fields)
        start = fields.start + self.offset
        if (start < 0).any():
            k = int(np.argmax(start < 0))
            raise FormatError(
                f"{block.where(k)}: start {int(start[k])} is below 0", hint="is {start_offset=} right?"
            )
        cut = _cut if "thickStart" in columns or "peak" in columns else None
        return FeatureRows(block.column(0), start, fields.end, fields.strand, columns, block.where, cut)


def _placed(block: Block) -> Block:
    """The block, if its rows have what every BED has."""
    bed_fields(block, strands=False)
    return block


def _cut(columns: dict[str, Any], row: int, length: int) -> None:
    """The other columns of a feature that is cut at the end of its chromosome, where they say where
    its parts are.
    """
    start = int(columns["start"][row])
    for name in ("thickStart", "thickEnd"):
        if name in columns:
            columns[name][row] = min(int(columns[name][row]), length)
    if "peak" in columns and start + int(columns["peak"][row]) >= length:
        columns["peak"][row] = -1
    if "blockStarts" not in columns:
        return
    sizes, begins = (whole_list(columns[name][row]) for name in ("blockSizes", "blockStarts"))
    kept = [
        (min(size, length - start - begin), begin)
        for size, begin in zip(sizes, begins, strict=True)
        if start + begin < length
    ]
    columns["blockSizes"][row], columns["blockStarts"][row] = (
        ",".join(str(part[k]) for part in kept) for k in (0, 1)
    )
    columns["blockCount"][row] = len(kept)


def import_bed(
    db: GenomeDB,
    table: str,
    files: Files,
    *,
    format: str | None = None,
    start_offset: int = 1,
    how: FeatureHow | None = None,
    **options: Unpack[ImportSettings],
) -> TableReport:
    """Import BED (plain, gzip, ``-`` for standard input) or bigBed as a feature table, or as a track.

    Parameters
    ----------
    db : GenomeDB
    table : str
        Name of the new table, or track.
    files : path or iterable of path
        All with the same columns; those of a bigBed have the names and types of its autoSql. Names may
        have any length, scores may be fractions, ``.`` is a missing score.
    format : str, optional
        ``bed`` (BED3 to BED12), ``bed3`` ... ``bed12`` (further columns follow as ``column7`` and
        so on), ``narrowPeak``, ``broadPeak``, ``gappedPeak``, ``bedGraph`` (column 4 is the score).
        Default: by the ending of the file, else ``bed``.
    start_offset : int
        What makes a start a 1-based position: 1 for BED, whose starts count from 0, and 0 for
        tables whose starts count from 1.
    how : {"mask", "score", "coverage"}, optional
        Make a track, as :meth:`FeatureTable.as_track`: uint8, float32 or uint16 unless ``dtype`` is given.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`; dtype, overflow, round
        and units are for tracks.

    Returns
    -------
    TableReport

    Raises
    ------
    FormatError, TrackExistsError, ValueRangeError

    Notes
    -----
    Features of no base (start = end) are legal in BED, and kept
    (https://samtools.github.io/hts-specs/BEDv1.pdf, section 1.5).

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import import_bed
    >>> file = Path(tmp, "a.bed")
    >>> _ = file.write_text("chr1\\t5\\t9\\ta peak\\t1.5\\t-\\nchr1\\t0\\t3\\tfirst\\t2\\t+\\n")
    >>> import_bed(db, "peaks", file).features
    2
    >>> db.open_features("peaks").to_dataframe().values.tolist()
    [['chr1', 0, 3, '+', 'first', 2.0], ['chr1', 5, 9, '-', 'a peak', 1.5]]
    >>> _ = import_bed(db, "covered", file, how="mask")
    >>> db["covered"].values("chr1", 0, 10)
    array([1, 1, 1, 0, 0, 1, 1, 1, 1, 0], dtype=uint8)
    """
    if format is not None and format not in FORMATS:
        raise ValueRangeError(f"format {format!r} is not known; allowed are {', '.join(FORMATS)}")
    if not isinstance(start_offset, int) or abs(start_offset) > 1 << 40:
        raise ValueRangeError(
            f"start_offset={start_offset!r} is not a whole number; it is 1 for BED, 0 for starts that "
            "count from 1"
        )
    paths = input_paths(files)
    of_bigbed = [path != STDIN and is_bbi(path) for path in paths]
    if any(of_bigbed) and (format is not None or start_offset != 1 or not all(of_bigbed)):
        raise FormatError(
            f"{paths[of_bigbed.index(True)]} is a bigBed, which says itself what its columns are: give "
            "neither {format=} nor {start_offset=}, and no other files beside it"
        )
    columns: _BedColumns | BigBedColumns = (
        BigBedColumns() if any(of_bigbed) else _BedColumns(format, start_offset)
    )
    return import_features(db, table, files, columns.blocks, columns.kinds, options, how=how)


def export_bed(
    table: FeatureTable | pd.DataFrame,
    out: Out,
    *,
    region: str | None = None,
    chroms: Chroms = None,
    parts: BedParts = "features",
    overwrite: bool = False,
    bigbed: bool | None = None,
    assembly: Assembly | None = None,
) -> ExportReport:
    """Write features as BED: as many columns as they have, BED3 to BED12, then the others, which a
    first line ``#chrom start end ...`` names; transcripts as BED12. Or as bigBed, with the same columns.

    Parameters
    ----------
    table : FeatureTable or DataFrame
        A DataFrame has ``chrom, start, end`` (offsets, 0-based, half-open), as ``track.intervals``
        gives it. Transcripts of ``import genes`` become BED12: the coding sequence is thick, exons
        are blocks.
    out : path, or "-" for standard output
        Compressed when it ends in ``.gz``; a bigBed when it ends in ``.bb`` or ``.bigBed``.
    region : str, optional
        Only features that overlap it, such as ``chr1:1,000-2,000``; of a FeatureTable.
    chroms : str or iterable of str, optional
    parts : {"features", "exons", "introns", "coding_exons", "merged_exons", "genes", "tss", "promoters"}
        Of transcripts, these instead; see :class:`genomearray.features.rows.Features`. A part is
        called by its transcript or gene.
    overwrite : bool
    bigbed : bool, optional
        Write a bigBed. Default: by the ending of ``out``.
    assembly : Assembly, optional
        Of a DataFrame: a bigBed holds the lengths of chromosomes. A table knows its own.

    Returns
    -------
    ExportReport
        As a number: lines, or features of a bigBed.

    Raises
    ------
    FormatError, RegionError, UnknownChromosomeError, ValueRangeError

    Notes
    -----
    A bigBed describes its columns in autoSql: whole numbers as ``uint``, ``int`` or ``bigint``, others as
    ``double`` (a missing one is ``nan``), texts as ``string`` (an empty one is ``.``). Missing scores
    beside whole ones are 0, which browsers need, and counted. Its zoom levels sum up how many features
    lie over each base, as those of bedToBigBed do.

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import export_bed
    >>> print(export_bed(db["counts"].intervals(above=990), Path(tmp, "a.bed")))
    1 intervals
    >>> Path(tmp, "a.bed").read_text()
    '#chrom\\tstart\\tend\\tname\\tscore\\tstrand\\tmean\\tmax\\nchr1\\t990\\t1000\\t.\\t0\\t.\\t995.5\\t1000\\n'
    """
    check("parts", parts, BED_PARTS)
    names = None if chroms is None else list(chroms_named(chroms))
    if isinstance(table, FeatureTable):
        if region is not None and names is not None:
            raise RegionError("give a region or chromosomes, not both")
        asked: list[Features] = [table]
        if region is not None:
            asked = [table[region]]
        elif names is not None:
            asked = [table.sel(chrom=chrom) for chrom in names]
        frames = [
            part.to_dataframe() if parts == "features" else getattr(part, parts)()
            for part in asked
            if len(part)
        ]
    else:
        if region is not None or parts != "features":
            raise RegionError(
                "a region, and parts, are for feature tables; choose rows of a DataFrame yourself"
            )
        frames = [table if names is None else table[table["chrom"].isin(names)]]
    unscored = 0
    if _is_bigbed(out, bigbed):
        extended, unscored = _write_bigbed(table, frames, out, assembly, overwrite)
    else:
        extended = _write_lines(frames, out, overwrite)
    lines, broken = sum(map(len, frames)), sum(map(with_breaks, frames))
    what = "intervals" if parts == "features" and not isinstance(table, FeatureTable) else parts
    notes = []
    if extended:
        notes.append(
            f"{extended:,} transcripts reach beyond their exons, or have exons that overlap: the blocks of "
            "BED12 were extended to the ends, or merged"
        )
    if broken:
        notes.append(f"{broken:,} texts held tabs or ends of lines, which are blanks now")
    if unscored:
        notes.append(f"{unscored:,} missing scores are 0 in the file: scores of a bigBed are whole numbers")
    return ExportReport(lines, what.replace("_", " "), tuple(notes))


def _write_lines(frames: list[pd.DataFrame], out: Out, overwrite: bool) -> int:
    """Lines of BED; gives how many features had to be changed to be BED12."""
    widest = max((width(frame) for frame in frames), default=3)
    lines = extended = 0
    with text_output(out, overwrite=overwrite) as file:
        for frame in frames:
            for low in range(0, len(frame), _ROWS):
                texts, changed = columns(frame.iloc[low : low + _ROWS], widest)
                rows = list(zip(*texts, strict=True))
                if not lines and not low:
                    sample = [list(row) for row in rows[:_JUDGED]]
                    file.write(header([*STANDARD[:widest], *further(frame)], sample))
                file.writelines("\t".join(row).encode() + b"\n" for row in rows)
                extended += changed
            lines += len(frame)
    return extended


def _is_bigbed(out: Out, asked: bool | None) -> bool:
    """Whether a bigBed is to be written, which standard output cannot take."""
    by_name = os.fspath(out).lower().endswith((".bb", ".bigbed"))
    wanted = by_name if asked is None else asked
    if os.fspath(out).lower().endswith((".bb.gz", ".bigbed.gz")):
        raise FormatError(
            f"{os.fspath(out)} would be a bigBed that is compressed once more, and its blocks are compressed "
            "already; leave .gz away"
        )
    if wanted and os.fspath(out) == STDOUT:
        raise FormatError("a bigBed is written here and there; give a file, not standard output")
    return wanted


def _write_bigbed(
    table: FeatureTable | pd.DataFrame,
    frames: list[pd.DataFrame],
    out: Out,
    assembly: Assembly | None,
    overwrite: bool,
) -> tuple[int, int]:
    """A bigBed; gives how many features had to be changed to be BED12, and how many scores were missing."""
    import pandas as pd

    if isinstance(table, FeatureTable):
        assembly, title = table.frame, f"{table.name} of {table.assembly}"
    else:
        title = "intervals"
    if not isinstance(assembly, Assembly):
        raise FormatError(
            "a bigBed holds the lengths of its chromosomes, which a DataFrame does not know: give "
            "assembly=, such as db.assembly"
        )
    if not any(map(len, frames)):
        raise FormatError("there is no feature to write, and a bigBed without one cannot be read")
    rows = BigBedRows(pd.concat(frames, ignore_index=True), max(map(width, frames)), assembly, title)
    with new_file(out, overwrite=overwrite, suffix=".bb") as part, part.open("r+b") as file:
        write_bigbed(file, rows.chromosomes, rows.described(), rows.features())
    return rows.changed, rows.unscored
