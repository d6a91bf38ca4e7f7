"""Reads cut into jobs, one for each stretch of a chunk, and jobs shared among threads."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genomearray.executor import workers
from genomearray.loops import kernel
from genomearray.storage.chunks.codecs import DEST, HIGH, JOB_COLUMNS, LOW, STEP

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

PART_CHUNKS = 24  # work for a thread is at least so many chunks: waking one takes 100 us
MOST_PART = 4096  # and at most so many: the places of a part are bytes in memory


@kernel
def cut_intervals(
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    dest: NDArray[np.int64],
    step: NDArray[np.int64],
    chunk: int,
    jobs: NDArray[np.int64],
    index: NDArray[np.int64],
    of: NDArray[np.int64],
) -> int:
    """Fill in the stretches of chunks that intervals are made of: the job of each, its chunk and its
    interval; whether they come in the order of chunks. One ``dest`` or ``step`` holds for all.
    """
    row, last, in_order = 0, -1, True
    for k in range(starts.size):
        start, end = int(starts[k]), int(ends[k])
        one_dest, one_step = dest[k if dest.size > 1 else 0], step[k if step.size > 1 else 0]
        in_order &= start // chunk >= last
        for at in range(start // chunk, (end - 1) // chunk + 1):
            base = at * chunk
            low = max(start - base, 0)
            jobs[row, LOW], jobs[row, HIGH] = low, min(end - base, chunk)
            jobs[row, DEST], jobs[row, STEP] = one_dest + (base + low - start) * one_step, one_step
            index[row], of[row] = at, k
            row, last = row + 1, at
    return int(in_order)


def cut(
    chunk: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    dest: NDArray[np.int64] | int,
    step: NDArray[np.int64] | int,
    array: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The intervals cut at the borders of chunks, in order of chunks; the chunk and the array of each."""
    n = int(((ends - 1) // chunk - starts // chunk).sum()) + starts.size
    jobs = np.empty((n, JOB_COLUMNS), dtype=np.int64)
    index, of = np.empty(n, np.int64), np.empty(n, np.int64)
    dest, step = np.atleast_1d(np.int64(dest)), np.atleast_1d(np.int64(step))
    in_order = cut_intervals(starts, ends, dest, step, chunk, jobs, index, of)
    if array is None and in_order:
        return jobs, index, of
    which = of if array is None else array[of]
    order = np.argsort(index, kind="stable") if array is None else np.lexsort((index, which))
    return jobs[order], index[order], which[order]


def parts(index: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Jobs [low, high) for one thread each; a chunk is never in two of them.

    A few parts a thread, so that a sparse stretch does not leave one thread with all the work.
    """
    if index.size < 2 * PART_CHUNKS:
        return [(0, index.size)]
    changes = np.flatnonzero(index[1:] != index[:-1]) + 1
    n = min(max((changes.size + 1) // PART_CHUNKS, 1), 4 * workers()) if workers() > 1 else 1
    if (changes.size + 1) // n > MOST_PART:
        n = (changes.size + 1) // MOST_PART
    borders = [0, *changes[np.arange(1, n) * (changes.size + 1) // n - 1].tolist(), index.size]
    return list(itertools.pairwise(borders))


def in_threads(run: Callable[[int, int], None], parts: list[tuple[int, int]]) -> None:
    """Run all parts, the first of them here."""
    if len(parts) == 1:
        run(*parts[0])
        return
    from concurrent.futures import wait

    tasks = [_pool().submit(run, low, high) for low, high in parts[1:]]
    try:
        run(*parts[0])
    finally:
        wait(tasks)  # they write into out
    for task in tasks:
        task.result()


def _pool() -> ThreadPoolExecutor:
    global _threads  # noqa: PLW0603 - one pool of reading threads for the process
    with _pool_lock:
        if _threads is None:
            from concurrent.futures import ThreadPoolExecutor

            _threads = ThreadPoolExecutor(workers(), thread_name_prefix="genomearray-read")
        return _threads


def reset_threads() -> None:
    """In a forked child the threads are gone, and the lock may be held by nobody."""
    global _threads, _pool_lock
    _threads, _pool_lock = None, threading.Lock()


_threads: ThreadPoolExecutor | None = None
_pool_lock = threading.Lock()
