"""What a sequence is made of: counts of letters and k-mers, and tracks of GC content and of where a pattern is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genomearray._kernels import kernel
from genomearray.computed import PIECE, ComputedSource, is_sequence, read_intervals
from genomearray.errors import LayoutError, ValueRangeError
from genomearray.reductions import chosen, each_block, pieces, summed
from genomearray.sequence import base_sets, revcomp
from genomearray.source import Source
from genomearray.storage.layout import SIGNAL
from genomearray.storage.reader import Intervals

if TYPE_CHECKING:
    import pandas as pd

STRANDS = ("+", "-", "both")
LONGEST_KMER = 10  # a million counts
_LONGEST_PATTERN = 1000
_CODE = np.full(256, -1, np.int64)
_CODE[np.frombuffer(b"ACGTacgt", np.uint8)] = [0, 1, 2, 3] * 2
# Of a letter: 1 for G, C and S, 0 for A, T and W; what may be either is missing.
_GC = np.full(256, np.nan, np.float32)
_GC[np.frombuffer(b"GCSgcs", np.uint8)] = 1
_GC[np.frombuffer(b"ATWatw", np.uint8)] = 0


def _check_sequence(source: Source, label: str) -> None:
    if not is_sequence(source):
        raise LayoutError(f"{label} holds a signal; give a sequence, which comes from: genomearray import fasta")


class GcOfBases(ComputedSource):
    """1 for G and C, 0 for A and T, NaN for anything else."""

    def __init__(self, source: Source, label: str) -> None:
        _check_sequence(source, label)
        super().__init__((source,), np.float32, f"gc of {label}")
        self.kind = SIGNAL

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.computed.ComputedSource`."""
        found: NDArray[Any] = _GC[self.parts[0].read(chrom, start, end, threads)]
        return found


class Matches(ComputedSource):
    """1 at each base where a pattern of IUPAC letters begins (its leftmost base, on either strand), else 0.

    A letter of the sequence matches when all bases it may stand for are among those of the pattern: N matches N only.
    """

    def __init__(self, source: Source, pattern: str, strand: str, label: str) -> None:
        _check_sequence(source, label)
        if strand not in STRANDS:
            raise ValueRangeError(f"strand={strand!r} is not known; allowed are {', '.join(map(repr, STRANDS))}")
        letters = pattern.upper().replace("U", "T") if isinstance(pattern, str) else ""
        sets = base_sets()[np.frombuffer(letters.encode("latin-1", "replace"), np.uint8)]
        if not letters or len(letters) > _LONGEST_PATTERN or not sets.all():
            raise ValueRangeError(f"pattern {pattern!r} is no text of 1 to {_LONGEST_PATTERN} IUPAC letters (ACGTRYSWKMBDHVN)")
        both = {"+": [letters], "-": [revcomp(letters)], "both": [letters, revcomp(letters)]}[strand]
        self._patterns = [base_sets()[np.frombuffer(text.encode(), np.uint8)] for text in dict.fromkeys(both)]
        self._size = len(letters)
        super().__init__((source,), np.uint8, f"{letters} in {label}", limits=(0, 1))
        self.kind = SIGNAL

    def compute(self, chrom: str, start: int, end: int, threads: bool) -> NDArray[Any]:
        """See :class:`~genomearray.computed.ComputedSource`."""
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
            found = sets[at + k]
            if found == 0 or found & ~pattern[k] != 0:
                same = False
                break
        if same:
            out[at] = 1


@kernel
def count_letters(letters: NDArray[np.uint8], counts: NDArray[np.int64]) -> None:
    """Add to the count of each byte."""
    for letter in letters:
        counts[letter] += 1


@kernel
def count_codes(codes: NDArray[np.int64], k: int, starts: int, counts: NDArray[np.int64]) -> None:
    """Add to the counts of the k-mers that begin at the first ``starts`` bases; others than A, C, G and T break them."""
    mask = (1 << (2 * k)) - 1
    value = 0
    good = 0
    for at in range(codes.size):
        code = codes[at]
        if code < 0:
            good = 0
            value = 0
            continue
        value = ((value << 2) | code) & mask
        good += 1
        if good >= k and at - k + 1 < starts:
            counts[value] += 1


def kmer_counts(source: Source, k: object, chroms: Any, label: str, *, threads: int | None, progress: bool) -> pd.Series[int]:
    """See :meth:`genomearray.Track.kmer_counts`."""
    import itertools

    import pandas as pd

    _check_sequence(source, label)
    if not isinstance(k, (int, np.integer)) or isinstance(k, bool) or not 1 <= k <= LONGEST_KMER:
        raise ValueRangeError(f"k={k!r} is not a whole number from 1 to {LONGEST_KMER}")
    names = chosen(source, chroms)
    counts = summed(_block_kmers, source, (source, int(k)), names, "k-mers", threads=threads, progress=progress)
    texts = ["".join(letters) for letters in itertools.product("ACGT", repeat=int(k))]
    return pd.Series(counts if counts.size == len(texts) else np.zeros(len(texts), np.int64), index=pd.Index(texts, name="kmer"), name="count")


def _block_kmers(shared: tuple[Source, int], task: Intervals) -> NDArray[np.int64]:
    source, k = shared
    counts = np.zeros(4**k, np.int64)
    for name, start, end in zip((task.names[c] for c in task.code.tolist()), task.start.tolist(), task.end.tolist(), strict=True):
        for low in range(start, end, PIECE):
            high = min(low + PIECE, end)
            letters = source.read(name, low, min(high + k - 1, source.length(name)), threads=False)
            count_codes(_CODE[letters], k, high - low, counts)
    return counts


def sequence_statistics(source: Source, chroms: Any, label: str, *, threads: int | None, progress: bool) -> pd.DataFrame:
    """See :meth:`genomearray.Track.seq_stats`."""
    import pandas as pd

    _check_sequence(source, label)
    names = chosen(source, chroms)
    counts = {name: np.zeros(256, np.int64) for name in names}
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for _, found in each_block(_block_letters, source, source, names, "letters", threads=threads, progress=progress):
        for name, letters, low, high in found:
            counts[name] += letters
            if low >= 0:
                first[name] = min(first.get(name, low), low)
                last[name] = max(last.get(name, high), high)
    rows = {name: _row(counts[name]) for name in names}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table["first_def"] = pd.array([first[name] + 1 if name in first else None for name in names], dtype="Int64")
    table["last_def"] = pd.array([last[name] + 1 if name in last else None for name in names], dtype="Int64")
    return table.rename_axis("chrom")


def total(table: pd.DataFrame) -> dict[str, Any]:
    """All chromosomes of a table of :func:`sequence_statistics` together; positions have no sum."""
    sums = {name: int(table[name].sum()) for name in table.columns if name.startswith("n")}
    return sums | {"gc": _gc(sums)}


def _row(counts: NDArray[np.int64]) -> dict[str, Any]:
    of = {letter: int(counts[ord(letter.upper())] + counts[ord(letter)]) for letter in "acgtn"}
    n = int(counts.sum())
    row: dict[str, Any] = {"n": n} | {f"n_{letter}": count for letter, count in of.items()}
    row["n_other"] = n - sum(of.values())
    row["n_def"] = n - of["n"]
    row["n_lower"] = int(counts[ord("a") : ord("z") + 1].sum())
    return row | {"gc": _gc(row)}


def _gc(row: dict[str, Any]) -> float:
    known = row["n_a"] + row["n_c"] + row["n_g"] + row["n_t"]
    return (row["n_c"] + row["n_g"]) / known if known else float("nan")


def _block_letters(source: Source, task: Intervals) -> list[tuple[str, NDArray[np.int64], int, int]]:
    """For each part of a chromosome its letters, and its first and last offset that is not N (-1: none)."""
    found = []
    for piece in pieces(task):
        values = read_intervals(source, piece)
        before = 0
        for code, start, end in zip(piece.code.tolist(), piece.start.tolist(), piece.end.tolist(), strict=True):
            letters = values[before : before + end - start]
            before += end - start
            counts = np.zeros(256, np.int64)
            count_letters(letters, counts)
            known = np.flatnonzero((letters | 32) != ord("n"))
            low, high = (start + int(known[0]), start + int(known[-1])) if known.size else (-1, -1)
            found.append((piece.names[code], counts, low, high))
    return found
