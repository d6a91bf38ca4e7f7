"""Intervals of a BED file through a chain file."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from genomearray.errors import FormatError
from genomearray.input_file import data_lines, open_input, whole_number
from genomearray.lifting.chain import Chain
from genomearray.reference.bed_row import BedRow, parse_bed_row

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
        BED3 to BED12; the thick part and the blocks of BED12 are lifted too, other columns are copied.
    out : binary file
    unmapped : binary file, optional
        Takes the lines that do not map, each after a line ``# why``.
    pieces : bool
        Every aligned piece is a line. Without it, the pieces of the best chain are one line from
        the first to the last base.
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
    rows: list[BedRow] = []
    with open_input(bed) as file:
        for number, line in data_lines(file):
            rows.append(_row(opened, line, f"{os.fspath(bed)}:{number}"))
            if len(rows) == _ROWS:
                _lift(opened, rows, out, unmapped, report, pieces, min_match)
                rows.clear()
    _lift(opened, rows, out, unmapped, report, pieces, min_match)
    return report


def _row(chain: Chain, line: str, where: str) -> BedRow:
    row = parse_bed_row(line, where)
    length = chain.source_lengths.get(row.chrom)
    if length is not None and row.end > length:
        inside = f"0 <= start <= end <= {length}"
        raise FormatError(f"{where}: [{row.start}, {row.end}) is not inside {row.chrom!r}; {inside}")
    if len(row.fields) >= 12:
        _check_blocks(row.fields, row.start, row.end, where)
    return row


def _check_blocks(fields: list[str], start: int, end: int, where: str) -> None:
    """FormatError for blocks that do not agree with their line."""
    try:
        n = whole_number(fields[9])
        sizes, starts = (
            [whole_number(word) for word in fields[column].strip(",").split(",")] for column in (10, 11)
        )
        thick = whole_number(fields[6]), whole_number(fields[7])
    except ValueError:
        raise FormatError(
            f"{where}: columns 7, 8, 10, 11 and 12 of BED12 are whole numbers, with commas between "
            "those of blocks"
        ) from None
    outside = any(
        at < 0 or size < 1 or start + at + size > end for at, size in zip(starts, sizes, strict=False)
    )
    if not len(sizes) == len(starts) == n or outside or not start <= thick[0] <= thick[1] <= end:
        raise FormatError(
            f"{where}: {n} blocks of sizes {fields[10][:40]} at {fields[11][:40]}, or the thick "
            f"part, do not lie in [{start}, {end})"
        )


class _Inner:
    """The thick part and the blocks of BED12 lines (columns 7, 8, 10, 11, 12), lifted with their line."""

    def __init__(self, chain: Chain, rows: list[BedRow]) -> None:
        self._of: dict[int, list[int]] = {}  # line -> its queries: the thick part, then the blocks
        regions: list[tuple[str, int, int, str]] = []
        for k, (chrom, start, _, _, _, fields) in enumerate(rows):
            if len(fields) >= 12:
                sizes, starts = (
                    [whole_number(word) for word in fields[column].strip(",").split(",")]
                    for column in (10, 11)
                )
                thick = whole_number(fields[6]), whole_number(fields[7])
                asked = [
                    thick,
                    *((start + at, start + at + size) for at, size in zip(starts, sizes, strict=True)),
                ]
                self._of[k] = list(range(len(regions), len(regions) + len(asked)))
                regions += [(chrom, low, high, "+") for low, high in asked]
        mapped = chain.lift_regions(regions)
        self._borders = np.searchsorted(mapped["query"].to_numpy(), np.arange(len(regions) + 1)).tolist()
        self._hits = list(zip(*(mapped[name].tolist() for name in ("chain", "start", "end")), strict=True))

    def lifted(self, k: int, chain: int, hit: Any, fields: list[str]) -> tuple[str, list[Any], list[str]]:
        """Why the line does not map, its place from its first to its last block, and its columns."""
        spans = []
        for query in self._of[k]:
            pieces = [
                piece
                for piece in self._hits[self._borders[query] : self._borders[query + 1]]
                if piece[0] == chain
            ]
            spans.append(
                (min(piece[1] for piece in pieces), max(piece[2] for piece in pieces)) if pieces else None
            )
        thick, *blocks = spans
        for number, block in enumerate(blocks, 1):
            if block is None:
                return f"block {number} of {len(blocks)} does not map by the best chain", [hit], fields
        placed = sorted(block for block in blocks if block is not None)
        if any(first[1] > second[0] for first, second in itertools.pairwise(placed)):
            return "blocks overlap where they map", [hit], fields
        start, end = placed[0][0], max(block[1] for block in placed)
        low, high = thick or (end, end)
        lifted = [*fields]
        lifted[6], lifted[7] = str(min(max(low, start), end)), str(min(max(high, start), end))
        lifted[9] = str(len(placed))
        lifted[10] = ",".join(str(block[1] - block[0]) for block in placed)
        lifted[11] = ",".join(str(block[0] - start) for block in placed)
        return "", [(hit[0], start, end, hit[3])], lifted


def _lift(
    chain: Chain,
    rows: list[BedRow],
    out: IO[bytes],
    unmapped: IO[bytes] | None,
    report: LiftBedReport,
    pieces: bool,
    min_match: float,
) -> None:
    known = [k for k, row in enumerate(rows) if row.chrom in chain.source_lengths and row.end > row.start]
    mapped = chain.lift_regions([(rows[k].chrom, rows[k].start, rows[k].end, "+") for k in known])
    inner = _Inner(chain, [rows[k] for k in known])
    borders = np.searchsorted(mapped["query"].to_numpy(), np.arange(len(known) + 1)).tolist()
    columns = [mapped[name].tolist() for name in ("chrom", "start", "end", "strand", "chain")]
    place = {k: at for at, k in enumerate(known)}
    for k, (chrom, start, end, _, strand, fields) in enumerate(rows):
        hits = (
            list(zip(*(c[borders[place[k]] : borders[place[k] + 1]] for c in columns), strict=True))
            if k in place
            else []
        )
        why = (
            ""
            if hits
            else "the chromosome is not in the chain file"
            if chrom not in chain.source_lengths
            else "nothing maps"
        )
        if end == start:
            why = "an interval without a base"
        if hits and not pieces:
            best = [hit for hit in hits if hit[4] == hits[0][4]]
            part = sum(hit[2] - hit[1] for hit in best) / (end - start)
            if part < min_match:
                why = f"{100 * part:.1f} % of the bases map by the best chain, less than {min_match:g}"
            hits = [(best[0][0], min(hit[1] for hit in best), max(hit[2] for hit in best), best[0][3])]
            if not why and len(fields) >= 12:
                why, hits, fields = inner.lifted(place[k], best[0][4], hits[0], fields)
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
