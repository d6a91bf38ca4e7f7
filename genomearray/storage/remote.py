"""Files and folders behind a URL, read by ranges of bytes through fsspec."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

NEAR_BYTES = 1 << 15  # ranges this near are one request: its latency costs more
EXTRA = "reading {} needs another package: pip install 'genomearray[remote]' ({})"


def is_url(path: object) -> bool:
    """Whether a path names a remote store, as ``https://...`` or ``s3://...``.

    Examples
    --------
    >>> is_url("https://example.org/x.zarr"), is_url("/data/x.zarr")
    (True, False)
    """
    return isinstance(path, str) and "://" in path


class RemoteFile:
    """A file read by requests for ranges of bytes; the counterpart of :class:`chunk_map.OpenFile`."""

    fd = -1  # its bytes are handed over, not read by the compiled code

    def __init__(self, system: Any, path: str) -> None:
        self._system = system
        self._path = path

    def read(self, size: int, offset: int) -> bytes:
        """Exactly ``size`` bytes at ``offset``; ValueError when they are not what was asked for."""
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
        with told(self._path):
            return int(self._system.size(self._path))

    def identity(self) -> tuple[Any, ...]:
        """What changes when the file is replaced, as far as the server tells."""
        with told(self._path):
            info = self._system.info(self._path)
        return tuple(str(info.get(key)) for key in ("ETag", "etag", "LastModified", "last_modified", "mtime", "created", "size"))

    def open(self) -> Any:
        """A seekable Python file, for h5py."""
        with told(self._path):
            return self._system.open(self._path, "rb", block_size=1 << 20, cache_type="blockcache")

    def _ranges(self, starts: list[int], ends: list[int]) -> list[bytes]:
        with told(self._path):
            parts = self._system.cat_ranges([self._path] * len(starts), starts, ends, on_error="raise")
        for part, start, end in zip(parts, starts, ends, strict=True):
            if len(part) != end - start:
                raise ValueError(f"{self._path} gave {len(part)} bytes for {end - start} at byte {start}: cut, or a server without range requests")
        return [bytes(part) for part in parts]


class RemoteFolder:
    """A folder behind a URL."""

    def __init__(self, url: str) -> None:
        self._system, self._path = filesystem(url)

    def file(self, path: str) -> RemoteFile:
        """A file in the folder."""
        return RemoteFile(self._system, f"{self._path.rstrip('/')}/{path}")

    def content(self, path: str) -> bytes:
        """All bytes of a file; FileNotFoundError."""
        where = f"{self._path.rstrip('/')}/{path}"
        with told(where):
            return bytes(self._system.cat_file(where))

    def folders(self) -> list[str]:
        """Names of the folders in it."""
        with told(self._path):
            return [entry["name"].rstrip("/").rpartition("/")[2] for entry in self._system.ls(self._path) if entry["type"] == "directory"]

    def identity(self) -> tuple[Any, ...]:
        """What changes when the store is replaced."""
        return self.file("zarr.json").identity()


def filesystem(url: str) -> tuple[Any, str]:
    """The fsspec file system of a URL, and the path in it."""
    try:
        from fsspec.core import url_to_fs

        system, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise OSError(EXTRA.format(url, error)) from error
    return system, str(path)


@contextmanager
def told(path: str) -> Iterator[None]:
    """Whatever a remote file system raises as OSError, with the path."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise OSError(f"{path}: {error or type(error).__name__}") from error
