"""Work on whole chromosomes, cut into blocks: in threads here or on the cluster of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import ValueRangeError, unknown_chromosome
from genomearray.executor import progress_bar, runner
from genomearray.reference.intervals import Intervals
from genomearray.source import Source
from genomearray.sources.computed import PIECE
from genomearray.storage.layout import BLOCK

# -- blocks ---------------------------------------------------------------------------------


def chosen(source: Source, chroms: Iterable[Any] | Any | None) -> tuple[str, ...]:
    """Names of chromosomes, all by default; UnknownChromosomeError."""
    if chroms is None:
        return source.names
    names = (str(chroms),) if isinstance(chroms, str) or not isinstance(chroms, Iterable) else tuple(str(chrom) for chrom in chroms)
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
            tasks.append(Intervals(tuple(name for name, _ in short), np.arange(ends.size), np.zeros(ends.size, np.int64), ends))
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
            tasks.append(Intervals((name,), np.zeros(1, np.int64), np.array([start]), np.array([min(start + BLOCK, length)])))
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
                yield Intervals((task.names[int(task.code[k])],), np.zeros(1, np.int64), np.array([low]), np.array([min(low + PIECE, end)]))
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


def each_block(
    work: Callable[[Any, Intervals], Any], source: Source, shared: Any, names: tuple[str, ...], name: str, *, threads: int | None, progress: bool
) -> Iterator[tuple[int, Any]]:
    """Number and result of ``work(shared, task)`` for all blocks, as they are ready."""
    return each_task(work, shared, blocks(source, names), name, threads=threads, progress=progress)


def each_task(
    work: Callable[[Any, Intervals], Any], shared: Any, tasks: list[Intervals], name: str, *, threads: int | None, progress: bool
) -> Iterator[tuple[int, Any]]:
    """Number and result of ``work(shared, task)``, as they are ready, with a bar that counts bp."""
    sizes = [int((task.end - task.start).sum()) for task in tasks]
    with progress_bar(sum(sizes), name, "bp", wanted=progress) as told:
        for number, result in runner(threads).run(work, shared, tasks, name):
            yield number, result
            told(sizes[number])


def over_blocks(*given: Any, threads: int | None, progress: bool) -> list[Any]:
    """The results of :func:`each_block` in the order of positions."""
    return [result for _, result in sorted(each_block(*given, threads=threads, progress=progress), key=lambda found: found[0])]


def summed(*given: Any, threads: int | None, progress: bool) -> NDArray[np.int64]:
    """The sum of the counts that :func:`each_block` gives."""
    total: Any = 0
    for _, counts in each_block(*given, threads=threads, progress=progress):
        total = total + counts
    return np.asarray(total, dtype=np.int64)


def may_hold(source: Source, piece: Intervals) -> bool:
    """Whether a piece may have a value: False for stretches of NaN that are not stored."""
    if source.dtype.kind != "f" or source.zeros_are_values:
        return True
    rows = zip(piece.code.tolist(), piece.start.tolist(), piece.end.tolist(), strict=True)
    return any(source.holds(piece.names[code], start, end) for code, start, end in rows)
