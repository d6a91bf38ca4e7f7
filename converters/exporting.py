"""From a track to a file: what all exporters share."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError, LayoutError, RegionError
from genomearray.reductions import blocks, chosen
from genomearray.region import parse_region
from genomearray.running import progress_bar, runner
from genomearray.source import Source
from genomearray.storage.layout import BLOCK
from genomearray.storage.publish import sync
from genomearray.storage.reader import Intervals
from genomearray.track import Track

STDOUT = "-"
Out = str | os.PathLike[str]


class Runs(NamedTuple):
    """Stretches of one value of a chromosome; offsets, 0-based, half-open."""

    chrom: str
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    values: NDArray[Any]


def wanted(source: Source, region: str | None, chroms: Any) -> list[Intervals]:
    """What is exported, in blocks, in the order of the genome."""
    if region is None:
        return blocks(source, chosen(source, chroms))
    if chroms is not None:
        raise RegionError("give a region or chromosomes, not both")
    found = parse_region(region, source.length, source.has)
    starts = np.arange(found.start, found.end, BLOCK)
    return [Intervals((found.chrom,), np.zeros(1, np.int64), np.array([s]), np.array([min(s + BLOCK, found.end)])) for s in starts.tolist()]


def in_order(
    work: Callable[[Any, Intervals], Any], shared: Any, tasks: list[Intervals], name: str, *, threads: int | None, progress: bool
) -> Iterator[Any]:
    """Results of all tasks in their order, each as soon as those before it are there."""
    early: dict[int, Any] = {}
    following = 0
    total = sum(int((task.end - task.start).sum()) for task in tasks)
    with progress_bar(total, name, "bp", wanted=progress) as told:
        for number, result in runner(threads).run(work, shared, tasks, "export"):
            early[number] = result
            told(int((tasks[number].end - tasks[number].start).sum()))
            while following in early:
                yield early.pop(following)
                following += 1


def stretches(task: Intervals) -> Iterator[tuple[str, int, int]]:
    """Chromosome, start and end of each part of a task."""
    for code, start, end in zip(task.code.tolist(), task.start.tolist(), task.end.tolist(), strict=True):
        yield task.names[code], start, end


def find_runs(chrom: str, start: int, values: NDArray[Any]) -> Runs:
    """Stretches of equal values; those without a value (NaN) are left out."""
    with np.errstate(invalid="ignore"):
        borders = np.flatnonzero(values[1:] != values[:-1]) + 1
    begin = np.append(0, borders)
    end = np.append(borders, values.size)
    found = values[begin]
    if values.dtype.kind == "f":
        known = ~np.isnan(found)
        begin, end, found = begin[known], end[known], found[known]
    return Runs(chrom, begin + start, end + start, found)


def joined(parts: Iterable[Runs]) -> Iterator[Runs]:
    """Runs as they come, in order; one that goes on behind the border of a block is one run."""
    held: Runs | None = None
    for runs in parts:
        if not runs.starts.size:
            continue
        if held is not None:
            if held.chrom == runs.chrom and held.ends[-1] == runs.starts[0] and held.values[-1] == runs.values[0]:
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
    distinct, inverse = np.unique(values, return_inverse=True)
    texts = np.array([text.removesuffix(b".0") for text in distinct.astype("S32").tolist()], dtype=object)
    found: list[bytes] = texts[inverse].tolist()
    return found


def check_kind(track: Track, kind: str, what: str) -> None:
    """LayoutError for a sequence where numbers are written, or the other way round."""
    if track.kind != kind:
        hint = "export fasta" if track.kind == "sequence" else "export bedgraph, wig or bigwig"
        raise LayoutError(f"track {track.label!r} holds a {track.kind}, and {what} holds a {kind}; use: genomearray {hint}")


def numbers(values: NDArray[Any]) -> NDArray[Any]:
    """Values of a comparison as 0 and 1; others as they are."""
    return values.view(np.uint8) if values.dtype.kind == "b" else values


@contextmanager
def new_file(out: Out, *, overwrite: bool = False, suffix: str = "") -> Iterator[Path]:
    """A hidden place to write; it becomes ``out`` when the ``with`` ends without an error, else nothing is left."""
    target = Path(out)
    _refuse(target, overwrite)
    part = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part{suffix}")
    try:
        yield part
        sync(part)
        _refuse(target, overwrite)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _refuse(target: Path, overwrite: bool) -> None:
    if not target.absolute().parent.is_dir():
        raise FormatError(f"the folder of {target} is not there; make it first")
    if target.is_dir():
        raise FormatError(f"{target} is a folder; name a file in it")
    if target.exists() and not overwrite:
        raise FormatError(f"{target} exists; choose another name, or replace it with overwrite=True (--overwrite)")


@contextmanager
def text_output(out: Out, *, overwrite: bool = False) -> Iterator[IO[bytes]]:
    """A file to write text to: plain, gzip when its name ends in .gz, or standard output (``-``)."""
    if os.fspath(out) == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with new_file(out, overwrite=overwrite) as part:
        if os.fspath(out).endswith(".gz"):
            from zlib_ng import gzip_ng

            with cast(Any, gzip_ng).open(part, "wb", compresslevel=4) as file:
                yield file
        else:
            with part.open("wb") as file:
                yield file
