"""Open files and folders: descriptors that close themselves, and locks that a forked child finds free."""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import TrackReplacedError, UnknownTrackError

MOST_FILES = 256


class ForkSafeLock:
    """A lock that a forked child finds free: the thread that held it is not in the child."""

    _all: weakref.WeakSet[ForkSafeLock] = weakref.WeakSet()

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._all.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    @classmethod
    def renew(cls) -> None:
        """In a forked child: all locks anew."""
        for lock in list(cls._all):
            lock._lock = threading.RLock()


class OpenFile:
    """A file descriptor that is closed when nobody holds it any more."""

    def __init__(self, path: str | os.PathLike[str], folder: int | None = None) -> None:
        self.fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
        weakref.finalize(self, os.close, self.fd)

    def read(self, size: int, offset: int) -> bytes:
        """Exactly ``size`` bytes at ``offset``; ValueError when the file ends before."""
        data = os.pread(self.fd, size, offset)
        if len(data) != size:
            raise ValueError(f"the file is cut: {size} bytes wanted at byte {offset}, {len(data)} are there")
        return data

    def fetch(self, offsets: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[bytes, NDArray[np.int64]]:
        """Many ranges: their bytes, and where each begins in them."""
        parts = [
            self.read(size, offset) for offset, size in zip(offsets.tolist(), sizes.tolist(), strict=True)
        ]
        return b"".join(parts), np.cumsum(sizes) - sizes

    def size(self) -> int:
        """Bytes in the file."""
        return os.fstat(self.fd).st_size

    def identity(self) -> tuple[int, int]:
        """Device and inode: another file under the same path has others."""
        status = os.fstat(self.fd)
        return status.st_dev, status.st_ino

    def stamp(self) -> tuple[int, ...]:
        """What changes when the file is written."""
        status = os.fstat(self.fd)
        return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


class OpenFiles:
    """The shards of all open stores; the least recently used are closed first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.reset()

    def reset(self) -> None:
        """Forget all files."""
        self._files: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, opener: Callable[[], Any]) -> Any:
        """The open file of a key. Whoever holds it may read, even if it is dropped here."""
        with self._lock:
            file = self._files.get(key)
            if file is not None:
                self._files.move_to_end(key)
                return file
        file = opener()
        with self._lock:
            self._files[key] = file
            while len(self._files) > min(self._most, _share_of_descriptors()):
                self._files.popitem(last=False)
        return file

    def drop(self, key: Hashable) -> Any:
        """Forget the file of a key; gives it, if it was open."""
        with self._lock:
            return self._files.pop(key, None)


def _share_of_descriptors() -> int:
    """A quarter of what the process may open (``ulimit -n``)."""
    try:
        import resource
    except ImportError:  # Windows
        return MOST_FILES
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST_FILES if allowed == resource.RLIM_INFINITY else max(allowed // 4, 8)


open_files = OpenFiles(MOST_FILES)


class OpenFolder:
    """A folder: its files are opened relative to it, so one that is replaced under a reader stays
    the old one for it.

    Its descriptor is one of a bounded number. A folder that has to be opened again must be the same.

    Parameters
    ----------
    path : path-like
    mark : str
        A file in it that tells one folder from another: inodes are used again.
    """

    def __init__(self, path: str | os.PathLike[str], mark: str) -> None:
        self._path, self._mark = path, mark
        self._key = object()
        first = OpenFile(path)
        self._identity = first.identity()
        self._marked = self._mark_in(first)
        open_files.get(self._key, lambda: first)

    def _mark_in(self, folder: OpenFile) -> tuple[int, ...]:
        try:
            status = os.stat(self._mark, dir_fd=folder.fd)
        except FileNotFoundError:
            return ()
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _descriptor(self) -> OpenFile:
        known: OpenFile = open_files.get(self._key, self._again)
        return known

    def _again(self) -> OpenFile:
        try:
            folder = OpenFile(self._path)
        except FileNotFoundError:
            raise UnknownTrackError(
                f"track {self._path} cannot be reached any more: it is not there"
            ) from None
        if folder.identity() != self._identity or self._mark_in(folder) != self._marked:
            raise TrackReplacedError(
                f"track {self._path} was replaced or removed since it was opened; open it again"
            )
        return folder

    def file(self, path: str) -> OpenFile:
        """An open file in the folder."""
        folder = self._descriptor()
        return OpenFile(path, folder.fd)

    def content(self, path: str) -> bytes:
        """All bytes of a file; FileNotFoundError."""
        file = self.file(path)
        return file.read(file.size(), 0)

    def folders(self) -> list[str]:
        """Names of the folders in it."""
        folder = self._descriptor()
        return [entry.name for entry in os.scandir(folder.fd) if entry.is_dir()]

    def identity(self) -> tuple[int, int]:
        """Device and inode of the folder that was opened."""
        return self._identity
