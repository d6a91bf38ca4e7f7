"""UCSC chain files: which bases of one assembly are which of another.

Specification: https://genome.ucsc.edu/goldenPath/help/chain.html. The ``target`` of the file (its first
chromosome) is here the *source*: where one comes from; its ``query`` is the *target*: where one goes.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.errors import FormatError, GenomeArrayWarning, RegionError, nearest_names
from genomearray.input_file import open_input
from genomearray.lifting.chain_file import HEADER, Blocks, Head
from genomearray.reference.intervals import ragged_index
from genomearray.reference.region import integer, parse_strand

if TYPE_CHECKING:
    import pandas as pd


class Chain:
    """A chain file.

    Parameters
    ----------
    path : path-like
        Plain or gzip.

    Raises
    ------
    FormatError
        Cut, not a chain file, or numbers that disagree; with the line.

    Attributes
    ----------
    path : str
    source_lengths, target_lengths : dict of str to int
        Lengths (bp) of the chromosomes of both sides, as the file has them.
    scores : ndarray of float64, shape (chains,)
    blocks : Blocks

    Examples
    --------
    >>> from genomearray import Chain
    >>> chain = Chain(chain_file)
    >>> chain
    <Chain 'toy.chain': 2 chains, 4 blocks, 2 chromosomes to 2>
    >>> chain.lift("chr1", [0, 150, 999]).values.tolist()
    [[0, 'chr1', 10, '+', 900.0], [1, 'chr1', 150, '+', 900.0]]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        with open_input(path) as source:
            data = b"".join(iter(lambda: source.read(1 << 20), b""))
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        if b"#" in data:  # comments keep their lines, so that messages count right
            data = b"\n".join(b"" if line.startswith(b"#") else line for line in data.split(b"\n"))
        records = (b"\n" + data).split(b"\nchain")
        if records[0].strip() or len(records) == 1:
            shown = data.lstrip()[:20]
            raise FormatError(
                f"{self.path}: not a chain file: it begins with {shown!r}, and not with 'chain'; see "
                f"the format: {HEADER}"
            )
        line = records[0].count(b"\n") + 1
        self.source_lengths: dict[str, int] = {}
        self.target_lengths: dict[str, int] = {}
        ranks: tuple[dict[str, int], dict[str, int]] = ({}, {})
        scores, aligned = [], []
        tables: list[tuple[NDArray[np.int64], ...]] = []
        for number, record in enumerate(records[1:]):
            header, _, body = record.partition(b"\n")
            head = self._header(header.decode(errors="replace"), line)
            blocks = self._body(body, head, line)
            scores.append(head.score)
            aligned.append(int(blocks[:, 2].sum()))
            source = self._rank_of(head.source, head.source_size, self.source_lengths, ranks[0], line)
            target = self._rank_of(head.target, head.target_size, self.target_lengths, ranks[1], line)
            start, size = head.start + blocks[:, 0], blocks[:, 2]
            ahead = head.to + blocks[:, 1]
            to = ahead if head.strand > 0 else head.target_size - ahead - size
            n = size.size
            tables.append(
                (
                    np.full(n, number),
                    np.full(n, source),
                    np.full(n, target),
                    start,
                    start + size,
                    to,
                    np.full(n, head.strand),
                )
            )
            line += record.count(b"\n") + 1
        columns = [np.concatenate(column) for column in zip(*tables, strict=True)]
        with_bases = columns[4] > columns[3]  # some writers have blocks without a base
        kept = Blocks(*(column[with_bases] for column in columns))
        self.blocks = kept._replace(strand=kept.strand.astype(np.int8))
        self.scores = np.array(scores, np.float64)
        self.aligned = np.array(aligned, np.int64)

    def _header(self, text: str, line: int) -> Head:
        where = f"{self.path}:{line}"
        fields = text.split()
        if len(fields) not in (11, 12):
            raise FormatError(
                f"{where}: a chain header has 12 or 13 fields ({HEADER}); this one has {len(fields) + 1}"
            )
        try:
            score = float(fields[0])
            sizes = [int(fields[k]) for k in (2, 4, 5, 7, 9, 10)]
        except ValueError as error:
            raise FormatError(f"{where}: a number of the chain header cannot be read: {error}") from None
        if fields[3] != "+":
            raise FormatError(f"{where}: the source strand is {fields[3]!r}; it must be '+'")
        if fields[8] not in ("+", "-"):
            raise FormatError(f"{where}: the target strand is {fields[8]!r}; allowed are '+' and '-'")
        if not np.isfinite(score):
            raise FormatError(f"{where}: the score {fields[0]} is not a finite number")
        for side, name, (size, start, end) in (
            ("source", fields[1], sizes[:3]),
            ("target", fields[6], sizes[3:]),
        ):
            if not 0 <= start <= end <= size:
                raise FormatError(
                    f"{where}: the {side} {name!r} of {size} bp cannot hold [{start}, {end}); 0 <= "
                    "start <= end <= size"
                )
        return Head(
            score,
            fields[1],
            sizes[0],
            sizes[1],
            sizes[2],
            fields[6],
            sizes[3],
            1 if fields[8] == "+" else -1,
            sizes[4],
            sizes[5],
        )

    def _body(self, body: bytes, head: Head, line: int) -> NDArray[np.int64]:
        """Blocks of a chain, shape (n, 3): their offsets in source and target from the chain's
        start on, and size.
        """
        words = body.split()
        n = (len(words) + 2) // 3
        lines = [text for text in body.split(b"\n") if text.strip()]
        ragged = len(words) % 3 == 2 or not words or len(lines) != n
        try:
            numbers = np.array(words, dtype=np.int64) if not ragged else np.empty(0, np.int64)
        except (ValueError, OverflowError):
            ragged = True
        if ragged:
            raise self._bad_line(body, line)
        numbers = np.append(numbers, np.zeros(3 * n - numbers.size, np.int64)).reshape(n, 3)
        if (numbers < 0).any():
            raise FormatError(
                f"{self.path}:{self._row_line(body, line, int(np.argmax((numbers < 0).any(axis=1))))}: "
                "a size or gap is negative"
            )
        if any(len(text.split()) != 3 for text in lines[:-1]):
            raise self._bad_line(body, line)
        steps = np.stack([numbers[:, 0] + numbers[:, 1], numbers[:, 0] + numbers[:, 2]], axis=1)
        before = np.cumsum(steps, axis=0) - steps
        for side, column, want in (
            ("source", 0, head.end - head.start),
            ("target", 1, head.to_end - head.to),
        ):
            # A gap after the last block is not part of the chain.
            total = int(before[-1, column] + numbers[-1, 0])
            if total != want and int(steps[:, column].sum()) != want:
                raise FormatError(
                    f"{self.path}:{line}: the blocks of this chain cover {total:,} bp of its {side}, "
                    f"and its header says {want:,}; "
                    "the file is cut or damaged: get it again"
                )
        return np.column_stack([before, numbers[:, 0]])

    def _row_line(self, body: bytes, line: int, row: int) -> int:
        filled = [k for k, text in enumerate(body.split(b"\n"), 1) if text.strip()]
        return line + filled[row]

    def _bad_line(self, body: bytes, line: int) -> FormatError:
        rows = [
            (line + k, text.decode(errors="replace").strip())
            for k, text in enumerate(body.split(b"\n"), 1)
            if text.strip()
        ]
        if not rows:
            return FormatError(f"{self.path}:{line}: this chain has no blocks; the file is cut: get it again")
        for k, (number, text) in enumerate(rows):
            fields = text.split()
            if not all(field.isascii() and field.isdigit() for field in fields):
                return FormatError(
                    f"{self.path}:{number}: a block has whole numbers (size, gap in source, gap in "
                    f"target), not {text[:50]!r}"
                )
            if len(fields) != 3 and k < len(rows) - 1:
                return FormatError(
                    f"{self.path}:{number}: a block has 3 numbers (size, gap in source, gap in "
                    f"target), or 1 at the end; not {text!r}"
                )
        return FormatError(
            f"{self.path}:{rows[-1][0]}: the last block of a chain has 1 number, its size, not "
            f"{rows[-1][1][:50]!r}; is the file cut?"
        )

    def _rank_of(
        self, name: str, size: int, lengths: dict[str, int], ranks: dict[str, int], line: int
    ) -> int:
        """Index of a chromosome among those of its side."""
        if lengths.setdefault(name, size) != size:
            raise FormatError(
                f"{self.path}:{line}: {name!r} has {size:,} bp here, and {lengths[name]:,} bp in an "
                "earlier chain"
            )
        return ranks.setdefault(name, len(ranks))

    @property
    def source_names(self) -> tuple[str, ...]:
        """Chromosomes one comes from."""
        return tuple(self.source_lengths)

    @property
    def target_names(self) -> tuple[str, ...]:
        """Chromosomes one goes to."""
        return tuple(self.target_lengths)

    @Cached
    def rank(self) -> NDArray[np.int64]:
        """For each chain its place among all: higher score first, then more aligned bases, then
        earlier in the file.
        """
        order = np.lexsort((np.arange(self.scores.size), -self.aligned, -self.scores))
        rank = np.empty(order.size, np.int64)
        rank[order] = np.arange(order.size)
        return rank

    @Cached
    def _by_source(self) -> dict[str, tuple[Blocks, NDArray[np.int64]]]:
        """Blocks of each source chromosome by start, and the greatest end up to each."""
        order = np.lexsort((self.blocks.start, self.blocks.source))
        borders = np.searchsorted(self.blocks.source[order], np.arange(len(self.source_lengths) + 1)).tolist()
        by_source = {}
        for k, name in enumerate(self.source_names):
            blocks = self.blocks.take(order[borders[k] : borders[k + 1]])
            by_source[name] = blocks, np.maximum.accumulate(blocks.end)
        return by_source

    def _overlaps(
        self, chrom: str, starts: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], Blocks]:
        """Which interval each hit is of, and its block; best chain first for each interval."""
        blocks, reach = self._by_source[chrom]
        first, last = np.searchsorted(reach, starts, side="right"), np.searchsorted(blocks.start, ends)
        counts = np.maximum(last - first, 0)
        query = np.repeat(np.arange(starts.size), counts)
        row = ragged_index(counts, first)
        hit = blocks.end[row] > starts[query]
        query, row = query[hit], row[hit]
        order = np.lexsort((blocks.start[row], self.rank[blocks.chain[row]], query))
        return query[order], blocks.take(row[order])

    def lift(self, chrom: str, offsets: Any) -> pd.DataFrame:
        """Where offsets of a chromosome lie on the other assembly.

        Parameters
        ----------
        chrom : str
        offsets : int or array_like of int
            0-based.

        Returns
        -------
        DataFrame
            A row a hit, best chain first for each point, none for a point that does not map:
            ``query`` (index into ``offsets``), ``chrom``, ``start`` (offset), ``strand`` (``+`` or
            ``-``), ``score`` of the chain.

        Raises
        ------
        RegionError
            Outside of the chromosome.

        Notes
        -----
        A chromosome that the chain file does not have maps nowhere; it is a GenomeArrayWarning.
        """
        points = np.atleast_1d(np.asarray(offsets))
        if points.size and points.dtype.kind not in "iu":
            raise RegionError(f"offsets of dtype {points.dtype} are not whole numbers")
        starts = points.astype(np.int64).reshape(-1)
        if not self._knows(str(chrom)):
            starts = starts[:0]
            return self._table(starts, self.blocks.take(starts), {"start": starts})
        self._check(chrom, starts, starts + 1, "offset")
        query, blocks = self._overlaps(chrom, starts, starts + 1)
        inside = starts[query] - blocks.start
        sizes = blocks.end - blocks.start
        at = np.where(blocks.strand > 0, blocks.to + inside, blocks.to + sizes - 1 - inside)
        return self._table(query, blocks, {"start": at})

    def lift_regions(self, regions: Any) -> pd.DataFrame:
        """The aligned pieces of regions on the other assembly.

        Parameters
        ----------
        regions : DataFrame, mapping, or list of (chrom, start, end[, strand])
            Offsets, 0-based, half-open.

        Returns
        -------
        DataFrame
            A row a gapless piece, of the best chain first, then in order of the source: ``query``
            (row of ``regions``), ``chrom``, ``start``, ``end``, ``strand`` (of the region, turned
            where the chain is on the minus strand), ``score``, the part of the region it is:
            ``source_start``, ``source_end``, and ``chain``, the number of the chain in the file.

        Raises
        ------
        RegionError

        Examples
        --------
        >>> from genomearray import Chain
        >>> lifted = Chain(chain_file).lift_regions([("chr1", 90, 130)])
        >>> lifted[["chrom", "start", "end", "source_start"]].values.tolist()
        [['chr1', 100, 110, 90], ['chr1', 110, 130, 110]]
        """
        import pandas as pd

        chroms, starts, ends, strands = _columns(regions)
        tables = []
        for name in filter(self._knows, dict.fromkeys(chroms.tolist())):
            rows = np.flatnonzero(chroms == name)
            self._check(name, starts[rows], ends[rows], "region")
            query, blocks = self._overlaps(name, starts[rows], ends[rows])
            query = rows[query]
            low, high = np.maximum(blocks.start, starts[query]), np.minimum(blocks.end, ends[query])
            to = np.where(blocks.strand > 0, blocks.to + low - blocks.start, blocks.to + blocks.end - high)
            own = np.where(strands[query] == 0, 1, strands[query])
            tables.append(
                self._table(query, blocks, {"start": to, "end": to + high - low}, own * blocks.strand).assign(
                    source_start=low, source_end=high, chain=blocks.chain
                )
            )
        if not tables:
            empty = np.empty(0, np.int64)
            none = self._table(empty, self.blocks.take(empty), {"start": empty, "end": empty})
            return none.assign(source_start=empty, source_end=empty, chain=empty)
        return pd.concat(tables, ignore_index=True).sort_values("query", kind="stable", ignore_index=True)

    def _table(
        self, query: NDArray[np.int64], blocks: Blocks, places: dict[str, Any], strand: Any = None
    ) -> pd.DataFrame:
        import pandas as pd

        names = np.array(self.target_names, dtype=object)
        signs = np.where((blocks.strand if strand is None else strand) > 0, "+", "-").astype(object)
        return pd.DataFrame(
            {
                "query": query,
                "chrom": names[blocks.target],
                **places,
                "strand": signs,
                "score": self.scores[blocks.chain],
            }
        )

    def _knows(self, chrom: str) -> bool:
        """Whether the file has a chromosome; a warning when it has not."""
        if chrom in self.source_lengths:
            return True
        near = nearest_names(chrom, self.source_names)
        hint = (
            f"nearest names: {', '.join(map(repr, near))}"
            if near
            else f"it begins with {', '.join(map(repr, self.source_names[:3]))}"
        )
        warnings.warn(
            f"chromosome {chrom!r} is not in the chain file {self.path}, so nothing of it maps; {hint}",
            GenomeArrayWarning,
            stacklevel=3,
        )
        return False

    def _check(self, chrom: str, starts: NDArray[np.int64], ends: NDArray[np.int64], what: str) -> None:
        length = self.source_lengths[chrom]
        bad = (starts < 0) | (starts > ends) | (ends > length)
        if bad.any():
            k = int(np.argmax(bad))
            text = f"{starts[k]}" if what == "offset" else f"[{starts[k]}, {ends[k]})"
            raise RegionError(
                f"{what} {text} is not inside {chrom!r}; allowed is 0 <= start <= end <= {length} "
                f"({self.path})"
            )

    def __repr__(self) -> str:
        name = os.path.basename(self.path)  # noqa: PTH119 - a name, whatever the path is
        return (
            f"<Chain {name!r}: {self.scores.size:,} chains, {self.blocks.start.size:,} blocks, "
            f"{len(self.source_lengths)} chromosomes to {len(self.target_lengths)}>"
        )


def _columns(regions: Any) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Chromosomes, starts, ends and strands (1, -1, 0) of regions."""
    if hasattr(regions, "columns") or isinstance(regions, dict):
        lost = [name for name in ("chrom", "start", "end") if name not in regions]
        if lost:
            raise RegionError(
                f"the table of regions has no column {lost[0]!r}; it needs chrom, start and end"
            )
        rows: Iterable[Any] = zip(
            *(regions[name] for name in ("chrom", "start", "end")),
            regions["strand"] if "strand" in regions else ["."] * len(regions["chrom"]),
            strict=True,
        )
    else:
        rows = regions
    chroms, starts, ends, strands = [], [], [], []
    for number, row in enumerate(rows):
        if not isinstance(row, (tuple, list)) or len(row) not in (3, 4):
            raise RegionError(f"region {number}: {row!r} is not (chrom, start, end[, strand])")
        chroms.append(str(row[0]))
        starts.append(integer(row[1], "start"))
        ends.append(integer(row[2], "end"))
        strands.append(parse_strand(row[3]) if len(row) == 4 else 0)
    return (
        np.array(chroms, dtype=object),
        np.array(starts, np.int64),
        np.array(ends, np.int64),
        np.array(strands, np.int64),
    )
