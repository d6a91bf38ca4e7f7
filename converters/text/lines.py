"""Blocks of whole lines of a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from genomearray.errors import FormatError
from genomearray.input_file import Input

BLOCK_BYTES = 2 << 20
LONGEST_LINE = 1 << 20


def line_blocks(
    source: Input, progress: Callable[[int], None], *, cut_lines: bool = False
) -> Iterator[tuple[bytes, int]]:
    """Blocks of whole lines, each ending in a newline, with the number of their first line.

    A newline is added where the last line has none, and ``source.unfinished`` set. ``cut_lines``: a
    long line comes in several blocks, without newlines but in the last one (FASTA with a chromosome
    in a line).
    """
    rest, line, before = b"", 1, 0
    while True:
        data = source.read(BLOCK_BYTES)
        progress(source.position() - before)
        before = source.position()
        if not data:
            break
        if line == 1 and not rest and data.startswith(b"\xef\xbb\xbf"):
            data = data[3:]
        cut = data.rfind(b"\n") + 1
        if not cut:
            rest += data
            if cut_lines and not rest.startswith(b">"):
                _check_text(source, rest, line)
                yield rest, line
                rest = b""
            elif len(rest) > LONGEST_LINE:
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
    at = block.find(b"\0")
    if at >= 0:
        number = line + block.count(b"\n", 0, at)
        raise FormatError(f"{source.name}:{number}: not text (byte 0); is it a binary file?")
