"""Chromosome names of a file -> chromosomes of the assembly."""

from __future__ import annotations

import os
from collections.abc import Mapping

from genomearray.errors import FormatError, nearest_names
from genomearray.input_file import open_input
from genomearray.reference.assembly import Assembly, Chromosome

Alias = str | os.PathLike[str] | Mapping[str, str] | None


class ChromosomeNames:
    """Looks up the names of a file, with aliases, and counts those it skips.

    Parameters
    ----------
    assembly : Assembly
    alias : path, mapping, "ucsc", "ensembl" or None
        A two-column file or a mapping, in either direction; ``ucsc`` adds ``chr``, ``ensembl`` strips it.
    skip_unknown : bool
        Skip unknown names instead of an error.
    left_out : mapping, optional
        Chromosomes of the assembly that are skipped too, and why; may grow later.
    to_skip : str
        What one does to skip them, for the message.

    Examples
    --------
    >>> from genomearray import Assembly
    >>> names = ChromosomeNames(Assembly.from_sizes("toy", {"chr1": 9, "chrM": 9}.items()), alias="ucsc")
    >>> str(names.find("1")), str(names.find("MT"))
    ('chr1', 'chrM')
    """

    def __init__(
        self,
        assembly: Assembly,
        alias: Alias = None,
        *,
        skip_unknown: bool = False,
        left_out: Mapping[str, str] | None = None,
        to_skip: str = "with {skip_unknown}",
    ) -> None:
        self.assembly = assembly
        self.skipped: dict[str, int] = {}
        self._style = alias if alias in ("ucsc", "ensembl") else None
        self._skip = skip_unknown
        self._left_out = {} if left_out is None else left_out
        self._to_skip = to_skip
        self._aliases = {} if alias is None or self._style else self._both_ways(_pairs(alias))
        self._found: dict[str, Chromosome | None] = {}

    def _both_ways(self, pairs: list[tuple[str, str]]) -> dict[str, str]:
        aliases = {}
        for one, other in pairs:
            if other in self.assembly:
                aliases[one] = other
            elif one in self.assembly:
                aliases[other] = one
        if pairs and not aliases:
            raise FormatError(
                f"no name of the alias table is in assembly {self.assembly.name!r}; its names begin "
                f"with: {', '.join(self.assembly.names[:3])}"
            )
        return aliases

    def find(self, name: str, rows: int = 0, where: str = "") -> Chromosome | None:
        """The chromosome of a name; None for one that is skipped, or left out.

        Parameters
        ----------
        name : str
        rows : int
            Data that are skipped with it, for the report.
        where : str
            File and line, for the message.
        """
        if name not in self._found:
            self._found[name] = self._look_up(name, where)
        chrom = self._found[name]
        if chrom is not None and chrom.name in self._left_out:
            return None
        if chrom is None:
            self.skipped[name] = self.skipped.get(name, 0) + rows
        return chrom

    @property
    def any_known(self) -> bool:
        """Whether any name so far was one of the assembly."""
        return any(chrom is not None for chrom in self._found.values())

    def _look_up(self, name: str, where: str) -> Chromosome | None:
        for candidate in (self._aliases.get(name), self._styled(name), name):
            if candidate is not None and candidate in self.assembly:
                return self.assembly[candidate]
        if self._skip:
            return None
        near = nearest_names(name, self.assembly.names)
        near_names = (
            f"nearest names: {', '.join(map(repr, near))}"
            if near
            else f"its names begin with: {', '.join(self.assembly.names[:3])}"
        )
        place = f"{where}: " if where else ""
        raise FormatError(
            f"{place}chromosome {name!r} is not in assembly {self.assembly.name!r}; {near_names}",
            hint=f"skip such names {self._to_skip}, or translate them with {{chrom_alias=}}",
        )

    def _styled(self, name: str) -> str | None:
        if self._style == "ucsc":
            return "chrM" if name == "MT" else f"chr{name}"
        if self._style == "ensembl" and name.startswith("chr"):
            return "MT" if name == "chrM" else name[3:]
        return None


def _pairs(alias: str | os.PathLike[str] | Mapping[str, str]) -> list[tuple[str, str]]:
    if isinstance(alias, Mapping):
        return list(alias.items())
    with open_input(alias) as source:
        text = b"".join(iter(lambda: source.read(1 << 20), b"")).decode(errors="replace")
    pairs = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) < 2:
            raise FormatError(f"{os.fspath(alias)}:{number}: an alias needs two names, {line!r} has one")
        pairs.append((words[0], words[1]))
    return pairs
