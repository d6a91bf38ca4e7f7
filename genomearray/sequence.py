"""DNA text: reverse complement, FASTA output, and the letters a sequence track may hold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, TextIO

# IUPAC nucleic acid codes (NC-IUB 1984, doi:10.1093/nar/13.9.3021) and their complements; case is kept.
_COMPLEMENT = str.maketrans("ACGTUMKRYWSBVDHNacgtumkrywsbvdhn", "TGCAAKMYRWSVBHDNtgcaakmyrwsvbhdn")


def revcomp(sequence: str) -> str:
    """Reverse complement of a DNA text, for all IUPAC codes.

    Parameters
    ----------
    sequence : str
        Upper or lower case; the case is kept. Characters that are no IUPAC code stay as they are.

    Returns
    -------
    str

    Examples
    --------
    >>> revcomp("AACGTn")
    'nACGTT'
    >>> revcomp("RYKMBDHV")
    'BDHVKMRY'
    """
    return sequence.translate(_COMPLEMENT)[::-1]


def fasta_lines(name: str, sequence: str, width: int = 60) -> Iterator[str]:
    """Lines of one FASTA record, each with its newline.

    Examples
    --------
    >>> list(fasta_lines("x", "ACGTA", width=3))
    ['>x\\n', 'ACG\\n', 'TA\\n']
    """
    if width < 1:
        raise ValueError(f"the width of a FASTA line is at least 1, not {width}")
    yield f">{name}\n"
    for start in range(0, len(sequence), width):
        yield sequence[start : start + width] + "\n"


def write_fasta(file: TextIO, name: str, sequence: str, width: int = 60) -> None:
    """Write one FASTA record.

    Parameters
    ----------
    file : text file
    name : str
        What stands behind ``>``.
    sequence : str
    width : int
        Letters a line.

    Examples
    --------
    >>> import sys
    >>> write_fasta(sys.stdout, "chr1:1-4", "ACGT")
    >chr1:1-4
    ACGT
    """
    file.writelines(fasta_lines(name, sequence, width))


@cache
def complement_codes() -> Any:
    """For each ASCII code that of the complement, ndarray of uint8, shape (256,).

    Examples
    --------
    >>> chr(complement_codes()[ord("a")])
    't'
    """
    import numpy as np

    return np.frombuffer(bytes(range(256)).decode("latin-1").translate(_COMPLEMENT).encode("latin-1"), np.uint8)
