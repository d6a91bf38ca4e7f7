"""What every exporter takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TypeAlias, TypedDict, cast

from genomearray._typing import Chroms
from genomearray.choices import Kind
from genomearray.errors import ArgumentError, LayoutError
from genomearray.track.track import Track

STDOUT = "-"
Out: TypeAlias = str | os.PathLike[str]


class ExportSettings(TypedDict, total=False):
    """Keyword arguments of every exporter of tracks; :class:`ExportOptions` says what they mean."""

    region: str | None
    chroms: Chroms
    overwrite: bool
    threads: int | None
    progress: bool


@dataclass(frozen=True)
class ExportOptions:
    """What of a track becomes a file, and how; the same for every format.

    Attributes
    ----------
    region : str, optional
        ``chr1:1,000-2,000``: positions, both ends included. Default: everything.
    chroms : str or iterable of str, optional
        Some chromosomes.
    overwrite : bool
        Replace a file of that name.
    threads : int, optional
        Default: one a core, or the dask cluster of the session.
    progress : bool
        Show a bar on a terminal.
    """

    region: str | None = None
    chroms: Chroms = None
    overwrite: bool = False
    threads: int | None = None
    progress: bool = False

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> ExportOptions:
        """From keyword arguments; ArgumentError for one that no exporter has."""
        known = [field.name for field in fields(cls)]
        unknown = next((name for name in settings if name not in known), None)
        if unknown is not None:
            raise ArgumentError(f"option {unknown!r} is not known; allowed are {', '.join(known)}")
        return cls(**cast(ExportSettings, settings))


def check_kind(track: Track, kind: Kind, what: str) -> None:
    """LayoutError for a sequence where numbers are written, or the other way round."""
    if track.kind != kind:
        fasta, numbers = (
            "{export_fasta|genomearray export fasta}",
            "{export_bedgraph|genomearray export bedgraph}, wig or bigwig",
        )
        hint = f"use: {fasta if track.kind == 'sequence' else numbers}"
        raise LayoutError(f"track {track.label!r} holds a {track.kind}, and {what} holds a {kind}", hint=hint)
