"""Every closed vocabulary, once: its values, the check of an argument, and what help texts say of it.

Python and the command line read the same values. Compiled loops take the codes of an IntEnum, so
that a way of combining has one number.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal, Self, TypeAlias, TypeVar, get_args

from genomearray.errors import ArgumentError

Kind: TypeAlias = Literal["signal", "sequence"]
Store: TypeAlias = Literal["h5", "zarr"]
Overflow: TypeAlias = Literal["saturate", "error", "widen"]
By: TypeAlias = Literal["chrom"]
Bounds: TypeAlias = Literal["raise", "pad"]
Reference: TypeAlias = Literal["middle", "start", "end"]
Encoding: TypeAlias = Literal["onehot"]
BinHow: TypeAlias = Literal["mean", "sum", "min", "max"]
CombineHow: TypeAlias = Literal["sum", "mean", "min", "max", "median"]
CompareHow: TypeAlias = Literal["log2", "ratio", "subtract", "add", "mean", "reciprocal_ratio"]
MissingChromosome: TypeAlias = Literal["error", "skip"]
Collisions: TypeAlias = Literal["best", "first", "last", "sum", "mean", "error"]
Normalization: TypeAlias = Literal["cpm", "sum", "zscore", "1x"]
PatternStrand: TypeAlias = Literal["+", "-", "both"]
FeatureHow: TypeAlias = Literal["mask", "score", "coverage"]
DistanceSign: TypeAlias = Literal["none", "position", "strand"]
OverlapStrand: TypeAlias = Literal["same", "opposite"]
Mates: TypeAlias = Literal["twice", "once"]
Preset: TypeAlias = Literal["genome", "samtools", "mosdepth", "bedtools"]
GeneFormat: TypeAlias = Literal["gtf", "gff3", "genepred", "bed12"]
BedParts: TypeAlias = Literal[
    "features", "exons", "introns", "coding_exons", "merged_exons", "genes", "tss", "promoters"
]
XbStrand: TypeAlias = Literal["forward", "reverse"]
SIGNAL: Kind = "signal"
SEQUENCE: Kind = "sequence"
DTYPES = (
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float32",
    "float64",
)  # of tracks
DISTANCE_DTYPES = ("float64", "float32", "int32", "int64")
KINDS: tuple[Kind, ...] = get_args(Kind)
STORES: tuple[Store, ...] = get_args(Store)
OVERFLOWS: tuple[Overflow, ...] = get_args(Overflow)
BY: tuple[By, ...] = get_args(By)
BOUNDS: tuple[Bounds, ...] = get_args(Bounds)
REFERENCES: tuple[Reference, ...] = get_args(Reference)
ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
BIN_HOW: tuple[BinHow, ...] = get_args(BinHow)
COMBINE_HOW: tuple[CombineHow, ...] = get_args(CombineHow)
COMPARE_HOW: tuple[CompareHow, ...] = get_args(CompareHow)
MISSING_CHROMOSOME: tuple[MissingChromosome, ...] = get_args(MissingChromosome)
COLLISIONS: tuple[Collisions, ...] = get_args(Collisions)
NORMALIZATIONS: tuple[Normalization, ...] = get_args(Normalization)
PATTERN_STRANDS: tuple[PatternStrand, ...] = get_args(PatternStrand)
FEATURE_HOW: tuple[FeatureHow, ...] = get_args(FeatureHow)
DISTANCE_SIGNS: tuple[DistanceSign, ...] = get_args(DistanceSign)
OVERLAP_STRANDS: tuple[OverlapStrand, ...] = get_args(OverlapStrand)
MATES: tuple[Mates, ...] = get_args(Mates)
PRESETS: tuple[Preset, ...] = get_args(Preset)
GENE_FORMATS: tuple[GeneFormat, ...] = get_args(GeneFormat)
BED_PARTS: tuple[BedParts, ...] = get_args(BedParts)
XB_STRANDS: tuple[XbStrand, ...] = get_args(XbStrand)
T = TypeVar("T")


class How(IntEnum):
    """Ways to make one number of many, as compiled loops take them."""

    MEAN = 0
    SUM = 1
    MIN = 2
    MAX = 3

    @classmethod
    def of(cls, name: str) -> Self:
        """The code of a way that was checked."""
        return cls[name.upper()]


def check(name: str, value: object, allowed: tuple[T, ...], *, optional: bool = False) -> T:
    """The value of an argument, if it is one of those allowed.

    Parameters
    ----------
    name : str
        Of the argument, for the message.
    value : object
    allowed : tuple
    optional : bool
        Whether the argument may also be left out: the message says so. None itself is for the caller to test.

    Raises
    ------
    ArgumentError

    Examples
    --------
    >>> check("how", "sum", COMBINE_HOW)
    'sum'
    >>> check("how", "total", BIN_HOW)
    Traceback (most recent call last):
    genomearray.errors.ArgumentError: how='total' is not known; allowed are 'mean', 'sum', 'min', 'max'
    """
    for one in allowed:
        if type(value) is type(one) and value == one:
            return one
    texts = ", ".join(map(repr, allowed))
    raise ArgumentError(
        f"{name}={value!r} is not known; allowed {'is' if len(allowed) == 1 else 'are'} "
        f"{texts}{' or None' if optional else ''}"
    )
