"""Regions: positions (1-based, both ends included) in, offsets (0-based, half-open) out.

This is the one place of the library where labels become offsets.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import NamedTuple

from genomearray.errors import RegionError, UnknownChromosomeError


class Region(NamedTuple):
    """An interval one asks for: offsets [start, end), bp, and a strand ``+``, ``-`` or ``.``."""

    chrom: str
    start: int
    end: int
    strand: str = "."


_POSITION = r"[0-9]*|[0-9]{1,3}(?:,[0-9]{3})+"
_BOUNDS = re.compile(rf"({_POSITION})-({_POSITION})")
_STRAND = re.compile(r"\(([+-])\)$")


def parse_region(
    text: str, length_of: Callable[[str], int], has: Callable[[str], bool] | None = None
) -> Region:
    """A region string as offsets.

    Parameters
    ----------
    text : str
        ``chr1``, ``chr1:500-600`` (positions, both ends included), ``chr1:500-``, ``chr1:-100``,
        with or without thousands separators, ``{HLA-A*01:01}:1-9`` for a name that holds colons
        (as samtools), with ``(+)`` or ``(-)`` at its end for a strand.
    length_of : callable
        Gives the length (bp) of a chromosome name, or raises UnknownChromosomeError or KeyError.
    has : callable, optional
        Whether there is a chromosome of a name, where that is quicker to ask than to fail.

    Returns
    -------
    Region
        Offsets, 0-based, half-open.

    Raises
    ------
    RegionError
        Malformed, empty or outside the chromosome.
    UnknownChromosomeError

    Examples
    --------
    >>> parse_region("chr1:1,000-1,100", {"chr1": 5000}.__getitem__)
    Region(chrom='chr1', start=999, end=1100, strand='.')
    >>> parse_region("chr1:-100(-)", {"chr1": 5000}.__getitem__)
    Region(chrom='chr1', start=0, end=100, strand='-')
    """
    if not isinstance(text, str):
        raise RegionError(f"{text!r} is not a region; write chrom:first-last, for instance chr1:1,000-2,000")
    text = text.strip()
    strand = "."
    match = _STRAND.search(text)
    if match:
        strand, text = match.group(1), text[: match.start()]
    # A name may hold colons (HLA-A*01:01:01:01), so the whole text is tried first.
    unknown: Exception | None = None
    if ":" not in text or has is None or has(_bare(text)):
        try:
            return Region(_bare(text), 0, length_of(_bare(text)), strand)
        except (UnknownChromosomeError, KeyError) as error:
            if ":" not in text:
                raise
            unknown = error
    name, _, bounds = text.rpartition(":")
    bounds = bounds.replace(" ", "")
    if not _BOUNDS.fullmatch(bounds):
        if not re.fullmatch(_POSITION, bounds) or not bounds:
            raise RegionError(
                f"region {text!r} cannot be read; write chrom:first-last, for instance chr1:1,000-2,000"
            ) from unknown
        number = bounds.replace(",", "")
        raise RegionError(
            f"region {text!r} can mean one base or everything from there on; write "
            f"{name}:{number}-{number} or {name}:{number}-"
        )
    name = _bare(name)
    length = length_of(name)
    first, last = (part.replace(",", "") for part in bounds.split("-"))
    if max(len(first), len(last)) > 18:
        raise RegionError(
            f"region of {name!r} has a position of more than 18 digits; its positions are 1 to {length}"
        )
    if not first and not last:
        raise RegionError(
            f"region {text!r} has no positions; write {name} for the whole chromosome, or {name}:1-{length}"
        )
    start, end = positions_to_offsets(
        name, length, int(first) if first else None, int(last) if last else None
    )
    return Region(name, start, end, strand)


def _bare(name: str) -> str:
    return name[1:-1] if name.startswith("{") and name.endswith("}") else name


def positions_to_offsets(chrom: str, length: int, first: object, last: object) -> tuple[int, int]:
    """Two positions (1-based, both ends included) as offsets [start, end).

    Parameters
    ----------
    chrom : str
        For the message.
    length : int
        Of the chromosome, bp.
    first, last : int or None
        None is the chromosome's first, or last, base. Integral floats are accepted.

    Returns
    -------
    (int, int)

    Raises
    ------
    RegionError

    Examples
    --------
    >>> positions_to_offsets("chr1", 1000, 1, 10)
    (0, 10)
    >>> positions_to_offsets("chr1", 1000, None, None)
    (0, 1000)
    """
    low = 1 if first is None else integer(first, "position")
    high = length if last is None else integer(last, "position")
    if low < 1 or high > length or low > length or high < 1:
        wrong = low if low < 1 or low > length else high
        raise RegionError(
            f"position {wrong} is outside {chrom!r}; its positions are 1 to {length}, both ends included"
        )
    if low > high:
        raise RegionError(f"region {chrom}:{low}-{high} is reversed: the first position is after the last")
    return low - 1, high


def refuse_step(pos: slice) -> None:
    """RegionError for a slice of positions with a step: a region is what lies between two positions."""
    if pos.step is not None and pos.step != 1:
        raise RegionError(f"a step of {pos.step!r} cannot be selected; take [::{pos.step}] of the result")


def check_offsets(chrom: str, length: int, start: object, end: object) -> tuple[int, int]:
    """Two offsets [start, end) that must lie in a chromosome and hold at least one base.

    None is the chromosome's begin, or end. Negative numbers do not count from the end.

    Raises
    ------
    RegionError

    Examples
    --------
    >>> check_offsets("chr1", 1000, 0, 10)
    (0, 10)
    """
    low = 0 if start is None else integer(start, "offset")
    high = length if end is None else integer(end, "offset")
    if 0 <= low < high <= length:
        return low, high
    if low < 0 or high > length or low > length or high < 0:
        raise RegionError(
            f"offsets [{low}, {high}) are outside {chrom!r}; allowed is 0 <= start < end <= {length}"
        )
    if low == high:
        raise RegionError(f"offsets [{low}, {high}) of {chrom!r} hold no base; start must be below end")
    raise RegionError(f"offsets [{low}, {high}) of {chrom!r} are reversed; start must be below end")


def integer(value: object, what: str) -> int:
    """A whole number, also as numpy integer or integral float; anything else is a RegionError.

    Examples
    --------
    >>> integer(3.0, "position")
    3
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise RegionError(f"{what} {value!r} is not a whole number") from None


FILE_STRANDS = {"+": 1, "-": -1, ".": 0, "?": 0, "*": 0, "": 0}  # as BED, GFF, and tables from R write them


def parse_strand(text: str | int) -> int:
    """A strand as 1 (forward), -1 (reverse) or 0 (none), as the old library read it.

    Parameters
    ----------
    text : str or int
        ``+ 1 f F fwd forward``, ``- -1 r R rev reverse``, ``. ? * 0 u U`` or an empty text.

    Returns
    -------
    int

    Raises
    ------
    RegionError

    Examples
    --------
    >>> parse_strand("-"), parse_strand("fwd"), parse_strand(".")
    (-1, 1, 0)
    """
    word = str(text).strip()
    if word in {"+", "1", "+1", "f", "F", "fwd", "forward"}:
        return 1
    if word in {"-", "-1", "r", "R", "rev", "reverse"}:
        return -1
    if word in {".", "?", "*", "0", "u", "U", ""}:
        return 0
    raise RegionError(f"strand {text!r} is not known; allowed are '+', '-' and '.'")


def check_bases(value: object, what: str) -> int:
    """A number of bases, at least 1."""
    number = integer(value, what)
    if number < 1:
        raise RegionError(f"{what} of {number} bp holds no base; it is at least 1")
    return number
