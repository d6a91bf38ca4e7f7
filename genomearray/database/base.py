"""A database folder and its assembly, with the names of its chromosomes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from genomearray._cached import Cached
from genomearray.errors import (
    DatabaseError,
)
from genomearray.foreign.chromosomes import read_assembly
from genomearray.reference.assembly import Assembly, Chromosome
from genomearray.storage.chromosome_table import FILE

if TYPE_CHECKING:
    import pandas as pd


class BaseDatabase:
    """The part of a database that its methods by subject build on."""

    def __init__(self, path: str | os.PathLike[str] | None = None, assembly: str | None = None) -> None:
        self.path = database_folder(path)
        name = assembly or os.environ.get("GENOME_ASSEMBLY")
        known = list_assemblies(self.path)
        existing = (
            f"; there are: {', '.join(known)}"
            if known
            else f"; {self.path} holds none yet: run genomearray init"
        )
        if not name:
            raise DatabaseError(
                "no assembly is named", hint=f"give {{assembly=}} or set GENOME_ASSEMBLY{existing}"
            )
        check_assembly_name(name)
        self.folder = self.path / name
        if name not in known:
            raise DatabaseError(f"assembly {name!r} is not in the database {self.path}{existing}")

    @Cached
    def assembly(self) -> Assembly:
        """The chromosome table as an object."""
        return read_assembly(self.folder)

    @property
    def chromosomes(self) -> pd.DataFrame:
        """The chromosome table: name, length (bp), idnum and the is_* flags, one row each.

        Examples
        --------
        >>> db.chromosomes[["name", "length"]].head(2).values.tolist()
        [['chr1', 1000], ['chr2', 500]]
        """
        import pandas as pd

        columns = (
            "name",
            "length",
            "idnum",
            "is_auto",
            "is_sex",
            "is_x",
            "is_y",
            "is_hap",
            "is_rand",
            "is_mito",
        )
        return pd.DataFrame({c: [getattr(chrom, c) for chrom in self.assembly] for c in columns})

    def get_chromosomes(self, **flags: bool) -> list[Chromosome]:
        """Chromosomes by kind; by default autosomes and X.

        Parameters
        ----------
        **flags : bool
            ``get_rand=False, get_auto=True, get_sex=True, get_x=True, get_y=False, get_hap=False,
            get_mito=False``: a chromosome is left out when any kind it is of is not wanted.

        Returns
        -------
        list of Chromosome, in order

        Examples
        --------
        >>> [chrom.name for chrom in db.get_chromosomes(get_mito=True)]
        ['chr1', 'chr2', 'chrX', 'chrM']
        """
        return self.assembly.select(**flags)

    def get_all_chromosomes(self) -> list[Chromosome]:
        """All chromosomes, in order."""
        return list(self.assembly)

    def get_chromosome(self, name: str) -> Chromosome:
        """The chromosome of a name; UnknownChromosomeError offers the nearest ones.

        Examples
        --------
        >>> db.get_chromosome("chr2").length
        500
        """
        return self.assembly[name]

    def get_chromosome_dict(self) -> dict[str, Chromosome]:
        """All chromosomes by name."""
        return {chrom.name: chrom for chrom in self.assembly}

    def get_chromosomes_from_args(self, args: Iterable[str]) -> list[Chromosome]:
        """Chromosomes from command-line words: names, idnums, or ranges of idnums (``1-22``).

        Examples
        --------
        >>> [chrom.name for chrom in db.get_chromosomes_from_args(["1-2", "chrM"])]
        ['chr1', 'chr2', 'chrM']
        """
        return self.assembly.select_args([args] if isinstance(args, str) else args)


def database_folder(path: str | os.PathLike[str] | None) -> Path:
    """The folder of a database; DatabaseError when none is named or it is not there."""
    named = path if path is not None else os.environ.get("GENOME_DB")
    if not named or not os.fspath(named):
        raise DatabaseError("no database is named", hint="give {path=|--db} or set GENOME_DB to its folder")
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DatabaseError(
            f"the database folder {folder} is not there",
            hint="check the path, or make it with: {GenomeDB.create|genomearray init}",
        )
    return folder


def list_assemblies(folder: Path) -> list[str]:
    """Names of the assemblies in a database, sorted."""
    return sorted(entry.parent.name for entry in folder.glob(f"*/{FILE}"))


def check_assembly_name(name: str) -> None:
    """DatabaseError for a name that cannot be a folder."""
    if not name or name.startswith(".") or "/" in name or name != name.strip() or not name.isprintable():
        raise DatabaseError(
            f"assembly name {name!r} cannot be a folder; use letters, digits, '-', '_' and '.', for "
            "instance hg38"
        )
