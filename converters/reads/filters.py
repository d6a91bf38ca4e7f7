"""Which reads count, and how: quality, flags, deletions, mates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import MATES, PRESETS, Mates, Preset, check
from genomearray.errors import ValueRangeError

FLAG_NAMES = {
    0x1: "paired",
    0x2: "proper pair",
    0x4: "unmapped",
    0x8: "mate unmapped",
    0x10: "reverse",
    0x20: "mate reverse",
    0x40: "read 1",
    0x80: "read 2",
    0x100: "secondary",
    0x200: "QC-fail",
    0x400: "duplicate",
    0x800: "supplementary",
}


@dataclass(frozen=True)
class Rule:
    """What is counted.

    Attributes
    ----------
    min_mapq : int
        Least mapping quality, 0-255; 255 (unknown) always passes.
    exclude_flags : int
        Reads with any of these flags are dropped, 0-65535; unmapped reads always are.
    require_flags : int
        Reads without all of these flags are dropped.
    deletions : bool
        Whether a deletion (D) counts as covered; an intron (N) never does.
    mates : {"twice", "once"}
        Whether bases that both mates of a proper pair cover count for each, or once.

    References
    ----------
    SAM/BAM format specification v1, section 1.4: flags, MAPQ and CIGAR.
    """

    min_mapq: int = 10
    exclude_flags: int = 1796
    require_flags: int = 0
    deletions: bool = True
    mates: Mates = "twice"

    def codes(self) -> NDArray[np.int64]:
        """The numbers that the record kernels take."""
        return np.array([self.min_mapq, self.exclude_flags, self.require_flags], np.int64)

    def line(self, *, depth: bool = False) -> str:
        """The rule for people: filters, and for depth what a read covers."""
        text = (
            f"counted: reads with MAPQ >= {self.min_mapq}, without flags {self.exclude_flags} "
            f"({flag_text(self.exclude_flags | 4)})"
        )
        if self.require_flags:
            text += f", with flags {self.require_flags} ({flag_text(self.require_flags)})"
        if depth:
            covered = "covered" if self.deletions else "not covered"
            text += f"; deletions are {covered}; bases of two mates count {self.mates}"
        return text


# What other tools count: samtools depth, mosdepth, bedtools genomecov -split, and the old library.
_RULES: dict[Preset, Rule] = {
    "genome": Rule(exclude_flags=4),
    "samtools": Rule(min_mapq=0, deletions=False),
    "mosdepth": Rule(min_mapq=0, deletions=False, mates="once"),
    "bedtools": Rule(min_mapq=0, exclude_flags=4, deletions=False),
}


def make_rule(preset: str | None = None, **overrides: Any) -> Rule:
    """A rule from a preset and single options, which override it; None leaves what the preset says.

    Raises
    ------
    ValueRangeError

    Examples
    --------
    >>> from genomearray_converters.reads.filters import make_rule
    >>> make_rule("mosdepth", min_mapq=20)
    Rule(min_mapq=20, exclude_flags=1796, require_flags=0, deletions=False, mates='once')
    """
    rule = replace(
        _RULES[check("preset", preset, PRESETS, optional=True)] if preset is not None else Rule(),
        **{name: value for name, value in overrides.items() if value is not None},
    )
    _check_range("min_mapq", rule.min_mapq, 255)
    _check_range("exclude_flags", rule.exclude_flags, 65535)
    _check_range("require_flags", rule.require_flags, 65535)
    check("mates", rule.mates, MATES)
    both = rule.require_flags & (rule.exclude_flags | 4)
    if both:
        raise ValueRangeError(f"flags {both} ({flag_text(both)}) are required and excluded: no read can pass")
    return rule


def flag_text(flags: int) -> str:
    """Names of flags.

    Examples
    --------
    >>> flag_text(1796)
    'unmapped, secondary, QC-fail, duplicate'
    """
    return ", ".join(name for bit, name in FLAG_NAMES.items() if flags & bit) or "none"


def _check_range(name: str, value: Any, most: int) -> None:
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueRangeError(f"{name} is {value!r}; allowed are whole numbers from 0 to {most}")
