"""BGZF: gzip members of at most 64 KiB, inflated in threads, in order.

References
----------
SAM/BAM format specification v1, section 4.1: every member carries its compressed size in the extra
subfield BC; the last one is empty, so that a cut file is recognised.
https://samtools.github.io/hts-specs/SAMv1.pdf
"""

from __future__ import annotations

import os
import stat
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError
from genomearray.storage.chunks.codecs import gunzip

HEADROOM = 1 << 16  # before the bytes of a slab: the beginning of a record that was cut goes there
_READ = 1 << 19  # compressed bytes together: their plain bytes stay in the cache until they are walked
_MOST_PLAIN = 1 << 16  # bytes of a member, section 4.1
_HEAD = 12  # gzip's fixed header with the length of the extra field
_FOOT = 8  # crc32 and length
EOF_MARKER = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


@dataclass(slots=True)
class InflatedBytes:
    """Plain bytes ``buffer[HEADROOM:end]`` of neighbouring members."""

    buffer: NDArray[np.uint8]
    end: int


@dataclass(slots=True, frozen=True)
class _FirstMember:
    """A member at ``offset`` of the file, its plain bytes with their headroom, and what follows it."""

    offset: int
    after: int
    plain: NDArray[np.uint8]


class BgzfReader:
    """Plain bytes of a BGZF file, slab by slab.

    Parameters
    ----------
    file : binary file
        Also a pipe; it is read from where it stands.
    name : str
        For messages.
    pool : ThreadPoolExecutor
        Inflates.
    ahead : int
        Slabs that are inflated before they are asked for.
    allow_missing_eof : bool
        Whether the file may end without the empty member at its end, also in the middle of a member.

    Attributes
    ----------
    cut : bool
        Whether it did end in the middle of a member.

    Raises
    ------
    FormatError
        From :meth:`next`: not BGZF, damaged, cut.
    """

    def __init__(
        self,
        file: IO[bytes],
        name: str,
        pool: ThreadPoolExecutor,
        *,
        ahead: int = 4,
        allow_missing_eof: bool = False,
    ) -> None:
        self.name = name
        self.taken = 0  # compressed bytes read so far
        self.cut = False
        self.seekable = file.seekable()
        self._file = file
        self._pool = pool
        self._ahead = ahead
        self._allow_missing_eof = allow_missing_eof
        self._rest = b""
        self._offset = 0  # in the file, of the first byte of _rest
        self._ended = False  # the file
        self._done = False  # and all of it was handed on
        self._empty_last = False  # the last member was empty
        self._fresh = False  # nothing was read since a seek
        self._first: _FirstMember | None = None  # after the last seek
        self._queue: deque[Future[InflatedBytes]] = deque()
        self._spare: list[NDArray[np.uint8]] = []

    @property
    def ended(self) -> bool:
        """Whether the file was read to its end."""
        return self._ended

    def seek(self, offset: int) -> None:
        """Go on at the member that begins at a byte of the file."""
        while self._queue:
            self._queue.popleft().cancel()
        self._file.seek(offset)
        self._rest, self._offset = b"", offset
        self._ended = self._done = self._empty_last = False
        self._fresh = True

    def next(self) -> InflatedBytes | None:
        """The next slab, None at the end."""
        if self._fresh:
            self._fresh = False
            return self._next_member()
        while len(self._queue) < self._ahead and self._submit():
            pass
        return self._queue.popleft().result() if self._queue else None

    def _next_member(self) -> InflatedBytes | None:
        """The member that begins where the file stands. Contigs that come in another order are jumped
        to one by one, and thousands of them may lie in one member: the last one is kept.
        """
        first = self._first
        if first is None or first.offset != self._offset:
            start = self._offset
            if not self._submit(_MOST_PLAIN, most=1):
                return None
            slab = self._queue.popleft().result()
            first = self._first = _FirstMember(start, self._offset, slab.buffer[: slab.end].copy())
            self.release(slab)
        else:
            self._offset = first.after
            self._file.seek(first.after)
        return InflatedBytes(first.plain.copy(), first.plain.size)

    def release(self, slab: InflatedBytes) -> None:
        """Give back a slab that is not looked at any more: new memory costs as much as inflating into it."""
        if len(self._spare) <= self._ahead:
            self._spare.append(slab.buffer)

    def _submit(self, size: int = _READ, most: int | None = None) -> bool:
        """Read ``size`` bytes or more, and inflate the members in them, at ``most`` so many."""
        members: list[tuple[int, int, int, int]] = []
        data, plain, offset = b"", 0, 0
        while not members:
            if self._done:
                return False
            data = self._fill(size)
            members, plain, used = self._members(data, most)
            offset, self._offset, self._rest = self._offset, self._offset + used, data[used:]
            if self._ended and len(members) != most:
                self._finish()
        table = np.array(members, np.int64)
        table[:, 2] += HEADROOM
        self._queue.append(self._pool.submit(self._inflate, table, data, HEADROOM + plain, offset))
        return True

    def _finish(self) -> None:
        """The file has ended, and its last whole member was taken."""
        self._done = True
        if self._rest:
            if not (self._allow_missing_eof and self._rest[:3] == b"\x1f\x8b\x08"[: len(self._rest)]):
                raise self._damaged(self._offset, "it is cut")
            self.cut = True  # in the middle of a block, where a killed writer stopped
        if not self._empty_last and not self._allow_missing_eof:
            raise missing_eof(self.name)

    def _fill(self, size: int) -> bytes:
        read = self._file.read(size)
        self.taken += len(read)
        self._ended = len(read) < size
        return self._rest + read if self._rest else read

    def _members(
        self, data: bytes, most: int | None = None
    ) -> tuple[list[tuple[int, int, int, int]], int, int]:
        """Rows for :func:`gunzip` of all whole members, their plain bytes, and the bytes they take."""
        members: list[tuple[int, int, int, int]] = []
        at = plain = 0
        while len(data) - at >= _HEAD + 6 and len(members) != most:
            if data[at : at + 4] != b"\x1f\x8b\x08\x04":
                gzip = data[at : at + 3] == b"\x1f\x8b\x08"
                raise self._damaged(
                    self._offset + at,
                    "it is gzip and not BGZF" if gzip else "no compressed block begins there",
                )
            extra = data[at + 10] | data[at + 11] << 8
            size = _member_size(data, at, extra)
            if size is None:
                if len(data) - at < _HEAD + extra:
                    break
                raise self._damaged(self._offset + at, "it is gzip and not BGZF")
            if size < _HEAD + extra + _FOOT:
                raise self._damaged(self._offset + at, "its length cannot be")
            if at + size > len(data):
                break
            length = int.from_bytes(data[at + size - 4 : at + size], "little")
            if length > _MOST_PLAIN:
                raise self._damaged(self._offset + at, "it says to hold more than 65,536 bytes")
            members.append((at + _HEAD + extra, size - _HEAD - extra, plain, length))
            self._empty_last = length == 0
            plain += length
            at += size
        return members, plain, at

    def _inflate(self, members: NDArray[np.int64], data: bytes, end: int, offset: int) -> InflatedBytes:
        # list.pop is atomic: threads do not get the same one.
        buffer = self._spare.pop() if self._spare else np.empty(0, np.uint8)
        if buffer.size < end:
            buffer = np.empty(max(end, HEADROOM + 4 * _READ), np.uint8)
        failed = gunzip(members, data, buffer)
        if failed is not None:
            begin = int(members[failed[0] - 1, :2].sum()) if failed[0] else 0  # after the member before it
            raise self._damaged(offset + begin, failed[1])
        return InflatedBytes(buffer, end)

    def _damaged(self, offset: int, what: str) -> FormatError:
        return FormatError(
            f"{self.name}: the compressed block at byte {offset:,} is damaged or cut: {what}; get "
            "the file again"
        )


def _member_size(data: bytes, at: int, extra: int) -> int | None:
    """Compressed size of a member from its subfield BC; None when there is none, or it is not there yet."""
    if extra == 6 and data[at + 12 : at + 16] == b"BC\x02\x00":
        return (data[at + 16] | data[at + 17] << 8) + 1
    field, end = at + _HEAD, at + _HEAD + extra
    while field + 4 <= min(end, len(data)):
        length = data[field + 2] | data[field + 3] << 8
        if data[field : field + 2] == b"BC" and length == 2 and field + 6 <= len(data):
            return (data[field + 4] | data[field + 5] << 8) + 1
        field += 4 + length
    return None


def missing_eof(name: str) -> FormatError:
    """The error for a BAM without the empty block at its end."""
    return FormatError(
        f"{name}: the end-of-file marker is missing: its writer was killed or is still writing, or "
        "the file is cut",
        hint="{allow_missing_eof} reads what is there",
    )


def is_bgzf(head: bytes) -> bool:
    """Whether a file with these first bytes is BGZF: gzip with the subfield BC."""
    return head[:4] == b"\x1f\x8b\x08\x04" and _member_size(head, 0, head[10] | head[11] << 8) is not None


def tail_of(file: IO[bytes], count: int) -> bytes | None:
    """The last bytes of a regular file, whose place is kept; None for a pipe."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        return None
    return os.pread(file.fileno(), count, max(0, status.st_size - count))


def ends_empty(file: IO[bytes]) -> bool:
    """Whether a regular BGZF file ends with an empty member, as any writer compresses it; True for pipes."""
    tail = tail_of(file, _MOST_PLAIN)
    if tail is None or tail.endswith(EOF_MARKER):
        return True
    if not tail.endswith(b"\0\0\0\0"):  # the length of the last member
        return False
    magic = b"\x1f\x8b\x08\x04"
    at = tail.rfind(magic)
    while at >= 0 and not _reaches_end(tail, at):
        at = tail.rfind(magic, 0, at)
    return at >= 0 and _inflates_to_nothing(tail[at:])


def _reaches_end(tail: bytes, at: int) -> bool:
    """Whether a member begins at a place of the last bytes of a file, and ends with them."""
    left = len(tail) - at
    return left >= _HEAD and _member_size(tail, at, tail[at + 10] | tail[at + 11] << 8) == left


def _inflates_to_nothing(member: bytes) -> bool:
    """Whether a member is whole and empty, and nothing was changed in the bits that no inflater
    looks at: a compressor fills the last byte of its stream with zeros.
    """
    stream = member[_HEAD + (member[10] | member[11] << 8) : -_FOOT]
    inflate = zlib.decompressobj(-15)
    try:
        plain = inflate.decompress(stream)
    except zlib.error:
        return False
    padded = stream[:1] == b"\x03" and stream != b"\x03\x00"
    return not plain and inflate.eof and not inflate.unused_data and not padded
