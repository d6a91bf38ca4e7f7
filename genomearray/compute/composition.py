"""Letters and k-mers of whole chromosomes of a sequence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genomearray._typing import Chroms
from genomearray.compute.blocks import Run, chosen, each_block, pieces, summed
from genomearray.compute.kernels import count_codes, count_letters
from genomearray.errors import ValueRangeError
from genomearray.reference.intervals import Intervals
from genomearray.source import Source
from genomearray.sources.computed import PIECE
from genomearray.sources.sequence import check_sequence

if TYPE_CHECKING:
    import pandas as pd


LONGEST_KMER = 10  # a million counts
_CODE = np.full(256, -1, np.int64)
_CODE[np.frombuffer(b"ACGTacgt", np.uint8)] = [0, 1, 2, 3] * 2


def kmer_counts(
    source: Source, k: object, chroms: Chroms, label: str, *, threads: int | None, progress: bool
) -> pd.Series[int]:
    """See :meth:`genomearray.Track.kmer_counts`."""
    import itertools

    import pandas as pd

    check_sequence(source, label)
    if not isinstance(k, (int, np.integer)) or isinstance(k, bool) or not 1 <= k <= LONGEST_KMER:
        raise ValueRangeError(f"k={k!r} is not a whole number from 1 to {LONGEST_KMER}")
    names = chosen(source, chroms)
    counts = summed(_block_kmers, source, (source, int(k)), names, Run("k-mers", threads, progress))
    texts = ["".join(letters) for letters in itertools.product("ACGT", repeat=int(k))]
    return pd.Series(
        counts if counts.size == len(texts) else np.zeros(len(texts), np.int64),
        index=pd.Index(texts, name="kmer"),
        name="count",
    )


def _block_kmers(shared: tuple[Source, int], task: Intervals) -> NDArray[np.int64]:
    source, k = shared
    counts = np.zeros(4**k, np.int64)
    for name, start, end in zip(
        (task.names[c] for c in task.code.tolist()), task.start.tolist(), task.end.tolist(), strict=True
    ):
        for low in range(start, end, PIECE):
            high = min(low + PIECE, end)
            letters = source.read(name, low, min(high + k - 1, source.length(name)), threads=False)
            count_codes(_CODE[letters], k, high - low, counts)
    return counts


def sequence_statistics(
    source: Source, chroms: Chroms, label: str, *, threads: int | None, progress: bool
) -> pd.DataFrame:
    """See :meth:`genomearray.Track.seq_stats`."""
    import pandas as pd

    check_sequence(source, label)
    names = chosen(source, chroms)
    counts = {name: np.zeros(256, np.int64) for name in names}
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for _, counted in each_block(_block_letters, source, source, names, Run("letters", threads, progress)):
        for name, letters, low, high in counted:
            counts[name] += letters
            if low >= 0:
                first[name] = min(first.get(name, low), low)
                last[name] = max(last.get(name, high), high)
    rows = {name: _row(counts[name]) for name in names}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table["first_def"] = pd.array(
        [first[name] + 1 if name in first else None for name in names], dtype="Int64"
    )
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
    counted = []
    for piece in pieces(task):
        values = source.read_intervals(piece)
        before = 0
        for code, start, end in zip(
            piece.code.tolist(), piece.start.tolist(), piece.end.tolist(), strict=True
        ):
            letters = values[before : before + end - start]
            before += end - start
            counts = np.zeros(256, np.int64)
            count_letters(letters, counts)
            known = np.flatnonzero((letters | 32) != ord("n"))
            low, high = (start + int(known[0]), start + int(known[-1])) if known.size else (-1, -1)
            counted.append((piece.names[code], counts, low, high))
    return counted
