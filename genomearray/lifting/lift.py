"""A track of one assembly on another one, through a chain file.

Each block of the target gathers its bases from the source (it *pulls*), so that every block has one
writer. What happens where two chains lead to one base of the target is decided once, before.
"""

from __future__ import annotations

import heapq
import itertools
import os
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import COLLISIONS, Collisions, check
from genomearray.compute.region_statistics import interval_statistics
from genomearray.compute.statistics import statistics
from genomearray.errors import ArgumentError, AssemblyError, LayoutError, ValueRangeError
from genomearray.lifting.chain import Chain
from genomearray.lifting.chain_file import Blocks
from genomearray.lifting.lifted import Layer, Lifted
from genomearray.lifting.report import LiftReport
from genomearray.reference.aliases import Alias, ChromosomeNames
from genomearray.reference.assembly import Assembly
from genomearray.reference.intervals import Intervals, merged_regions
from genomearray.source import Source, check_together, is_sequence
from genomearray.sources.elementwise import Converted, Masked
from genomearray.track.track import Track


class LiftedTrack(Track):
    """A lazy track on another assembly.

    Attributes
    ----------
    report : LiftReport
    """

    def __init__(self, source: Source, report: LiftReport) -> None:
        super().__init__(source)
        self.report = report

    @property
    def attributes(self) -> dict[str, Any]:
        """Those of the track, and the report."""
        return super().attributes | {
            "liftover_report": "\n".join(self.report.lines()),
            "liftover_table": self.report.table(),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return LiftedTrack, (self.source, self.report)


@runtime_checkable
class HasAssembly(Protocol):
    """A database, or anything else that is of an assembly."""

    @property
    def assembly(self) -> Assembly: ...


def liftover(
    track: Track,
    chain: Chain | str | os.PathLike[str],
    to: HasAssembly | Assembly,
    reverse: Track | None = None,
    collisions: Collisions = "best",
    chrom_alias: Alias = None,
    skip_unequal: bool = False,
) -> Any:
    """A track on another assembly, lazy.

    Parameters
    ----------
    track : Track
        A signal or a sequence; bases of a sequence are complemented where the chain is on the minus strand.
    chain : Chain or path
        From the assembly of the track to that of ``to``.
    to : GenomeDB or Assembly
    reverse : Track, optional
        The track of the other strand: the two change places where the chain is on the minus strand.
    collisions : {"best", "first", "last", "sum", "mean", "error"}
        Where several bases lead to one: the chain with the highest score (then with more aligned
        bases, then earlier in the file), the first or last one of the file, the sum or mean of all,
        or an error. The best chain's 0 or NaN wins too.
    chrom_alias : path, mapping, "ucsc" or "ensembl", optional
        Names of the chain file to names of the assemblies.
    skip_unequal : bool
        Leave out chains of chromosomes that have another length here, and report them; else they
        are an error.

    Returns
    -------
    LiftedTrack, or a pair of them with ``reverse``
        ``track.report`` counts bases and signal that were mapped, unmapped and collided, by
        chromosome. Bases of the target without a source are missing: 0, NaN or N.

    Raises
    ------
    AssemblyError
        The chain is of other assemblies, or the wrong way round.
    LayoutError, ValueRangeError, FormatError

    Examples
    --------
    >>> from genomearray import liftover
    >>> lifted = liftover(track, chain_file, to=other)
    >>> lifted.values("chr1", 8, 12)
    array([0, 0, 1, 2], dtype=uint16)
    >>> print(lifted.report.lines()[0])
    source: 400 of 1,860 bases map (21.51 %), 1,460 do not
    """
    check("collisions", collisions, COLLISIONS)
    if not isinstance(to, (Assembly, HasAssembly)):
        raise ArgumentError(
            f"to={to!r} is not an assembly; open the database of the target, such as GenomeDB(path, 'hg38')"
        )
    target = to if isinstance(to, Assembly) else to.assembly
    source = track.source
    if reverse is not None:
        if is_sequence(source):
            raise LayoutError("a sequence has no track of the other strand")
        check_together((source, reverse.source), (track.label, reverse.label))
        if reverse.dtype != track.dtype:
            raise ValueRangeError(
                f"{track.label} is {track.dtype} and {reverse.label} is {reverse.dtype}; strands "
                "change places, so both need one dtype"
            )
    if is_sequence(source) and collisions in ("sum", "mean"):
        raise LayoutError(
            f"letters have no {collisions}; for a sequence, collisions are best, first, last or error"
        )
    opened = chain if isinstance(chain, Chain) else Chain(chain)
    report = LiftReport(opened.path, collisions)
    blocks = _known_blocks(opened, source, target, chrom_alias, skip_unequal, report)
    layers = _layers(opened, blocks, target, collisions, report)
    _count_source(blocks, source, report)
    made = []
    pairs = [(track, reverse or track)] + ([(reverse, track)] if reverse is not None else [])
    for plus, minus in pairs:
        text = f"{plus.label} of {source.assembly}, lifted over by {opened.path}"
        lifted: Source = Lifted(plus.source, minus.source, source.names, target, layers, collisions, text)
        if lifted.dtype != source.dtype and source.dtype.kind in "iu" and collisions == "sum":
            lifted = Converted(lifted, source.dtype, text, overflow="saturate", label=text)
        made.append(LiftedTrack(lifted, _with_signal(report, blocks, plus.source)))
    return made[0] if reverse is None else tuple(made)


# -- which blocks count -----------------------------------------------------------------------


def _known_blocks(
    chain: Chain, source: Source, target: Assembly, alias: Alias, skip: bool, report: LiftReport
) -> Blocks:
    """The blocks between chromosomes that both sides have, with the names' ranks in both
    assemblies; lengths must agree.
    """
    turned = _fits(chain.target_lengths, _assembly_of(source)) and _fits(chain.source_lengths, target)
    hint = (
        "the chain is the wrong way round: it comes from the assembly you go to"
        if turned
        else "is it the chain of these assemblies?"
    )
    froms = _ranks(chain.source_lengths, _assembly_of(source), alias, skip, f"{chain.path}: source", hint)
    tos = _ranks(chain.target_lengths, target, alias, skip, f"{chain.path}: target", hint)
    if not any(rank >= 0 for rank in froms) or not any(rank >= 0 for rank in tos):
        side, lengths, name = (
            ("source", chain.source_lengths, source.assembly)
            if not any(r >= 0 for r in froms)
            else ("target", chain.target_lengths, target.name)
        )
        raise AssemblyError(
            f"{chain.path}: no {side} chromosome ({', '.join(list(lengths)[:3])}, ...) is in "
            f"assembly {name!r}; is it the chain of these assemblies?",
            hint="names are translated by {chrom_alias=} (ucsc adds 'chr', ensembl strips it)",
        )
    from_rank, to_rank = np.array(froms, np.int64), np.array(tos, np.int64)
    rows = chain.blocks
    first = np.unique(rows.chain, return_index=True)[1]
    own, other = from_rank[rows.source[first]], to_rank[rows.target[first]]
    for reason, lost in (
        (f"because their chromosome is not in {source.assembly}", own == -1),
        (f"because their chromosome is not in {target.name}", (other == -1) & (own >= 0)),
        ("because their chromosome has another length", (own == -2) | ((other == -2) & (own >= 0))),
    ):
        if lost.any():
            report.skipped[reason] = int(lost.sum())
    kept = (from_rank[rows.source] >= 0) & (to_rank[rows.target] >= 0)
    rows = rows.take(kept)
    return rows._replace(source=from_rank[rows.source], target=to_rank[rows.target])


class _Named(NamedTuple):
    """What a source knows of its assembly."""

    name: str
    names: tuple[str, ...]
    source: Source

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.source.has(name)

    def __getitem__(self, name: Any) -> Any:
        return _Length(str(name), self.source.length(str(name)))


class _Length(NamedTuple):
    name: str
    length: int


def _assembly_of(source: Source) -> Any:
    return _Named(source.assembly, source.names, source)


def _fits(lengths: dict[str, int], assembly: Any) -> bool:
    """Whether the chromosomes of one side of a chain have the lengths of an assembly."""
    common = [name for name in lengths if name in assembly]
    return bool(common) and all(assembly[name].length == lengths[name] for name in common)


def _ranks(
    lengths: dict[str, int], assembly: Any, alias: Alias, skip: bool, where: str, hint: str
) -> list[int]:
    """For each chromosome of one side of the chain its rank in the assembly, -1: not there, -2:
    skipped, of another length.
    """
    names = ChromosomeNames(assembly, alias, skip_unknown=True)
    rank_of = {name: rank for rank, name in enumerate(assembly.names)}
    ranks = []
    for name, length in lengths.items():
        known = names.find(name)
        # Ensembl's chains have each chromosome under two names: the one that is no alias counts.
        if known is None or (known.name != name and known.name in lengths):
            ranks.append(-1)
            continue
        if known.length != length:
            if skip:
                ranks.append(-2)
                continue
            raise AssemblyError(
                f"{where} chromosome {name!r} has {length:,} bp, and {known.length:,} in "
                f"{assembly.name!r}; {hint}",
                hint="a single chromosome of another length (often M) is left out by {skip_unequal}",
            )
        ranks.append(rank_of[known.name])
    return ranks


def _layers(
    chain: Chain, blocks: Blocks, target: Assembly, collisions: str, report: LiftReport
) -> dict[str, list[Layer]]:
    """The segments of each target chromosome, and in the report how many bases have one, or several."""
    order = np.lexsort((blocks.to, blocks.target))
    blocks = blocks.take(order)
    borders = np.searchsorted(blocks.target, np.arange(len(target) + 1)).tolist()
    layers = {}
    for k, chrom in enumerate(target):
        layer_blocks = blocks.take(np.arange(borders[k], borders[k + 1]))
        size = layer_blocks.end - layer_blocks.start
        covered, twice = _coverage(layer_blocks.to, layer_blocks.to + size)
        report.target[chrom.name] = {"bases": chrom.length, "mapped": covered, "collided": twice}
        if not layer_blocks.to.size:
            continue
        if collisions == "error" and twice:
            at = _first_overlap(layer_blocks.to, layer_blocks.to + size)
            raise ValueRangeError(
                f"{chrom.name}:{at + 1} and {twice - 1:,} other bases of {chrom.name} have more than "
                f"one source in {chain.path}",
                hint="say which counts with {collisions=}: best, first, last, sum or mean",
            )
        layer = Layer(
            layer_blocks.to,
            layer_blocks.to + size,
            layer_blocks.source,
            np.where(layer_blocks.strand > 0, layer_blocks.start, layer_blocks.end - 1),
            layer_blocks.strand,
        )
        if not twice:
            layers[chrom.name] = [layer]
        elif collisions in ("sum", "mean"):
            layers[chrom.name] = _stacked(layer)
        else:
            priority = {
                "best": chain.rank,
                "first": np.arange(chain.scores.size),
                "last": -np.arange(chain.scores.size),
            }[collisions]
            layers[chrom.name] = [_decided(layer, priority[layer_blocks.chain])]
    return layers


def _coverage(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[int, int]:
    """Bases in at least one interval, and in at least two."""
    places = np.concatenate([starts, ends])
    change = np.concatenate([np.ones(starts.size, np.int64), np.full(ends.size, -1)])
    order = np.argsort(places, kind="stable")
    places, depth = places[order], np.cumsum(change[order])
    sizes = np.diff(places)
    return int(sizes[depth[:-1] > 0].sum()), int(sizes[depth[:-1] > 1].sum())


def _first_overlap(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> int:
    return int(starts[1:][starts[1:] < np.maximum.accumulate(ends)[:-1]][0])


def _rows(layer: Layer, rows: Any) -> Layer:
    return Layer(*(column[rows] for column in layer))


def _stacked(layer: Layer) -> list[Layer]:
    """Segments in as few layers as are needed for none to overlap in one."""
    free: list[tuple[int, int]] = []  # (end, layer)
    of = np.empty(layer.start.size, np.int64)
    for k, (start, end) in enumerate(zip(layer.start.tolist(), layer.end.tolist(), strict=True)):
        if free and free[0][0] <= start:
            of[k] = heapq.heapreplace(free, (end, free[0][1]))[1]
        else:
            of[k] = len(free)
            heapq.heappush(free, (end, len(free)))
    return [_rows(layer, np.flatnonzero(of == k)) for k in range(len(free))]


def _decided(layer: Layer, priority: NDArray[np.int64]) -> Layer:
    """Segments cut where one of less priority (a higher number) gives way: none overlaps."""
    starts, ends = layer.start.tolist(), layer.end.tolist()
    events = sorted({*starts, *ends})
    waiting: list[tuple[int, int]] = []  # (priority, row)
    low: list[int] = []
    high: list[int] = []
    row: list[int] = []
    k = 0
    for begin, stop in itertools.pairwise(events):
        while k < len(starts) and starts[k] <= begin:
            heapq.heappush(waiting, (int(priority[k]), k))
            k += 1
        while waiting and ends[waiting[0][1]] <= begin:
            heapq.heappop(waiting)
        if not waiting:
            continue
        best = waiting[0][1]
        if row and row[-1] == best and high[-1] == begin:
            high[-1] = stop
        else:
            low.append(begin)
            high.append(stop)
            row.append(best)
    rows = np.array(row, np.int64)
    start, end = np.array(low, np.int64), np.array(high, np.int64)
    cut = start - layer.start[rows]
    at = layer.at[rows] + np.where(layer.strand[rows] > 0, cut, -cut)
    return Layer(start, end, layer.source[rows], at, layer.strand[rows])


# -- the source's side of the report ------------------------------------------------------------


def _source_intervals(
    blocks: Blocks, source: Source
) -> dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Source bases with at least one block, merged, by chromosome."""
    return merged_regions(Intervals(source.names, blocks.source, blocks.start, blocks.end))


def _count_source(blocks: Blocks, source: Source, report: LiftReport) -> None:
    merged = _source_intervals(blocks, source)
    for name, length in zip(source.names, source.lengths_of(source.names).tolist(), strict=True):
        starts, ends = merged.get(name, (np.zeros(0, np.int64),) * 2)
        report.source[name] = {"bases": length, "mapped": int((ends - starts).sum())}


def _with_signal(report: LiftReport, blocks: Blocks, source: Source) -> LiftReport:
    """The report with the sums of a track: all of it, and of the bases that map."""
    if is_sequence(source) or source.dtype.kind == "b":
        return report
    own = LiftReport(
        report.chain,
        report.collisions,
        {name: dict(row) for name, row in report.source.items()},
        report.target,
        report.skipped,
    )
    merged = _source_intervals(blocks, source)
    lengths = source.lengths_of(source.names)
    n = len(source.names)
    if source.dtype.kind in "iu" and source.dtype.itemsize == 8:  # their stored sums are floats
        table = {"chrom": [], "start": [], "end": []} if not merged else _table(merged)
        kept = Masked(source, table, "signal", inside=False, other=None)
        for column, of in (("signal", source), ("signal_mapped", kept)):
            sums = statistics(of, None, "chrom", False, None, False)["sum"]
            for name in source.names:
                own.source[name][column] = int(sums[name])
        return own
    whole = interval_statistics(source, Intervals(source.names, np.arange(n), np.zeros(n, np.int64), lengths))
    rows = [(k, *merged[name]) for k, name in enumerate(source.names) if name in merged]
    code = np.repeat(np.array([k for k, _, _ in rows], np.int64), [starts.size for _, starts, _ in rows])
    block_statistics = interval_statistics(
        source,
        Intervals(source.names, code, _joined([s for _, s, _ in rows]), _joined([e for _, _, e in rows])),
    )
    as_number = int if whole.sum.dtype.kind in "iu" else float
    for k, name in enumerate(source.names):
        mapped = block_statistics.sum[np.searchsorted(code, k) : np.searchsorted(code, k, side="right")]
        own.source[name] |= {"signal": as_number(whole.sum[k]), "signal_mapped": as_number(mapped.sum())}
    return own


def _table(merged: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]]) -> dict[str, Any]:
    rows = [
        (name, start, end)
        for name, (starts, ends) in merged.items()
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    return dict(zip(("chrom", "start", "end"), map(list, zip(*rows, strict=True)), strict=True))


def _joined(columns: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(columns) if columns else np.empty(0, np.int64)
