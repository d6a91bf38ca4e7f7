"""What becomes of the lines of a file that cannot be used: an error, or they are skipped and counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from genomearray.errors import FormatError

_MOST_NAMED = 5


@dataclass
class BadLines:
    """Lines that cannot be used.

    Attributes
    ----------
    skip : bool
        Skip them; else the first one is an error.
    can_skip : bool
        Whether the message of that error may offer to skip such lines.
    count : int
        How many were skipped.
    named : list of str
        The messages of the first ones, with file and line.

    Examples
    --------
    >>> bad = BadLines(skip=True)
    >>> bad.refuse(FormatError("a.bed:7: start 9 is after end 5"))
    >>> bad.count, bad.named
    (1, ['a.bed:7: start 9 is after end 5'])
    """

    skip: bool = False
    can_skip: bool = True
    count: int = 0
    named: list[str] = field(default_factory=list)

    def refuse(self, error: FormatError) -> None:
        """Raise the error of a line, or count the line."""
        if not self.skip:
            raise error if not self.can_skip else self._with_offer(error) from None
        self.count += 1
        if len(self.named) < _MOST_NAMED:
            self.named.append(error.message)

    @staticmethod
    def _with_offer(error: FormatError) -> FormatError:
        hint = "{skip_bad} skips and counts such lines"
        return FormatError(error.message, hint=f"{error.hint}, {hint}" if error.hint else hint)

    def lines(self) -> list[str]:
        """The report for people."""
        if not self.count:
            return []
        more = f"and {self.count - len(self.named):,} more" if self.count > len(self.named) else ""
        lines = "1 bad line was" if self.count == 1 else f"{self.count:,} bad lines were"
        return [f"{lines} skipped:", *self.named, *([more] if more else [])]
