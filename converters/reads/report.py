"""What an import of reads did."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from genomearray.storage.read_report import reads_line, scale_line
from genomearray.storage.write.options import WriteReport

from ..importing.report import ImportReport

MOST_COUNTED = 1 << 20  # bp: lengths and sizes beyond stand in the last place of their histogram


@dataclass
class Histogram:
    """Lengths of reads, or sizes of fragments (bp).

    Attributes
    ----------
    counts : ndarray of int64
        How many of each length; those beyond the end stand in the last place.
    least, most : int
    total : int
        Sum of all lengths.
    """

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(MOST_COUNTED, np.int64))
    extremes: NDArray[np.int64] = field(default_factory=lambda: np.array([np.iinfo(np.int64).max, 0, 0]))

    @property
    def n(self) -> int:
        """How many there are."""
        return int(self.counts.sum())

    @property
    def median(self) -> int:
        """The length that half of them do not exceed (the lower one of two)."""
        return int(np.searchsorted(np.cumsum(self.counts), (self.n + 1) // 2))

    def line(self, what: str) -> str:
        """The numbers for people."""
        if not self.n:
            return f"{what}: none"
        least, most, total = self.extremes.tolist()
        return (
            f"{what}: {self.n:,}, {least:,} to {most:,} bp, median {self.median:,}, mean "
            f"{total / self.n:,.1f}"
        )

    def rows(self) -> list[tuple[int, int]]:
        """(bp, how many), those that occur."""
        return [(int(k), int(self.counts[k])) for k in np.flatnonzero(self.counts)]


@dataclass
class ReadReport(ImportReport):
    """What an import of reads did.

    Attributes
    ----------
    rule : list of str
        What was counted, for people.
    seen, used : int
        Reads in the files (without those an index let us leave out), and those that count; of
        pairs, fragments.
    dropped : dict of str to int
        Reads by the reason why they do not count.
    dovetails : int
        Of the fragments used, those whose forward read begins after the reverse one.
    read_lengths, fragment_sizes : Histogram, optional
        Where they were asked for.
    """

    rule: list[str] = field(default_factory=list)
    seen: int = 0
    used: int = 0
    used_what: str = "reads"
    dropped: dict[str, int] = field(default_factory=dict)
    extended: int | None = None
    dovetails: int = 0
    scale: float | None = None
    cut: list[str] = field(default_factory=list)
    read_lengths: Histogram | None = None
    fragment_sizes: Histogram | None = None

    def written_lines(self, track: str, written: WriteReport) -> list[str]:
        """What went into a track: bases are not a measure of reads."""
        if self.dtype == "features":
            return [f"table {track}: {self.used:,} fragments"]
        n = len(written.chromosomes)
        lines = [f"track {track}: counts on {n:,} chromosome{'' if n == 1 else 's'}, {self.dtype}"]
        if written.saturated:
            lines.append(
                f"{written.saturated:,} sites exceed {self.dtype} and were set to its greatest value"
            )
        return lines

    def read_lines(self) -> list[str]:
        """What was read from the files."""
        lines = list(self.rule)
        lines.append(reads_line(self.seen, self.used, self.used_what))
        lines += [f"not counted: {count:,} {why}" for why, count in self.dropped.items() if count]
        if self.dovetails:
            lines.append(
                f"{self.dovetails:,} of the fragments are of pairs whose forward read begins after the "
                "reverse one (dovetails)"
            )
        if self.extended is not None:
            lines.append(
                f"{self.extended:,} single reads were extended; reads of pairs, and longer reads, "
                "count as they are aligned"
            )
        lines += [f"{path} is cut: what stood after its last whole record is lost" for path in self.cut]
        if self.scale is not None:
            lines.append(scale_line(self.scale))
        if self.read_lengths is not None:
            lines.append(self.read_lengths.line("read lengths"))
        if self.fragment_sizes is not None:
            lines.append(self.fragment_sizes.line("fragment sizes"))
        lines += [f"{name} was skipped: {why}" for name, why in self.unequal.items()]
        with_reads = {name: count for name, count in self.skipped.items() if count}
        if self.skipped:
            names = ", ".join(f"{name} {count:,}" for name, count in list(with_reads.items())[:5]) + (
                ", ..." if len(with_reads) > 5 else ""
            )
            lines.append(
                f"skipped: {len(self.skipped):,} contigs that the assembly does not have, "
                f"{sum(with_reads.values()):,} reads" + (f" ({names})" if names else "")
            )
        return lines

    def nothing(self) -> str:
        """Why a track would be empty."""
        why = "; ".join(f"{count:,} {reason}" for reason, count in self.dropped.items() if count)
        skipped = sum(self.skipped.values())
        why += (
            f"{'; ' if why else ''}{skipped:,} on contigs that the assembly does not have" if skipped else ""
        )
        return f"none of {self.seen:,} reads counts{f' ({why})' if why else ''}"

    @property
    def nothing_hint(self) -> str:
        """What one may do about it."""
        return "{allow_empty} makes a track without reads"
