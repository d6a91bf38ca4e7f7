"""Options that every importer has."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypedDict

from numpy.typing import DTypeLike

from genomearray.choices import Overflow, Store
from genomearray.errors import ArgumentError, FormatError, nearest_names
from genomearray.input_file import STDIN
from genomearray.reference.aliases import Alias

Files = Iterable[str | os.PathLike[str]] | str | os.PathLike[str]


@dataclass(frozen=True)
class ImportOptions:
    """How files become a track; the same for every format.

    Attributes
    ----------
    dtype : str
        Of the track: an integer of 1-8 bytes, float32 (default) or float64.
    store : {"h5", "zarr"}
    overwrite : bool
        Replace a track of that name.
    overflow : {"saturate", "error", "widen"}
        For values the dtype cannot hold. ``widen`` reads the files again with a wider dtype.
    round : bool
        Round fractions into an integer dtype; else they are an error.
    clip : bool
        Cut what lies past the end of a chromosome; else it is an error.
    skip_unknown : bool
        Skip chromosomes that the assembly does not have; else they are an error.
    skip_unequal : bool
        Skip chromosomes that have another length in the file, or lines past their end; else they
        are an error.
    skip_bad : bool
        Skip lines that cannot be read, and report how many, and the first ones; else the first one
        is an error. For formats of lines: BED, gene tables, bedGraph, text.
    allow_empty : bool
        Accept files without a line of data.
    chrom_alias : path, mapping, "ucsc" or "ensembl"
        Names of the files to names of the assembly.
    units : str, optional
    threads : int, optional
    progress : bool
        Show a bar on a terminal.
    """

    dtype: DTypeLike = "float32"
    store: Store = "h5"
    overwrite: bool = False
    overflow: Overflow = "saturate"
    round: bool = False
    clip: bool = False
    skip_unknown: bool = False
    skip_unequal: bool = False
    skip_bad: bool = False
    allow_empty: bool = False
    chrom_alias: Alias = None
    units: str | None = None
    threads: int | None = None
    progress: bool = False
    command: str | None = None


class ImportSettings(TypedDict, total=False):
    """Keyword arguments of every importer; :class:`ImportOptions` says what they mean."""

    dtype: DTypeLike
    store: Store
    overwrite: bool
    overflow: Overflow
    round: bool
    clip: bool
    skip_unknown: bool
    skip_unequal: bool
    skip_bad: bool
    allow_empty: bool
    chrom_alias: Alias
    units: str | None
    threads: int | None
    progress: bool
    command: str | None


def readable_twice(paths: list[str]) -> bool:
    """Whether all are files: standard input and other pipes give their bytes once."""
    return all(path != STDIN and Path(path).is_file() for path in paths)


def input_paths(files: Files) -> list[str]:
    """Paths of the files that are given; FormatError for one that is not there."""
    paths = (
        [os.fspath(files)] if isinstance(files, (str, os.PathLike)) else [os.fspath(path) for path in files]
    )
    if not paths:
        raise FormatError("no file is given; give at least one, or '-' for standard input")
    for path in paths:
        if path != STDIN and not Path(path).exists():
            raise FormatError(f"{path} is not there; check the path")
    if paths.count(STDIN) > 1:
        raise FormatError("standard input ('-') is given twice; it can be read once")
    return paths


def check_options(options: Mapping[str, object], own: Iterable[str] = ()) -> None:
    """ArgumentError for an option that neither every importer has, nor this one (``own``)."""
    allowed = {f.name for f in fields(ImportOptions)} | set(own)
    unknown = sorted(set(options) - allowed)
    if unknown:
        near = nearest_names(unknown[0], sorted(allowed))
        hint = f"; nearest names: {', '.join(map(repr, near))}" if near else ""
        raise ArgumentError(
            f"option {unknown[0]!r} is not known{hint}; allowed are {', '.join(sorted(allowed))}"
        )


def import_settings(options: ImportSettings) -> ImportOptions:
    """The options of every importer, checked."""
    check_options(options)
    return ImportOptions(**options)
