"""Names and lengths of chromosomes, from any file that carries them.

The first bytes of a file say its kind, never its name: UCSC chromInfo and
chrom.sizes, .fai, FASTA (all plain or gzip), 2bit, and the header of SAM, BAM or CRAM.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

from genomearray.errors import FormatError
from genomearray.input_file import Input, numbered_lines, open_input
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
        elif head[:4] in (b"BAM\x01", b"CRAM") or head[:3] in (b"@HD", b"@SQ", b"@RG", b"@PG", b"@CO"):
            sizes = _alignment_sizes(path)
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
        if not fields[1].isdecimal():
            if not sizes and fields[0].lower() in {"chrom", "chromosome", "chr", "name"}:
                continue  # a line of column names
            raise FormatError(
                f"{source.name}:{number}: length {fields[1]!r} of {fields[0]!r} is not a whole number"
            )
        if int(fields[1]) < 1:
            raise FormatError(
                f"{source.name}:{number}: length of {fields[0]!r} is 0; a chromosome has at least 1 bp"
            )
        sizes.append((fields[0], int(fields[1])))
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


def _alignment_sizes(path: str | os.PathLike[str]) -> list[tuple[str, int]]:
    import pysam

    try:
        # A header needs neither index nor records.
        with pysam.AlignmentFile(os.fspath(path), check_sq=False) as file:
            return list(zip(file.references, file.lengths, strict=True))
    except (ValueError, OSError) as error:
        raise FormatError(f"{path}: the header cannot be read as SAM, BAM or CRAM: {error}") from error
