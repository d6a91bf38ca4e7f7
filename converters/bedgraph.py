"""bedGraph: ``chrom start end value``, 0-based, half-open; and tables with the value in another column.

References
----------
https://genome.ucsc.edu/goldenPath/help/bedgraph.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import ArgumentError, FormatError
from genomearray.storage.write.options import WriteReport
from genomearray.track.track import Track

from .exporting.files import text_output
from .exporting.options import ExportOptions, ExportSettings, Out, check_kind
from .exporting.report import ExportReport
from .exporting.runs import in_rows, number_texts, signal_runs
from .importing.options import Files, ImportSettings
from .importing.pipeline import import_rows
from .importing.report import ImportReport
from .loops import kernel
from .text.scanner import Buffers, Scanned, Scanner, explain
from .text.scanning import (
    FINE,
    TOO_FEW,
    TOO_MANY,
    Bytes,
    is_comment,
    line_end,
    scan_fields,
    skip_blanks,
)
from .text.value_table import Codes, ValueTableScanner

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB


@kernel
def scan_bedgraph(
    text: Bytes,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    values: NDArray[np.float64],
    lines: NDArray[np.int32],
    runs: NDArray[np.int64],
    slow: NDArray[np.int64],
    n: NDArray[np.int64],
) -> tuple[int, int, int, int, int]:
    """Lines into rows; the line where it stopped, why, and the token: begin, end, column."""
    at = 0
    line = 0
    while at < text.size:
        end = line_end(text, at)
        at = skip_blanks(text, at, end)
        if at < end and not is_comment(text, at, end):
            error, begin, stop, column = scan_fields(
                text, at, end, line, starts, ends, values, lines, runs, slow, n
            )
            if error != FINE:
                return line, error, begin, stop, column
        at = end + 1
        line += 1
    return line, FINE, 0, 0, 0


class BedGraphScanner(Scanner):
    """Lines of bedGraph into rows."""

    def scan(self, text: NDArray[np.uint8], out: Buffers) -> Scanned:
        n = np.zeros(3, dtype=np.int64)
        stopped = scan_bedgraph(text, out.starts, out.ends, out.values, out.lines, out.runs, out.slow, n)
        return Scanned.of(n, stopped)

    def explain(self, error: int, token: str, column: int) -> str:
        if error in (TOO_FEW, TOO_MANY):
            count = len(token.split())
            return f"{token!r} has {count} columns; a bedGraph line has 4: chrom start end value"
        return str(explain(error, token, column))


@dataclass
class ValueTableReport(ImportReport):
    """What an import of a table with a value column did.

    Attributes
    ----------
    codes : Codes
        Names in the fourth column.
    """

    codes: Codes = field(default_factory=Codes)

    def judge(self, written: WriteReport) -> None:
        if self.codes.differ and written.overwritten:
            raise FormatError(
                f"{written.overwritten:,} bases have several lines, and the names in the fourth column "
                f"differ ({', '.join(self.codes.differ)})",
                hint="give {name_col=} with the one that counts",
            )


def import_bedgraph(
    db: GenomeDB,
    track: str,
    files: Files,
    *,
    value_col: int | str | None = None,
    name_col: str | None = None,
    start_offset: int = 1,
    **options: Unpack[ImportSettings],
) -> ImportReport:
    """Import bedGraph files (plain, gzip, ``-`` for standard input) as one track.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    files : path or iterable of path
        Any number of chromosomes in each, in any order; where intervals overlap, the last wins.
    value_col : int or str, optional
        Of tables with more columns, such as bedMethyl: the column of the value, counted from 0, or its
        name in a line that begins with ``#`` or in a first line of names. bedMethyl without such a line has
        ``coverage`` and ``percent_modified`` (11 columns, ENCODE), or the names of modkit's manual:
        ``N_valid_cov, percent_modified, N_mod, N_canonical, N_other_mod, N_delete, N_fail, N_diff,
        N_nocall`` (18 columns).
    name_col : str, optional
        Only lines with this in the fourth column, such as the modification ``m`` of bedMethyl. Without
        it, lines of bedMethyl with different names on one base, also of two files, are an error. With
        ``value_col``.
    start_offset : int
        What makes a start a 1-based position: 1 for BED, whose starts count from 0, and 0 for tables
        whose starts count from 1, such as peaks.xls of MACS. With ``value_col``.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`.

    Returns
    -------
    ImportReport

    Raises
    ------
    ArgumentError, FormatError, TrackExistsError

    Notes
    -----
    A table of BED9 whose thick part is the feature, and a number after it, is bedMethyl
    (https://nanoporetech.github.io/modkit/intro_pileup.html): columns after the tenth may be separated
    by blanks. Where both strands of a base have a line, the last one counts, and the report says so.

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import import_bedgraph
    >>> file = Path(tmp, "a.bedgraph")
    >>> _ = file.write_text("chr1 0 3 1.5\\nchr1 10 11 2\\n")
    >>> import_bedgraph(db, "signal", file).rows
    2
    >>> db["signal"].values("chr1", 0, 4)
    array([1.5, 1.5, 1.5, nan], dtype=float32)
    >>> _ = file.write_text("#chrom start end name depth\\nchr1 0 2 m 7\\nchr1 0 2 h 1\\n")
    >>> _ = import_bedgraph(db, "m", file, value_col="depth", name_col="m")
    >>> db["m"].values("chr1", 0, 3)
    array([ 7.,  7., nan], dtype=float32)
    """
    if value_col is None:
        if name_col is not None or start_offset != 1:
            raise ArgumentError(
                "names, and other starts, are for tables, and this is a bedGraph",
                hint="say where the value is: {value_col=}",
            )
        return import_rows(db, track, files, BedGraphScanner, **options)
    if name_col == "":
        raise ArgumentError("name_col is empty; say which name counts")
    if isinstance(value_col, int) and value_col < 3:
        raise ArgumentError(
            f"value_col={value_col}: columns count from 0, and the first three are chrom, start and end"
        )
    codes = Codes()
    return import_rows(
        db,
        track,
        files,
        partial(ValueTableScanner, value_col, name_col, start_offset, codes),
        report=partial(ValueTableReport, codes=codes),
        **options,
    )


def export_bedgraph(
    track: Track,
    out: Out,
    *,
    skip_zeros: bool = False,
    **options: Unpack[ExportSettings],
) -> ExportReport:
    """Write a signal as bedGraph: a line for each stretch of equal values.

    Parameters
    ----------
    track : Track
    out : path, or "-" for standard output
        Compressed when it ends in ``.gz``.
    skip_zeros : bool
        Leave out zeros; they are values otherwise. NaN is always left out.
    **options
        Those of :class:`genomearray_converters.exporting.options.ExportOptions`.

    Returns
    -------
    ExportReport
        As a number: lines.

    Raises
    ------
    LayoutError, RegionError, UnknownChromosomeError, FormatError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import export_bedgraph
    >>> print(export_bedgraph(db["counts"], Path(tmp, "a.bedgraph"), chroms="chr2"))
    1 lines
    >>> Path(tmp, "a.bedgraph").read_text()
    'chr2\\t0\\t500\\t7\\n'
    """
    asked = ExportOptions.of(options)
    check_kind(track, "signal", "bedGraph")
    lines = 0
    with text_output(out, overwrite=asked.overwrite) as file:
        for runs in in_rows(signal_runs(track, asked)):
            kept = runs.values != 0 if skip_zeros else slice(None)
            starts, ends, values = (column[kept] for column in runs[1:])
            name = runs.chrom.encode()
            rows = zip(starts.tolist(), ends.tolist(), number_texts(values), strict=True)
            file.writelines(b"%b\t%d\t%d\t%b\n" % (name, start, end, text) for start, end, text in rows)
            lines += starts.size
    return ExportReport(lines, "lines")
