"""Options of all imports of aligned reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypedDict, Unpack, cast

import numpy as np
from numpy.typing import DTypeLike

from genomearray._typing import Path
from genomearray.choices import Mates, Preset
from genomearray.errors import ArgumentError

from ..importing.options import ImportSettings, check_options
from .counters import Sizes
from .filters import Rule, make_rule

MOST_SHIFT = 1_000_000  # bp: what the window of counts must reach back


@dataclass(frozen=True)
class ReadOptions:
    """How reads are read and chosen; the same for every kind of track.

    Attributes
    ----------
    preset : {"genome", "samtools", "mosdepth", "bedtools"}, optional
        Filters and rules of another tool at once; the options below override it.
    min_mapq : int
        Least mapping quality, default 10; 255 (unknown) always passes.
    exclude_flags : int
        Default 1796: unmapped, secondary, QC-fail, duplicate. Unmapped reads are always dropped.
    require_flags : int
        Default 0.
    chroms : sequence of str
        Chromosomes of the assembly, or regions (1-based, both ends in), that are wanted: elsewhere
        the track is 0. An index (.bai, .csi) beside a BAM is used.
    strict : bool
        A contig that the assembly does not have is an error; else it is skipped and reported.
    allow_missing_eof : bool
        Read a BAM without its end-of-file marker.
    reference : path, optional
        FASTA, for a CRAM that cannot be read without.
    read_length, fragment_sizes : bool
        Collect histograms for the report.
    scale : "cpm" or float, optional
        Multiply counts: by a factor, or to counts per million of the reads (fragments) used, with
        ``chroms`` of those there. The track is float32.
    """

    preset: Preset | None = None
    min_mapq: int | None = None
    exclude_flags: int | None = None
    require_flags: int | None = None
    chroms: Sequence[str] = ()
    strict: bool = False
    allow_missing_eof: bool = False
    reference: Path | None = None
    read_length: bool = False
    fragment_sizes: bool = False
    scale: str | float | None = None


class ReadSettings(ImportSettings, total=False):
    """Keyword arguments of every importer of reads; :class:`ReadOptions` says what they mean."""

    preset: Preset | None
    min_mapq: int | None
    exclude_flags: int | None
    require_flags: int | None
    chroms: Sequence[str]
    strict: bool
    allow_missing_eof: bool
    reference: Path | None
    read_length: bool
    fragment_sizes: bool
    scale: str | float | None


class FilterOverrides(TypedDict, total=False):
    """Rules of a filter that only some importers have."""

    deletions: bool | None
    mates: Mates | None


def split_options(options: ReadSettings) -> tuple[ReadOptions, ImportSettings]:
    """Options of reading, and those that every importer has."""
    names = {field.name for field in fields(ReadOptions)}
    rest = cast("ImportSettings", {name: value for name, value in options.items() if name not in names})
    check_options(rest, own=names)
    reads = ReadOptions(
        **cast("Mapping[str, Any]", {name: value for name, value in options.items() if name in names})
    )
    if isinstance(reads.chroms, str):
        raise ArgumentError(f"chroms is {reads.chroms!r}; give a list of names or regions")
    scaled = reads.scale is not None
    rest.setdefault("dtype", "float32" if scaled else "uint16")
    if scaled:
        _check_scale(reads.scale, rest["dtype"])
    if reads.scale == "cpm" and rest.get("units") is None:
        rest["units"] = "cpm"
    rest["skip_unknown"] = not reads.strict
    return reads, rest


def _check_scale(scale: str | float | None, dtype: DTypeLike) -> None:
    if np.dtype(dtype).kind != "f":
        raise ArgumentError(
            f"scaled counts are fractions, and the track is {dtype}; give dtype float32 or float64"
        )
    if scale == "cpm":
        return
    try:
        fine = not isinstance(scale, bool) and scale is not None and 1e-30 <= float(scale) <= 1e30
    except (TypeError, ValueError):
        fine = False
    if not fine:
        raise ArgumentError(f"scale {scale!r} is not known; give cpm, or a factor above 0")


def read_filter(reads: ReadOptions, **more: Unpack[FilterOverrides]) -> Rule:
    """The filter that the options ask for."""
    return make_rule(
        reads.preset,
        min_mapq=reads.min_mapq,
        exclude_flags=reads.exclude_flags,
        require_flags=reads.require_flags,
        **more,
    )


def check_whole(name: str, value: object, least: int, most: int) -> None:
    """ArgumentError for anything but a whole number in a range."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or not least <= value <= most:
        raise ArgumentError(f"{name} is {value!r}; allowed are whole numbers from {least:,} to {most:,}")


def sizes_of(least: int, most: int, duplicates: int) -> Sizes:
    """Sizes of fragments that count, checked."""
    check_whole("min_frag_size", least, 1, MOST_SHIFT)
    check_whole("max_frag_size", most, 1, MOST_SHIFT)
    check_whole("max_duplicates", duplicates, 0, 2**31 - 1)
    if least > most:
        raise ArgumentError(f"min_frag_size {least} is greater than max_frag_size {most}")
    return Sizes(least, most, duplicates)


def pairs_line(what: str, sizes: Sizes) -> str:
    """What counts of pairs, for people."""
    limit = f", at most {sizes.duplicates} of one strand, left end and size" if sizes.duplicates else ""
    return f"{what} of pairs of {sizes.least} to {sizes.most} bp{limit}"
