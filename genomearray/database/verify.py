"""Is a stored track whole: every chunk decodes, and the stored statistics are those of the values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from genomearray.choices import SEQUENCE
from genomearray.compute.blocks import Run, each_block, pieces
from genomearray.compute.statistics import statistics
from genomearray.errors import DamagedTrackError, LayoutError
from genomearray.executor import progress_bar, runner
from genomearray.foreign.bigwig_track import BigWigTrack
from genomearray.foreign.old_track import OldTrack
from genomearray.reference.assembly import Assembly
from genomearray.reference.intervals import Intervals
from genomearray.storage.chunks.chunk_map import ChunkedArray
from genomearray.storage.layout import BLOCK, Layout
from genomearray.storage.read.open_stored import open_part
from genomearray.storage.read.stored_track import StoredTrack
from genomearray.storage.write.encoding import BlockJob, block_jobs
from genomearray.storage.write.tables import TableBuilder
from genomearray.summary import Summary, chunk_bounds
from genomearray.summary_kernels import summarise
from genomearray.track.track import Track

if TYPE_CHECKING:
    import pandas as pd

    from genomearray.features.table import FeatureTable
    from genomearray.source import Source


_MOST_NAMED = 5
_CLOSE = 1e-3  # the old library added float32 numbers up in float32
_WRONG = "the stored statistics of {} are not those of its values"


@dataclass(frozen=True)
class VerifyReport:
    """What a check of a track or table found.

    Attributes
    ----------
    name : str
    what : {"track", "table"}
    problems : list of str
        What is wrong with the data.
    stale : list of str
        Stored statistics of an old file that are wrong, while its values are whole.
    checked : str
        What was found to be right.
    """

    name: str
    what: str
    problems: list[str]
    stale: list[str]
    checked: str

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong with the data."""
        return not self.problems

    def lines(self) -> list[str]:
        """The report for people, a line each thing."""
        outcome = f"{len(self.problems)} problems" if self.problems else self.checked
        return [*self.problems, *self.stale, f"{self.what} {self.name}: {outcome}"]

    def __str__(self) -> str:
        return "\n".join(self.lines())


def verified(
    name: str, opened: Track | FeatureTable, assembly: Assembly, *, threads: int | None, progress: bool
) -> VerifyReport:
    """See :meth:`genomearray.GenomeDB.verify`."""
    if not isinstance(opened, Track):
        return _verified_table(name, opened)
    source = opened.source
    if isinstance(source, OldTrack):
        stale = check_old(source, threads=threads, progress=progress)
        rest = "" if stale else ", and no stored statistics are wrong"
        return VerifyReport(name, "track", [], stale, f"every chunk decodes{rest}")
    if isinstance(source, BigWigTrack):
        found, notes = source.check_blocks()
        said = "every block can be read" + ("" if notes else ", and they hold as many bases as the file says")
        return VerifyReport(name, "track", found, notes, f"{said}; the format has no checksum of its index")
    problems = check(cast(StoredTrack, source), assembly, threads=threads, progress=progress)
    return VerifyReport(name, "track", problems, [], "every chunk decodes, and the statistics agree")


def _verified_table(name: str, table: FeatureTable) -> VerifyReport:
    old = str(table.attributes.get("software", "")).startswith(("genome (", "bigBed"))
    checked = "every column can be read" + ("" if old else ", and agrees with its checksums")
    try:
        table.check()
    except DamagedTrackError as error:
        return VerifyReport(name, "table", [str(error)], [], checked)
    return VerifyReport(name, "table", [], [], checked)


@lru_cache(maxsize=2)
def as_stored(path: Path, track_id: str) -> StoredTrack:
    """The track without trust in its summary: every chunk that is on disk is read."""
    stored = open_part(path)
    if stored.id != track_id:
        raise LayoutError(f"track {path} was replaced meanwhile; start again")
    for name in stored.variables:
        stored.read_all_chunks(name)
    return stored


def check(
    stored: StoredTrack, assembly: Assembly, *, threads: int | None = None, progress: bool = False
) -> list[str]:
    """What is wrong with a track, a line each; nothing for a whole one.

    Parameters
    ----------
    stored : StoredTrack
    assembly : Assembly
        Whose chromosomes the track has.
    threads : int, optional
        Default: one a core, or the cluster of the session.
    progress : bool

    Returns
    -------
    list of str
    """
    try:
        stored.check_chunks()
    except DamagedTrackError as error:
        return [str(error)]
    layout = _layout(stored, assembly)
    builder = TableBuilder(layout, stored.dtype, stored.fill)
    jobs = list(block_jobs(layout))
    problems: list[str] = []
    place = (Path(stored.path), stored.id)
    try:
        with progress_bar(sum(job.length for job in jobs), "verify", "bp", wanted=progress) as advance:
            for number, summary in runner(threads).run(_summarised, place, jobs, "verify"):
                job = jobs[number]
                advance(job.length)
                if isinstance(summary, str):
                    problems.append(summary)
                else:
                    builder.put(job.variable, job.block, summary[0], job.rows, summary[1])
    finally:
        as_stored.cache_clear()
    return problems or _differences(stored, layout, builder)


def _layout(stored: StoredTrack, assembly: Assembly) -> Layout:
    """The layout of the track, by the table of chromosomes and the length of its chunks."""
    arrays = [stored.array_of(name) for name in stored.variables]
    chunks = [array.chunk for array in arrays if isinstance(array, ChunkedArray)]
    if len(chunks) < len(arrays) or stored.names != assembly.names:
        raise LayoutError(
            f"{stored.path} was written anew by another tool, or for another chromosome table; save "
            "it as a track again"
        )
    # A chromosome shorter than a chunk has a short one; a chunk divides a block.
    longest = max(chunks)
    layout = Layout(assembly, longest if BLOCK % longest == 0 else 1 << (longest - 1).bit_length())
    if {v.name: v.length for v in layout.variables} != stored.variables:
        raise LayoutError(
            f"{stored.path} does not have the variables that its chromosomes ask for; save it as a "
            "track again"
        )
    return layout


def _summarised(place: tuple[Path, str], job: BlockJob) -> tuple[Summary, Summary] | str:
    """Statistics of the chunks and sequences of a block, or what is wrong with it."""
    stored = as_stored(*place)
    start = job.block * BLOCK
    try:
        values = stored.read_variable(job.variable.name, start, start + job.length, threads=False)
    except DamagedTrackError as error:
        return str(error)
    bounds, cuts = chunk_bounds(values.size, job.variable.chunk), job.bounds
    return summarise(values, bounds[:-1], bounds[1:]), summarise(values, cuts[:-1], cuts[1:])


def _differences(stored: StoredTrack, layout: Layout, builder: TableBuilder) -> list[str]:
    """Chunks and sequences whose stored statistics are not those of their values."""
    lines = []
    chunks = np.zeros(layout.n_chunks, bool)
    for stored_column, right in zip(stored.summary(0, layout.n_chunks), builder.summary, strict=True):
        chunks |= ~_same(stored_column, right)
    for row in np.flatnonzero(chunks)[:_MOST_NAMED].tolist():
        variable = next(v for v in reversed(layout.variables) if v.first_chunk <= row)
        start = (row - variable.first_chunk) * variable.chunk
        lines.append(
            _WRONG.format(f"{variable.name}:{start + 1}-{min(start + variable.chunk, variable.length)}")
        )
    computed, kept = builder.sequences(), stored.sequences()
    wrong = np.zeros(len(layout.assembly), bool)
    places = {
        "length": layout.lengths,
        "packed_start": layout.packed_start,
        "first_chunk": layout.first_chunks(),
    }
    for name, column in (computed | places).items():
        wrong |= ~_same(kept[name], column)
    lines += [
        _WRONG.format(repr(layout.assembly.names[row]))
        for row in np.flatnonzero(wrong)[:_MOST_NAMED].tolist()
    ]
    total = int(chunks.sum()) + int(wrong.sum())
    if total > len(lines):
        lines.append(f"and {total - len(lines):,} more")
    return lines


def _same(one: Any, other: Any) -> Any:
    if one.shape != other.shape:
        return np.zeros(other.shape, bool)
    if other.dtype.kind != "f":
        return one == other
    with np.errstate(invalid="ignore"):
        return np.isclose(one, other, rtol=1e-9, atol=0, equal_nan=True)


def stale_chromosomes(source: OldTrack, right: pd.DataFrame) -> list[str]:
    """Chromosomes of an old file whose stored statistics are not those of its values, which
    ``right`` has by chromosome.
    """
    stored = source.statistics()
    rows = {chrom: {str(key): right.loc[chrom, key] for key in right.columns} for chrom in stored}
    return [
        chrom
        for chrom, old in stored.items()
        if not all(_agrees(key, old[key], rows[chrom]) for key in right.columns if key in old)
    ]


def _agrees(key: str, old: Any, right: dict[str, Any]) -> bool:
    computed = right[key]
    if isinstance(old, int) and isinstance(computed, (int, np.integer)):
        return old == int(computed)
    # A sum of float32 numbers of both signs is right to so many of the largest of them.
    known = right["n"] - right["n_nan"]
    slack = _CLOSE * 1e-3 * known * max(abs(right["min"]), abs(right["max"])) if key == "sum" and known else 0
    return bool(np.isclose(float(old), float(computed), rtol=_CLOSE, atol=slack, equal_nan=True))


def check_old(source: OldTrack, *, threads: int | None = None, progress: bool = False) -> list[str]:
    """What is stale in an old file, a line each; every chunk is read.

    Parameters
    ----------
    source : OldTrack

    Raises
    ------
    DamagedTrackError
    """
    if source.kind == SEQUENCE:
        for _ in each_block(_read_block, source, source, source.names, Run("verify", threads, progress)):
            pass
        return []
    right = statistics(source, None, "chrom", False, threads, progress)
    return [
        f"{_WRONG.format(repr(chrom))} (they are stale; the values count)"
        for chrom in stale_chromosomes(source, right)
    ]


def _read_block(source: Source, task: Intervals) -> None:
    for piece in pieces(task):
        source.read_intervals(piece)
