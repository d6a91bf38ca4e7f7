"""A track in order, as parts and as runs of one value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from genomearray.compute.blocks import Run, blocks, chosen, each_task
from genomearray.errors import RegionError
from genomearray.reference.intervals import Intervals
from genomearray.reference.region import parse_region
from genomearray.source import Source
from genomearray.track.track import Track

from .options import ExportOptions

T = TypeVar("T")

PART_BASES = 1 << 19  # bases reported together
ROWS_AT_ONCE = 1 << 16  # rows of a format made together


class Runs(NamedTuple):
    """Stretches of one value of a chromosome; offsets, 0-based, half-open."""

    chrom: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    values: NDArray[Any]


def wanted(source: Source, options: ExportOptions) -> list[Intervals]:
    """What is exported, in blocks, in the order of the genome."""
    if options.region is None:
        return [part for block in blocks(source, chosen(source, options.chroms)) for part in _cut(block)]
    if options.chroms is not None:
        raise RegionError("give a region or chromosomes, not both")
    region = parse_region(options.region, source.length, source.has)
    return list(
        _cut(
            Intervals(
                (region.chrom,), np.zeros(1, np.int64), np.array([region.start]), np.array([region.end])
            )
        )
    )


def _cut(task: Intervals) -> Iterator[Intervals]:
    """Parts of a block: their text is many times as large as their values."""
    if task.start.size > 1:
        yield task
        return
    start, end = int(task.start[0]), int(task.end[0])
    for low in range(start, end, PART_BASES):
        yield Intervals(task.names, task.code, np.array([low]), np.array([min(low + PART_BASES, end)]))


def in_order(work: Callable[[Source, Intervals], T], source: Source, options: ExportOptions) -> Iterator[T]:
    """Results of all tasks in their order, each as soon as those before it are there."""
    early: dict[int, T] = {}
    following = 0
    run = Run("export", options.threads, options.progress)
    for number, result in each_task(work, source, wanted(source, options), run):
        early[number] = result
        while following in early:
            yield early.pop(following)
            following += 1


def stretches(task: Intervals) -> Iterator[tuple[str, int, int]]:
    """Chromosome, start and end of each part of a task."""
    for code, start, end in zip(task.code.tolist(), task.start.tolist(), task.end.tolist(), strict=True):
        yield task.names[code], start, end


def find_runs(chrom: str, start: int, values: NDArray[Any]) -> Runs:
    """Stretches of equal values; those without a value (NaN) are left out."""
    bits = _bits(values)
    borders = np.flatnonzero(bits[1:] != bits[:-1]) + 1
    begin = np.append(0, borders)
    end = np.append(borders, values.size)
    run_values = values[begin]
    if values.dtype.kind == "f":
        known = ~np.isnan(run_values)
        begin, end, run_values = begin[known], end[known], run_values[known]
    return Runs(chrom, begin + start, end + start, run_values)


def in_rows(runs: Iterable[Runs]) -> Iterator[Runs]:
    """The same runs, not too many at a time."""
    for run in runs:
        for low in range(0, run.starts.size, ROWS_AT_ONCE):
            yield Runs(run.chrom, *(column[low : low + ROWS_AT_ONCE] for column in run[1:]))


def _bits(values: NDArray[Any]) -> NDArray[Any]:
    """Floats as integers: 0.0 and -0.0 are two."""
    return values.view(f"i{values.itemsize}") if values.dtype.kind == "f" else values


def joined(parts: Iterable[Runs]) -> Iterator[Runs]:
    """Runs as they come, in order; one that goes on after the border of a block is one run."""
    held: Runs | None = None
    for runs in parts:
        if not runs.starts.size:
            continue
        if held is not None:
            if (
                held.chrom == runs.chrom
                and held.ends[-1] == runs.starts[0]
                and _bits(held.values)[-1] == _bits(runs.values)[0]
            ):
                runs.starts[0] = held.starts[-1]
            else:
                yield held
            held = None
        if runs.starts.size > 1:
            yield Runs(runs.chrom, *(column[:-1] for column in runs[1:]))
        held = Runs(runs.chrom, *(column[-1:] for column in runs[1:]))
    if held is not None:
        yield held


def number_texts(values: NDArray[Any]) -> list[bytes]:
    """The shortest text of each number that reads back as the same number."""
    if not values.size:
        return []
    distinct, inverse = np.unique(_bits(values), return_inverse=True)
    distinct = distinct.view(values.dtype)
    texts = np.array([text.removesuffix(b".0") for text in distinct.astype("S32").tolist()], dtype=object)
    written: list[bytes] = texts[inverse].tolist()
    return written


def numbers(values: NDArray[Any]) -> NDArray[Any]:
    """Values of a comparison as 0 and 1; others as they are."""
    return values.view(np.uint8) if values.dtype.kind == "b" else values


def signal_runs(track: Track, options: ExportOptions) -> Iterator[Runs]:
    """Stretches of equal values, in the order of the genome."""
    return joined(runs for block in in_order(_block_runs, track.source, options) for runs in block)


def _block_runs(source: Source, task: Intervals) -> list[Runs]:
    return [
        find_runs(name, start, numbers(source.read(name, start, end, threads=False)))
        for name, start, end in stretches(task)
    ]
