"""Opening an input that may be plain or gzip, a file or standard input."""

from __future__ import annotations

import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

from genomearray.errors import FormatError

STDIN = "-"
_BLOCK = 1 << 20
_STDIN_NAME = "standard input"
_MAGIC = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd"}


class Readable(Protocol):
    """Anything that gives bytes."""

    def read(self, size: int, /) -> bytes: ...


class Input:
    """Bytes of an input, decompressed, with the progress in the file itself.

    Parameters
    ----------
    path : path-like
        ``-`` is standard input.
    gunzip : bool
        Whether gzip is decompressed by :meth:`read`.

    Attributes
    ----------
    name : str
        For messages.
    size : int or None
        Bytes in the file on disk; None for a stream.
    head : bytes
        The first bytes as they are on disk.
    unfinished : bool
        Whether the text turned out to end without a newline.
    """

    def __init__(self, path: str | os.PathLike[str], *, gunzip: bool = True) -> None:
        self.name = _STDIN_NAME if str(path) == STDIN else str(path)
        self.size: int | None = None
        self.unfinished = False
        if str(path) == STDIN:
            if sys.stdin is None:
                raise FormatError("standard input ('-') is closed; give a file")
            self._file: IO[bytes] = sys.stdin.buffer
        else:
            self._file = _open(Path(path))
            status = os.fstat(self._file.fileno())
            self.size = status.st_size if stat.S_ISREG(status.st_mode) else None  # pipes have no size
        # A buffered reader can look ahead without taking, also on a pipe.
        head = cast(Any, self._file).peek(6)[:6]
        self.head = bytes(head)
        self.gzip = head.startswith(b"\x1f\x8b")
        for magic, kind in _MAGIC.items():
            if head.startswith(magic):
                self._file.close()
                raise FormatError(
                    f"{self.name} is compressed with {kind}; only gzip (and bgzip) is read: "
                    "decompress it, or pipe it to '-'"
                )
        self._plain: Any = _gunzip(self._file) if self.gzip and gunzip else self._file

    @property
    def file(self) -> IO[bytes]:
        """The file itself: bytes as they are on disk."""
        return self._file

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes, b"" at the end; FormatError when the gzip stream is cut or damaged."""
        try:
            return cast(bytes, self._plain.read(size))
        except (EOFError, OSError, zlib.error) as error:
            if self.gzip and not isinstance(error, PermissionError):
                raise FormatError(
                    f"{self.name}: the gzip stream is cut short or damaged ({error}); get the file again"
                ) from error
            raise

    def position(self) -> int:
        """Bytes of the file on disk that were taken so far."""
        return self._file.tell() if self.size is not None else 0

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._plain is not self._file:
            self._plain.close()
        if self.name != _STDIN_NAME:
            self._file.close()


def _open(path: Path) -> IO[bytes]:
    if path.is_dir():
        raise FormatError(f"{path} is a folder; give a file")
    try:
        return path.open("rb", buffering=1 << 20)
    except FileNotFoundError:
        raise FormatError(f"{path} is not there; check the path") from None
    except PermissionError:
        raise FormatError(f"{path} may not be read; check its permissions") from None


def _gunzip(file: IO[bytes]) -> Any:
    from zlib_ng import gzip_ng

    opened: Any = cast(Any, gzip_ng).GzipNGFile(fileobj=file, mode="rb")
    return io.BufferedReader(opened, buffer_size=1 << 20)


@contextmanager
def open_input(path: str | os.PathLike[str]) -> Iterator[Input]:
    """An :class:`Input`, closed at the end.

    Parameters
    ----------
    path : path-like
        ``-`` is standard input.

    Raises
    ------
    FormatError
        Not there, a folder, or compressed with something else than gzip.
    """
    source = Input(path)
    try:
        yield source
    finally:
        source.close()


def whole_number(text: str) -> int:
    """A whole number in ASCII digits, unlike ``int``, which takes ``1_000`` and other scripts."""
    number = text.strip()
    if not (number.isascii() and number.lstrip("-").isdigit()):
        raise ValueError(text)
    return int(number)


def numbered_lines(file: Readable, head: bytes = b"") -> Iterator[tuple[int, bytes]]:
    """Lines of a binary file without their newline, numbered from 1; ``head`` was read already."""
    number, rest = 0, b""
    data = head or file.read(_BLOCK)
    while data:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            number += 1
            yield number, line
        data = file.read(_BLOCK)
    if rest:
        yield number + 1, rest


def data_lines(file: Readable) -> Iterator[tuple[int, str]]:
    """Numbered lines of a BED-like text that hold data."""
    for number, raw in numbered_lines(file):
        line = raw.decode("utf-8", "replace").rstrip("\r")
        if is_data(line):
            yield number, line


def is_data(line: str) -> bool:
    """Whether a line holds data: it is not blank, no comment, no ``track`` or ``browser`` line."""
    if not line or line[0] == "#" or line.isspace():
        return False
    return not (line.startswith(("track", "browser")) and line.split(None, 1)[0] in ("track", "browser"))


def fields_of(line: str) -> list[str]:
    """Fields of a line: separated by tabs where it has one, else by blanks."""
    return line.split("\t") if "\t" in line else line.split()
