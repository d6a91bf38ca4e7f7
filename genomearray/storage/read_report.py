"""The lines of a stored import report that are read again: how many reads a track of counts is of.

The report is a text of the attributes; what is asked of it later stands here, beside how it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

REPORT = "import_report"  # attribute
_READS = re.compile(r"^reads: [0-9,]+ seen; ([0-9,]+) (?:reads|fragments) used$", re.MULTILINE)
_SCALE = re.compile(r"^counts were multiplied by (\S+)$", re.MULTILINE)


def reads_line(seen: int, used: int, what: str) -> str:
    """How many reads (``what``: or fragments) were seen and used."""
    return f"reads: {seen:,} seen; {used:,} {what} used"


def scale_line(scale: float) -> str:
    """By what the counts were multiplied."""
    return f"counts were multiplied by {repr(float(scale)).removesuffix('.0')}"


class ReadsUsed(NamedTuple):
    """Reads that a track counts, and what their counts were multiplied by."""

    used: int
    scale: float


def reads_used(attributes: Mapping[str, object]) -> ReadsUsed | None:
    """From the attributes of a track; None without the report of an import of reads.

    Examples
    --------
    >>> reads_used({"import_report": "track x: ...\\n" + reads_line(12, 10, "reads")})
    ReadsUsed(used=10, scale=1.0)
    """
    report = str(attributes.get(REPORT, ""))
    used, scale = _READS.search(report), _SCALE.search(report)
    if used is None:
        return None
    return ReadsUsed(int(used[1].replace(",", "")), 1.0 if scale is None else float(scale[1]))
