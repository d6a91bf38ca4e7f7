"""Intervals of a BED file through a chain file."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from genomearray.errors import FormatError
from genomearray.input_file import open_input
from genomearray.lifting.chain import Chain
from genomearray.reference.bed_fields import bed_fields, block_parts, thick_parts
from genomearray.text_table import Block, data_blocks, shown

from .text.bed_formats import SIGNED, STANDARD, BedLayout, format_of, layout_of

_UNKNOWN = np.iinfo(np.int64).max  # length (bp) of a chromosome that the chain file does not have


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
        Every aligned piece is a line. Without it, the pieces of one chain are one line from the
        first to the last base.
    min_match : float
        Without ``pieces``: part of the bases that must map by one chain; the best one that reaches it.

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
    layout: BedLayout | None = None
    with open_input(bed) as file:
        for block in data_blocks(file):
            if layout is None:
                bed_fields(block.take([0]), strands=False)
                layout = layout_of(format_of(os.fspath(bed)), block, ())
            lines = _Lines(opened, block, layout)
            _lift(opened, lines, out, unmapped, report, pieces, min_match)
    return report


class _Lines:
    """Lines of BED, checked, and which of them may map."""

    def __init__(self, chain: Chain, block: Block, layout: BedLayout) -> None:
        self.block = block
        self.fields = bed_fields(block, strands=layout.strands)
        self.chroms = block.column(0)
        lengths = np.array([chain.source_lengths.get(chrom, _UNKNOWN) for chrom in self.chroms], np.int64)
        outside = self.fields.end > lengths
        if outside.any():
            k = int(np.argmax(outside))
            raise FormatError(
                f"{block.where(k)}: [{self.fields.start[k]}, {self.fields.end[k]}) is not inside "
                f"{self.chroms[k]!r}; 0 <= start <= end <= {lengths[k]}"
            )
        may_map = (lengths < _UNKNOWN) & (self.fields.end > self.fields.start)
        self.known: list[int] = np.flatnonzero(may_map).tolist()
        self.peak = layout.names.index("peak") if "peak" in layout.names else None
        self.parts: dict[int, list[tuple[int, int]]] = {}  # by line: its thick part, then its blocks
        if layout.names[:12] == STANDARD:
            whole = [k for k in self.known if len(block.rows[k]) >= 12]
            some = block.take(whole)
            fields = self.fields.take(whole)
            low, high = thick_parts(some, fields)
            rows = zip(whole, low.tolist(), high.tolist(), block_parts(some, fields), strict=True)
            for k, start, end, blocks in rows:
                self.parts[k] = [(start, end), *blocks]
        elif self.peak is not None:
            for k in self.known:
                self._add_summit(k, self.peak)

    def _add_summit(self, k: int, column: int) -> None:
        """The base of a summit; -1 is none."""
        text = self.block.rows[k][column] if len(self.block.rows[k]) > column else "-1"
        if not SIGNED.fullmatch(text):
            raise FormatError(f"{self.block.where(k)}: column {column + 1}: {shown(text)} is not an offset")
        summit = int(self.fields.start[k]) + int(text)
        if int(text) >= 0:
            self.parts[k] = [(summit, summit + 1)]


class _Inner:
    """What lies inside of lines, lifted with them: thick part and blocks of BED12 (columns 7, 8, 10,
    11, 12), the summit of narrowPeak.
    """

    def __init__(self, chain: Chain, lines: _Lines) -> None:
        self._of: dict[int, range] = {}  # line -> its queries
        self._peak = lines.peak
        regions: list[tuple[str, int, int, str]] = []
        for k, parts in lines.parts.items():
            self._of[k] = range(len(regions), len(regions) + len(parts))
            regions += [(lines.chroms[k], low, high, "+") for low, high in parts]
        mapped = chain.lift_regions(regions)
        self._borders = np.searchsorted(mapped["query"].to_numpy(), np.arange(len(regions) + 1)).tolist()
        self._hits = list(zip(*(mapped[name].tolist() for name in ("chain", "start", "end")), strict=True))

    def __contains__(self, k: int) -> bool:
        return k in self._of

    def _spans(self, k: int, chain: int) -> list[tuple[int, int] | None]:
        """From the first to the last base of each part by a chain; None for one that does not map."""
        spans: list[tuple[int, int] | None] = []
        for query in self._of[k]:
            hits = self._hits[self._borders[query] : self._borders[query + 1]]
            pieces = [piece for piece in hits if piece[0] == chain]
            low, high = (min((p[1] for p in pieces), default=0), max((p[2] for p in pieces), default=0))
            spans.append((low, high) if pieces else None)
        return spans

    def lifted(self, k: int, chain: int, hit: Any, fields: list[str]) -> tuple[str, list[Any], list[str]]:
        """Why the line does not map, its place from its first to its last block, and its columns."""
        first, *blocks = self._spans(k, chain)
        lifted = [*fields]
        if self._peak is not None:
            inside = first is not None and hit[1] <= first[0] < hit[2]
            lifted[self._peak] = str(first[0] - hit[1]) if first is not None and inside else "-1"
            return "", [hit], lifted
        for number, block in enumerate(blocks, 1):
            if block is None:
                return f"block {number} of {len(blocks)} does not map by the best chain", [hit], fields
        placed = sorted(block for block in blocks if block is not None)
        if any(one[1] > after[0] for one, after in itertools.pairwise(placed)):
            return "blocks overlap where they map", [hit], fields
        start, end = placed[0][0], max(block[1] for block in placed)
        low, high = first or (end, end)
        lifted[6], lifted[7] = str(min(max(low, start), end)), str(min(max(high, start), end))
        lifted[9] = str(len(placed))
        lifted[10] = ",".join(str(block[1] - block[0]) for block in placed)
        lifted[11] = ",".join(str(block[0] - start) for block in placed)
        return "", [(hit[0], start, end, hit[3])], lifted


def _lift(
    chain: Chain,
    lines: _Lines,
    out: IO[bytes],
    unmapped: IO[bytes] | None,
    report: LiftBedReport,
    pieces: bool,
    min_match: float,
) -> None:
    starts, ends, strands = (column.tolist() for column in lines.fields)
    mapped = chain.lift_regions([(lines.chroms[k], starts[k], ends[k], "+") for k in lines.known])
    inner = _Inner(chain, lines)
    borders = np.searchsorted(mapped["query"].to_numpy(), np.arange(len(lines.known) + 1)).tolist()
    columns = [mapped[name].tolist() for name in ("chrom", "start", "end", "strand", "chain")]
    place = {k: at for at, k in enumerate(lines.known)}
    for k, (chrom, fields) in enumerate(zip(lines.chroms, lines.block.rows, strict=True)):
        at = place.get(k)
        hits = (
            [] if at is None else list(zip(*(c[borders[at] : borders[at + 1]] for c in columns), strict=True))
        )
        why = _why_not(chain, chrom, starts[k] == ends[k], bool(hits))
        if hits and not pieces:
            best, part = _best_chain(hits, ends[k] - starts[k], min_match)
            if part < min_match:
                why = f"{100 * part:.1f} % of the bases map by the best chain, less than {min_match:g}"
            hits = [(best[0][0], min(hit[1] for hit in best), max(hit[2] for hit in best), best[0][3])]
            if not why and k in inner:
                why, hits, fields = inner.lifted(k, best[0][4], hits[0], fields)
        if why:
            report.unmapped += 1
            if unmapped is not None:
                unmapped.write(f"# {why}\n".encode() + ("\t".join(fields) + "\n").encode())
            continue
        report.mapped += 1
        for hit in hits:
            turned = [hit[0], str(hit[1]), str(hit[2]), *fields[3:]]
            if strands[k] and hit[3] == "-":
                turned[5] = "+" if strands[k] < 0 else "-"
            out.write(("\t".join(turned) + "\n").encode())


def _best_chain(hits: list[Any], bases: int, min_match: float) -> tuple[list[Any], float]:
    """The pieces of the best chain by which enough of the bases map, and which part that is; of the
    best of all, where there is none. Chains come in the order of their scores.
    """
    by_chain: dict[int, list[Any]] = {}
    for hit in hits:
        by_chain.setdefault(hit[4], []).append(hit)
    parts = {chain: sum(hit[2] - hit[1] for hit in own) / bases for chain, own in by_chain.items()}
    chosen = next((chain for chain, part in parts.items() if part >= min_match), hits[0][4])
    return by_chain[chosen], parts[chosen]


def _why_not(chain: Chain, chrom: str, empty: bool, mapped: bool) -> str:
    """Why a line has no place in the other assembly; empty where it has."""
    if empty:
        return "an interval without a base"
    if mapped:
        return ""
    return "nothing maps" if chrom in chain.source_lengths else "the chromosome is not in the chain file"
