"""Every name and rule of the layout on disk, independent of HDF5 and Zarr.

An assembly goes in, the variables of its tracks and where each sequence lies in them
come out. The rule depends on the chromosome table alone, so all tracks of an assembly agree.
See ``docs/layout.md``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from genomearray._cached import Cached
from genomearray.choices import DTYPES, SEQUENCE, SIGNAL
from genomearray.errors import ValueRangeError
from genomearray.reference.assembly import Assembly, Chromosome
from genomearray.source import PACKED

LAYOUT = "1"
CONVENTIONS = "CF-1.11"
BLOCK = 1 << 22  # positions; unit of work, a Zarr shard, a dask chunk
OWN_VARIABLES = 100  # plain xarray opens 100 in 0.3 s, 500 in 2-5 s
SEQUENCES = "sequences"
SUMMARY = "summary"
# Row of an own variable in /sequences: without it the names of all sequences (30 ms for
# 96,127) would have to be read before the first value of chr1.
ROW_ATTRIBUTE = "sequence_row"
ABSENT = "absent"  # attribute of floats that are counts: bases nobody wrote hold 0, not NaN
NAMES_CRC = "names_crc32c"  # of the names of all sequences
# Chosen from benchmarks/chunks.md, bp, by bytes a value.
CHUNK_BY_ITEMSIZE = {1: 8192, 2: 4096, 4: 4096, 8: 2048}
_NOT_A_VARIABLE = frozenset({PACKED, SEQUENCES, SUMMARY, "zarr.json"})
_BAD_CHARACTER = re.compile(r"[\x00-\x1f\x7f/\\]")


def track_dtype(dtype: Any) -> np.dtype[Any]:
    """The dtype of a track, in native byte order.

    Raises
    ------
    ValueRangeError
        No integer of 1-8 bytes, float32 or float64.

    Examples
    --------
    >>> track_dtype("uint16")
    dtype('uint16')
    """
    native: np.dtype[Any] | None
    try:
        native = np.dtype(dtype).newbyteorder("=")
    except TypeError:
        native = None
    if native is None or native.name not in DTYPES:
        raise ValueRangeError(f"dtype {dtype!r} is not one of a track; allowed are {', '.join(DTYPES)}")
    return native


def chunk_length(dtype: np.dtype[Any]) -> int:
    """Positions in one chunk of storage; a power of two that divides a block."""
    return CHUNK_BY_ITEMSIZE[dtype.itemsize]


@dataclass(frozen=True, slots=True)
class Variable:
    """One 1-D array on disk: ``length`` positions in chunks of ``chunk``."""

    name: str
    length: int
    chunk: int
    first_chunk: int  # row in /summary
    row: int  # row in /sequences; -1 for the packed variable

    @property
    def n_chunks(self) -> int:
        """Chunks the variable has."""
        return -(-self.length // self.chunk)

    @property
    def n_blocks(self) -> int:
        """Blocks the variable has."""
        return -(-self.length // BLOCK)


class Layout:
    """Where each sequence of an assembly lies in the variables of its tracks.

    Parameters
    ----------
    assembly : Assembly
    chunk : int
        Positions in one chunk.

    Examples
    --------
    >>> toy = Assembly.from_sizes("toy", [("chr1", 100_000), ("HLA/odd", 300)])
    >>> layout = Layout(toy, chunk=16384)
    >>> [v.name for v in layout.variables]
    ['chr1', 'packed']
    >>> layout.locate("HLA/odd")[1:]
    (0, 300)
    """

    def __init__(self, assembly: Assembly, chunk: int) -> None:
        if chunk < 1 or BLOCK % chunk:
            raise ValueError(
                f"a chunk of {chunk} positions does not divide a block of {BLOCK}; use a power of two"
            )
        self.assembly = assembly
        self.chunk = chunk
        self.lengths = np.array([c.length for c in assembly], dtype=np.int64)
        own = own_rows(assembly.chromosomes)
        packed = np.ones(len(assembly), dtype=bool)
        packed[own] = False
        self.packed_start = np.full(len(assembly), -1, dtype=np.int64)
        ends = np.cumsum(self.lengths[packed])
        self.packed_start[packed] = ends - self.lengths[packed]
        sizes = [(assembly.chromosomes[row].name, int(self.lengths[row]), row) for row in own]
        if packed.any():
            sizes.append((PACKED, int(ends[-1]), -1))
        variables, first_chunk = [], 0
        for name, length, row in sizes:
            # h5netcdf refuses a chunk that is longer than its dimension.
            variables.append(Variable(name, length, min(length, chunk), first_chunk, row))
            first_chunk += variables[-1].n_chunks
        self.variables = tuple(variables)
        self.n_chunks = first_chunk

    @Cached
    def _by_name(self) -> dict[str, Variable]:
        return {v.name: v for v in self.variables}

    @Cached
    def packed_rows(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Rows of the packed sequences, in the order in which they lie."""
        return np.flatnonzero(self.packed_start >= 0).astype(np.int64)

    def locate(self, chrom: str | Chromosome) -> tuple[Variable, int, int]:
        """The variable of a chromosome, its offset there, and its length (bp)."""
        chromosome = self.assembly[chrom]
        start = int(self.packed_start[chromosome.idnum - 1])
        if start < 0:
            return self._by_name[chromosome.name], 0, chromosome.length
        return self._by_name[PACKED], start, chromosome.length

    def first_chunks(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """For each sequence, the row in /summary of the chunk that holds its first base."""
        first = np.zeros(len(self.assembly), dtype=np.int64)
        for variable in self.variables:
            if variable.row >= 0:
                first[variable.row] = variable.first_chunk
            else:
                first[self.packed_rows] = (
                    variable.first_chunk + self.packed_start[self.packed_rows] // self.chunk
                )
        return first


def can_be_variable(name: str) -> bool:
    """Whether a chromosome name can name a variable in HDF5, netCDF and Zarr alike.

    Examples
    --------
    >>> can_be_variable("HLA-A*01:01"), can_be_variable("pos_1"), can_be_variable("a/b")
    (True, False, False)
    """
    return not (
        name in _NOT_A_VARIABLE
        or name.startswith(("pos_", ".", " "))
        or len(name.encode()) > 200
        or _BAD_CHARACTER.search(name)
    )


def own_rows(chromosomes: Sequence[Chromosome]) -> list[int]:
    """Rows of the sequences with a variable of their own, in table order.

    The first 100 ordered by: autosome, sex or mitochondrial first; then longest first;
    then table order; whose name can be a variable and differs from every earlier one by
    more than case (file systems of macOS and Windows ignore case).
    """

    def rank(row: int) -> tuple[bool, int, int]:
        c = chromosomes[row]
        return (not (c.is_auto or c.is_sex or c.is_mito), -c.length, row)

    chosen: list[int] = []
    taken: set[str] = set()
    for row in sorted(range(len(chromosomes)), key=rank):
        name = chromosomes[row].name
        if can_be_variable(name) and name.lower() not in taken:
            chosen.append(row)
            taken.add(name.lower())
            if len(chosen) == OWN_VARIABLES:
                break
    return sorted(chosen)


def dimension(variable: str) -> str:
    """Name of the dimension of a variable.

    Examples
    --------
    >>> dimension("chr1")
    'pos_chr1'
    """
    return f"pos_{variable}"


def variable_attributes(variable: Variable, kind: str, units: str, assembly: str) -> dict[str, str | int]:
    """Attributes of a variable, for people and plain tools."""
    if kind == SEQUENCE:
        what, units = "DNA sequence, ASCII codes", "ASCII code"
    else:
        what = "value of each base"
    whose = (
        f"of {variable.name} ({assembly})"
        if variable.row >= 0
        else f"of the sequences of {assembly} packed end to end"
    )
    attributes: dict[str, str | int] = {
        "long_name": f"{what} {whose}",
        "units": units,
        "first_position": 1,
        "comment": "Positions are 1-based: element 0 is position 1. Opened without genomearray there are no "
        "labels, and .sel counts offsets from 0.",
    }
    if variable.row >= 0:
        attributes[ROW_ATTRIBUTE] = variable.row
    return attributes


def default_units(kind: str, dtype: np.dtype[Any]) -> str:
    """Units of a track when nobody names them: counts for integers, 1 (none) for floats."""
    return "count" if kind == SIGNAL and dtype.kind in "iu" else "1"


TABLE_CHUNK = 16384  # rows
SEQUENCE_COLUMNS = ("name", "length", "packed_start", "first_chunk", "n", "n_nan", "sum", "m2", "min", "max")
# Checksummed metadata that HDF5 1.10 reads: the default format gave wrong values for 3.6 % of
# flipped metadata bytes, "latest" cannot be opened by ncdump and h5dump 1.10.
LIBVER = ("v110", "v110")
