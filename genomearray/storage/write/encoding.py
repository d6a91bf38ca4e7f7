"""One block of values -> its compressed chunks and their statistics: the unit of work of every writer.

A task needs nothing but what stands here, so that it runs in a thread, or in a process of a cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import ValueRangeError
from genomearray.storage.chunks.codecs import Codec
from genomearray.storage.layout import BLOCK, Layout, Variable
from genomearray.storage.write.cast import Caster
from genomearray.storage.write.tables import sequence_bounds
from genomearray.summary import Summary, chunk_bounds
from genomearray.summary_kernels import summarise

_GROUP_BYTES = 1 << 19  # of chunks that are summarised and compressed together: they stay in the cache


@dataclass(frozen=True, slots=True)
class BlockJob:
    """A block of a variable, and the stretches of sequences in it, end to end.

    Attributes
    ----------
    index : int
        Of the variable in the layout.
    names : tuple of str
    starts, ends : ndarray of int64, shape (n,)
        Offsets in each sequence, bp.
    rows : ndarray of int64
        Rows in /sequences of packed sequences; empty for a variable of its own.
    """

    index: int
    variable: Variable
    block: int
    names: tuple[str, ...]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    rows: NDArray[np.int64]

    @property
    def length(self) -> int:
        """Positions in the block."""
        return min(BLOCK, self.variable.length - self.block * BLOCK)

    @property
    def bounds(self) -> NDArray[np.int64]:
        """Borders of the packed sequences in the block."""
        return np.append(0, np.cumsum(self.ends - self.starts)) if self.rows.size else np.zeros(1, np.int64)


def block_jobs(layout: Layout) -> Iterator[BlockJob]:
    """All blocks of the tracks of a layout, in order."""
    names = layout.assembly.names
    for index, variable in enumerate(layout.variables):
        for block in range(variable.n_blocks):
            low, high = block * BLOCK, min((block + 1) * BLOCK, variable.length)
            if variable.row >= 0:
                yield BlockJob(
                    index,
                    variable,
                    block,
                    (names[variable.row],),
                    np.array([low]),
                    np.array([high]),
                    np.empty(0, np.int64),
                )
                continue
            rows, bounds = sequence_bounds(layout, variable, block, high - low)
            starts = low + bounds[:-1] - layout.packed_start[rows]
            yield BlockJob(
                index,
                variable,
                block,
                tuple(names[row] for row in rows.tolist()),
                starts,
                starts + np.diff(bounds),
                rows,
            )


@dataclass(slots=True)
class EncodedBlock:
    """What a track stores of a block.

    Attributes
    ----------
    chunks, parts : Summary
        Statistics of the chunks, and of the packed sequences.
    encoded : list of bytes or None
        Compressed chunks, None for those that hold nothing; empty when they are stored already.
    changed : tuple of int
        Values that saturated, and missing ones that became 0.
    """

    job: BlockJob
    chunks: Summary
    parts: Summary
    encoded: list[bytes | None]
    changed: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class BlockEncoder:
    """Casts, summarises and compresses blocks of one track; can be sent to another process.

    Attributes
    ----------
    codec : Codec
        Its length is that of a chunk; a shorter variable has one chunk of its own length.
    store : Path or None
        Folder where the block is stored at once, where that needs no other block (Zarr).
    """

    dtype: np.dtype[Any]
    fill: Any
    overflow: Any
    round: bool
    form: Any  # a sink: codec_of(dtype, kind, chunk) and, with ``store``, place(...)
    kind: str
    store: Path | None = None

    def codec(self, variable: Variable) -> Codec:
        """The codec of the chunks of a variable."""
        codec: Codec = self.form.codec_of(self.dtype, self.kind, variable.chunk)
        return codec

    def __call__(self, job: BlockJob, values: NDArray[Any]) -> EncodedBlock:
        """Cast and encode the values of a whole block."""
        caster = Caster(self.dtype, self.overflow, round=self.round)
        cast = caster(values)
        chunks, encoded = encode(
            cast, job.variable.chunk, self.codec(job.variable), self.fill, keep_all=False
        )
        bounds = job.bounds
        parts = summarise(cast, bounds[:-1], bounds[1:])
        if self.store is not None:
            self.form.place(self.store, job.variable, job.block, encoded)
            encoded = []
        return EncodedBlock(job, chunks, parts, encoded, (caster.saturated, caster.nan_to_zero))


def _encoded(rows: NDArray[Any], keep: NDArray[np.bool_], codec: Codec) -> Sequence[bytes | None]:
    """Bytes of the chunks that are kept, None for the others."""
    kept = int(np.count_nonzero(keep))
    if kept == keep.size:
        return codec.encode(rows)
    encoded: list[bytes | None] = [None] * keep.size
    if kept:
        where = np.flatnonzero(keep)
        for k, chunk in zip(where.tolist(), codec.encode(rows[where]), strict=True):
            encoded[k] = chunk
    return encoded


def encode(
    values: NDArray[Any], chunk: int, codec: Codec, fill: Any, *, keep_all: bool
) -> tuple[Summary, list[bytes | None]]:
    """Summary and bytes of the chunks of a block, a few at a time so that they stay in the cache."""
    if values.size % chunk:  # the last chunk is stored in full
        padded = np.full(-(-values.size // chunk) * chunk, fill, dtype=values.dtype)
        padded[: values.size] = values
    else:
        padded = np.ascontiguousarray(values)
    bounds = chunk_bounds(values.size, chunk)
    rows = padded.reshape(-1, chunk)
    groups: list[Summary] = []
    encoded: list[bytes | None] = []
    at_once = max(1, _GROUP_BYTES // rows[0].nbytes)
    for first in range(0, rows.shape[0], at_once):
        last = min(first + at_once, rows.shape[0])
        summaries = summarise(values, bounds[first:last], bounds[first + 1 : last + 1])
        if values.dtype.kind == "f" and fill == 0 and (summaries.n < np.diff(bounds[first : last + 1])).any():
            raise ValueRangeError(
                "a track whose missing bases are 0 cannot hold NaN: a chunk of both would read as 0"
            )
        groups.append(summaries)
        encoded.extend(_encoded(rows[first:last], summaries.holds_data(fill) | keep_all, codec))
    return Summary.joined(groups), encoded
