"""From a track to a file: what all exporters share."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError, LayoutError, RegionError
from genomearray.reductions import blocks, chosen, each_task
from genomearray.region import parse_region
from genomearray.source import Source
from genomearray.storage.publish import sync
from genomearray.storage.reader import Intervals
from genomearray.track import Track

STDOUT = "-"
_PART = 1 << 19  # bases told together
_ROWS = 1 << 16  # rows of a format made together
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
        return [part for block in blocks(source, chosen(source, chroms)) for part in _cut(block)]
    if chroms is not None:
        raise RegionError("give a region or chromosomes, not both")
    found = parse_region(region, source.length, source.has)
    return list(_cut(Intervals((found.chrom,), np.zeros(1, np.int64), np.array([found.start]), np.array([found.end]))))


def _cut(task: Intervals) -> Iterator[Intervals]:
    """Parts of a block: their text is many times as large as their values."""
    if task.start.size > 1:
        yield task
        return
    start, end = int(task.start[0]), int(task.end[0])
    for low in range(start, end, _PART):
        yield Intervals(task.names, task.code, np.array([low]), np.array([min(low + _PART, end)]))


def in_order(work: Callable[[Any, Intervals], Any], shared: Any, tasks: list[Intervals], *, threads: int | None, progress: bool) -> Iterator[Any]:
    """Results of all tasks in their order, each as soon as those before it are there."""
    early: dict[int, Any] = {}
    following = 0
    for number, result in each_task(work, shared, tasks, "export", threads=threads, progress=progress):
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
    found = values[begin]
    if values.dtype.kind == "f":
        known = ~np.isnan(found)
        begin, end, found = begin[known], end[known], found[known]
    return Runs(chrom, begin + start, end + start, found)


def in_rows(runs: Iterable[Runs]) -> Iterator[Runs]:
    """The same runs, not too many at a time."""
    for found in runs:
        for low in range(0, found.starts.size, _ROWS):
            yield Runs(found.chrom, *(column[low : low + _ROWS] for column in found[1:]))


def _bits(values: NDArray[Any]) -> NDArray[Any]:
    """Floats as integers: 0.0 and -0.0 are two."""
    return values.view(f"i{values.itemsize}") if values.dtype.kind == "f" else values


def joined(parts: Iterable[Runs]) -> Iterator[Runs]:
    """Runs as they come, in order; one that goes on behind the border of a block is one run."""
    held: Runs | None = None
    for runs in parts:
        if not runs.starts.size:
            continue
        if held is not None:
            if held.chrom == runs.chrom and held.ends[-1] == runs.starts[0] and _bits(held.values)[-1] == _bits(runs.values)[0]:
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
    refuse_target(target, overwrite)
    _remove_dead(target)
    part = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part{suffix}")
    part.touch(exist_ok=False)
    lock = os.open(part, os.O_RDONLY | os.O_CLOEXEC)  # the kernel frees it when we are killed
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield part
        sync(part)
        refuse_target(target, overwrite)
        part.replace(target)
    finally:
        os.close(lock)
        part.unlink(missing_ok=True)


def _remove_dead(target: Path) -> None:
    """Remove what an export of this file left that was killed."""
    ours = re.compile(rf"\.{re.escape(target.name)}\.[0-9a-f]{{12}}\.part(\.bw)?")
    for path in target.absolute().parent.glob(".*.part*"):
        if ours.fullmatch(path.name):
            with suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()


def refuse_target(target: Path, overwrite: bool, *, folder: bool = False) -> None:
    """FormatError for a place where nothing can be written; ``folder``: what is written may be one."""
    if not target.absolute().parent.is_dir():
        raise FormatError(f"the folder of {target} is not there; make it first")
    if target.is_dir() and not folder:
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
