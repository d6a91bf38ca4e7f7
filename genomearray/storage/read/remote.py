"""Files and folders at a URL, read by ranges of bytes through fsspec."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.storage.chunks.codecs import crc32c

NEAR_BYTES = 1 << 15  # ranges this near are one request: its latency costs more
ENDS = 1 << 15  # bytes at both ends of a file that distinguish it from another
BLOCK_BYTES = 1 << 20  # of what HDF5 reads of its own structure
MOST_BLOCKS = 32
_FIRST_PROCESS = os.getpid()
EXTRA = "reading {} needs another package: pip install 'genomearray[remote]' ({})"


def is_url(path: object) -> bool:
    """Whether a path names a remote store, as ``https://...`` or ``s3://...``.

    Examples
    --------
    >>> is_url("https://example.org/x.zarr"), is_url("/data/x.zarr")
    (True, False)
    """
    return isinstance(path, str) and "://" in path


class _Remote:
    """Something at a URL."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._connect()

    def _connect(self) -> None:
        self._connected, self._path = filesystem(self._url)
        self._process = os.getpid()

    @property
    def _system(self) -> Any:
        """The file system; fsspec's connections do not survive a fork."""
        if self._process != os.getpid():
            self._connect()
        return self._connected


class RemoteFile(_Remote):
    """A file read by requests for ranges of bytes; the counterpart of :class:`chunk_map.OpenFile`."""

    fd = -1  # its bytes are handed over, not read by the compiled code

    def read(self, size: int, offset: int) -> bytes:
        """Exactly ``size`` bytes at ``offset``; OSError when they are not what was asked for."""
        return self._ranges([offset], [offset + size])[0]

    def fetch(self, offsets: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[bytes, NDArray[np.int64]]:
        """Many ranges in few requests: their bytes, and where each begins in them."""
        order = np.argsort(offsets, kind="stable")
        low, high = offsets[order], np.maximum.accumulate((offsets + sizes)[order])
        first = np.flatnonzero(np.append(True, low[1:] > high[:-1] + NEAR_BYTES))
        starts, ends = low[first], high[np.append(first[1:] - 1, low.size - 1)]
        parts = self._ranges(starts.tolist(), ends.tolist())
        base = np.cumsum(ends - starts) - (ends - starts)
        of = np.searchsorted(starts, offsets, side="right") - 1
        return b"".join(parts), offsets - starts[of] + base[of]

    def size(self) -> int:
        """Bytes in the file."""
        with request_errors(self._path):
            return int(self._system.size(self._path))

    def identity(self) -> tuple[Any, ...]:
        """What changes when the file is replaced: what the server reports, and the first and last bytes."""
        with request_errors(self._path):
            info = self._system.info(self._path)
        size = int(info.get("size") or 0)
        ends = self._ranges([0, max(size - ENDS, 0)], [min(ENDS, size), size])
        told_by_server = (str(info.get(key)) for key in ("ETag", "LastModified", "mtime", "created", "size"))
        return *told_by_server, crc32c(b"".join(ends))

    def open(self) -> Any:
        """A seekable Python file, for h5py."""
        return io.BufferedReader(_Seekable(self), buffer_size=1 << 16)

    def _ranges(self, starts: list[int], ends: list[int]) -> list[bytes]:
        with request_errors(self._path):
            parts = self._system.cat_ranges([self._path] * len(starts), starts, ends, on_error="raise")
        for part, start, end in zip(parts, starts, ends, strict=True):
            if len(part) != end - start:
                raise OSError(
                    f"{self._path} gave {len(part)} bytes for {end - start} at byte {start}: cut, or "
                    "a server without range requests"
                )
        return [bytes(part) for part in parts]


class _Seekable(io.RawIOBase):
    """A remote file as a Python file: blocks are asked for once."""

    def __init__(self, file: RemoteFile) -> None:
        super().__init__()
        self._file = file
        self._size = file.size()
        self._at = 0
        self._blocks: dict[int, bytes] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        block, within = divmod(self._at, BLOCK_BYTES)
        if block not in self._blocks:
            if len(self._blocks) >= MOST_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
            start = block * BLOCK_BYTES
            self._blocks[block] = self._file.read(min(BLOCK_BYTES, self._size - start), start)
        part = self._blocks[block][within : within + wanted]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)


class RemoteFolder(_Remote):
    """A folder at a URL."""

    def file(self, path: str) -> RemoteFile:
        """A file in the folder."""
        return RemoteFile(f"{self._url}/{path}")

    def content(self, path: str) -> bytes:
        """All bytes of a file; FileNotFoundError."""
        where = f"{self._path.rstrip('/')}/{path}"
        with request_errors(where):
            return bytes(self._system.cat_file(where))

    def folders(self) -> list[str]:
        """Names of the folders in it."""
        with request_errors(self._path):
            return [
                entry["name"].rstrip("/").rpartition("/")[2]
                for entry in self._system.ls(self._path)
                if entry["type"] == "directory"
            ]

    def identity(self) -> tuple[Any, ...]:
        """What changes when the store is replaced."""
        return self.file("zarr.json").identity()


def filesystem(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in it."""
    try:
        from fsspec.core import url_to_fs

        # Instances that are kept belong to the process that made them.
        system, path = url_to_fs(
            url, **({"skip_instance_cache": True} if os.getpid() != _FIRST_PROCESS else {})
        )
    except (ImportError, ValueError) as error:
        raise OSError(EXTRA.format(url, error)) from error
    return system, str(path)


@contextmanager
def request_errors(path: str) -> Iterator[None]:
    """Whatever a remote file system raises as OSError, with the path."""
    try:
        yield
    except FileNotFoundError as error:
        # fsspec says so too when no server answers.
        cause = error.__cause__
        if cause is None or isinstance(cause, FileNotFoundError) or getattr(cause, "status", 0) in (404, 410):
            raise
        raise OSError(f"{path}: {cause}") from error
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"{path}: {error or type(error).__name__}") from error
