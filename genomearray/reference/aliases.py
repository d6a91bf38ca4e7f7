"""Chromosome names of a file -> chromosomes of the assembly."""

from __future__ import annotations

import os
from collections.abc import Mapping

from genomearray.errors import FormatError, nearest_names
from genomearray.input_file import fields_of, numbered_lines, open_input
from genomearray.reference.assembly import Assembly, Chromosome

Alias = str | os.PathLike[str] | Mapping[str, str] | None


class ChromosomeNames:
    """Looks up the names of a file, with aliases, and counts those it skips.

    Parameters
    ----------
    assembly : Assembly
    alias : path, mapping, "ucsc", "ensembl" or None
        A mapping, or a table: any column that names a chromosome of the assembly translates the others,
        as in UCSC's chromAlias and NCBI's assembly reports. ``ucsc`` adds ``chr``, ``ensembl`` strips it.
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
        self._aliases = {} if alias is None or self._style else self._read_aliases(alias)
        self._found: dict[str, Chromosome | None] = {}

    def _read_aliases(self, alias: str | os.PathLike[str] | Mapping[str, str]) -> dict[str, str]:
        """Names of files to names of the assembly."""
        rows = [list(pair) for pair in alias.items()] if isinstance(alias, Mapping) else _alias_rows(alias)
        targets: dict[str, set[str]] = {}
        for row in rows:
            # Of two names the second one is the assembly's, where both are.
            target = next(
                (name for name in (row[::-1] if len(row) == 2 else row) if name in self.assembly), None
            )
            for name in row:
                if (
                    target is not None
                    and name
                    and name != target
                    and (len(row) == 2 or name not in self.assembly)
                ):
                    targets.setdefault(name, set()).add(target)
        if rows and not targets and not any(name in self.assembly for row in rows for name in row):
            raise FormatError(
                f"no name of the alias table is in assembly {self.assembly.name!r}; its names begin "
                f"with: {', '.join(self.assembly.names[:3])}"
            )
        # A word that stands beside several chromosomes, such as "scaffold" or "na", names none of them.
        return {name: next(iter(chroms)) for name, chroms in targets.items() if len(chroms) == 1}

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


_NCBI = ("Sequence-Name", "GenBank-Accn", "RefSeq-Accn", "UCSC-style-name")


def _alias_rows(path: str | os.PathLike[str]) -> list[list[str]]:
    """The names that each line of a table gives to one sequence.

    Fields are separated by tabs where a line has one, else by blanks. Of an assembly report of NCBI
    only the columns of names count.
    """
    rows: list[list[str]] = []
    wanted: list[int] | None = None
    with open_input(path) as source:
        for number, raw in numbered_lines(source):
            line = raw.decode(errors="replace").rstrip("\r")
            if line.startswith("#"):
                header = [word.strip() for word in line.lstrip("#").split("\t")]
                if header[0] == _NCBI[0]:
                    wanted = [k for k, name in enumerate(header) if name in _NCBI]
                continue
            if not line.strip():
                continue
            words = [word.strip() for word in fields_of(line)]
            if len(words) < 2:
                raise FormatError(f"{os.fspath(path)}:{number}: an alias needs two names, {line!r} has one")
            rows.append(words if wanted is None else [words[k] for k in wanted if k < len(words)])
    return rows
