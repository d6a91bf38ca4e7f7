"""What the name of a chromosome says: names go in, flags and a sorting key come out.

All names of an assembly are judged together, because a name alone can mislead:
``chrX`` is a sex chromosome in the worm and chromosome ten in yeast.

References
----------
UCSC names: https://genome.ucsc.edu/FAQ/FAQdownloads.html#downloadAlt ;
RefSeq and GenBank accessions: the assembly reports of GRCh38, T2T-CHM13, GRCm39,
Release 6 plus ISO1 MT (fly), WBcel235 (worm) and R64 (yeast).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple


class Traits(NamedTuple):
    """What a name says about its sequence; flags may overlap (``chrY_random``)."""

    is_auto: bool = False
    is_sex: bool = False
    is_x: bool = False
    is_y: bool = False
    is_mito: bool = False
    is_hap: bool = False
    is_rand: bool = False
    number: int | None = None  # of an autosome, Roman numerals included


def _accessions() -> dict[str, str]:
    """Accession without its version -> the name of the chromosome."""
    table: dict[str, str] = {}

    def series(prefix: str, first: int, digits: int, names: Sequence[str]) -> None:
        for k, name in enumerate(names):
            table[f"{prefix}{first + k:0{digits}d}"] = name

    human = [*map(str, range(1, 23)), "X", "Y"]
    mouse = [*map(str, range(1, 20)), "X", "Y"]
    worm = ["1", "2", "3", "4", "5", "X"]
    yeast = [*map(str, range(1, 17))]
    series("NC_", 1, 6, human)  # GRCh37, GRCh38
    series("CM", 663, 6, human)
    series("NC_", 60925, 6, human)  # T2T-CHM13
    table |= {f"CP{68277 - k:06d}": name for k, name in enumerate(human[:23])} | {"CP086569": "Y"}
    series("NC_", 67, 6, mouse)  # GRCm38, GRCm39
    series("CM", 994, 6, mouse)
    series("NC_", 3279, 6, worm)
    series("BX", 284601, 6, worm)
    series("NC_", 1133, 6, yeast)
    series("BK", 6935, 6, ["1", "2", "3", "4", "5", "6", "7"])
    series("BK", 6942, 6, yeast[8:])
    table["BK006934"] = "8"
    fly = ["2L", "2R", "3L", "3R", "4", "X", "Y"]
    for names in (
        ["NT_033779", "NT_033778", "NT_037436", "NT_033777", "NC_004353", "NC_004354", "NC_024512"],
        ["AE014134", "AE013599", "AE014296", "AE014297", "AE014135", "AE014298", "CP007106"],
    ):
        table |= dict(zip(names, fly, strict=True))
    mito = (
        "NC_012920 NC_001807 J01415 CP068254 NC_005089 AY172335 NC_024511 NC_001709 KJ947872 "
        "NC_001328 X54252 NC_001224 KP263414"
    )
    table |= dict.fromkeys(mito.split(), "M")
    return table


_ACCESSIONS = _accessions()
_VERSION = re.compile(r"\.\d+$")
_PREFIX = re.compile(r"^(?:chromosome|chrom|chr|group|linkage_group|lg)[_.-]?", re.IGNORECASE)
_ROMAN = re.compile(r"^(?=[IVXL])(XL|L?X{0,3})(IX|IV|V?I{0,3})([LR]?)$")
_NUMBER = re.compile(r"^(\d+)([A-Za-z]?)$")
_UCSC_AUTOSOME = re.compile(r"^chr(\d{1,3})(?!\d)", re.IGNORECASE)
_SEX = re.compile(r"^([WXYZ])\d?(?:Het)?$", re.IGNORECASE)
_MITO = frozenset(
    {"m", "mt", "mtdna", "mito", "mitochondrion", "mitochondrion_genome", "dmel_mitochondrion_genome"}
)
# Alternative loci and patches: UCSC suffixes, HLA alleles, Ensembl's CHR_HSCHR..., CHR_MG..._PATCH.
_HAP = re.compile(r"_alt(?:$|_)|_fix(?:$|_)|hap|^HLA-|_PATCH$|^CHR_[A-Z]|^(?:HSCHR|MMCHR)|^H[GS]\d+_")
_RAND = re.compile(
    r"rand|^chru[nr]|^chru(?:$|extra)|^un[_.]|decoy|EBV|^NC_007605|^hs37d5|^[GK][LI]\d{6}", re.IGNORECASE
)
# GRCh38 of RefSeq: placed neither by name nor by prefix (assembly report GCF_000001405.40).
_HUMAN_ALT = re.compile(
    r"^NW_|^NT_(?:1875(?:1[3-9]|[2-9]\d)|187[6-9]\d\d|16724[4-9]|16725[01]|113949)(?:\.|$)"
)


def classify(names: Sequence[str]) -> list[Traits]:
    """Flags of all sequences of one assembly, in the order given.

    Parameters
    ----------
    names : sequence of str
        Every name of the assembly.

    Returns
    -------
    list of Traits

    Examples
    --------
    >>> worm = classify(["chrI", "chrII", "chrV", "chrX", "chrM"])
    >>> [t.is_x for t in worm], [t.number for t in worm]
    ([False, False, False, True, False], [1, 2, 5, None, None])
    >>> classify(["chrIX", "chrX"])[1].number
    10
    >>> classify(["scaffold_1", "scaffold_2"])[0].is_auto   # a draft genome: nothing else to go by
    True
    """
    bare = [_bare(name) for name in names]
    present = {text.upper() for text in bare}
    roman = bool({"I", "II"} & present) or bool({"IX", "XI"} & present)
    ten = bool({"IX", "XI"} & present)
    # Fly scaffolds are called 211000022278279; a draft genome may run from 1 to 96127.
    largest = max(999, sum(text.isdecimal() for text in bare))
    human_refseq = any(name.startswith("NC_000001.") for name in names)
    traits = [_judge(n, b, roman, ten, largest, human_refseq) for n, b in zip(names, bare, strict=True)]
    if not any(t.is_auto and not (t.is_hap or t.is_rand) for t in traits):
        unknown = Traits()
        return [Traits(is_auto=True) if t == unknown else t for t in traits]
    return [Traits(is_rand=True) if t == Traits() else t for t in traits]


def sort_key(name: str, traits: Traits) -> tuple[object, ...]:
    """Key of the old library's order: haplotypes, random, mitochondrial, sex last; numbers by value.

    Examples
    --------
    >>> names = ["chr10", "chrX", "chr2", "chrM"]
    >>> pairs = sorted(zip(names, classify(names)), key=lambda pair: sort_key(*pair))
    >>> [name for name, _ in pairs]
    ['chr2', 'chr10', 'chrX', 'chrM']
    """
    group = (traits.is_hap, traits.is_rand, traits.is_mito, traits.is_sex)
    if traits.number is not None:
        return (*group, 0, traits.number)
    # The parts alternate text, number, text, so that like is compared with like.
    parts = [int(part) if k % 2 else part for k, part in enumerate(re.split(r"(\d+)", name))]
    return (*group, 1, parts)


def _bare(name: str) -> str:
    """The name without prefix; accessions by what they name."""
    known = _ACCESSIONS.get(_VERSION.sub("", name))
    return known if known is not None else _PREFIX.sub("", name, count=1)


def _judge(name: str, bare: str, roman: bool, ten: bool, largest: int, human_refseq: bool) -> Traits:
    hap = bool(_HAP.search(name)) or (human_refseq and bool(_HUMAN_ALT.match(name)))
    rand = not hap and bool(_RAND.search(name)) and name not in _ACCESSIONS
    # chr1_KI270706v1_random belongs to chr1: what stands before the first "_" counts.
    stem = bare if bare.lower() in _MITO else bare.split("_", 1)[0]
    if stem.lower() in _MITO:
        return Traits(is_mito=True, is_hap=hap, is_rand=rand)
    number = _number(name, stem, roman, ten, largest)
    if number is not None:
        return Traits(is_auto=True, is_hap=hap, is_rand=rand, number=number)
    sex = _SEX.match(stem)
    if sex:
        letter = sex.group(1).upper()
        return Traits(is_sex=True, is_x=letter == "X", is_y=letter == "Y", is_hap=hap, is_rand=rand)
    return Traits(is_hap=hap, is_rand=rand)


def _number(name: str, stem: str, roman: bool, ten: bool, largest: int) -> int | None:
    match = _NUMBER.match(stem)
    if match:
        number = int(match.group(1))
        return number if number <= largest else None
    match = _ROMAN.match(stem)
    if match and roman and (stem != "X" or ten):
        return _roman_value(match.group(1)) + _roman_value(match.group(2))
    match = _UCSC_AUTOSOME.match(name)  # chr2LHet, chr17_ctg5_hap1
    return int(match.group(1)) if match else None


def _roman_value(text: str) -> int:
    values = [{"I": 1, "V": 5, "X": 10, "L": 50}[letter] for letter in text]
    return sum(-v if any(later > v for later in values[k + 1 : k + 2]) else v for k, v in enumerate(values))
