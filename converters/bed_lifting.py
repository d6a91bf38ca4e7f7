"""Intervals of a BED file through a chain file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from genomearray.chain import Chain
from genomearray.errors import FormatError, RegionError
from genomearray.input_file import open_input
from genomearray.region import parse_strand
from genomearray.region_table import text_lines, whole_number

_ROWS = 1 << 16


@dataclass
class LiftBedReport:
    """How many intervals map, at least in part, and how many do not."""

    mapped: int = 0
    unmapped: int = 0


def lift_bed(
    chain: Chain | str | os.PathLike[str],
    bed: str | os.PathLike[str],
    out: IO[bytes],
    unmapped: IO[bytes] | None = None,
    *,
    pieces: bool = False,
    min_match: float = 0.95,
) -> LiftBedReport:
    """Lift intervals over to the other assembly of a chain file.

    Parameters
    ----------
    chain : Chain or path
    bed : path, or "-"
        BED3 to BED12; columns behind the sixth are copied.
    out : binary file
    unmapped : binary file, optional
        Takes the lines that do not map, each behind a line ``# why``.
    pieces : bool
        Every aligned piece is a line. Without it, the pieces of the best chain are one line from the first to the last base.
    min_match : float
        Without ``pieces``: part of the bases that must map by the best chain.

    Returns
    -------
    LiftBedReport

    Raises
    ------
    FormatError

    Examples
    --------
    >>> import io
    >>> from pathlib import Path
    >>> from genomearray_converters import lift_bed
    >>> _ = Path(tmp, "a.bed").write_text("chr1\\t0\\t50\\tpeak\\n")
    >>> out = io.BytesIO()
    >>> lift_bed(chain_file, Path(tmp, "a.bed"), out)
    LiftBedReport(mapped=1, unmapped=0)
    >>> out.getvalue()
    b'chr1\\t10\\t60\\tpeak\\n'
    """
    opened = chain if isinstance(chain, Chain) else Chain(chain)
    report = LiftBedReport()
    rows: list[tuple[list[str], str, int, int, int]] = []
    with open_input(bed) as file:
        for number, raw in enumerate(text_lines(file), 1):
            line = raw.rstrip("\r\n")
            if not line.strip() or line.startswith("#") or line.split(None, 1)[0] in ("track", "browser"):
                continue
            rows.append(_row(opened, line, f"{os.fspath(bed)}:{number}"))
            if len(rows) == _ROWS:
                _lift(opened, rows, out, unmapped, report, pieces, min_match)
                rows.clear()
    _lift(opened, rows, out, unmapped, report, pieces, min_match)
    return report


def _row(chain: Chain, line: str, where: str) -> tuple[list[str], str, int, int, int]:
    fields = line.split("\t") if "\t" in line else line.split()
    try:
        chrom, start, end = fields[0], whole_number(fields[1]), whole_number(fields[2])
    except (IndexError, ValueError):
        raise FormatError(f"{where}: a line of BED has chrom, start and end, whole numbers of bp; here is {line[:60]!r}") from None
    length = chain.source_lengths.get(chrom)
    if not 0 <= start <= end or (length is not None and end > length):
        allowed = f"0 <= start <= end <= {length}" if length is not None else "0 <= start <= end"
        raise FormatError(f"{where}: [{start}, {end}) is not inside {chrom!r}; {allowed}")
    try:
        strand = parse_strand(fields[5]) if len(fields) > 5 else 0
    except RegionError as error:
        raise FormatError(f"{where}: column 6: {error}") from None
    return fields, chrom, start, end, strand


def _lift(chain: Chain, rows: list[Any], out: IO[bytes], unmapped: IO[bytes] | None, report: LiftBedReport, pieces: bool, min_match: float) -> None:
    known = [k for k, row in enumerate(rows) if row[1] in chain.source_lengths and row[3] > row[2]]
    found = chain.lift_regions([(rows[k][1], rows[k][2], rows[k][3], "+") for k in known])
    borders = np.searchsorted(found["query"].to_numpy(), np.arange(len(known) + 1)).tolist()
    columns = [found[name].tolist() for name in ("chrom", "start", "end", "strand", "chain")]
    place = {k: at for at, k in enumerate(known)}
    for k, (fields, chrom, start, end, strand) in enumerate(rows):
        hits = list(zip(*(c[borders[place[k]] : borders[place[k] + 1]] for c in columns), strict=True)) if k in place else []
        why = "" if hits else "the chromosome is not in the chain file" if chrom not in chain.source_lengths else "nothing maps"
        if end == start:
            why = "an interval without a base"
        if hits and not pieces:
            best = [hit for hit in hits if hit[4] == hits[0][4]]
            part = sum(hit[2] - hit[1] for hit in best) / (end - start)
            if part < min_match:
                why = f"{100 * part:.1f} % of the bases map by the best chain, less than --min-match {min_match:g}"
            hits = [(best[0][0], min(hit[1] for hit in best), max(hit[2] for hit in best), best[0][3])]
        if why:
            report.unmapped += 1
            if unmapped is not None:
                unmapped.write(f"# {why}\n".encode() + ("\t".join(fields) + "\n").encode())
            continue
        report.mapped += 1
        for hit in hits:
            turned = [*fields]
            turned[:3] = [hit[0], str(hit[1]), str(hit[2])]
            if len(fields) > 5 and strand and hit[3] == "-":
                turned[5] = "+" if strand < 0 else "-"
            out.write(("\t".join(turned) + "\n").encode())
