"""bedGraph: ``chrom start end value``, 0-based, half-open.

References
----------
https://genome.ucsc.edu/goldenPath/help/bedgraph.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import NDArray

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


def import_bedgraph(
    db: GenomeDB, track: str, files: Files, **options: Unpack[ImportSettings]
) -> ImportReport:
    """Import bedGraph files (plain, gzip, ``-`` for standard input) as one track.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    files : path or iterable of path
        Any number of chromosomes in each, in any order; where intervals overlap, the last wins.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`.

    Returns
    -------
    ImportReport

    Raises
    ------
    FormatError, TrackExistsError

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
    """
    return import_rows(db, track, files, BedGraphScanner, **options)


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
