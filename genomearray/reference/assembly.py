"""An assembly: the names, lengths, order and kinds of its chromosomes.

Names and lengths go in (see :mod:`genomearray.chrom_sizes`), a table in the order of
the old library comes out. The table is the frame of reference of every track.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.errors import AssemblyError, RegionError, unknown_chromosome
from genomearray.reference.chromosome_names import Traits, classify, sort_key

LONGEST = 1 << 48  # bp
FLAGS = ("is_auto", "is_sex", "is_x", "is_y", "is_hap", "is_rand", "is_mito")


class Chromosomes(Protocol):
    """Whatever has chromosomes of one assembly: a source, a feature table."""

    assembly: str

    @property
    def names(self) -> tuple[str, ...]: ...
    def has(self, chrom: str) -> bool: ...
    def length(self, chrom: str) -> int: ...
    def lengths_of(self, names: tuple[str, ...]) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True)
class Chromosome:
    """One top-level sequence of an assembly.

    Attributes
    ----------
    idnum : int
        Rank in the assembly, from 1.
    name : str
    length : int
        bp.
    is_auto, is_sex, is_x, is_y, is_hap, is_rand, is_mito : bool
        Autosome, sex chromosome, X, Y, alternative haplotype or patch, unplaced or
        random sequence, mitochondrial. Flags may overlap.
    """

    idnum: int
    name: str
    length: int
    is_auto: bool = False
    is_sex: bool = False
    is_x: bool = False
    is_y: bool = False
    is_hap: bool = False
    is_rand: bool = False
    is_mito: bool = False

    def __str__(self) -> str:
        return self.name


class Assembly:
    """Chromosomes of one genome build, in order.

    Parameters
    ----------
    name : str
        For instance ``hg38``.
    chromosomes : sequence of Chromosome
        In order; ``idnum`` runs from 1.

    Notes
    -----
    Two assemblies are equal when name, chromosome names, order and lengths are.

    Examples
    --------
    >>> toy = Assembly.from_sizes("toy", [("chr2", 500), ("chrX", 300), ("chr1", 1000)])
    >>> toy.names
    ('chr1', 'chr2', 'chrX')
    >>> toy["chrX"].is_x, toy["chrX"].length
    (True, 300)
    """

    def __init__(self, name: str, chromosomes: Sequence[Chromosome]) -> None:
        if not chromosomes:
            raise AssemblyError(
                f"assembly {name!r} has no chromosomes; a table of names and lengths has at least one line"
            )
        self.name = name
        self.chromosomes = tuple(chromosomes)

    @classmethod
    def from_sizes(cls, name: str, sizes: Iterable[tuple[str, int]]) -> Assembly:
        """Judge and order the chromosomes of a table of names and lengths.

        Parameters
        ----------
        name : str
        sizes : iterable of (str, int)
            Chromosome name and length (bp), in the order of the file.

        Returns
        -------
        Assembly

        Raises
        ------
        AssemblyError
            A name is empty or twice there, or a length is below 1.
        """
        pairs, traits = _judged(name, sizes)
        order = sorted(range(len(pairs)), key=lambda k: sort_key(pairs[k][0], traits[k]))
        return cls(name, [_chromosome(rank, *pairs[k], traits[k]) for rank, k in enumerate(order, 1)])

    @classmethod
    def in_order(cls, name: str, sizes: Iterable[tuple[str, int]]) -> Assembly:
        """As :meth:`from_sizes`, in the order given: a table that was ordered by another rule."""
        pairs, traits = _judged(name, sizes)
        return cls(
            name,
            [
                _chromosome(rank, *pair, trait)
                for rank, (pair, trait) in enumerate(zip(pairs, traits, strict=True), 1)
            ],
        )

    @Cached
    def names(self) -> tuple[str, ...]:
        """Chromosome names, in order."""
        return tuple(c.name for c in self.chromosomes)

    @Cached
    def rows(self) -> dict[str, int]:
        """Row of each chromosome in the table, from 0, by name."""
        return {name: row for row, name in enumerate(self.names)}

    def __getitem__(self, chrom: str | Chromosome) -> Chromosome:
        """The chromosome of a name; an object is looked up by its name."""
        row = self.rows.get(str(chrom))
        if row is None:
            raise unknown_chromosome(chrom, self.name, self.names)
        return self.chromosomes[row]

    def __contains__(self, chrom: object) -> bool:
        return str(chrom) in self.rows

    def __iter__(self) -> Iterator[Chromosome]:
        return iter(self.chromosomes)

    def __len__(self) -> int:
        return len(self.chromosomes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Assembly) and self._frame == other._frame

    def __hash__(self) -> int:
        return hash(self._frame)

    @Cached
    def _frame(self) -> tuple[object, ...]:
        return (self.name, self.names, tuple(c.length for c in self.chromosomes))

    def __repr__(self) -> str:
        bases = sum(c.length for c in self.chromosomes)
        return f"<Assembly {self.name!r}: {len(self)} chromosomes, {bases:,} bp>"

    def select(
        self,
        *,
        get_rand: bool = False,
        get_auto: bool = True,
        get_sex: bool = True,
        get_x: bool = True,
        get_y: bool = False,
        get_hap: bool = False,
        get_mito: bool = False,
    ) -> list[Chromosome]:
        """Chromosomes by kind: a chromosome is left out when any of its flags is not wanted.

        The default gives autosomes and X (and Z and W), as the old library's README promised.

        Returns
        -------
        list of Chromosome, in order

        Examples
        --------
        >>> toy = Assembly.from_sizes("toy", [("chr1", 9), ("chrX", 9), ("chrY", 9), ("chrM", 9)])
        >>> [c.name for c in toy.select()]
        ['chr1', 'chrX']
        >>> [c.name for c in toy.select(get_y=True, get_x=False)]
        ['chr1', 'chrY']
        """
        wanted = dict(zip(FLAGS, (get_auto, get_sex, get_x, get_y, get_hap, get_rand, get_mito), strict=True))
        unwanted = [flag for flag in FLAGS if not wanted[flag]]
        return [c for c in self.chromosomes if not any(getattr(c, flag) for flag in unwanted)]

    def select_args(self, args: Iterable[str]) -> list[Chromosome]:
        """Chromosomes from command-line words: names, idnums, or ranges of idnums (``1-22``).

        Parameters
        ----------
        args : iterable of str
            A name is tried before a number.

        Returns
        -------
        list of Chromosome

        Raises
        ------
        UnknownChromosomeError

        Examples
        --------
        >>> toy = Assembly.from_sizes("toy", [("chr1", 9), ("chr2", 9), ("chrX", 9)])
        >>> [c.name for c in toy.select_args(["chrX", "1-2"])]
        ['chrX', 'chr1', 'chr2']
        """
        chosen: list[Chromosome] = []
        for arg in args:
            ids = re.fullmatch(r"(\d+)(?:-(\d+))?", arg)
            if arg in self or not ids:
                chosen.append(self[arg])
                continue
            first, last = int(ids.group(1)), int(ids.group(2) or ids.group(1))
            if not 1 <= first <= last <= len(self):
                raise unknown_chromosome(arg, self.name, self.names)
            chosen.extend(self.chromosomes[first - 1 : last])
        return chosen


def one_chromosome(chrom: str | Chromosome) -> str:
    """Name of a chromosome; RegionError for several."""
    if not isinstance(chrom, (str, Chromosome)):
        raise RegionError(f"chrom={chrom!r} is not one chromosome; ask for one at a time, by its name")
    return str(chrom)


def _judged(name: str, sizes: Iterable[tuple[str, int]]) -> tuple[list[tuple[str, int]], list[Traits]]:
    """Names and lengths that can be an assembly, and of what kind each is."""
    pairs = list(sizes)
    seen: set[str] = set()
    for chrom, length in pairs:
        if not chrom or chrom != chrom.strip():
            raise AssemblyError(
                f"chromosome name {chrom!r} in assembly {name!r} is empty or has blanks around it"
            )
        if chrom in seen:
            raise AssemblyError(
                f"chromosome {chrom!r} is twice in the table of assembly {name!r}; names must be unique"
            )
        if length > LONGEST:
            raise AssemblyError(
                f"chromosome {chrom!r} of assembly {name!r} has length {length}; at most {LONGEST} "
                "bp can be kept"
            )
        if length < 1:
            raise AssemblyError(
                f"chromosome {chrom!r} of assembly {name!r} has length {length}; a length is at least 1 bp"
            )
        seen.add(chrom)
    return pairs, classify([chrom for chrom, _ in pairs])


def _chromosome(rank: int, name: str, length: int, traits: Traits) -> Chromosome:
    return Chromosome(rank, name, length, **{flag: getattr(traits, flag) for flag in FLAGS})
