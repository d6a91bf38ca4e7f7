"""Names and lengths of chromosomes, from any file that carries them.

The first bytes of a file say its kind, never its name: UCSC chromInfo and
chrom.sizes, .fai, FASTA (all plain or gzip), 2bit, and the header of SAM, BAM or CRAM.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from genomearray.errors import FormatError
from genomearray.input_file import Input, numbered_lines, open_input, whole_number
from genomearray.reference.twobit import TWOBIT_MAGIC, twobit_sizes

_BLOCK = 1 << 20


def read_chrom_sizes(path: str | os.PathLike[str]) -> list[tuple[str, int]]:
    """Names and lengths (bp) in the order of the file.

    Parameters
    ----------
    path : path-like
        A table whose first two columns are name and length, a FASTA, 2bit, SAM, BAM or CRAM file.

    Returns
    -------
    list of (str, int)

    Raises
    ------
    FormatError
        With the line, where the file has lines.

    Examples
    --------
    >>> from pathlib import Path
    >>> sizes = Path(tmp, "toy.sizes")
    >>> _ = sizes.write_text("chr1\\t1000\\nchrM\\t16571\\n")
    >>> read_chrom_sizes(sizes)
    [('chr1', 1000), ('chrM', 16571)]
    """
    with open_input(path) as source:
        head = source.read(_BLOCK)
        if head[:4] in (struct.pack("<I", TWOBIT_MAGIC), struct.pack(">I", TWOBIT_MAGIC)):
            sizes = twobit_sizes(Path(path))
        elif head[:4] == b"BAM\x01":
            sizes = _bam_sizes(source, head)
        elif head[:4] == b"CRAM":
            sizes = _cram_sizes(path)
        elif head[:3] in (b"@HD", b"@SQ", b"@RG", b"@PG", b"@CO"):
            sizes = _sam_sizes(source, head)
        elif head.lstrip()[:1] == b">":
            sizes = _fasta_sizes(source, head)
        else:
            sizes = _table_sizes(source, head)
    if not sizes:
        raise FormatError(
            f"{path} names no chromosome; give a table of names and lengths, a FASTA, 2bit or BAM file"
        )
    seen: set[str] = set()
    for name, _ in sizes:
        if name in seen:
            raise FormatError(f"{path}: chromosome {name!r} is there twice; names must be unique")
        seen.add(name)
    return sizes


def _table_sizes(source: Input, head: bytes) -> list[tuple[str, int]]:
    sizes: list[tuple[str, int]] = []
    for number, line in numbered_lines(source, head):
        if b"\0" in line:
            raise FormatError(
                f"{source.name}:{number}: not text; give a table of names and lengths, a FASTA, 2bit "
                "or BAM file"
            )
        fields = line.decode("utf-8-sig", "replace").split()
        if not fields or fields[0].startswith("#"):
            continue
        if len(fields) < 2:
            raise FormatError(
                f"{source.name}:{number}: {line.decode(errors='replace')!r} has one column; name and "
                "length are needed"
            )
        try:
            length = whole_number(fields[1])
        except ValueError:
            if not sizes and fields[0].lower() in {"chrom", "chromosome", "chr", "name"}:
                continue  # a line of column names
            raise FormatError(
                f"{source.name}:{number}: length {fields[1]!r} of {fields[0]!r} is not a whole number"
            ) from None
        if length < 1:
            raise FormatError(
                f"{source.name}:{number}: length of {fields[0]!r} is {length}; a chromosome has at least 1 bp"
            )
        sizes.append((fields[0], length))
    return sizes


def _fasta_sizes(source: Input, head: bytes) -> list[tuple[str, int]]:
    sizes: list[tuple[str, int]] = []
    for number, line in numbered_lines(source, head):
        if line.startswith(b">"):
            words = line[1:].split()
            if not words:
                raise FormatError(f"{source.name}:{number}: the record has no name after '>'")
            sizes.append((words[0].decode(errors="replace"), 0))
        elif sizes:
            name, length = sizes[-1]
            sizes[-1] = name, length + len(b"".join(line.split()))
    return sizes


def _sam_sizes(source: Input, head: bytes) -> list[tuple[str, int]]:
    """The lines @SQ of a SAM header."""
    sizes: list[tuple[str, int]] = []
    for number, line in numbered_lines(source, head):
        if not line.startswith(b"@"):
            break
        if line.startswith(b"@SQ"):
            sizes.append(_sq(line.decode(errors="replace"), f"{source.name}:{number}"))
    return sizes


def _sq(line: str, where: str) -> tuple[str, int]:
    """Name and length of a line @SQ (SAM specification, section 1.3)."""
    tags = {field[:3]: field[3:].strip() for field in line.split("\t")[1:]}
    name, length = tags.get("SN:", ""), tags.get("LN:", "")
    if not name or not length.isdecimal() or int(length) < 1:
        raise FormatError(
            f"{where}: the header line {line.strip()!r} needs a name (SN:) and a length (LN:) of at least "
            "1 bp; give the header its lengths: samtools reheader"
        )
    return name, int(length)


def _bam_sizes(source: Input, head: bytes) -> list[tuple[str, int]]:
    """The table of a BAM (section 4.2); lengths beyond its 32 bits are those of the header's text."""
    data = bytearray(head)

    def take(at: int, count: int) -> bytes:
        while len(data) < at + count:
            more = source.read(_BLOCK)
            if not more:
                raise FormatError(f"{source.name}: the file ends inside the header; it is cut: get it again")
            data.extend(more)
        return bytes(data[at : at + count])

    def integer(at: int) -> int:
        value = int.from_bytes(take(at, 4), "little", signed=True)
        if value < 0:
            raise FormatError(f"{source.name}: the header is damaged: it has a length of {value}")
        return value

    text_size = integer(4)
    text = take(8, text_size).rstrip(b"\0").decode(errors="replace").splitlines()
    lines = dict(_sq(line, source.name) for line in text if line.startswith("@SQ"))
    at = 8 + text_size
    sizes: list[tuple[str, int]] = []
    count, at = integer(at), at + 4
    for _ in range(count):
        width = integer(at)
        name = take(at + 4, width)[:-1].decode(errors="replace")
        length = integer(at + 4 + width)
        sizes.append((name, lines.get(name, length)))
        at += 8 + width
    return sizes


def _cram_sizes(path: str | os.PathLike[str]) -> list[tuple[str, int]]:
    import pysam

    verbosity = pysam.set_verbosity(0)  # htslib would speak of a missing index, which is not needed
    try:
        with pysam.AlignmentFile(os.fspath(path), check_sq=False) as file:
            text = str(file.header).splitlines()
    except (ValueError, OSError, NotImplementedError) as error:
        raise FormatError(f"{path}: the header cannot be read as CRAM: {error}") from error
    finally:
        pysam.set_verbosity(verbosity)
    return [_sq(line, os.fspath(path)) for line in text if line.startswith("@SQ")]
