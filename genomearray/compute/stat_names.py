"""Names of statistics of regions: ``mean``, ``quantile:0.9``, ``over:10`` and the like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from genomearray.errors import ArgumentError

Stats: TypeAlias = str | Iterable[str]
SUMMARISED = ("n", "mean", "min", "max", "sum", "std")  # what stored summaries answer
ORDERED = ("median", "quantile")  # what needs all values of a region together
SHARES = ("over", "coverage")  # fractions of all bases
ALLOWED = "n, mean, min, max, sum, std, median, quantile:Q (0 to 1), over:T, coverage"


class Stat(NamedTuple):
    """One statistic.

    Attributes
    ----------
    text : str
        As it was asked for; the name of its column.
    kind : str
        One of ``SUMMARISED``, ``ORDERED``, ``SHARES``.
    number : float
        Of a quantile, or the least value that counts as over.
    """

    text: str
    kind: str
    number: float = 0.0

    @property
    def is_share(self) -> bool:
        """Whether it is the fraction of bases that are high enough."""
        return self.kind in SHARES

    @property
    def is_ordered(self) -> bool:
        """Whether it is one of the values, or lies between two."""
        return self.kind in ORDERED


def stat_of(text: object, argument: str = "stats") -> Stat:
    """A statistic by its name.

    Parameters
    ----------
    text : str
    argument : str
        What it was given as, for the message.

    Raises
    ------
    ArgumentError

    Examples
    --------
    >>> stat_of("over:10")
    Stat(text='over:10', kind='over', number=10.0)
    >>> stat_of("total")
    Traceback (most recent call last):
    genomearray.errors.ArgumentError: stats='total' is not known; allowed are n, mean, min, max, sum, std, \
median, quantile:Q (0 to 1), over:T, coverage
    """
    kind, colon, number = text.partition(":") if isinstance(text, str) else ("", "", "")
    if not colon and kind in (*SUMMARISED, "median", "coverage"):
        return Stat(kind, kind)
    if kind in ("quantile", "over"):
        try:
            value = float(number)
        except ValueError:
            value = float("nan")
        if value == value and (kind == "over" or 0 <= value <= 1):
            return Stat(str(text), kind, value)
    raise ArgumentError(f"{argument}={text!r} is not known; allowed are {ALLOWED}")


def stats_of(asked: Stats | None) -> list[Stat]:
    """Statistics by their names, or, separated by commas, in one text; default: those of summaries.

    Raises
    ------
    ArgumentError
        Also for a name that is asked for twice.
    """
    if asked is None:
        return [Stat(kind, kind) for kind in SUMMARISED]
    names = [name.strip() for name in asked.split(",")] if isinstance(asked, str) else list(asked)
    wanted = [stat_of(name) for name in names]
    twice = next((stat.text for k, stat in enumerate(wanted) if stat in wanted[:k]), None)
    if twice is not None or not wanted:
        raise ArgumentError(
            f"stats={asked!r} " + (f"asks for {twice!r} twice" if twice else "asks for nothing")
        )
    return wanted
