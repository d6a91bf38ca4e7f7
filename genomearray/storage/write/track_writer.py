"""Values in any order -> one track on disk, in bounded memory, published whole.

Pieces (chromosome, offsets, values) wait in a queue by block of 4 Mbp. When the queue is
full, blocks are painted, summarised and compressed in threads and handed to the sink.
A block that comes back later is read, painted again and stored again.
"""

from __future__ import annotations

import itertools
import threading
import warnings
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from genomearray._typing import Attributes
from genomearray.errors import GenomeArrayWarning, RegionError, ValueRangeError
from genomearray.executor import workers
from genomearray.reference.assembly import Chromosome
from genomearray.reference.intervals import ragged_index
from genomearray.reference.labels import check_labels
from genomearray.reference.region import integer
from genomearray.storage.chunks.codecs import Codec
from genomearray.storage.layout import BLOCK, Layout, Variable
from genomearray.storage.read.open_stored import open_part
from genomearray.storage.write.cast import Caster, plain_array
from genomearray.storage.write.disk import disk_errors
from genomearray.storage.write.encoding import BlockEncoder, EncodedBlock, encode
from genomearray.storage.write.options import Describe, WriteReport
from genomearray.storage.write.paint import paint_intervals
from genomearray.storage.write.publish import Part, PartWriter
from genomearray.storage.write.tables import Table, TableBuilder, sequence_bounds
from genomearray.storage.write.written_bases import BlockKey, WrittenBases
from genomearray.summary import Summary
from genomearray.summary_kernels import summarise

QUEUE_BYTES = 4 << 20  # small, so that reading the input and compressing go on side by side
MOST_QUEUE_BYTES = 256 << 20  # for input that jumps about: fewer returns to stored blocks
_RUNNING_BYTES = 20 << 20  # pieces handed to threads and not yet stored, for each thread


class Sink(Protocol):
    """A track being written in one form of storage; ``put`` and ``get`` are called from threads."""

    layout: Layout

    def codec(self, variable: Variable) -> Codec: ...
    def encoder(self, caster: Caster) -> BlockEncoder: ...
    def put(self, variable: Variable, block: int, chunks: list[bytes | None]) -> None: ...
    def get(self, variable: Variable, block: int) -> NDArray[Any]: ...
    def finish(self, summary: Summary, sequences: Table, attributes: dict[str, str | int]) -> None: ...
    def abandon(self) -> None: ...


@dataclass(slots=True)
class _Piece:
    """Values of a block: dense from ``starts`` on, or on intervals."""

    starts: NDArray[np.int32] | int
    ends: NDArray[np.int32] | None
    values: NDArray[Any]

    @property
    def bases(self) -> int:
        return self.values.size if self.ends is None else int((self.ends - self.starts).sum())

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + (8 * self.values.size if self.ends is not None else 0)


class TrackWriter(PartWriter):
    """Writes one track; a context manager that publishes it, or leaves nothing.

    Made by :meth:`genomearray.GenomeDB.create_track`. After it, ``writer.report`` (a WriteReport)
    says how many bases were written, written again, or changed to fit the dtype; changed values
    are also a GenomeArrayWarning.

    Examples
    --------
    >>> with db.create_track("mine", dtype="uint16") as writer:
    ...     writer.write("chr1", 10, [1, 2, 3])
    >>> db["mine"].values("chr1", 9, 14)
    array([0, 1, 2, 3, 0], dtype=uint16)
    """

    def __init__(
        self,
        part: Part,
        sink: Sink,
        caster: Caster,
        fill: Any,
        attributes: Attributes,
        *,
        threads: int | None = None,
        describe: Describe | None = None,
    ) -> None:
        self.layout = sink.layout
        self.dtype = caster.dtype
        self.report = WriteReport()
        self._part = part
        self._sink = sink
        self._caster = caster
        self.fill = fill
        self._attributes = attributes
        self._describe = describe
        self._tables = TableBuilder(sink.layout, caster.dtype, fill)
        self._touched: dict[str, None] = {}
        self._queue: dict[BlockKey, list[_Piece]] = {}
        self._queued: dict[BlockKey, int] = {}
        self._budget = QUEUE_BYTES
        self._stored: set[BlockKey] = set()
        self._running: dict[BlockKey, tuple[Future[None], int]] = {}
        self._written = WrittenBases()
        self._lock = threading.Lock()
        self._closed = False
        self._most_running = _RUNNING_BYTES * (threads or workers())
        self._pool = ThreadPoolExecutor(threads or workers(), thread_name_prefix="genomearray-write")

    # -- what a user calls ---------------------------------------------------------------

    def write(
        self, chrom: str | Chromosome, start: int, values: ArrayLike, *, handed_over: bool = False
    ) -> None:
        """Write values of consecutive bases; a base written again keeps the last value.

        Parameters
        ----------
        chrom : str or Chromosome
        start : int
            Offset (0-based) of the first value.
        values : array_like, shape (n,)
            Labels that they carry must be those of the place.
        handed_over : bool
            The caller does not change the values any more: they are not copied, and a value that
            does not fit may be reported after this call.

        Raises
        ------
        UnknownChromosomeError, RegionError, AssemblyError, ValueRangeError
        """
        self._check_open()
        check_labels(values, self.layout.assembly.name, str(chrom), integer(start, "offset"))
        array = plain_array(values)
        if array.ndim != 1:
            raise ValueRangeError(f"values have shape {array.shape}; give one value per base, shape (n,)")
        if isinstance(values, np.ma.MaskedArray):
            raise ValueRangeError(
                "values are a masked array, and a track has no mask; fill it first, with NaN or 0 (.filled())"
            )
        variable, offset, length = self.layout.locate(chrom)
        start = integer(start, "offset")
        if start < 0 or start + array.size > length:
            raise RegionError(
                f"offsets [{start}, {start + array.size}) are outside {str(chrom)!r}; allowed is 0 "
                f"<= start <= end <= {length}"
            )
        if not array.size:
            return
        self._touched[str(chrom)] = None
        cast = array
        if not handed_over:
            cast = self._caster(array)
            cast = cast.copy() if cast is array or cast.base is not None else cast
        index = self.layout.variables.index(variable)
        position = offset + start
        while cast.size:
            block, inside = divmod(position, BLOCK)
            taken = min(cast.size, BLOCK - inside)
            self._enqueue((index, block), _Piece(inside, None, cast[:taken]))
            cast, position = cast[taken:], position + taken

    def write_intervals(
        self, chrom: str | Chromosome, starts: ArrayLike, ends: ArrayLike, values: ArrayLike
    ) -> None:
        """Write one value on each of many intervals; where they overlap, the last wins.

        Parameters
        ----------
        chrom : str or Chromosome
        starts, ends : array_like of int, shape (n,)
            Offsets, half-open, 0 <= start < end <= length.
        values : array_like, shape (n,)

        Raises
        ------
        UnknownChromosomeError, RegionError, ValueRangeError
        """
        self._check_open()
        first, last = np.asarray(starts, dtype=np.int64), np.asarray(ends, dtype=np.int64)
        array = np.asarray(values)
        if not first.shape == last.shape == array.shape or first.ndim != 1:
            raise ValueRangeError(
                f"starts {first.shape}, ends {last.shape} and values {array.shape} differ in shape; "
                "each is (n,)"
            )
        variable, offset, length = self.layout.locate(chrom)
        bad = (first < 0) | (first >= last) | (last > length)
        if bad.any():
            k = int(np.argmax(bad))
            raise RegionError(
                f"interval [{first[k]}, {last[k]}) is not inside {str(chrom)!r}; allowed is 0 <= "
                f"start < end <= {length}"
            )
        if not first.size:
            return
        self._touched[str(chrom)] = None
        self._split(self.layout.variables.index(variable), first + offset, last + offset, self._caster(array))

    def cast(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values in the dtype of the track; what does not fit is treated, and counted, as by ``write``."""
        return self._caster(values)

    def encoder(self) -> BlockEncoder:
        """What encodes whole blocks of this track, here or in another process; see :meth:`accept`."""
        self._check_open()
        return self._sink.encoder(self._caster)

    def accept(self, done: EncodedBlock) -> None:
        """Store a whole block that nobody else writes, encoded by :meth:`encoder`."""
        job = done.job
        if done.encoded:
            with disk_errors(self._part.target):
                self._sink.put(job.variable, job.block, done.encoded)
        with self._lock:
            self._tables.put(job.variable, job.block, done.chunks, job.rows, done.parts)
            self.report.bases += job.length
            self._touched.update(dict.fromkeys(job.names))
            self._caster.saturated += done.changed[0]
            self._caster.nan_to_zero += done.changed[1]

    def close(self) -> None:
        """Write what is queued, check the whole track, and make it visible under its name."""
        if not self._closed:
            self.finish()
            self.publish()

    def finish(self) -> None:
        """Write what is queued and check the whole track; it is not visible yet."""
        try:
            self._flush(keep=None)
            for key in list(self._running):
                self._wait(key)
            self._closed = True
            self._pool.shutdown()
            self._fill_report()
            if self._describe is None:
                self._warn()
            extra = self._describe(self.report) if self._describe else {}
            with disk_errors(self._part.target):
                self._sink.finish(self._tables.summary, self._tables.sequences(), self._attributes | extra)
            written = open_part(self._part.path)
            written.check_chunks()
            written.close_file()
        except BaseException:
            self.abort()
            raise
        finally:
            self._written.close()

    def abort(self) -> None:
        """Give up: nothing becomes visible, and the part is removed."""
        self._closed = True
        self._queue.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._written.close()
        self._sink.abandon()
        self._part.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        elif not self._closed:
            self.abort()

    # -- the queue -----------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise ValueRangeError("the writer is closed; create the track anew to change it")

    def _split(
        self, index: int, starts: NDArray[np.int64], ends: NDArray[np.int64], values: NDArray[Any]
    ) -> None:
        """Queue intervals by block, in their order; one that crosses a border becomes several."""
        first, last = starts // BLOCK, (ends - 1) // BLOCK
        if (first != last).any():
            times = last - first + 1
            rows = np.repeat(np.arange(starts.size), times)
            ahead = ragged_index(times)
            first = first[rows] + ahead
            starts = np.maximum(starts[rows], first * BLOCK)
            ends = np.minimum(ends[rows], (first + 1) * BLOCK)
            values = values[rows]
        if (first[1:] < first[:-1]).any():
            order = np.argsort(first, kind="stable")
            first, starts, ends, values = first[order], starts[order], ends[order], values[order]
        borders = [0, *(np.flatnonzero(np.diff(first)) + 1).tolist(), first.size]
        for low, high in itertools.pairwise(borders):
            block = int(first[low])
            base = block * BLOCK
            piece = _Piece(
                (starts[low:high] - base).astype(np.int32),
                (ends[low:high] - base).astype(np.int32),
                values[low:high].copy(),
            )
            self._enqueue((index, block), piece)

    def _enqueue(self, key: BlockKey, piece: _Piece) -> None:
        self._queue.setdefault(key, []).append(piece)
        self._queued[key] = self._queued.get(key, 0) + piece.nbytes
        if sum(self._queued.values()) > self._budget:
            # Sorted input goes on in the block it wrote last: that one stays.
            self._flush(keep=key if self._queued[key] < 2 * MOST_QUEUE_BYTES else None)

    def _flush(self, keep: BlockKey | None) -> None:
        keys = [key for key in self._queue if key != keep]
        if any(key in self._stored for key in keys):
            self._budget = min(4 * self._budget, MOST_QUEUE_BYTES)
        for key in keys:
            pieces, size = self._queue.pop(key), self._queued.pop(key)
            if key in self._running:
                self._wait(key)
            while (
                self._running
                and sum(running for _, running in self._running.values()) + size > self._most_running
            ):
                self._wait(next(iter(self._running)))
            self._running[key] = self._pool.submit(self._store, key, pieces, key in self._stored), size
            self._stored.add(key)
        # An error in a thread ends the import soon, not at its end.
        for key in [key for key, (future, _) in self._running.items() if future.done()]:
            self._wait(key)

    def _wait(self, key: BlockKey) -> None:
        self._running.pop(key)[0].result()

    # -- in threads ----------------------------------------------------------------------

    def _store(self, key: BlockKey, pieces: list[_Piece], again: bool) -> None:
        """Paint, summarise, compress and store one block."""
        variable, block = self.layout.variables[key[0]], key[1]
        length = min(BLOCK, variable.length - block * BLOCK)
        for piece in pieces:
            piece.values = self._caster(piece.values)  # done already, unless they were handed over
        if not again and len(pieces) == 1 and pieces[0].ends is None and pieces[0].bases == length:
            # A whole block in one piece needs no painting, as counts of reads come.
            values, before, now, overwritten = pieces[0].values, 0, length, 0
            self._written.save(key, None)
        else:
            values, before, now, overwritten = self._paint_block(key, variable, pieces, length, again)
        chunks, encoded = encode(
            values, variable.chunk, self._sink.codec(variable), self.fill, keep_all=again
        )
        rows, bounds = sequence_bounds(self.layout, variable, block, length)
        parts = summarise(values, bounds[:-1], bounds[1:])
        with disk_errors(self._part.target):
            self._sink.put(variable, block, encoded)
        with self._lock:
            self._tables.put(variable, block, chunks, rows, parts)
            self.report.bases += now - before
            self.report.overwritten += overwritten

    def _paint_block(
        self, key: BlockKey, variable: Variable, pieces: list[_Piece], length: int, again: bool
    ) -> tuple[NDArray[Any], int, int, int]:
        """Values of a block; its written bases before and now, and those written twice."""
        values = self._sink.get(variable, key[1]) if again else np.full(length, self.fill, dtype=self.dtype)
        written = self._written.load(key, length) if again else np.zeros(length, dtype=np.bool_)
        before = int(np.count_nonzero(written)) if again else 0
        reach, overwritten, painted = (length if again else 0), 0, 0
        for piece in pieces:
            twice, reach = _paint(values, written, piece, reach)
            overwritten += twice
            painted += piece.bases
        now = before + painted - overwritten
        self._written.save(key, written if now < length else None)
        return values, before, now, overwritten

    def _warn(self) -> None:
        """Tell what was changed, where nobody asked for a description."""
        report = self.report
        changes = (
            [f"{report.saturated:,} values did not fit {self.dtype} and were set to its limits"]
            if report.saturated
            else []
        )
        changes += [f"{report.nan_to_zero:,} missing values became 0"] if report.nan_to_zero else []
        if changes:
            warnings.warn(
                f"track {self._part.name!r}: {', '.join(changes)}; give a wider dtype=, or overflow='error'",
                GenomeArrayWarning,
                stacklevel=4,
            )

    def _fill_report(self) -> None:
        self.report.saturated = self._caster.saturated
        self.report.nan_to_zero = self._caster.nan_to_zero
        self.report.chromosomes = list(self._touched)


def _paint(values: NDArray[Any], written: NDArray[np.bool_], piece: _Piece, reach: int) -> tuple[int, int]:
    """Put a piece onto a block; gives the bases written again, and how far bases are written now."""
    if not isinstance(piece.starts, int):
        assert piece.ends is not None
        twice, reach = paint_intervals(values, written, piece.starts, piece.ends, piece.values, reach)
        return int(twice), int(reach)
    end = piece.starts + piece.values.size
    part = slice(piece.starts, end)
    again = int(np.count_nonzero(written[part])) if piece.starts < reach else 0
    values[part] = piece.values
    written[part] = True
    return again, max(reach, end)
