"""Tracks computed from a sequence: GC of bases, and where a pattern begins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import PATTERN_STRANDS, SIGNAL, check
from genomearray.errors import LayoutError, ValueRangeError
from genomearray.loops import kernel
from genomearray.reference.dna import base_sets, revcomp
from genomearray.source import Source, is_sequence
from genomearray.sources.computed import ComputedSource

_LONGEST_PATTERN = 1000
# Of a letter: 1 for G, C and S, 0 for A, T and W; what may be either is missing.
_GC = np.full(256, np.nan, np.float32)
_GC[np.frombuffer(b"GCSgcs", np.uint8)] = 1
_GC[np.frombuffer(b"ATWatw", np.uint8)] = 0


def check_sequence(source: Source, label: str) -> None:
    """LayoutError for a signal where letters are needed."""
    if not is_sequence(source):
        raise LayoutError(
            f"{label} holds a signal",
            hint="give a sequence, which comes from: {import_fasta|genomearray import fasta}",
        )


class GcOfBases(ComputedSource):
    """1 for G and C, 0 for A and T, NaN for anything else."""

    def __init__(self, source: Source, label: str) -> None:
        check_sequence(source, label)
        super().__init__((source,), np.float32, f"gc of {label}", kind=SIGNAL)

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.sources.computed.ComputedSource`."""
        gc: NDArray[Any] = _GC[self.parts[0].read(chrom, start, end, threads)]
        return gc


class Matches(ComputedSource):
    """1 at each base where a pattern of IUPAC letters begins (its leftmost base, on either strand), else 0.

    A letter of the sequence matches when all bases it may stand for are among those of the pattern:
    N matches N only.
    """

    def __init__(self, source: Source, pattern: str, strand: str, label: str) -> None:
        check_sequence(source, label)
        check("strand", strand, PATTERN_STRANDS)
        letters = pattern.upper().replace("U", "T") if isinstance(pattern, str) else ""
        sets = base_sets()[np.frombuffer(letters.encode("latin-1", "replace"), np.uint8)]
        if not letters or len(letters) > _LONGEST_PATTERN or not sets.all():
            raise ValueRangeError(
                f"pattern {pattern!r} is not a text of 1 to {_LONGEST_PATTERN} IUPAC letters "
                "(ACGTRYSWKMBDHVN)"
            )
        both = {"+": [letters], "-": [revcomp(letters)], "both": [letters, revcomp(letters)]}[strand]
        self._patterns = [base_sets()[np.frombuffer(text.encode(), np.uint8)] for text in dict.fromkeys(both)]
        self._size = len(letters)
        super().__init__((source,), np.uint8, f"{letters} in {label}", limits=(0, 1), kind=SIGNAL)

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.sources.computed.ComputedSource`."""
        last = min(end + self._size - 1, self.length(chrom))
        sets = base_sets()[self.parts[0].read(chrom, start, last, threads)]
        out = np.zeros(end - start, np.uint8)
        for pattern in self._patterns:
            find_pattern(sets, pattern, out)
        return out


@kernel
def find_pattern(sets: NDArray[np.uint8], pattern: NDArray[np.uint8], out: NDArray[np.uint8]) -> None:
    """Mark where all letters are among those of the pattern."""
    for at in range(min(out.size, sets.size - pattern.size + 1)):
        same = True
        for k in range(pattern.size):
            letters = sets[at + k]
            if letters == 0 or letters & ~pattern[k] != 0:
                same = False
                break
        if same:
            out[at] = 1
