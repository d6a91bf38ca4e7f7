"""Reads cut into jobs, one for each stretch of a chunk, and jobs shared among threads."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from genomearray.executor import workers
from genomearray.reference.intervals import ragged_index
from genomearray.storage.chunks.codecs import DEST, HIGH, JOB_COLUMNS, LOW, STEP

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

PART_CHUNKS = 24  # work for a thread is at least so many chunks: waking one takes 100 us
MOST_PART = 4096  # and at most so many: the places of a part are bytes in memory


def cut(
    chunk: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    dest: NDArray[np.int64] | int,
    step: NDArray[np.int64] | int,
    array: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The intervals cut at the borders of chunks, in order of chunks; the chunk and the array of each."""
    first = starts // chunk
    counts = (ends - 1) // chunk - first + 1
    of = np.repeat(np.arange(starts.size), counts)
    index = ragged_index(counts, first)
    base = index * chunk
    jobs = np.empty((of.size, JOB_COLUMNS), dtype=np.int64)
    low = np.maximum(starts[of] - base, 0)
    jobs[:, LOW] = low
    jobs[:, HIGH] = np.minimum(ends[of] - base, chunk)
    jobs[:, STEP] = step if isinstance(step, int) else step[of]
    jobs[:, DEST] = (dest if isinstance(dest, int) else dest[of]) + (base + low - starts[of]) * jobs[:, STEP]
    which = np.zeros(of.size, np.int64) if array is None else array[of]
    if starts.size > 1:
        order = np.argsort(index, kind="stable") if array is None else np.lexsort((index, which))
        return jobs[order], index[order], which[order]
    return jobs, index, which


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
