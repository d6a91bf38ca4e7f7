"""Opening an input that may be plain or gzip, a file or standard input."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast

from genomearray.errors import FormatError

STDIN = "-"
_BLOCK = 1 << 20
BLOCK_BYTES = 2 << 20  # of the blocks of lines
LONGEST_LINE = 1 << 20
_BOM = b"\xef\xbb\xbf"
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
        except _read_errors() as error:
            # An error number comes from the file system: the disk failed, and the bytes may be right.
            if self.gzip and getattr(error, "errno", None) is None:
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
    except OSError as error:
        way_out = (
            "; raise the limit (ulimit -n), or merge files first"
            if error.errno in (errno.EMFILE, errno.ENFILE)
            else ""
        )
        raise FormatError(f"{path} cannot be opened: {error.strerror}{way_out}") from error


def _read_errors() -> tuple[type[Exception], ...]:
    """What reading and decompressing raise; asked for when there is an error only."""
    from zlib_ng import zlib_ng

    return EOFError, OSError, zlib.error, cast(Any, zlib_ng).error


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


_WHOLE = re.compile(r"-?[0-9]+(?:[eE]\+?[0-9]{1,2})?")


def whole_number(text: str) -> int:
    """A whole number in ASCII digits, or ``1e+06``, as R writes one million.

    Unlike ``int``, it refuses ``1_000`` and the digits of other scripts; unlike ``float``,
    ``1.5e+02``: a coordinate with a fraction was computed, and is a value or a mistake.

    Examples
    --------
    >>> whole_number("1200"), whole_number("1e+06")
    (1200, 1000000)
    """
    if text.isascii() and text.isdigit():  # as nearly all are
        return int(text)
    number = text.strip()
    if not _WHOLE.fullmatch(number):
        raise ValueError(text)
    digits, _, power = number.lower().partition("e")
    return int(digits) * int("1" + "0" * int(power or 0))


def numbered_lines(file: Readable, head: bytes = b"") -> Iterator[tuple[int, bytes]]:
    """Lines of a binary file without their newline, numbered from 1; ``head`` was read already."""
    number, rest = 0, b""
    data = (head or file.read(_BLOCK)).removeprefix(_BOM)
    while data:
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            number += 1
            yield number, line
        data = file.read(_BLOCK)
    if rest:
        yield number + 1, rest


def line_blocks(
    source: Input,
    progress: Callable[[int], object] = int,
    *,
    cut_lines: bool = False,
    size: int = BLOCK_BYTES,
) -> Iterator[tuple[bytes, int]]:
    """Blocks of whole lines, each ending in a newline, with the number of their first line.

    A newline is added where the last line has none, and ``source.unfinished`` set. ``progress``
    takes the bytes read. ``cut_lines``: a long line comes in several blocks, without newlines but in
    the last one (FASTA with a chromosome in a line). ``size``: bytes of a block, about.
    """
    rest, line, before = b"", 1, 0
    while True:
        data = source.read(size)
        progress(source.position() - before)
        before = source.position()
        if not data:
            break
        if line == 1 and not rest:
            data = data.removeprefix(_BOM)
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest += data
            if cut_lines and not rest.startswith(b">"):
                _check_text(source, rest, line)
                yield rest, line
                rest = b""
            elif len(rest) > LONGEST_LINE:
                _check_text(source, rest, line)
                raise FormatError(
                    f"{source.name}:{line}: the line is longer than {LONGEST_LINE} bytes; is it a text file?"
                )
            continue
        block = rest + data[:cut]
        rest = data[cut:]
        _check_text(source, block, line)
        yield block, line
        line += block.count(b"\n")
    if rest:
        _check_text(source, rest, line)
        source.unfinished = True
        yield rest + b"\n", line


def _check_text(source: Input, block: bytes, line: int) -> None:
    if b"\r" in block[:-1] and b"\n" not in block:
        raise FormatError(
            f"{source.name}:{line}: lines end with a carriage return alone, as on old Macs; "
            "convert the file: tr '\\r' '\\n'"
        )
    at = block.find(b"\0")
    if at >= 0:
        number = line + block.count(b"\n", 0, at)
        raise FormatError(f"{source.name}:{number}: not text (byte 0); is it a binary file?")


def is_data(line: str) -> bool:
    """Whether a line holds data: it is not blank, no comment, no ``track`` or ``browser`` line."""
    if not line or line[0] == "#" or line.isspace():
        return False
    return not (line.startswith(("track", "browser")) and line.split(None, 1)[0] in ("track", "browser"))


def fields_of(line: str) -> list[str]:
    """Fields of a line: separated by tabs where it has one, else by blanks."""
    return line.split("\t") if "\t" in line else line.split()
