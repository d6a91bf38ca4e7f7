"""A bigWig as a track, read in place: float32, NaN where nothing lies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import AssemblyError, DamagedTrackError, LayoutError, unknown_chromosome
from genomearray.foreign import bigwig_blocks
from genomearray.foreign.bbi_file import BbiFile
from genomearray.foreign.bbi_parts import Blocks, TotalSummary
from genomearray.foreign.bigwig_blocks import (
    CHROM,
    DEST,
    END,
    FILE,
    FIRST,
    HIGH,
    INFLATED,
    JOB_COLUMNS,
    LAST,
    LOW,
    MOST_BLOCK,
    OFFSET,
    SIZE,
    START,
    STEP,
    Room,
)
from genomearray.reference.assembly import Assembly
from genomearray.reference.intervals import Intervals
from genomearray.sources.computed import OnAssembly
from genomearray.storage.chunks.chunk_map import decoded
from genomearray.storage.chunks.jobs import in_threads, parts

_FEW = 4  # blocks of a read that goes through the cache
_PART = 16  # blocks of a long interval that are work for one thread
_ITEMS = 1 << 20  # that are listed together, of so many blocks at most
_STEP = 512


class BigWigTrack(OnAssembly):
    """The values of a bigWig.

    Parameters
    ----------
    path : path-like, or URL
    assembly : Assembly, optional
        Whose chromosomes the track has: those that the file lacks are missing, those that the assembly
        lacks are left out, and one of another length is an error when it is asked for. Default: the
        chromosomes of the file, of an assembly called "unknown".
    file : BbiFile, optional
        The open file of that path.

    Raises
    ------
    UnknownTrackError, LayoutError, DamagedTrackError
    """

    def __init__(
        self, path: str | os.PathLike[str], assembly: Assembly | None = None, file: BbiFile | None = None
    ) -> None:
        self._file = BbiFile(path) if file is None else file
        self.path = self._file.path
        self._asked_assembly = assembly
        if not self._file.is_bigwig:
            raise LayoutError(
                f"{self.path} is a bigBed, a table of features",
                hint="{open_features(path)|commands for tables take it, such as genomearray get}",
            )
        assembly = self._file.assembly() if assembly is None else assembly
        super().__init__(assembly, np.float32, f"bigWig file: {self.path}")
        self._number, self._other_length, self.left_out = self._file.matched(assembly)
        if not self._number and not self._other_length:
            raise AssemblyError(
                f"{self.path} has no chromosome of assembly {self.assembly!r}; its names begin with: "
                f"{', '.join(self.left_out[:3])}",
                hint="import it with {chrom_alias=} if it has other names; where no database is named, it "
                "opens by itself",
            )
        self._token = object()

    def __reduce__(self) -> tuple[Any, ...]:
        return BigWigTrack, (self.path, self._asked_assembly)

    def on(self, assembly: Assembly) -> BigWigTrack:
        """The same file with the chromosomes of an assembly."""
        return BigWigTrack(self._file.path, assembly, self._file)

    @property
    def attributes(self) -> dict[str, str | int]:
        """Assembly, kind and origin."""
        return {"assembly": self.assembly, "kind": self.kind, "source": str(self.path), "software": "bigWig"}

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._file.size

    @property
    def version(self) -> int:
        """Of the format."""
        return self._file.header.version

    def unmatched(self) -> dict[str, tuple[str, ...]]:
        """Chromosomes that the file and the assembly do not share, by what that means."""
        known = self._number.keys() | self._other_length.keys()
        return {
            "of the file are not in the assembly, and are left out": self.left_out,
            "have another length in the file, and cannot be read": tuple(self._other_length),
            "are not in the file, and hold no value": tuple(name for name in self.names if name not in known),
        }

    @property
    def total(self) -> TotalSummary | None:
        """What the file says of all its bases; None where it says nothing. No statistic comes from it."""
        return self._file.summary

    # -- values ------------------------------------------------------------------------------------

    def read(self, chrom: str, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values of the offsets [start, end)."""
        number, blocks = self._blocks(chrom)
        out = np.empty(end - start, np.float32)
        low = int(blocks.reach.searchsorted(start, side="right"))
        if int(blocks.start.searchsorted(end)) - low <= _FEW:
            out.fill(np.nan)
            for row in blocks.rows(start, end).tolist():
                self._paint_one(chrom, number, blocks, row, start, end, out)
            return out
        self._paint(chrom, np.array([start]), np.array([end]), out, np.zeros(1, np.int64), None, threads)
        return out

    compute = read

    def gather(
        self,
        intervals: Intervals,
        out: NDArray[Any],
        dest: NDArray[np.int64],
        step: NDArray[np.int64] | None = None,
        threads: bool = True,
    ) -> None:
        """Put the values of intervals into ``out`` (flat), each from ``dest`` on in direction ``step``."""
        # By place: intervals that want the same block stand together.
        order = np.lexsort((intervals.start, intervals.code))
        borders = np.searchsorted(intervals.code[order], np.arange(len(intervals.names) + 1)).tolist()
        for code, name in enumerate(intervals.names):
            here = order[borders[code] : borders[code + 1]]
            if here.size:
                ways = None if step is None else step[here]
                self._paint(name, intervals.start[here], intervals.end[here], out, dest[here], ways, threads)

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether the offsets [start, end) may hold anything but missing bases."""
        return bool(self._blocks(chrom)[1].rows(start, end).size)

    def chromosomes_with_data(self) -> list[str]:
        """Names of the chromosomes that have a block, in order."""
        return [name for name in self.names if self._blocks(name)[1].size.size]

    def is_apart(self, chrom: str) -> bool:
        """Whether the blocks of a chromosome lie in the order of its bases."""
        return self._blocks(chrom)[1].rank is None

    def check_blocks(self) -> tuple[list[str], list[str]]:
        """What is wrong with the blocks, and what the file says otherwise of itself, a line each."""
        bases = 0
        try:
            for chrom in self._number:
                for items in self.items(chrom):
                    bases += int((items.end - items.start).sum())
        except DamagedTrackError as error:
            return [str(error)], []
        total = self.total
        if total is None or bases >= total.bases or self.left_out or self._other_length:
            return [], []
        note = (
            f"{self.path}: its summary counts {total.bases:,} bases with a value, and its blocks have "
            f"{bases:,}: part of it may have been lost, or the program that wrote it counted some twice"
        )
        return [], [note]

    def items(self, chrom: str) -> Iterator[Room]:
        """Start, end (0-based, half-open, bp) and value of all items of a chromosome, in the order of the
        file, many at a time; what is given is overwritten by the next.
        """
        number, blocks = self._blocks(chrom)
        order, room = blocks.in_file_order, Room.of(_ITEMS)
        while order.size:
            rows = order[:_STEP]
            jobs, data = np.zeros((rows.size, JOB_COLUMNS), np.int64), b""
            offset, size, file = blocks.offset[rows], blocks.size[rows], self._file.file
            if file.fd < 0:
                data, offset = self._file.fetch(offset, size)
            jobs[:, FILE], jobs[:, OFFSET], jobs[:, SIZE], jobs[:, CHROM] = file.fd, offset, size, number
            jobs[:, HIGH], jobs[:, STEP] = 1, 1
            jobs[:, FIRST], jobs[:, LAST] = blocks.first[rows], blocks.last[rows]
            jobs[:, START], jobs[:, END] = blocks.start[rows], blocks.end[rows]
            done, n, why = bigwig_blocks.items(
                jobs, data, room, swapped=self._file.swapped, stored=self._file.stored
            )
            if n:
                yield Room(room.start[:n], room.end[:n], room.value[:n])
            if why is not None:
                raise self._file.damaged_block(chrom, blocks, int(rows[done]), why)
            order = order[done:]

    def close(self) -> None:
        """Nothing to do: the descriptor is one of a bounded number, which the process shares."""

    # -- inside ------------------------------------------------------------------------------------

    def _blocks(self, chrom: str) -> tuple[int, Blocks]:
        """Number of a chromosome in the file, and its blocks."""
        number = self._number.get(chrom)
        if number is None:
            if chrom not in self.target:
                raise unknown_chromosome(chrom, self.assembly, self.names)
            if chrom in self._other_length:
                raise AssemblyError(
                    f"{self.path} has {self._other_length[chrom]:,} bp of {chrom!r}, and assembly "
                    f"{self.assembly!r} has {self.target[chrom].length:,}: it is of another one"
                )
            return -1, _NO_BLOCKS
        return number, self._file.blocks(number)

    def _paint_one(
        self, chrom: str, number: int, blocks: Blocks, row: int, start: int, end: int, out: NDArray[Any]
    ) -> None:
        """One block, kept from the second time on that it is asked for."""
        key, file = (self._token, number, row), self._file.file
        offset, size = int(blocks.offset[row]), int(blocks.size[row])
        stored = self._file.stored
        block = decoded.get(key)
        low, high = max(start, int(blocks.start[row])), min(end, int(blocks.end[row]))
        if low >= high:  # a leaf without a base
            return
        data: bytes = b""
        place = (file.fd, offset, size)
        if block is None and (file.fd < 0 or decoded.wanted_again(key)):
            try:
                if file.fd < 0:
                    data, place = self._file.read(offset, size), (bigwig_blocks.GIVEN, 0, size)
                block = bigwig_blocks.unpack(*place, data, stored=stored, most=MOST_BLOCK)
                if not block:
                    raise ValueError("it holds nothing")
            except ValueError as error:
                raise self._file.damaged_block(chrom, blocks, row, str(error)) from error
            decoded.put(key, block)
        if block is not None:
            data, place = block, (INFLATED, 0, len(block))
        leaf = (blocks.first[row], blocks.last[row], blocks.start[row], blocks.end[row])
        job = np.array([(*place, low, high, low - start, 1, number, *leaf)], np.int64)
        failed = bigwig_blocks.paint(job, data, out, swapped=self._file.swapped, stored=stored)
        if failed is not None:
            raise self._file.damaged_block(chrom, blocks, row, failed[1])

    def _paint(
        self,
        chrom: str,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        out: NDArray[Any],
        dest: NDArray[np.int64],
        step: NDArray[np.int64] | None,
        threads: bool,
    ) -> None:
        """Intervals of one chromosome; each is painted by one thread, so later blocks win in it."""
        number, blocks = self._blocks(chrom)
        ways = np.ones(starts.size, np.int64) if step is None else step
        if threads and starts.size == 1:
            starts, ends, dest, ways = _in_pieces(blocks, starts, ends, dest, ways)
        of, rows = blocks.pairs(starts, ends)
        # Before its blocks, each interval is filled with NaN.
        first = np.searchsorted(of, np.arange(starts.size)) + np.arange(starts.size)
        jobs = np.zeros((starts.size + of.size, JOB_COLUMNS), np.int64)
        is_block = np.ones(jobs.shape[0], np.bool_)
        is_block[first] = False
        interval = np.empty(jobs.shape[0], np.int64)
        interval[first], interval[is_block] = np.arange(starts.size), of
        jobs[:, LOW], jobs[:, HIGH] = starts[interval], ends[interval]
        jobs[:, DEST], jobs[:, STEP], jobs[:, CHROM] = dest[interval], ways[interval], number
        leaf = ((FIRST, blocks.first), (LAST, blocks.last), (START, blocks.start), (END, blocks.end))
        for column, values in leaf:
            jobs[is_block, column] = values[rows]
        at = np.zeros(jobs.shape[0], np.int64)
        at[is_block] = rows
        in_threads(
            lambda low, high: self._run(chrom, blocks, jobs[low:high], at[low:high], is_block[low:high], out),
            parts(interval) if threads else [(0, jobs.shape[0])],
        )

    def _run(
        self,
        chrom: str,
        blocks: Blocks,
        jobs: NDArray[np.int64],
        rows: NDArray[np.int64],
        is_block: NDArray[np.bool_],
        out: NDArray[Any],
    ) -> None:
        """Fill in where the blocks of some jobs lie, and run them."""
        file, data = self._file.file, b""
        offset, size = blocks.offset[rows[is_block]], blocks.size[rows[is_block]]
        if file.fd < 0 and offset.size:
            data, offset = self._file.fetch(offset, size)
        jobs[is_block, FILE], jobs[is_block, OFFSET], jobs[is_block, SIZE] = file.fd, offset, size
        stored = self._file.stored
        failed = bigwig_blocks.paint(jobs, data, out.reshape(-1), swapped=self._file.swapped, stored=stored)
        if failed is not None:
            raise self._file.damaged_block(chrom, blocks, int(rows[failed[0]]), failed[1])


def _in_pieces(
    blocks: Blocks,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    dest: NDArray[np.int64],
    ways: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """A long interval cut where blocks begin, so that threads share it."""
    start, end = int(starts[0]), int(ends[0])
    low, high = blocks.start.searchsorted(start, side="right"), blocks.start.searchsorted(end)
    borders = np.unique(np.concatenate([[start], blocks.start[low + _PART : high : _PART], [end]]))
    begins = borders[:-1]
    return begins, borders[1:], dest[0] + (begins - start) * ways[0], np.full(begins.size, ways[0])


_NONE = np.zeros(0, np.int64)
_NO_BLOCKS = Blocks(_NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, None)
