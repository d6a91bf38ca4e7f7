"""Work on whole chromosomes, cut into blocks: in threads here or on the cluster of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from genomearray._typing import Chroms
from genomearray.errors import ValueRangeError, unknown_chromosome
from genomearray.executor import progress_bar, runner
from genomearray.reference.intervals import Intervals
from genomearray.source import Source
from genomearray.sources.computed import PIECE
from genomearray.storage.layout import BLOCK

S = TypeVar("S")
T = TypeVar("T")

# -- blocks ---------------------------------------------------------------------------------


def chroms_named(chroms: Chroms) -> tuple[str, ...]:
    """Names of one chromosome, or of many."""
    if isinstance(chroms, str) or not isinstance(chroms, Iterable):
        return (str(chroms),)
    return tuple(str(chrom) for chrom in chroms)


def chosen(source: Source, chroms: Chroms) -> tuple[str, ...]:
    """Names of chromosomes, all by default; UnknownChromosomeError."""
    if chroms is None:
        return source.names
    names = chroms_named(chroms)
    if not names:
        raise ValueRangeError("chroms= names no chromosome; give at least one, or leave it out for all")
    for name in names:
        if not source.has(name):
            raise unknown_chromosome(name, source.assembly, source.names)
    return tuple(dict.fromkeys(names))


def blocks(source: Source, names: tuple[str, ...]) -> list[Intervals]:
    """The chromosomes in pieces of work: blocks of a long one, or many short ones together."""
    lengths = source.lengths_of(names).tolist()
    tasks: list[Intervals] = []
    short: list[tuple[str, int]] = []
    held = 0

    def flush() -> None:
        if short:
            ends = np.array([length for _, length in short], np.int64)
            tasks.append(
                Intervals(
                    tuple(name for name, _ in short),
                    np.arange(ends.size),
                    np.zeros(ends.size, np.int64),
                    ends,
                )
            )
            short.clear()

    for name, length in zip(names, lengths, strict=True):
        if length <= BLOCK // 4:
            short.append((name, length))
            held += length
            if held > BLOCK:
                flush()
                held = 0
            continue
        flush()
        held = 0
        for start in range(0, length, BLOCK):
            tasks.append(
                Intervals(
                    (name,), np.zeros(1, np.int64), np.array([start]), np.array([min(start + BLOCK, length)])
                )
            )
    flush()
    return tasks


def pieces(task: Intervals) -> Iterator[Intervals]:
    """A task in parts of at most ``PIECE`` bases, whose values stay in the cache."""
    first, held = 0, 0
    for k, (start, end) in enumerate(zip(task.start.tolist(), task.end.tolist(), strict=True)):
        if end - start > PIECE:
            if first < k:
                yield _rows(task, first, k)
            for low in range(start, end, PIECE):
                yield Intervals(
                    (task.names[int(task.code[k])],),
                    np.zeros(1, np.int64),
                    np.array([low]),
                    np.array([min(low + PIECE, end)]),
                )
            first, held = k + 1, 0
            continue
        if held + end - start > PIECE:
            yield _rows(task, first, k)
            first, held = k, 0
        held += end - start
    if first < task.start.size:
        yield _rows(task, first, task.start.size)


def _rows(task: Intervals, low: int, high: int) -> Intervals:
    return Intervals(task.names, task.code[low:high], task.start[low:high], task.end[low:high])


class Run(NamedTuple):
    """Where work on blocks runs, and what is shown meanwhile."""

    name: str
    threads: int | None = None
    progress: bool = False


def each_block(
    work: Callable[[S, Intervals], T], source: Source, shared: S, names: tuple[str, ...], run: Run
) -> Iterator[tuple[int, T]]:
    """Number and result of ``work(shared, task)`` for all blocks, as they are ready."""
    return each_task(work, shared, blocks(source, names), run)


def each_task(
    work: Callable[[S, Intervals], T], shared: S, tasks: list[Intervals], run: Run
) -> Iterator[tuple[int, T]]:
    """Number and result of ``work(shared, task)``, as they are ready, with a bar that counts bp."""
    sizes = [int((task.end - task.start).sum()) for task in tasks]
    with progress_bar(sum(sizes), run.name, "bp", wanted=run.progress) as advance:
        for number, result in runner(run.threads).run(work, shared, tasks, run.name):
            yield number, result
            advance(sizes[number])


def over_blocks(
    work: Callable[[S, Intervals], T], source: Source, shared: S, names: tuple[str, ...], run: Run
) -> list[T]:
    """The results of :func:`each_block` in the order of positions."""
    numbered = dict(each_block(work, source, shared, names, run))
    return [numbered[number] for number in sorted(numbered)]


def summed(
    work: Callable[[S, Intervals], NDArray[np.int64]],
    source: Source,
    shared: S,
    names: tuple[str, ...],
    run: Run,
) -> NDArray[np.int64]:
    """The sum of the counts that :func:`each_block` gives."""
    total: NDArray[np.int64] | int = 0
    for _, counts in each_block(work, source, shared, names, run):
        total = total + counts
    return np.asarray(total, dtype=np.int64)


def may_hold(source: Source, piece: Intervals) -> bool:
    """Whether a piece may have a value: False for stretches of NaN that are not stored."""
    if source.dtype.kind != "f" or source.zeros_are_values:
        return True
    rows = zip(piece.code.tolist(), piece.start.tolist(), piece.end.tolist(), strict=True)
    return any(source.holds(piece.names[code], start, end) for code, start, end in rows)
