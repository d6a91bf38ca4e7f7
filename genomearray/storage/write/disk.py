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
        self._check()

    def drop(self) -> None:
        """Write nothing any more: the file will not be kept."""
        self._error = self._error or OSError(errno.ECANCELED, os.strerror(errno.ECANCELED))

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
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
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Bytes of the file; zeros where they were dropped."""
        view = memoryview(buffer).cast("B")
        data = b""
        with self._kept():
            data = os.pread(self._handle, len(view), self._at)
        view[: len(data)] = data
        missing = min(len(view), max(self._size - self._at, 0)) - len(data)
        if missing > 0:
            view[len(data) : len(data) + missing] = bytes(missing)
        count = len(data) + max(missing, 0)
        self._at += count
        return count

    def write(self, data: Any, /) -> int:
        view = memoryview(data).cast("B")
        if self._error is None:
            with self._kept():
                done = 0
                while done < len(view):
                    done += os.pwrite(self._handle, view[done:], self._at + done)
        self._at += len(view)
        self._size = max(self._size, self._at)
        return len(view)

    def truncate(self, size: int | None = None, /) -> int:
        self._size = self._at if size is None else size
        if self._error is None:
            with self._kept():
                os.ftruncate(self._handle, self._size)
        return self._size

    @contextlib.contextmanager
    def _kept(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._error = self._error or error
