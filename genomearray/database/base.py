"""A database folder and its assembly, with the names of its chromosomes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from genomearray._cached import Cached
from genomearray.database.folders import assembly_folder, database_folder
from genomearray.foreign.chromosomes import read_assembly
from genomearray.reference.assembly import Assembly, Chromosome

if TYPE_CHECKING:
    import pandas as pd


class BaseDatabase:
    """The part of a database that its methods by subject build on."""

    def __init__(self, path: str | os.PathLike[str] | None = None, assembly: str | None = None) -> None:
        self.path = database_folder(path)
        self.folder = assembly_folder(self.path, assembly)

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
