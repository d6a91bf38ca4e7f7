"""DNA text: reverse complement, FASTA output, and the letters a sequence track may hold."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, TextIO

# IUPAC nucleic acid codes (NC-IUB 1984, doi:10.1093/nar/13.9.3021) and their complements; case is kept.
UNKNOWN_BASE = ord("N")
_COMPLEMENT = str.maketrans("ACGTUMKRYWSBVDHNacgtumkrywsbvdhn", "TGCAAKMYRWSVBHDNtgcaakmyrwsvbhdn")
_BASES = {
    "A": "A",
    "C": "C",
    "G": "G",
    "T": "T",
    "U": "T",
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
    "N": "ACGT",
    "X": "ACGT",
}


def revcomp(sequence: Any) -> Any:
    """Reverse complement of DNA, for all IUPAC codes.

    Parameters
    ----------
    sequence : str, bytes, or ndarray of uint8 (ASCII codes), shape (n,)
        Upper or lower case; the case is kept. Characters that are not an IUPAC code stay as they are.

    Returns
    -------
    str, bytes or ndarray, as given

    Examples
    --------
    >>> revcomp("AACGTn")
    'nACGTT'
    >>> revcomp("RYKMBDHV")
    'BDHVKMRY'
    >>> revcomp(np.frombuffer(b"AAC", np.uint8)).tobytes()
    b'GTT'
    """
    if isinstance(sequence, str):
        return sequence.translate(_COMPLEMENT)[::-1]
    if isinstance(sequence, bytes):
        return sequence.decode("latin-1").translate(_COMPLEMENT)[::-1].encode("latin-1")
    return complement_codes()[sequence][::-1]


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
        What stands after ``>``.
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

    return np.frombuffer(
        bytes(range(256)).decode("latin-1").translate(_COMPLEMENT).encode("latin-1"), np.uint8
    )


@cache
def base_sets() -> Any:
    """For each ASCII code the bases a letter may stand for, as bits (A 1, C 2, G 4, T 8); 0: no
    IUPAC letter. ndarray of uint8, shape (256,).
    """
    import numpy as np

    table = np.zeros(256, np.uint8)
    for letter, bases in _BASES.items():
        table[[ord(letter), ord(letter.lower())]] = sum(1 << "ACGT".index(base) for base in bases)
    return table


def one_hot(sequence: Any) -> Any:
    """DNA as A, C, G and T along a new last axis; any other letter is four zeros.

    Parameters
    ----------
    sequence : str, bytes, or ndarray of uint8 (ASCII codes) of any shape
        Upper or lower case.

    Returns
    -------
    ndarray of uint8, shape (..., 4)

    Examples
    --------
    >>> one_hot("aN").tolist()
    [[1, 0, 0, 0], [0, 0, 0, 0]]
    """
    import numpy as np

    letters = (
        np.frombuffer(sequence.encode("latin-1", "replace"), np.uint8)
        if isinstance(sequence, str)
        else sequence
    )
    letters = (
        np.frombuffer(letters, np.uint8) if isinstance(letters, bytes) else np.asarray(letters, np.uint8)
    )
    # Four bytes as one number: a table look-up writes all of a base at once.
    taken = _one_hot_table().view(np.uint32).reshape(-1)[letters]
    return taken.view(np.uint8).reshape(*letters.shape, 4)


@cache
def _one_hot_table() -> Any:
    import numpy as np

    table = np.zeros((256, 4), np.uint8)
    for k, base in enumerate("ACGT"):
        table[[ord(base), ord(base.lower())], k] = 1
    table[[ord("U"), ord("u")]] = table[ord("T")]
    return table
