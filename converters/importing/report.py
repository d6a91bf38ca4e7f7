"""What an import did, for people and for the attributes of its track."""

from __future__ import annotations

from dataclasses import dataclass, field

from genomearray.bad_lines import BadLines
from genomearray.storage.write.options import WriteReport


@dataclass
class ImportReport:
    """What an import did.

    Attributes
    ----------
    track : str
    dtype : str
        Of the track; wider than asked for after ``overflow="widen"``.
    rows : int
        Lines of data, intervals or records taken from the files.
    clipped : int
        Intervals cut at the end of their chromosome.
    outside : int
        Intervals without a base on their chromosome, left out where others are cut.
    skipped : dict of str to int
        Unknown chromosomes, and their rows.
    unequal : dict of str to str
        Chromosomes that were skipped because they have another length in a file, and how this was seen.
    bad : BadLines
        Lines that were skipped because they cannot be read.
    notes : list of str
        What the values of a file decided.
    unfinished : list of str
        Texts whose last line has no newline: whole, or cut in the middle of a number.
    tracks : dict of str to WriteReport
        What went into each track; ``written`` is the first one.
    """

    track: str
    dtype: str = ""
    rows: int = 0
    clipped: int = 0
    outside: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    unequal: dict[str, str] = field(default_factory=dict)
    bad: BadLines = field(default_factory=BadLines)
    notes: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    tracks: dict[str, WriteReport] = field(default_factory=dict)

    @property
    def written(self) -> WriteReport:
        """Of the only, or first, track."""
        return next(iter(self.tracks.values()), WriteReport())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def judge(self, written: WriteReport) -> None:
        """FormatError for what shows only when all is written, before the track appears."""

    def nothing(self) -> str:
        """Why a track would be empty."""
        return "no line of data"

    @property
    def nothing_hint(self) -> str:
        """What one may do about it."""
        return "{allow_empty} makes a track without values"

    def lines(self) -> list[str]:
        """The report for people, a line each thing."""
        return [
            line for track, written in self.tracks.items() for line in self.written_lines(track, written)
        ] + self.read_lines()

    def written_lines(self, track: str, written: WriteReport) -> list[str]:
        """What went into a track."""
        lines = [
            f"track {track}: {written.bases:,} bases on {len(written.chromosomes)} chromosomes, {self.dtype}"
        ]
        if written.overwritten:
            lines.append(f"{written.overwritten:,} bases had more than one value; the last one counts")
        if written.saturated:
            lines.append(
                f"{written.saturated:,} values did not fit {self.dtype} and were set to its least or "
                "greatest value"
            )
        if written.nan_to_zero:
            lines.append(f"{written.nan_to_zero:,} missing values became 0: {self.dtype} cannot hold NaN")
        return lines

    def read_lines(self) -> list[str]:
        """What was read from the files."""
        lines = [*self.notes, *self.bad.lines()]
        if self.clipped:
            lines.append(f"{self.clipped:,} intervals were cut at the end of their chromosome")
        if self.outside:
            lines.append(f"{self.outside:,} intervals without a base on their chromosome were left out")
        lines += [f"{name} was skipped: {why}" for name, why in self.unequal.items()]
        if self.skipped:
            names = ", ".join(list(self.skipped)[:5]) + (", ..." if len(self.skipped) > 5 else "")
            lines.append(
                f"{sum(self.skipped.values()):,} rows of {len(self.skipped)} unknown chromosomes "
                f"were skipped: {names}"
            )
        lines += [
            f"the last line of {name} has no newline; if the file was cut there, its last value is wrong"
            for name in self.unfinished
        ]
        return lines
