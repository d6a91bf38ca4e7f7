"""What an export wrote."""

from __future__ import annotations

from typing import Self


class ExportReport(int):
    """What an export wrote; as a number, how much of it.

    Parameters
    ----------
    amount : int
    what : str
        Of which there are so many: bases, lines, intervals.
    notes : tuple of str
        What else people should know.

    Examples
    --------
    >>> report = ExportReport(1500, "bases")
    >>> report + 1, report.lines()
    (1501, ['1,500 bases'])
    """

    what: str
    notes: tuple[str, ...]

    def __new__(cls, amount: int, what: str, notes: tuple[str, ...] = ()) -> Self:
        """A number that knows what it counts."""
        report = super().__new__(cls, amount)
        report.what = what
        report.notes = notes
        return report

    def __getnewargs__(self) -> tuple[int, str, tuple[str, ...]]:  # type: ignore[override]  # what pickle hands to __new__
        return int(self), self.what, self.notes

    def lines(self) -> list[str]:
        """The report for people, a line each thing."""
        return [f"{int(self):,} {self.what}", *self.notes]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {'; '.join(self.lines())}>"
