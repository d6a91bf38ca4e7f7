"""The container of D4 files: streams of chained frames, blobs, and directories of them.

References
----------
Hou et al. 2021, doi:10.1038/s43588-021-00085-0; the container is that of the authors' library d4-framefile.
"""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from genomearray.errors import FormatError

_MAGIC = b"d4\xdd\xdd"
_ROOT = 8  # byte of the root directory
_FRAME = struct.Struct("<qQ")  # from this frame to the next one; bytes of the next one
_ENTRY = struct.Struct("<BQQ")  # kind, place from the beginning of the directory, bytes
_DIRECTORY = 512  # bytes of the first frame of a directory
STREAM, FOLDER, BLOB = 0, 1, 2  # kinds of entries
_KINDS = {STREAM: "stream", FOLDER: "directory", BLOB: "blob"}
_DEEPEST = 32


class Entry(NamedTuple):
    """What a directory says of one thing in it; ``at`` is a byte of the file."""

    kind: int
    at: int
    size: int


class D4Container:
    """An open file.

    Parameters
    ----------
    path : str

    Raises
    ------
    FormatError
        Of every method, where the file contradicts itself.
    """

    def __init__(self, path: str) -> None:
        if not Path(path).is_file():
            raise FormatError(f"a D4 file is read here and there, and {path} is not a regular file; give one")
        self.path = path
        self._file = Path(path).open("rb")  # noqa: SIM115 - closed by close()
        self._size = Path(path).stat().st_size
        head = self._file.read(len(_MAGIC))
        if head != _MAGIC:
            self.close()
            raise FormatError(f"{path} is not a D4 file: it begins with {head!r}")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def damaged(self, at: int, what: str) -> FormatError:
        """The error of a place in the file."""
        return FormatError(f"{self.path}: {what} (byte {at:,}); the file is cut or damaged")

    def read(self, at: int, size: int) -> bytes:
        """Bytes of the file, which must be there."""
        if not (0 <= at <= self._size and 0 <= size <= self._size - at):
            raise self.damaged(at, f"{size:,} bytes are said to be there, and the file has {self._size:,}")
        self._file.seek(at)
        data = self._file.read(size)
        if len(data) < size:
            raise self.damaged(at, "the file became shorter while it was read")
        return data

    def frames(self, at: int, size: int) -> list[bytes]:
        """The frames of a stream, the first of which is at ``at`` and has ``size`` bytes."""
        parts: list[bytes] = []
        seen: set[int] = set()
        total = 0
        while True:
            total += size
            if total > self._size:
                raise self.damaged(at, "frames lie over each other")
            if size < _FRAME.size or at in seen:
                raise self.damaged(
                    at, "a frame is followed by itself" if at in seen else "a frame is too small"
                )
            seen.add(at)
            data = self.read(at, size)
            link, next_size = _FRAME.unpack_from(data)
            parts.append(data[_FRAME.size :])
            if not link:
                return parts
            at, size = at + link, next_size

    def stream(self, entry: Entry) -> bytes:
        """All bytes of a stream."""
        return b"".join(self.frames(entry.at, entry.size))

    def directory(self, at: int = _ROOT) -> dict[str, Entry]:
        """What is in a directory, by name; the root unless ``at`` is the byte of another one."""
        data = b"".join(self.frames(at, _DIRECTORY))
        entries: dict[str, Entry] = {}
        k = 0
        while k < len(data) and data[k]:
            end = data.find(b"\0", k + 1 + _ENTRY.size)
            if data[k] != 1 or end < 0:
                raise self.damaged(at, "a directory has no end")
            kind, place, size = _ENTRY.unpack_from(data, k + 1)
            name = data[k + 1 + _ENTRY.size : end].decode(errors="replace")
            if kind not in _KINDS or name in entries:
                raise self.damaged(at, f"a directory has {name!r} twice, or as a thing of kind {kind}")
            entries[name] = Entry(kind, at + place, size)
            k = end + 1
        return entries

    def entry(self, folder: dict[str, Entry], name: str, kind: int, at: int) -> Entry:
        """One thing of the directory at byte ``at``."""
        found = folder.get(name)
        if found is None or found.kind != kind:
            raise self.damaged(
                at, f"there is no {_KINDS[kind]} {name!r}: the program that wrote the file did not finish"
            )
        return found

    def tracks(self) -> dict[str, int]:
        """Bytes of the directories that hold a track each, by name; a single one has no name."""
        found: dict[str, int] = {}
        waiting = [("", _ROOT, 0)]
        seen: set[int] = set()
        while waiting:
            name, at, depth = waiting.pop(0)
            if at in seen or depth > _DEEPEST:
                raise self.damaged(at, "a directory is in itself")
            seen.add(at)
            folder = self.directory(at)
            if folder.get(".metadata", Entry(BLOB, 0, 0)).kind == STREAM:
                found[name] = at
                continue
            waiting += [
                (f"{name}/{inner}".lstrip("/"), entry.at, depth + 1)
                for inner, entry in folder.items()
                if entry.kind == FOLDER
            ]
        if not found:
            raise FormatError(f"{self.path} holds no track")
        return found
