"""What every exporter takes."""

from __future__ import annotations

import os

from genomearray.errors import LayoutError
from genomearray.track.track import Track

STDOUT = "-"
Out = str | os.PathLike[str]


def check_kind(track: Track, kind: str, what: str) -> None:
    """LayoutError for a sequence where numbers are written, or the other way round."""
    if track.kind != kind:
        hint = (
            "{export_fasta|genomearray export fasta}" if track.kind == "sequence" else "{export_bedgraph|genomearray export bedgraph}, wig or bigwig"
        )
        raise LayoutError(f"track {track.label!r} holds a {track.kind}, and {what} holds a {kind}", hint=f"use: {hint}")
