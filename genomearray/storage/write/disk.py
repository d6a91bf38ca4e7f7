"""Disks that are full, or fail: one line that says so, and never an HDF5 file that cannot be closed.

HDF5 keeps a file open that it could not flush, tries again when the process ends, and crashes. So
it never learns of an error here: what cannot be written is dropped, and the error is raised when the
call of HDF5 is over.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from genomearray.storage.calm import undisturbed


@contextlib.contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Errors of writing with their reason and the file, whoever wrote; HDF5 has two lines of its state."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        match = re.search(r"errno = (\d+)", str(error))
        code = int(match.group(1)) if match else getattr(error, "errno", None)
        if code is None:
            raise
        raise OSError(code, os.strerror(code), str(target)) from error


_TOGETHER = 1 << 20  # bytes that wait


class Hdf5Disk(io.RawIOBase):
    """A file as HDF5 writes it, through h5py's driver for Python files.

    Parameters
    ----------
    path : Path
        Emptied.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        self._at = self._size = 0
        # What follows without a gap is written together: HDF5 hands over one chunk at a time.
        self._waiting: list[bytes] = []
        self._first = self._next = 0  # offsets of what waits
        self._error: BaseException | None = None

    @contextlib.contextmanager
    def calls(self) -> Iterator[None]:
        """Calls of HDF5, in any thread but one at a time; an error of the disk is raised after them."""
        try:
            with undisturbed():
                yield
        except Exception:
            self._check()  # what HDF5 made of what it could not read back
            raise
        self._write_waiting()
        self._check()

    # -- beside HDF5, while it has no file open on it: these raise --------------------------------

    def reserve(self, size: int) -> int:
        """Lengthen the file, by what is written next; gives where it ended."""
        at = self._size
        self._size += size
        return at

    def write_at(self, at: int, data: bytes) -> None:
        """Write bytes at an offset; many threads may, each at its own."""
        done = os.pwrite(self._handle, data, at)
        while done < len(data):
            done += os.pwrite(self._handle, memoryview(data)[done:], at + done)

    def read_at(self, size: int, at: int) -> bytes:
        """Bytes of the file; fewer at its end."""
        return os.pread(self._handle, size, at)

    def drop(self) -> None:
        """Write nothing any more: the file will not be kept."""
        self._error = self._error or OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._write_waiting()
            os.close(self._handle)
        super().close()

    # -- what HDF5 calls; none of these raises -------------------------------------------------

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_SET:  # as HDF5 asks, twice for each chunk
            self._at = offset
            return offset
        self._at = offset + (self._at if whence == os.SEEK_CUR else self._size)
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Bytes of the file; zeros where they were dropped."""
        view = memoryview(buffer).cast("B")
        self._write_waiting()
        try:
            data = os.pread(self._handle, len(view), self._at)
        except BaseException as error:
            self._error = self._error or error
            data = b""
        view[: len(data)] = data
        count = max(min(len(view), self._size - self._at), len(data))
        view[len(data) : count] = bytes(count - len(data))
        self._at += count
        return count

    def write(self, data: Any, /) -> int:
        size = len(data)
        if self._at != self._next or self._next - self._first > _TOGETHER:
            self._write_waiting()
            self._first = self._at
        self._waiting.append(bytes(data))  # of HDF5's own memory, which changes after the call
        self._at += size
        self._next = self._at
        self._size = max(self._size, self._at)
        return size

    def _write_waiting(self) -> None:
        data, at = b"".join(self._waiting), self._first
        self._waiting, self._first = [], self._next
        if not data or self._error is not None:
            return
        try:
            self.write_at(at, data)
        except BaseException as error:
            self._error = error

    def truncate(self, size: int | None = None, /) -> int:
        self._write_waiting()
        self._size = self._at if size is None else size
        if self._error is None:
            try:
                os.ftruncate(self._handle, self._size)
            except BaseException as error:
                self._error = error
        return self._size
