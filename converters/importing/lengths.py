"""Formats that carry lengths must agree with the assembly."""

from __future__ import annotations

from genomearray.errors import FormatError
from genomearray.reference.assembly import Assembly, Chromosome


def matching(
    path: str, name: str, length: int, chrom: Chromosome, assembly: Assembly, hint: str = ""
) -> None:
    """FormatError when a sequence of a file is not as long as its chromosome; ``hint`` is what one may do."""
    if length != chrom.length:
        raise FormatError(
            f"{path}: {name!r} has {length} bp, and {chrom.name!r} of assembly {assembly.name!r} has "
            f"{chrom.length} bp; "
            "is the file on another assembly?",
            hint=hint,
        )
